//! Scenarios, and runs that come to what a test wants.

use std::path::PathBuf;

use underpass_core::{Duration, Instant};
use underpass_sim::RunReport;
use underpass_sim::scenario::{Scenario, Vocabulary, parse};
use underpass_sim::world::Tally;

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
    let scenario = parse(text, "", name, &Vocabulary { metrics: &[] }).expect("no mistakes");
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
    }
}
