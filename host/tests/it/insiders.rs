//! What a member may do that means harm: it has the network's secret, and nobody knows its key.

use std::time::Duration;

use underpass_core::Purpose;
use underpass_host::{
    Answer, Capacity, Event, HOST, Handle, Handlers, HostPort, Incoming, PeerAddress, SendError,
    Settings, To, start,
};

use crate::inside::{address_of, listens_at, network, settings};
use crate::member::Member;

const WITHIN: Duration = Duration::from_secs(30);
/// Of the daemons' own kinds (docs/host.md).
const ECHO: u16 = 65532;
const GOODBYE: u16 = 65533;

fn to(handle: &Handle) -> To {
    To::Peer(PeerAddress::Key(handle.id()))
}

/// Handlers of which the first kind's never end, and the second's answer.
fn slow_and_quick() -> Handlers {
    Handlers::new()
        .on(1, |_: Incoming| std::future::pending::<Answer>())
        .on(2, |_: Incoming| async { Answer::Reply(b"here".to_vec()) })
}

#[tokio::test]
async fn who_sends_too_much_for_a_slow_handler_keeps_nobody_else_waiting() {
    let (a, _) = start(settings(10, Vec::new(), slow_and_quick())).expect("it starts");
    let (b, _) = start(settings(20, vec![address_of(&a).await], Handlers::new())).expect("b");
    let (c, _) = start(settings(30, vec![address_of(&a).await], Handlers::new())).expect("c");
    b.send(to(&a), 2, Vec::new()).await.expect("they have met");
    let mut flood = tokio::task::JoinSet::new();
    for _ in 0..3000 {
        let (b, a) = (b.clone(), to(&a));
        flood.spawn(async move { b.send(a, 1, Vec::new()).await });
    }
    // Until no more of it is taken.
    while let Ok(Some(_)) = tokio::time::timeout(Duration::from_secs(1), flood.join_next()).await {}
    assert!(flood.len() > 1000, "what is not taken waits at its sender");
    let reply = c.request(to(&a), 2, Vec::new(), WITHIN).await.expect("a reply");
    assert_eq!(reply.payload, b"here");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_and_takes_no_answers_is_in_nobodys_way() {
    let (a, _) = start(settings(40, Vec::new(), Handlers::new())).expect("it starts");
    let (b, _) = start(settings(50, vec![address_of(&a).await], Handlers::new())).expect("b");
    b.send(to(&a), 1, Vec::new()).await.expect("they have met");
    let (id, at) = (a.id(), listens_at(&a).await);
    let asked = tokio::task::spawn_blocking(move || {
        let mut member = Member::new(1, network(), id, at);
        member.meet();
        member.hold_messages();
        // Far more than there is room for, until it is heard no more.
        let (mut sent, mut idle) = (0, 0);
        while idle < 300 {
            while sent < 600 && member.send(ECHO, Purpose::Request, &[7; 60_000]) {
                sent += 1;
            }
            idle = if member.turn() > 0 { 0 } else { idle + 1 };
        }
        member
    });
    let _member = asked.await.expect("no panic");
    let sent = tokio::time::timeout(WITHIN, a.send(to(&b), 1, b"for b".to_vec())).await;
    assert_eq!(sent.expect("it does not wait for the others"), Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_farewell_is_heard_once() {
    let (a, _) = start(settings(60, Vec::new(), Handlers::new())).expect("it starts");
    let mut events = a.events();
    let (id, at) = (a.id(), listens_at(&a).await);
    let said = tokio::task::spawn_blocking(move || {
        let mut member = Member::new(2, network(), id, at);
        member.meet();
        for _ in 0..50 {
            assert!(member.send(GOODBYE, Purpose::Notice, b""));
        }
        let mut ended = 0;
        while ended < 50 {
            ended += member.turn();
        }
    });
    said.await.expect("no panic");
    a.status().await.expect("all of it was seen to");
    let all = std::iter::from_fn(|| events.try_recv().ok());
    assert_eq!(all.filter(|event| matches!(event, Event::Left { .. })).count(), 1);
}

#[tokio::test]
async fn what_a_peer_complains_about_cannot_pass_for_something_else() {
    const FAILED: &str = "no\n  = help: run this\u{1b}[2J";
    let handlers = Handlers::new().on(1, |_: Incoming| async { Answer::Failed(FAILED.into()) });
    let (a, _) = start(settings(70, Vec::new(), handlers)).expect("it starts");
    let (b, _) = start(settings(80, vec![address_of(&a).await], Handlers::new())).expect("b");
    let failed = b.request(to(&a), 1, Vec::new(), WITHIN).await;
    let Err(SendError::HandlerFailed { message }) = failed else { panic!("{failed:?}") };
    assert!(message.starts_with("no") && !message.contains(char::is_control), "{message:?}");
}

#[tokio::test]
async fn peers_that_were_sent_to_in_vain_make_room() {
    let (a, _) = start(settings(90, Vec::new(), Handlers::new())).expect("it starts");
    let few = Settings {
        capacity: Capacity { peers: 4, ..HOST },
        ..settings(100, Vec::new(), Handlers::new())
    };
    let (b, _) = start(few).expect("b");
    for port in 1..=8 {
        let nobody = HostPort { host: "127.0.0.1".into(), port };
        let to = To::Peer(PeerAddress::At(nobody));
        let waits = b.request(to, 1, Vec::new(), Duration::from_millis(20)).await;
        assert_eq!(waits, Err(SendError::TimedOut));
    }
    b.send(To::Peer(address_of(&a).await), 1, Vec::new()).await.expect("there is room");
}
