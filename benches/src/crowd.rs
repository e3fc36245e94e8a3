//! A node with many peers, which it talks to in random order: what a datagram costs when nothing of
//! its peer is in a cache.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant as WallClock};

use underpass_core::{
    Capacity, Config, Instant, MAX_DATAGRAM, Network, Node, Path, Peer, PeerState, SecretIdentity,
    Socket,
};
use underpass_sim::machine::underpass::HeapStorage;

/// Datagrams of a batch, each to or from another peer.
pub const BATCH: usize = 512;

const PAYLOAD: [u8; 64] = [7; 64];

/// A node of a host, and its peers, each as small as can be.
pub struct Crowd {
    server: Member,
    members: Vec<Member>,
    /// The server's handles of them.
    handles: Vec<Peer>,
    /// State of the generator that picks them.
    draw: u64,
    packets: Vec<[u8; MAX_DATAGRAM]>,
}

struct Member {
    node: Node<HeapStorage>,
    keys: SecretIdentity,
    address: SocketAddr,
}

impl Member {
    fn new(number: u32, capacity: Capacity) -> Self {
        let mut draw = 0u32;
        let identity = SecretIdentity::generate(|| {
            draw += 1;
            let mut seed = [9; 32];
            seed[..4].copy_from_slice(&number.to_le_bytes());
            seed[4..8].copy_from_slice(&draw.to_le_bytes());
            seed
        });
        let (keys, seed) = identity.expect("every other one is usable");
        let config = Config::new(Network::closed("bench", [5; 32]));
        let storage = HeapStorage::new(capacity);
        let node = Node::new(config, keys.id(), seed, storage, Instant::ORIGIN);
        let address = SocketAddr::from((Ipv4Addr::from(0x0a00_0000 + number), 4747));
        Self { node: node.expect("the storage is sound"), keys, address }
    }

    /// Moves everything that this one has to say to the other; `false` if there was nothing.
    fn talk_to(&mut self, other: &mut Self) -> bool {
        let mut buffer = [0; MAX_DATAGRAM];
        let mut talked = false;
        self.node.run_jobs(&self.keys, Instant::ORIGIN);
        while let Some(sent) = self.node.poll_transmit(&mut buffer) {
            talked = true;
            let datagram = &mut buffer[..sent.len];
            let received = other.node.handle_datagram(self.path(), datagram, Instant::ORIGIN);
            received.expect("nothing is refused between these two");
            other.node.run_jobs(&other.keys, Instant::ORIGIN);
        }
        talked
    }

    /// How others reach it.
    fn path(&self) -> Path {
        Path { socket: Socket(0), remote: self.address }
    }
}

impl Crowd {
    /// A node that so many have called.
    ///
    /// # Panics
    /// If they cannot connect, which would be a defect of the protocol.
    pub fn new(peers: u32) -> Self {
        let one = Capacity {
            peers: 1,
            handshakes: 2,
            window_bits: 1024,
            messages: 2,
            message_window: 32,
            buffer: 2048,
        };
        let many = Capacity {
            peers: 4096,
            handshakes: 64,
            window_bits: 1024,
            messages: 1024,
            message_window: 1024,
            buffer: 1 << 20,
        };
        let mut server = Member::new(0, many);
        let mut members: Vec<Member> = (1..=peers).map(|number| Member::new(number, one)).collect();
        for member in &mut members {
            let called = member.node.connect(server.keys.id(), server.path(), Instant::ORIGIN);
            called.expect("there is room");
            while member.talk_to(&mut server) | server.talk_to(member) {}
        }
        let handle = |member: &Member| {
            let peer = server.node.peer(&member.keys.id()).expect("it has called");
            assert_eq!(server.node.peer_state(peer), Ok(PeerState::Active));
            peer
        };
        let handles = members.iter().map(handle).collect();
        Self { server, members, handles, draw: 1, packets: vec![[0; MAX_DATAGRAM]; BATCH] }
    }

    /// A batch to peers drawn at random, and one from others: how long the server took to seal the
    /// first and to open the second.
    ///
    /// # Panics
    /// If a packet is refused.
    pub fn exchange(&mut self) -> [Duration; 2] {
        let to: Vec<usize> = (0..BATCH).map(|_| self.pick()).collect();
        let start = WallClock::now();
        for (packet, to) in self.packets.iter_mut().zip(&to) {
            let sent = self.server.node.send_datagram(self.handles[*to], &PAYLOAD, packet);
            black_box(sent.expect("they are connected").len);
        }
        let sealed = start.elapsed();
        let mut arrived = Vec::with_capacity(BATCH);
        for packet in 0..BATCH {
            let from = self.pick();
            let member = &mut self.members[from];
            let server = member.node.peer(&self.server.keys.id()).expect("it was called");
            let sent = member.node.send_datagram(server, &PAYLOAD, &mut self.packets[packet]);
            arrived.push((member.path(), sent.expect("they are connected").len));
        }
        let start = WallClock::now();
        for (packet, (path, len)) in self.packets.iter_mut().zip(arrived) {
            let received =
                self.server.node.handle_datagram(path, &mut packet[..len], Instant::ORIGIN);
            black_box(received.expect("it was just sealed"));
        }
        [sealed, start.elapsed()]
    }

    /// An xorshift generator (Marsaglia 2003): all it has to be is quick and even.
    fn pick(&mut self) -> usize {
        self.draw ^= self.draw << 13;
        self.draw ^= self.draw >> 7;
        self.draw ^= self.draw << 17;
        (self.draw % self.members.len() as u64) as usize
    }
}
