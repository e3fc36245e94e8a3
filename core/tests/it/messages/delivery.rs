//! Messages that arrive.

use underpass_core::{Counter, Duration, Event, Outcome, Outgoing, Purpose};

use crate::net::{A, B, Net};

const SECOND: Duration = Duration::from_secs(1);

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + at / 256) as u8).collect()
}

#[test]
fn a_message_arrives_and_is_acknowledged() {
    let mut net = Net::connected();
    let id = net.send(A, B, b"hello").unwrap();
    net.run_for(SECOND);
    let [message] = &net.hosts[B].messages[..] else { panic!("one message") };
    assert_eq!((message.id, message.kind, message.purpose), (id, 7, Purpose::Notice));
    assert_eq!(message.payload, b"hello");
    assert_eq!(net.hosts[A].outcomes(), [(id, Outcome::Acked)]);
}

#[test]
fn messages_of_any_length_arrive_whole() {
    let mut net = Net::connected();
    for len in [0, 1, 1119, 1120, 1121, 2240, 2241, 5 * 1120] {
        let id = net.send(A, B, &bytes(len)).unwrap();
        net.run_for(SECOND);
        assert_eq!(net.hosts[A].outcomes().last(), Some(&(id, Outcome::Acked)), "{len} bytes");
        assert_eq!(net.hosts[B].messages.last().unwrap().payload, bytes(len), "{len} bytes");
    }
    assert_eq!(net.hosts[B].messages.len(), 8);
}

#[test]
fn a_reply_names_its_request() {
    let mut net = Net::connected();
    let (to_b, to_a) = (net.peer(A, B).unwrap(), net.peer(B, A).unwrap());
    let request = Outgoing { kind: 1, purpose: Purpose::Request, payload: b"how warm?" };
    let id = net.hosts[A].node.send_message(to_b, request, net.now).unwrap();
    net.collect(A);
    net.settle();
    let asked = net.hosts[B].messages.pop().unwrap();
    assert_eq!((asked.from, asked.purpose), (to_a, Purpose::Request));
    let reply = Purpose::Reply(asked.id.request());
    let reply = Outgoing { kind: 1, purpose: reply, payload: &bytes(3000) };
    net.hosts[B].node.send_message(asked.from, reply, net.now).unwrap();
    net.collect(B);
    net.settle();
    let answer = net.hosts[A].messages.pop().unwrap();
    assert_eq!(answer.purpose, Purpose::Reply(id.request()));
    assert_eq!(answer.payload, bytes(3000));
}

#[test]
fn requests_of_different_lives_have_different_numbers() {
    let mut net = Net::connected();
    let before = net.send(A, B, b"first life").unwrap();
    net.restart(A, 70);
    net.connect(A, B);
    net.settle();
    let after = net.send(A, B, b"second life").unwrap();
    assert_ne!(before.request(), after.request());
}

#[test]
fn a_message_to_a_peer_that_is_not_there_yet_waits_for_it() {
    let mut net = Net::new(2);
    net.connect(A, B);
    let id = net.send(A, B, b"early").unwrap();
    assert!(net.hosts[A].outcomes().is_empty());
    net.settle();
    net.run_for(SECOND);
    assert_eq!(net.hosts[B].messages.len(), 1);
    assert_eq!(net.hosts[A].outcomes(), [(id, Outcome::Acked)]);
}

#[test]
fn lost_packets_are_sent_again() {
    for lost in 0..6 {
        let mut net = Net::connected();
        net.delay = Duration::from_millis(20);
        let ids = [net.send(A, B, &bytes(4000)).unwrap(), net.send(A, B, b"small").unwrap()];
        let mut number = 0;
        net.run(SECOND.saturating_mul(5), |_| {
            number += 1;
            number - 1 != lost
        });
        let mut outcomes = net.hosts[A].outcomes();
        outcomes.sort();
        assert_eq!(outcomes, ids.map(|id| (id, Outcome::Acked)), "packet {lost}");
        assert_eq!(net.hosts[B].messages.len(), 2, "packet {lost}");
    }
}

#[test]
fn a_lost_acknowledgement_does_not_deliver_twice() {
    let mut net = Net::connected();
    let id = net.send(A, B, b"once").unwrap();
    let b = net.hosts[B].address;
    net.run(SECOND.saturating_mul(2), |packet| packet.from != b);
    assert!(net.hosts[A].node.counters().done(Counter::FragmentsRetransmitted) >= 1);
    net.run_for(SECOND.saturating_mul(5));
    assert_eq!(net.hosts[B].messages.len(), 1);
    assert_eq!(net.hosts[A].outcomes(), [(id, Outcome::Acked)]);
    assert!(net.hosts[B].node.counters().done(Counter::FragmentsRepeated) >= 1);
}

#[test]
fn a_message_outlives_the_absence_of_its_peer() {
    let mut net = Net::connected();
    net.run(Duration::from_secs(1), |_| false);
    let ids = [net.send(A, B, &bytes(4000)).unwrap(), net.send(A, B, b"small").unwrap()];
    net.run(Duration::from_secs(40), |_| false);
    assert!(net.hosts[A].events.iter().any(|event| matches!(event, Event::Disconnected(_))));
    net.run_for(Duration::from_secs(15));
    let mut outcomes = net.hosts[A].outcomes();
    outcomes.sort();
    assert_eq!(outcomes, ids.map(|id| (id, Outcome::Acked)));
    assert_eq!(net.hosts[B].messages.len(), 2);
}

#[test]
fn two_messages_are_acknowledged_at_once_and_one_after_a_while() {
    let mut net = Net::connected();
    let sent = |net: &Net| net.hosts[B].node.counters().done(Counter::AcksSent);
    net.send(A, B, b"one").unwrap();
    net.settle();
    assert_eq!(sent(&net), 0);
    net.run_for(Duration::from_millis(24));
    assert_eq!(sent(&net), 0);
    net.run_for(Duration::from_millis(1));
    assert_eq!(sent(&net), 1);
    net.send(A, B, b"two").unwrap();
    net.send(A, B, b"three").unwrap();
    net.settle();
    assert_eq!(sent(&net), 2);
}

#[test]
fn a_quiet_pair_sends_nothing_for_messages_that_have_ended() {
    let mut net = Net::connected();
    net.send(A, B, &bytes(4000)).unwrap();
    net.run_for(SECOND);
    let count = |net: &Net| {
        let counters = net.hosts.iter().map(|host| host.node.counters());
        counters.map(|c| c.done(Counter::FragmentsSent) + c.done(Counter::AcksSent)).sum::<u64>()
    };
    let before = count(&net);
    net.run_for(Duration::from_secs(300));
    assert_eq!(count(&net), before);
}
