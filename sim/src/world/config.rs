//! What somebody has to say who wants a world.

use std::collections::BTreeSet;

use underpass_core::Instant;

use super::topology::{Site, Topology};
use crate::link::LinkModel;
use crate::machine::MachineFactory;
use crate::scenario::model::{Fault, Nat, NatId, PairLink};
use crate::units::Ppm;

/// What a world is made of.
pub struct WorldConfig {
    /// Decides all that is random.
    pub seed: u64,
    /// Everybody on the network; a [`NodeId`](crate::scenario::model::NodeId) is a position in it.
    pub nodes: Vec<NodeSetup>,
    /// What stands between them and the public network; a [`NatId`] is a position in it.
    pub nats: Vec<Nat>,
    /// Links between pairs, beside everybody's access link.
    pub pairs: Vec<PairLink>,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
    /// A run that needs more events than this is stopped.
    pub max_events: u64,
}

/// A node of the world.
pub struct NodeSetup {
    /// Unique in the world, and without a `>`: it is part of the names of links.
    pub name: String,
    /// When it is switched on.
    pub start: Instant,
    /// Has an IPv4 address.
    pub ipv4: bool,
    /// Has an IPv6 address.
    pub ipv6: bool,
    /// The NAT behind which it is at first; `None` for the public network.
    pub behind: Option<NatId>,
    /// Its access link, towards the network.
    pub up: LinkModel,
    /// Its access link, from the network.
    pub down: LinkModel,
    /// How much too fast its own clock goes.
    pub clock_ppm: Ppm,
    /// Makes its machine at every start.
    pub factory: MachineFactory,
}

impl WorldConfig {
    /// Who has which address; `None` if there are not enough.
    pub fn topology(&self) -> Option<Topology> {
        let nodes = self.nodes.iter();
        let sites =
            nodes.map(|node| Site { ipv4: node.ipv4, ipv6: node.ipv6, behind: node.behind });
        Topology::new(&sites.collect::<Vec<_>>(), &self.nats, &self.faults)
    }

    /// Everybody has a name, and no two the same.
    pub(super) fn assert_names(&self) {
        let mut names = BTreeSet::new();
        let nodes = self.nodes.iter().map(|node| &node.name);
        for name in nodes.chain(self.nats.iter().map(|nat| &nat.name)) {
            assert!(!name.contains('>'), "the name {name} has a > in it");
            assert!(names.insert(name), "two nodes or NATs have the name {name}");
        }
    }
}
