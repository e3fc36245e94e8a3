//! Who knows whom.

use std::net::SocketAddr;

use underpass_core::{Config, Counter, Dropped, Duration, Gossip, Keys, PeerState, Socket};

use super::{host, knows, net_of};
use crate::net::{Net, Packet, network};

const OPEN: Gossip = Gossip::DISCOVERABLE;

/// The first knows the second, the second the third, and so on.
fn chain(count: usize) -> Net {
    let mut net = net_of(&vec![OPEN; count]);
    for host in 1..count {
        net.connect(host - 1, host);
    }
    net
}

#[test]
fn in_a_chain_of_three_all_know_all_and_the_ends_talk() {
    let mut net = chain(3);
    net.run_for(Duration::from_secs(5));
    for of in 0..3 {
        for other in (0..3).filter(|other| *other != of) {
            assert!(knows(&net, of, other).is_some(), "{of} does not know {other}");
        }
    }
    let (id, now) = (net.hosts[2].id(), net.now);
    net.hosts[0].node.connect(id, None, now).unwrap();
    net.collect(0);
    net.run_for(Duration::from_secs(1));
    assert!(net.is_active(0, 2) && net.is_active(2, 0));
}

#[test]
fn whoever_takes_no_part_is_told_nothing_and_tells_nothing() {
    let mut net = net_of(&[OPEN, Gossip::OFF, OPEN]);
    net.connect(0, 1);
    net.connect(1, 2);
    net.run_for(Duration::from_secs(200));
    assert!(net.is_active(0, 1) && net.is_active(1, 2));
    assert!(knows(&net, 0, 2).is_none() && knows(&net, 2, 0).is_none());
    for of in 0..3 {
        assert_eq!(net.hosts[of].node.counters().done(Counter::GossipSent), 0);
    }
}

#[test]
fn twelve_in_a_chain_find_each_other() {
    let mut net = chain(12);
    net.run_for(Duration::from_secs(600));
    for of in 0..12 {
        let known = net.hosts[of].node.known_peers().count();
        assert!(known >= 8, "{of} knows {known}");
        assert!(!net.hosts[of].node.neighbours().is_empty());
    }
}

#[test]
fn a_rebooted_node_with_sequence_zero_goes_above_what_its_peers_hold() {
    let mut net = chain(3);
    net.run_for(Duration::from_secs(5));
    // Its records are renewed a few times.
    net.run_for(Duration::from_secs(3 * 3600));
    let before = knows(&net, 2, 0).expect("it is known").sequence;
    assert!(before > 2);
    net.hosts[0] = host(0, OPEN, 77, &net);
    net.connect(0, 1);
    net.run_for(Duration::from_secs(130));
    for of in 1..3 {
        let after = knows(&net, of, 0).expect("it is known").sequence;
        assert!(after > before, "{of} holds {after}, not above {before}");
        assert_eq!(after, net.hosts[0].node.record_sequence());
    }
}

#[test]
fn whoever_is_gone_is_forgotten_after_two_hours_and_not_before() {
    let mut net = chain(3);
    net.run_for(Duration::from_secs(5));
    let gone = net.hosts[0].address;
    net.run(Duration::from_secs(5000), |packet| packet.from != gone && packet.to != gone);
    assert!(knows(&net, 2, 0).is_some());
    net.run(Duration::from_secs(2400), |packet| packet.from != gone && packet.to != gone);
    assert!(knows(&net, 1, 0).is_none() && knows(&net, 2, 0).is_none());
    assert!(knows(&net, 1, 2).is_some() && knows(&net, 2, 1).is_some());
}

#[test]
fn the_one_in_the_middle_dies_and_the_others_go_on() {
    let mut net = chain(3);
    net.run_for(Duration::from_secs(10));
    let dead = net.hosts[1].address;
    net.run(Duration::from_secs(300), |packet| packet.from != dead && packet.to != dead);
    assert!(net.is_active(0, 2) && net.is_active(2, 0));
    assert_eq!(net.hosts[0].node.neighbours().len(), 1);
}

#[test]
fn two_halves_that_had_lost_each_other_become_one() {
    let mut net = chain(6);
    net.run_for(Duration::from_secs(300));
    let left: Vec<_> = (0..3).map(|host| net.hosts[host].address).collect();
    let is_cut = move |packet: &Packet| left.contains(&packet.from) == left.contains(&packet.to);
    net.run(Duration::from_secs(3600), is_cut);
    for of in 0..3 {
        for other in 3..6 {
            assert!(!net.is_active(of, other));
            assert!(knows(&net, of, other).is_some(), "{of} has forgotten {other}");
        }
    }
    net.run_for(Duration::from_secs(200));
    let across = |net: &mut Net| (0..3).any(|of| (3..6).any(|other| net.is_active(of, other)));
    assert!(across(&mut net));
    let (now, id) = (net.now, net.hosts[5].id());
    net.hosts[0].node.connect(id, None, now).unwrap();
    net.collect(0);
    net.run_for(Duration::from_secs(5));
    assert_eq!(net.state(0, 5), PeerState::Active);
}

#[test]
fn what_a_node_saved_it_knows_again() {
    let mut net = chain(3);
    net.run_for(Duration::from_secs(5));
    let mut saved = vec![0; crate::net::Board::CAPACITY.saved_len_max()];
    let len = net.hosts[1].node.save(&mut saved).unwrap();
    let sequence = net.hosts[1].node.record_sequence();
    let config = Config { gossip: OPEN, ..Config::new(network()) };
    let id = net.hosts[1].id();
    let node = underpass_core::Node::restore(
        config,
        id,
        [9; 32],
        crate::net::Board::EMPTY,
        &saved[..len],
        net.now,
    )
    .unwrap();
    assert_eq!(node.known_peers().count(), 2);
    assert!(node.record_sequence() > sequence);
}

/// A stranger's keys sign in place of its own: what it says of itself is forged, though its sessions are
/// sound.
struct Forger(underpass_core::SecretIdentity, underpass_core::SecretIdentity);

impl Keys for Forger {
    fn agree(&self, public: &[u8; 32]) -> [u8; 32] {
        self.0.agree(public)
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.1.sign(message)
    }
}

#[test]
fn a_forged_record_is_not_believed_and_its_teller_not_listened_to() {
    let mut net = net_of(&[OPEN, OPEN]);
    let forger = Forger(crate::net::identity(0), crate::net::identity(5));
    let now = net.now;
    net.hosts[0].node.run_jobs(&forger, now);
    net.connect(0, 1);
    net.run_for(Duration::from_secs(130));
    assert!(net.is_active(1, 0));
    assert!(knows(&net, 1, 0).is_none());
    let counters = net.hosts[1].node.counters();
    assert_eq!(counters.done(Counter::BadSignatures), 1);
    assert!(counters.dropped(Dropped::GossipIgnored) > 0);
}

#[test]
fn whoever_has_answered_once_cannot_have_others_dial_a_victim() {
    let mut net = net_of(&[OPEN, OPEN]);
    let victim: SocketAddr = "203.0.113.9:4747".parse().unwrap();
    let now = net.now;
    net.hosts[1].node.set_local_addresses(&[(Socket(0), victim)], now);
    net.connect(1, 0);
    net.run_for(Duration::from_secs(5));
    let known = knows(&net, 0, 1).expect("it is known");
    assert!(known.has_answered && known.addresses.contains(&Some(victim)));
    let gone = net.hosts[1].address;
    let mut aimed = 0;
    net.run(Duration::from_secs(3600), |packet| {
        aimed += u32::from(packet.to == victim);
        packet.from != gone && packet.to != gone
    });
    // Twice at once, then every ten minutes; of each attempt, so many Hellos.
    assert!((1..=8 * 8).contains(&aimed), "{aimed}");
}

/// Whom a host has for neighbours, by their numbers.
fn neighbours(net: &Net, of: usize) -> Vec<usize> {
    let node = &net.hosts[of].node;
    let ids = node.neighbours().iter().map(|peer| node.peer_id(*peer).unwrap().unwrap());
    ids.map(|id| net.hosts.iter().position(|host| host.id() == id).unwrap()).collect()
}

#[test]
fn whoever_is_refused_is_told_of_others() {
    // The one in the middle takes nobody that it has not chosen.
    let mut net = net_of(&[Gossip::SILENT, OPEN, OPEN]);
    net.connect(0, 1);
    net.run_for(Duration::from_secs(10));
    net.connect(2, 0);
    let ends = [net.hosts[1].address, net.hosts[2].address];
    let is_between = |packet: &Packet| ends.contains(&packet.from) && ends.contains(&packet.to);
    net.run(Duration::from_secs(10), |packet| !is_between(packet));
    assert!(knows(&net, 2, 1).is_some());
}

#[test]
fn whoever_is_a_neighbour_on_one_side_only_is_none_soon() {
    let mut net = chain(2);
    net.run_for(Duration::from_secs(30));
    assert_eq!((neighbours(&net, 0), neighbours(&net, 1)), (vec![1], vec![0]));
    let now = net.now;
    net.hosts[1].node.set_gossip(Gossip::OFF, now);
    net.collect(1);
    // What it says of that is lost.
    net.wire.clear();
    assert_eq!((neighbours(&net, 0), neighbours(&net, 1)), (vec![1], vec![]));
    net.hosts[1].node.set_gossip(Gossip::SILENT, now);
    net.run_for(Duration::from_secs(80));
    assert_eq!(neighbours(&net, 0), []);
}
