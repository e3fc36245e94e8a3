//! What is told of messages.

use super::{TWO_NODES, fails, passes};

/// To a node that crashes and comes back.
const CRASH: &str = r#"
[[fault]]
name = "power-cut"
at = "30.01s"
for = "20s"
crash = "sensor"
"#;

fn with(more: &[&str]) -> String {
    [&[TWO_NODES], more].concat().concat()
}

#[test]
fn messages_outlast_a_cut() {
    passes(&with(&[r#"
[[fault]]
at = "30s"
for = "40s"
partition = [["laptop"], ["sensor"]]

[[send]]
from = "laptop"
to = "sensor"
at = "29s"
every = "1s"
for = "30s"
size = 2_000
mode = "message"

[[expect]]
delivered = { from = "laptop", to = "sensor", all = true }
"#]));
}

#[test]
fn what_a_crash_costs_is_told() {
    fails(
        "messages-lost-in-a-crash",
        &with(&[
            CRASH,
            r#"
[[send]]
name = "readings"
from = "laptop"
to = "sensor"
at = "20s"
every = "10ms"
count = 2000
mode = "message"

[[expect]]
delivered = { from = "laptop", to = "sensor", at_least = 2000 }
"#,
        ]),
    );
}

#[test]
fn what_no_node_has_room_for_is_told() {
    fails(
        "messages-without-room",
        &with(&[r#"
[[fault]]
at = "10s"
partition = [["laptop"], ["sensor"]]

[[send]]
name = "readings"
from = "laptop"
to = "sensor"
at = "15s"
every = "1ms"
count = 1100
mode = "message"

[[expect]]
delivered = { from = "laptop", to = "sensor", at_least = 1 }
"#]),
    );
}

/// A laptop that knows only an address restarts, and has something to say at once.
fn restarts_with(state: &str) -> String {
    let text = with(&[r#"
[[fault]]
at = "30s"
restart = "laptop"
state = "STATE"

[[send]]
from = "laptop"
to = "sensor"
at = "30s"
mode = "message"

[[expect]]
delivered = { from = "laptop", to = "sensor", all = true }
"#]);
    text.replace("peers =", "bootstrap =").replace("STATE", state)
}

#[test]
fn who_was_called_is_known_after_a_restart_if_state_is_kept() {
    passes(&restarts_with("kept"));
    fails("message-to-who-is-forgotten", &restarts_with("lost"));
}

#[test]
fn messages_wait_for_room() {
    let limits = "limits = { messages = 4, buffer = \"2KiB\" }";
    let text = with(&[r#"
[[send]]
from = "laptop"
to = "sensor"
at = "10s"
every = "1ms"
count = 1000
mode = "message"

[[expect]]
delivered = { from = "laptop", to = "sensor", all = true }

[[expect]]
metric = { node = "laptop", name = "messages.acked", at_least = 1000 }
"#]);
    passes(&text.replace("peers =", &format!("{limits}\npeers =")));
}
