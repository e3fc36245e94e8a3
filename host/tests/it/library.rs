//! A node in a program of one's own.

use std::sync::Arc;
use std::time::Duration;

use underpass_host::{Answer, Handlers, Incoming, PeerAddress, SendError, To, start};

use crate::inside::{address_of, settings};

const WITHIN: Duration = Duration::from_secs(30);

#[tokio::test]
async fn handlers_answer_by_kind() {
    let handlers = Handlers::new()
        .on(1, |message: Incoming| async move {
            let mut reply = message.payload.to_vec();
            reply.reverse();
            Answer::Reply(reply)
        })
        .on(2, |_: Incoming| async { Answer::NotAllowed })
        .on(3, |_: Incoming| async { panic!("this is what the test is about") });
    let (a, _) = start(settings(10, Vec::new(), handlers)).expect("it starts");
    let (b, _) =
        start(settings(20, vec![address_of(&a).await], Handlers::new())).expect("so does it");
    let to = To::Peer(PeerAddress::Key(a.id()));
    let ask = |kind, payload: &[u8]| b.request(to.clone(), kind, payload.to_vec(), WITHIN);
    assert_eq!(ask(1, b"abc").await.expect("a reply").payload, b"cba");
    let long: Vec<u8> = (0..1 << 20).map(|at| (at % 250) as u8).collect();
    let reply = ask(1, &long).await.expect("a reply").payload;
    assert!(reply.iter().eq(long.iter().rev()), "long both ways");
    assert_eq!(ask(2, b"").await, Err(SendError::NotAllowed));
    let failed = SendError::HandlerFailed { message: "it panicked".into() };
    assert_eq!(ask(3, b"").await, Err(failed));
    assert_eq!(ask(4, b"").await, Err(SendError::NoHandler));
    assert_eq!(ask(underpass_host::RESERVED, b"").await, Err(SendError::ReservedKind));
}

#[tokio::test]
async fn slow_handlers_hold_back_their_senders_and_lose_nothing() {
    const COUNT: u64 = 3000;
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let (held, seen) = (Arc::clone(&gate), Arc::new(std::sync::Mutex::new(Vec::new())));
    let list = Arc::clone(&seen);
    let handlers = Handlers::new().on(1, move |message: Incoming| {
        let (held, list) = (Arc::clone(&held), Arc::clone(&list));
        async move {
            let _permit = held.acquire().await;
            let number = <[u8; 8]>::try_from(&*message.payload).expect("eight bytes");
            list.lock().expect("no panic").push(u64::from_le_bytes(number));
            Answer::Nothing
        }
    });
    let (a, _) = start(settings(30, Vec::new(), handlers)).expect("it starts");
    let (b, _) =
        start(settings(40, vec![address_of(&a).await], Handlers::new())).expect("so does it");
    let to = To::Peer(PeerAddress::Key(a.id()));
    // It answers: of messages for one that does not, few may wait.
    b.send(to.clone(), 1, COUNT.to_le_bytes().to_vec()).await.expect("delivered");
    let mut sends = tokio::task::JoinSet::new();
    for number in 0..COUNT {
        let (b, to) = (b.clone(), to.clone());
        sends.spawn(async move { b.send(to, 1, number.to_le_bytes().to_vec()).await });
    }
    // The first have been acknowledged, and nobody has handled any.
    sends.join_next().await.expect("there are more").expect("no panic").expect("delivered");
    gate.add_permits(64);
    while let Some(sent) = sends.join_next().await {
        sent.expect("no panic").expect("delivered");
    }
    a.shut_down().await;
    // Whatever was acknowledged is handled, or waits: it ends with the daemon.
    let mut seen = seen.lock().expect("no panic").clone();
    seen.sort_unstable();
    let count = seen.len();
    seen.dedup();
    assert_eq!(seen.len(), count, "none twice");
    assert!(count > 1000, "{count}");
}

#[tokio::test]
async fn messages_for_an_absent_peer_are_in_nobodys_way() {
    let (a, _) = start(settings(60, Vec::new(), Handlers::new())).expect("it starts");
    let (b, _) =
        start(settings(70, vec![address_of(&a).await], Handlers::new())).expect("so does it");
    let absent = start(settings(80, Vec::new(), Handlers::new())).expect("and that").0;
    absent.shut_down().await;
    let absent = To::Peer(PeerAddress::Key(absent.id()));
    let mut sends = tokio::task::JoinSet::new();
    for _ in 0..1500 {
        let (b, absent) = (b.clone(), absent.clone());
        sends.spawn(async move { b.send(absent, 1, b"?".to_vec()).await });
    }
    // All but a few are refused at once.
    for _ in 0..1400 {
        let refused = sends.join_next().await.expect("there are more").expect("no panic");
        assert_eq!(refused, Err(SendError::Full));
    }
    b.send(To::Peer(PeerAddress::Key(a.id())), 1, b"!".to_vec()).await.expect("delivered");
}

#[tokio::test]
async fn who_sends_after_the_end_is_told() {
    let (a, driver) = start(settings(50, Vec::new(), Handlers::new())).expect("it starts");
    a.shut_down().await;
    driver.await.expect("no panic");
    let sent = a.send(To::Peer(PeerAddress::Key(a.id())), 1, Vec::new()).await;
    assert_eq!(sent, Err(SendError::ShuttingDown));
    assert!(a.status().await.is_none());
}
