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
    cast.gossips = cast.machine.is_none() && dice.of("gossip").chance(35);
    cast.nodes.extend(cast.relays.clone());
    for number in relays..count {
        cast.nodes.push(format!("node-{}", number + 1));
    }
    for (position, name) in cast.nodes.clone().iter().enumerate() {
        let (found, strange) =
            (&mut dice.of(&format!("found-{name}")), &mut dice.of(&format!("strange-{name}")));
        let dice = &mut dice.of(name);
        let is_relay = position < cast.relays.len();
        let mut node = entry([("name", text(name))]);
        if is_relay {
            node.insert("relay".into(), relay(cast, dice));
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
        if cast.gossips {
            be_found(&mut node, name, cast, found);
        }
        match odd(&node, name, cast, strange) {
            Some(odd) if draft.add_if_sound("node", odd.clone()) => {
                if odd.contains_key("network") {
                    cast.strangers.push(name.clone());
                }
                if odd.contains_key("access") {
                    cast.reserved.push(name.clone());
                }
            }
            _ => draft.add("node", node),
        }
    }
}

fn relay(cast: &Cast, dice: &mut Dice) -> Value {
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
    if dice.chance(30) {
        let lie = dice.pick(&["doubles", "replays", "alters", "misleads"]);
        relay.insert("lies".into(), text(lie));
    } else if dice.chance(20) {
        relay.insert("drops_from".into(), text(millis(dice.below(cast.seconds * 1000))));
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
        let is_near = place.is_none() || *place == cast.places[position];
        if is_near && dice.chance(60) && !cast.strangers.contains(&cast.nodes[other]) {
            known.push(&cast.nodes[other]);
        }
    }
    let key = if cast.machine.is_some() || dice.chance(85) { "peers" } else { "bootstrap" };
    if key == "bootstrap" {
        known
            .retain(|other| ![&cast.reserved, &cast.strangers].iter().any(|it| it.contains(other)));
    }
    if !known.is_empty() {
        node.insert(key.into(), texts(known));
    }
}

/// The same node with something about it that does not go with every other: the reader says whether it does
/// here.
fn odd(node: &toml::Table, name: &str, cast: &Cast, dice: &mut Dice) -> Option<toml::Table> {
    if cast.machine.is_some() || !dice.chance(15) {
        return None;
    }
    let mut odd = node.clone();
    let others: Vec<&String> = cast.nodes.iter().filter(|other| *other != name).collect();
    match dice.below(if cast.gossips { 5 } else { 3 }) {
        0 => {
            let circles = ["network", "listed", "pinned", "nobody"];
            let access = entry([
                ("answers", text(dice.pick(&circles))),
                ("messages", text(dice.pick(&circles))),
            ]);
            odd.insert("access".into(), Value::Table(access));
        }
        1 => _ = odd.insert("network".into(), text("elsewhere")),
        2 => _ = odd.insert("claims".into(), text(*dice.one(&others))),
        _ => _ = odd.insert("insider".into(), insider(&others, dice)),
    }
    Some(odd)
}

fn insider(others: &[&String], dice: &mut Dice) -> Value {
    let ploys = ["forges", "replays", "forks", "names", "asks", "chatters", "eclipses"];
    let mut insider = entry([
        ("does", text(dice.pick(&ploys))),
        ("every", text(millis(*dice.one(&[50, 500, 5_000])))),
    ]);
    if dice.chance(50) {
        insider.insert("names".into(), number(dice.between((2, 50))));
    }
    if dice.chance(30) {
        insider.insert("at".into(), text(*dice.one(others)));
    }
    Value::Table(insider)
}

/// Most are found by hearsay, some only find others, and some take no part.
fn be_found(node: &mut toml::Table, name: &str, cast: &mut Cast, dice: &mut Dice) {
    match dice.below(10) {
        0..7 => {
            node.insert("discoverable".into(), true.into());
            cast.known.push(name.to_owned());
            if dice.chance(30) {
                node.insert("newcomers".into(), true.into());
            }
            if dice.chance(30) {
                node.insert("tags".into(), texts(dice.some(&["films".into(), "maps".into()])));
            }
        }
        7..9 => _ = node.insert("discoverable".into(), false.into()),
        _ => {}
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
        let interval = *dice.one(&[20_000, 60_000, 300_000]);
        node.insert("ping_interval".into(), text(millis(interval)));
    }
    if cast.machine.is_none() && dice.chance(10) {
        node.insert("app".into(), text("echo"));
    }
}
