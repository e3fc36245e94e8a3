//! Scenarios, and runs that come to what a test wants.

use std::path::PathBuf;

use underpass_core::{Duration, Instant};
use underpass_sim::compare::{Difference, Event};
use underpass_sim::expect::Unmet;
use underpass_sim::scenario::model::{NodeId, Origin};
use underpass_sim::scenario::{Scenario, Vocabulary, parse};
use underpass_sim::world::Tally;
use underpass_sim::{Failure, RunReport};

use crate::program::execution::Simulate;
use crate::program::selection::Case;

pub(super) fn case(name: &str, seeds: &[u64]) -> Case {
    let text = r#"
        format = 1
        title = "Two nodes"
        duration = "10s"
        [[node]]
        name = "a"
        peers = ["b"]
        [[node]]
        name = "b"
        [[expect]]
        session = { between = ["a", "b"], is = "active" }
    "#;
    let scenario = parse(text, "", name, &Vocabulary::with_metrics(&[])).expect("no mistakes");
    Case { path: PathBuf::from(format!("scenarios/{name}.toml")), scenario, seeds: seeds.to_vec() }
}

pub(super) fn quarantined(name: &str, seeds: &[u64]) -> Case {
    let mut case = case(name, seeds);
    case.scenario.quarantine = Some("not yet understood".into());
    case
}

/// A run in which nothing was wrong.
pub(super) fn passes(scenario: &Scenario, seed: u64) -> RunReport {
    RunReport {
        scenario: scenario.name.clone(),
        seed,
        hash: [u8::try_from(seed).expect("small in tests"); 32],
        ended_at: Instant::ORIGIN + Duration::from_secs(10),
        events: 1,
        tally: Tally { datagrams: 1_234, ..Tally::default() },
        failures: Vec::new(),
        missed: Vec::new(),
        background: Vec::new(),
    }
}

/// A run in which one thing was wrong.
pub(super) fn fails(scenario: &Scenario, seed: u64, failure: Failure) -> RunReport {
    RunReport { failures: vec![failure], ..passes(scenario, seed) }
}

/// An expectation that was not met.
pub(super) fn unmet() -> Failure {
    Failure::Unmet(Unmet {
        origin: Origin { file: None, line: 34, text: "by = \"7s\", session = { ... }".into() },
        at: Instant::ORIGIN + Duration::from_secs(7),
        parties: [(NodeId(0), [NodeId(1)].into()), (NodeId(1), [NodeId(0)].into())].into(),
        expected: "laptop and sensor active by 7s".into(),
        happened: "laptop active at 8.2s\nsensor never".into(),
        knew: vec!["laptop: active since 8.2s".into(), "sensor: nothing of laptop".into()],
    })
}

/// What makes up the runs of a test.
pub(super) type MakeUp<'f> = dyn Fn(&Scenario, u64) -> RunReport + Sync + 'f;

/// Runs that are made up. Two that have not the same hash part in the end.
pub(super) struct MadeUp<'f>(pub(super) &'f MakeUp<'f>);

impl Simulate for MadeUp<'_> {
    fn run(&self, scenario: &Scenario, seed: u64) -> RunReport {
        (self.0)(scenario, seed)
    }

    fn twice(&self, scenario: &Scenario, seed: u64) -> Result<RunReport, Box<Difference>> {
        let reports = [(); 2].map(|()| (self.0)(scenario, seed));
        match reports[0].hash == reports[1].hash {
            true => Ok(reports[0].clone()),
            false => Err(Box::new(Difference {
                before: vec![event(9_000, "sends datagram 7")],
                next: reports.map(|report| Some(event(9_500, &format!("hash {}", report.hash[0])))),
            })),
        }
    }
}

fn event(at_ms: u64, what: &str) -> Event {
    let at = Instant::ORIGIN + Duration::from_millis(at_ms);
    Event { at, place: "a".into(), what: what.into() }
}
