//! The hash over everything that happened in a run: two runs with equal hashes did the same.
//!
//! Every node has its own chain over its inputs, datagrams and observations. When a virtual
//! second is over, the chains of the nodes touched in it are combined in the order of the nodes.
//! So the hash does not depend on how events of different nodes interleave within a second, and a
//! world that ran on several cores would have the same one.

use std::net::SocketAddr;

use sha2::{Digest as _, Sha256};
use underpass_core::{Duration, Instant};

use super::{Observation, PacketInfo};
use crate::scenario::model::NodeId;

const SECOND: Duration = Duration::from_secs(1);

/// Why a machine is called.
#[derive(Clone, Copy)]
pub(crate) enum Input<'p> {
    /// Its node was switched on.
    Start,
    /// This datagram arrived. Its bytes are in the record of its sender.
    Datagram { from: NodeId, number: u64 },
    /// A duplicate of this datagram arrived, or this datagram with other bytes.
    Altered { from: NodeId, number: u64, bytes: &'p [u8] },
    /// Its wake came due.
    Wake,
    /// This command was given.
    Command { source: u32, number: u64 },
}

pub(super) struct TraceHash {
    /// By node.
    chains: Vec<Chain>,
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
    touched: bool,
}

impl TraceHash {
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            chains: vec![Chain::default(); nodes],
            touched: Vec::new(),
            second: 0,
            run: Sha256::new(),
            record: Vec::with_capacity(64),
        }
    }

    pub(super) fn input(&mut self, at: Instant, node: NodeId, input: Input<'_>) {
        let mut content: &[u8] = &[];
        match input {
            Input::Start => self.begin(at, 0),
            Input::Datagram { from, number } => {
                self.begin(at, 1);
                self.record.extend(from.0.to_le_bytes());
                self.record.extend(number.to_le_bytes());
            }
            Input::Altered { from, number, bytes } => {
                self.begin(at, 7);
                self.record.extend(from.0.to_le_bytes());
                self.record.extend(number.to_le_bytes());
                self.record_length(bytes);
                content = bytes;
            }
            Input::Wake => self.begin(at, 2),
            Input::Command { source, number } => {
                self.begin(at, 3);
                self.record.extend(source.to_le_bytes());
                self.record.extend(number.to_le_bytes());
            }
        }
        self.end(node, content);
    }

    pub(super) fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        // Addresses differ in length, so that the two families are two kinds of record.
        self.begin(at, if packet.destination.is_ipv4() { 4 } else { 5 });
        self.record.extend(packet.source.port().to_le_bytes());
        match packet.destination {
            SocketAddr::V4(to) => self.record.extend(to.ip().octets()),
            SocketAddr::V6(to) => self.record.extend(to.ip().octets()),
        }
        self.record.extend(packet.destination.port().to_le_bytes());
        self.record_length(packet.bytes);
        self.end(packet.from, packet.bytes);
    }

    pub(super) fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        self.begin(at, 6);
        observation.encode(&mut self.record);
        self.end(node, &[]);
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

    fn record_length(&mut self, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).expect("a datagram is short");
        self.record.extend(length.to_le_bytes());
    }

    fn end(&mut self, node: NodeId, bytes: &[u8]) {
        let chain = &mut self.chains[node.0 as usize];
        chain.records.update(&self.record);
        chain.records.update(bytes);
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
            self.run.update(node.0.to_le_bytes());
            self.run.update(chain.records.finalize_reset());
        }
    }
}
