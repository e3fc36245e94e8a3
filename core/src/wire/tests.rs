use core::net::SocketAddr;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::crypto::aead::TAG_LEN;
use crate::message::{Purpose, RequestNumber};
use crate::time::Duration;

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..1400)) {
        let _ = decode(&bytes);
        let _ = Message::decode(&bytes);
    }

    /// The same, past the first checks.
    #[test]
    fn bytes_of_a_known_kind_never_panic(
        kind in prop::sample::select((kind::HELLO_IK..=kind::SEALED).collect::<Vec<_>>()),
        mut bytes in prop::collection::vec(any::<u8>(), 0..1400),
    ) {
        let header = [kind, VERSION, 0, 0];
        let len = bytes.len().min(header.len());
        bytes[..len].copy_from_slice(&header[..len]);
        let _ = decode(&bytes);
    }

    #[test]
    fn a_sealed_header_reads_back(epoch: u8, receiver: u32, counter: u64, len in 0usize..1200) {
        let header = SealedHeader { epoch, receiver, counter };
        let mut datagram = header.encode().to_vec();
        datagram.resize(SealedHeader::LEN + TAG_LEN + len, 0);
        prop_assert_eq!(decode(&datagram), Ok(Frame::Sealed(header)));
    }

    #[test]
    fn a_hello_reads_back(xx: bool, sender: u32, key: [u8; 32], intro in intros()) {
        let pattern = if xx { Pattern::Xx } else { Pattern::Ik };
        let mut datagram = [0; Hello::LEN];
        Hello::put_intro(&mut datagram, pattern, &intro);
        Hello::finish(&mut datagram, pattern, sender, &key);
        let Ok(Frame::Hello(header)) = decode(&datagram) else { panic!("not a Hello") };
        prop_assert_eq!((header.pattern, header.sender), (pattern, sender));
        prop_assert_eq!(Hello::intro(&datagram, pattern), Ok(intro));
        is_made_with(&mut datagram, &key)?;
    }

    #[test]
    fn a_welcome_reads_back(
        xx: bool, sender: u32, receiver: u32, key: [u8; 32], intro in intros(),
    ) {
        let pattern = if xx { Pattern::Xx } else { Pattern::Ik };
        let mut datagram = vec![0; Welcome::len(pattern)];
        Welcome::put_intro(&mut datagram, pattern, &intro);
        Welcome::finish(&mut datagram, pattern, sender, receiver, &key);
        let Ok(Frame::Welcome(header)) = decode(&datagram) else { panic!("not a Welcome") };
        prop_assert_eq!(header, Welcome { pattern, sender, receiver });
        prop_assert_eq!(Welcome::intro(&datagram, pattern), Ok(intro));
        is_made_with(&mut datagram, &key)?;
    }

    #[test]
    fn a_confirm_reads_back(receiver: u32, key: [u8; 32], intro in intros()) {
        let mut datagram = [0; Confirm::LEN];
        Confirm::put_intro(&mut datagram, &intro);
        Confirm::finish(&mut datagram, receiver, &key);
        prop_assert_eq!(decode(&datagram), Ok(Frame::Confirm(Confirm { receiver })));
        prop_assert_eq!(Confirm::intro(&datagram), Ok(intro));
        is_made_with(&mut datagram, &key)?;
    }

    #[test]
    fn a_cookie_reads_back(receiver: u32, nonce: [u8; 16], key: [u8; 32], cookie: [u8; 16]) {
        let mut datagram = Cookie { receiver, nonce }.encode(&key, &cookie);
        prop_assert_eq!(decode(&datagram), Ok(Frame::Cookie(Cookie { receiver, nonce })));
        let mut forged = datagram;
        forged[30] ^= 1;
        prop_assert!(Cookie::open(&mut forged, &key).is_err());
        prop_assert_eq!(Cookie::open(&mut datagram, &key).ok(), Some(cookie));
    }

    #[test]
    fn a_hint_reads_back(receiver: u32, counter: u64) {
        let hint = NoSession { receiver, counter };
        prop_assert_eq!(decode(&hint.encode()), Ok(Frame::NoSession(hint)));
    }

    #[test]
    fn a_control_message_reads_back(nonce: [u8; 8], asks: bool, pong: bool, next: u64, from: Option<[u8; 16]>) {
        let probe = Probe { nonce };
        let from = from.map(|ip| (ip, 65_535).into());
        let seen = asks.then_some(Seen { next, from });
        let control = match pong {
            true => Control::Pong(Pong { probe, seen }),
            false => Control::Ping(Ping { probe, asks }),
        };
        let mut out = [0; Control::LEN_MAX];
        let len = control.encode(&mut out);
        prop_assert_eq!(Message::decode(&out[..len]), Ok(Message::Control(control)));
        prop_assert_eq!(Message::decode(&out[..len - 1]), Err(UnknownMessage));
    }
}

/// The message has its `mac1`, which covers what stands before it.
fn is_made_with(datagram: &mut [u8], key: &[u8; 32]) -> Result<(), TestCaseError> {
    prop_assert!(is_for(datagram, key));
    datagram[9] ^= 1;
    prop_assert!(!is_for(datagram, key));
    Ok(())
}

proptest! {
    #[test]
    fn a_fragment_reads_back(
        [kind, behind]: [u16; 2],
        number: u64,
        transmit: u64,
        len in 0usize..MAX_MESSAGE + 1,
        at: usize,
        purpose in purposes(),
    ) {
        let index = (at % fragments(len)) as u8;
        let bytes = vec![3; fragment_len(len, index)];
        let floor = number.saturating_sub(behind.into());
        let len = len as u32;
        let made =
            Fragment { purpose, kind, len, number, transmit, floor, index, bytes: &bytes };
        let mut out = [0xff; MAX_CONTENT];
        let written = made.encode(&mut out);
        prop_assert_eq!(written, made.content_len());
        prop_assert_eq!(Message::decode(&out[..written]), Ok(Message::Fragment(made)));
        prop_assert_eq!(Message::decode(&out[..written - 1]), Err(UnknownMessage));
    }

    #[test]
    fn an_acknowledgement_reads_back(largest: u64, bitmap: u64, delay_us: u32) {
        let ack = Ack { largest, bitmap, delay_us };
        let mut out = [0; Ack::LEN_MAX];
        let len = ack.encode(&mut out);
        prop_assert_eq!(Message::decode(&out[..len]), Ok(Message::Ack(ack)));
        prop_assert_eq!(Message::decode(&out[..len - 1]), Err(UnknownMessage));
    }

    #[test]
    fn a_punch_reads_back(
        [attempt, round_trip_us]: [u32; 2],
        asks: bool,
        mapping in prop::sample::select(
            [Mapping::Unknown, Mapping::EndpointIndependent, Mapping::Varies].to_vec(),
        ),
        addresses in prop::collection::vec(any::<SocketAddr>(), 0..=CANDIDATES),
    ) {
        let kind = if asks { PunchKind::Offer } else { PunchKind::Answer };
        let mut candidates = Candidates::default();
        addresses.into_iter().for_each(|address| candidates.add(without_flow(address)));
        let punch = Punch { attempt, round_trip_us, mapping, candidates };
        let mut out = [0; Punch::LEN_MAX];
        let len = punch.encode(kind, &mut out);
        prop_assert_eq!(Message::decode(&out[..len]), Ok(Message::Punch(kind, punch)));
        prop_assert_eq!(Message::decode(&out[..len - 1]), Err(UnknownMessage));
    }

    /// The content of a hostile peer: what is read of it is consistent.
    #[test]
    fn content_of_a_known_type_never_panics(
        kind in 0u8..22,
        mut bytes in prop::collection::vec(any::<u8>(), 0..1300),
        header in prop::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..36),
    ) {
        bytes.splice(..header.len().min(bytes.len()), header);
        if let Ok(Message::Fragment(read)) = Message::decode(&[&[kind][..], &bytes].concat()) {
            prop_assert!(read.len as usize <= MAX_MESSAGE && read.floor <= read.number);
            prop_assert_eq!(read.bytes.len(), fragment_len(read.len as usize, read.index));
        }
    }
}

#[test]
fn a_reply_is_laid_out_as_documented() {
    let content = [
        3, 2, 0x34, 0x12, 4, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0,
        5, 0, 0, 0, 0, 0, 0, 0, b'w', b'a', b'r', b'm',
    ];
    let fragment = Fragment {
        purpose: Purpose::Reply(RequestNumber(5)),
        kind: 0x1234,
        len: 4,
        number: 9,
        transmit: 17,
        floor: 7,
        index: 0,
        bytes: b"warm",
    };
    assert_eq!(Message::decode(&content), Ok(Message::Fragment(fragment)));
    let changed = |at: usize, to: u8| {
        let mut content = content;
        content[at] = to;
        Message::decode(&content).is_err()
    };
    assert!(changed(1, 3), "no such purpose");
    assert!(changed(4, 5) && changed(4, 3), "another length");
    assert!(changed(24, 10), "a floor below zero");
    assert!(changed(26, 1), "a fragment that the message has not");
    assert!(changed(27, 1), "reserved");
}

#[test]
fn an_acknowledgement_is_laid_out_as_documented() {
    let ack = Ack { largest: 4, bitmap: 0b1011, delay_us: 9000 };
    assert_eq!(Message::decode(&[4, 4, 0b1011, 0xa8, 0x46]), Ok(Message::Ack(ack)));
    let named: vec::Vec<u64> = (0..6).filter(|number| ack.covers(*number)).collect();
    assert_eq!(named, [0, 2, 3, 4]);
}

/// What is not on the wire: flow labels and scopes.
fn without_flow(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port())
}

#[test]
fn a_punch_is_laid_out_as_documented() {
    let mut candidates = Candidates::default();
    candidates.add("192.0.2.7:4747".parse().expect("an address"));
    let punch = Punch { attempt: 5, round_trip_us: 300, mapping: Mapping::Varies, candidates };
    let content = [20, 5, 0xac, 0x02, 2, 1, 0, 192, 0, 2, 7, 0x8b, 0x25];
    assert_eq!(Message::decode(&content), Ok(Message::Punch(PunchKind::Offer, punch)));
}

#[test]
fn a_punch_with_a_ninth_address_is_unknown() {
    let address = [0, 192, 0, 2, 7, 1];
    let content = |count: u8| {
        let head = [20, 5, 1, 0, count];
        Message::decode(&[&head[..], &address.repeat(count.into())].concat()).is_ok()
    };
    assert!(content(8));
    assert!(!content(9));
}

fn purposes() -> impl Strategy<Value = Purpose> {
    prop_oneof![
        Just(Purpose::Notice),
        Just(Purpose::Request),
        any::<u64>().prop_map(|number| Purpose::Reply(RequestNumber(number))),
    ]
}

fn intros() -> impl Strategy<Value = Intro> {
    (any::<u8>(), any::<u16>(), any::<[u32; 2]>(), any::<[u64; 2]>(), any::<u16>()).prop_map(
        |(fragments_max, message_window, [capabilities, interval_ms], [channel, hello], window)| {
            Intro {
                version: VERSION,
                fragments_max,
                message_window,
                capabilities,
                ping_interval: Duration::from_millis(interval_ms.into()),
                channel,
                hello,
                replay_window: window,
            }
        },
    )
}

#[test]
fn what_a_decoder_refuses_it_names() {
    let hello = |change: fn(&mut [u8; Hello::LEN])| {
        let mut datagram = [0; Hello::LEN];
        Hello::finish(&mut datagram, Pattern::Ik, 1, &[0; 32]);
        change(&mut datagram);
        decode(&datagram)
    };
    assert_eq!(decode(&[]), Err(Malformed::Length));
    assert_eq!(decode(&[0; 192]), Err(Malformed::Kind));
    assert_eq!(decode(&[kind::HELLO_IK, VERSION, 0, 0]), Err(Malformed::Length));
    assert_eq!(hello(|datagram| datagram[1] = 2), Err(Malformed::Version));
    assert_eq!(hello(|datagram| datagram[3] = 1), Err(Malformed::Reserved));
    assert_eq!(decode(&[kind::SEALED; MAX_DATAGRAM + 1]), Err(Malformed::Length));
}
