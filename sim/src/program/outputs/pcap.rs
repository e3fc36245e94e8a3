//! `--pcap`: what crosses each node's access link, as Wireshark reads it.
//!
//! A pcapng file (draft-ietf-opsawg-pcapng) of three kinds of block: a section header, an interface
//! for each node, and a packet each time that a datagram leaves a node or comes to one. A datagram
//! that arrives is there twice, as it would be if both ends captured. Packets are raw IP
//! (LINKTYPE_RAW), since the simulator has no link layer; times are virtual, from 1970 on.

use std::net::SocketAddr;

use underpass_core::Instant;
use underpass_sim::scenario::Scenario;
use underpass_sim::scenario::model::NodeId;
use underpass_sim::trace::{Happening, PacketInfo, Witness};

use super::Sink;

// Block types and options of draft-ietf-opsawg-pcapng, sections 4.1 to 4.3.
const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const BYTE_ORDER: u32 = 0x1A2B_3C4D;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const END_OF_OPTIONS: u16 = 0;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const EPB_FLAGS: u16 = 2;
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;
/// Raw IPv4 or IPv6, by its first four bits.
const LINKTYPE_RAW: u16 = 101;
/// Timestamps count 10^-6 seconds.
const MICROSECONDS: u8 = 6;

const UDP: u8 = 17;
const UDP_HEADER: usize = 8;
const HOP_LIMIT: u8 = 64;

pub(super) struct Pcap {
    sink: Sink,
}

impl Pcap {
    /// Begins the file: a section, and an interface for each node.
    pub(super) fn new(scenario: &Scenario, sink: Sink) -> Self {
        sink.write(&section_header());
        for node in &scenario.nodes {
            sink.write(&interface(&node.name));
        }
        Self { sink }
    }
}

impl Witness for Pcap {
    fn happened(&mut self, now: Instant, what: &Happening<&PacketInfo<'_>>) {
        let block = match what {
            Happening::Transmitted(packet) | Happening::Injected(packet) => {
                enhanced_packet(now, packet.from, OUTBOUND, &ip(packet))
            }
            Happening::Arrived(node, packet) => enhanced_packet(now, *node, INBOUND, &ip(packet)),
            _ => return,
        };
        self.sink.write(&block);
    }
}

fn section_header() -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(BYTE_ORDER.to_le_bytes());
    // Version 1.0, and a length of the section that nobody knows yet.
    body.extend(1_u16.to_le_bytes());
    body.extend(0_u16.to_le_bytes());
    body.extend(u64::MAX.to_le_bytes());
    block(SECTION_HEADER, &body)
}

fn interface(name: &str) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(LINKTYPE_RAW.to_le_bytes());
    // Reserved; packets are captured whole.
    body.extend([0; 6]);
    let name = &name.as_bytes()[..name.len().min(usize::from(u16::MAX))];
    option(&mut body, IF_NAME, name);
    option(&mut body, IF_TSRESOL, &[MICROSECONDS]);
    option(&mut body, END_OF_OPTIONS, &[]);
    block(INTERFACE_DESCRIPTION, &body)
}

fn enhanced_packet(at: Instant, node: NodeId, direction: u32, packet: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(packet.len() + 48);
    let micros = at.as_micros();
    let [low, high] = [micros & u64::from(u32::MAX), micros >> 32]
        .map(|half| u32::try_from(half).expect("it is half of 64 bits"));
    let length = u32::try_from(packet.len()).expect("a datagram is short");
    for field in [node.0, high, low, length, length] {
        body.extend(field.to_le_bytes());
    }
    body.extend(packet);
    pad(&mut body);
    option(&mut body, EPB_FLAGS, &direction.to_le_bytes());
    option(&mut body, END_OF_OPTIONS, &[]);
    block(ENHANCED_PACKET, &body)
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 12).expect("a block is short").to_le_bytes();
    let mut block = Vec::with_capacity(body.len() + 12);
    block.extend(kind.to_le_bytes());
    block.extend(length);
    block.extend(body);
    block.extend(length);
    block
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(value.len()).expect("an option is short").to_le_bytes());
    body.extend(value);
    pad(body);
}

/// Blocks and options end on multiples of four bytes.
fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

/// A datagram with its headers in front.
fn ip(packet: &PacketInfo<'_>) -> Vec<u8> {
    let &PacketInfo { source, destination, bytes, .. } = packet;
    let length = u16::try_from(UDP_HEADER + bytes.len()).expect("a datagram is short");
    let mut ip = match (source, destination) {
        (SocketAddr::V4(source), SocketAddr::V4(destination)) => {
            ipv4_header(source.ip().octets(), destination.ip().octets(), length)
        }
        // To an address of the other family nothing goes; it is shown as it would be mapped
        // (RFC 4291, section 2.5.5.2).
        _ => ipv6_header(octets(source), octets(destination), length),
    };
    let header = ip.len();
    ip.extend(source.port().to_be_bytes());
    ip.extend(destination.port().to_be_bytes());
    ip.extend(length.to_be_bytes());
    ip.extend([0, 0]);
    ip.extend(bytes);
    // The pseudo-header (RFC 768; RFC 8200, section 8.1): both addresses, the protocol, the length.
    let addresses = if header == 20 { &ip[12..20] } else { &ip[8..40] };
    let total = sum(addresses) + u64::from(UDP) + u64::from(length) + sum(&ip[header..]);
    // A sum of zero is sent as its other spelling: zero means that there is none (RFC 768).
    let checksum = match fold(total) {
        0 => u16::MAX,
        checksum => checksum,
    };
    ip[header + 6..header + 8].copy_from_slice(&checksum.to_be_bytes());
    ip
}

/// RFC 791, section 3.1, without options.
fn ipv4_header(source: [u8; 4], destination: [u8; 4], length: u16) -> Vec<u8> {
    let mut header = vec![0x45, 0];
    header.extend((20 + length).to_be_bytes());
    // No identification, and not to be fragmented.
    header.extend([0, 0, 0x40, 0, HOP_LIMIT, UDP, 0, 0]);
    header.extend(source);
    header.extend(destination);
    let checksum = fold(sum(&header));
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    header
}

/// RFC 8200, section 3.
fn ipv6_header(source: [u8; 16], destination: [u8; 16], length: u16) -> Vec<u8> {
    let mut header = vec![0x60, 0, 0, 0];
    header.extend(length.to_be_bytes());
    header.extend([UDP, HOP_LIMIT]);
    header.extend(source);
    header.extend(destination);
    header
}

fn octets(address: SocketAddr) -> [u8; 16] {
    match address {
        SocketAddr::V4(address) => address.ip().to_ipv6_mapped().octets(),
        SocketAddr::V6(address) => address.ip().octets(),
    }
}

/// The sum of 16-bit words in network order, the last one filled up with a zero (RFC 1071).
fn sum(bytes: &[u8]) -> u64 {
    let words = bytes.chunks(2).map(|word| match *word {
        [high, low] => u64::from(u16::from_be_bytes([high, low])),
        [high] => u64::from(u16::from_be_bytes([high, 0])),
        _ => unreachable!("chunks are of one or two"),
    });
    words.sum()
}

/// The complement of a sum with its carries added back (RFC 1071).
fn fold(mut sum: u64) -> u16 {
    while sum > u64::from(u16::MAX) {
        sum = (sum >> 16) + (sum & 0xFFFF);
    }
    !u16::try_from(sum).expect("it was folded")
}
