//! Relaying for other networks, whose secret the relay does not hold.
//!
//! A relay that is willing makes sessions in the relay realm, an open one of its own, with whoever asks:
//! nothing goes through these but what relaying takes. Two peers of a network can have a circuit if
//! both have proved that they hold its secret, though not to whom: a key pair is derived from the
//! secret (the public half is the network's handle), and what it agrees on with the relay's own key
//! authenticates the hash of the session. Only the relay can check that, and no other session.

use zeroize::Zeroize;

use crate::counters::Dropped;
use crate::crypto::hash;
use crate::cx::Cx;
use crate::held::Held;
use crate::job::{Outcome, Stale, Ticket, Waiting, Work};
use crate::noise::{Key, Operation, Secret};
use crate::peer::Peer;
use crate::time::{Duration, Instant};
use crate::wire::Proof;

/// Between two proofs that a relay checks: the work that strangers can ask of it is bounded.
const CHECKS_APART: Duration = Duration::from_millis(50);
/// Between two of one peer, so that it leaves time for others; doubled for each one that was wrong.
const OWN_CHECKS_APART: Duration = Duration::from_secs(5);
const WRONG_MAX: u8 = 6;

/// What a relay remembers of a peer's proofs.
#[derive(Clone, Copy)]
pub(super) struct Proven {
    /// The session in which the last one was right, by its index.
    session: Held<u32>,
    /// When the next is checked.
    from: Instant,
    /// So many in a row were not.
    wrong: u8,
}

impl Proven {
    pub(super) const NOTHING: Self =
        Self { session: Held::Nothing, from: Instant::ORIGIN, wrong: 0 };
}

/// What a node is doing to prove its network to a relay, or to check a peer's proof; one of each at a
/// time. Whoever finds it busy tries again.
pub(crate) struct Proofs {
    own: Held<Own>,
    check: Held<Check>,
    check_from: Instant,
}

/// A proof being made.
struct Own {
    relay: Peer,
    stage: Stage,
    ticket: Option<u64>,
}

#[derive(Clone, Copy)]
enum Stage {
    /// The public half of the network's key is wanted.
    Handle,
    /// What it agrees on with the relay's key.
    Agreement(Key),
    Done(Proof),
}

/// A peer's proof.
struct Check {
    peer: Peer,
    proof: Proof,
    ticket: Option<u64>,
}

impl Proofs {
    pub(crate) const NONE: Self =
        Self { own: Held::Nothing, check: Held::Nothing, check_from: Instant::ORIGIN };
}

/// Whether this node relays for other networks.
pub(crate) fn is_welcome(cx: &Cx<'_>) -> bool {
    cx.state.config.relay.foreign_bytes > 0 && !cx.circuits.is_empty()
}

/// Whether another peer of another network may have a place: they have half of them, so that our own are
/// not kept out.
pub(crate) fn has_room(cx: &Cx<'_>) -> bool {
    let foreign = cx.peers.iter().filter(|peer| peer.is_taken && peer.is_foreign).count();
    is_welcome(cx) && foreign < cx.peers.len() / 2
}

/// The proof for a relay, if it is made; else it is begun.
pub(super) fn prove(relay: u16, cx: &mut Cx<'_>) -> Option<Proof> {
    let handle = cx.handle(relay);
    if let Some(own) = cx.state.proofs.own.as_ref() {
        match own.stage {
            Stage::Done(proof) if own.relay == handle => {
                cx.state.proofs.own = Held::Nothing;
                return Some(proof);
            }
            _ if own.relay == handle => return None,
            // Of one that is gone.
            _ if cx.resolve(own.relay).is_none() => {}
            _ => return None,
        }
    }
    let own = Own { relay: handle, stage: Stage::Handle, ticket: None };
    cx.state.proofs.own = Held::This(own);
    None
}

/// A peer says which network it is of: its proof is checked, unless one is being checked already. Returns
/// whether it was before, in this session.
pub(super) fn check(peer: u16, proof: Proof, cx: &mut Cx<'_>) -> Result<bool, Dropped> {
    let now = cx.now();
    let (handle, network, session) = (cx.handle(peer), name(&proof.handle, cx), session(peer, cx));
    let client = &mut cx.peer(peer).relaying.client;
    if client.network == network && session.is_some() && client.proven.session.get() == session {
        return Ok(true);
    }
    let is_too_soon = now < client.proven.from;
    let proofs = &mut cx.state.proofs;
    if is_too_soon || proofs.check.as_ref().is_some() || now < proofs.check_from {
        return Err(Dropped::RelayLimited);
    }
    proofs.check_from = now + CHECKS_APART;
    proofs.check = Held::This(Check { peer: handle, proof, ticket: None });
    let proven = &mut cx.peer(peer).relaying.client.proven;
    proven.from = now + OWN_CHECKS_APART.saturating_mul(1 << proven.wrong);
    Ok(false)
}

/// The index of a peer's current session.
fn session(peer: u16, cx: &mut Cx<'_>) -> Option<u32> {
    let session = cx.peer(peer).current?;
    Some(cx.session(session).local_index)
}

/// The next public-key operation that this takes.
pub(crate) fn take_work(cx: &mut Cx<'_>) -> Option<(Ticket, Work)> {
    let is_idle =
        |proofs: &Proofs| proofs.own.as_ref().is_none() && proofs.check.as_ref().is_none();
    if is_idle(&cx.state.proofs) {
        return None;
    }
    let number = cx.state.tickets.wrapping_add(1);
    let secret = cx.state.realms.handle_secret();
    let relay_key = cx.state.proofs.own.as_ref().and_then(|own| cx.resolve(own.relay));
    let relay_key = relay_key.and_then(|relay| cx.peer(relay).contact).map(|it| it.agreement_key);
    let proofs = &mut cx.state.proofs;
    let (waiting, operation) = if let Some(own) =
        proofs.own.as_mut().filter(|own| own.ticket.is_none())
        && let Some(operation) = match own.stage {
            Stage::Handle => Some(Operation::PublicKey(secret)),
            Stage::Agreement(_) => {
                relay_key.map(|key| Operation::Agree(Secret::Ephemeral(secret), key))
            }
            Stage::Done(_) => None,
        } {
        own.ticket = Some(number);
        (Waiting::Proof, operation)
    } else {
        let check = proofs.check.as_mut().filter(|check| check.ticket.is_none())?;
        check.ticket = Some(number);
        (Waiting::Check, Operation::Agree(Secret::Static, check.proof.handle))
    };
    cx.state.tickets = number;
    Some((Ticket { waiting, number }, Work::Handshake(operation)))
}

/// The key pair's other half, or what it agreed on, has come: whose turn it is next.
pub(crate) fn on_proof(number: u64, outcome: &Outcome, cx: &mut Cx<'_>) -> Result<(), Stale> {
    let Outcome::Key(key) = outcome else { return Err(Stale) };
    let own = cx.state.proofs.own.as_mut().ok_or(Stale)?;
    if own.ticket.take_if(|waiting| *waiting == number).is_none() {
        return Err(Stale);
    }
    let (handle, stage) = (own.relay, own.stage);
    // Without a session there is nothing to be proved: then it is begun again.
    cx.state.proofs.own = Held::Nothing;
    let relay = cx.resolve(handle).ok_or(Stale)?;
    let stage = match stage {
        Stage::Handle => Stage::Agreement(*key),
        Stage::Agreement(public) => {
            let mac = authenticate(relay, key, cx).ok_or(Stale)?;
            super::client::proven(relay, cx);
            Stage::Done(Proof { handle: public, mac })
        }
        Stage::Done(_) => return Err(Stale),
    };
    cx.state.proofs.own = Held::This(Own { relay: handle, stage, ticket: None });
    Ok(())
}

/// A relay is gone: what was to be proved to it is not.
pub(super) fn forget(relay: u16, cx: &mut Cx<'_>) {
    let handle = cx.handle(relay);
    if cx.state.proofs.own.as_ref().is_some_and(|own| own.relay == handle) {
        cx.state.proofs.own = Held::Nothing;
    }
}

/// What a peer's proof should be has come.
pub(crate) fn on_check(number: u64, outcome: &Outcome, cx: &mut Cx<'_>) -> Result<(), Stale> {
    let Outcome::Key(key) = outcome else { return Err(Stale) };
    let check = cx.state.proofs.check.as_mut().ok_or(Stale)?;
    if check.ticket.take_if(|waiting| *waiting == number).is_none() {
        return Err(Stale);
    }
    let (peer, proof) = (check.peer, check.proof);
    cx.state.proofs.check = Held::Nothing;
    let peer = cx.resolve(peer).ok_or(Stale)?;
    // Nobody agrees on zeros but by a key of small order (RFC 7748, section 6.1).
    let is_sound = *key != [0; 32];
    let mac = authenticate(peer, key, cx).filter(|_| is_sound);
    let is_proven =
        mac.is_some_and(|mac| bool::from(subtle::ConstantTimeEq::ct_eq(&mac[..], &proof.mac[..])));
    let network = is_proven.then(|| name(&proof.handle, cx));
    let session = session(peer, cx).filter(|_| is_proven);
    let proven = &mut cx.peer(peer).relaying.client.proven;
    proven.session = session.map_or(Held::Nothing, Held::This);
    proven.wrong = if is_proven { 0 } else { (proven.wrong + 1).min(WRONG_MAX) };
    super::server::on_checked(peer, network, cx);
    Ok(())
}

/// The proof's tag, for the session that is current.
fn authenticate(peer: u16, agreed: &[u8; 32], cx: &mut Cx<'_>) -> Option<[u8; 16]> {
    let session = cx.peer(peer).current?;
    let handshake_hash = *cx.session(session).handshake_hash()?;
    let mut key = hash::hash(&[b"underpass/1 relay proof", agreed]);
    let mac = hash::mac16(&key, &handshake_hash);
    key.zeroize();
    Some(mac)
}

/// A short name for another network; never zero, which is our own.
fn name(handle: &Key, cx: &Cx<'_>) -> u64 {
    cx.short_hash(handle) | 1
}
