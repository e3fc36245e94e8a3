//! A node of a member who is up to something: the protocol itself, on a socket, with nothing of a daemon.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a real socket's other end has a clock of its own"
)]

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant as WallInstant};

use underpass_core::{
    Capacity, Config, Event, HeapStorage, Instant, MAX_TRANSMIT, Network, Node, Outgoing, Path,
    Peer, PeerId, PeerState, Purpose, Received, SecretIdentity, Socket,
};

const CAPACITY: Capacity =
    Capacity { peers: 2, handshakes: 4, circuits: 0, ..underpass_host::HOST };

/// A member of the network, by itself.
pub(crate) struct Member {
    keys: SecretIdentity,
    node: Node<HeapStorage>,
    socket: UdpSocket,
    since: WallInstant,
    pub(crate) target: Peer,
    pub(crate) received: usize,
    is_held: bool,
}

impl Member {
    /// `number` is its identity; it calls the one at this address.
    pub(crate) fn new(number: u32, network: Network, id: PeerId, at: SocketAddr) -> Self {
        let mut draw = [0x5a; 32];
        draw[..4].copy_from_slice(&number.to_le_bytes());
        let keys = SecretIdentity::generate(|| {
            draw[8] += 1;
            draw
        });
        let keys = keys.expect("a usable key").0;
        let config = Config::new(network);
        let seed = [number as u8 ^ 0x77; 32];
        let mut node =
            Node::new(config, keys.id(), seed, HeapStorage::new(CAPACITY), Instant::ORIGIN)
                .expect("a capacity");
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(2))).expect("a time");
        let path = Path { socket: Socket(0), remote: at };
        let target = node.connect(id, path, Instant::ORIGIN).expect("room");
        Self { keys, node, socket, since: WallInstant::now(), target, received: 0, is_held: false }
    }

    /// The first datagram that it would send: whoever sees it on its way can send it again.
    pub(crate) fn hello(mut self) -> Vec<u8> {
        let now = self.now();
        self.node.run_jobs(&self.keys, now);
        let mut out = [0; MAX_TRANSMIT];
        let transmit = self.node.poll_transmit(&mut out).expect("it calls");
        let (_, hello) = transmit.datagrams(&out).next().expect("one datagram");
        hello.to_vec()
    }

    fn now(&self) -> Instant {
        Instant::from_micros(self.since.elapsed().as_micros() as u64)
    }

    /// Has it take no messages: what comes is not acknowledged.
    pub(crate) fn hold_messages(&mut self) {
        self.is_held = true;
        self.node.hold_messages(true);
    }

    pub(crate) fn is_active(&self) -> bool {
        self.node.peer_state(self.target) == Ok(PeerState::Active)
    }

    /// Sends a message; `false` if there is no room for it.
    pub(crate) fn send(&mut self, kind: u16, purpose: Purpose, payload: &[u8]) -> bool {
        let now = self.now();
        self.node.send_message(self.target, Outgoing { kind, purpose, payload }, now).is_ok()
    }

    /// One turn: what there is to be sent, and what has come within a moment. How many messages have ended.
    pub(crate) fn turn(&mut self) -> usize {
        let now = self.now();
        self.node.handle_timeout(now);
        self.node.run_jobs(&self.keys, now);
        let mut out = [0; MAX_TRANSMIT];
        while let Some(transmit) = self.node.poll_transmit(&mut out) {
            for (path, bytes) in transmit.datagrams(&out) {
                let _ = self.socket.send_to(bytes, path.remote);
            }
        }
        let mut datagram = [0; 2048];
        for _ in 0..256 {
            let Ok((len, from)) = self.socket.recv_from(&mut datagram) else { break };
            let now = self.now();
            let path = Path { socket: Socket(0), remote: from };
            if let Ok(Received::Message(_)) =
                self.node.handle_datagram(path, &mut datagram[..len], now)
            {
                self.received += 1;
            }
        }
        while !self.is_held && self.node.poll_message().is_some() {
            self.received += 1;
        }
        std::iter::from_fn(|| self.node.poll_event())
            .filter(|event| matches!(event, Event::Message(..)))
            .count()
    }

    /// Turns until the other end answers.
    pub(crate) fn meet(&mut self) {
        while !self.is_active() {
            self.turn();
        }
    }
}
