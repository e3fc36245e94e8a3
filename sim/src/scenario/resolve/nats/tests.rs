use underpass_core::{Duration, Instant};

use crate::nat::{
    Behaviour, Hairpin, NatModel, Pooling, PortAllocation, Refresh, Translate, Unsolicited,
};
use crate::scenario::model::{Fault, FaultKind, NatId, NodeId, Scenario};
use crate::scenario::{Vocabulary, parse};

const VOCABULARY: Vocabulary<'_> = Vocabulary::with_metrics(&[]);

/// Uses every key that has to do with NATs.
const NATS: &str = r#"
format = 1
title = "Homes behind a carrier"
duration = "2min"

[preset.nat.tight]
mapping = "address-dependent"
filtering = "address-dependent"
ports = "sequential"
pool = 2
pairing = "arbitrary"
translate = "both"
timeout = "60s"
unreplied_timeout = "20s"
refresh = "outbound"
hairpin = "internal-source"
unsolicited = "track"
table = 500
mappings_per_host = 50
udp = false

[[nat]]
name = "home"
count = 2
behind = "carrier"
preset = "tight"
udp = true
hairpin = "external-source"

[[nat]]
name = "carrier"
preset = "carrier-grade"
pool = 3

[[nat]]
name = "plain"

[[node]]
name = "server"

[[node]]
name = "phone"
count = 3
behind = "home-*"
peers = ["server"]

[[node]]
name = "tv"
behind = "plain"
peers = ["server"]

[[fault]]
at = "70s"
every = "10s"
nat_reboot = "carrier"

[[fault]]
at = "71s"
roam = { node = "phone-2", behind = "public" }

[[fault]]
at = "72s"
roam = { node = "phone-2", behind = "plain" }

[[fault]]
at = "73s"
for = "5s"
partition = [["carrier", "server"], ["plain"]]

[[fault]]
at = "80s"
for = "5s"
block = { from = ["server"], to = ["home-1"] }

[[expect]]
by = "5s"
session = { between = ["phone-*", "server"], is = "active" }
"#;

fn scenario() -> Scenario {
    parse(NATS, "nats.toml", "nats", &VOCABULARY).unwrap_or_else(|report| panic!("{report}"))
}

fn kinds() -> Vec<FaultKind> {
    scenario().faults.into_iter().map(|fault| fault.kind).collect()
}

#[test]
fn what_a_nat_says_comes_before_its_preset() {
    let tight = NatModel {
        mapping: Behaviour::AddressDependent,
        filtering: Behaviour::AddressDependent,
        ports: PortAllocation::Sequential,
        pooling: Pooling::Arbitrary,
        translate: Translate::Both,
        timeout: Duration::from_secs(60),
        unreplied_timeout: Some(Duration::from_secs(20)),
        refresh: Refresh::Outbound,
        hairpin: Hairpin::ExternalSource,
        unsolicited: Unsolicited::Track,
        table: 500,
        mappings_per_host: Some(50),
        ..NatModel::default()
    };
    let [home_1, home_2, carrier, plain] = &scenario().nats[..] else { panic!("four NATs") };
    assert_eq!((home_1.model, home_1.pool), (tight, 2));
    assert_eq!((home_2.model, home_2.name.as_str()), (tight, "home-2"));
    assert_eq!((Some(carrier.model), carrier.pool), (NatModel::named("carrier-grade"), 3));
    assert_eq!((plain.model, plain.pool), (NatModel::default(), 1));
}

#[test]
fn nodes_and_nats_are_behind_nats_that_they_share_out() {
    let scenario = scenario();
    let carrier = Some(NatId(2));
    let nats: Vec<_> = scenario.nats.iter().map(|nat| nat.behind).collect();
    assert_eq!(nats, [carrier, carrier, None, None]);
    let nodes: Vec<_> = scenario.nodes.iter().map(|node| node.behind.map(|nat| nat.0)).collect();
    assert_eq!(nodes, [None, Some(0), Some(1), Some(0), Some(3)]);
}

#[test]
fn nats_reboot_and_nodes_roam() {
    let [reboot, public, plain, ..] = &scenario().faults[..] else { panic!("five faults") };
    let Fault { at, lasts, every, kind, .. } = reboot;
    assert_eq!(*kind, FaultKind::NatReboot(NatId(2)));
    assert_eq!(*at, Instant::ORIGIN + Duration::from_secs(70));
    assert_eq!((*lasts, *every), (None, Some(Duration::from_secs(10))));
    assert_eq!(public.kind, FaultKind::Roam { node: NodeId(2), behind: None });
    assert_eq!(plain.kind, FaultKind::Roam { node: NodeId(2), behind: Some(NatId(3)) });
}

const POPULATION: &str = r#"
format = 1
title = "Phones and homes"
duration = "2min"

[[node]]
name = "server"

[[node]]
name = "phone"
count = 40
population = "phones"
peers = ["server"]

[[node]]
name = "tv"
count = 40
population = "households"
peers = ["server"]

[[expect]]
by = "5s"
session = { between = ["phone-1", "server"], is = "active" }
"#;

#[test]
fn a_population_has_nats_that_are_drawn_for_each_by_name() {
    let scenario = parse(POPULATION, "population.toml", "population", &VOCABULARY);
    let scenario = scenario.unwrap_or_else(|report| panic!("{report}"));
    let behind = |what: &str, wanted: &dyn Fn(Option<NatId>) -> bool| {
        let nodes = scenario.nodes.iter().filter(|node| node.name.starts_with(what));
        nodes.filter(|node| wanted(node.behind)).count()
    };
    let nat = |id: NatId| &scenario.nats[id.0 as usize];
    let public = behind("phone", &|nat| nat.is_none());
    assert!((1..12).contains(&public), "nine in ten have a NAT: {public}");
    assert_eq!(behind("tv", &|nat| nat.is_none()), 0);
    let two = behind("tv", &|own| nat(own.unwrap()).behind.is_some());
    assert!((1..20).contains(&two), "17.5 % have a carrier's behind their own: {two}");
    let tv = scenario.nodes.iter().find(|node| node.name == "tv-7").unwrap();
    assert_eq!(nat(tv.behind.unwrap()).name, "tv-7-nat-1");
}

#[test]
fn a_nat_stands_for_all_behind_it() {
    let [.., partition, block] = &kinds()[..] else { panic!("five faults") };
    let nodes = |ids: &[u32]| ids.iter().copied().map(NodeId).collect::<Vec<_>>();
    assert_eq!(*partition, FaultKind::Partition(vec![nodes(&[0, 1, 2, 3]), nodes(&[4])]));
    assert_eq!(*block, FaultKind::Block { from: nodes(&[0]), to: nodes(&[1, 3]) });
}
