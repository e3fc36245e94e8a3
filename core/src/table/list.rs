//! Doubly linked lists of slots, threaded through the slots themselves: no cells to run out of.

use core::marker::PhantomData;

/// The number of a slot, or none. Kept as one more than the number, so that none is all zero bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Link(u16);

impl Link {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn to(slot: u16) -> Self {
        Self(slot.checked_add(1).expect("no table has 65,536 slots"))
    }

    pub(crate) fn slot(self) -> Option<u16> {
        self.0.checked_sub(1)
    }
}

/// What a slot keeps for each kind of list that it can be in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links {
    previous: Link,
    next: Link,
}

impl Links {
    pub(crate) const NONE: Self = Self { previous: Link::NONE, next: Link::NONE };
}

/// A slot that can be in one list of kind `K` at a time.
pub(crate) trait Linked<K> {
    fn links(&self) -> &Links;
    fn links_mut(&mut self) -> &mut Links;
}

/// The ends of a list of kind `K`.
pub(crate) struct List<K> {
    first: Link,
    last: Link,
    kind: PhantomData<K>,
}

impl<K> List<K> {
    pub(crate) const EMPTY: Self = Self { first: Link::NONE, last: Link::NONE, kind: PhantomData };

    pub(crate) fn is_empty(&self) -> bool {
        self.first == Link::NONE
    }

    pub(crate) fn first(&self) -> Option<u16> {
        self.first.slot()
    }

    pub(crate) fn last(&self) -> Option<u16> {
        self.last.slot()
    }

    /// The slot after this one, which is in the list.
    pub(crate) fn next<T: Linked<K>>(slots: &[T], slot: u16) -> Option<u16> {
        slots[usize::from(slot)].links().next.slot()
    }

    /// Appends a slot that is in no list of this kind.
    pub(crate) fn push_back<T: Linked<K>>(&mut self, slots: &mut [T], slot: u16) {
        *slots[usize::from(slot)].links_mut() = Links { previous: self.last, next: Link::NONE };
        let link = Link::to(slot);
        match self.last.slot() {
            Some(last) => slots[usize::from(last)].links_mut().next = link,
            None => self.first = link,
        }
        self.last = link;
    }

    /// Puts a slot that is in no list of this kind before all others.
    pub(crate) fn push_front<T: Linked<K>>(&mut self, slots: &mut [T], slot: u16) {
        *slots[usize::from(slot)].links_mut() = Links { previous: Link::NONE, next: self.first };
        let link = Link::to(slot);
        match self.first.slot() {
            Some(first) => slots[usize::from(first)].links_mut().previous = link,
            None => self.last = link,
        }
        self.first = link;
    }

    pub(crate) fn pop_front<T: Linked<K>>(&mut self, slots: &mut [T]) -> Option<u16> {
        let slot = self.first()?;
        self.remove(slots, slot);
        Some(slot)
    }

    /// Takes out a slot that is in this list.
    pub(crate) fn remove<T: Linked<K>>(&mut self, slots: &mut [T], slot: u16) {
        let Links { previous, next } =
            core::mem::replace(slots[usize::from(slot)].links_mut(), Links::NONE);
        match previous.slot() {
            Some(before) => slots[usize::from(before)].links_mut().next = next,
            None => self.first = next,
        }
        match next.slot() {
            Some(after) => slots[usize::from(after)].links_mut().previous = previous,
            None => self.last = previous,
        }
    }
}

#[cfg(test)]
mod tests;
