//! A prober finds out of a NAT what was configured.

use underpass_core::Duration;
use underpass_sim::nat::{Behaviour, Hairpin, NatModel, PortAllocation, Refused};
use underpass_sim::scenario::model::{Nat, NatId, NodeId};
use underpass_sim::world::{Tally, World};

use super::probe::{Endpoint, LOCAL_PORT, Prober, Says, Server, Step};
use super::setup::{at_ms, config, machine, named, nat, node, public};

const PROBER: NodeId = NodeId(2);

pub(super) const BEHAVIOURS: [Behaviour; 3] = [
    Behaviour::EndpointIndependent,
    Behaviour::AddressDependent,
    Behaviour::AddressAndPortDependent,
];

/// What a prober found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Findings {
    pub(super) mapping: Behaviour,
    pub(super) filtering: Behaviour,
    pub(super) ports: Ports,
    pub(super) hairpin: Hairpin,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ports {
    Kept,
    Counted,
    Drawn,
}

fn ask(at_ms: u64, socket: u8, token: u8, to: Endpoint, from: Endpoint) -> Step {
    Step { at_ms, socket, says: Says::Ask { token, to, from, after_ms: 0 } }
}

/// The server's endpoint that is asked first: RFC 5780's primary address and port.
const FIRST: Endpoint = Endpoint(0, 0);

/// Runs a prober behind some NATs, the innermost first, for so long.
pub(super) fn probe(models: &[NatModel], script: &[Step], until_ms: u64) -> World {
    let id = |position: usize| NatId(u32::try_from(position).expect("few NATs"));
    let nats: Vec<Nat> = (models.iter().enumerate())
        .map(|(i, model)| {
            nat(&format!("nat-{i}"), *model, (i + 1 < models.len()).then(|| id(i + 1)))
        })
        .collect();
    let script = script.to_vec();
    let behind = (!models.is_empty()).then_some(NatId(0));
    let nodes = vec![
        node("server-1", None, Server::default),
        node("server-2", None, Server::default),
        node("prober", behind, move || Prober::new(script.clone())),
    ];
    let mut world = World::new(config(nats, nodes), Vec::new());
    world.run_until(at_ms(until_ms)).expect("nothing stops it");
    world
}

/// RFC 5780 sections 4.3 and 4.4, and the ports of five sockets in a row.
pub(super) fn findings(models: &[NatModel]) -> Findings {
    let mut script = vec![
        // One socket, three destinations.
        ask(1_000, 5, 10, FIRST, FIRST),
        ask(1_100, 5, 11, Endpoint(1, 0), Endpoint(1, 0)),
        ask(1_200, 5, 12, Endpoint(1, 1), Endpoint(1, 1)),
        // Answers from where nothing was sent to, to sockets that have sent to the first one only.
        ask(1_300, 6, 20, FIRST, Endpoint(1, 1)),
        ask(1_400, 7, 21, FIRST, Endpoint(0, 1)),
    ];
    script.extend((0..5).map(|i| ask(100 * u64::from(i), i, i, FIRST, FIRST)));
    let world = probe(models, &script, 2_000);
    let prober: &Prober = machine(&world, PROBER);
    let [one, two, three] = [10, 11, 12].map(|token| prober.seen[&token]);
    let mapping = match (one == two, two == three) {
        (true, true) => Behaviour::EndpointIndependent,
        (_, true) => Behaviour::AddressDependent,
        (_, false) => Behaviour::AddressAndPortDependent,
    };
    let filtering = match [20, 21].map(|token| prober.seen.contains_key(&token)) {
        [true, true] => Behaviour::EndpointIndependent,
        [false, true] => Behaviour::AddressDependent,
        [_, false] => Behaviour::AddressAndPortDependent,
    };
    let seen: Vec<u16> = (0..5).map(|token| prober.port(token)).collect();
    let ports = if seen.iter().zip(LOCAL_PORT..).all(|(seen, local)| *seen == local) {
        Ports::Kept
    } else if seen.windows(2).all(|pair| pair[1] == pair[0] + 1) {
        Ports::Counted
    } else {
        Ports::Drawn
    };
    Findings { mapping, filtering, ports, hairpin: hairpin(models) }
}

/// Two sockets greet each other at the endpoints where the server sees them (RFC 5780 section 4.5):
/// twice, so that what filters has let something out before.
fn hairpin(models: &[NatModel]) -> Hairpin {
    let greet = |at_ms, socket, seen| Step { at_ms, socket, says: Says::Greet { seen } };
    let script = [
        ask(0, 0, 0, FIRST, FIRST),
        ask(0, 1, 1, FIRST, FIRST),
        greet(500, 0, 1),
        greet(600, 1, 0),
        greet(700, 0, 1),
        greet(800, 1, 0),
    ];
    let world = probe(models, &script, 2_000);
    let prober: &Prober = machine(&world, PROBER);
    match prober.greetings.first().map(|heard| heard.from.ip()) {
        None => Hairpin::Off,
        Some(from) if from == prober.seen[&0].ip() => Hairpin::ExternalSource,
        Some(_) => Hairpin::InternalSource,
    }
}

/// Whether an answer comes through that the server gives so long after the only question.
fn answered_after(models: &[NatModel], after: Duration) -> bool {
    let after_ms = u32::try_from(after.as_micros() / 1000).expect("not that long");
    let says = Says::Ask { token: 0, to: FIRST, from: FIRST, after_ms };
    let world = probe(models, &[Step { at_ms: 0, socket: 0, says }], u64::from(after_ms) + 1_000);
    machine::<Prober>(&world, PROBER).seen.contains_key(&0)
}

#[track_caller]
pub(super) fn forgets_after(models: &[NatModel], timeout: Duration) {
    let second = Duration::from_secs(1);
    assert!(answered_after(models, timeout.saturating_sub(second)), "just before {timeout:?}");
    assert!(!answered_after(models, timeout.saturating_add(second)), "just after {timeout:?}");
}

#[test]
fn every_combination_is_found_as_it_was_configured() {
    let ports = [
        (PortAllocation::Preserving, Ports::Kept),
        (PortAllocation::Sequential, Ports::Counted),
        (PortAllocation::Random, Ports::Drawn),
    ];
    for mapping in BEHAVIOURS {
        for filtering in BEHAVIOURS {
            for (ports, found) in ports {
                let timeout = Duration::from_secs(40);
                let model = NatModel { mapping, filtering, ports, timeout, ..NatModel::default() };
                let expected = Findings { mapping, filtering, ports: found, hairpin: Hairpin::Off };
                assert_eq!(findings(&[model]), expected);
                forgets_after(&[model], timeout);
            }
        }
    }
}

#[test]
fn without_a_nat_nothing_is_found() {
    let open = Behaviour::EndpointIndependent;
    let hairpin = Hairpin::ExternalSource;
    let none = Findings { mapping: open, filtering: open, ports: Ports::Kept, hairpin };
    assert_eq!(findings(&[]), none, "it reaches itself at its own address");
}

#[test]
fn packets_turn_back_as_configured() {
    for hairpin in [Hairpin::Off, Hairpin::ExternalSource, Hairpin::InternalSource] {
        let model = NatModel { hairpin, ..named("full-cone") };
        assert_eq!(findings(&[model]).hairpin, hairpin);
    }
    let strict = NatModel { hairpin: Hairpin::ExternalSource, ..NatModel::default() };
    assert_eq!(findings(&[strict]).hairpin, Hairpin::ExternalSource, "also through a filter");
}

#[test]
fn presets_are_found_to_be_what_their_names_say() {
    let [open, address, port] = BEHAVIOURS;
    let off = Hairpin::Off;
    let two_minutes = Duration::from_secs(120);
    let lone = Duration::from_secs(30);
    let presets = [
        ("full-cone", open, open, Ports::Kept, off, two_minutes),
        ("restricted-cone", open, address, Ports::Kept, off, two_minutes),
        ("port-restricted-cone", open, port, Ports::Kept, off, two_minutes),
        ("symmetric", port, port, Ports::Drawn, off, two_minutes),
        ("linux-masquerade", open, port, Ports::Kept, off, lone),
        ("linux-masquerade-random", port, port, Ports::Drawn, off, lone),
        ("carrier-grade", open, open, Ports::Drawn, Hairpin::ExternalSource, two_minutes),
    ];
    for (name, mapping, filtering, ports, hairpin, timeout) in presets {
        let model = named(name);
        let expected = Findings { mapping, filtering, ports, hairpin };
        assert_eq!(findings(&[model]), expected, "{name}");
        forgets_after(&[model], timeout);
    }
    let known = presets.map(|(name, ..)| name);
    let others = ["udp-blocked", "ipv6-firewall"];
    let all = NatModel::names();
    assert!(all.iter().all(|name| known.contains(name) || others.contains(name)), "{all:?}");
}

#[test]
fn where_udp_is_blocked_nothing_is_found_at_all() {
    let world = probe(&[named("udp-blocked")], &[ask(0, 0, 0, FIRST, FIRST)], 1_000);
    assert!(machine::<Prober>(&world, PROBER).seen.is_empty());
    let Tally { datagrams, refused, .. } = *world.tally();
    assert_eq!((datagrams, refused.of(Refused::UdpBlocked), refused.all()), (1, 1, 1));
}

#[test]
fn a_firewall_changes_no_endpoint() {
    let world = probe(&[named("ipv6-firewall")], &[ask(0, 0, 0, FIRST, FIRST)], 1_000);
    assert_eq!(machine::<Prober>(&world, PROBER).seen[&0], public(PROBER, LOCAL_PORT));
}
