//! The keys of a session, and their one-way updates: a key gives the next for a hash, and none the
//! one before it. So whoever gets at a node's memory reads nothing sent long before.

use zeroize::Zeroize;

use crate::counters::Dropped;
use crate::crypto::{aead, hash};
use crate::held::Held;
use crate::noise::{Key, TransportKeys};
use crate::time::{Duration, Instant};

/// How long packets are sealed with one key. WireGuard makes a new handshake as often; this costs a
/// hash.
const UPDATED_AFTER: Duration = Duration::from_secs(120);
/// How long packets that were sealed before an update are still opened.
const PREVIOUS_KEPT: Duration = Duration::from_secs(30);
/// Updates of which no packet arrived that are followed at once: more than there are in the life of
/// a session, few enough that forged epochs are cheap to refuse.
const UPDATES_MISSED_MAX: u8 = 16;

/// The key of one direction.
struct Direction {
    key: Erased,
    /// Counts the updates; both ends count alike.
    epoch: u8,
    /// When it was updated last.
    since: Instant,
}

/// A key that is erased when it goes.
struct Erased(Key);

/// Both directions, each updated by whoever seals.
pub(crate) struct SessionKeys {
    seal: Direction,
    open: Direction,
    /// What was opened with before the last update.
    previous: Held<Erased>,
    pub(crate) handshake_hash: [u8; 32],
}

impl SessionKeys {
    pub(crate) fn new(keys: &TransportKeys, now: Instant) -> Self {
        let direction = |key| Direction { key: Erased(key), epoch: 0, since: now };
        Self {
            seal: direction(keys.seal),
            open: direction(keys.open),
            previous: Held::Nothing,
            handshake_hash: keys.handshake_hash,
        }
    }

    #[cfg(feature = "inspect")]
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &[u8; 32]> {
        let previous = self.previous.as_ref();
        [&self.seal.key, &self.open.key].into_iter().chain(previous).map(|key| &key.0)
    }

    /// Opens what was sealed with the present key.
    #[cfg(feature = "inspect")]
    pub(crate) fn reopen(&self, header: &[u8], content: &mut [u8]) -> bool {
        let counter = header[8..16].try_into().map(u64::from_le_bytes);
        counter.is_ok_and(|counter| aead::open(&self.seal.key.0, counter, header, content).is_ok())
    }

    pub(crate) fn seal_epoch(&self) -> u8 {
        self.seal.epoch
    }

    pub(crate) fn open_epoch(&self) -> u8 {
        self.open.epoch
    }

    /// Seals all but the last 16 bytes of `content`, and writes the tag there.
    pub(crate) fn seal(&self, counter: u64, header: &[u8], content: &mut [u8]) {
        aead::seal(&self.seal.key.0, counter, header, content);
    }

    /// Opens `content` in place, with the key of the epoch that its header names. A packet that
    /// opens under a later key shows that its sender has updated: from now on that is the key.
    ///
    /// # Errors
    /// Nothing changed.
    pub(crate) fn open(
        &mut self,
        epoch: u8,
        counter: u64,
        header: &[u8],
        content: &mut [u8],
        now: Instant,
    ) -> Result<(), Dropped> {
        let open = |key: &Erased, content: &mut [u8]| {
            aead::open(&key.0, counter, header, content).map_err(|_| Dropped::Unauthentic)
        };
        let ahead = epoch.wrapping_sub(self.open.epoch);
        if ahead == 0 {
            return open(&self.open.key, content);
        }
        if ahead == u8::MAX {
            // Its time may be over before the timer that erases it has had its turn.
            let is_kept = now < self.open.since + PREVIOUS_KEPT;
            let previous = self.previous.as_ref().filter(|_| is_kept);
            return open(previous.ok_or(Dropped::WrongEpoch)?, content);
        }
        if ahead > UPDATES_MISSED_MAX {
            return Err(Dropped::WrongEpoch);
        }
        let mut before = Erased(self.open.key.0);
        let mut key = before.next();
        for _ in 1..ahead {
            let next = key.next();
            before = core::mem::replace(&mut key, next);
        }
        open(&key, content)?;
        self.previous = Held::This(before);
        self.open = Direction { key, epoch, since: now };
        Ok(())
    }

    /// When [`upkeep`](Self::upkeep) has something to do.
    pub(crate) fn due(&self) -> Instant {
        let update = self.seal.since + UPDATED_AFTER;
        match self.previous {
            Held::Nothing => update,
            Held::This(_) => update.min(self.open.since + PREVIOUS_KEPT),
        }
    }

    /// Updates the sealing key and erases old ones, if it is time; says whether it was updated.
    pub(crate) fn upkeep(&mut self, now: Instant) -> bool {
        if now >= self.open.since + PREVIOUS_KEPT {
            self.previous = Held::Nothing;
        }
        let is_due = now >= self.seal.since + UPDATED_AFTER;
        if is_due {
            let Direction { key, epoch, .. } = &self.seal;
            self.seal = Direction { key: key.next(), epoch: epoch.wrapping_add(1), since: now };
        }
        is_due
    }
}

impl Erased {
    fn next(&self) -> Self {
        Self(hash::hash(&[b"underpass/1 key update", &self.0]))
    }
}

impl Drop for Erased {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
