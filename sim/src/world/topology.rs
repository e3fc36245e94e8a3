//! Who has which address in which network, and the way from one network to another.
//!
//! The public network is an address realm (RFC 2663 section 2.1), and so is the inside of every NAT.
//! In each, addresses are given out by position; who has one at a time is looked up in tables. Where
//! nodes are is known from the start, as a function of time.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use underpass_core::Instant;

use super::address::{
    IPV4_BASE, IPV4_SIZE, ipv4_address, ipv4_position, ipv6_address, ipv6_inside, ipv6_place,
};
use crate::machine::Addresses;
use crate::nat::Translate;
use crate::scenario::model::{Fault, FaultKind, Nat, NatId, NodeId, Scenario};

/// 10.0.0.0/8, for private networks (RFC 1918 section 3).
const PRIVATE: (u32, u32) = (u32::from_be_bytes([10, 0, 0, 0]), 1 << 24);
/// 100.64.0.0/10, for the networks between carrier-grade NATs and those behind them (RFC 6598
/// section 7).
const SHARED: (u32, u32) = (u32::from_be_bytes([100, 64, 0, 0]), 1 << 22);
/// What the smallest network behind a NAT has: a /24, as homes have.
const SUBNET_MIN: u32 = 256;
/// The first address of a network is nobody's, and behind a NAT the next is the NAT's own.
const FIRST_INSIDE: u32 = 2;

/// Where a node is at first, and which families it speaks.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// Has an IPv4 address.
    pub ipv4: bool,
    /// Has an IPv6 address.
    pub ipv6: bool,
    /// Behind which NAT; `None` for the public network.
    pub behind: Option<NatId>,
}

/// All networks of a world.
#[derive(Debug)]
pub struct Topology {
    /// By node: where it is from when on, in the order of time, from the origin on.
    stays: Vec<Vec<Stay>>,
    /// By NAT.
    gateways: Vec<Gateway>,
    /// The public one, then the inside of each NAT.
    realms: Vec<Realm>,
    /// Ranges of IPv4 addresses by their first: how many they are, and whose realm's.
    subnets: BTreeMap<u32, (u32, usize)>,
}

/// A node in one place.
#[derive(Clone, Copy, Debug)]
struct Stay {
    since: Instant,
    behind: Option<NatId>,
    addresses: Addresses,
}

#[derive(Debug)]
struct Gateway {
    outer: Option<NatId>,
    external: Vec<IpAddr>,
    translate: Translate,
    /// Who is behind it at any time, at any depth.
    below: Vec<NodeId>,
}

#[derive(Debug, Default)]
struct Realm {
    /// By position: who has the addresses there.
    members: Vec<Owner>,
    /// The base of its IPv4 addresses, if they are its own.
    subnet: Option<u32>,
}

/// By realm and node.
type Positions = BTreeMap<(usize, NodeId), usize>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Owner {
    Node(NodeId),
    Nat(NatId),
}

/// Where a packet goes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hop {
    /// To this node, in the same realm.
    Node(NodeId),
    /// Through this NAT, towards the public network.
    Outward(NatId),
    /// Through this NAT, to what is behind it.
    Inward(NatId),
}

impl Topology {
    /// The networks of a scenario; `None` if there are not enough addresses.
    pub fn of(scenario: &Scenario) -> Option<Self> {
        let nodes = scenario.nodes.iter();
        let sites =
            nodes.map(|node| Site { ipv4: node.ipv4, ipv6: node.ipv6, behind: node.behind });
        Self::new(&sites.collect::<Vec<_>>(), &scenario.nats, &scenario.faults)
    }

    /// The networks of these nodes and NATs, with all roaming among the faults; `None` if there are
    /// not enough addresses.
    ///
    /// # Panics
    ///
    /// If one is behind a NAT that does not exist, or a NAT behind itself.
    pub fn new(sites: &[Site], nats: &[Nat], faults: &[Fault]) -> Option<Self> {
        let mut topology = Self {
            stays: Vec::with_capacity(sites.len()),
            gateways: nats.iter().map(Gateway::new).collect(),
            realms: (0..=nats.len()).map(|_| Realm::default()).collect(),
            subnets: BTreeMap::new(),
        };
        topology.assert_no_cycle();
        let places: Vec<Vec<(Instant, Option<NatId>)>> = places(sites, faults);
        let positions = topology.join(&places, nats);
        topology.lay_out()?;
        for ((id, site), places) in (0..).map(NodeId).zip(sites).zip(places) {
            let stay = |(since, behind)| {
                let addresses = topology.addresses_at(id, site, behind, &positions)?;
                Some(Stay { since, behind, addresses })
            };
            let stays = places.into_iter().map(stay).collect::<Option<Vec<Stay>>>()?;
            topology.stays.push(stays);
        }
        topology.number_nats(nats)?;
        Some(topology)
    }

    fn assert_no_cycle(&self) {
        for first in 0..self.gateways.len() {
            let first = NatId(u32::try_from(first).expect("fewer than 2^32 NATs"));
            let outward = self.outward(Some(first)).take(self.gateways.len() + 1);
            assert!(outward.count() <= self.gateways.len(), "{first:?} is behind itself");
        }
    }

    /// Gives everybody a position in every realm that it will ever be in. In the public one all nodes
    /// have theirs, so that nobody's depends on where others are. Returns those of nodes elsewhere.
    fn join(&mut self, places: &[Vec<(Instant, Option<NatId>)>], nats: &[Nat]) -> Positions {
        let mut positions = Positions::new();
        let nodes = || (0..).map(NodeId).zip(places);
        self.realms[0].members.extend(nodes().map(|(id, _)| Owner::Node(id)));
        for (id, nat) in (0..).map(NatId).zip(nats) {
            for realm in self.numbered_in(nat.behind) {
                let pool = std::iter::repeat_n(Owner::Nat(id), nat.pool.into());
                self.realms[realm].members.extend(pool);
            }
        }
        for (id, places) in nodes() {
            for (_, behind) in places {
                for realm in self.numbered_in(*behind) {
                    let members = &mut self.realms[realm].members;
                    if realm > 0 && !positions.contains_key(&(realm, id)) {
                        positions.insert((realm, id), members.len());
                        members.push(Owner::Node(id));
                    }
                }
                let above: Vec<NatId> = self.outward(*behind).collect();
                for nat in above {
                    let below = &mut self.gateways[nat.0 as usize].below;
                    if below.last() != Some(&id) {
                        below.push(id);
                    }
                }
            }
        }
        positions
    }

    /// The realms in which one has its addresses who is in this one: for IPv6 this one itself, for
    /// IPv4 the next one outwards that has addresses of its own.
    fn numbered_in(&self, realm: Option<NatId>) -> impl Iterator<Item = usize> + use<> {
        let (own, ipv4) = (index(realm), index(self.ipv4_realm(realm)));
        std::iter::once(own).chain((ipv4 != own).then_some(ipv4))
    }

    fn ipv4_realm(&self, realm: Option<NatId>) -> Option<NatId> {
        self.outward(realm).find(|nat| self.translates(*nat, true))
    }

    /// Gives every realm that has IPv4 addresses of its own a range of them.
    fn lay_out(&mut self) -> Option<()> {
        let (mut private, mut shared) = (Range::new(PRIVATE), Range::new(SHARED));
        self.realms[0].subnet = Some(IPV4_BASE);
        self.subnets.insert(IPV4_BASE, (IPV4_SIZE, 0));
        for nat in (0..self.gateways.len()).map(nat_id) {
            if !self.translates(nat, true) {
                continue;
            }
            let position = index(Some(nat));
            let members = &self.realms[position].members;
            let is_shared = members.iter().any(|owner| matches!(owner, Owner::Nat(_)));
            let wanted = u32::try_from(members.len()).ok()? + FIRST_INSIDE + 1;
            let range = if is_shared { &mut shared } else { &mut private };
            let size = wanted.next_power_of_two().max(SUBNET_MIN);
            let base = range.take(size)?;
            self.realms[position].subnet = Some(base);
            self.subnets.insert(base, (size, position));
        }
        Some(())
    }

    fn number_nats(&mut self, nats: &[Nat]) -> Option<()> {
        for (id, nat) in (0..).map(NatId).zip(nats) {
            let positions = |realm: Option<NatId>| {
                let members = self.realms[index(realm)].members.iter();
                let own = members.enumerate().filter(move |(_, owner)| **owner == Owner::Nat(id));
                own.map(move |(position, _)| (realm, position))
            };
            let ipv4 = positions(self.ipv4_realm(nat.behind));
            let ipv4 = ipv4.map(|(realm, at)| self.ipv4_at(realm, at).map(IpAddr::V4));
            let ipv6 = positions(nat.behind);
            let ipv6 = ipv6.map(|(realm, at)| Some(IpAddr::V6(ipv6_at(realm, at))));
            self.gateways[id.0 as usize].external = ipv4.chain(ipv6).collect::<Option<_>>()?;
        }
        Some(())
    }

    fn addresses_at(
        &self,
        id: NodeId,
        site: &Site,
        behind: Option<NatId>,
        positions: &Positions,
    ) -> Option<Addresses> {
        let position = |realm: Option<NatId>| match realm {
            None => id.0 as usize,
            Some(_) => positions[&(index(realm), id)],
        };
        let home = self.ipv4_realm(behind);
        let ipv4 = match site.ipv4 {
            true => Some(self.ipv4_at(home, position(home))?),
            false => None,
        };
        let ipv6 = site.ipv6.then(|| ipv6_at(behind, position(behind)));
        Some(Addresses { ipv4, ipv6 })
    }

    fn ipv4_at(&self, realm: Option<NatId>, position: usize) -> Option<Ipv4Addr> {
        let base = self.realms[index(realm)].subnet.expect("it has addresses of its own");
        let position = u32::try_from(position).ok()?;
        match realm {
            None => ipv4_address(NodeId(position)),
            Some(_) => Some(Ipv4Addr::from_bits(base + FIRST_INSIDE + position)),
        }
    }

    /// Whether a NAT gives the addresses of one family others.
    fn translates(&self, nat: NatId, ipv4: bool) -> bool {
        match self.gateway(nat).translate {
            Translate::Both => true,
            Translate::Ipv4 => ipv4,
            Translate::Neither => false,
        }
    }

    fn gateway(&self, nat: NatId) -> &Gateway {
        &self.gateways[nat.0 as usize]
    }

    /// The NATs between a realm and the public network, the innermost first.
    fn outward(&self, realm: Option<NatId>) -> impl Iterator<Item = NatId> + '_ {
        std::iter::successors(realm, |nat| self.gateway(*nat).outer)
    }

    /// The NAT behind which a NAT is.
    pub(super) fn outer(&self, nat: NatId) -> Option<NatId> {
        self.gateway(nat).outer
    }

    /// The addresses that a NAT has on its outside.
    pub fn external(&self, nat: NatId) -> &[IpAddr] {
        &self.gateway(nat).external
    }

    fn stay(&self, node: NodeId, at: Instant) -> &Stay {
        let stays = &self.stays[node.0 as usize];
        let stay = stays.iter().rfind(|stay| stay.since <= at);
        stay.expect("a node is somewhere from the origin on")
    }

    /// The addresses of a node at a time.
    pub fn addresses(&self, node: NodeId, at: Instant) -> Addresses {
        self.stay(node, at).addresses
    }

    /// Behind which NAT a node is at a time.
    pub(super) fn behind(&self, node: NodeId, at: Instant) -> Option<NatId> {
        self.stay(node, at).behind
    }

    /// Who is behind a NAT at a time, at any depth.
    pub(super) fn below(&self, nat: NatId, at: Instant) -> impl Iterator<Item = NodeId> + '_ {
        let nodes = self.gateway(nat).below.iter().copied();
        nodes.filter(move |node| self.outward(self.behind(*node, at)).any(|above| above == nat))
    }

    /// The realm and the position there that an address names.
    fn place_of(&self, address: IpAddr) -> Option<(usize, usize)> {
        let (realm, offset) = match address {
            IpAddr::V4(address) => {
                let bits = address.to_bits();
                let (base, &(size, realm)) = self.subnets.range(..=bits).next_back()?;
                let offset = (bits - base < size).then_some(bits - base)?;
                (realm, if realm == 0 { ipv4_position(offset)? } else { offset })
            }
            IpAddr::V6(address) => {
                let (realm, offset) = ipv6_place(address)?;
                (realm as usize, offset)
            }
        };
        let position = if realm == 0 { offset } else { offset.checked_sub(FIRST_INSIDE)? };
        Some((realm, position as usize))
    }

    fn owner(&self, address: IpAddr) -> Option<Owner> {
        let (realm, position) = self.place_of(address)?;
        self.realms.get(realm)?.members.get(position).copied()
    }

    /// The node that has an address of its own at some time, wherever it leads to.
    pub fn node_of(&self, address: IpAddr) -> Option<NodeId> {
        let Owner::Node(node) = self.owner(address)? else { return None };
        self.own_addresses(node).any(|own| own == address).then_some(node)
    }

    /// Every address that a node has at some time.
    pub fn own_addresses(&self, node: NodeId) -> impl Iterator<Item = IpAddr> + '_ {
        self.stays[node.0 as usize].iter().flat_map(|stay| {
            let Addresses { ipv4, ipv6 } = stay.addresses;
            ipv4.map(IpAddr::V4).into_iter().chain(ipv6.map(IpAddr::V6))
        })
    }

    /// Whether others may know a node by this address: it is its own, or that of a NAT in front of
    /// it, at some time.
    pub fn is_known_by(&self, node: NodeId, address: IpAddr) -> bool {
        let mut nats = self.stays[node.0 as usize].iter().flat_map(|s| self.outward(s.behind));
        self.own_addresses(node).any(|own| own == address)
            || nats.any(|nat| self.external(nat).contains(&address))
    }

    /// The addresses at which a node is dialled from another in the places where both are at first:
    /// none if there is a NAT in between that the first packet would have to come in by.
    pub fn dialled(&self, from: NodeId, to: NodeId) -> Addresses {
        let [from, to] = [from, to].map(|node| self.stay(node, Instant::ORIGIN));
        let is_open =
            to.behind.is_none() || self.outward(from.behind).any(|n| Some(n) == to.behind);
        match is_open {
            true => to.addresses,
            false => Addresses { ipv4: None, ipv6: None },
        }
    }

    /// Where somebody has an address at that time: who, and in which realm.
    fn found(&self, address: IpAddr, at: Instant) -> Option<(Owner, Option<NatId>)> {
        let owner = self.owner(address)?;
        match owner {
            Owner::Nat(nat) => {
                let gateway = self.gateway(nat);
                gateway.external.contains(&address).then_some((owner, gateway.outer))
            }
            Owner::Node(node) => {
                let Stay { behind, addresses, .. } = self.stay(node, at);
                addresses.has(address).then_some((owner, *behind))
            }
        }
    }

    /// Where a packet goes next that is in a realm; `None` if it leads nowhere. One that has
    /// `turned` inward does not leave again, so that no way is endless.
    pub(super) fn hop(
        &self,
        realm: Option<NatId>,
        to: IpAddr,
        turned: bool,
        at: Instant,
    ) -> Option<Hop> {
        if let Some((owner, there)) = self.found(to, at) {
            match owner {
                Owner::Node(node) if there == realm => return Some(Hop::Node(node)),
                Owner::Nat(nat) if there == realm => return Some(Hop::Inward(nat)),
                Owner::Node(_) | Owner::Nat(_) => {}
            }
            if let Some(nat) = self.way_down(realm, there, to.is_ipv4()) {
                return Some(Hop::Inward(nat));
            }
        }
        // An address of this very network is asked for in it, and nowhere else.
        let is_on_link = self.place_of(to).is_some_and(|(place, _)| place == index(realm));
        if turned || is_on_link { None } else { realm.map(Hop::Outward) }
    }

    /// The first NAT on the way from a realm into one behind it, if addresses lead there untranslated.
    fn way_down(&self, from: Option<NatId>, to: Option<NatId>, ipv4: bool) -> Option<NatId> {
        let mut inward = self.outward(to).take_while(|nat| !self.translates(*nat, ipv4));
        inward.find(|nat| self.outer(*nat) == from)
    }

    /// The node that a packet comes to for its address alone, from a node at that time; `None` if a
    /// NAT decides, or nobody is there.
    pub(super) fn recipient(&self, from: NodeId, to: IpAddr, at: Instant) -> Option<NodeId> {
        let (mut realm, mut turned) = (self.behind(from, at), false);
        loop {
            match self.hop(realm, to, turned, at)? {
                Hop::Node(node) => return Some(node),
                Hop::Outward(nat) => realm = self.outer(nat),
                Hop::Inward(nat) if self.external(nat).contains(&to) => return None,
                Hop::Inward(nat) => (realm, turned) = (Some(nat), true),
            }
        }
    }
}

impl Gateway {
    fn new(nat: &Nat) -> Self {
        let translate = nat.model.translate;
        Self { outer: nat.behind, external: Vec::new(), translate, below: Vec::new() }
    }
}

/// Addresses not given out yet.
struct Range {
    next: u32,
    left: u32,
}

impl Range {
    fn new((next, left): (u32, u32)) -> Self {
        Self { next, left }
    }

    /// The first of `size` addresses in a row, aligned to that: `size` is a power of two.
    fn take(&mut self, size: u32) -> Option<u32> {
        let base = self.next.checked_next_multiple_of(size)?;
        self.left = self.left.checked_sub(base - self.next + size)?;
        self.next = base + size;
        Some(base)
    }
}

/// Where each node is, from when on.
fn places(sites: &[Site], faults: &[Fault]) -> Vec<Vec<(Instant, Option<NatId>)>> {
    let at_first = |site: &Site| vec![(Instant::ORIGIN, site.behind)];
    let mut places: Vec<_> = sites.iter().map(at_first).collect();
    for fault in faults {
        if let FaultKind::Roam { node, behind } = fault.kind {
            places[node.0 as usize].push((fault.at, behind));
        }
    }
    for places in &mut places {
        places.sort_by_key(|(since, _)| *since);
    }
    places
}

/// Where the realm is among all.
fn index(realm: Option<NatId>) -> usize {
    realm.map_or(0, |nat| nat.0 as usize + 1)
}

fn nat_id(position: usize) -> NatId {
    NatId(u32::try_from(position).expect("fewer than 2^32 NATs"))
}

fn ipv6_at(realm: Option<NatId>, position: usize) -> Ipv6Addr {
    let position = u32::try_from(position).expect("fewer than 2^32 addresses");
    match realm {
        None => ipv6_address(NodeId(position)),
        Some(nat) => ipv6_inside(nat.0 + 1, u64::from(FIRST_INSIDE + position)),
    }
}

#[cfg(test)]
mod tests;
