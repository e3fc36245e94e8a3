//! Two nodes on two stacks of embassy-net with a cable between them, in virtual time.

mod world;

use underpass_core::{Event, Outcome, Outgoing, Purpose};
use underpass_embassy::{Incoming, What};
use world::{Lab, Seat};

const READING: Outgoing<'_> = Outgoing { kind: 1, purpose: Purpose::Notice, payload: b"21.5" };

/// Sends so many readings, each as soon as there is room, and sees that all are acknowledged.
async fn send(seat: Seat, count: u32) {
    let (mut sent, mut acked) = (0, 0);
    while acked < count {
        while sent < count && seat.handle.send_message(seat.peer(), READING).is_ok() {
            sent += 1;
        }
        if let Event::Message(_, _, outcome) = seat.handle.event().await {
            assert_eq!(outcome, Outcome::Acked);
            acked += 1;
        }
    }
}

async fn receive(seat: Seat, count: u32) {
    let mut buffer = [0; 16];
    for _ in 0..count {
        let Incoming { from, what, payload, .. } = seat.handle.receive(&mut buffer).await;
        assert!(matches!(what, What::Message { kind: 1, purpose: Purpose::Notice, .. }));
        assert_eq!((from, payload), (seat.peer(), &b"21.5"[..]));
    }
}

#[test]
fn messages_go_both_ways() {
    let mut lab = Lab::new(None);
    let [first, second] = lab.connect();
    let all = [(first, second), (second, first)];
    lab.run(all.map(|(from, to)| async move {
        embassy_futures::join::join(send(from, 100), receive(to, 100)).await;
    }));
}

#[test]
fn lost_frames_are_made_up_for() {
    let mut lab = Lab::new(Some(20));
    let [first, second] = lab.connect();
    let all = [(first, second), (second, first)];
    lab.run(all.map(|(from, to)| async move {
        embassy_futures::join::join(send(from, 100), receive(to, 100)).await;
    }));
}

#[test]
fn a_long_message_is_cut_to_the_buffer_and_says_so() {
    let mut lab = Lab::new(None);
    let [first, second] = lab.connect();
    let message = Outgoing { payload: &[7; 1500], ..READING };
    first.handle.send_message(first.peer(), message).expect("there is room");
    lab.run([async move {
        let mut buffer = [0; 16];
        let Incoming { payload, len, .. } = second.handle.receive(&mut buffer).await;
        assert_eq!((payload, len), (&[7; 16][..], 1500));
    }]);
}

#[test]
fn datagrams_arrive() {
    let mut lab = Lab::new(None);
    let [first, second] = lab.connect();
    first.handle.send_datagram(first.peer(), b"21.5").expect("connected");
    lab.run([async move {
        let mut buffer = [0; 16];
        let incoming = second.handle.receive(&mut buffer).await;
        assert_eq!((incoming.what, incoming.payload), (What::Datagram, &b"21.5"[..]));
    }]);
}

#[test]
fn an_idle_node_asks_for_the_processor_a_few_times_a_minute_only() {
    let mut lab = Lab::new(None);
    lab.connect();
    let wakes = lab.wakes_in_a_minute();
    // Six pings each way, with their answers, frame by frame through two stacks; and ARP.
    assert!(wakes < 1_000, "{wakes} polls");
}
