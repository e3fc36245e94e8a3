//! Who can reach whom, and why: said from the settings of the NATs alone.
//!
//! It is what runs are held against, so it shares no code with what it judges: neither with the NATs
//! nor with a protocol. It takes for granted what punching is (RFC 5128 section 3.3): both ends learn
//! at a node in public which endpoint the other one is seen at, send there, and answer whatever
//! endpoint something comes from. Where ports would have to be guessed, it says so.

use std::fmt;

use underpass_core::Instant;

use crate::nat::{Behaviour, Hairpin, Pooling, PortAllocation, Translate, Unsolicited};
use crate::scenario::model::{Fault, FaultKind, Nat, NatId, Node, NodeId, Scenario};

mod connections;
mod side;
mod way;

#[cfg(test)]
mod tests;

pub use connections::{Connection, Connections};

use side::Side;
pub use way::is_smooth;

/// How one node reaches another, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reach {
    /// It dials the other's address.
    Direct,
    /// Both send at once, or the other one dials.
    Punched,
    /// As before, if the port is guessed that a NAT gives out next: it counts them up, and nobody else
    /// behind it asks for one meanwhile.
    Predictable,
    /// Punching works or not, as it happens: it depends on who is first, or on what a NAT draws.
    Perhaps,
    /// Packets of each get through to the other, but none comes from where an answer to it gets through:
    /// enough for whoever asks for no proof of a path.
    Crossed,
    /// Only through a third.
    Relayed,
    /// Not at all.
    Never,
}

/// How one node reaches another, and why so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// How.
    pub reach: Reach,
    /// Why, in words.
    pub why: String,
}

/// What is known of a network at one time.
#[derive(Debug)]
pub struct Oracle<'s> {
    nodes: &'s [Node],
    nats: &'s [Nat],
    /// By node: behind which NAT.
    behind: Vec<Option<NatId>>,
}

impl<'s> Oracle<'s> {
    /// The network of a scenario, with all nodes where they are at that time.
    pub fn new(scenario: &'s Scenario, at: Instant) -> Self {
        Self::of(&scenario.nodes, &scenario.nats, &scenario.faults, at)
    }

    /// The same of a scenario that is not whole yet.
    pub(crate) fn of(nodes: &'s [Node], nats: &'s [Nat], faults: &[Fault], at: Instant) -> Self {
        let mut behind: Vec<_> = nodes.iter().map(|node| node.behind).collect();
        let mut roams: Vec<_> = faults.iter().filter(|fault| fault.at <= at).collect();
        roams.sort_by_key(|fault| fault.at);
        for fault in roams {
            if let FaultKind::Roam { node, behind: place } = fault.kind {
                behind[node.0 as usize] = place;
            }
        }
        Self { nodes, nats, behind }
    }

    /// How one node reaches another: over that family of addresses that does it best.
    pub fn verdict(&self, from: NodeId, to: NodeId) -> Verdict {
        let [a, b] = [from, to].map(|node| &self.nodes[node.0 as usize]);
        let over = |both: bool, ipv4: bool| both.then(|| self.over(from, to, ipv4));
        let families = [over(a.ipv6 && b.ipv6, false), over(a.ipv4 && b.ipv4, true)];
        let best = families.into_iter().flatten().min_by_key(|verdict| verdict.reach);
        best.unwrap_or_else(|| {
            verdict(Reach::Never, format!("{} and {} share no family of addresses", a.name, b.name))
        })
    }

    /// Whether a node reaches another one by dialling it: over IPv6 where both have it.
    pub fn dials(&self, from: NodeId, to: NodeId) -> bool {
        let [a, b] = [from, to].map(|node| &self.nodes[node.0 as usize]);
        let (ipv4, ipv6) = (a.ipv4 && b.ipv4, a.ipv6 && b.ipv6);
        (ipv4 || ipv6) && self.over(from, to, !ipv6).reach == Reach::Direct
    }

    /// How one node reaches another, with the relays that both can be reached through.
    pub fn with_relays(&self, from: NodeId, to: NodeId) -> Verdict {
        let node = |id: NodeId| &self.nodes[id.0 as usize];
        if !serves(node(from), node(to)) && !serves(node(to), node(from)) {
            return verdict(Reach::Never, "they are of different networks".into());
        }
        let alone = self.verdict(from, to);
        if alone.reach < Reach::Crossed {
            return alone;
        }
        let relays = |relay: &Node| relay.relay.is_some() && serves(relay, node(from));
        let listed = |id: &&NodeId| relays(node(**id)) && node(to).peers.contains(id);
        let mut relays = node(from).peers.iter().filter(listed);
        let is_dialled = |by, relay| self.verdict(by, relay).reach == Reach::Direct;
        match relays.find(|relay| is_dialled(from, **relay) && is_dialled(to, **relay)) {
            Some(relay) => {
                let why = format!("{}, and both reach {}", alone.why, node(*relay).name);
                verdict(Reach::Relayed, why)
            }
            None => {
                let why = format!("{}, and there is no relay that both reach", alone.why);
                verdict(Reach::Never, why)
            }
        }
    }

    fn over(&self, from: NodeId, to: NodeId, ipv4: bool) -> Verdict {
        let (outward_a, outward_b) = (self.outward(from), self.outward(to));
        let is_shared = |nat: &&NatId| outward_b.contains(nat) && outward_a.contains(nat);
        let shared: Vec<NatId> = outward_a.iter().filter(is_shared).copied().collect();
        let own = |outward: &[NatId]| outward[..outward.len() - shared.len()].to_vec();
        let (mut own_a, mut own_b) = (own(&outward_a), own(&outward_b));
        let [a, b] = [from, to].map(|node| self.nodes[node.0 as usize].name.as_str());
        let blocks = |nats: &[NatId]| nats.iter().map(|nat| self.nat(*nat)).find(|n| !n.model.udp);
        if let Some(nat) = blocks(&own_a).or_else(|| blocks(&own_b)) {
            return verdict(Reach::Never, format!("{} lets no UDP pass", nat.name));
        }
        if own_b.is_empty() {
            return verdict(Reach::Direct, self.open(b, to));
        }
        if let Some(nat) = blocks(&shared) {
            let why =
                format!("{} lets no UDP pass, and nobody else could introduce them", nat.name);
            return verdict(Reach::Never, why);
        }
        if own_a.is_empty() {
            let why = format!("{b} dials, once it is asked to: {}", self.open(a, from));
            return verdict(Reach::Punched, why);
        }
        // What both are seen at in public is reached through all NATs up to the outermost that
        // translates, which both pass on their way.
        if let Some(turn) = shared.iter().rposition(|nat| translates(self.nat(*nat), ipv4)) {
            own_a.extend(&shared[..turn]);
            own_b.extend(&shared[..turn]);
            if let Some(verdict) = self.turned(self.nat(shared[turn]), [&own_a, &own_b]) {
                return verdict;
            }
            own_a.push(shared[turn]);
            own_b.push(shared[turn]);
        }
        let side =
            |name, own: &[NatId]| Side::new(name, own.iter().map(|nat| self.nat(*nat)), ipv4);
        side::punch(&side(a, &own_a), &side(b, &own_b))
    }

    /// What a NAT decides at which packets have to turn back, through those that they pass below it;
    /// `None` if it is a NAT on the way like the others.
    fn turned(&self, nat: &Nat, below: [&[NatId]; 2]) -> Option<Verdict> {
        match nat.model.hairpin {
            Hairpin::Off => {
                let why = format!("both are behind {}, which turns no packets back", nat.name);
                Some(verdict(Reach::Relayed, why))
            }
            Hairpin::InternalSource => Some(self.with_internal_sources(nat, below)),
            Hairpin::ExternalSource => None,
        }
    }

    /// Where packets turn back with another source than the one that was sent to, all that they come
    /// by must let everybody in.
    fn with_internal_sources(&self, turn: &Nat, below: [&[NatId]; 2]) -> Verdict {
        let mut below = below.into_iter().flatten().map(|nat| self.nat(*nat));
        match below.find(|nat| filtering(nat) > Behaviour::EndpointIndependent) {
            None => verdict(Reach::Punched, format!("{} turns packets back", turn.name)),
            Some(nat) => {
                let why = format!(
                    "{} turns packets back from another source than {} lets in",
                    turn.name, nat.name
                );
                verdict(Reach::Relayed, why)
            }
        }
    }

    /// Why nothing is in front of a node.
    fn open(&self, name: &str, node: NodeId) -> String {
        match self.behind[node.0 as usize] {
            None => format!("{name} is in public"),
            Some(nat) => format!("{name} is behind {}, too", self.nat(nat).name),
        }
    }

    /// The NATs in front of a node, the innermost first.
    fn outward(&self, node: NodeId) -> Vec<NatId> {
        let outer = |nat: &NatId| self.nat(*nat).behind;
        std::iter::successors(self.behind[node.0 as usize], outer).collect()
    }

    fn nat(&self, nat: NatId) -> &Nat {
        &self.nats[nat.0 as usize]
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reach = match self.reach {
            Reach::Direct => "direct",
            Reach::Punched => "by punching",
            Reach::Predictable => "by punching, if ports are guessed",
            Reach::Perhaps => "perhaps by punching",
            Reach::Crossed => "each way by another path",
            Reach::Relayed => "only relayed",
            Reach::Never => "not at all",
        };
        write!(f, "{}: {reach}", self.why)
    }
}

/// Whether a node has anything for another: it is of its network, or relays for strangers.
fn serves(node: &Node, other: &Node) -> bool {
    node.network == other.network || node.relay.is_some_and(|limits| limits.foreign_bytes > 0)
}

fn verdict(reach: Reach, why: String) -> Verdict {
    Verdict { reach, why }
}

fn translates(nat: &Nat, ipv4: bool) -> bool {
    match nat.model.translate {
        Translate::Both => true,
        Translate::Ipv4 => ipv4,
        Translate::Neither => false,
    }
}

/// Whether packets to other destinations come from another endpoint. Where ports may overlap, each
/// mapping of a host has the same one, unless another host has it there.
fn maps_anew(nat: &Nat, ipv4: bool) -> bool {
    translates(nat, ipv4)
        && nat.model.mapping > Behaviour::EndpointIndependent
        && nat.model.ports != PortAllocation::Overlapping
}

/// Whether it can be foretold which endpoint that is.
fn counts_up(nat: &Nat, ipv4: bool) -> bool {
    nat.model.ports == PortAllocation::Sequential && !changes_address(nat, ipv4)
}

/// Whom a NAT lets in. A mapping that overlaps others is there for its own destinations only.
fn filtering(nat: &Nat) -> Behaviour {
    match nat.model.ports {
        PortAllocation::Overlapping => nat.model.filtering.max(nat.model.mapping),
        _ => nat.model.filtering,
    }
}

/// Whether a packet that comes too early takes the port that the answer to it would need.
fn loses_its_port(nat: &Nat, ipv4: bool) -> bool {
    translates(nat, ipv4)
        && nat.model.unsolicited == Unsolicited::Track
        && nat.model.mapping > Behaviour::EndpointIndependent
        && nat.model.ports == PortAllocation::Overlapping
}

/// Whether packets to other destinations may come from another address.
fn changes_address(nat: &Nat, ipv4: bool) -> bool {
    maps_anew(nat, ipv4) && nat.pool > 1 && nat.model.pooling == Pooling::Arbitrary
}
