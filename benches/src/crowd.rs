//! A node with many peers, which it talks to in random order: what a datagram costs when nothing of
//! its peer is in a cache.

use std::hint::black_box;
use std::time::{Duration, Instant as WallClock};

use underpass_core::{Capacity, HeapStorage, Instant, MAX_TRANSMIT, Peer, PeerState};

use crate::member::Member;

/// Datagrams of a batch, each to or from another peer.
pub const BATCH: usize = 512;

const PAYLOAD: [u8; 64] = [7; 64];

/// A node of a host, and its peers, each as small as can be.
pub struct Crowd {
    server: Member<HeapStorage>,
    members: Vec<Member<HeapStorage>>,
    /// The server's handles of them.
    handles: Vec<Peer>,
    /// State of the generator that picks them.
    draw: u64,
    packets: Vec<[u8; MAX_TRANSMIT]>,
}

/// Moves everything that one has to say to the other; `false` if there was nothing.
fn talk(from: &mut Member<HeapStorage>, to: &mut Member<HeapStorage>) -> bool {
    let mut buffer = [0; MAX_TRANSMIT];
    let mut talked = false;
    from.run_jobs(Instant::ORIGIN);
    while let Some(sent) = from.node.poll_transmit(&mut buffer) {
        talked = true;
        for (_, range) in sent.ranges() {
            let received = to.take(from.path(), &mut buffer[range], Instant::ORIGIN);
            received.expect("nothing is refused between these two");
        }
    }
    talked
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
            circuits: 0,
            punches: 1,
            records: 0,
            rumours: 0,
        };
        let many = Capacity {
            peers: 4096,
            handshakes: 64,
            window_bits: 1024,
            messages: 1024,
            message_window: 1024,
            buffer: 1 << 20,
            circuits: 0,
            punches: 1,
            records: 0,
            rumours: 0,
        };
        let mut server = Member::new(1, HeapStorage::new(many));
        let member = |number| Member::new(number, HeapStorage::new(one));
        let mut members: Vec<_> = (2..2 + peers).map(member).collect();
        for member in &mut members {
            let called = member.node.connect(server.keys.id(), server.path(), Instant::ORIGIN);
            called.expect("there is room");
            while talk(member, &mut server) | talk(&mut server, member) {}
        }
        let handle = |member: &Member<HeapStorage>| {
            let peer = server.node.peer(&member.keys.id()).expect("it has called");
            assert_eq!(server.node.peer_state(peer), Ok(PeerState::Active));
            peer
        };
        let handles = members.iter().map(handle).collect();
        Self { server, members, handles, draw: 1, packets: vec![[0; MAX_TRANSMIT]; BATCH] }
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
            let _ = black_box(sent.expect("they are connected"));
        }
        let sealed = start.elapsed();
        let mut arrived = Vec::with_capacity(BATCH);
        for packet in 0..BATCH {
            let from = self.pick();
            let member = &mut self.members[from];
            let server = member.node.peer(&self.server.keys.id()).expect("it was called");
            let sent = member.node.send_datagram(server, &PAYLOAD, &mut self.packets[packet]);
            let place =
                sent.expect("they are connected").ranges().next().expect("it goes somewhere").1;
            arrived.push((member.path(), place));
        }
        let start = WallClock::now();
        for (packet, (path, place)) in self.packets.iter_mut().zip(arrived) {
            let received =
                self.server.node.handle_datagram(path, &mut packet[place], Instant::ORIGIN);
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
