//! The hash over everything that happened in a run: two runs with equal hashes did the same.
//!
//! Every node has its own chain over its inputs, datagrams and observations. When a virtual
//! second is over, the chains of the nodes touched in it are combined in the order of the nodes.
//! So the hash does not depend on how events of different nodes interleave within a second, and a
//! world that ran on several cores would have the same one.

use std::net::SocketAddr;

use sha2::{Digest as _, Sha256};
use underpass_core::{Duration, Instant};

use super::{Call, Observation, PacketInfo};
use crate::machine::Verdict;
use crate::nat::Refused;
use crate::scenario::model::{NatId, NodeId};

const SECOND: Duration = Duration::from_secs(1);

/// Why a machine is called.
#[derive(Clone, Copy)]
pub(crate) enum Input<'p> {
    /// Its node was switched on.
    Start,
    /// This datagram arrived. Its bytes are in the record of its sender, unless it is a duplicate or
    /// they were altered on the way: then they are here.
    Datagram { from: NodeId, number: u64, altered: Option<&'p [u8]> },
    /// Its wake came due.
    Wake,
    /// This command was given.
    Command { source: u32, number: u64 },
    /// This datagram crossed a link that it taps; its bytes likewise.
    Overheard { from: NodeId, number: u64, altered: Option<&'p [u8]> },
    /// It may act from now on, or no longer.
    Active(bool),
    /// Its node has other addresses.
    Readdressed,
}

impl Input<'_> {
    /// The same for witnesses; `None` for a datagram, of which they hear by itself.
    pub(super) fn call(self) -> Option<Call> {
        Some(match self {
            Self::Start => Call::Start,
            Self::Wake => Call::Wake,
            Self::Command { source, number } => Call::Command { source, number },
            Self::Active(active) => Call::Active(active),
            Self::Readdressed => Call::Readdressed,
            Self::Datagram { .. } | Self::Overheard { .. } => return None,
        })
    }
}

pub(super) struct TraceHash {
    /// By node, then by NAT: one that nothing crosses changes no hash.
    chains: Vec<Chain>,
    nodes: u32,
    /// Nodes with a record in the current second, in the order of their first.
    touched: Vec<NodeId>,
    /// The current second, counted from the origin. Not hashed: every record has its time.
    second: u64,
    run: Sha256,
    /// The record in the making; kept for its allocation.
    record: Vec<u8>,
}

/// One node's records of the current second.
#[derive(Clone, Default)]
struct Chain {
    records: Sha256,
    /// The last of them, that are not in the hash yet: many short updates would take longer than what
    /// they hash.
    pending: Vec<u8>,
    touched: bool,
}

/// Bytes from which on they are hashed.
const PENDING_MAX: usize = 1024;

impl Chain {
    fn absorb(&mut self, record: &[u8], bytes: &[u8]) {
        self.pending.extend_from_slice(record);
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= PENDING_MAX {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.records.update(&self.pending);
        self.pending.clear();
    }
}

impl TraceHash {
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            chains: vec![Chain::default(); nodes],
            nodes: u32::try_from(nodes).expect("fewer than 2^32 nodes"),
            touched: Vec::new(),
            second: 0,
            run: Sha256::new(),
            record: Vec::with_capacity(64),
        }
    }

    pub(super) fn input(&mut self, at: Instant, node: NodeId, input: Input<'_>) {
        match input {
            Input::Start => self.begin(at, 0),
            Input::Datagram { from, number, altered } => {
                self.begin(at, if altered.is_none() { 1 } else { 12 });
                return self.end_datagram(node, from, number, altered);
            }
            Input::Wake => self.begin(at, 2),
            Input::Command { source, number } => {
                self.begin(at, 3);
                self.record.extend(source.to_le_bytes());
                self.record.extend(number.to_le_bytes());
            }
            Input::Overheard { from, number, altered } => {
                self.begin(at, if altered.is_none() { 7 } else { 13 });
                return self.end_datagram(node, from, number, altered);
            }
            Input::Active(active) => {
                self.begin(at, 8);
                self.record.push(active.into());
            }
            Input::Readdressed => self.begin(at, 17),
        }
        self.end(node, &[]);
    }

    pub(super) fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        // Addresses differ in length, so that the two families are two kinds of record.
        self.begin(at, if packet.destination.is_ipv4() { 4 } else { 5 });
        self.record.extend(packet.source.port().to_le_bytes());
        self.address(packet.destination);
        self.end_with_bytes(packet.from, packet.bytes);
    }

    pub(super) fn injected(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        self.begin(at, 9);
        for address in [packet.source, packet.destination] {
            self.record.push(address.is_ipv4().into());
            self.address(address);
        }
        self.end_with_bytes(packet.from, packet.bytes);
    }

    pub(super) fn judged(&mut self, at: Instant, node: NodeId, verdict: &Verdict) {
        match verdict {
            // That nothing happened is what no record says.
            Verdict::Pass => {}
            Verdict::Drop => {
                self.begin(at, 10);
                self.end(node, &[]);
            }
            Verdict::Replace(bytes) => {
                self.begin(at, 11);
                self.end_with_bytes(node, bytes);
            }
        }
    }

    pub(super) fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        self.begin(at, 6);
        observation.encode(&mut self.record);
        self.end(node, &[]);
    }

    pub(super) fn translated(&mut self, at: Instant, nat: NatId, packet: &PacketInfo<'_>) {
        self.begin(at, 14);
        self.crossing(packet);
        for address in [packet.source, packet.destination] {
            self.record.push(address.is_ipv4().into());
            self.address(address);
        }
        self.end_of_nat(nat);
    }

    pub(super) fn refused(
        &mut self,
        at: Instant,
        nat: NatId,
        packet: &PacketInfo<'_>,
        why: Refused,
    ) {
        self.begin(at, 15);
        self.crossing(packet);
        self.record.extend(why.word().as_bytes());
        self.end_of_nat(nat);
    }

    pub(super) fn rebooted(&mut self, at: Instant, nat: NatId) {
        self.begin(at, 16);
        self.end_of_nat(nat);
    }

    fn crossing(&mut self, packet: &PacketInfo<'_>) {
        self.record.extend(packet.from.0.to_le_bytes());
        self.record.extend(packet.number.to_le_bytes());
        self.record.push(packet.copy);
    }

    fn end_of_nat(&mut self, nat: NatId) {
        let chain = NodeId(self.nodes + nat.0);
        if self.chains.len() <= chain.0 as usize {
            self.chains.resize(chain.0 as usize + 1, Chain::default());
        }
        self.end(chain, &[]);
    }

    pub(super) fn finish(mut self) -> [u8; 32] {
        self.close_second();
        self.run.finalize().into()
    }

    fn begin(&mut self, at: Instant, tag: u8) {
        let second = at.as_micros() / SECOND.as_micros();
        if second != self.second {
            assert!(second > self.second, "time does not go back");
            self.close_second();
            self.second = second;
        }
        self.record.clear();
        self.record.push(tag);
        self.record.extend(at.as_micros().to_le_bytes());
    }

    fn address(&mut self, address: SocketAddr) {
        match address {
            SocketAddr::V4(address) => self.record.extend(address.ip().octets()),
            SocketAddr::V6(address) => self.record.extend(address.ip().octets()),
        }
        self.record.extend(address.port().to_le_bytes());
    }

    /// Ends the record of a datagram that comes to a machine.
    fn end_datagram(&mut self, node: NodeId, from: NodeId, number: u64, altered: Option<&[u8]>) {
        self.record.extend(from.0.to_le_bytes());
        self.record.extend(number.to_le_bytes());
        match altered {
            Some(bytes) => self.end_with_bytes(node, bytes),
            None => self.end(node, &[]),
        }
    }

    /// Ends a record whose last field is a datagram's bytes.
    fn end_with_bytes(&mut self, node: NodeId, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).expect("a datagram is short");
        self.record.extend(length.to_le_bytes());
        self.end(node, bytes);
    }

    fn end(&mut self, node: NodeId, bytes: &[u8]) {
        let chain = &mut self.chains[node.0 as usize];
        chain.absorb(&self.record, bytes);
        if !chain.touched {
            chain.touched = true;
            self.touched.push(node);
        }
    }

    fn close_second(&mut self) {
        self.touched.sort_unstable();
        for node in self.touched.drain(..) {
            let chain = &mut self.chains[node.0 as usize];
            chain.touched = false;
            chain.flush();
            self.run.update(node.0.to_le_bytes());
            self.run.update(chain.records.finalize_reset());
        }
    }
}
