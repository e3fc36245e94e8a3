//! What a node remembers after a restart.

use proptest::prelude::*;
use underpass_core::{Config, Dropped, Duration, Node, Outcome, Recorder, RestoreError, SaveError};

use crate::net::{A, B, Board, Host, Net, Recording, TestNode, network, path_to};

fn saved(net: &Net, host: usize) -> Vec<u8> {
    let mut out = vec![0; Board::CAPACITY.saved_len_max()];
    let len = net.hosts[host].node.save(&mut out).expect("there is room");
    out.truncate(len);
    out
}

fn restored(net: &Net, host: usize, saved: &[u8]) -> Result<TestNode, RestoreError> {
    let (id, log) = (net.hosts[host].id(), Some(Recording::default()));
    Recorder::restore(Config::new(network()), id, [99; 32], Board::EMPTY, saved, net.now, log)
}

/// The host restarts with what it saved a moment ago.
fn restart_with_memory(net: &mut Net, host: usize) {
    let saved = saved(net, host);
    net.hosts[host].node = restored(net, host, &saved).expect("it is its own");
    net.collect(host);
}

#[test]
fn a_restarted_node_calls_whom_it_had_asked_for() {
    let mut net = Net::connected();
    restart_with_memory(&mut net, A);
    net.settle();
    assert!(net.is_active(A, B));
}

#[test]
fn a_message_may_wait_for_whom_a_restarted_node_remembers() {
    let mut net = Net::connected();
    restart_with_memory(&mut net, A);
    net.wire.clear();
    let id = net.send(A, B, b"it is me again").expect("it is known");
    net.run_for(Duration::from_secs(5));
    assert_eq!(net.hosts[A].outcomes(), [(id, Outcome::Acked)]);
    assert_eq!(net.hosts[B].messages.len(), 1);
}

#[test]
fn whoever_called_it_is_remembered_and_not_called() {
    let mut net = Net::connected();
    restart_with_memory(&mut net, B);
    assert!(net.peer(B, A).is_some());
    assert!(net.wire.is_empty());
}

#[test]
fn an_address_that_was_asked_for_is_asked_again() {
    let mut net = Net::new(2);
    net.connect_address(A, B);
    net.wire.clear();
    restart_with_memory(&mut net, A);
    net.settle();
    assert!(net.is_active(A, B));
}

#[test]
fn a_hello_from_before_the_restart_is_still_known_as_a_replay() {
    let mut net = Net::new(2);
    net.connect(A, B);
    let hello = net.wire[0].clone();
    net.settle();
    restart_with_memory(&mut net, B);
    let _ = net.handle(hello);
    assert_eq!(net.hosts[B].node.counters().dropped(Dropped::ReplayedHello), 1);
}

#[test]
fn nothing_of_a_session_is_saved() {
    let mut net = Net::connected();
    let before = saved(&net, A);
    underpass_core::inspect::each_secret(&mut net.hosts[A].node, |kind, secret| {
        assert!(!before.windows(32).any(|window| window == secret), "{kind:?}");
    });
    net.run_for(Duration::from_secs(600));
    assert_eq!(saved(&net, A), before, "keys, counters and generators have moved on");
}

#[test]
fn every_length_that_is_too_short_is_refused() {
    let net = Net::connected();
    let whole = saved(&net, A);
    for len in 0..whole.len() {
        assert_eq!(net.hosts[A].node.save(&mut vec![0; len]), Err(SaveError::TooSmall), "{len}");
        assert!(restored(&net, A, &whole[..len]).is_err(), "{len}");
    }
}

#[test]
fn what_another_node_saved_is_refused() {
    let net = Net::connected();
    let theirs = saved(&net, B);
    assert_eq!(restored(&net, A, &theirs).err(), Some(RestoreError::OtherNode));
}

#[test]
fn a_smaller_storage_keeps_those_that_were_asked_for() {
    underpass_core::storage! {
        struct Single {
            peers: 1, handshakes: 2, window_bits: 128,
            messages: 8, message_window: 32, buffer: 4096, circuits: 0, punches: 1, records: 16, rumours: 2,
        }
    }
    let mut net = Net::new(3);
    net.connect(2, A);
    net.settle();
    net.connect(A, B);
    net.settle();
    let saved = saved(&net, A);
    let (id, other) = (net.hosts[A].id(), net.hosts[B].id());
    let config = Config::new(network());
    let node = Node::restore(config, id, [1; 32], Single::EMPTY, &saved, net.now);
    assert!(node.expect("what does not fit is left out").peer(&other).is_some());
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let net = Net::new(1);
        prop_assert!(restored(&net, A, &bytes).is_err());
    }

    #[test]
    fn a_changed_bit_is_noticed(at: prop::sample::Index) {
        let net = Net::connected();
        let mut bytes = saved(&net, A);
        let bit = at.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(restored(&net, A, &bytes).err(), Some(RestoreError::Damaged));
    }

    #[test]
    fn a_full_table_fits_into_the_room_that_is_said_to_be_enough(ports: [u16; 4], v6: bool) {
        let mut net = Net::new(1);
        let now = net.now;
        for (number, port) in ports.iter().enumerate() {
            let id = Host::new(number + 1, network(), 1, now).id();
            let ip = if v6 { [0xff; 16].into() } else { std::net::IpAddr::from([192, 0, 2, 1]) };
            let path = path_to(std::net::SocketAddr::new(ip, *port));
            net.hosts[A].node.connect(id, path, now).expect("there is room");
        }
        prop_assert!(restored(&net, A, &saved(&net, A)).is_ok());
    }
}
