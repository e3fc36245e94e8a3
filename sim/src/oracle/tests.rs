use underpass_core::{Duration, Instant, RelayLimits};

use super::{Oracle, Reach};
use crate::nat::{Hairpin, NatModel, PortAllocation, Translate};
use crate::scenario::model::{Fault, FaultKind, Nat, NatId, NodeId, Scenario};
use crate::scenario::{Vocabulary, parse};

const LAPTOP: NodeId = NodeId(0);
const SENSOR: NodeId = NodeId(1);
const PUBLIC: NodeId = NodeId(2);

const EMPTY: &str = "format = 1\ntitle = \"x\"\nduration = \"60s\"\n\
    [[node]]\nname = \"laptop\"\npeers = [\"server\"]\n[[node]]\nname = \"sensor\"\n\
    [[node]]\nname = \"server\"\n\
    [[expect]]\nby = \"9s\"\nsession = { between = [\"laptop\", \"server\"], is = \"active\" }\n";

fn nat(name: &str, model: NatModel, behind: Option<NatId>) -> Nat {
    Nat { name: name.into(), model, pool: 1, behind }
}

fn named(name: &str) -> NatModel {
    NatModel::named(name).unwrap()
}

/// A laptop and a sensor behind NATs, and a server in public.
fn scenario(nats: Vec<Nat>, behind: [Option<u32>; 2]) -> Scenario {
    let vocabulary = Vocabulary::with_metrics(&[]);
    let mut scenario = parse(EMPTY, "x.toml", "x", &vocabulary).unwrap();
    scenario.nats = nats;
    for (node, behind) in scenario.nodes.iter_mut().zip(behind) {
        node.behind = behind.map(NatId);
    }
    scenario
}

fn homes(a: NatModel, b: NatModel) -> Scenario {
    scenario(vec![nat("home-a", a, None), nat("home-b", b, None)], [Some(0), Some(1)])
}

#[track_caller]
fn says(scenario: &Scenario, [from, to]: [NodeId; 2], wanted: &str) {
    assert_eq!(Oracle::new(scenario, Instant::ORIGIN).verdict(from, to).to_string(), wanted);
}

const THERE: [NodeId; 2] = [LAPTOP, SENSOR];

#[test]
fn a_node_in_public_is_dialled_and_dials_back() {
    let homes = homes(named("symmetric"), named("symmetric"));
    says(&homes, [LAPTOP, PUBLIC], "server is in public: direct");
    says(
        &homes,
        [PUBLIC, LAPTOP],
        "laptop dials, once it is asked to: server is in public: by punching",
    );
}

#[test]
fn two_cones_are_punched() {
    let cone = named("port-restricted-cone");
    says(
        &homes(cone, cone),
        THERE,
        "laptop and sensor are both seen at one endpoint by all: by punching",
    );
    let linux = named("linux-masquerade");
    assert_eq!(
        Oracle::new(&homes(linux, linux), Instant::ORIGIN).verdict(LAPTOP, SENSOR).reach,
        Reach::Punched,
        "its ports are kept"
    );
}

#[test]
fn a_symmetric_nat_gets_through_to_those_that_do_not_look_at_ports() {
    let [symmetric, port] = ["symmetric", "port-restricted-cone"].map(named);
    says(
        &homes(symmetric, port),
        THERE,
        "laptop's home-a maps per destination and sensor's home-b filters by port: only relayed",
    );
    says(
        &homes(named("restricted-cone"), symmetric),
        THERE,
        "sensor's home-b maps per destination, but laptop's home-a filters by address: by punching",
    );
    says(
        &homes(symmetric, symmetric),
        THERE,
        "laptop's home-a and sensor's home-b map per destination and laptop's home-a filters by \
         port: only relayed",
    );
}

#[test]
fn without_udp_there_is_no_way_at_all() {
    let blocked = homes(named("udp-blocked"), named("full-cone"));
    says(&blocked, THERE, "home-a lets no UDP pass: not at all");
    says(&blocked, [LAPTOP, PUBLIC], "home-a lets no UDP pass: not at all");
}

#[test]
fn neighbours_reach_each_other_inside() {
    let home = scenario(vec![nat("home", named("udp-blocked"), None)], [Some(0), Some(0)]);
    says(&home, THERE, "sensor is behind home, too: direct");
}

#[test]
fn behind_one_carrier_packets_must_turn_back() {
    let carrier = |hairpin| NatModel { hairpin, ..named("carrier-grade") };
    let homes = |hairpin| {
        let home = |name| nat(name, named("port-restricted-cone"), Some(NatId(0)));
        let nats = vec![nat("carrier", carrier(hairpin), None), home("home-a"), home("home-b")];
        scenario(nats, [Some(1), Some(2)])
    };
    says(
        &homes(Hairpin::Off),
        THERE,
        "both are behind carrier, which turns no packets back: only relayed",
    );
    says(
        &homes(Hairpin::ExternalSource),
        THERE,
        "laptop and sensor are both seen at one endpoint by all: by punching",
    );
    says(
        &homes(Hairpin::InternalSource),
        THERE,
        "carrier turns packets back from another source than home-a lets in: only relayed",
    );
}

#[test]
fn a_nat_that_tracks_what_comes_may_lose_its_port() {
    let unsolicited = crate::nat::Unsolicited::Track;
    let tracking = NatModel { unsolicited, ..named("linux-masquerade") };
    says(
        &homes(named("full-cone"), tracking),
        THERE,
        "laptop and sensor are both seen at one endpoint by all, unless something comes to \
         sensor's home-b before it has sent itself: perhaps by punching",
    );
}

#[test]
fn the_better_family_counts() {
    let symmetric = named("symmetric");
    let mut homes = homes(symmetric, symmetric);
    for node in &mut homes.nodes {
        node.ipv6 = true;
    }
    let reach =
        |scenario: &Scenario| Oracle::new(scenario, Instant::ORIGIN).verdict(LAPTOP, SENSOR).reach;
    assert_eq!(reach(&homes), Reach::Punched, "IPv6 is filtered, and not translated");
    homes.nats[0].model.translate = Translate::Both;
    homes.nats[1].model.translate = Translate::Both;
    assert_eq!(reach(&homes), Reach::Relayed);
    homes.nodes[0].ipv4 = false;
    homes.nodes[1].ipv6 = false;
    says(&homes, THERE, "laptop and sensor share no family of addresses: not at all");
}

#[test]
fn who_has_roamed_is_somewhere_else() {
    let symmetric = named("symmetric");
    let mut homes = homes(symmetric, symmetric);
    let at = Instant::ORIGIN + Duration::from_secs(10);
    let kind = FaultKind::Roam { node: SENSOR, behind: None };
    homes.faults.push(Fault { name: String::new(), at, lasts: None, every: None, kind });
    let reach = |at| Oracle::new(&homes, at).verdict(LAPTOP, SENSOR).reach;
    assert_eq!(reach(Instant::ORIGIN), Reach::Relayed);
    assert_eq!(reach(at), Reach::Direct);
}

#[test]
fn ports_that_are_counted_up_can_be_guessed() {
    let counted = NatModel { ports: PortAllocation::Sequential, ..named("symmetric") };
    let port = named("port-restricted-cone");
    let foretold = "laptop's home-a maps per destination and sensor's home-b filters by port, but the \
                    next port can be foretold: by punching, if ports are guessed";
    says(&homes(counted, port), THERE, foretold);
    let reach = |a, b| Oracle::new(&homes(a, b), Instant::ORIGIN).verdict(LAPTOP, SENSOR).reach;
    assert_eq!(reach(counted, counted), Reach::Predictable);
    assert_eq!(reach(counted, named("restricted-cone")), Reach::Punched, "nothing to guess");
    assert_eq!(reach(counted, named("symmetric")), Reach::Relayed, "the other one draws them");
}

#[test]
fn a_relay_brings_together_who_both_reach_it() {
    let symmetric = named("symmetric");
    let says = |scenario: &Scenario, wanted: &str| {
        let verdict = Oracle::new(scenario, Instant::ORIGIN).with_relays(LAPTOP, SENSOR);
        assert_eq!(verdict.to_string(), wanted);
    };
    let mut homes = homes(symmetric, symmetric);
    let why = "laptop's home-a and sensor's home-b map per destination and laptop's home-a filters by port";
    says(&homes, &format!("{why}, and there is no relay that both reach: not at all"));
    homes.nodes[2].relay = Some(RelayLimits::DEFAULT);
    says(&homes, &format!("{why}, and there is no relay that both reach: not at all"));
    homes.nodes[1].peers = vec![PUBLIC];
    says(&homes, &format!("{why}, and both reach server: only relayed"));
    homes.nodes[2].network = "theirs".into();
    says(&homes, &format!("{why}, and there is no relay that both reach: not at all"));
    let foreign_bytes = 1000;
    homes.nodes[2].relay = Some(RelayLimits { foreign_bytes, ..RelayLimits::DEFAULT });
    says(&homes, &format!("{why}, and both reach server: only relayed"));
    homes.nodes[1].network = "third".into();
    says(&homes, "they are of different networks: not at all");
    homes.nodes[1].network = homes.nodes[0].network.clone();
    homes.nats[1].model = named("udp-blocked");
    says(&homes, "home-b lets no UDP pass, and there is no relay that both reach: not at all");
}
