//! What only a peer of a later version, or a hostile one, could send.

use proptest::prelude::*;

use super::*;
use crate::config::Config;
use crate::crypto::aead::{self, TAG_LEN};
use crate::held::Held;
use crate::identity::SecretIdentity;
use crate::message::{Outgoing, Purpose};
use crate::network::Network;
use crate::noise::{Role, TransportKeys};
use crate::path::Socket;
use crate::peer::{Contact, PeerState};
use crate::session::handshake::Share;
use crate::time::{Duration, Instant};
use crate::wire::{Ack, FRAGMENT_LEN, Intro, VERSION};
use crate::{MAX_DATAGRAM, Node};

crate::storage! {
    struct Tiny {
        peers: 1, handshakes: 2, window_bits: 128,
        messages: 8, message_window: 32, buffer: 16384,
    }
}

const PATH: Path = Path {
    socket: Socket(0),
    remote: core::net::SocketAddr::new(
        core::net::IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 1)),
        4747,
    ),
};

const KEY: [u8; 32] = [1; 32];

/// What the peer said of itself.
const INTRO: Intro = Intro {
    version: VERSION,
    fragments_max: 64,
    message_window: 32,
    capabilities: 0,
    ping_interval: Duration::from_secs(10),
    channel: 5,
    hello: 1,
    replay_window: 128,
};

/// A context with one active peer, whose session opens what it seals.
fn with_own_echo(test: impl FnOnce(&mut Cx<'_>, SessionId)) {
    let mut seed = 0;
    let identity = SecretIdentity::generate(|| {
        seed += 1;
        [seed; 32]
    });
    let (keys, _) = identity.expect("every other one is usable");
    let network = Network::open("test");
    let node = Node::new(Config::new(network), keys.id(), [0; 32], Tiny::EMPTY, Instant::ORIGIN);
    let mut node = node.expect("the storage is sound");
    let mut cx = node.cx();
    let contact = Contact { id: keys.id(), agreement_key: keys.id().agreement_key() };
    let peer = cx.add_peer(Some(contact)).expect("there is room");
    let handshake = cx.take_handshake(Share::Stranger).expect("there is room");
    let session = cx.take_session(handshake);
    let keys = TransportKeys { seal: KEY, open: KEY, handshake_hash: [2; 32] };
    let index = cx.session(session).local_index;
    cx.session(session).install(keys, Role::Responder, index, Instant::ORIGIN);
    crate::session::promote(peer, session, &mut cx);
    cx.session(session).channel = [4, INTRO.channel];
    let slot = cx.peer(peer);
    (slot.channel.local, slot.channel.remote) = (4, Held::This(INTRO));
    (slot.state, slot.path) = (PeerState::Active, Held::This(PATH));
    test(&mut cx, session);
}

/// What comes of a datagram with this content.
fn receive(content: &[u8], cx: &mut Cx<'_>, session: SessionId) -> Result<(), Dropped> {
    let mut out = [0; MAX_DATAGRAM];
    let len = SealedHeader::LEN + content.len() + TAG_LEN;
    out[SealedHeader::LEN..][..content.len()].copy_from_slice(content);
    cx.session(session).seal(&mut out[..len]);
    datagram(PATH, &mut out[..len], cx).map(|_| ())
}

#[test]
fn a_type_of_a_later_version_is_refused_and_the_session_goes_on() {
    with_own_echo(|cx, session| {
        assert_eq!(receive(&[200, 1, 2, 3], cx, session), Err(Dropped::UnknownMessage));
        assert_eq!(receive(&[], cx, session), Err(Dropped::UnknownMessage));
        assert_eq!(receive(&[0, 9], cx, session), Ok(()));
    });
}

#[test]
fn a_control_message_of_another_length_is_refused() {
    with_own_echo(|cx, session| {
        let ping = [1, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(receive(&ping[..8], cx, session), Err(Dropped::UnknownMessage));
        assert_eq!(receive(&[&ping[..], &[0]].concat(), cx, session), Err(Dropped::UnknownMessage));
        assert_eq!(receive(&ping, cx, session), Ok(()));
    });
}

#[test]
fn a_payload_longer_than_anybody_may_send_is_refused() {
    with_own_echo(|cx, session| {
        let longest = [0; 1 + crate::MAX_PAYLOAD];
        assert_eq!(receive(&longest, cx, session), Ok(()));
        let longer = [0; 2 + crate::MAX_PAYLOAD];
        assert_eq!(receive(&longer, cx, session), Err(Dropped::UnknownMessage));
    });
}

#[test]
fn the_last_counter_is_refused_and_the_window_keeps_what_it_knows() {
    with_own_echo(|cx, session| {
        let receiver = cx.session(session).local_index;
        let datagram_with = |counter, cx: &mut Cx<'_>| {
            let mut bytes = [0; MAX_DATAGRAM];
            let content_len = 2;
            let len = SealedHeader::LEN + content_len + TAG_LEN;
            let header = SealedHeader { epoch: 0, receiver, counter }.encode();
            let (front, rest) = bytes.split_at_mut(SealedHeader::LEN);
            front.copy_from_slice(&header);
            aead::seal(&KEY, counter, &header, &mut rest[..content_len + TAG_LEN]);
            datagram(PATH, &mut bytes[..len], cx).map(|_| ())
        };
        assert_eq!(datagram_with(5, cx), Ok(()));
        assert_eq!(datagram_with(u64::MAX, cx), Err(Dropped::ReservedBits));
        assert_eq!(datagram_with(5, cx), Err(Dropped::Replayed));
        assert_eq!(datagram_with(u64::MAX - 1, cx), Ok(()));
        assert_eq!(datagram_with(5, cx), Err(Dropped::TooOld));
    });
}

/// A packet of a message as a well-behaved peer would send it, but for what is changed.
fn fragment(number: u64, transmit: u64, len: u32, index: u8) -> Fragment<'static> {
    static BYTES: [u8; FRAGMENT_LEN] = [7; FRAGMENT_LEN];
    let bytes = &BYTES[..crate::wire::fragment_len(len as usize, index)];
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
        assert!(!delivery::owes(0, cx));
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
        assert!(delivery::owes(0, cx));
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
        delivery::accept(to, &message, cx).expect("there is room");
        let sent = crate::transmit::poll(&mut [0; MAX_DATAGRAM], cx);
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
        let mut results = std::vec::Vec::new();
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
    Bytes(std::vec::Vec<u8>),
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
                let mut out = [0; MAX_DATAGRAM];
                for _ in 0..40 {
                    if crate::transmit::poll(&mut out, cx).is_none() {
                        break;
                    }
                }
                while delivery::take_ended(cx).is_some() {}
                while let Some(slot) = delivery::take_arrived(cx) {
                    let message = cx.messages[usize::from(slot)].as_message(cx.buffer);
                    assert!(message.payload.len() > FRAGMENT_LEN);
                }
            }
        });
    }
}

fn hear(said: Said, cx: &mut Cx<'_>, session: SessionId) {
    match said {
        Said::Bytes(content) => {
            let _ = receive(&content, cx, session);
        }
        Said::Fragment { number, behind, transmit, len, index, reply } => {
            let count = crate::wire::fragments(len as usize) as u8;
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
            let payload = std::vec![0; len];
            let message = Outgoing { kind: 0, purpose: Purpose::Request, payload: &payload };
            let to = cx.handle(0);
            let _ = delivery::accept(to, &message, cx);
        }
        Said::Wait { millis } => {
            cx.state.now = cx.state.now + Duration::from_millis(millis);
            crate::timeout::fire(cx);
        }
    }
}
