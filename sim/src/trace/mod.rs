//! What happened in a run: observations, a hash over everything, and those who watch.
//!
//! **Invariant:** nothing here has a way back into the world but [`Watch::violation`], which can
//! only end a run. Watching changes nothing that is watched.

use underpass_core::Instant;

use crate::machine::{Machine, Verdict};
use crate::nat::Refused;
use crate::scenario::model::{NatId, NodeId};

mod hash;
pub(crate) mod observation;
mod watch;
mod witness;

pub use observation::{Observation, Way};
pub use watch::{PacketInfo, Watch};
pub use witness::{Call, Happening, PacketDigest, Witness};

pub(crate) use hash::Input;
use hash::TraceHash;

/// Where everything that happens in a world is reported.
pub(crate) struct Trace {
    hash: TraceHash,
    watches: Vec<Box<dyn Watch>>,
    witnesses: Vec<Box<dyn Witness>>,
}

impl Trace {
    pub(crate) fn new(nodes: usize, watches: Vec<Box<dyn Watch>>) -> Self {
        Self { hash: TraceHash::new(nodes), watches, witnesses: Vec::new() }
    }

    /// Tells one more of all that happens from now on.
    pub(crate) fn attach(&mut self, witness: Box<dyn Witness>) {
        self.witnesses.push(witness);
    }

    fn tell(&mut self, now: Instant, what: &Happening<&PacketInfo<'_>>) {
        for witness in &mut self.witnesses {
            witness.happened(now, what);
        }
    }

    /// A machine is about to be called for this reason.
    pub(crate) fn input(&mut self, at: Instant, node: NodeId, input: Input<'_>) {
        self.hash.input(at, node, input);
        if let Some(call) = input.call() {
            self.tell(at, &Happening::Called(node, call));
        }
    }

    /// A datagram goes out.
    pub(crate) fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        self.hash.transmitted(at, packet);
        self.tell(at, &Happening::Transmitted(packet));
        for watch in &mut self.watches {
            watch.transmitted(at, packet);
        }
    }

    /// A datagram goes out from an address that need not be its sender's.
    pub(crate) fn injected(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        self.hash.injected(at, packet);
        self.tell(at, &Happening::Injected(packet));
        for watch in &mut self.watches {
            watch.transmitted(at, packet);
        }
    }

    /// A machine is about to overhear a datagram; `as_sent` unless it is a duplicate, or something
    /// has changed it.
    pub(crate) fn overheard(
        &mut self,
        at: Instant,
        tapper: NodeId,
        packet: &PacketInfo<'_>,
        as_sent: bool,
    ) {
        let &PacketInfo { from, number, bytes, .. } = packet;
        let altered = (!as_sent).then_some(bytes);
        self.hash.input(at, tapper, Input::Overheard { from, number, altered });
        self.tell(at, &Happening::Overheard(tapper, packet));
    }

    /// A machine has decided over a datagram that it overheard.
    pub(crate) fn judged(&mut self, at: Instant, node: NodeId, verdict: &Verdict) {
        self.hash.judged(at, node, verdict);
        match verdict {
            Verdict::Pass => {}
            Verdict::Drop => self.tell(at, &Happening::Judged(node, "drops")),
            Verdict::Replace(_) => self.tell(at, &Happening::Judged(node, "replaces")),
        }
    }

    /// A datagram is about to be handed to `to`; `as_sent` likewise.
    pub(crate) fn arrived(
        &mut self,
        at: Instant,
        to: NodeId,
        packet: &PacketInfo<'_>,
        as_sent: bool,
    ) {
        let &PacketInfo { from, number, bytes, .. } = packet;
        let altered = (!as_sent).then_some(bytes);
        self.hash.input(at, to, Input::Datagram { from, number, altered });
        self.tell(at, &Happening::Arrived(to, packet));
        for watch in &mut self.watches {
            watch.arrived(at, packet);
        }
    }

    /// A machine is about to be handed what [`arrived`](Self::arrived).
    pub(crate) fn receiving(
        &mut self,
        at: Instant,
        to: NodeId,
        machine: &dyn Machine,
        packet: &PacketInfo<'_>,
        as_sent: bool,
    ) {
        for watch in &mut self.watches {
            watch.receiving(at, to, machine, packet, as_sent);
        }
    }

    /// A machine is about to be woken.
    pub(crate) fn woken(&mut self, at: Instant, node: NodeId) {
        self.input(at, node, Input::Wake);
        for watch in &mut self.watches {
            watch.woken(at, node);
        }
    }

    /// A machine was called.
    pub(crate) fn called(&mut self, at: Instant, node: NodeId, machine: &dyn Machine) {
        for watch in &mut self.watches {
            watch.called(at, node, machine);
        }
    }

    /// Everything up to and including this time has happened.
    pub(crate) fn passed(&mut self, at: Instant) {
        for watch in &mut self.watches {
            watch.passed(at);
        }
    }

    /// A datagram has passed a NAT, and is as it goes on now.
    pub(crate) fn translated(&mut self, at: Instant, nat: NatId, packet: &PacketInfo<'_>) {
        self.hash.translated(at, nat, packet);
        for watch in &mut self.watches {
            watch.translated(at, nat, packet);
        }
        self.tell(at, &Happening::Translated(nat, packet));
    }

    /// A NAT lets a datagram no further.
    pub(crate) fn refused(
        &mut self,
        at: Instant,
        nat: NatId,
        packet: &PacketInfo<'_>,
        why: Refused,
    ) {
        self.hash.refused(at, nat, packet, why);
        for watch in &mut self.watches {
            watch.refused(at, nat, packet, why);
        }
    }

    /// A NAT has forgotten all its mappings.
    pub(crate) fn rebooted(&mut self, at: Instant, nat: NatId) {
        self.hash.rebooted(at, nat);
        self.tell(at, &Happening::Rebooted(nat));
    }

    /// A datagram goes no further from `at` on. Not hashed: it follows from what is, and from the
    /// links.
    pub(crate) fn lost(
        &mut self,
        now: Instant,
        packet: &PacketInfo<'_>,
        at: Instant,
        why: &'static str,
    ) {
        self.tell(now, &Happening::Lost { packet, at, why });
    }

    /// A node reports something.
    pub(crate) fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        self.hash.observed(at, node, observation);
        self.tell(at, &Happening::Observed(node, *observation));
        for watch in &mut self.watches {
            watch.observed(at, node, observation);
        }
    }

    /// What the first watch that has a complaint complains of.
    pub(crate) fn violation(&mut self) -> Option<String> {
        self.watches.iter_mut().find_map(|watch| watch.violation())
    }

    /// The hash over everything, and the watches as they are now.
    pub(crate) fn finish(self) -> ([u8; 32], Vec<Box<dyn Watch>>) {
        (self.hash.finish(), self.watches)
    }
}

#[cfg(test)]
mod tests;
