//! A packet meets a partition behind its sender's access link, not when it is sent.

use super::{TWO_NODES, passes};

const SHORT_CUT: &str = r#"
[[fault]]
at = "30s"
for = "2s"
partition = [["laptop"], ["sensor"]]

[[expect]]
delivered = { from = "laptop", to = "sensor", all = true }
"#;

#[test]
fn a_payload_that_comes_to_a_partition_when_it_is_over_arrives() {
    let send = r#"
[[send]]
from = "laptop"
to = "sensor"
at = "29.989999s"
every = "2.000001s"
count = 2
"#;
    passes(&[TWO_NODES, SHORT_CUT, send].concat());
}

/// Jitter and a queue make the way as long as they like: no file says when it comes to the cut.
#[test]
fn a_payload_that_may_come_later_is_left_to_the_run() {
    let send = r#"
[[send]]
from = "laptop"
to = "sensor"
at = "29.99s"
"#;
    let slow = TWO_NODES.replace("delay = \"10ms\"", "delay = \"10ms\"\nup.rate = \"1kbit\"");
    assert_ne!(slow, TWO_NODES);
    super::run_text(&[&slow, SHORT_CUT, send].concat());
    let jitter = TWO_NODES.replace("delay = \"10ms\"", "delay = \"10ms\"\nup.jitter = \"10ms\"");
    super::run_text(&[&jitter, SHORT_CUT, send].concat());
}
