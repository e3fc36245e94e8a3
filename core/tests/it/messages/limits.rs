//! How much is kept, and what happens beyond.

use underpass_core::{Counter, Dropped, Duration, Outcome, Outgoing, Purpose, SendError};

use crate::net::{A, B, Board, Net, Packet, address};

/// All but the last quarter.
const SHARE: usize = Board::CAPACITY.messages - Board::CAPACITY.messages / 4;

/// Sends until it is refused; returns how many were accepted, and why no more.
fn fill(net: &mut Net, from: usize, to: usize, payload: &[u8]) -> (usize, SendError) {
    let mut accepted = 0;
    loop {
        match net.send(from, to, payload) {
            Ok(_) => accepted += 1,
            Err(error) => return (accepted, error),
        }
    }
}

#[test]
fn messages_fill_their_share_of_places_and_no_more() {
    let mut net = Net::new(2);
    net.connect(A, B);
    net.wire.clear();
    assert_eq!(fill(&mut net, A, B, b"small"), (SHARE, SendError::Full));
}

#[test]
fn messages_fill_their_share_of_bytes_and_no_more() {
    let mut net = Net::new(2);
    net.connect(A, B);
    net.wire.clear();
    let (accepted, error) = fill(&mut net, A, B, &[1; 4 * 1120]);
    assert_eq!((accepted, error), (2, SendError::Full), "9 KB of 12 KB");
    assert!(net.send(A, B, &[1; 1120]).is_ok());
}

#[test]
fn a_place_is_free_again_once_its_outcome_is_reported() {
    let mut net = Net::connected();
    for _ in 0..10 {
        let (accepted, error) = fill(&mut net, A, B, b"small");
        assert_eq!((accepted, error), (SHARE, SendError::Full));
        net.run_for(Duration::from_secs(1));
    }
    assert_eq!(net.hosts[A].outcomes().len(), 10 * SHARE);
    assert_eq!(net.hosts[B].messages.len(), 10 * SHARE);
}

#[test]
fn outcomes_that_nobody_asks_for_are_kept() {
    let mut net = Net::connected();
    let (accepted, _) = fill(&mut net, A, B, b"small");
    let mut packets = Vec::new();
    // Only the datagrams are moved.
    for _ in 0..100 {
        for host in [A, B] {
            let mut out = [0; underpass_core::MAX_TRANSMIT];
            while let Some(sent) = net.hosts[host].node.poll_transmit(&mut out) {
                let from = net.hosts[host].address;
                let each = sent.datagrams(&out).map(|(path, b)| (from, path.remote, b.to_vec()));
                packets.extend(each);
            }
        }
        packets.extend(net.wire.drain(..).map(|packet| (packet.from, packet.to, packet.bytes)));
        for (from, to, mut bytes) in packets.drain(..) {
            let host = net.hosts.iter_mut().find(|host| host.address == to).unwrap();
            let path = crate::net::path_to(from);
            host.node.handle_datagram(path, &mut bytes, net.now).unwrap();
        }
        net.now = net.now + Duration::from_millis(30);
        net.hosts.iter_mut().for_each(|host| host.node.handle_timeout(net.now));
    }
    assert_eq!(net.hosts[A].node.counters().done(Counter::MessagesAcked), accepted as u64);
    assert_eq!(net.send(A, B, b"one more"), Err(SendError::Full));
    assert_eq!(net.hosts[A].outcomes().len(), accepted);
    assert!(net.send(A, B, b"one more").is_ok());
}

#[test]
fn a_message_longer_than_the_peer_takes_is_refused() {
    let mut net = Net::connected();
    // Half of three quarters of 102 blocks of 160 bytes.
    assert!(net.send(A, B, &[0; 5 * 1120]).is_ok());
    assert_eq!(net.send(A, B, &[0; 5 * 1120 + 1]), Err(SendError::TooLong));
}

#[test]
fn a_message_too_long_for_a_peer_met_later_fails() {
    let mut net = Net::new(2);
    net.connect(A, B);
    let id = net.send(A, B, &[0; 5 * 1120 + 1]).unwrap();
    net.settle();
    assert_eq!(net.hosts[A].outcomes(), [(id, Outcome::Failed)]);
}

#[test]
fn a_message_longer_than_could_ever_be_kept_is_refused() {
    let mut net = Net::new(2);
    net.connect(A, B);
    assert_eq!(net.send(A, B, &[0; 77 * 160 + 1]), Err(SendError::TooLong));
    assert!(net.send(A, B, &[0; 77 * 160]).is_ok());
}

#[test]
fn a_full_receiver_gets_the_rest_once_it_has_read() {
    let mut net = Net::connected();
    let (sender, now) = (net.hosts[A].id(), net.now);
    net.hosts[B].node.allow(sender, now).unwrap();
    net.hosts[B].reads = false;
    let ids: Vec<_> = (0..2).map(|_| net.send(A, B, &[1; 5 * 1120]).unwrap()).collect();
    net.run_for(Duration::from_secs(2));
    let more = net.send(A, B, &[2; 2 * 1120]).unwrap();
    net.run_for(Duration::from_secs(2));
    let acked: Vec<_> = ids.iter().map(|id| (*id, Outcome::Acked)).collect();
    assert_eq!(net.hosts[A].outcomes(), acked, "the third waits");
    assert!(net.hosts[B].node.counters().dropped(Dropped::MessagesFull) > 0);
    // One packet needs no room.
    let small = net.send(A, B, b"small").unwrap();
    net.run_for(Duration::from_secs(2));
    assert_eq!(net.hosts[A].outcomes()[2..], [(small, Outcome::Acked)]);
    net.hosts[B].reads = true;
    net.run_for(Duration::from_secs(20));
    assert_eq!(net.hosts[A].outcomes()[3..], [(more, Outcome::Acked)]);
    assert_eq!(net.hosts[B].messages.len(), 4);
}

#[test]
fn a_message_that_is_not_asked_for_keeps_its_bytes_until_the_next_is() {
    let mut net = Net::connected();
    net.hosts[B].reads = false;
    net.send(A, B, &[1; 2000]).unwrap();
    net.settle();
    let first = net.hosts[B].node.poll_message().unwrap();
    assert_eq!(first.payload, [1; 2000]);
    assert!(net.hosts[B].node.poll_message().is_none());
}

#[test]
fn no_more_messages_are_under_way_than_the_peers_window() {
    let mut net = Net::connected();
    // The first never arrives; those behind it do, up to the window.
    let lost = net.send(A, B, b"lost").unwrap();
    let first = net.wire.pop().unwrap();
    let length = first.bytes.len();
    let mut accepted = 1;
    let end = net.now + Duration::from_secs(20);
    while net.now < end {
        while net.send(A, B, b"on we go").is_ok() {
            accepted += 1;
        }
        net.run(Duration::from_millis(100), |packet| packet.bytes.len() != length);
    }
    assert!(accepted >= Board::CAPACITY.message_window, "{accepted}");
    assert_eq!(net.hosts[B].messages.len(), Board::CAPACITY.message_window - 1);
    assert_eq!(net.hosts[B].node.counters().dropped(Dropped::BeyondWindow), 0);
    net.run_for(Duration::from_secs(20));
    assert_eq!(net.hosts[B].messages.len(), accepted);
    assert!(net.hosts[A].outcomes().contains(&(lost, Outcome::Acked)));
}

#[test]
fn strangers_leave_room_for_those_whom_the_application_knows_and_for_itself() {
    let mut net = Net::new(4);
    for from in [A, 2, 3] {
        net.connect(from, B);
        net.settle();
    }
    let (friend, now) = (net.hosts[A].id(), net.now);
    net.hosts[B].node.allow(friend, now).unwrap();
    // Two strangers send all that fits, and the last packet of each message is always lost.
    for stranger in [2, 3] {
        for len in [3400, 2300, 1130, 1130, 1130, 1130] {
            let _ = net.send(stranger, B, &vec![9; len]);
        }
    }
    let strangers = [address(2), address(3)];
    let passes = move |packet: &Packet| {
        let is_last = (46..1150).contains(&packet.bytes.len()) && packet.bytes[0] == 16;
        !(is_last && strangers.contains(&packet.from))
    };
    net.run(Duration::from_secs(2), passes);
    let id = net.send(A, B, &[1; 3000]).unwrap();
    net.run(Duration::from_secs(5), passes);
    assert_eq!(net.hosts[A].outcomes(), [(id, Outcome::Acked)]);
    let (own, now) = (net.hosts[B].node.oneself(), net.now);
    let notice = Outgoing { kind: 1, purpose: Purpose::Notice, payload: &[0; 2000] };
    assert!(net.hosts[B].node.send_message(own, notice, now).is_ok());
}

/// 21 of the 38 blocks that a peer may hold of messages in part: never two of them.
const LARGE: [u8; 3 * 1120] = [1; 3 * 1120];

/// Takes what was just sent off the wire.
fn sent(net: &mut Net) -> Vec<Packet> {
    net.wire.drain(..).collect()
}

fn handle_all(net: &mut Net, packets: impl IntoIterator<Item = Packet>) {
    for packet in packets {
        let _ = net.handle(packet);
    }
}

#[test]
fn a_receiver_that_is_full_is_sent_the_rest_of_what_it_has_in_part() {
    let mut net = Net::connected();
    let mut packets = Vec::new();
    for _ in 0..3 {
        net.send(A, B, &LARGE).unwrap();
        packets.extend(sent(&mut net));
    }
    // Of the first message one packet arrives; so the receiver refuses all of the others. When
    // something arrives that was sent later, all that is missing counts as lost.
    packets.drain(1..3);
    handle_all(&mut net, packets);
    assert!(net.hosts[B].node.counters().dropped(Dropped::MessagesFull) > 0);
    for _ in 0..3 {
        net.send(A, B, b"small").unwrap();
    }
    net.run_for(Duration::from_secs(20));
    let acked = net.hosts[A].outcomes().iter().filter(|(_, how)| *how == Outcome::Acked).count();
    assert_eq!(acked, 6);
}

#[test]
fn what_was_lost_does_not_wait_behind_what_a_full_receiver_refuses() {
    let mut net = Net::connected();
    net.send(A, B, &LARGE).unwrap();
    let first = sent(&mut net);
    net.send(A, B, b"small").unwrap();
    let small = sent(&mut net);
    for _ in 0..2 {
        net.send(A, B, &LARGE).unwrap();
    }
    let others = sent(&mut net);
    // A later packet is acknowledged, so the first message counts as lost. One packet of it does arrive
    // then, but not its acknowledgement: the sender does not know where there is room.
    handle_all(&mut net, small);
    net.run(Duration::from_millis(30), |packet| packet.to == address(A));
    handle_all(&mut net, first.into_iter().take(1));
    net.run(Duration::from_millis(30), |packet| packet.to == address(B));
    handle_all(&mut net, others);
    net.run_for(Duration::from_secs(20));
    let acked = net.hosts[A].outcomes().iter().filter(|(_, how)| *how == Outcome::Acked).count();
    assert_eq!(acked, 4);
}

#[test]
fn what_an_application_has_no_room_for_comes_again() {
    let mut net = Net::connected();
    net.hosts[B].node.hold_messages(true);
    net.hosts[B].reads = false;
    let ids = [&[1; 8][..], &[2; 3 * 1120]].map(|payload| net.send(A, B, payload).unwrap());
    net.run_for(Duration::from_secs(2));
    assert_eq!(net.hosts[A].outcomes(), [(ids[1], Outcome::Acked)], "it is in the storage");
    assert!(net.hosts[B].messages.is_empty());
    net.hosts[B].node.hold_messages(false);
    net.hosts[B].reads = true;
    net.run_for(Duration::from_secs(10));
    assert_eq!(net.hosts[A].outcomes(), [(ids[1], Outcome::Acked), (ids[0], Outcome::Acked)]);
    let mut lens: Vec<_> = net.hosts[B].messages.iter().map(|got| got.payload.len()).collect();
    lens.sort_unstable();
    assert_eq!(lens, [8, 3 * 1120]);
}

#[test]
fn what_an_application_has_no_room_for_of_one_peer_is_no_matter_to_others() {
    const C: usize = 2;
    let mut net = Net::new(3);
    net.connect(A, B);
    net.connect(C, B);
    net.settle();
    let from_a = net.peer(B, A).expect("they have met");
    net.hosts[B].node.hold_messages_of(from_a, true).unwrap();
    let held = [&[1; 8][..], &[2; 3 * 1120]].map(|payload| net.send(A, B, payload).unwrap());
    let other = net.send(C, B, b"not held").unwrap();
    net.run_for(Duration::from_secs(2));
    assert_eq!(net.hosts[A].outcomes(), []);
    assert_eq!(net.hosts[C].outcomes(), [(other, Outcome::Acked)]);
    net.hosts[B].node.hold_messages_of(from_a, false).unwrap();
    net.run_for(Duration::from_secs(10));
    let mut ended: Vec<_> = net.hosts[A].outcomes().into_iter().map(|(id, _)| id).collect();
    ended.sort_unstable_by_key(|id| *id != held[0]);
    assert_eq!(ended, held);
    assert_eq!(net.hosts[B].messages.len(), 3);
}
