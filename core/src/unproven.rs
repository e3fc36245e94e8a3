//! Where a peer seems to be, and has not answered from yet. Whoever has a session can write any
//! sender's address on its packets, and whoever sees one can send a copy from elsewhere: so nothing
//! goes there but pings and their answers, less than three times what came from there, while the
//! path known so far is pinged as well.

use crate::cx::Cx;
use crate::heartbeat::Via;
use crate::held::Held;
use crate::lifecycle::Turn;
use crate::path::Path;
use crate::peer::PeerSlot;
use crate::time::{Duration, Instant};
use crate::timer::ATTEMPT;

/// An address may get less than so many times what came from it (RFC 9000, section 8.1).
const FACTOR: u32 = 3;
/// Between two addresses that a peer seems to have come to.
const MOVES_APART: Duration = Duration::from_secs(1);

/// A path to be proven.
#[derive(Clone, Copy)]
pub(crate) struct Unproven {
    pub(crate) path: Path,
    since: Instant,
    /// Bytes that may still go there.
    credit: u32,
    /// It is this path's turn to be pinged, not that of the one known so far.
    is_next: bool,
}

/// What has passed between this node and a path, so far as its proof is concerned.
#[derive(Clone, Copy)]
pub(crate) struct Balance {
    pub(crate) came: u32,
    pub(crate) went: u32,
}

impl Balance {
    /// Of a path that the node chose by itself.
    pub(crate) const OWN_CHOICE: Self = Self { came: u32::MAX, went: 0 };

    /// Of datagrams so long, which fit into 16 bits.
    pub(crate) fn of(came: usize, went: usize) -> Self {
        let bytes = |len| u32::try_from(len).unwrap_or(u32::MAX);
        Self { came: bytes(came), went: bytes(went) }
    }

    fn credit(self) -> u32 {
        self.came.saturating_mul(FACTOR).saturating_sub(self.went.saturating_add(1))
    }
}

impl PeerSlot {
    /// The peer seems to be on this path; of others it may seem so no longer.
    pub(crate) fn seems_at(&mut self, path: Path, balance: Balance, now: Instant) {
        let credit = balance.credit();
        self.unproven = match self.path.get() == Some(path) {
            true => Held::Nothing,
            false => Held::This(Unproven { path, since: now, credit, is_next: true }),
        };
    }

    /// The path to be pinged now by a datagram of this length; `None` if nothing may go anywhere.
    pub(crate) fn path_to_ping(&mut self, len: usize) -> Option<Path> {
        let known = self.path.get();
        let Some(unproven) = self.unproven.as_mut() else { return known };
        let is_turn = core::mem::replace(&mut unproven.is_next, known.is_none());
        let left = u32::try_from(len).ok().and_then(|len| unproven.credit.checked_sub(len));
        let Some(left) = left.filter(|_| is_turn) else {
            unproven.is_next = true;
            return known;
        };
        unproven.credit = left;
        Some(unproven.path)
    }

    /// Something that is no ping goes to this path.
    pub(crate) fn charge(&mut self, path: Path, len: usize) {
        if let Some(unproven) = self.unproven.as_mut().filter(|unproven| unproven.path == path) {
            unproven.credit = unproven.credit.saturating_sub(Balance::of(len, 0).came);
        }
    }

    /// The peer has answered on this path.
    pub(crate) fn prove(&mut self, path: Path) {
        if self.unproven.as_ref().is_some_and(|unproven| unproven.path == path) {
            (self.path, self.unproven) = (Held::This(path), Held::Nothing);
        } else if self.path.as_ref().is_none() {
            // It has seemed to be elsewhere since.
            self.path = Held::This(path);
        }
    }

    /// A path that has not answered within an attempt is given up, if there is another.
    pub(crate) fn give_up_unproven(&mut self, now: Instant) {
        let is_over = |unproven: &Unproven| now >= unproven.since + ATTEMPT;
        if self.path.as_ref().is_some() && self.unproven.as_ref().is_some_and(is_over) {
            self.unproven = Held::Nothing;
        }
    }
}

/// An authentic packet of a peer has come; `is_newest` if none has that was sealed later.
pub(crate) fn on_packet(
    peer: u16,
    via: Via,
    len: usize,
    is_newest: bool,
    cx: &mut Cx<'_>,
) -> Option<Turn> {
    let now = cx.now();
    let slot = cx.peer(peer);
    if slot.path.get() == Some(via.path) || slot.current != Some(via.session) {
        return None;
    }
    let came = Balance::of(len, 0);
    let is_lost = slot.path.as_ref().is_none();
    match slot.unproven.as_mut() {
        Some(unproven) if unproven.path == via.path && now < unproven.since + ATTEMPT => {
            unproven.credit = unproven.credit.saturating_add(came.came * FACTOR);
            Some(Turn::MayBePinged(peer))
        }
        // Where nothing better is known, the newest word counts.
        Some(unproven) if now < unproven.since + MOVES_APART && !is_lost => None,
        _ if is_newest => {
            slot.seems_at(via.path, came, now);
            Some(Turn::SeemsElsewhere(peer))
        }
        _ => None,
    }
}
