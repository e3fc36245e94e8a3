//! Recordings, and what is wrong with some. That a recording plays as the node did is checked for
//! every node of every test, when it is dropped.

use std::net::SocketAddrV6;

use proptest::prelude::*;
use underpass_core::{Config, Duration, PlayError, Player, Recorder};

use crate::net::{A, B, Board, Net, Recording, cases, network, path_to};

/// Of a node that was called, called somebody, and said what it had to say.
fn recording() -> Vec<u8> {
    let mut net = Net::new(3);
    net.connect(A, B);
    net.connect_address(2, A);
    net.settle();
    net.run_for(Duration::from_secs(130));
    net.hosts[A].node.log().expect("it is recorded").0.clone()
}

fn play(recording: &[u8]) -> Result<[u8; 32], PlayError> {
    Player::new(recording, Board::EMPTY)?.finish()
}

#[test]
fn a_recording_says_which_storage_it_takes() {
    underpass_core::storage! {
        struct Other {
            peers: 5, handshakes: 4, window_bits: 256,
            messages: 16, message_window: 32, buffer: 8192, circuits: 0, punches: 1, records: 16, rumours: 2,
        }
    }
    let recording = recording();
    assert_eq!(Player::<Board>::capacity(&recording), Ok(Board::CAPACITY));
    assert_eq!(Player::new(&recording, Other::EMPTY).err(), Some(PlayError::OtherCapacity));
}

#[test]
fn steps_tell_what_was_called_and_when() {
    let recording = recording();
    let mut player = Player::new(&recording, Board::EMPTY).expect("it begins well");
    let first = player.step().expect("it plays").expect("there is a call");
    assert_eq!((first.number, first.call), (0, "connect"));
    let mut last = first;
    while let Some(played) = player.step().expect("it plays") {
        assert_eq!(played.number, last.number + 1);
        assert!(played.now >= last.now);
        last = played;
    }
    assert!(last.now.saturating_since(first.now) >= Duration::from_secs(120));
}

#[test]
fn a_recording_that_breaks_off_plays_up_to_there() {
    let whole = recording();
    let cut = &whole[..whole.len() - 3];
    assert!(matches!(play(cut), Err(PlayError::Damaged { calls }) if calls > 100));
    assert_eq!(play(&[]), Err(PlayError::Damaged { calls: 0 }));
    assert_eq!(play(&[99]), Err(PlayError::Version));
}

#[test]
fn the_first_call_that_comes_out_differently_is_named() {
    let mut recording = recording();
    // The end of what the last call came to.
    let at = recording.len() - 1;
    recording[at] ^= 1;
    let mut player = Player::new(&recording, Board::EMPTY).expect("it begins well");
    let mut calls = 0;
    let error = loop {
        match player.step() {
            Ok(played) => calls += u64::from(played.is_some()),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, PlayError::Differs { number, .. } if number == calls), "{error}");
}

#[test]
fn without_a_log_nothing_is_recorded() {
    let mut net = Net::new(1);
    let (id, config) = (net.hosts[A].id(), Config::new(network()));
    let node = Recorder::new(config, id, [1; 32], Board::EMPTY, net.now, None::<Recording>);
    let mut node = node.expect("the storage is sound");
    net.now = net.now + Duration::from_secs(1);
    node.handle_timeout(net.now);
    assert!(node.log().is_none() && node.digest().is_none());
}

#[test]
fn link_local_addresses_are_recorded_with_their_scope() {
    let mut net = Net::new(1);
    for scope in [2, 3] {
        let ip = "fe80::1".parse().expect("an address");
        let remote = SocketAddrV6::new(ip, 4747, 0, scope).into();
        let now = net.now;
        let peer = net.hosts[A].node.connect_address(path_to(remote), now);
        assert!(peer.is_ok());
        net.collect(A);
    }
    assert_eq!(net.wire.len(), 2, "two peers, which the recording tells apart when it is played");
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_changed_byte_never_makes_the_player_panic(at: prop::sample::Index, value: u8) {
        let mut recording = recording();
        let at = at.index(recording.len());
        recording[at] = value;
        let _ = play(&recording);
    }
}
