//! The peer on the host.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::time::{Duration as Time, Instant as RealTime};

use underpass_core::{
    Config, Event, Message, MessageId, Network, Node, Outcome, Outgoing, Peer, PeerId, PeerState,
    Purpose, RequestNumber, SecretIdentity, SendError,
};
use underpass_driver::{Inbox, Pump};
use underpass_sensor::messages::{COMMAND, Command, READING, Reading, Status};

use crate::Result;
use crate::clock::Clock;
use crate::wire::HostWire;

underpass_core::storage! {
    struct Tables {
        peers: 8, handshakes: 8, window_bits: 512,
        messages: 32, message_window: 64, buffer: 16384, circuits: 0, punches: 1, records: 0, rumours: 0,
    }
}

/// What the network is called.
pub(crate) const NETWORK: &str = "proof";

/// A peer of the board, in one of its lives.
pub(crate) struct Host {
    pump: Pump<Tables>,
    keys: SecretIdentity,
    pub(crate) wire: HostWire,
    pub(crate) clock: Clock,
    pub(crate) heard: Heard,
    /// Commands that the board has acknowledged.
    pub(crate) acked: u32,
    /// Commands that ended otherwise.
    pub(crate) failed: u32,
    /// How often the board fell silent.
    pub(crate) gone: u32,
}

/// What has come from the board.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) readings: BTreeSet<u32>,
    /// Readings that came twice, and messages that mean nothing.
    pub(crate) mistakes: u32,
    pub(crate) replies: Vec<(RequestNumber, Status)>,
}

impl Inbox for Heard {
    fn has_room(&self) -> bool {
        true
    }

    fn datagram(&mut self, _: Peer, _: &[u8]) {
        self.mistakes += 1;
    }

    fn message(&mut self, message: Message<'_>) {
        let Message { kind, purpose, payload, .. } = message;
        match (kind, purpose, Reading::from_bytes(payload), Status::from_bytes(payload)) {
            (READING, Purpose::Notice, Some(reading), _)
                if self.readings.insert(reading.number) => {}
            (COMMAND, Purpose::Reply(question), _, Some(status)) => {
                self.replies.push((question, status));
            }
            _ => self.mistakes += 1,
        }
    }
}

impl Host {
    /// With these keys, and a session with nobody.
    pub(crate) fn new(keys: SecretIdentity, secret: [u8; 32], wire: HostWire) -> Result<Self> {
        let clock = Clock::new();
        let config = Config::new(Network::closed(NETWORK, secret));
        let node = Node::new(config, keys.id(), draw()?, Tables::EMPTY, clock.now());
        let node = node.map_err(|error| error.to_string())?;
        let heard = Heard::default();
        Ok(Self { pump: Pump::new(node), keys, wire, clock, heard, acked: 0, failed: 0, gone: 0 })
    }

    /// What a host that starts again still has: its keys and its port.
    pub(crate) fn into_parts(self) -> (SecretIdentity, HostWire) {
        (self.keys, self.wire)
    }

    /// Whether there is a session with the board.
    pub(crate) fn sees(&mut self, board: &PeerId) -> bool {
        let node = self.pump.node_mut();
        node.peer(board).is_some_and(|peer| node.peer_state(peer) == Ok(PeerState::Active))
    }

    /// The hash of the handshake that made the session with the board.
    pub(crate) fn session(&mut self, board: &PeerId) -> Option<[u8; 32]> {
        let node = self.pump.node_mut();
        let peer = node.peer(board)?;
        node.handshake_hash(peer).ok()?
    }

    /// Asks the board for something; no name of the question if there is no room for it now.
    pub(crate) fn ask(&mut self, board: &PeerId, command: Command) -> Result<Option<MessageId>> {
        let peer = self.pump.node_mut().peer(board).ok_or("the board was never here")?;
        let payload = &command.to_bytes();
        let message = Outgoing { kind: COMMAND, purpose: Purpose::Request, payload };
        match self.pump.node_mut().send_message(peer, message, self.clock.now()) {
            Ok(id) => Ok(Some(id)),
            Err(SendError::Full) => Ok(None),
            Err(error) => Err(format!("a command was refused: {error}")),
        }
    }

    /// Runs until something is so; `what` says what, should it never be.
    pub(crate) fn until(
        &mut self,
        what: &str,
        within: Time,
        mut is_so: impl FnMut(&mut Self) -> Result<bool>,
    ) -> Result<Time> {
        let began = RealTime::now();
        while began.elapsed() < within {
            self.step();
            if is_so(self)? {
                return Ok(began.elapsed());
            }
        }
        Err(format!(
            "within {within:?} it never was so that {what} ({} readings, {} commands acknowledged, {} failed)",
            self.heard.readings.len(),
            self.acked,
            self.failed,
        ))
    }

    fn step(&mut self) {
        let now = self.clock.now();
        self.pump.step(now, &mut self.wire, &mut self.heard);
        while self.pump.run_job(&self.keys, self.clock.now()) {}
        while let Some(event) = self.pump.node_mut().poll_event() {
            match event {
                Event::Message(_, _, Outcome::Acked) => self.acked += 1,
                Event::Message(..) => self.failed += 1,
                Event::Disconnected(_) => self.gone += 1,
                _ => {}
            }
        }
    }
}

/// 32 bytes that nobody else has.
pub(crate) fn draw() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| format!("this host has no randomness: {error}"))?;
    Ok(bytes)
}
