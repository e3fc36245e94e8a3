//! Members of the network who keep to their sessions and to no other rule of gossip.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use underpass_core::inspect::{RecordDraft, signed_broadcast};
use underpass_core::{Broadcast, Counter, Duration, Gossip, SecretIdentity, Socket, Tag};

use super::{host, knows, net_of, tag};
use crate::net::{Net, Packet, identity, network, path_to};

const OPEN: Gossip = Gossip::DISCOVERABLE;
/// Who looks on, and whose tables these are about.
const VICTIM: usize = 0;
const INSIDER: usize = 1;
const HONEST: usize = 2;

fn varint(value: usize) -> Vec<u8> {
    let (low, high) = ((value & 127) as u8, value >> 7);
    if high == 0 { vec![low] } else { [vec![low | 128], varint(high)].concat() }
}

fn bytes(bytes: &[u8]) -> Vec<u8> {
    [&varint(bytes.len()), bytes].concat()
}

fn told(kind: u8, hops: u8, signed: &[u8]) -> Vec<u8> {
    [&[kind, hops, 0][..], &bytes(signed)].concat()
}

fn announcement(signed: &[u8]) -> Vec<u8> {
    told(26, 1, signed)
}

fn list(request: [u8; 8], records: &[Vec<u8>]) -> Vec<u8> {
    let items = records.iter().flat_map(|signed| [vec![0], bytes(signed)].concat());
    [&[30][..], &request, &[records.len() as u8]].concat().into_iter().chain(items).collect()
}

fn rumour(hops: u8, signed: &[u8]) -> Vec<u8> {
    [&[31, 0, hops, 0][..], &bytes(signed)].concat()
}

/// A question, as long as it must be.
fn question(mut content: Vec<u8>) -> Vec<u8> {
    let padding = 340 - content.len() - 2;
    content.extend(bytes(&vec![0; padding]));
    content
}

fn request(number: u8, hops: u8, of: Tag) -> Vec<u8> {
    let mut tag = [0; 8];
    let _ = postcard::to_slice(&of, &mut tag).unwrap();
    question([&[29][..], &[number; 8], &[hops], &tag].concat())
}

/// One of many identities of the insider.
fn sybil(number: usize) -> SecretIdentity {
    identity(100 + number)
}

fn record(keys: &SecretIdentity, sequence: u32, at: [u8; 4], tags: &[Tag]) -> Vec<u8> {
    let addresses = [SocketAddr::from((at, 4747))];
    let draft = RecordDraft { sequence, addresses: &addresses, tags, ..RecordDraft::default() };
    draft.sign(&network(), &keys.id(), keys).to_vec()
}

fn broadcast(keys: &SecretIdentity, order: (u32, u32), payload: &[u8]) -> Vec<u8> {
    let broadcast = Broadcast { origin: keys.id(), kind: 0, payload };
    signed_broadcast(&network(), keys, &broadcast, order).to_vec()
}

/// A victim, an insider and an honest node; the others know the victim.
fn trio() -> Net {
    let mut net = net_of(&[OPEN; 3]);
    net.connect(INSIDER, VICTIM);
    net.connect(HONEST, VICTIM);
    net.run_for(Duration::from_secs(10));
    net
}

/// How many records of nodes in this /24 the victim holds.
fn known_in(net: &Net, network: [u8; 3]) -> usize {
    let is_there = |address: &SocketAddr| match address.ip() {
        IpAddr::V4(ip) => ip.octets()[..3] == network,
        IpAddr::V6(_) => false,
    };
    let known = net.hosts[VICTIM].node.known_peers();
    known.filter(|known| known.addresses.iter().flatten().any(is_there)).count()
}

fn is_known(net: &Net, keys: &SecretIdentity) -> bool {
    net.hosts[VICTIM].node.known_peers().any(|known| known.id == keys.id())
}

fn hear(net: &mut Net, host: usize) -> Vec<Vec<u8>> {
    let mut heard = Vec::new();
    while let Some(broadcast) = net.hosts[host].node.poll_broadcast() {
        heard.push(broadcast.payload.to_vec());
    }
    heard
}

#[test]
fn a_broadcast_is_not_heard_again_when_it_is_forgotten() {
    let mut net = trio();
    let origin = sybil(0);
    net.say(HONEST, VICTIM, &announcement(&record(&origin, 1, [198, 51, 100, 1], &[])));
    let old = broadcast(&origin, (1, 0), b"old");
    net.say(HONEST, VICTIM, &rumour(0, &old));
    net.run_for(Duration::from_secs(1));
    assert_eq!(hear(&mut net, VICTIM), [b"old"]);
    // A board remembers 32.
    for number in 0..40 {
        net.say(INSIDER, VICTIM, &rumour(0, &broadcast(&sybil(1 + number), (1, 0), b"spam")));
        net.run_for(Duration::from_secs(2));
    }
    assert!(hear(&mut net, VICTIM).len() >= 2);
    net.say(INSIDER, VICTIM, &rumour(0, &old));
    net.run_for(Duration::from_secs(1));
    assert!(!hear(&mut net, VICTIM).contains(&b"old".to_vec()));
}

#[test]
fn of_a_talkative_origin_the_old_is_forgotten_and_not_heard_again() {
    let mut net = trio();
    let origin = sybil(0);
    let said = |number: u32| broadcast(&origin, (1, number), &number.to_le_bytes());
    for number in 0..40 {
        net.say(HONEST, VICTIM, &rumour(0, &said(number)));
        net.run_for(Duration::from_secs(8));
        assert_eq!(hear(&mut net, VICTIM), [number.to_le_bytes()]);
    }
    for number in 0..40 {
        net.say(INSIDER, VICTIM, &rumour(0, &said(number)));
        net.run_for(Duration::from_secs(8));
        assert!(hear(&mut net, VICTIM).is_empty(), "{number} was heard again");
    }
    // What comes out of order is not old.
    net.say(HONEST, VICTIM, &rumour(0, &said(42)));
    net.say(HONEST, VICTIM, &rumour(0, &said(41)));
    net.run_for(Duration::from_secs(1));
    assert_eq!(hear(&mut net, VICTIM).len(), 2);
}

#[test]
fn what_was_said_many_records_ago_is_not_heard() {
    let mut net = trio();
    let origin = sybil(0);
    net.say(HONEST, VICTIM, &announcement(&record(&origin, 100, [198, 51, 100, 1], &[])));
    net.say(INSIDER, VICTIM, &rumour(0, &broadcast(&origin, (90, 0), b"of last week")));
    net.say(HONEST, VICTIM, &rumour(0, &broadcast(&origin, (96, 7), b"of today")));
    net.run_for(Duration::from_secs(1));
    assert_eq!(hear(&mut net, VICTIM), [b"of today"]);
}

#[test]
fn a_rumour_said_to_be_at_the_end_of_its_way_goes_on_when_another_brings_it() {
    let mut net = trio();
    let origin = sybil(0);
    let fire = broadcast(&origin, (1, 0), b"fire");
    // A third who is honest.
    let third = host(3, OPEN, 103, &net);
    net.hosts.push(third);
    net.connect(3, VICTIM);
    net.run_for(Duration::from_secs(10));
    net.say(INSIDER, VICTIM, &rumour(24, &fire));
    net.run_for(Duration::from_millis(200));
    assert_eq!(hear(&mut net, VICTIM), [b"fire"]);
    net.say(HONEST, VICTIM, &rumour(1, &fire));
    net.run_for(Duration::from_millis(200));
    assert_eq!(hear(&mut net, 3), [b"fire"]);
}

#[test]
fn no_one_teller_has_rumours_handed_on_without_end() {
    let mut net = trio();
    for number in 0..60 {
        net.say(INSIDER, VICTIM, &rumour(0, &broadcast(&sybil(number), (1, 0), b"spam")));
        net.run_for(Duration::from_millis(100));
    }
    let heard = net.hosts[VICTIM].node.counters().done(Counter::RumoursHeard);
    assert!((1..=12 + 4).contains(&heard), "{heard}");
    for number in 0..3 {
        let fire = broadcast(&sybil(90 + number), (1, 0), &[number as u8]);
        net.say(HONEST, VICTIM, &rumour(0, &fire));
        net.run_for(Duration::from_millis(100));
        assert!(hear(&mut net, VICTIM).contains(&vec![number as u8]), "{number} is not heard");
    }
}

#[test]
fn broadcasts_that_are_not_read_in_time_are_counted() {
    let mut net = trio();
    for number in 0..3 {
        net.say(HONEST, VICTIM, &rumour(0, &broadcast(&sybil(number), (1, 0), &[number as u8])));
        net.run_for(Duration::from_secs(1));
    }
    assert_eq!(hear(&mut net, VICTIM).len(), 2);
    assert_eq!(net.hosts[VICTIM].node.counters().done(Counter::BroadcastsLost), 1);
}

#[test]
fn no_more_than_two_of_one_network_are_known_by_hearsay_though_all_come_at_once() {
    let mut net = trio();
    for number in 0..4 {
        let told = record(&sybil(number), 1, [198, 51, 100, number as u8], &[]);
        net.say(INSIDER, VICTIM, &announcement(&told));
    }
    // Before any of them is checked.
    for mut packet in std::mem::take(&mut net.wire) {
        let (from, now) = (path_to(packet.from), net.now);
        net.hosts[VICTIM].node.handle_datagram(from, &mut packet.bytes, now).unwrap();
    }
    net.collect(VICTIM);
    net.settle();
    assert_eq!(known_in(&net, [198, 51, 100]), 2);
}

#[test]
fn no_more_than_two_move_into_one_network_by_hearsay() {
    let mut net = trio();
    for number in 0..4 {
        let first = record(&sybil(number), 1, [198, 51, number as u8, 1], &[]);
        net.say(INSIDER, VICTIM, &announcement(&first));
        net.run_for(Duration::from_secs(2));
        let then = record(&sybil(number), 2, [203, 0, 113, number as u8], &[]);
        net.say(INSIDER, VICTIM, &announcement(&then));
        net.run_for(Duration::from_secs(2));
    }
    assert_eq!(known_in(&net, [203, 0, 113]), 2);
}

#[test]
fn a_list_that_nobody_has_asked_for_is_not_looked_at() {
    let mut net = trio();
    net.run_for(Duration::from_secs(200));
    let told: Vec<_> =
        (0..3).map(|number| record(&sybil(number), 1, [198, 51, number as u8, 1], &[])).collect();
    let before = net.hosts[VICTIM].node.counters().done(Counter::RecordsChecked);
    net.say(INSIDER, VICTIM, &list([9; 8], &told));
    net.run_for(Duration::from_secs(1));
    assert_eq!(net.hosts[VICTIM].node.counters().done(Counter::RecordsChecked), before);
}

#[test]
fn whoever_answers_its_own_question_has_no_more_room_than_others() {
    let mut net = trio();
    let films = tag("films");
    net.say(INSIDER, VICTIM, &request(9, 16, films));
    net.run_for(Duration::from_millis(100));
    let told: Vec<_> = (0..4)
        .map(|number| record(&sybil(number), 1, [198, 51, 100, number as u8], &[films]))
        .collect();
    net.say(INSIDER, VICTIM, &list([9; 8], &told[..2]));
    net.say(INSIDER, VICTIM, &list([9; 8], &told[2..]));
    net.run_for(Duration::from_secs(2));
    assert_eq!(known_in(&net, [198, 51, 100]), 2);
}

#[test]
fn questions_of_one_peer_do_not_push_out_those_of_others() {
    let mut net = trio();
    let third = host(3, OPEN, 103, &net);
    net.hosts.push(third);
    net.connect(3, VICTIM);
    net.run_for(Duration::from_secs(60));
    let films = tag("films");
    net.say(HONEST, VICTIM, &request(7, 16, films));
    net.run_for(Duration::from_millis(100));
    for number in 20..30 {
        net.say(INSIDER, VICTIM, &request(number, 2, films));
        net.run_for(Duration::from_millis(100));
    }
    let told = [record(&sybil(0), 1, [198, 51, 100, 1], &[films])];
    net.say(3, VICTIM, &list([7; 8], &told));
    let honest = net.hosts[HONEST].address;
    let mut is_answered = false;
    net.run(Duration::from_millis(200), |packet| {
        is_answered |= packet.to == honest && packet.bytes.len() > told[0].len();
        true
    });
    assert!(is_answered);
}

#[test]
fn checks_are_left_for_others() {
    let mut net = trio();
    net.run_for(Duration::from_secs(60));
    for number in 0..20 {
        let told = record(&sybil(number), 1, [198, number as u8, 100, 1], &[]);
        net.say(INSIDER, VICTIM, &announcement(&told));
    }
    net.run_for(Duration::from_millis(100));
    let honest = sybil(99);
    net.say(HONEST, VICTIM, &announcement(&record(&honest, 1, [203, 0, 113, 1], &[])));
    net.run_for(Duration::from_millis(100));
    assert!(is_known(&net, &honest));
}

#[test]
fn a_shuffle_is_answered_with_three_times_its_length_at_most() {
    let mut net = trio();
    for number in 0..2 {
        let long = vec![number as u8; underpass_core::MAX_BROADCAST];
        let now = net.now;
        net.hosts[HONEST].node.broadcast(0, &long, now).unwrap();
        net.collect(HONEST);
        net.run_for(Duration::from_secs(1));
        let told = record(&sybil(number), 1, [198, number as u8, 100, 1], &[]);
        net.say(HONEST, VICTIM, &announcement(&told));
    }
    net.run_for(Duration::from_secs(30));
    let sent = |net: &Net| net.hosts[VICTIM].node.counters().done(Counter::GossipBytesSent);
    let before = sent(&net);
    net.say(INSIDER, VICTIM, &question(vec![28, 0, 0]));
    net.run_for(Duration::from_millis(100));
    let answer = sent(&net) - before;
    assert!((1..=3 * 340).contains(&answer), "{answer} bytes for 340");
}

#[test]
fn whoever_has_missed_much_asks_until_it_has_all_of_it() {
    let mut net = trio();
    let [away, other] = [INSIDER, HONEST].map(|host| net.hosts[host].address);
    for number in 0..2 {
        let long = vec![number as u8; underpass_core::MAX_BROADCAST];
        let now = net.now;
        net.hosts[HONEST].node.broadcast(0, &long, now).unwrap();
        net.collect(HONEST);
        net.run(Duration::from_secs(50), |packet| packet.from != away && packet.to != away);
    }
    assert!(hear(&mut net, INSIDER).is_empty());
    // Of both it hears by the victim alone, and soon.
    let is_between =
        |packet: &Packet| [packet.from, packet.to].iter().all(|end| [away, other].contains(end));
    while !net.is_active(INSIDER, VICTIM) {
        net.run(Duration::from_millis(100), |packet| !is_between(packet));
    }
    net.run(Duration::from_secs(5), |packet| !is_between(packet));
    assert_eq!(hear(&mut net, INSIDER).len(), 2);
}

#[test]
fn an_expired_record_is_not_taken_again() {
    let mut net = trio();
    let gone = sybil(0);
    let last = record(&gone, 5, [203, 0, 113, 1], &[]);
    net.say(HONEST, VICTIM, &announcement(&last));
    net.run_for(Duration::from_secs(7000));
    assert!(is_known(&net, &gone));
    net.run_for(Duration::from_secs(400));
    assert!(!is_known(&net, &gone));
    net.say(INSIDER, VICTIM, &announcement(&last));
    net.run_for(Duration::from_secs(1));
    assert!(!is_known(&net, &gone), "what was forgotten is said to be new");
    // One that its owner has signed since is news.
    net.say(HONEST, VICTIM, &announcement(&record(&gone, 6, [203, 0, 113, 1], &[])));
    net.run_for(Duration::from_secs(1));
    assert!(is_known(&net, &gone));
}

#[test]
fn whom_a_node_has_chosen_is_not_pushed_out_by_who_calls() {
    // The victim has room for four peers, and takes three for neighbours. Of the first one it hears, and dials it.
    let mut net = net_of(&[OPEN; 3]);
    net.connect(2, 1);
    net.run_for(Duration::from_secs(5));
    net.connect(2, VICTIM);
    let ends = [net.hosts[1].address, net.hosts[VICTIM].address];
    let is_call = |packet: &Packet| [packet.from, packet.to] == ends && packet.bytes[0] == 1;
    net.run(Duration::from_secs(30), |packet| !is_call(packet));
    assert!(net.is_active(VICTIM, 1));
    for number in 3..5 {
        let caller = host(number, OPEN, 100 + number as u8, &net);
        net.hosts.push(caller);
        net.connect(number, VICTIM);
        net.run_for(Duration::from_secs(5));
    }
    let id = net.hosts[1].id();
    for round in 0..30 {
        for caller in 2..5 {
            if net.is_active(caller, VICTIM) {
                net.say(caller, VICTIM, &[24, 1]);
            }
        }
        net.run_for(Duration::from_secs(11));
        let node = &net.hosts[VICTIM].node;
        let has_it = node.neighbours().iter().any(|peer| node.peer_id(*peer) == Ok(Some(id)));
        assert!(has_it, "after {round} rounds");
    }
}

#[test]
fn callers_of_one_network_leave_room_for_another() {
    let mut net = net_of(&[OPEN]);
    for number in 1..4 {
        let mut caller = host(number, OPEN, 100 + number as u8, &net);
        caller.address = SocketAddr::from(([20, 77, 0, number as u8], 4747));
        net.hosts.push(caller);
        net.connect(number, VICTIM);
        net.run_for(Duration::from_secs(5));
    }
    assert_eq!(net.hosts[VICTIM].node.neighbours().len(), 3);
    let other = host(4, OPEN, 104, &net);
    net.hosts.push(other);
    net.connect(4, VICTIM);
    let id = net.hosts[4].id();
    for round in 0..30 {
        net.run_for(Duration::from_secs(11));
        let node = &net.hosts[VICTIM].node;
        let has_it = node.neighbours().iter().any(|peer| node.peer_id(*peer) == Ok(Some(id)));
        assert!(has_it, "after {round} rounds");
        for caller in 1..4 {
            if net.is_active(caller, VICTIM) {
                net.say(caller, VICTIM, &[24, 1]);
            }
        }
    }
}

#[test]
fn every_address_of_a_record_has_its_turn() {
    let mut net = net_of(&[OPEN; 2]);
    let other: SocketAddr = "203.0.113.9:4747".parse().unwrap();
    let (now, own) = (net.now, net.hosts[1].address);
    net.hosts[1].node.set_local_addresses(&[(Socket(0), other), (Socket(0), own)], now);
    net.connect(VICTIM, 1);
    net.run_for(Duration::from_secs(5));
    let known = knows(&net, VICTIM, 1).expect("it is known");
    assert_eq!(known.addresses[..2], [Some(other), Some(own)]);
    let mut dialled = BTreeSet::new();
    net.run(Duration::from_secs(600), |packet: &Packet| {
        dialled.insert(packet.to);
        packet.from != own && packet.to != own
    });
    assert!(dialled.contains(&other));
}
