//! Every reason for which a datagram is refused, each reached on purpose.

use std::collections::BTreeSet;

use underpass_core::inspect::{self, Scripted};
use underpass_core::{Access, Dropped, Duration, Event, Network, Whom};

use crate::net::{A, B, Board, Host, Net, Packet, address, network, path_to};

/// A scene that ends with the refusal of a datagram for this reason.
type Scene = fn() -> Dropped;

const SCENES: &[(Dropped, Scene)] = &[
    (Dropped::BadLength, || refused_by_a(&[1, 1, 0, 0])),
    (Dropped::UnknownKind, || refused_by_a(&[99; 192])),
    (Dropped::UnsupportedVersion, || altered_hello(1, 2)),
    (Dropped::ReservedBits, || altered_hello(2, 1)),
    (Dropped::WrongMac1, || altered_hello(9, 0)),
    (Dropped::HandshakeUnauthentic, forged_hello),
    (Dropped::WeakKey, weak_hello),
    (Dropped::OwnIdentity, own_hello),
    (Dropped::HandshakeInProgress, hello_during_its_jobs),
    (Dropped::ReplayedHello, hello_after_its_session),
    (Dropped::CookieRequired, || third_hello(false)),
    (Dropped::NotAllowed, stranger_to_a_closed_node),
    (Dropped::HandshakesFull, || third_hello(true)),
    (Dropped::PeersFull, more_peers_than_room),
    (Dropped::SimultaneousOpen, hello_to_the_smaller),
    (Dropped::UnexpectedWelcome, welcome_twice),
    (Dropped::UnexpectedConfirm, confirm_twice),
    (Dropped::UnexpectedCookie, cookie_after_the_welcome),
    (Dropped::HintIgnored, || refused_by_a(&hint(1, 1))),
    (Dropped::UnknownSession, after_a_restart),
    (Dropped::WrongEpoch, || altered_ping(1, 100)),
    (Dropped::Replayed, || altered_ping(0, 16)),
    (Dropped::TooOld, late_by_a_window),
    (Dropped::Unauthentic, || altered_ping(20, 0)),
    (Dropped::UnexpectedPong, pong_from_elsewhere),
    (Dropped::OtherChannel, message_on_a_session_of_before),
    (Dropped::MessagesFull, message_to_a_full_receiver),
    // The rest takes a peer of a later version, or a hostile one: see the tests of `receive.rs`,
    // `punch/` and gossip.
];

#[test]
fn every_reason_is_reached_and_counted() {
    for (reason, scene) in SCENES {
        assert_eq!(scene(), *reason);
    }
    let reached: BTreeSet<_> = SCENES.iter().map(|(reason, _)| reason.name()).collect();
    let missing: Vec<_> = Dropped::ALL.iter().filter(|r| !reached.contains(r.name())).collect();
    let others = [
        Dropped::UnknownMessage,
        Dropped::UnknownCircuit,
        Dropped::RelayLimited,
        Dropped::NestedRelay,
        Dropped::PunchIgnored,
        Dropped::PunchesFull,
        Dropped::UnexpectedPunchAck,
        Dropped::BeyondWindow,
        Dropped::FragmentMismatch,
        Dropped::GossipIgnored,
        Dropped::GossipLimited,
        Dropped::UnexpectedAck,
    ];
    assert_eq!(missing, others.each_ref());
}

/// Hands a datagram to a host and returns the one reason that its counters then name.
fn refused(net: &mut Net, packet: Packet) -> Dropped {
    let at = net.hosts.iter().position(|host| host.address == packet.to).expect("a host");
    let before = net.hosts[at].node.counters().clone();
    let _ = net.handle(packet);
    let after = net.hosts[at].node.counters();
    let counted = |reason: &&Dropped| after.dropped(**reason) > before.dropped(**reason);
    *Dropped::ALL.iter().find(counted).expect("it was refused")
}

fn refused_by_a(bytes: &[u8]) -> Dropped {
    let mut net = Net::new(1);
    let packet = Packet { from: address(7), to: address(A), bytes: bytes.to_vec() };
    refused(&mut net, packet)
}

/// A network in which A's `Hello` to B is on the wire.
fn hello() -> (Net, Packet) {
    let mut net = Net::new(2);
    net.connect(A, B);
    let hello = net.wire.pop().expect("it is sent at once");
    (net, hello)
}

fn altered_hello(at: usize, value: u8) -> Dropped {
    let (mut net, mut hello) = hello();
    hello.bytes[at] = if hello.bytes[at] == value { value + 1 } else { value };
    refused(&mut net, hello)
}

/// `mac1` holds off strangers only; in an open network everybody can make one.
fn resign(packet: &mut Packet, net: &Net, network: &Network) {
    let key = net.hosts[B].id().agreement_key();
    let mac1 = inspect::mac1(&inspect::mac1_key(network, Some(&key)), &packet.bytes[..160]);
    packet.bytes[160..176].copy_from_slice(&mac1);
}

fn forged_hello() -> Dropped {
    let (mut net, mut hello) = hello();
    hello.bytes[100] ^= 1;
    resign(&mut hello, &net, &network());
    refused(&mut net, hello)
}

fn weak_hello() -> Dropped {
    let (mut net, mut hello) = hello();
    hello.bytes[8..40].fill(0);
    resign(&mut hello, &net, &network());
    refused(&mut net, hello)
}

/// Two machines with one key: B's key calls B.
fn own_hello() -> Dropped {
    let mut net = Net::new(3);
    net.hosts[A] = Host::new(B, network(), 77, net.now);
    net.hosts[A].address = address(A);
    let (id, path, now) = (net.hosts[B].id(), path_to(address(B)), net.now);
    assert!(net.hosts[A].node.connect(id, path, now).is_err(), "not by the front door");
    let keys = [&net.hosts[A].keys; 2];
    let call =
        Scripted { network: &network(), keys, ephemerals: [[1; 32], [2; 32]], indices: [1, 2] };
    let bytes = call.hello().to_vec();
    refused(&mut net, Packet { from: address(A), to: address(B), bytes })
}

fn hello_during_its_jobs() -> Dropped {
    let (mut net, hello) = hello();
    let path = path_to(hello.from);
    let mut first = hello.bytes.clone();
    assert!(net.hosts[B].node.handle_datagram(path, &mut first, net.now).is_ok());
    refused(&mut net, hello)
}

/// B has two strangers' handshakes under way when a third calls, with a cookie or without.
fn third_hello(with_cookie: bool) -> Dropped {
    let mut net = Net::new(5);
    for stranger in 2..4 {
        net.connect(stranger, B);
        let hello = net.wire.pop().unwrap();
        net.handle(hello).unwrap();
        net.wire.clear();
    }
    net.connect(4, B);
    let hello = net.wire.pop().unwrap();
    if !with_cookie {
        return refused(&mut net, hello);
    }
    let _ = net.handle(hello);
    let cookie = net.wire.pop().unwrap();
    net.handle(cookie).unwrap();
    let hello = net.wire.pop().unwrap();
    refused(&mut net, hello)
}

fn hello_after_its_session() -> Dropped {
    let (mut net, hello) = hello();
    net.wire.push(hello.clone());
    net.settle();
    refused(&mut net, hello)
}

fn stranger_to_a_closed_node() -> Dropped {
    let (mut net, hello) = hello();
    let access = Access { answers: Whom::Listed, ..Access::DEFAULT };
    net.hosts[B].node.set_access(access, net.now);
    refused(&mut net, hello)
}

fn confirm_twice() -> Dropped {
    let mut net = Net::new(2);
    net.connect_address(A, B);
    let hello = net.wire.pop().unwrap();
    net.handle(hello).unwrap();
    let welcome = net.wire.pop().unwrap();
    net.handle(welcome).unwrap();
    let confirm = net.wire.remove(0);
    net.handle(confirm.clone()).unwrap();
    refused(&mut net, confirm)
}

fn cookie_after_the_welcome() -> Dropped {
    let mut net = Net::connected();
    let mut cookie = vec![0; 56];
    cookie[..2].copy_from_slice(&[6, 1]);
    let cookie = Packet { from: address(A), to: address(B), bytes: std::mem::take(&mut cookie) };
    refused(&mut net, cookie)
}

fn hint(receiver: u32, counter: u64) -> Vec<u8> {
    let mut hint = vec![7, 1, 0, 0];
    hint.extend(receiver.to_le_bytes());
    hint.extend(counter.to_le_bytes());
    hint
}

fn more_peers_than_room() -> Dropped {
    let mut net = Net::new(6);
    for peer in 2..6 {
        net.connect(peer, B);
        net.settle();
    }
    net.connect(A, B);
    let hello = net.wire.pop().unwrap();
    net.handle(hello).unwrap();
    let welcome = net.wire.pop().unwrap();
    net.handle(welcome).unwrap();
    let ping = net.wire.pop().unwrap();
    refused(&mut net, ping)
}

fn hello_to_the_smaller() -> Dropped {
    let mut net = Net::new(2);
    net.connect(A, B);
    net.connect(B, A);
    let from_b = net.wire.pop().unwrap();
    refused(&mut net, from_b)
}

fn welcome_twice() -> Dropped {
    let (mut net, hello) = hello();
    net.handle(hello).unwrap();
    let welcome = net.wire.pop().unwrap();
    net.handle(welcome.clone()).unwrap();
    refused(&mut net, welcome)
}

/// The first ping of A to B on a session that both hold.
fn ping() -> (Net, Packet) {
    let mut net = Net::connected();
    let mut pings = Vec::new();
    net.run(Duration::from_secs(11), |packet| {
        pings.push(packet.clone());
        packet.from != address(A)
    });
    let ping = pings.into_iter().find(|packet| packet.from == address(A)).expect("A pings");
    (net, ping)
}

fn altered_ping(at: usize, value: u8) -> Dropped {
    let (mut net, mut ping) = ping();
    if (at, value) == (0, 16) {
        net.handle(ping.clone()).unwrap();
    } else {
        ping.bytes[at] = if ping.bytes[at] == value { value + 1 } else { value };
    }
    refused(&mut net, ping)
}

fn after_a_restart() -> Dropped {
    let (mut net, ping) = ping();
    net.restart(B, 60);
    refused(&mut net, ping)
}

fn late_by_a_window() -> Dropped {
    let (mut net, ping) = ping();
    let peer = net.peer(A, B).unwrap();
    for _ in 0..Board::CAPACITY.window_bits {
        let sent = net.hosts[A].seal(peer, b"on we go").unwrap();
        net.handle(sent).unwrap();
    }
    refused(&mut net, ping)
}

/// A genuine answer, but by another path than the question: it proves nothing of either.
fn pong_from_elsewhere() -> Dropped {
    let (mut net, ping) = ping();
    net.wire.clear();
    net.handle(ping).unwrap();
    let mut pong = net.wire.pop().unwrap();
    pong.from = address(9);
    refused(&mut net, pong)
}

/// B has a message under way when A forgets it and calls anew.
fn message_on_a_session_of_before() -> Dropped {
    let mut net = Net::connected();
    net.send(A, B, b"late").unwrap();
    let message = net.wire.pop().unwrap();
    let peer = net.peer(A, B).unwrap();
    net.hosts[A].node.close(peer, net.now).unwrap();
    net.connect(A, B);
    net.settle();
    refused(&mut net, message)
}

fn message_to_a_full_receiver() -> Dropped {
    let mut net = Net::connected();
    net.hosts[B].reads = false;
    net.send(A, B, &[0; 5 * 1120]).unwrap();
    net.run_for(Duration::from_secs(1));
    net.send(A, B, &[0; 5 * 1120]).unwrap();
    let first = net.wire.remove(0);
    refused(&mut net, first)
}

#[test]
fn a_refused_datagram_leaves_the_session_working() {
    let (mut net, ping) = ping();
    for bit in 0..ping.bytes.len() * 8 {
        let mut tampered = ping.clone();
        tampered.bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(net.handle(tampered).is_err(), "bit {bit}");
    }
    assert!(net.handle(ping).is_ok());
    assert!(!net.hosts[B].events.iter().any(|event| matches!(event, Event::Disconnected(_))));
}
