//! Members of the network: who knows whom, how much they hold, where they are.

use toml::Value;

use super::dice::Dice;
use super::{Cast, entry, millis, number, text, texts};
use crate::explore::Draft;

pub(super) fn add(draft: &mut Draft, cast: &mut Cast, count: u64, dice: &Dice) {
    let mut all = dice.of("nodes");
    let relays = match count {
        _ if cast.machine.is_some() => 0,
        ..3 => 0,
        _ => all.below(3).min(count - 2),
    };
    for number in 0..relays {
        cast.relays.push(format!("relay-{}", number + 1));
    }
    cast.nodes.extend(cast.relays.clone());
    for number in relays..count {
        cast.nodes.push(format!("node-{}", number + 1));
    }
    for (position, name) in cast.nodes.clone().iter().enumerate() {
        let dice = &mut dice.of(name);
        let is_relay = position < cast.relays.len();
        let mut node = entry([("name", text(name))]);
        if is_relay {
            node.insert("relay".into(), relay(dice));
            cast.places.push(None);
        } else {
            let place =
                (!cast.nats.is_empty() && dice.chance(70)).then(|| dice.one(&cast.nats).clone());
            if let Some(nat) = &place {
                node.insert("behind".into(), text(nat));
            }
            cast.places.push(place);
            acquaint(&mut node, position, cast, dice);
            match cast.machine {
                Some(machine) => _ = node.insert("machine".into(), text(machine)),
                None => limit(&mut node, dice),
            }
        }
        tune(&mut node, cast, dice);
        draft.add("node", node);
    }
}

fn relay(dice: &mut Dice) -> Value {
    if dice.chance(70) {
        return Value::Boolean(true);
    }
    let mut relay = toml::Table::new();
    if dice.chance(50) {
        relay.insert("reservations".into(), number(dice.between((1, 4))));
    }
    if dice.chance(50) {
        relay.insert("circuits".into(), number(dice.between((1, 4))));
    }
    if dice.chance(50) {
        relay.insert("circuit".into(), text(dice.pick(&["64kbit", "256kbit", "1mbit"])));
    }
    if relay.is_empty() {
        relay.insert("all".into(), text("2mbit"));
    }
    Value::Table(relay)
}

/// Relays are known to all, since nobody finds them otherwise; others, if they can be dialled, to some.
fn acquaint(node: &mut toml::Table, position: usize, cast: &Cast, dice: &mut Dice) {
    let mut known: Vec<&String> = cast.relays.iter().collect();
    for other in cast.relays.len()..position {
        let place = &cast.places[other];
        if (place.is_none() || *place == cast.places[position]) && dice.chance(60) {
            known.push(&cast.nodes[other]);
        }
    }
    if !known.is_empty() {
        let key = if cast.machine.is_some() || dice.chance(85) { "peers" } else { "bootstrap" };
        node.insert(key.into(), texts(known));
    }
}

fn limit(node: &mut toml::Table, dice: &mut Dice) {
    let limits = match dice.below(10) {
        0..3 => text("board"),
        3..5 => text("host"),
        // Tables that are soon full.
        5..7 => Value::Table(entry([
            ("handshakes", number(dice.between((2, 4)))),
            ("messages", number(dice.between((4, 8)))),
            ("window_bits", number(*dice.one(&[128, 256, 1024]))),
        ])),
        _ => return,
    };
    node.insert("limits".into(), limits);
}

fn tune(node: &mut toml::Table, cast: &Cast, dice: &mut Dice) {
    if dice.chance(10) {
        node.insert("interfaces".into(), texts(&["ipv4".into(), "ipv6".into()]));
    }
    if cast.machine.is_none() && dice.chance(15) {
        let time = *dice.one(&[1, 50, 100, 400]);
        node.insert("cpu".into(), Value::Table(entry([("key_operation", text(millis(time)))])));
    }
    if dice.chance(20) {
        let ppm = i64::try_from(dice.below(401)).expect("small") - 200;
        node.insert("clock_ppm".into(), Value::Integer(ppm));
    }
    if dice.chance(20) {
        let start = dice.below(cast.seconds * 500);
        node.insert("start".into(), text(millis(start)));
    }
    if cast.machine.is_none() && dice.chance(10) {
        node.insert("app".into(), text("echo"));
    }
}
