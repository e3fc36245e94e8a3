//! Sends a lot, and answers nothing.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU8;
use std::sync::Arc;

use underpass_core::inspect::Scripted;
use underpass_core::{Duration, SecretIdentity};

use super::Dice;
use super::raid::Raid;
use crate::machine::underpass::{PORT, Roster};
use crate::machine::{Addresses, Cx};
use crate::scenario::model::NodeId;
use crate::trace::PacketInfo;
use crate::wire::{self, SEALED, Seal, header};

/// `Hello`s that one machine can have ready. Each costs about five multiplications on the
/// curve.
pub const HELLOS_MAX: NonZeroU8 = NonZeroU8::new(16).expect("it is not zero");

/// Sessions that it remembers to have overheard.
const SESSIONS_MAX: usize = 64;

/// Sends datagrams to one node at a pace.
#[derive(Clone, Debug)]
pub struct Flood {
    /// To whom.
    pub target: NodeId,
    /// What.
    pub kind: FloodKind,
    /// Time between two, not zero.
    pub every: Duration,
    /// Whether they come from addresses that are not its own: for [`FloodKind::Sealed`] the other
    /// end's of the session, else drawn ones, which hardly anybody has.
    pub spoofed: bool,
}

/// What a flood consists of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FloodKind {
    /// Random bytes, up to the length of the longest datagram.
    Garbage,
    /// `Hello`s of members of the network: valid, each with an identity and an ephemeral key of its
    /// own, none ever followed by anything.
    Hello {
        /// How many different ones, made one by one when they are sent first and then sent again in
        /// turn; at most [`HELLOS_MAX`].
        hellos: NonZeroU8,
    },
    /// What looks like packets of the sessions that it overheard with its target.
    Sealed,
    /// Hints that those sessions are gone, as the other end would give them that has lost its state: each
    /// about the last packet of the target that it overheard.
    Hint,
}

impl FloodKind {
    /// Whether it takes sessions that were overheard.
    pub(crate) fn hears_sessions(self) -> bool {
        matches!(self, Self::Sealed | Self::Hint)
    }
}

pub(super) struct Flooder {
    flood: Flood,
    roster: Arc<Roster>,
    /// Those made so far.
    hellos: Vec<Vec<u8>>,
    /// Those that the target receives on, the newest last.
    sessions: VecDeque<Session>,
}

/// One direction of a session.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Session {
    source: SocketAddr,
    destination: SocketAddr,
    receiver: u32,
    /// Of the last packet overheard.
    counter: u64,
}

impl Session {
    fn is_same(&self, other: &Self) -> bool {
        (self.source, self.destination, self.receiver)
            == (other.source, other.destination, other.receiver)
    }
}

impl Flooder {
    pub(super) fn new(flood: &Flood, roster: &Arc<Roster>) -> Self {
        Self {
            flood: flood.clone(),
            roster: Arc::clone(roster),
            hellos: Vec::new(),
            sessions: VecDeque::new(),
        }
    }

    /// From where to where; `None` if the target cannot be reached from the node's own address.
    fn way(&self, dice: &Dice, cx: &Cx<'_>) -> Option<(SocketAddr, SocketAddr)> {
        let Flood { target, spoofed, .. } = self.flood;
        let destination = match spoofed {
            true => self.roster.any_address(cx.node(), target),
            false => self.roster.address(cx.node(), target),
        }?;
        let source = match spoofed {
            true => dice.address(destination.is_ipv4()),
            false => own_address(destination.is_ipv4(), cx)?,
        };
        Some((source, destination))
    }

    /// The `Hello` of that number, made if it is sent for the first time.
    fn hello(&mut self, number: u64, hellos: NonZeroU8, cx: &Cx<'_>) -> Vec<u8> {
        let place = number % u64::from(hellos.get());
        let position = usize::try_from(place).expect("at most HELLOS_MAX");
        if position == self.hellos.len() {
            let hello = self.new_hello(place, cx);
            self.hellos.push(hello);
        }
        self.hellos[position].clone()
    }

    fn new_hello(&self, place: u64, cx: &Cx<'_>) -> Vec<u8> {
        let identities = cx.stream(&["identity", &place.to_string()]);
        let mut tries = 0;
        let draw = || {
            tries += 1;
            identities.bytes(tries)
        };
        let (keys, _) = SecretIdentity::generate(draw).expect("draws differ");
        let index = cx.stream(&["index"]).below(place, 1 << 32);
        let scripted = Scripted {
            network: &self.roster.network(self.flood.target, 0),
            keys: [&keys, self.roster.identity(self.flood.target)],
            // The answers' are not used.
            ephemerals: [cx.stream(&["ephemeral"]).bytes(place), [0; 32]],
            indices: [u32::try_from(index).expect("32 bits"), 0],
        };
        scripted.hello().to_vec()
    }

    /// One of the sessions; `None` if it has heard of none.
    fn session(&self, dice: &Dice) -> Option<Session> {
        match self.sessions.len() {
            0 => None,
            known => Some(self.sessions[dice.below("session", known)]),
        }
    }

    /// A hint that one of the sessions is gone, with where it is to come from and go to.
    fn hint(&self, dice: &Dice) -> Option<(SocketAddr, SocketAddr, Vec<u8>)> {
        let Session { source, destination, receiver, counter } = self.session(dice)?;
        Some((destination, source, wire::no_session(receiver, counter)))
    }

    /// What looks like a packet of one of the sessions.
    fn junk(&self, dice: &Dice) -> Option<(Session, Vec<u8>)> {
        let session = self.session(dice)?;
        let mut bytes = dice.bytes(wire::SEALED_LEN_MIN);
        bytes[header::KIND] = SEALED;
        bytes[header::VERSION] = 0;
        bytes[header::RESERVED].fill(0);
        bytes[header::INDEX].copy_from_slice(&session.receiver.to_le_bytes());
        // Counters of a session that is not old yet.
        bytes[header::COUNTER.start + 2..header::COUNTER.end].fill(0);
        Some((session, bytes))
    }
}

fn own_address(ipv4: bool, cx: &Cx<'_>) -> Option<SocketAddr> {
    let Addresses { ipv4: v4, ipv6: v6 } = cx.addresses();
    let ip = if ipv4 { v4.map(IpAddr::V4) } else { v6.map(IpAddr::V6) };
    ip.map(|ip| SocketAddr::new(ip, PORT))
}

impl Raid for Flooder {
    fn every(&self) -> Duration {
        self.flood.every
    }

    fn overheard(&mut self, packet: &PacketInfo<'_>) {
        let &PacketInfo { source, destination, bytes, .. } = packet;
        let end = match self.flood.kind {
            FloodKind::Sealed => destination,
            FloodKind::Hint => source,
            FloodKind::Garbage | FloodKind::Hello { .. } => return,
        };
        if !self.roster.is_known_by(self.flood.target, end.ip()) {
            return;
        }
        let Some(Seal { receiver, counter, .. }) = Seal::of(bytes) else { return };
        let session = Session { source, destination, receiver, counter };
        if let Some(known) = self.sessions.iter_mut().find(|known| known.is_same(&session)) {
            *known = session;
            return;
        }
        if self.sessions.len() == SESSIONS_MAX {
            self.sessions.pop_front();
        }
        self.sessions.push_back(session);
    }

    fn strike(&mut self, number: u64, cx: &mut Cx<'_>) {
        let dice = Dice::new(cx, &["flood"], number);
        let bytes = match self.flood.kind {
            FloodKind::Garbage => dice.bytes(0),
            FloodKind::Hello { hellos } => self.hello(number, hellos, cx),
            FloodKind::Hint => {
                if let Some((source, destination, bytes)) = self.hint(&dice) {
                    cx.inject(source, destination, &bytes);
                }
                return;
            }
            FloodKind::Sealed => {
                let Some((session, bytes)) = self.junk(&dice) else { return };
                let Session { source, destination, .. } = session;
                let source = match self.flood.spoofed {
                    true => Some(source),
                    false => own_address(destination.is_ipv4(), cx),
                };
                if let Some(source) = source {
                    cx.inject(source, destination, &bytes);
                }
                return;
            }
        };
        if let Some((source, destination)) = self.way(&dice, cx) {
            cx.inject(source, destination, &bytes);
        }
    }
}
