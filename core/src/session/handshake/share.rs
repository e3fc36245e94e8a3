//! Whose handshakes may take up how many of the slots.

/// Whose place a handshake takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Share {
    /// We have begun it.
    Own,
    /// Of a peer that we know, by its key or by where it is.
    Known,
    Stranger,
}

/// Handshakes under way, by share. None may take the last quarter of the slots (at least one), and
/// strangers not the quarter before it either: nobody can keep our own handshakes out, and
/// strangers nobody.
#[derive(Clone, Copy)]
pub(crate) struct UnderWay([usize; 3]);

impl UnderWay {
    pub(crate) const NONE: Self = Self([0; 3]);

    pub(crate) fn begin(&mut self, share: Share) {
        self.0[share as usize] += 1;
    }

    pub(crate) fn end(&mut self, share: Share) {
        self.0[share as usize] -= 1;
    }

    /// Whether one more may begin, of so many slots. The last one that is free is no stranger's.
    pub(crate) fn has_place(&self, share: Share, slots: usize) -> bool {
        let Self([own, known, strangers]) = *self;
        let others = others(slots);
        let is_last = self.free(slots) == 1 && slots > 3;
        match share {
            Share::Own => own < others,
            Share::Known => known + strangers < others,
            // Of two or three slots there is no second quarter to be had.
            Share::Stranger => {
                known + strangers < others
                    && strangers < (others - quarter(slots)).max(1)
                    && !is_last
            }
        }
    }

    /// More than half of what others may have under way is, or hardly a slot is free.
    pub(crate) fn is_load(&self, slots: usize) -> bool {
        let Self([_, known, strangers]) = *self;
        2 * (known + strangers) > others(slots) || self.free(slots) <= quarter(slots)
    }

    fn free(&self, slots: usize) -> usize {
        slots - self.0.iter().sum::<usize>()
    }
}

fn quarter(slots: usize) -> usize {
    (slots / 4).max(1)
}

/// What neither we nor others may exceed.
fn others(slots: usize) -> usize {
    slots - quarter(slots)
}
