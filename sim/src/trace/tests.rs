use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};

use underpass_core::{Duration, Instant, Outcome};

use super::{Input, Observation, PacketInfo, Trace, Watch};
use crate::machine::{SendId, Verdict};
use crate::scenario::model::{NodeId, SessionState};

const A: NodeId = NodeId(0);
const B: NodeId = NodeId(1);
const NAMES: [&str; 2] = ["laptop", "sensor \"b\""];

fn every_kind() -> Vec<Observation> {
    let (send, number, ms) = (SendId(2), 3, Duration::from_millis(4));
    vec![
        Observation::Session { peer: B, state: SessionState::Active },
        Observation::Session { peer: B, state: SessionState::Disconnected },
        Observation::Established { peer: B, handshake_hash: [0xab; 32] },
        Observation::Rtt { peer: B, rtt: ms },
        Observation::Sent { send, number, to: B },
        Observation::Refused { send, number, to: B, why: "full" },
        Observation::Delivered { from: B, send, number, latency: ms },
        Observation::Waits { send, number, to: B },
        Observation::Ended { send, number, to: B, outcome: Outcome::Acked },
        Observation::Ended { send, number, to: B, outcome: Outcome::Failed },
        Observation::Ended { send, number, to: B, outcome: Outcome::Unknown },
        Observation::Dropped { reason: "replay" },
        Observation::Started { incarnation: 1 },
        Observation::Stopped,
        Observation::Custom { kind: "depth", value: -5 },
    ]
}

fn at_us(at_us: u64) -> Instant {
    Instant::from_micros(at_us)
}

/// The hash of a run in which this is all that happens.
fn hash_of(happens: impl FnOnce(&mut Trace)) -> [u8; 32] {
    let mut trace = Trace::new(2, Vec::new());
    happens(&mut trace);
    trace.finish().0
}

fn packet(bytes: &[u8]) -> PacketInfo<'_> {
    let address = SocketAddr::from((Ipv4Addr::new(198, 18, 0, 1), 7));
    PacketInfo {
        from: A,
        number: 0,
        copy: 0,
        origin: address,
        source: address,
        destination: address,
        to: Some(B),
        bytes,
    }
}

#[test]
fn every_kind_of_observation_has_its_own_encoding() {
    let encodings: BTreeSet<Vec<u8>> = every_kind()
        .iter()
        .map(|observation| {
            let mut encoding = Vec::new();
            observation.encode(&mut encoding);
            encoding
        })
        .collect();
    assert_eq!(encodings.len(), every_kind().len());
}

#[test]
fn every_observation_is_one_line_of_json() {
    for observation in every_kind() {
        let line = observation.to_json(None, at_us(9), B, |node| NAMES[node.0 as usize]);
        assert!(!line.contains('\n'));
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["time_us"], 9);
        assert_eq!(value["node"], "sensor \"b\"");
        assert!(value["kind"].is_string());
    }
}

#[test]
fn the_reference_lists_every_kind_with_its_fields() {
    let reference = include_str!("../../../docs/trace.md");
    for observation in every_kind() {
        if matches!(observation, Observation::Custom { .. }) {
            continue;
        }
        let line = observation.to_json(Some("a@1"), at_us(9), B, |node| NAMES[node.0 as usize]);
        let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line).unwrap();
        let kind = line["kind"].as_str().unwrap();
        let row = reference.lines().find(|row| row.starts_with(&format!("| `{kind}` |")));
        let fields = row.unwrap_or_else(|| panic!("{kind}")).split('|').nth(2).unwrap();
        let fields = fields.split('`').skip(1).step_by(2);
        let listed: BTreeSet<&str> = fields.chain(["run", "time_us", "node", "kind"]).collect();
        let written: BTreeSet<&str> = line.keys().map(String::as_str).collect();
        assert_eq!(listed, written, "{kind}");
    }
}

#[test]
fn json_fields_are_pinned() {
    let json = |observation: Observation| {
        observation.to_json(None, at_us(1_500_000), A, |node| ["laptop", "sensor"][node.0 as usize])
    };
    let delivered = Observation::Delivered {
        from: B,
        send: SendId(0),
        number: 12,
        latency: Duration::from_millis(20),
    };
    assert_eq!(
        json(delivered),
        r#"{"time_us":1500000,"node":"laptop","kind":"delivered","from":"sensor","send":0,"number":12,"latency_us":20000}"#
    );
    assert_eq!(
        json(Observation::Session { peer: B, state: SessionState::Active }),
        r#"{"time_us":1500000,"node":"laptop","kind":"session","peer":"sensor","state":"active"}"#
    );
}

#[test]
fn the_hash_depends_on_every_part_of_a_record() {
    let hashes: BTreeSet<[u8; 32]> = [
        hash_of(|_| {}),
        hash_of(|trace| trace.input(at_us(1), A, Input::Wake)),
        hash_of(|trace| trace.input(at_us(2), A, Input::Wake)),
        hash_of(|trace| trace.input(at_us(1), B, Input::Wake)),
        hash_of(|trace| trace.input(at_us(1), A, Input::Start)),
        hash_of(|trace| trace.input(at_us(1), A, Input::Command { source: 0, number: 0 })),
        hash_of(|trace| trace.input(at_us(1), A, Input::Command { source: 0, number: 1 })),
        hash_of(|trace| trace.transmitted(at_us(1), &packet(b"x"))),
        hash_of(|trace| trace.transmitted(at_us(1), &packet(b"y"))),
        hash_of(|trace| trace.arrived(at_us(1), B, &packet(b"x"), true)),
        hash_of(|trace| trace.arrived(at_us(1), B, &packet(b"x"), false)),
        hash_of(|trace| trace.arrived(at_us(1), B, &packet(b"y"), false)),
        hash_of(|trace| trace.overheard(at_us(1), B, &packet(b"x"), true)),
        hash_of(|trace| trace.overheard(at_us(1), B, &packet(b"x"), false)),
        hash_of(|trace| trace.input(at_us(1), A, Input::Active(true))),
        hash_of(|trace| trace.injected(at_us(1), &packet(b"x"))),
        hash_of(|trace| trace.judged(at_us(1), A, &Verdict::Drop)),
        hash_of(|trace| trace.judged(at_us(1), A, &Verdict::Replace(b"x".into()))),
        hash_of(|trace| trace.observed(at_us(1), A, &Observation::Stopped)),
    ]
    .into();
    assert_eq!(hashes.len(), 19);
}

#[test]
fn the_hash_does_not_depend_on_the_interleaving_of_nodes_within_a_second() {
    let one = hash_of(|trace| {
        trace.input(at_us(1), A, Input::Wake);
        trace.input(at_us(1), B, Input::Wake);
    });
    let other = hash_of(|trace| {
        trace.input(at_us(1), B, Input::Wake);
        trace.input(at_us(1), A, Input::Wake);
    });
    assert_eq!(one, other);
}

#[test]
fn the_hash_depends_on_the_order_at_one_node() {
    let one = hash_of(|trace| {
        trace.observed(at_us(1), A, &Observation::Stopped);
        trace.observed(at_us(1), A, &Observation::Started { incarnation: 1 });
    });
    let other = hash_of(|trace| {
        trace.observed(at_us(1), A, &Observation::Started { incarnation: 1 });
        trace.observed(at_us(1), A, &Observation::Stopped);
    });
    assert_ne!(one, other);
}

#[test]
fn the_hash_depends_on_the_second() {
    let hash_with_last_at = |last_us| {
        hash_of(|trace| {
            trace.input(at_us(1), A, Input::Wake);
            trace.input(at_us(last_us), A, Input::Wake);
        })
    };
    assert_ne!(hash_with_last_at(1_000_001), hash_with_last_at(9_000_001));
}

#[derive(Default)]
struct Counts {
    transmitted: u32,
    arrived: u32,
    observed: u32,
}

impl Watch for Counts {
    fn transmitted(&mut self, _: Instant, _: &PacketInfo<'_>) {
        self.transmitted += 1;
    }
    fn arrived(&mut self, _: Instant, _: &PacketInfo<'_>) {
        self.arrived += 1;
    }
    fn observed(&mut self, _: Instant, _: NodeId, _: &Observation) {
        self.observed += 1;
    }
    fn violation(&mut self) -> Option<String> {
        (self.arrived > 0).then(|| "something arrived".to_owned())
    }
}

#[test]
fn a_watch_sees_everything_and_may_find_fault() {
    struct Blind;
    impl Watch for Blind {}

    let mut trace = Trace::new(2, vec![Box::new(Blind), Box::<Counts>::default()]);
    trace.transmitted(at_us(1), &packet(b"x"));
    trace.observed(at_us(1), A, &Observation::Stopped);
    assert_eq!(trace.violation(), None);
    trace.arrived(at_us(2), B, &packet(b"x"), true);
    assert_eq!(trace.violation().as_deref(), Some("something arrived"));
    let (_, watches) = trace.finish();
    let counts = watches[1].downcast_ref::<Counts>().unwrap();
    assert_eq!((counts.transmitted, counts.arrived, counts.observed), (1, 1, 1));
    assert!(watches[0].downcast_ref::<Counts>().is_none());
}
