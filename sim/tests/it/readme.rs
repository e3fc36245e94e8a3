//! What the README shows is true.

use std::path::Path;

use underpass_sim::machine::underpass::Underpass;
use underpass_sim::scenario::{self, Vocabulary};

#[test]
fn the_scenario_in_the_readme_passes_with_every_seed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(path).expect("there is a README");
    let (_, rest) = readme.split_once("```toml\nformat = 1").expect("it shows a scenario");
    let (text, _) = rest.split_once("```").expect("the scenario ends");
    let vocabulary = Vocabulary::with_metrics(Underpass::metrics().leak());
    let text = format!("format = 1{text}");
    let scenario = scenario::parse(&text, "README.md", "readme", &vocabulary);
    let scenario = scenario.unwrap_or_else(|report| panic!("{report}"));
    for &seed in &scenario.seeds {
        let report = underpass_sim::run(&scenario, seed);
        assert!(report.passed(), "{:?}", report.failures);
    }
}
