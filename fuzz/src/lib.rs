//! Nodes with a wire between them, as small as fuzzing needs them.

use std::collections::VecDeque;
use std::net::SocketAddr;

use underpass_core::{
    Config, Duration, Gossip, Instant, MAX_TRANSMIT, Network, Node, Path, Peer, PeerState, Recorder,
    SecretIdentity, Socket,
};

underpass_core::storage! {
    /// Small, so that tables are soon full.
    pub struct Board {
        peers: 4, handshakes: 4, window_bits: 128,
        messages: 8, message_window: 32, buffer: 8192, circuits: 2, punches: 1, records: 16, rumours: 2,
    }
}

/// A datagram under way.
pub struct Packet {
    /// Which node it is for.
    pub to: usize,
    /// Where it seems to come from.
    pub from: SocketAddr,
    pub bytes: Vec<u8>,
}

/// A node, its keys and its address.
pub struct Host {
    pub node: Recorder<Board, Recording>,
    pub keys: SecretIdentity,
    pub address: SocketAddr,
}

/// Everything that a node was told.
#[derive(Default)]
pub struct Recording(pub Vec<u8>);

impl underpass_core::Log for Recording {
    fn append(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// Nodes of one network, and what they have sent.
pub struct World {
    pub hosts: Vec<Host>,
    pub wire: VecDeque<Packet>,
    pub now: Instant,
}

/// The network of all of them.
pub fn network() -> Network {
    Network::closed("fuzz", [7; 32])
}

pub fn keys(number: usize) -> SecretIdentity {
    let mut draw = number as u8;
    let drawn = SecretIdentity::generate(|| {
        draw = draw.wrapping_add(16);
        [draw; 32]
    });
    drawn.expect("one of sixteen draws is good").0
}

pub fn address(number: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, (number as u8).wrapping_add(1)], 4747))
}

pub fn path_to(remote: SocketAddr) -> Path {
    Path { socket: Socket(0), remote }
}

pub fn config() -> Config {
    Config { gossip: Gossip::DISCOVERABLE, ..Config::new(network()) }
}

impl World {
    /// So many nodes that know nobody.
    pub fn new(hosts: usize) -> Self {
        Self::with(hosts, || None)
    }

    /// The same, recorded.
    pub fn recorded(hosts: usize) -> Self {
        Self::with(hosts, || Some(Recording::default()))
    }

    fn with(hosts: usize, log: impl Fn() -> Option<Recording>) -> Self {
        let now = Instant::ORIGIN;
        let host = |number| {
            let keys = keys(number);
            let seed = [number as u8 + 100; 32];
            let node = Recorder::new(config(), keys.id(), seed, Board::EMPTY, now, log());
            Host { node: node.expect("the capacity is sound"), keys, address: address(number) }
        };
        Self { hosts: (0..hosts).map(host).collect(), wire: VecDeque::new(), now }
    }

    /// Two nodes in touch.
    pub fn in_touch() -> Self {
        let mut world = Self::new(2);
        let (id, path) = (world.hosts[1].keys.id(), path_to(address(1)));
        world.hosts[0].node.connect(id, path, world.now).expect("there is room");
        world.settle();
        assert!(world.peer(0, 1).is_some() && world.peer(1, 0).is_some());
        world
    }

    /// The handle of an active peer.
    pub fn peer(&mut self, host: usize, other: usize) -> Option<Peer> {
        let id = self.hosts[other].keys.id();
        let node = &mut self.hosts[host].node;
        node.peer(&id).filter(|peer| node.peer_state(*peer) == Ok(PeerState::Active))
    }

    /// Does what a host owes: its jobs, its datagrams, its events.
    pub fn collect(&mut self, host: usize) {
        let now = self.now;
        let Host { node, keys, address } = &mut self.hosts[host];
        node.run_jobs(keys, now);
        let mut out = [0; MAX_TRANSMIT];
        let mut sent = Vec::new();
        while let Some(transmit) = node.poll_transmit(&mut out) {
            for (path, datagram) in transmit.datagrams(&out) {
                sent.push((path.remote, datagram.to_vec()));
            }
            assert!(sent.len() < 10_000, "a node sends without end at one instant");
        }
        while node.poll_event().is_some() {}
        while node.poll_message().is_some() {}
        while node.poll_broadcast().is_some() {}
        let from = *address;
        for (remote, bytes) in sent {
            if let Some(to) = self.hosts.iter().position(|host| host.address == remote) {
                self.wire.push_back(Packet { to, from, bytes });
            }
        }
    }

    /// Hands a datagram to a node; what it refuses it refuses.
    pub fn hand(&mut self, to: usize, from: SocketAddr, bytes: &mut [u8]) {
        let now = self.now;
        let _ = self.hosts[to].node.handle_datagram(path_to(from), bytes, now);
        self.collect(to);
    }

    /// The next datagram arrives.
    pub fn deliver(&mut self) -> bool {
        let Some(mut packet) = self.wire.pop_front() else { return false };
        self.hand(packet.to, packet.from, &mut packet.bytes);
        true
    }

    /// All that is owed and under way arrives; that has an end.
    pub fn settle(&mut self) {
        for host in 0..self.hosts.len() {
            self.collect(host);
        }
        for _ in 0..10_000 {
            if !self.deliver() {
                return;
            }
        }
        panic!("nodes answer each other without end");
    }

    /// Time passes, timer by timer; what is sent meanwhile lies on the wire.
    pub fn wait(&mut self, span: Duration) {
        self.pass(span, |_| {});
    }

    /// Time passes, and whatever is sent arrives at once.
    pub fn run(&mut self, span: Duration) {
        self.settle();
        self.pass(span, Self::settle);
    }

    fn pass(&mut self, span: Duration, mut after_each: impl FnMut(&mut Self)) {
        let end = self.now + span;
        for _ in 0..10_000 {
            let next = |host: &Host| host.node.poll_timeout().map(|deadline| deadline.at);
            let due = self.hosts.iter().filter_map(next).min().filter(|at| *at <= end);
            let Some(at) = due else {
                self.now = end;
                return;
            };
            self.now = self.now.max(at);
            for host in 0..self.hosts.len() {
                let now = self.now;
                if next(&self.hosts[host]).is_some_and(|at| at <= now) {
                    self.hosts[host].node.handle_timeout(now);
                    self.collect(host);
                }
            }
            after_each(self);
        }
        panic!("timers are due without end");
    }
}

/// The parts of an input: a byte, two with a length, and so much content or as much as there is.
pub fn parts(mut input: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let ([first, low, high], rest) = input.split_first_chunk()?;
        let len = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (part, after) = rest.split_at(len);
        input = after;
        Some((*first, part))
    })
}

/// The other way round.
pub fn join<'p>(parts: impl IntoIterator<Item = (u8, &'p [u8])>) -> Vec<u8> {
    let mut input = Vec::new();
    for (first, part) in parts {
        input.push(first);
        input.extend((part.len() as u16).to_le_bytes());
        input.extend(part);
    }
    input
}

/// Plays all of a recording.
pub fn play(recording: &[u8]) {
    if let Ok(mut player) = underpass_core::Player::new(recording, Board::EMPTY) {
        while let Ok(Some(_)) = player.step() {}
    }
}

/// What was saved makes a node, or says why not; a node that was made saves the same again.
pub fn restore(saved: &[u8]) {
    let (keys, now) = (keys(0), Instant::ORIGIN);
    let node = Node::restore(config(), keys.id(), [9; 32], Board::EMPTY, saved, now);
    let Ok(node) = node else { return };
    let mut out = vec![0; Board::CAPACITY.saved_len_max()];
    let len = node.save(&mut out).expect("there is room");
    Node::restore(config(), keys.id(), [9; 32], Board::EMPTY, &out[..len], now)
        .expect("what was just saved can be restored");
}
