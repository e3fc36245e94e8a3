//! Why a peer's packets take the way through a relay, for people.

use core::net::SocketAddr;

use serde::Serialize;

use super::Shared;
use crate::peer::{PeerSlot, PeerState};
use crate::time::Instant;
use crate::way::Way;
use crate::wire::Mapping;

/// Attempts to dial somebody that come to nothing where nobody has ever answered: one may be its own absence.
const BLOCKED_AFTER: u8 = 3;

/// Why there is no direct way to a peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub enum RelayReason {
    /// It has not been tried yet.
    NotTried,
    /// It is being tried.
    Trying,
    /// No relay says where the peer is.
    NoAddress,
    /// The NATs in front of this node give it other ports towards others.
    OwnPortsVary,
    /// The NATs in front of the peer do, as it says.
    PeerPortsVary,
    /// Both.
    BothPortsVary,
    /// Nothing came back from where the peer should be.
    NoAnswer,
    /// There was one, which failed then.
    Lost {
        /// When.
        since: Instant,
    },
    /// There is one, which loses too much.
    Lossy,
    /// Nobody has ever answered by UDP in this place, however often somebody was dialled: the peer cannot
    /// be reached at all.
    UdpBlocked,
}

/// A [`RelayReason`], and what it is drawn from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Relayed {
    /// Why.
    pub reason: RelayReason,
    /// Where this node is seen by the peers that were asked last: two addresses, if they differ.
    pub seen_at: [Option<SocketAddr>; 2],
    /// Probes that the last attempt has sent.
    pub probes: u8,
    /// When the next attempt begins, if nothing changes before.
    pub next_try: Option<Instant>,
}

/// Whether a peer that was asked for was dialled in vain where nobody has ever answered, just often enough
/// to tell why others are not reached either, of whom perhaps nothing is known but their keys.
pub(super) fn tells_of_others(peer: &PeerSlot, shared: &Shared) -> bool {
    !shared.is_heard && peer.is_wanted() && peer.attempts == BLOCKED_AFTER
}

fn is_blocked(peers: &[PeerSlot], shared: &Shared) -> bool {
    let is_in_vain = |peer: &PeerSlot| peer.is_wanted() && peer.attempts >= BLOCKED_AFTER;
    !shared.is_heard && peers.iter().any(is_in_vain)
}

/// Why a peer, one of `peers`, is relayed, if it is, or why it is not reached.
pub(crate) fn reason(peer: &PeerSlot, peers: &[PeerSlot], shared: &Shared) -> Option<RelayReason> {
    let (punching, attested) = (&peer.punch, &peer.relaying.attested);
    if peer.state != PeerState::Active {
        let is_blocked = peer.is_wanted() && is_blocked(peers, shared);
        return is_blocked.then_some(RelayReason::UdpBlocked);
    }
    let ways = peer.ways.outline();
    if !matches!(ways.primary, Some(Way::Relayed(_))) {
        return None;
    }
    if ways.has_direct {
        return Some(RelayReason::Lossy);
    }
    let ports_vary = (shared.observed.mapping(), punching.peer_mapping);
    Some(match (punching.lost_at.get(), ports_vary) {
        _ if punching.attempt.slot().is_some() => RelayReason::Trying,
        (Some(since), _) => RelayReason::Lost { since },
        _ if attested.iter().next().is_none() => RelayReason::NoAddress,
        _ if punching.tried_at.as_ref().is_none() => RelayReason::NotTried,
        (None, (Mapping::Varies, Mapping::Varies)) => RelayReason::BothPortsVary,
        (None, (Mapping::Varies, _)) => RelayReason::OwnPortsVary,
        (None, (_, Mapping::Varies)) => RelayReason::PeerPortsVary,
        _ => RelayReason::NoAnswer,
    })
}

/// The same with the evidence.
pub(crate) fn relayed(
    peer: &PeerSlot,
    peers: &[PeerSlot],
    shared: &Shared,
    now: Instant,
) -> Option<Relayed> {
    let reason = reason(peer, peers, shared)?;
    let mut seen = shared.observed.addresses(now).into_iter();
    Some(Relayed {
        reason,
        seen_at: [seen.next(), seen.next()],
        probes: peer.punch.probes,
        next_try: peer.punch.next_at.get(),
    })
}
