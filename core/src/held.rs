//! An option whose absence is all zero bits.

/// As `Option`, but `Nothing` is always the tag 0: where a type has spare values, `Option` puts its
/// `None` there. With this, an empty storage is all zeros and lies in `.bss`, not in flash.
#[repr(u8)]
#[derive(Clone, Copy)]
pub(crate) enum Held<T> {
    Nothing = 0,
    This(T) = 1,
}

impl<T> Held<T> {
    pub(crate) fn as_ref(&self) -> Option<&T> {
        match self {
            Self::Nothing => None,
            Self::This(value) => Some(value),
        }
    }

    pub(crate) fn as_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Nothing => None,
            Self::This(value) => Some(value),
        }
    }

    pub(crate) fn take(&mut self) -> Option<T> {
        match core::mem::replace(self, Self::Nothing) {
            Self::Nothing => None,
            Self::This(value) => Some(value),
        }
    }

    pub(crate) fn get(&self) -> Option<T>
    where
        T: Copy,
    {
        self.as_ref().copied()
    }
}
