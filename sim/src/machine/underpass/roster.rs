//! Who is who in a run: the identities of all nodes, and where they can be found.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use underpass_core::{Network, PeerId, SecretIdentity};

use super::PORT;
use crate::machine::IpFamily;
use crate::payload::Canary;
use crate::random::{Draws, Stream};
use crate::scenario::model::NodeId;
use crate::world::{ipv4_address, ipv6_address};

/// What all machines of a run are given. A machine knows of others only what its scenario says:
/// the rest is here to make that, and to give names to what it reports.
pub struct Roster {
    /// The network that all nodes are members of, with its first secret.
    pub network: Network,
    /// What marks the run's payloads.
    pub canary: Canary,
    /// What the secrets of the network are drawn from.
    secrets: Stream,
    /// By node; hostile ones are members of nothing.
    identities: Vec<Option<SecretIdentity>>,
    by_id: BTreeMap<PeerId, NodeId>,
    /// By node.
    families: Vec<Vec<IpFamily>>,
}

impl Roster {
    /// Draws an identity for every member: `nodes` are their names, their address families, and
    /// whether they are members of the network.
    pub fn new<'n>(
        draws: &Draws,
        nodes: impl IntoIterator<Item = (&'n str, Vec<IpFamily>, bool)>,
    ) -> Self {
        let secrets = draws.stream(&["network", "secret"]);
        let (mut identities, mut families) = (Vec::new(), Vec::new());
        for (name, family, is_member) in nodes {
            let stream = draws.stream(&["identity", name]);
            let mut number = 0;
            let draw = || {
                number += 1;
                stream.bytes(number)
            };
            let identity = || SecretIdentity::generate(draw).expect("draws differ").0;
            identities.push(is_member.then(identity));
            families.push(family);
        }
        let members = (0..).map(NodeId).zip(&identities);
        let by_id = members.filter_map(|(node, keys)| Some((keys.as_ref()?.id(), node)));
        Self {
            network: network(&secrets, 0),
            secrets,
            canary: Canary::new(draws),
            by_id: by_id.collect(),
            identities,
            families,
        }
    }

    /// The network with its secret of this number.
    pub(super) fn network_with(&self, secret: u32) -> Network {
        network(&self.secrets, secret)
    }

    /// A secret of the network; the first is number 0.
    pub(super) fn secret(&self, number: u32) -> [u8; 32] {
        self.secrets.bytes(number.into())
    }

    /// The keys of a node.
    ///
    /// # Panics
    ///
    /// If the node is not a member of the network.
    pub fn identity(&self, node: NodeId) -> &SecretIdentity {
        self.identities[node.0 as usize].as_ref().expect("hostile nodes have no identity")
    }

    /// Whose key this is.
    pub fn node(&self, id: &PeerId) -> Option<NodeId> {
        self.by_id.get(id).copied()
    }

    /// Where `to` can be reached from `from`: over IPv6 where both have it; `None` if they share
    /// no family.
    pub fn address(&self, from: NodeId, to: NodeId) -> Option<SocketAddr> {
        let has = |node: NodeId, family| self.families[node.0 as usize].contains(&family);
        let shared = |family| has(from, family) && has(to, family);
        if shared(IpFamily::V6) {
            Some(SocketAddr::from((ipv6_address(to), PORT)))
        } else if shared(IpFamily::V4) {
            Some(SocketAddr::from((ipv4_address(to)?, PORT)))
        } else {
            None
        }
    }
}

fn network(secrets: &Stream, number: u32) -> Network {
    Network::closed("simulated", secrets.bytes(number.into()))
}
