//! Where nothing happens, nothing is sent but upkeep.
//!
//! It is quiet once for [`CALM`] nothing has gone wrong, no application has sent or got anything, and
//! nobody has come or gone. From then on a node sends an address pings, their answers and handshakes,
//! nothing else, and in a minute no more of them than their intervals allow. A relay's answers say what
//! it has seen of who asks. Between two that take part in gossip go a few messages a minute besides; where insiders
//! keep to no rule of that, others have more to say, too, and nothing is quiet.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::{Config, Duration, Instant};

use super::dials::{ATTEMPTS_PER_MINUTE, HELLOS_PER_ATTEMPT};
use super::wire::{self, PROBE_LEN, SEALED, SEEN_LEN_MAX};
use super::{Complaint, Setting};
use crate::machine::Machine;
use crate::scenario::model::{Fault, FaultKind, NodeId};
use crate::trace::{Observation, PacketInfo, Watch};

/// Until a message that nobody acknowledges has ended and a peer that has gone is missed.
const CALM: Duration = Duration::from_secs(120);
const MINUTE: Duration = Duration::from_secs(60);
/// Tries of a ping in its five seconds, if none is answered: at once, after 250 ms and 500 ms more,
/// then every second.
const TRIES: u64 = 7;
/// Handshake messages with a peer within a minute where none is lost: both ends may begin to renew a
/// session at once (every 15 min), each with a `Hello` to ask for a cookie, one with it, a `Welcome`
/// and a `Confirm`.
const RENEWAL: usize = 2 * 4;
/// Messages of gossip to one address within a minute: its shuffle and the answer to the other end's, a
/// shuffle that follows from that, and what has changed in the meantime, of which each node has something
/// to say every half hour.
const GOSSIP: u64 = 16;
/// And those as short as a ping: whether they are neighbours each asks the other with its shuffles, two of which
/// may be in one minute, and is answered.
const CONFIRMATIONS: u64 = 2 * 2;

pub(super) struct Quiet {
    names: Arc<[String]>,
    relays: BTreeSet<NodeId>,
    faults: Vec<Fault>,
    is_smooth: bool,
    /// How many are looked for by whom they need not be in touch with.
    in_vain: u64,
    has_insiders: bool,
    gossips: Vec<bool>,
    /// When something happened last.
    stirred: Instant,
    /// The minute that is counted now.
    minute: u64,
    sent: BTreeMap<(NodeId, SocketAddr), Sent>,
    /// What to complain of unless the call under way is an application's, which says so at its end.
    suspicion: Option<String>,
    complaint: Complaint,
}

/// What a node has sent to an address in this minute.
#[derive(Default)]
struct Sent {
    probes: u64,
    handshakes: usize,
    gossip: u64,
}

impl Quiet {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            relays: setting.relays.keys().copied().collect(),
            faults: setting.faults.clone(),
            is_smooth: setting.is_smooth,
            in_vain: in_vain(setting),
            has_insiders: !setting.insiders.is_empty(),
            gossips: setting.gossips.clone(),
            stirred: Instant::ORIGIN,
            minute: 0,
            sent: BTreeMap::new(),
            suspicion: None,
            complaint: Complaint::default(),
        }
    }

    fn is_quiet(&self, at: Instant) -> bool {
        !self.has_insiders
            && at.saturating_since(self.stirred) >= CALM
            && !self.faults.iter().any(|fault| stirs(fault, at))
    }

    /// Pings of both ends in a minute, and as many answers from here: at most one exchange more than
    /// there are intervals.
    fn probes_max(&self) -> u64 {
        let exchanges = MINUTE.as_micros() / Config::PING_INTERVAL.as_micros() + 1;
        2 * exchanges * if self.is_smooth { 1 } else { TRIES }
    }

    /// A peer that does not answer, or is late with its answers where packets are lost, is looked for at
    /// relays, too.
    fn is_searched(&self) -> bool {
        (!self.is_smooth || self.in_vain > 0) && !self.relays.is_empty()
    }

    /// Questions at relays after those that do not answer; offers to them, which they refuse.
    fn searches_max(&self) -> u64 {
        self.in_vain * TRIES * ATTEMPTS_PER_MINUTE as u64
    }

    /// Our calls and the answers to those of the other end.
    fn handshakes_max(&self) -> usize {
        RENEWAL + 2 * HELLOS_PER_ATTEMPT * ATTEMPTS_PER_MINUTE
    }
}

fn in_vain(setting: &Setting) -> u64 {
    let is_due = |one: NodeId, other: NodeId| {
        setting.connections.due.iter().any(|due| (due.from, due.to) == (one, other))
    };
    let wanted = (0..).map(NodeId).zip(&setting.peers);
    let pairs = wanted.flat_map(|(node, peers)| peers.iter().map(move |peer| (node, *peer)));
    pairs.filter(|(node, peer)| !is_due(*node, *peer)).count() as u64
}

/// Whether a fault lasts at that time, or did shortly before.
fn stirs(fault: &Fault, at: Instant) -> bool {
    if at < fault.at {
        return false;
    }
    let lasts = match fault.kind {
        FaultKind::Restart(..)
        | FaultKind::NatReboot(_)
        | FaultKind::Roam { .. }
        | FaultKind::ChangeSecret(_)
        | FaultKind::RetireSecret(_) => Duration::ZERO,
        // Who is off for good was noticed when it went.
        FaultKind::Crash(..) => fault.lasts.unwrap_or_default(),
        _ => match fault.lasts {
            Some(lasts) => lasts,
            None => return true,
        },
    };
    let since = at.saturating_since(fault.at).as_micros();
    let since = fault.every.map_or(since, |every| since % every.as_micros());
    since < (lasts + CALM).as_micros()
}

impl Watch for Quiet {
    fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        if !self.is_quiet(at) || packet.to == Some(packet.from) {
            return;
        }
        let minute = at.as_micros() / MINUTE.as_micros();
        if minute != self.minute {
            (self.minute, self.sent) = (minute, BTreeMap::new());
        }
        let handshakes_max = self.handshakes_max();
        let (to, is_searched) = (packet.destination, self.is_searched());
        let gossips = self.gossips[packet.from.0 as usize];
        let searches = if is_searched { self.searches_max() } else { 0 };
        let probes_max = self.probes_max() + searches + if gossips { CONFIRMATIONS } else { 0 };
        let sent = self.sent.entry((packet.from, to)).or_default();
        let is_sealed = wire::kind(packet.bytes) == Some(SEALED);
        let seen = if self.relays.contains(&packet.from) { SEEN_LEN_MAX } else { 0 };
        let what = match packet.bytes.len() {
            len if is_sealed && len > PROBE_LEN + seen && !is_searched => {
                sent.gossip += 1;
                if gossips && sent.gossip <= GOSSIP {
                    return;
                }
                format!("{len} bytes of data")
            }
            _ if is_sealed => {
                sent.probes += 1;
                // The shortest words of gossip are no longer.
                if sent.probes <= probes_max + if gossips { GOSSIP } else { 0 } {
                    return;
                }
                format!("{} pings and answers within a minute", sent.probes)
            }
            _ => {
                sent.handshakes += 1;
                if sent.handshakes <= handshakes_max {
                    return;
                }
                format!("{} handshake messages within a minute", sent.handshakes)
            }
        };
        self.suspicion.get_or_insert_with(|| {
            let from = &self.names[packet.from.0 as usize];
            format!("quiet: {from} sent {what} to {to}, though nothing has happened for {CALM} (at {at})")
        });
    }

    fn observed(&mut self, at: Instant, _: NodeId, observation: &Observation) {
        match observation {
            // What upkeep reports.
            Observation::Rtt { .. } | Observation::Established { .. } => {}
            // What others may have sent long ago, or sent twice.
            Observation::Dropped { .. } => {}
            _ => {
                self.stirred = at;
                self.suspicion = None;
            }
        }
    }

    fn called(&mut self, _: Instant, _: NodeId, _: &dyn Machine) {
        if let Some(suspicion) = self.suspicion.take() {
            self.complaint.raise(suspicion);
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
