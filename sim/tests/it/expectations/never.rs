//! What must never be, of several nodes or pairs: one for which it is so is enough.

use super::{CUT, TWO_NODES, fails, passes};

#[test]
fn one_node_that_reports_it_is_enough() {
    let expects = r#"
[[node]]
name = "printer"

[[expect]]
never = true
event = { node = "*", kind = "disconnected" }

[[expect]]
never = true
event = { node = "*", kind = "connected", peer = "*" }
"#;
    fails("never-event", &[TWO_NODES, CUT, expects].concat());
}

#[test]
fn one_end_that_sees_it_is_enough() {
    let expects = r#"
[[fault]]
at = "30s"
crash = "sensor"

[[expect]]
never = true
session = { between = ["sensor", "laptop"], is = "disconnected" }

[[expect]]
never = true
session = { between = ["*", "*"], is = "disconnected" }

[[node]]
name = "printer"
"#;
    fails("never-session", &[TWO_NODES, expects].concat());
}

#[test]
fn what_never_is_passes() {
    let expects = r#"
[[node]]
name = "printer"

[[expect]]
never = true
event = { node = "*", kind = "disconnected", at_least = 2 }

[[expect]]
never = true
session = { between = ["printer", "*"], is = "active" }

[[expect]]
never = true
rtt = { between = ["*", "*"], at_least = "41ms" }
"#;
    passes(&[TWO_NODES, CUT, expects].concat());
}

/// Between nodes that send each other nothing, all of nothing arrives.
#[test]
fn pairs_that_send_nothing_do_not_count() {
    let expects = r#"
[[node]]
name = "printer"

[[send]]
from = "laptop"
to = "sensor"
at = "5s"
every = "1s"
for = "60s"

[[expect]]
never = true
delivered = { from = "*", to = "*", all = true }

[[expect]]
never = true
latency = { from = "*", to = "*", at_most = "19ms" }
"#;
    passes(&[TWO_NODES, CUT, expects].concat());
}
