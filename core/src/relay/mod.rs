//! Relays: any public node that is allowed to carries, for peers that cannot send to each other,
//! what it cannot read.
//!
//! ```text
//!   A                     relay                      B
//!   | Reserve  ----------> | <----------  Reserve    |   both are reached here
//!   | Open B   ----------> |                         |   A looks for B
//!   |                      | Offer, of A  ---------> |
//!   |                      | <-------------  Accept  |
//!   | <----------  Opened  |                         |   where the relay sees B, and A, they are told
//!   | Hello, in a circuit  |  sealed anew            |
//!   | -------------------> | ----------------------> |   to its ends a circuit is an address
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `client.rs` | relays that this node is reached through, or visits |
//! | `search.rs` | peers that are looked for at relays |
//! | `said.rs` | what relays say of peers |
//! | `server.rs` | the relay itself |
//! | `foreign.rs` | proofs, for relays of other networks |
//! | `circuits.rs`, `bucket.rs` | its table of circuits, and how much may pass |

mod bucket;
mod circuits;
mod client;
mod foreign;
mod said;
mod search;
mod server;

pub(crate) use bucket::Bucket;
pub use circuits::CircuitSlot;
pub(crate) use client::{
    OWN_RELAYS, RELAYS, capabilities, is_guest_awaited, is_ours, is_reserved, on_secret_change,
    visit,
};
pub(crate) use foreign::{Proofs, has_room, is_welcome, on_check, on_proof, take_work};
pub(crate) use said::{OFFERS, Offered, give_back, recall};
pub(crate) use search::{search, search_later, search_spare};
pub(crate) use server::{apply_access, forward, reached, take_owed_by};

use serde::{Deserialize, Serialize};

use crate::counters::{Counter, Dropped};
use crate::crypto::aead::TAG_LEN;
use crate::cx::Cx;
use crate::heartbeat::Via;
use crate::held::Held;
use crate::lifecycle::Turn;
use crate::timer::Timer;
use crate::way::Way;
pub(crate) use crate::wire::Attested;
use crate::wire::{Control, RelayMessage, SealedHeader};

/// How much a node relays, if its [`Access`](crate::Access) lets it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Peers that may be reached through it at once (libp2p relay v2: 128).
    pub reservations: u16,
    /// Circuits that one peer may be an end of.
    pub circuits_per_peer: u16,
    /// Bytes a second that one circuit may carry, both ways together, with the relay's own layer.
    pub circuit_bytes: u32,
    /// Bytes a second that one peer may send through it.
    pub peer_bytes: u32,
    /// Bytes a second altogether.
    pub all_bytes: u32,
    /// Bytes a second for peers of other networks, all of them together. Whoever asks is relayed for if
    /// this is not zero, whatever the [`Access`](crate::Access) says of our own network.
    pub foreign_bytes: u32,
}

impl Limits {
    /// What [`Config::new`](crate::Config::new) sets: a megabit a second for a circuit, ten for all.
    pub const DEFAULT: Self = Self {
        reservations: 128,
        circuits_per_peer: 16,
        circuit_bytes: 125_000,
        peer_bytes: 250_000,
        all_bytes: 1_250_000,
        foreign_bytes: 0,
    };
}

/// What a node keeps of a peer for relaying.
#[derive(Clone, Copy)]
pub(crate) struct Relaying {
    /// As a relay of ours.
    relay: client::Relay,
    /// As a peer that we relay for.
    client: server::Client,
    /// As a peer that is looked for at relays.
    search: Held<search::Search>,
    said: [Held<said::Said>; said::SAID],
    /// Where it is, as the relay has said by which it is reached, or else whichever spoke last.
    pub(crate) attested: Attested,
}

impl Relaying {
    pub(crate) const NONE: Self = Self {
        relay: client::Relay::NONE,
        client: server::Client::NONE,
        search: Held::Nothing,
        said: [Held::Nothing; said::SAID],
        attested: Attested::NOWHERE,
    };
}

impl Relaying {
    /// Whether the peer is being looked for at relays.
    pub(crate) fn is_sought(&self) -> bool {
        self.search.as_ref().is_some()
    }
}

pub(crate) fn on_message(
    from: u16,
    via: Via,
    message: &RelayMessage,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    // A relay is reached directly, or nothing would be gained.
    if matches!(via.way, Way::Relayed(_)) {
        return Err(Dropped::NestedRelay);
    }
    let asks = matches!(message, RelayMessage::Reserve(_) | RelayMessage::Open(_));
    if asks && !server::may_ask(from, datagram_len(message), cx) {
        return Err(Dropped::RelayLimited);
    }
    match message {
        RelayMessage::Reserve(proof) => server::on_reserve(from, *proof, cx)?,
        RelayMessage::Open(open) => server::on_open(from, open, cx),
        RelayMessage::Accept(named) => server::on_accept(from, *named, cx)?,
        RelayMessage::Refuse(named) => server::on_refuse(from, *named, cx)?,
        RelayMessage::Reserved(reserved) => return client::on_reserved(from, *reserved, cx),
        RelayMessage::Offer(offer) => return said::on_offer(from, offer, cx),
        RelayMessage::Opened(opened) => return search::on_opened(from, opened, cx),
        RelayMessage::Limited(_) => cx.state.counters.count(Counter::RelayLimits),
        RelayMessage::Gone(named) => return Ok(said::on_gone(from, *named, cx)),
    }
    Ok(None)
}

/// Bytes of the datagram that a message makes.
fn datagram_len(message: &RelayMessage) -> usize {
    SealedHeader::LEN + Control::Relay(*message).encode(&mut [0; Control::LEN_MAX]) + TAG_LEN
}

pub(crate) fn on_timer(timer: Timer, peer: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    match timer {
        Timer::Reservation => {
            client::on_reservation_timer(peer, cx);
            None
        }
        Timer::Search => search::on_search_timer(peer, cx),
        _ => unreachable!("not a timer of relays"),
    }
}

/// A peer has become active.
pub(crate) fn on_alive(peer: u16, cx: &mut Cx<'_>) {
    client::on_alive(peer, cx);
}

/// There is a newer session with a peer.
pub(crate) fn on_renewed(peer: u16, cx: &mut Cx<'_>) {
    server::on_renewed(peer, cx);
    client::on_renewed(peer, cx);
}

/// A peer is reached another way than before.
pub(crate) fn on_moved(peer: u16, cx: &mut Cx<'_>) {
    server::on_moved(peer, cx);
    client::on_moved(peer, cx);
    said::review_attested(peer, cx);
}

/// A peer is gone.
pub(crate) fn on_gone(peer: u16, cx: &mut Cx<'_>) {
    search::stop_search(peer, cx);
    client::on_relay_gone(peer, cx);
    foreign::forget(peer, cx);
    server::on_peer_gone(peer, cx);
}

/// A peer is forgotten.
pub(crate) fn forget(peer: u16, cx: &mut Cx<'_>) {
    on_gone(peer, cx);
    client::forget(peer, cx);
}

/// What is owed to this peer, or on account of it to a relay: to whom, and what.
pub(crate) fn take_owed(
    peer: u16,
    is_reached: bool,
    cx: &mut Cx<'_>,
) -> Option<(u16, RelayMessage)> {
    let to_peer = match is_reached {
        true => client::take_owed(peer, cx).or_else(|| server::take_owed(peer, cx)),
        false => None,
    };
    to_peer.map(|message| (peer, message)).or_else(|| search::take_search(peer, cx))
}

/// Whether anything is.
pub(crate) fn owes(peer: u16, cx: &mut Cx<'_>) -> bool {
    let Relaying { relay, client, search: sought, .. } = &cx.peer(peer).relaying;
    relay.owes() || client.owes() || sought.as_ref().is_some_and(search::Search::owes)
}

#[cfg(test)]
mod tests;
