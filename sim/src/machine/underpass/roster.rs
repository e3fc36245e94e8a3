//! Who is who in a run: the identities of all nodes, and where they can be found.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use underpass_core::{Network, PeerId, SecretIdentity};

use super::PORT;
use crate::machine::Addresses;
use crate::payload::Canary;
use crate::random::{Draws, Stream};
use crate::scenario::model::{NETWORK, NodeId};
use crate::world::Topology;

/// What all machines of a run are given. A machine knows of others only what its scenario says:
/// the rest is here to make that, and to give names to what it reports.
pub struct Roster {
    /// What marks the run's payloads.
    pub canary: Canary,
    /// By node, its network's name, and what the secrets of that are drawn from; hostile ones are members of
    /// nothing.
    networks: Vec<Option<(String, Stream)>>,
    /// By node likewise.
    identities: Vec<Option<SecretIdentity>>,
    by_id: BTreeMap<PeerId, NodeId>,
    topology: Arc<Topology>,
}

impl Roster {
    /// Draws an identity for every member: `nodes` are their names, and those of the networks that they are
    /// members of.
    pub fn new<'n>(
        draws: &Draws,
        nodes: impl IntoIterator<Item = (&'n str, Option<&'n str>)>,
        topology: Arc<Topology>,
    ) -> Self {
        let (mut identities, mut networks) = (Vec::new(), Vec::new());
        for (name, network) in nodes {
            let secrets = |network| match network {
                NETWORK => draws.stream(&["network", "secret"]),
                other => draws.stream(&["network", "secret", other]),
            };
            networks.push(network.map(|network| (network.to_owned(), secrets(network))));
            let stream = draws.stream(&["identity", name]);
            let mut number = 0;
            let draw = || {
                number += 1;
                stream.bytes(number)
            };
            let identity = || SecretIdentity::generate(draw).expect("draws differ").0;
            identities.push(network.map(|_| identity()));
        }
        let members = (0..).map(NodeId).zip(&identities);
        let by_id = members.filter_map(|(node, keys)| Some((keys.as_ref()?.id(), node)));
        Self { networks, canary: Canary::new(draws), by_id: by_id.collect(), identities, topology }
    }

    /// The network of a node, with its secret of this number; the first is number 0.
    ///
    /// # Panics
    ///
    /// If the node is not a member of a network.
    pub fn network(&self, node: NodeId, secret: u32) -> Network {
        Network::closed(&self.network_of(node).0, self.secret(node, secret))
    }

    /// That secret.
    pub(super) fn secret(&self, node: NodeId, number: u32) -> [u8; 32] {
        self.network_of(node).1.bytes(number.into())
    }

    /// Whether two nodes are members of one network.
    pub(super) fn are_of_one(&self, one: NodeId, other: NodeId) -> bool {
        self.network_of(one).0 == self.network_of(other).0
    }

    fn network_of(&self, node: NodeId) -> &(String, Stream) {
        self.networks[node.0 as usize].as_ref().expect("hostile nodes are of no network")
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

    /// All members, with their names in the network.
    pub(super) fn ids(&self) -> impl Iterator<Item = (NodeId, PeerId)> + '_ {
        let members = (0..).map(NodeId).zip(&self.identities);
        members.filter_map(|(node, keys)| Some((node, keys.as_ref()?.id())))
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

    /// Where a node is itself, whatever stands in front of it.
    pub(super) fn own_addresses(&self, node: NodeId) -> impl Iterator<Item = SocketAddr> + '_ {
        self.topology.own_addresses(node).map(|ip| SocketAddr::new(ip, PORT))
    }

    /// Whether what comes from, or goes to, this address may be a node's: it is its own, or that of
    /// a NAT in front of it.
    pub fn is_known_by(&self, node: NodeId, address: IpAddr) -> bool {
        self.topology.is_known_by(node, address)
    }
}

fn preferred(addresses: Addresses) -> Option<SocketAddr> {
    let Addresses { ipv4, ipv6 } = addresses;
    let ip = ipv6.map(IpAddr::V6).or(ipv4.map(IpAddr::V4))?;
    Some(SocketAddr::new(ip, PORT))
}
