//! A whole handshake, both sides, and the scalar multiplications that it consists of.

use std::hint::black_box;
use std::net::SocketAddr;

use underpass_core::{
    Config, Instant, MAX_DATAGRAM, Network, Node, Path, Peer, PeerState, SecretIdentity, Socket,
};
use x25519_dalek::{PublicKey, StaticSecret, x25519};

underpass_core::storage! {
    /// As small as a board's.
    pub struct Board {
        peers: 8, handshakes: 4, window_bits: 256,
        messages: 16, message_window: 32, buffer: 4096,
    }
}

/// A node with its keys and its address.
pub struct Member {
    /// The node.
    pub node: Node<Board>,
    /// Its keys.
    pub keys: SecretIdentity,
    /// Where it is.
    pub address: SocketAddr,
}

impl Member {
    fn new(number: u8, storage: Board) -> Self {
        let mut draw = number;
        let identity = SecretIdentity::generate(|| {
            draw = draw.wrapping_add(2);
            [draw; 32]
        });
        let (keys, _) = identity.expect("every other one is usable");
        let config = Config::new(Network::closed("bench", [5; 32]));
        let node = Node::new(config, keys.id(), [number; 32], storage, Instant::ORIGIN);
        let address = SocketAddr::from(([192, 0, 2, number], 4747));
        Self { node: node.expect("the storage is sound"), keys, address }
    }

    fn call(&mut self, other: &Self) -> Peer {
        let path = Path { socket: Socket(0), remote: other.address };
        let peer = self.node.connect(other.keys.id(), path, Instant::ORIGIN);
        self.node.run_jobs(&self.keys, Instant::ORIGIN);
        peer.expect("there is room")
    }

    /// Moves everything that this one has to say to the other; `false` if there was nothing.
    fn talk_to(&mut self, other: &mut Self, buffer: &mut [u8; MAX_DATAGRAM]) -> bool {
        let mut talked = false;
        let path = Path { socket: Socket(0), remote: self.address };
        while let Some(sent) = self.node.poll_transmit(buffer) {
            talked = true;
            let received =
                other.node.handle_datagram(path, &mut buffer[..sent.len], Instant::ORIGIN);
            received.expect("nothing is refused between these two");
            other.node.run_jobs(&other.keys, Instant::ORIGIN);
        }
        talked
    }
}

/// Two members, the first of which has called the second, both active.
///
/// # Panics
/// If they cannot connect, which would be a defect of the protocol.
pub fn connect(one: Board, other: Board) -> (Member, Member, Peer) {
    let (mut a, mut b) = (Member::new(1, one), Member::new(2, other));
    let peer = a.call(&b);
    let mut buffer = [0; MAX_DATAGRAM];
    while a.talk_to(&mut b, &mut buffer) | b.talk_to(&mut a, &mut buffer) {}
    assert_eq!(a.node.peer_state(peer), Ok(PeerState::Active));
    (a, b, peer)
}

/// Two members who meet again and again.
pub struct Meeting {
    a: Member,
    b: Member,
}

impl Meeting {
    /// Before the first time.
    #[expect(clippy::new_without_default, reason = "nothing about two nodes is a default")]
    pub fn new() -> Self {
        Self { a: Member::new(1, Board::EMPTY), b: Member::new(2, Board::EMPTY) }
    }

    /// From nothing to a session that both have confirmed: `Hello`, `Welcome`, and a `Ping` and
    /// `Pong` each way.
    ///
    /// # Panics
    /// If they cannot connect, which would be a defect of the protocol.
    pub fn meet(&mut self) {
        let Self { a, b } = self;
        let peer = a.call(b);
        let mut buffer = [0; MAX_DATAGRAM];
        while a.talk_to(b, &mut buffer) | b.talk_to(a, &mut buffer) {}
        assert_eq!(a.node.peer_state(peer), Ok(PeerState::Active));
        a.node.close(peer, Instant::ORIGIN).expect("it is there");
        let back = b.node.peer(&a.keys.id()).expect("it is there");
        b.node.close(back, Instant::ORIGIN).expect("it is there");
    }
}

/// What both sides of a handshake cannot do without: each an ephemeral public key and four
/// agreements.
pub fn bare_operations() {
    for _ in 0..2 {
        black_box(PublicKey::from(&StaticSecret::from(black_box([3; 32]))));
        for _ in 0..4 {
            black_box(x25519(black_box([4; 32]), black_box([9; 32])));
        }
    }
}
