//! Captures, read again and checked with a sum of another making.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use underpass_core::{Duration, Instant};
use underpass_sim::scenario::model::NodeId;
use underpass_sim::scenario::{Scenario, Vocabulary, parse};
use underpass_sim::trace::{Happening, PacketInfo, Witness as _};

use super::Sink;
use super::pcap::Pcap;

fn scenario() -> Scenario {
    let text = r#"
        format = 1
        title = "Two nodes"
        duration = "10s"
        [[node]]
        name = "laptop"
        peers = ["a-sensor"]
        [[node]]
        name = "a-sensor"
        [[expect]]
        session = { between = ["laptop", "a-sensor"], is = "active" }
    "#;
    parse(text, "", "two", &Vocabulary::with_metrics(&[])).expect("no mistakes")
}

/// The file that these datagrams make, each as it leaves the first node and comes to the second.
fn capture(datagrams: &[(&str, &str, &[u8])], at: Instant) -> Vec<u8> {
    let file = Shared::default();
    let sink = Sink::to(Path::new("shared"), file.clone());
    let mut pcap = Pcap::new(&scenario(), sink.clone());
    for (number, (source, destination, bytes)) in (0..).zip(datagrams) {
        let source: SocketAddr = source.parse().expect("an address");
        let destination = destination.parse().expect("an address");
        let (from, to) = (NodeId(0), Some(NodeId(1)));
        let packet =
            PacketInfo { from, number, copy: 0, origin: source, source, destination, to, bytes };
        pcap.happened(at, &Happening::Transmitted(&packet));
        pcap.happened(at, &Happening::Arrived(NodeId(1), &packet));
    }
    sink.finish().expect("memory takes all");
    let bytes = file.0.lock().expect("nobody panicked");
    bytes.clone()
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panicked").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Kind and body of each block.
fn blocks(mut file: &[u8]) -> Vec<(u32, &[u8])> {
    let mut blocks = Vec::new();
    while !file.is_empty() {
        let length = word(file, 4) as usize;
        assert!(length.is_multiple_of(4) && word(file, length - 4) as usize == length);
        blocks.push((word(file, 0), &file[8..length - 4]));
        file = &file[length..];
    }
    blocks
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// The packets of a capture: interface, microseconds, direction, bytes.
fn packets(file: &[u8]) -> Vec<(u32, u64, u32, Vec<u8>)> {
    let packets = blocks(file).into_iter().filter(|(kind, _)| *kind == 6);
    let packet = |(_, body): (u32, &[u8])| {
        let length = word(body, 12) as usize;
        assert_eq!(word(body, 16) as usize, length);
        let options = &body[20 + length.next_multiple_of(4)..];
        assert_eq!(options[..4], [2, 0, 4, 0], "the flags come first");
        let at = u64::from(word(body, 4)) << 32 | u64::from(word(body, 8));
        (word(body, 0), at, word(options, 4), body[20..20 + length].to_vec())
    };
    packets.map(packet).collect()
}

/// The one's complement sum, bit by bit as RFC 1071 defines it: of data with a right checksum in it,
/// all ones.
fn ones_complement(bytes: &[u8]) -> u16 {
    let mut sum: u16 = 0;
    for word in bytes.chunks(2) {
        let word = u16::from_be_bytes([word[0], word.get(1).copied().unwrap_or(0)]);
        let (added, carry) = sum.overflowing_add(word);
        sum = added + u16::from(carry);
    }
    sum
}

#[test]
fn a_capture_says_what_it_is() {
    let file = capture(&[], Instant::ORIGIN);
    let blocks = blocks(&file);
    let kinds: Vec<u32> = blocks.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [0x0A0D_0D0A, 1, 1]);
    assert_eq!(word(blocks[0].1, 0), 0x1A2B_3C4D);
    let name = |body: &[u8]| {
        let length = usize::from(body[10]);
        String::from_utf8(body[12..12 + length].to_vec()).expect("text")
    };
    assert_eq!((name(blocks[1].1), name(blocks[2].1)), ("laptop".into(), "a-sensor".into()));
    assert!(blocks[1..].iter().all(|(_, body)| word(body, 0) == 101), "raw IP");
}

#[test]
fn a_datagram_is_there_at_both_ends_and_at_its_time() {
    let at = Instant::ORIGIN + Duration::from_secs(100_000);
    let file = capture(&[("198.18.0.1:4747", "198.18.0.2:4747", b"abc")], at);
    let packets = packets(&file);
    let ends: Vec<_> = packets.iter().map(|(at, time, way, _)| (*at, *time, *way)).collect();
    assert_eq!(ends, [(0, 100_000_000_000, 2), (1, 100_000_000_000, 1)]);
    assert_eq!(packets[0].3, packets[1].3);
}

#[test]
fn ipv4_headers_are_right() {
    for len in 0..70_u8 {
        let payload: Vec<u8> = (0..len).map(|byte| byte.wrapping_mul(37)).collect();
        let file = capture(&[("198.18.0.1:4747", "203.0.113.9:53", &payload)], Instant::ORIGIN);
        let packet = &packets(&file)[0].3;
        assert_eq!((packet[0], packet[9]), (0x45, 17));
        assert_eq!(u16::from_be_bytes([packet[2], packet[3]]), 28 + u16::from(len));
        assert_eq!(packet[12..20], [198, 18, 0, 1, 203, 0, 113, 9]);
        assert_eq!(ones_complement(&packet[..20]), u16::MAX, "header of {len}");
        let length = [0, 17, 0, 8 + len];
        let pseudo = [&packet[12..20], &length[..], &packet[20..]].concat();
        assert_eq!(ones_complement(&pseudo), u16::MAX, "datagram of {len}");
        assert_eq!(packet[20..24], [0x12, 0x8B, 0, 53]);
        assert_eq!(packet[28..], payload);
    }
}

#[test]
fn ipv6_headers_are_right() {
    for len in 0..70_u8 {
        let payload: Vec<u8> = (0..len).map(|byte| byte.wrapping_mul(91)).collect();
        let file =
            capture(&[("[2001:db8::1]:4747", "[2001:db8::2]:53", &payload)], Instant::ORIGIN);
        let packet = &packets(&file)[0].3;
        assert_eq!((packet[0], packet[6], packet.len()), (0x60, 17, 48 + usize::from(len)));
        assert_eq!(u16::from_be_bytes([packet[4], packet[5]]), 8 + u16::from(len));
        let length = [0, 0, 0, 8 + len, 0, 0, 0, 17];
        let pseudo = [&packet[8..40], &length[..], &packet[40..]].concat();
        assert_eq!(ones_complement(&pseudo), u16::MAX, "datagram of {len}");
        assert_eq!(packet[48..], payload);
    }
}

#[test]
fn no_checksum_is_written_as_none() {
    // Two bytes that make the sum come to all ones, whose complement would be zero.
    let with = |payload: [u8; 2]| {
        let file = capture(&[("198.18.0.1:4747", "203.0.113.9:53", &payload)], Instant::ORIGIN);
        let packet = packets(&file)[0].3.clone();
        u16::from_be_bytes([packet[26], packet[27]])
    };
    let payload = with([0, 0]).to_be_bytes();
    assert_eq!(with(payload), u16::MAX);
}
