//! How long the NATs on a direct way keep it open while nothing passes, as far as was seen: so long a
//! node on a battery may sleep.
//!
//! What an end learns is what its own pings meet: the mapping and the filter at the other end. Its own
//! NAT is judged by the pings of the other, and whoever pings first spares the other the trouble; so
//! the shorter of the two counts.

use crate::held::Held;
use crate::time::{Duration, Instant};

/// What most NATs keep (Firezone's interval; RFC 4787, section 4.3, asks for two minutes).
const FIRST: Duration = Duration::from_secs(25);
/// No NAT is worth more than this.
const SHORTEST: Duration = Duration::from_secs(15);

/// What was seen of the ways to one peer.
#[derive(Clone, Copy)]
pub(crate) struct Hold {
    /// The longest silence after which a `Ping` was answered.
    held: Duration,
    /// The shortest after which it was not, though the peer was there.
    lost: Held<Duration>,
    /// Whether it was is not known yet.
    doubt: Held<Doubt>,
}

/// A silence after which nothing was answered, and when it began.
#[derive(Clone, Copy)]
struct Doubt {
    silence: Duration,
    since: Instant,
}

impl Hold {
    pub(crate) const UNKNOWN: Self =
        Self { held: Duration::ZERO, lost: Held::Nothing, doubt: Held::Nothing };

    /// How long a way may be silent. Longer silences are tried until one was too long.
    pub(crate) fn pace(&self, interval: Duration) -> Duration {
        let held = self.held.as_micros();
        let pace = match self.lost.get() {
            None => Duration::from_micros(held + held / 2).max(FIRST),
            Some(lost) => self.held.max(Duration::from_micros(lost.as_micros() / 3 * 2)),
        };
        pace.max(SHORTEST).min(interval)
    }

    /// The first `Ping` after such a silence was answered.
    pub(crate) fn has_held(&mut self, silence: Duration) {
        self.held = self.held.max(silence);
        if self.lost.get().is_some_and(|lost| lost <= silence) {
            // Something else was wrong then.
            self.lost = Held::Nothing;
        }
    }

    /// No `Ping` after such a silence was answered, and there is no other way to ask.
    pub(crate) fn may_have_lost(&mut self, silence: Duration, since: Instant) {
        if self.doubt.get().is_none_or(|doubt| doubt.since != since) {
            self.doubt = Held::This(Doubt { silence, since });
        }
    }

    /// The peer asks by itself: if it does so no later than it would have done anyway, it was there
    /// all the time, and only what stands in front of it had forgotten.
    pub(crate) fn is_there(&mut self, now: Instant, patience: Duration) {
        if let Some(Doubt { silence, since }) = self.doubt.take()
            && now.saturating_since(since) <= patience
        {
            self.has_lost(silence);
        }
    }

    /// The peer has begun anew: it may have been away.
    pub(crate) fn begins_anew(&mut self) {
        self.doubt = Held::Nothing;
    }

    /// No `Ping` after such a silence was answered, though the peer is there.
    pub(crate) fn has_lost(&mut self, silence: Duration) {
        if silence < SHORTEST {
            // No NAT forgets so soon.
            return;
        }
        self.lost = Held::This(self.lost.get().map_or(silence, |lost| lost.min(silence)));
        if self.held >= silence {
            self.held = Duration::ZERO;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(300);

    /// The silences that a way through a NAT sees which keeps it open for so long.
    fn silences(kept_secs: u64, count: usize) -> Vec<u64> {
        let mut hold = Hold::UNKNOWN;
        let mut next = || {
            let silence = hold.pace(INTERVAL);
            if silence < Duration::from_secs(kept_secs) {
                hold.has_held(silence);
            } else {
                hold.has_lost(silence);
            }
            silence.as_micros() / 1_000_000
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn silences_grow_until_one_was_too_long() {
        assert_eq!(silences(120, 8), [25, 37, 56, 84, 126, 84, 84, 84]);
        assert_eq!(silences(30, 4), [25, 37, 25, 25]);
    }

    #[test]
    fn without_a_nat_they_grow_to_the_interval() {
        assert_eq!(silences(1000, 9)[6..], [284, 300, 300]);
    }

    #[test]
    fn a_nat_that_forgets_soon_is_met_half_way() {
        assert_eq!(silences(20, 4), [25, 16, 16, 16]);
    }

    #[test]
    fn a_nat_that_forgets_sooner_than_it_did_is_noticed() {
        let mut hold = Hold::UNKNOWN;
        hold.has_held(Duration::from_secs(100));
        hold.has_lost(Duration::from_secs(60));
        assert_eq!(hold.pace(INTERVAL), Duration::from_secs(40));
    }

    #[test]
    fn short_silences_do_not_make_it_ask_more_often() {
        let mut hold = Hold::UNKNOWN;
        hold.has_lost(Duration::from_secs(60));
        hold.has_held(Duration::from_secs(1));
        assert_eq!(hold.pace(INTERVAL), Duration::from_secs(40));
    }

    #[test]
    fn a_peer_that_asks_in_time_was_there_and_could_not_be_reached() {
        let since = Instant::ORIGIN + Duration::from_secs(1000);
        let silence = Duration::from_secs(56);
        for (later, is_lost) in [(120, true), (126, false)] {
            let mut hold = Hold::UNKNOWN;
            hold.has_held(Duration::from_secs(37));
            hold.may_have_lost(silence, since);
            hold.may_have_lost(silence + silence, since);
            let now = since + Duration::from_secs(later);
            hold.is_there(now, Duration::from_secs(125));
            let pace = hold.pace(INTERVAL);
            assert_eq!(pace < Duration::from_secs(40), is_lost, "{pace:?}");
        }
    }

    #[test]
    fn nobody_is_asked_less_often_than_was_agreed() {
        let interval = Duration::from_secs(10);
        assert_eq!(Hold::UNKNOWN.pace(interval), interval);
    }
}
