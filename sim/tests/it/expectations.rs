//! Every kind of expectation, met and unmet, on the real protocol.
//!
//! The snapshots in `expectations/` hold what a failed run tells. After a change:
//! `INSTA_UPDATE=always cargo test -p underpass-sim --test it expectations`, and read each text
//! that changed as whoever finds it in the morning.

use std::path::Path;

use underpass_sim::machine::underpass::Underpass;
use underpass_sim::scenario::{self, Vocabulary};
use underpass_sim::{Failure, RunReport, run};

mod messages;
mod never;
mod on_the_way;
mod paths;
mod some;

/// A laptop that dials a sensor, 20 ms away; nothing else.
const TWO_NODES: &str = r#"
format = 1
title = "Two nodes"
duration = "120s"

[link]
delay = "10ms"

[[node]]
name = "laptop"
peers = ["sensor"]

[[node]]
name = "sensor"
"#;

/// They are parted from 30 s to 70 s: both notice, and find each other again.
const CUT: &str = r#"
[[fault]]
name = "cut"
at = "30s"
for = "40s"
partition = [["laptop"], ["sensor"]]
"#;

fn run_text(text: &str) -> RunReport {
    let vocabulary = Vocabulary::with_metrics(Underpass::metrics().leak());
    match scenario::parse(text, "test.toml", "test", &vocabulary) {
        Ok(scenario) => run(&scenario, 1),
        Err(report) => panic!("{report}"),
    }
}

/// Runs a scenario in which nothing may be wrong.
fn passes(text: &str) {
    let report = run_text(text);
    assert!(report.passed(), "{}", told(&report));
}

/// Runs a scenario whose every expectation must turn out unmet, and shows what it tells.
fn fails(name: &str, text: &str) {
    let report = run_text(text);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/expectations"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    // Times that hang on drawn jitter change with every change of the protocol.
    settings.add_filter(r"\d+\.\d{3,6}s", "[drawn]");
    settings.bind(|| insta::assert_snapshot!(name, told(&report)));
    assert_eq!(report.failures.len(), text.matches("[[expect]]").count(), "each one fails");
}

fn told(report: &RunReport) -> String {
    let failure = |failure: &Failure| match failure {
        Failure::Stopped { at, stop } => format!("stopped at {at}: {stop}"),
        Failure::Unmet(unmet) => {
            assert!(unmet.origin.line > 0);
            format!("{}\n{unmet}", unmet.origin.text)
        }
    };
    report.failures.iter().map(failure).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn sessions_that_fail() {
    let expects = r#"
[[expect]]
by = "25s"
session = { between = ["laptop", "sensor"], is = "disconnected" }

[[expect]]
by = "119s"
session = { between = ["printer", "sensor"], is = "active" }

[[expect]]
within = "100ms"
after = "cut"
session = { between = ["laptop", "sensor"], is = "active" }

[[expect]]
within = "10s"
after = "cut"
session = { between = ["laptop", "sensor"], is = "init" }

[[expect]]
during = ["10s", "110s"]
session = { between = ["laptop", "sensor"], is = "active" }

[[expect]]
during = ["0s", "20s"]
session = { between = ["laptop", "sensor"], is = "active" }

[[expect]]
never = true
session = { between = ["laptop", "sensor"], is = "disconnected" }

[[expect]]
session = { between = ["laptop", "sensor"], is = "init" }

[[node]]
name = "printer"
peers = ["sensor"]

[[fault]]
at = "0s"
partition = [["printer"], ["laptop", "sensor"]]
"#;
    fails("session", &[TWO_NODES, CUT, expects].concat());
}

#[test]
fn sessions_that_pass() {
    let expects = r#"
[[expect]]
by = "1s"
session = { between = ["laptop", "sensor"], is = "active" }

[[expect]]
within = "50s"
after = "cut"
session = { between = ["laptop", "sensor"], is = "active" }

[[expect]]
during = ["1s", "40s"]
session = { between = ["laptop", "sensor"], is = "active" }

[[expect]]
by = "0s"
session = { between = ["laptop", "sensor"], is = "init" }

[[expect]]
during = ["65s", "70s"]
session = { between = ["laptop", "sensor"], is = "disconnected" }

[[expect]]
session = { between = ["laptop", "sensor"], is = "active" }
"#;
    passes(&[TWO_NODES, CUT, expects].concat());
}

#[test]
fn a_node_that_is_off_sees_nobody() {
    let expects = r#"
[[fault]]
name = "outage"
at = "30s"
for = "10s"
crash = "sensor"

[[expect]]
during = ["10s", "50s"]
session = { between = ["laptop", "sensor"], is = "active" }

[[expect]]
during = ["1s", "50s"]
rtt = { between = ["laptop", "sensor"], at_most = "1s" }

[[expect]]
by = "35s"
session = { between = ["sensor", "printer"], is = "active" }

[[node]]
name = "printer"
peers = ["sensor"]
start = "31s"
"#;
    fails("off", &[TWO_NODES, expects].concat());
}

#[test]
fn round_trips_that_fail() {
    let expects = r#"
[[expect]]
by = "50s"
rtt = { between = ["laptop", "sensor"], at_least = "100ms", at_most = "200ms" }

[[expect]]
within = "100ms"
after = "cut"
rtt = { between = ["laptop", "sensor"], at_most = "5ms" }

[[expect]]
during = ["0s", "20s"]
rtt = { between = ["laptop", "sensor"], at_most = "50ms" }

[[expect]]
never = true
rtt = { between = ["laptop", "sensor"], at_least = "1ms" }

[[expect]]
rtt = { between = ["laptop", "sensor"], at_most = "12.5ms" }
"#;
    fails("rtt", &[TWO_NODES, CUT, expects].concat());
}

#[test]
fn round_trips_that_pass() {
    let expects = r#"
[[expect]]
by = "1s"
rtt = { between = ["laptop", "sensor"], at_most = "40ms" }

[[expect]]
within = "0s"
after = "cut"
rtt = { between = ["laptop", "sensor"], at_least = "40ms" }

[[expect]]
during = ["1s", "120s"]
rtt = { between = ["laptop", "sensor"], at_least = "40ms", at_most = "40ms" }

[[expect]]
never = true
rtt = { between = ["laptop", "sensor"], at_least = "41ms" }

[[expect]]
rtt = { between = ["laptop", "sensor"], at_most = "40ms" }
"#;
    passes(&[TWO_NODES, CUT, expects].concat());
}

/// The first are refused, before there is a session; some go into the cut, and some are refused
/// while it is noticed.
const CHAT: &str = r#"
[[send]]
name = "chat"
from = "laptop"
to = "sensor"
at = "0s"
every = "50ms"
for = "1s"

[[send]]
name = "news"
from = "laptop"
to = "sensor"
at = "25s"
every = "1s"
for = "70s"
"#;

#[test]
fn deliveries_that_fail() {
    let expects = r#"
[[expect]]
by = "30s"
delivered = { from = "laptop", to = "sensor", at_least = 50 }

[[expect]]
by = "2s"
delivered = { from = "laptop", to = "sensor", at_least = 90 }

[[expect]]
within = "10s"
after = "cut"
delivered = { from = "laptop", to = "sensor", at_least = "99.5%" }

[[expect]]
during = ["10s", "20s"]
delivered = { from = "laptop", to = "sensor", at_least = "25%" }

[[expect]]
never = true
delivered = { from = "laptop", to = "sensor", at_least = 10 }

[[expect]]
delivered = { from = "laptop", to = "sensor", at_least = "90%" }

[[expect]]
delivered = { from = "sensor", to = "laptop", all = true }

[[send]]
name = "hello"
from = "sensor"
to = "laptop"
at = "1ms"
"#;
    fails("delivered", &[TWO_NODES, CUT, CHAT, expects].concat());
}

#[test]
fn deliveries_that_pass() {
    let expects = r#"
[[send]]
name = "hello"
from = "sensor"
to = "laptop"
at = "5s"
every = "100ms"
count = 10

[[expect]]
by = "1s"
delivered = { from = "laptop", to = "sensor", at_least = 15 }

[[expect]]
within = "30s"
after = "cut"
delivered = { from = "laptop", to = "sensor", at_least = "33.3%" }

[[expect]]
during = ["5.92s", "120s"]
delivered = { from = "sensor", to = "laptop", all = true }

[[expect]]
never = true
delivered = { from = "laptop", to = "sensor", all = true }

[[expect]]
delivered = { from = "sensor", to = "laptop", all = true }
"#;
    passes(&[TWO_NODES, CUT, CHAT, expects].concat());
}

#[test]
fn latencies_that_fail() {
    let expects = r#"
[[expect]]
latency = { from = "sensor", to = "laptop", at_most = "19ms" }

[[expect]]
during = ["0s", "20s"]
latency = { from = "laptop", to = "sensor", at_most = "20ms" }

[[expect]]
never = true
latency = { from = "laptop", to = "sensor", at_most = "50ms" }

[[expect]]
latency = { from = "laptop", to = "sensor", at_most = "10ms" }

[[send]]
name = "hello"
from = "sensor"
to = "laptop"
at = "20s"
"#;
    fails("latency", &[TWO_NODES, CUT, CHAT, expects].concat());
}

#[test]
fn latencies_that_pass() {
    let expects = r#"
[[expect]]
during = ["1s", "120s"]
latency = { from = "laptop", to = "sensor", at_most = "20ms" }

[[expect]]
never = true
latency = { from = "laptop", to = "sensor", at_most = "19.999ms" }

[[expect]]
latency = { from = "laptop", to = "*", at_most = "20ms" }

[[node]]
name = "printer"
"#;
    passes(&[TWO_NODES, CUT, CHAT, expects].concat());
}

#[test]
fn events_that_fail() {
    let expects = r#"
[[expect]]
by = "20s"
event = { node = "laptop", kind = "disconnected", peer = "sensor" }

[[expect]]
by = "119s"
event = { node = "laptop", kind = "connected", at_least = 3 }

[[expect]]
event = { node = "sensor", kind = "connected", peer = "laptop", at_most = 1 }

[[expect]]
never = true
event = { node = "sensor", kind = "disconnected" }

[[expect]]
event = { node = "laptop", kind = "disconnected", at_most = 0 }

[[expect]]
event = { node = "laptop", kind = "connected", peer = "sensor", at_least = 4, at_most = 5 }
"#;
    fails("event", &[TWO_NODES, CUT, expects].concat());
}

#[test]
fn events_that_pass() {
    let expects = r#"
[[expect]]
by = "1s"
event = { node = "laptop", kind = "connected", peer = "sensor" }

[[expect]]
by = "119s"
event = { node = "laptop", kind = "connected", at_least = 2 }

[[expect]]
event = { node = "sensor", kind = "disconnected", at_most = 1 }

[[expect]]
never = true
event = { node = "sensor", kind = "disconnected", at_least = 2 }

[[expect]]
event = { node = "*", kind = "connected", at_least = 2, at_most = 2 }
"#;
    passes(&[TWO_NODES, CUT, expects].concat());
}

#[test]
fn metrics_that_fail() {
    let expects = r#"
[[expect]]
metric = { node = "laptop", name = "handshakes.begun", at_most = 1 }

[[expect]]
metric = { node = "laptop", name = "handshakes.answered", at_least = 1 }

[[expect]]
metric = { node = "printer", name = "pings.sent", at_least = 1 }

[[node]]
name = "printer"
"#;
    fails("metric", &[TWO_NODES, CUT, expects].concat());
}

#[test]
fn metrics_that_pass() {
    let expects = r#"
[[expect]]
metric = { node = "laptop", name = "handshakes.confirmed", at_least = 2, at_most = 2 }

[[expect]]
metric = { node = "*", name = "dropped.unauthentic", at_most = 0 }
"#;
    passes(&[TWO_NODES, CUT, expects].concat());
}

#[test]
fn of_many_pairs_a_few_are_named() {
    let text = r#"
format = 1
title = "Ten cities"
duration = "30s"

[[node]]
name = "city"
count = 10
peers = ["city-*"]

[link]
delay = "30ms"

[[fault]]
name = "cut"
at = "0s"
for = "2s"
partition = [["city-1", "city-2"], ["city-3", "city-4", "city-5"]]

[[send]]
from = "city-*"
to = "city-*"
at = "1s"

[[expect]]
by = "1s"
session = { between = ["city-*", "city-*"], is = "active" }

[[expect]]
never = true
rtt = { between = ["city-*", "city-*"], at_most = "1s" }

[[expect]]
delivered = { from = "city-*", to = "city-*", at_least = 1 }

[[expect]]
event = { node = "city-*", kind = "connected", at_most = 8 }
"#;
    fails("many", text);
}
