//! The real protocol between every ordered pair of edges: a node in public, nine kinds of NAT, and one
//! that lets no UDP out. The oracle says what must come of it.

use underpass_core::Instant;
use underpass_sim::machine::underpass::Underpass;
use underpass_sim::nat::NatModel;
use underpass_sim::oracle::{Oracle, Reach};
use underpass_sim::scenario::model::{NatId, NodeId, Scenario};
use underpass_sim::scenario::{Vocabulary, parse};
use underpass_sim::{RunReport, run};

use super::punch::nine;
use super::setup::{named, nat};

const A: NodeId = NodeId(1);
const B: NodeId = NodeId(2);

/// What is in front of a node, if anything.
type Edge = Option<NatModel>;

fn edges() -> Vec<Edge> {
    let mut edges: Vec<Edge> = nine().into_iter().map(Some).collect();
    edges.extend([None, Some(named("udp-blocked"))]);
    edges
}

/// Two homes that know a relay, of which one wants to talk to the other.
fn scenario(edges: [Edge; 2], expects: &str) -> Scenario {
    let text = format!(
        "format = 1\ntitle = \"Two edges and a relay\"\nduration = \"30s\"\n\
         [link]\ndelay = \"20ms\"\njitter = \"5ms\"\n\
         [[node]]\nname = \"relay\"\nrelay = true\n\
         [[node]]\nname = \"a\"\npeers = [\"relay\"]\n\
         [[node]]\nname = \"b\"\npeers = [\"relay\"]\n\
         [[send]]\nfrom = \"a\"\nto = \"b\"\nat = \"3s\"\nevery = \"200ms\"\nfor = \"20s\"\n\
         mode = \"message\"\n{expects}"
    );
    let metrics = Underpass::metrics();
    let parsed = parse(&text, "grid.toml", "grid", &Vocabulary::with_metrics(&metrics));
    let mut scenario = parsed.unwrap_or_else(|report| panic!("{report}"));
    for (node, (name, edge)) in (1..).zip(["home-a", "home-b"].into_iter().zip(edges)) {
        let Some(model) = edge else { continue };
        let id = NatId(u32::try_from(scenario.nats.len()).expect("few NATs"));
        scenario.nats.push(nat(name, model, None));
        scenario.nodes[node].behind = Some(id);
    }
    scenario
}

const TALK: &str = "[[expect]]\nby = \"3s\"\nsession = { between = [\"a\", \"b\"], is = \"active\" }\n\
    [[expect]]\ndelivered = { from = \"a\", to = \"b\", all = true }\n";

/// What must come of it when the oracle says this.
fn expects(reach: Reach) -> String {
    let path = |when: &str, is: &str| {
        format!("[[expect]]\n{when}path = {{ from = \"a\", to = \"b\", is = \"{is}\" }}\n")
    };
    match reach {
        Reach::Direct | Reach::Punched => {
            format!("{TALK}{}", path("during = [\"10s\", \"30s\"]\n", "direct"))
        }
        Reach::Relayed => format!("{TALK}{}", path("during = [\"3s\", \"30s\"]\n", "relayed")),
        Reach::Never => path("during = [\"0s\", \"30s\"]\n", "none"),
        Reach::Predictable | Reach::Perhaps | Reach::Crossed => TALK.into(),
    }
}

fn judged(edges: [Edge; 2]) -> (Reach, RunReport) {
    let plain = scenario(edges, TALK);
    let reach = Oracle::new(&plain, Instant::ORIGIN).with_relays(A, B).reach;
    (reach, run(&scenario(edges, &expects(reach)), 1))
}

#[test]
fn every_pair_of_edges_talks_as_the_oracle_says() {
    let mut wrong = Vec::new();
    let mut count = [0; 3];
    for a in edges() {
        for b in edges() {
            let (reach, report) = judged([a, b]);
            count[match reach {
                Reach::Direct | Reach::Punched => 0,
                Reach::Never => 2,
                _ => 1,
            }] += 1;
            if !report.passed() {
                wrong.push(format!("{a:?} and {b:?}, {reach:?}: {:?}", report.failures));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of 121:\n{}", wrong.len(), wrong.join("\n"));
    // Whoever has UDP talks: 10 edges of 11 with each other.
    assert_eq!((count[0] + count[1], count[2]), (100, 21));
}
