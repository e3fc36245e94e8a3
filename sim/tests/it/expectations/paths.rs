//! How packets travel, and what relays carry.

use super::{TWO_NODES, fails, passes};

/// Two homes that only a relay brings together. The relay goes off at 40 s.
const HOMES: &str = r#"
format = 1
title = "Two homes"
duration = "120s"

[link]
delay = "10ms"

[[nat]]
name = "home"
count = 2
preset = "symmetric"

[[node]]
name = "relay"
relay = true

[[node]]
name = "laptop"
behind = "home-1"
peers = ["relay"]

[[node]]
name = "sensor"
behind = "home-2"
peers = ["relay"]

[[send]]
from = "laptop"
to = "sensor"
at = "5s"
every = "1s"
count = 10
size = 1000

[[fault]]
name = "off"
at = "40s"
crash = "relay"
"#;

#[test]
fn paths_that_are_as_expected() {
    let expects = r#"
[[expect]]
by = "3s"
path = { from = "laptop", to = "sensor", is = "relayed" }

[[expect]]
by = "3s"
path = { from = "sensor", to = "laptop", is = "relayed", through = "relay" }

[[expect]]
during = ["3s", "39s"]
path = { from = "sensor", to = "relay", is = "direct", over = "ipv4" }

[[expect]]
during = ["80s", "120s"]
path = { from = "laptop", to = "sensor", is = "none" }

[[expect]]
during = ["16s", "40s"]
relayed = { through = "relay", at_most = "2KiB" }

[[expect]]
relayed = { through = "relay", at_least = "10KiB", at_most = "16KiB" }

[[expect]]
never = true
path = { from = "laptop", to = "sensor", is = "direct" }
"#;
    passes(&[HOMES, expects].concat());
}

#[test]
fn paths_that_are_not_as_expected() {
    let expects = r#"
[[expect]]
by = "30s"
path = { from = "laptop", to = "sensor", is = "direct" }

[[expect]]
during = ["5s", "120s"]
path = { from = "sensor", to = "laptop", is = "relayed", through = "relay" }

[[expect]]
during = ["5s", "39s"]
path = { from = "laptop", to = "relay", is = "direct", over = "ipv6" }

[[expect]]
never = true
path = { from = "laptop", to = "sensor", is = "relayed" }

[[expect]]
by = "120s"
path = { from = "relay", to = "laptop", is = "relayed" }
"#;
    fails("path", &[HOMES, expects].concat());
}

#[test]
fn relays_that_carry_too_much_or_too_little() {
    let expects = r#"
[[expect]]
during = ["6.5s", "39s"]
relayed = { through = "relay", at_most = "500B" }

[[expect]]
by = "30s"
relayed = { through = "relay", at_least = "1MiB" }
"#;
    fails("relayed", &[HOMES, expects].concat());
}

#[test]
fn who_is_dialled_is_reached_directly() {
    let expects = r#"
[[expect]]
during = ["1s", "120s"]
path = { from = "laptop", to = "sensor", is = "direct" }

[[expect]]
by = "1s"
path = { from = "sensor", to = "laptop", is = "direct", over = "ipv4" }
"#;
    passes(&[TWO_NODES, expects].concat());
}
