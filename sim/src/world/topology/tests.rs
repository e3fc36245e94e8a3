use std::net::IpAddr;

use underpass_core::{Duration, Instant};

use super::{Hop, Site, Topology};
use crate::nat::{NatModel, Translate};
use crate::scenario::model::{Fault, FaultKind, Nat, NatId, NodeId};
use crate::world::{ipv4_address, ipv6_address};

const CGN: NatId = NatId(0);
const HOME: NatId = NatId(1);
const FIREWALL: NatId = NatId(2);

const SERVER: NodeId = NodeId(0);
const LAPTOP: NodeId = NodeId(1);
const TV: NodeId = NodeId(2);
const BOARD: NodeId = NodeId(3);

fn nat(translate: Translate, pool: u16, behind: Option<NatId>) -> Nat {
    let model = NatModel { translate, ..NatModel::default() };
    Nat { name: String::new(), model, pool, behind }
}

fn nats() -> [Nat; 3] {
    [
        nat(Translate::Ipv4, 2, None),
        nat(Translate::Ipv4, 1, Some(CGN)),
        nat(Translate::Neither, 1, None),
    ]
}

fn site(behind: Option<NatId>) -> Site {
    Site { ipv4: true, ipv6: true, behind }
}

/// A server in public, two nodes at home behind a carrier-grade NAT, and one behind a firewall; the
/// laptop leaves home for the public network after a second.
fn topology() -> Topology {
    let sites = [None, Some(HOME), Some(HOME), Some(FIREWALL)].map(site);
    let kind = FaultKind::Roam { node: LAPTOP, behind: None };
    let roam = Fault { name: String::new(), at: second(1), lasts: None, every: None, kind };
    Topology::new(&sites, &nats(), &[roam]).unwrap()
}

fn second(second: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(second)
}

fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

fn hop(realm: Option<NatId>, to: &str) -> Option<Hop> {
    topology().hop(realm, ip(to), false, Instant::ORIGIN)
}

#[test]
fn every_realm_has_addresses_of_its_own() {
    let topology = topology();
    let addresses = |node, at| {
        let addresses = topology.addresses(node, at);
        (addresses.ipv4.unwrap().to_string(), addresses.ipv6.unwrap().to_string())
    };
    let shown = |ipv4: &str, ipv6: &str| (ipv4.to_owned(), ipv6.to_owned());
    assert_eq!(addresses(SERVER, second(0)), shown("198.18.0.1", "2001:db8::1"));
    assert_eq!(addresses(LAPTOP, second(0)), shown("10.0.0.2", "2001:db8:2:1::2"));
    assert_eq!(addresses(TV, second(0)), shown("10.0.0.3", "2001:db8:2:1::3"));
    assert_eq!(addresses(LAPTOP, second(1)), shown("198.18.1.1", "2001:db8:1::1"));
    // Behind a NAT that translates nothing, addresses are public.
    assert_eq!(addresses(BOARD, second(0)), shown("198.18.3.1", "2001:db8:3:1::2"));
    assert_eq!(
        topology.external(CGN),
        ["198.18.4.1", "198.18.5.1", "2001:db8:4::1", "2001:db8:5::1"].map(ip)
    );
    assert_eq!(topology.external(HOME), ["100.64.0.2", "2001:db8:1:1::2"].map(ip));
}

#[test]
fn an_address_leads_back_to_its_node_only() {
    let topology = topology();
    assert_eq!(topology.node_of(ip("198.18.0.1")), Some(SERVER));
    assert_eq!(topology.node_of(ip("10.0.0.2")), Some(LAPTOP));
    assert_eq!(topology.node_of(ip("198.18.1.1")), Some(LAPTOP), "later");
    assert_eq!(topology.node_of(ip("198.18.3.1")), Some(BOARD));
    for nobody in ["198.18.2.1", "198.18.4.1", "100.64.0.2", "10.0.0.1", "10.0.0.4", "192.0.2.1"] {
        assert_eq!(topology.node_of(ip(nobody)), None, "{nobody}");
    }
    assert!(topology.is_known_by(TV, ip("198.18.4.1")), "through both NATs");
    assert!(!topology.is_known_by(SERVER, ip("198.18.4.1")));
}

#[test]
fn addresses_outside_the_ranges_lead_to_nobody() {
    let public = Site { ipv4: true, ipv6: true, behind: None };
    let topology = Topology::new(&[public; 300], &[], &[]).unwrap();
    for node in [0, 1, 254, 255, 256, 299].map(NodeId) {
        let [ipv4, ipv6] = [0, 1].map(|i| topology.own_addresses(node).nth(i).unwrap());
        assert_eq!(ipv4, ipv4_address(node).unwrap());
        assert_eq!(ipv6, ipv6_address(node));
        assert_eq!([ipv4, ipv6].map(|address| topology.node_of(address)), [Some(node); 2]);
    }
    for address in [
        "198.17.255.255",
        "198.18.0.0",
        "198.18.1.45",
        "198.19.255.255",
        "198.20.0.0",
        "2001:db8::",
        "2001:db8::1:0:0:0:1",
        "2001:db9::1",
    ] {
        assert_eq!(topology.node_of(ip(address)), None, "{address}");
    }
}

#[test]
fn a_packet_goes_outward_until_it_is_where_its_destination_is() {
    assert_eq!(hop(Some(HOME), "10.0.0.3"), Some(Hop::Node(TV)));
    assert_eq!(hop(Some(HOME), "198.18.0.1"), Some(Hop::Outward(HOME)));
    assert_eq!(hop(Some(CGN), "198.18.0.1"), Some(Hop::Outward(CGN)));
    assert_eq!(hop(None, "198.18.0.1"), Some(Hop::Node(SERVER)));
    // The external address of a NAT leads through it, also from inside.
    assert_eq!(hop(None, "198.18.5.1"), Some(Hop::Inward(CGN)));
    assert_eq!(hop(Some(CGN), "100.64.0.2"), Some(Hop::Inward(HOME)));
    assert_eq!(hop(Some(HOME), "100.64.0.2"), Some(Hop::Outward(HOME)));
}

#[test]
fn what_a_nat_does_not_translate_is_routed() {
    assert_eq!(hop(None, "198.18.3.1"), Some(Hop::Inward(FIREWALL)));
    assert_eq!(hop(Some(FIREWALL), "198.18.3.1"), Some(Hop::Node(BOARD)));
    assert_eq!(hop(None, "2001:db8:2:1::3"), Some(Hop::Inward(CGN)));
    assert_eq!(hop(Some(CGN), "2001:db8:2:1::3"), Some(Hop::Inward(HOME)));
    assert_eq!(hop(Some(FIREWALL), "2001:db8:2:1::3"), Some(Hop::Outward(FIREWALL)));
}

#[test]
fn private_addresses_lead_nowhere_from_outside() {
    assert_eq!(hop(None, "10.0.0.2"), None);
    assert_eq!(hop(Some(CGN), "10.0.0.2"), Some(Hop::Outward(CGN)), "as any unknown one");
    assert_eq!(hop(Some(HOME), "10.0.0.77"), None, "nobody has it in this network");
    assert_eq!(hop(None, "192.0.2.1"), None);
}

#[test]
fn what_has_turned_inward_does_not_leave_again() {
    let topology = topology();
    assert_eq!(topology.hop(Some(HOME), ip("198.18.0.1"), true, Instant::ORIGIN), None);
    // The laptop is no longer there.
    assert_eq!(topology.hop(Some(HOME), ip("10.0.0.2"), true, second(1)), None);
}

#[test]
fn who_is_behind_a_nat_depends_on_the_time() {
    let topology = topology();
    let below = |nat, at| topology.below(nat, at).collect::<Vec<_>>();
    assert_eq!(below(CGN, second(0)), [LAPTOP, TV]);
    assert_eq!(below(CGN, second(1)), [TV]);
}

#[test]
fn nodes_are_dialled_where_no_nat_is_in_the_way() {
    let topology = topology();
    let can = |from, to| topology.dialled(from, to).ipv4.is_some();
    assert!(can(LAPTOP, SERVER) && can(LAPTOP, TV) && can(SERVER, SERVER));
    assert!(!can(SERVER, LAPTOP) && !can(LAPTOP, BOARD) && !can(SERVER, BOARD));
}

#[test]
fn a_recipient_behind_a_translating_nat_is_not_known_from_outside() {
    let topology = topology();
    let recipient = |from, to: &str| topology.recipient(from, ip(to), Instant::ORIGIN);
    assert_eq!(recipient(SERVER, "198.18.4.1"), None);
    assert_eq!(recipient(SERVER, "198.18.3.1"), Some(BOARD));
    assert_eq!(recipient(LAPTOP, "198.18.0.1"), Some(SERVER));
    assert_eq!(recipient(LAPTOP, "10.0.0.3"), Some(TV));
}

#[test]
fn there_are_only_so_many_addresses() {
    let many = vec![nat(Translate::Ipv4, u16::MAX, None); 3];
    assert!(Topology::new(&[], &many, &[]).is_none(), "more than 198.18.0.0/15 has");
}

#[test]
#[should_panic = "behind itself"]
fn a_nat_is_not_behind_itself() {
    let circle = [nat(Translate::Ipv4, 1, Some(HOME)), nat(Translate::Ipv4, 1, Some(CGN))];
    let _ = Topology::new(&[], &circle, &[]);
}
