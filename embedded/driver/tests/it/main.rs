//! Two nodes on one smoltcp interface whose frames come back to it, some of them lost or damaged.

mod bench;

use bench::Bench;
use underpass_core::{Outcome, PeerState};

#[test]
fn peers_meet_and_all_messages_are_acknowledged() {
    let mut bench = Bench::new(0, 0);
    bench.connect();
    bench.exchange(100);
    assert_eq!(bench.ends.each_ref().map(|end| end.inbox.messages), [100, 100]);
}

#[test]
fn lost_and_damaged_frames_are_made_up_for() {
    let mut bench = Bench::new(5, 5);
    bench.connect();
    bench.exchange(100);
    assert_eq!(bench.ends.each_ref().map(|end| end.inbox.messages), [100, 100]);
}

#[test]
fn a_message_of_several_packets_waits_in_the_node() {
    let mut bench = Bench::new(5, 0);
    bench.connect();
    bench.send(0, &[7; 1500]);
    let arrived = bench.until(|ends| {
        let message = ends[1].pump.node_mut().poll_message()?;
        Some(message.payload == [7; 1500])
    });
    assert_eq!((arrived, bench.ends[1].inbox.messages), (true, 0));
}

#[test]
fn datagrams_arrive_unless_they_are_lost() {
    let mut bench = Bench::new(0, 0);
    bench.connect();
    let to = bench.ends[0].peer;
    bench.ends[0].pump.send_datagram(to, b"reading").expect("connected, and the wire is free");
    bench.until(|ends| (ends[1].inbox.datagrams == 1).then_some(()));
}

#[test]
fn what_the_inbox_has_no_room_for_is_not_acknowledged() {
    let mut bench = Bench::new(0, 0);
    bench.connect();
    bench.ends[1].inbox.is_full = true;
    bench.send(0, b"reading");
    bench.pass(1_000_000);
    assert_eq!(bench.ends[0].ended(), None, "nobody has it yet");
    bench.ends[1].inbox.is_full = false;
    let ended = bench.until(|ends| ends[0].ended());
    assert_eq!((ended, bench.ends[1].inbox.messages), (Outcome::Acked, 1));
}

#[test]
fn an_application_that_takes_nothing_still_gets_its_own_across() {
    let mut bench = Bench::new(0, 0);
    bench.connect();
    bench.ends[1].inbox.is_full = true;
    bench.send(0, b"reading");
    bench.send(1, b"command");
    let ended = bench.until(|ends| ends[1].ended());
    assert_eq!((ended, bench.ends[0].inbox.messages), (Outcome::Acked, 1));
}

#[test]
fn silence_is_noticed_and_ends() {
    let mut bench = Bench::new(0, 0);
    bench.connect();
    bench.lose(100);
    bench.until(|ends| (ends[0].state() == PeerState::Disconnected).then_some(()));
    bench.lose(0);
    bench.until(|ends| (ends[0].state() == PeerState::Active).then_some(()));
}
