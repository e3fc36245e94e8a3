//! Who is who in a run: the identities of all nodes, and where they can be found.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use underpass_core::{Network, PeerId, SecretIdentity};

use super::PORT;
use crate::machine::Addresses;
use crate::payload::Canary;
use crate::random::{Draws, Stream};
use crate::scenario::model::NodeId;
use crate::world::Topology;

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
    topology: Arc<Topology>,
}

impl Roster {
    /// Draws an identity for every member: `nodes` are their names, and whether they are members of
    /// the network.
    pub fn new<'n>(
        draws: &Draws,
        nodes: impl IntoIterator<Item = (&'n str, bool)>,
        topology: Arc<Topology>,
    ) -> Self {
        let secrets = draws.stream(&["network", "secret"]);
        let mut identities = Vec::new();
        for (name, is_member) in nodes {
            let stream = draws.stream(&["identity", name]);
            let mut number = 0;
            let draw = || {
                number += 1;
                stream.bytes(number)
            };
            let identity = || SecretIdentity::generate(draw).expect("draws differ").0;
            identities.push(is_member.then(identity));
        }
        let members = (0..).map(NodeId).zip(&identities);
        let by_id = members.filter_map(|(node, keys)| Some((keys.as_ref()?.id(), node)));
        Self {
            network: network(&secrets, 0),
            secrets,
            canary: Canary::new(draws),
            by_id: by_id.collect(),
            identities,
            topology,
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

    /// The name of a node in the network, if it is a member.
    pub fn id(&self, node: NodeId) -> Option<PeerId> {
        self.identities.get(node.0 as usize)?.as_ref().map(SecretIdentity::id)
    }

    /// Whose key this is.
    pub fn node(&self, id: &PeerId) -> Option<NodeId> {
        self.by_id.get(id).copied()
    }

    /// Where `to` is dialled from `from`: over IPv6 where both have it; `None` if they share no
    /// family, or `to` is behind a NAT.
    pub fn address(&self, from: NodeId, to: NodeId) -> Option<SocketAddr> {
        let Addresses { ipv4, ipv6 } = self.topology.dialled(from, from);
        let theirs = self.topology.dialled(from, to);
        preferred(Addresses {
            ipv4: theirs.ipv4.filter(|_| ipv4.is_some()),
            ipv6: theirs.ipv6.filter(|_| ipv6.is_some()),
        })
    }

    /// The same for one who sends from addresses that are not its own, of any family.
    pub fn any_address(&self, from: NodeId, to: NodeId) -> Option<SocketAddr> {
        preferred(self.topology.dialled(from, to))
    }

    /// Whether what comes from, or goes to, this address may be a node's: it is its own, or that of
    /// a NAT in front of it.
    pub fn is_known_by(&self, node: NodeId, address: IpAddr) -> bool {
        self.topology.is_known_by(node, address)
    }
}

fn network(secrets: &Stream, number: u32) -> Network {
    Network::closed("simulated", secrets.bytes(number.into()))
}

fn preferred(addresses: Addresses) -> Option<SocketAddr> {
    let Addresses { ipv4, ipv6 } = addresses;
    let ip = ipv6.map(IpAddr::V6).or(ipv4.map(IpAddr::V4))?;
    Some(SocketAddr::new(ip, PORT))
}
