//! Packets of messages that were sent, and of which nothing is known yet.
//!
//! A fragment has at most one flight that is not given up. If an acknowledgement is overdue the
//! fragment is sent again, and the earlier flight remains, superseded: should the answer only have
//! been late, it counts. Of those there are as many as the table has to spare.

use crate::cx::Cx;
use crate::table::list::{Linked, Links};
use crate::time::Instant;

/// One packet under way.
pub struct FlightSlot {
    pub(crate) packet: Packet,
    links: Links,
}

/// What its sender remembers of a packet.
#[derive(Clone, Copy)]
pub(crate) struct Packet {
    /// Its transmit number.
    pub(crate) number: u64,
    pub(crate) sent_at: Instant,
    /// Which of the peer's paths it took, one after the other.
    pub(crate) route: u32,
    /// Whose fragment it carries, by slot.
    pub(crate) message: u16,
    /// Of the whole datagram.
    pub(crate) bytes: u16,
    pub(crate) index: u8,
    /// The fragment was sent again since.
    pub(crate) is_superseded: bool,
}

/// A peer's packets under way, in the order of their numbers; and those that are free.
pub(crate) struct Flights;

impl Linked<Flights> for FlightSlot {
    fn links(&self) -> &Links {
        &self.links
    }
    fn links_mut(&mut self) -> &mut Links {
        &mut self.links
    }
}

impl FlightSlot {
    /// What a storage is filled with.
    pub const EMPTY: Self = Self {
        packet: Packet {
            number: 0,
            sent_at: Instant::ORIGIN,
            route: 0,
            message: 0,
            bytes: 0,
            index: 0,
            is_superseded: false,
        },
        links: Links::NONE,
    };
}

/// Remembers a packet to this peer. There is always room: see [`crate::Capacity::flights`].
pub(crate) fn take_off(to: u16, packet: Packet, cx: &mut Cx<'_>) {
    let flight = cx.state.messages.free_flights.pop_front(cx.flights);
    let flight = flight.expect("one for every fragment, and as many as may be superseded");
    cx.flights[usize::from(flight)].packet = packet;
    let outbox = &mut cx.peers[usize::from(to)].delivery.outbox;
    outbox.flights.push_back(cx.flights, flight);
    cx.message(packet.message).flights += 1;
}

/// Forgets a packet, whose fate is known or of no interest.
pub(crate) fn land(to: u16, flight: u16, cx: &mut Cx<'_>) -> Packet {
    let outbox = &mut cx.peers[usize::from(to)].delivery.outbox;
    outbox.flights.remove(cx.flights, flight);
    cx.state.messages.free_flights.push_back(cx.flights, flight);
    let packet = cx.flights[usize::from(flight)].packet;
    if packet.is_superseded {
        cx.state.messages.superseded -= 1;
    }
    cx.message(packet.message).flights -= 1;
    packet
}

/// The packet's fragment is about to be sent again. If none can be spared for it, the packet is
/// forgotten and returned.
pub(crate) fn supersede(to: u16, flight: u16, cx: &mut Cx<'_>) -> Option<Packet> {
    if usize::from(cx.state.messages.superseded) == cx.messages.len() {
        return Some(land(to, flight, cx));
    }
    cx.state.messages.superseded += 1;
    cx.flights[usize::from(flight)].packet.is_superseded = true;
    None
}
