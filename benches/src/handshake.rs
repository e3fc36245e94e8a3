//! A whole handshake, side by side, and the scalar multiplications that it consists of.

use std::hint::black_box;
use std::time::Duration;

use underpass_core::{Instant, MAX_TRANSMIT, Peer, PeerState};
use x25519_dalek::{PublicKey, StaticSecret, x25519};

use crate::member::Member;

underpass_core::storage! {
    /// As small as a board's.
    pub struct Board {
        peers: 8, handshakes: 4, window_bits: 256,
        messages: 16, message_window: 32, buffer: 4096, circuits: 0, punches: 1, records: 16, rumours: 2,
    }
}

impl Member<Board> {
    fn call(&mut self, other: &Self, knowing: Knowing) -> Peer {
        let peer = match knowing {
            Knowing::TheKey => self.node.connect(other.keys.id(), other.path(), Instant::ORIGIN),
            Knowing::AnAddress => self.node.connect_address(other.path(), Instant::ORIGIN),
        };
        self.run_jobs(Instant::ORIGIN);
        peer.expect("there is room")
    }

    /// Moves everything that this one has to say to the other, each on its own time; `false` if
    /// there was nothing.
    fn talk_to(
        &mut self,
        other: &mut Self,
        buffer: &mut [u8; MAX_TRANSMIT],
        [own_time, other_time]: [&mut Duration; 2],
    ) -> bool {
        let mut talked = false;
        while let Some(sent) = timed(own_time, || self.node.poll_transmit(buffer)) {
            talked = true;
            timed(other_time, || {
                for (_, range) in sent.ranges() {
                    let received = other.take(self.path(), &mut buffer[range], Instant::ORIGIN);
                    received.expect("nothing is refused between these two");
                }
            });
        }
        talked
    }
}

/// What the initiator knows beforehand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Knowing {
    /// The responder's key: IK.
    TheKey,
    /// Its address: XX.
    AnAddress,
}

fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = std::time::Instant::now();
    let result = work();
    *total += start.elapsed();
    result
}

/// Two members, the first of which has called the second, both active.
///
/// # Panics
/// If they cannot connect, which would be a defect of the protocol.
pub fn connect(one: Board, other: Board) -> (Member<Board>, Member<Board>, Peer) {
    let (mut a, mut b) = (Member::new(1, one), Member::new(2, other));
    let peer = a.call(&b, Knowing::TheKey);
    settle(&mut a, &mut b);
    assert_eq!(a.node.peer_state(peer), Ok(PeerState::Active));
    (a, b, peer)
}

/// Lets two members talk until neither has more to say; how long each took.
fn settle(a: &mut Member<Board>, b: &mut Member<Board>) -> [Duration; 2] {
    let mut buffer = [0; MAX_TRANSMIT];
    let [mut a_time, mut b_time] = [Duration::ZERO; 2];
    while a.talk_to(b, &mut buffer, [&mut a_time, &mut b_time])
        | b.talk_to(a, &mut buffer, [&mut b_time, &mut a_time])
    {}
    [a_time, b_time]
}

/// Two members who meet again and again.
pub struct Meeting {
    a: Member<Board>,
    b: Member<Board>,
}

impl Meeting {
    /// Before the first time.
    #[expect(clippy::new_without_default, reason = "nothing about two nodes is a default")]
    pub fn new() -> Self {
        Self { a: Member::new(1, Board::EMPTY), b: Member::new(2, Board::EMPTY) }
    }

    /// From nothing to a session that both have confirmed: the handshake, and a `Ping` and `Pong`
    /// each way. Returns the time that the initiator took, and that the responder took.
    ///
    /// # Panics
    /// If they cannot connect, which would be a defect of the protocol.
    pub fn meet(&mut self, knowing: Knowing) -> [Duration; 2] {
        let Self { a, b } = self;
        let mut calling = Duration::ZERO;
        let peer = timed(&mut calling, || a.call(b, knowing));
        let [initiator, responder] = settle(a, b);
        assert_eq!(a.node.peer_state(peer), Ok(PeerState::Active));
        a.node.close(peer, Instant::ORIGIN).expect("it is there");
        let back = b.node.peer(&a.keys.id()).expect("it is there");
        b.node.close(back, Instant::ORIGIN).expect("it is there");
        [calling + initiator, responder]
    }
}

/// What one side of a handshake cannot do without: an ephemeral public key and, for `es`, `ee`,
/// `se` and in IK `ss`, an agreement each.
pub fn bare_side(knowing: Knowing) {
    black_box(PublicKey::from(&StaticSecret::from(black_box([3; 32]))));
    let agreements = match knowing {
        Knowing::TheKey => 4,
        Knowing::AnAddress => 3,
    };
    for _ in 0..agreements {
        black_box(x25519(black_box([4; 32]), black_box([9; 32])));
    }
}
