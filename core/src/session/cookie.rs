//! Cookies: under load, a `Hello` is taken up only from an address that has shown that it receives
//! what is sent to it (after WireGuard, section 5.3 of its paper). Nothing is remembered for it.

use crate::crypto::hash;
use crate::crypto::random::SecretGenerator;
use crate::time::{Duration, Instant};
use crate::way::Way;
use crate::wire::{Hello, MAC_LEN};
use zeroize::Zeroize;

/// How long cookies are made with one secret; they are honoured for as long again. As in WireGuard.
const SECRET_LIFETIME: Duration = Duration::from_secs(120);

/// What cookies are made with.
pub(crate) struct CookieSecrets {
    current: [u8; 32],
    previous: [u8; 32],
    since: Instant,
}

impl CookieSecrets {
    pub(crate) fn new(secrets: &mut SecretGenerator, now: Instant) -> Self {
        Self { current: secrets.draw(), previous: secrets.draw(), since: now }
    }

    /// The cookie of whoever is at the other end of this way.
    pub(crate) fn cookie(
        &mut self,
        way: &Way,
        secrets: &mut SecretGenerator,
        now: Instant,
    ) -> [u8; MAC_LEN] {
        self.rotate(secrets, now);
        hash::mac16(&self.current, &way.to_bytes())
    }

    /// Whether a `Hello` carries a cookie made for the way it came by.
    pub(crate) fn prove(
        &mut self,
        way: &Way,
        hello: &[u8],
        secrets: &mut SecretGenerator,
        now: Instant,
    ) -> bool {
        self.rotate(secrets, now);
        [&self.current, &self.previous]
            .iter()
            .any(|secret| Hello::shows_cookie(hello, &hash::mac16(&secret[..], &way.to_bytes())))
    }

    fn rotate(&mut self, secrets: &mut SecretGenerator, now: Instant) {
        let age = now.saturating_since(self.since);
        if age < SECRET_LIFETIME {
            return;
        }
        let is_fresh = age < SECRET_LIFETIME.saturating_mul(2);
        self.previous = if is_fresh { self.current } else { secrets.draw() };
        self.current = secrets.draw();
        self.since = now;
    }
}

impl Drop for CookieSecrets {
    fn drop(&mut self) {
        self.current.zeroize();
        self.previous.zeroize();
    }
}
