//! Why a path is as it is: what the settings of the NATs allow, and which ports they gave.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use underpass_core::Instant;

use crate::oracle::{Oracle, Reach};
use crate::scenario::model::{Fact, NatId, NodeId, Scenario};
use crate::trace::PacketInfo;
use crate::world::Topology;

/// Of many ports, so many are told.
const SHOWN: usize = 4;

/// What is kept for paths that an expectation asks about.
pub(super) struct Evidence {
    scenario: Scenario,
    /// Whose ports are of interest.
    nodes: BTreeSet<NodeId>,
    /// For each of them, NAT and destination: from where its last packet went on.
    given: BTreeMap<(NodeId, NatId, SocketAddr), SocketAddr>,
}

impl Evidence {
    /// `None` if no expectation asks about paths.
    pub(super) fn new(scenario: &Scenario) -> Option<Self> {
        let facts = scenario.expects.iter().flat_map(|expect| &expect.facts);
        let ends = facts.filter_map(|fact| match fact {
            Fact::Path { from, to, .. } => Some([*from, *to]),
            _ => None,
        });
        let nodes: BTreeSet<NodeId> = ends.flatten().collect();
        let given = BTreeMap::new();
        (!nodes.is_empty()).then(|| Self { scenario: scenario.clone(), nodes, given })
    }

    pub(super) fn translated(&mut self, nat: NatId, packet: &PacketInfo<'_>) {
        if self.nodes.contains(&packet.from) && packet.source != packet.origin {
            self.given.insert((packet.from, nat, packet.destination), packet.source);
        }
    }

    /// What the settings say of two nodes at that time, and which ports theirs were given.
    pub(super) fn of(&self, from: NodeId, to: NodeId, at: Instant) -> Vec<String> {
        let verdict = Oracle::new(&self.scenario, at).with_relays(from, to);
        let mut lines = vec![format!("the network: {verdict}")];
        if verdict.reach > Reach::Direct
            && let Some(topology) = Topology::of(&self.scenario)
        {
            lines.extend([from, to].into_iter().filter_map(|node| self.ports(node, &topology)));
        }
        lines
    }

    /// The ports that a node was last given, and towards whom.
    fn ports(&self, node: NodeId, topology: &Topology) -> Option<String> {
        let all = (node, NatId(0), SocketAddr::from(([0; 4], 0)))..;
        let given = self.given.range(all).take_while(|((of, ..), _)| *of == node);
        let outward =
            given.filter(|((_, nat, _), source)| topology.external(*nat).contains(&source.ip()));
        let mut nats: BTreeMap<NatId, Vec<String>> = BTreeMap::new();
        for ((_, nat, destination), source) in outward {
            let towards = self.name_of(destination.ip(), topology);
            let ports = nats.entry(*nat).or_default();
            ports.push(format!("port {} towards {towards}:{}", source.port(), destination.port()));
        }
        let told = nats.into_iter().map(|(nat, ports)| {
            let name = &self.scenario.nats[nat.0 as usize].name;
            let shown = ports.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
            let more = ports.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{name} gave {shown}{more}")
        });
        let told: Vec<String> = told.collect();
        let name = &self.scenario.nodes[node.0 as usize].name;
        (!told.is_empty()).then(|| format!("{name}'s NATs: {}", told.join("; ")))
    }

    /// Whose address this is.
    fn name_of(&self, address: IpAddr, topology: &Topology) -> String {
        if let Some(node) = topology.node_of(address) {
            return self.scenario.nodes[node.0 as usize].name.clone();
        }
        let nats = (0..).map(NatId).zip(&self.scenario.nats);
        let mut owner = nats.filter(|(id, _)| topology.external(*id).contains(&address));
        owner.next().map_or_else(|| address.to_string(), |(_, nat)| nat.name.clone())
    }
}
