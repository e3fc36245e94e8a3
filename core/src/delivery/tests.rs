//! What only a hostile peer could say, and what holds whatever is said.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::held::Held;
use crate::message::Purpose;
use crate::path::Path;
use crate::receive::tests::{INTRO, PATH, receive, with_own_echo};
use crate::session::SessionId;
use crate::time::Duration;
use crate::time::Instant;
use crate::wire::{FRAGMENT_LEN, Intro, fragment_len, fragments};
use crate::{MAX_DATAGRAM, MAX_TRANSMIT, lifecycle, timeout, transmit};

/// A packet of a message as a well-behaved peer would send it, but for what is changed.
fn fragment(number: u64, transmit: u64, len: u32, index: u8) -> Fragment<'static> {
    static BYTES: [u8; FRAGMENT_LEN] = [7; FRAGMENT_LEN];
    let bytes = &BYTES[..fragment_len(len as usize, index)];
    let (purpose, kind, floor) = (Purpose::Notice, 1, number);
    Fragment { purpose, kind, len, number, transmit, floor, index, bytes }
}

fn receive_fragment(
    fragment: &Fragment<'_>,
    cx: &mut Cx<'_>,
    session: SessionId,
) -> Result<(), Dropped> {
    let mut content = [0; MAX_DATAGRAM];
    let len = fragment.encode(&mut content);
    receive(&content[..len], cx, session)
}

fn receive_ack(ack: Ack, cx: &mut Cx<'_>, session: SessionId) -> Result<(), Dropped> {
    let mut content = [0; Ack::LEN_MAX];
    let len = ack.encode(&mut content);
    receive(&content[..len], cx, session)
}

fn count(counter: Counter, cx: &Cx<'_>) -> u64 {
    cx.state.counters.done(counter)
}

#[test]
fn a_message_beyond_the_window_is_neither_kept_nor_acknowledged() {
    with_own_echo(|cx, session| {
        let ahead = Fragment { floor: 100, ..fragment(132, 0, 9, 0) };
        assert_eq!(receive_fragment(&ahead, cx, session), Err(Dropped::BeyondWindow));
        assert!(!owes(0, cx));
        let within = Fragment { floor: 100, ..fragment(131, 1, 9, 0) };
        assert_eq!(receive_fragment(&within, cx, session), Ok(()));
        let later = Fragment { floor: 101, ..fragment(132, 2, 9, 0) };
        assert_eq!(receive_fragment(&later, cx, session), Ok(()));
        assert_eq!(count(Counter::MessagesDelivered, cx), 2);
    });
}

#[test]
fn what_is_below_the_floor_is_acknowledged_and_not_delivered() {
    with_own_echo(|cx, session| {
        assert_eq!(receive_fragment(&fragment(u64::MAX, 1, 9, 0), cx, session), Ok(()));
        assert_eq!(receive_fragment(&fragment(5, 2, 9, 0), cx, session), Ok(()));
        assert_eq!(count(Counter::MessagesDelivered, cx), 1);
        assert_eq!(count(Counter::FragmentsRepeated, cx), 1);
        assert!(owes(0, cx));
    });
}

#[test]
fn fragments_that_contradict_each_other_are_refused() {
    with_own_echo(|cx, session| {
        let first = fragment(1, 0, 3000, 0);
        assert_eq!(receive_fragment(&first, cx, session), Ok(()));
        for other in [
            fragment(1, 1, 3001, 2),
            fragment(1, 1, 2300, 1),
            Fragment { kind: 2, ..fragment(1, 1, 3000, 1) },
            Fragment { purpose: Purpose::Request, ..fragment(1, 1, 3000, 1) },
        ] {
            assert_eq!(receive_fragment(&other, cx, session), Err(Dropped::FragmentMismatch));
        }
        assert_eq!(receive_fragment(&fragment(1, 2, 3000, 1), cx, session), Ok(()));
        assert_eq!(receive_fragment(&fragment(1, 3, 3000, 2), cx, session), Ok(()));
        assert_eq!(count(Counter::MessagesDelivered, cx), 1);
    });
}

#[test]
fn an_acknowledgement_of_what_was_never_sent_is_refused() {
    with_own_echo(|cx, session| {
        let ack = |largest, bitmap| Ack { largest, bitmap, delay_us: 0 };
        assert_eq!(receive_ack(ack(0, 0), cx, session), Err(Dropped::UnexpectedAck));
        let to = cx.handle(0);
        let message = Outgoing { kind: 0, purpose: Purpose::Notice, payload: b"one" };
        accept(to, &message, cx).expect("there is room");
        let sent = transmit::poll(&mut [0; MAX_TRANSMIT], cx);
        assert!(sent.is_some());
        assert_eq!(receive_ack(ack(1, u64::MAX), cx, session), Err(Dropped::UnexpectedAck));
        assert_eq!(receive_ack(ack(u64::MAX, 1), cx, session), Err(Dropped::UnexpectedAck));
        assert_eq!(receive_ack(ack(0, u64::MAX), cx, session), Ok(()));
        assert_eq!(count(Counter::MessagesAcked, cx), 1);
    });
}

#[test]
fn one_peer_holds_no_more_than_its_share_with_messages_in_part() {
    with_own_echo(|cx, session| {
        let mut results = Vec::new();
        for number in 0..8 {
            let part = Fragment { floor: 0, ..fragment(number, number, 1121, 0) };
            results.push(receive_fragment(&part, cx, session));
        }
        // Half of three quarters of eight places.
        let full = Err(Dropped::MessagesFull);
        assert_eq!(results, [Ok(()), Ok(()), Ok(()), full, full, full, full, full]);
        let longest = Fragment { floor: 8, ..fragment(8, 8, 64 * FRAGMENT_LEN as u32, 63) };
        assert_eq!(receive_fragment(&longest, cx, session), full);
        let next = Fragment { floor: 9, ..fragment(9, 9, 1121, 1) };
        assert_eq!(receive_fragment(&next, cx, session), Ok(()), "those below the floor are gone");
    });
}

/// What an authenticated peer can say, from nonsense to almost right.
#[derive(Clone, Debug)]
enum Said {
    Bytes(Vec<u8>),
    Fragment {
        number: u64,
        behind: u16,
        transmit: u64,
        len: u32,
        index: u8,
        reply: bool,
    },
    Ack {
        largest: u64,
        bitmap: u64,
        delay_us: u32,
    },
    /// It is sent a message.
    Send(usize),
    Wait {
        millis: u64,
    },
}

fn said() -> impl Strategy<Value = Said> {
    let near = || prop_oneof![4 => 0u64..50, 1 => any::<u64>()];
    let len = prop_oneof![0u32..5000, 0u32..72_000];
    prop_oneof![
        1 => (0u8..6, prop::collection::vec(any::<u8>(), 0..60))
            .prop_map(|(kind, rest)| Said::Bytes([&[kind][..], &rest].concat())),
        6 => (near(), 0u16..40, near(), len, 0u8..64, any::<bool>()).prop_map(
            |(number, behind, transmit, len, index, reply)| Said::Fragment {
                number, behind, transmit, len, index, reply,
            }
        ),
        4 => (near(), any::<u64>(), any::<u32>())
            .prop_map(|(largest, bitmap, delay_us)| Said::Ack { largest, bitmap, delay_us }),
        2 => (0usize..6000).prop_map(Said::Send),
        2 => (0u64..40_000).prop_map(|millis| Said::Wait { millis }),
    ]
}

proptest! {
    #[test]
    fn whatever_an_authenticated_peer_says_does_no_harm(
        said in prop::collection::vec(said(), 0..200),
    ) {
        with_own_echo(|cx, session| {
            for said in said {
                hear(said, cx, session);
                let mut out = [0; MAX_TRANSMIT];
                for _ in 0..40 {
                    if transmit::poll(&mut out, cx).is_none() {
                        break;
                    }
                }
                while take_ended(cx).is_some() {}
                while let Some(slot) = take_arrived(cx) {
                    let message = cx.messages[usize::from(slot)].as_message(cx.buffer);
                    assert!(message.payload.len() > FRAGMENT_LEN);
                }
            }
            lifecycle::forget(0, cx);
            while take_ended(cx).is_some() {}
            check_all_is_given_back(cx);
        });
    }
}

fn hear(said: Said, cx: &mut Cx<'_>, session: SessionId) {
    match said {
        Said::Bytes(content) => {
            let _ = receive(&content, cx, session);
        }
        Said::Fragment { number, behind, transmit, len, index, reply } => {
            let count = fragments(len as usize) as u8;
            let index = index.min(count.saturating_sub(1));
            let floor = number.saturating_sub(behind.into());
            let purpose =
                if reply { Purpose::Reply(MessageId(3).request()) } else { Purpose::Notice };
            let changed = Fragment { floor, purpose, ..fragment(number, transmit, len, index) };
            let _ = receive_fragment(&changed, cx, session);
        }
        Said::Ack { largest, bitmap, delay_us } => {
            let _ = receive_ack(Ack { largest, bitmap, delay_us }, cx, session);
        }
        Said::Send(len) => {
            let payload = vec![0; len];
            let message = Outgoing { kind: 0, purpose: Purpose::Request, payload: &payload };
            let to = cx.handle(0);
            let _ = accept(to, &message, cx);
        }
        Said::Wait { millis } => {
            cx.state.now = cx.state.now + Duration::from_millis(millis);
            timeout::fire(cx);
        }
    }
}

fn check_all_is_given_back(cx: &mut Cx<'_>) {
    let Cx { state, messages, flights, blocks, .. } = cx;
    let shared = &mut state.messages;
    assert!(shared.taken.iter().all(|taken| (taken.slots, taken.blocks) == (0, 0)));
    assert_eq!(shared.superseded, 0);
    let free = core::iter::from_fn(|| shared.free.pop_front(messages)).count();
    let free_flights = core::iter::from_fn(|| shared.free_flights.pop_front(flights)).count();
    assert_eq!((free, free_flights), (messages.len(), flights.len()));
    assert!(blocks.iter().all(|word| *word == 0));
}

fn send(len: usize, cx: &mut Cx<'_>) -> Result<MessageId, SendError> {
    let payload = vec![0; len];
    let to = cx.handle(0);
    accept(to, &Outgoing { kind: 0, purpose: Purpose::Notice, payload: &payload }, cx)
}

/// Everything that may be sent now.
fn drain(cx: &mut Cx<'_>) -> usize {
    let mut out = [0; MAX_TRANSMIT];
    core::iter::from_fn(|| transmit::poll(&mut out, cx)).count()
}

#[test]
fn a_peer_that_takes_no_messages_is_sent_none() {
    with_own_echo(|cx, _| {
        for intro in [Intro { fragments_max: 0, ..INTRO }, Intro { message_window: 0, ..INTRO }] {
            cx.peer(0).channel.remote = Held::This(intro);
            assert_eq!(send(0, cx), Err(SendError::Unsupported));
        }
    });
}

#[test]
fn a_peer_may_take_less_than_we_could_keep() {
    with_own_echo(|cx, _| {
        cx.peer(0).channel.remote = Held::This(Intro { fragments_max: 2, ..INTRO });
        assert_eq!(send(2 * FRAGMENT_LEN + 1, cx), Err(SendError::TooLong));
        assert!(send(2 * FRAGMENT_LEN, cx).is_ok());
    });
}

#[test]
fn another_path_has_a_window_of_its_own() {
    with_own_echo(|cx, _| {
        for len in [5 * FRAGMENT_LEN, 5 * FRAGMENT_LEN, FRAGMENT_LEN] {
            assert!(send(len, cx).is_ok());
        }
        assert_eq!(drain(cx), 10);
        let socket = crate::path::Socket(1);
        let ways = &mut cx.peer(0).ways;
        ways.remove(PATH.into(), Instant::ORIGIN);
        ways.take(Path { socket, ..PATH }.into());
        wake(0, cx);
        assert_eq!(drain(cx), 1);
    });
}

/// Unacknowledged packets may neither run out of places nor keep others from theirs.
#[test]
fn however_often_packets_are_sent_again_there_is_a_place_for_them() {
    with_own_echo(|cx, _| {
        while send(9, cx).is_ok() {}
        let mut sent = drain(cx);
        for _ in 0..100 {
            cx.state.now = cx.now() + Duration::from_secs(10);
            assert_eq!(on_timer(Timer::Loss, 0, cx), None);
            sent += drain(cx);
        }
        assert_eq!(sent, 6 + 200);
        assert_eq!(usize::from(cx.state.messages.superseded), cx.messages.len());
    });
}
