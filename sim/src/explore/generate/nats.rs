//! What stands between nodes and the public network.

use super::dice::Dice;
use super::{Cast, entry, millis, number, text};
use crate::explore::Draft;

const PRESETS: [&str; 7] = [
    "full-cone",
    "restricted-cone",
    "port-restricted-cone",
    "symmetric",
    "linux-masquerade",
    "carrier-grade",
    "udp-blocked",
];
const KINDS: [&str; 3] =
    ["endpoint-independent", "address-dependent", "address-and-port-dependent"];

pub(super) fn add(draft: &mut Draft, cast: &mut Cast, dice: &Dice) {
    let mut all = dice.of("nats");
    for number in 0..all.below(4) {
        let name = format!("nat-{}", number + 1);
        draft.add("nat", nat(&name, cast, &mut dice.of(&name)));
        cast.nats.push(name);
    }
}

/// Leaves out those that nobody is behind.
pub(super) fn prune(draft: &mut Draft, cast: &mut Cast) {
    for name in cast.nats.clone().into_iter().rev() {
        let is_in = |section: &str| {
            let places = draft.entries(section).iter().filter_map(|entry| entry.get("behind"));
            places.filter_map(toml::Value::as_str).any(|nat| nat == name)
        };
        if !is_in("node") && !is_in("nat") {
            draft.remove("nat", &name);
            cast.nats.retain(|nat| *nat != name);
        }
    }
}

fn nat(name: &str, cast: &Cast, dice: &mut Dice) -> toml::Table {
    let mut nat = entry([("name", text(name))]);
    let mut set = |key: &str, value| {
        nat.insert(key.to_owned(), value);
    };
    if dice.chance(60) {
        // One that lets nothing through is a short story.
        let last = if dice.chance(10) { PRESETS.len() } else { PRESETS.len() - 1 };
        set("preset", text(*dice.one(&PRESETS[..last])));
    } else {
        set("mapping", text(*dice.one(&KINDS)));
        set("filtering", text(*dice.one(&KINDS)));
        set("ports", text(dice.pick(&["preserving", "sequential", "random"])));
    }
    if dice.chance(40) {
        let timeout = *dice.one(&[10_000, 30_000, 60_000, 120_000, 300_000]);
        set("timeout", text(millis(timeout)));
        set("unreplied_timeout", text(millis(timeout.min(30_000))));
    }
    if dice.chance(20) {
        set("refresh", text(dice.pick(&["outbound", "inbound", "both"])));
    }
    if dice.chance(20) {
        set("hairpin", text(dice.pick(&["off", "external-source", "internal-source"])));
    }
    if dice.chance(10) {
        set("unsolicited", text("track"));
    }
    if dice.chance(10) {
        set("table", number(dice.between((4, 40))));
    }
    if !cast.nats.is_empty() && dice.chance(25) {
        set("behind", text(dice.one(&cast.nats)));
    }
    nat
}
