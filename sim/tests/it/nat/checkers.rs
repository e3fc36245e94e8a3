//! Hostile machines behind NATs, and what checkers make of translated addresses.

use std::net::SocketAddr;

use underpass_core::Instant;
use underpass_sim::machine::{Cx, IpFamily, Machine, Powers, Socket};
use underpass_sim::nat::{NatModel, Refused};
use underpass_sim::run;
use underpass_sim::scenario::model::{NatId, NodeId};
use underpass_sim::scenario::{Vocabulary, parse};
use underpass_sim::trace::{PacketInfo, Watch};
use underpass_sim::world::World;

use super::setup::{at_ms, config, nat, node, public};

const SERVER: NodeId = NodeId(0);
const MALLORY: NodeId = NodeId(1);
const PORT: u16 = 4000;

/// Sends from an address that is not its own.
struct Spoofer;

impl Machine for Spoofer {
    fn start(&mut self, cx: &mut Cx<'_>) {
        let spoofed = "10.0.0.77:999".parse().expect("an address");
        cx.inject(spoofed, public(SERVER, PORT), &[1, 2, 3]);
    }

    fn datagram(&mut self, _: &mut Cx<'_>, _: Socket, _: SocketAddr, _: &mut [u8]) {
        unreachable!("it binds no socket");
    }

    fn timeout(&mut self, _: &mut Cx<'_>) {}
}

/// Answers.
struct Echo;

impl Machine for Echo {
    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.bind(IpFamily::V4, PORT).expect("it is free");
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, on: Socket, from: SocketAddr, _: &mut [u8]) {
        cx.transmit(|_| Some((on, from, 1)));
    }

    fn timeout(&mut self, _: &mut Cx<'_>) {}
}

#[derive(Default)]
struct Arrivals(Vec<(SocketAddr, SocketAddr)>);

impl Watch for Arrivals {
    fn arrived(&mut self, _: Instant, packet: &PacketInfo<'_>) {
        self.0.push((packet.origin, packet.source));
    }
}

#[test]
fn a_spoofed_source_is_translated_like_any_other() {
    let nats = vec![nat("home", NatModel::default(), None)];
    let nodes = vec![node("server", None, || Echo), node("mallory", Some(NatId(0)), || Spoofer)];
    let mut world = World::new(config(nats, nodes), vec![Box::<Arrivals>::default()]);
    world.grant(MALLORY, &Powers { taps: Vec::new(), injects: true });
    world.run_until(at_ms(1_000)).expect("nothing stops it");
    let outcome = world.finish();
    let arrivals: &Arrivals = outcome.watches[0].downcast_ref().expect("it was put there");
    let [(origin, source)] = arrivals.0[..] else { panic!("one arrived: {:?}", arrivals.0) };
    assert_eq!(origin.to_string(), "10.0.0.77:999");
    assert_eq!(source.ip().to_string(), "198.18.2.1", "the NAT's");
    // The answer goes to whom it was spoofed for, and there is nobody.
    assert_eq!((outcome.tally.no_address, outcome.tally.refused.all()), (1, 0));
}

fn scenario(nats: &str, hostile: &str) -> underpass_sim::scenario::Scenario {
    let text = format!(
        "format = 1\ntitle = \"x\"\nduration = \"60s\"\n\
         [link]\ndelay = \"20ms\"\n\
         [[nat]]\nname = \"home\"\n{nats}\n\
         [[node]]\nname = \"server\"\n\
         [[node]]\nname = \"laptop\"\nbehind = \"home\"\npeers = [\"server\"]\n\
         [[node]]\nname = \"phone\"\nbehind = \"home\"\npeers = [\"server\", \"laptop\"]\n\
         [[node]]\nname = \"mallory\"\n{hostile}\n\
         [[fault]]\nat = \"10s\"\nfor = \"20s\"\nhostile = \"mallory\"\n\
         [[send]]\nfrom = \"server\"\nto = \"laptop\"\nat = \"5s\"\nevery = \"1s\"\ncount = 30\n\
         [[expect]]\nduring = [\"1s\", \"60s\"]\n\
         session = {{ between = [\"laptop\", \"server\"], is = \"active\" }}\n\
         [[expect]]\nduring = [\"1s\", \"60s\"]\n\
         session = {{ between = [\"laptop\", \"phone\"], is = \"active\" }}\n"
    );
    let vocabulary = Vocabulary::with_metrics(&[]);
    parse(&text, "x.toml", "x", &vocabulary).unwrap_or_else(|report| panic!("{report}"))
}

#[test]
fn nodes_behind_a_nat_keep_their_sessions_and_checkers_are_content() {
    for (name, nats) in [
        ("a reader at home", "preset = \"port-restricted-cone\""),
        ("short memory", "timeout = \"5s\"\nports = \"random\""),
        ("a new port for everybody", "preset = \"symmetric\""),
    ] {
        for hostile in [
            // At home, on the laptop's wire.
            "behind = \"home\"\nhostile = { taps = [\"laptop\"], replay = { every = \"50ms\" } }",
            "behind = \"home\"\nhostile = { taps = [\"laptop\"], forge = { every = \"50ms\" } }",
            // In public, on the server's.
            "hostile = { taps = [\"server\"], replay = { every = \"50ms\", from = [\"laptop\"] } }",
            "hostile = { taps = [\"server\"], forge = { every = \"50ms\" } }",
            "hostile = { taps = [\"server\"], flood = { target = \"laptop\", kind = \"sealed\", \
             every = \"50ms\" } }",
            "hostile = { flood = { target = \"server\", kind = \"hello\", every = \"50ms\" } }",
        ] {
            let report = run(&scenario(nats, hostile), 1);
            assert!(report.passed(), "{name}, {hostile}: {:?}", report.failures);
            assert!(report.tally.delivered > 60, "something went on");
        }
    }
}

#[test]
fn a_flood_of_what_it_overheard_comes_to_the_nat_and_no_further() {
    let hostile = "hostile = { taps = [\"server\"], flood = { target = \"laptop\", \
                   kind = \"sealed\", every = \"10ms\" } }";
    let report = run(&scenario("preset = \"port-restricted-cone\"", hostile), 1);
    assert!(report.passed(), "{:?}", report.failures);
    assert!(report.tally.refused.of(Refused::Filtered) > 1_900, "{:?}", report.tally);
}
