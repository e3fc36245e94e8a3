//! What goes wrong.

use toml::{Table, Value};

use super::dice::Dice;
use super::links::model;
use super::times::{moment, span};
use super::{Cast, entry, millis, number, text, texts};
use crate::explore::Draft;

pub(super) fn add(draft: &mut Draft, cast: &mut Cast, count: u64, dice: &Dice) {
    for position in 0..count {
        let dice = &mut dice.of(&format!("fault-{position}"));
        let at = moment(cast, 70, dice);
        let fault = fault(at, cast, dice);
        draft.add_if_sound("fault", fault);
    }
    for name in cast.hostile.clone() {
        let dice = &mut dice.of(&format!("acts-{name}"));
        let at = moment(cast, 60, dice);
        let lasts = span(dice).clamp(1_000, 20_000);
        let mut fault = entry([("hostile", text(name)), ("at", text(millis(at)))]);
        fault.insert("for".into(), text(millis(lasts)));
        draft.add_if_sound("fault", fault);
    }
}

fn fault(at: u64, cast: &mut Cast, dice: &mut Dice) -> Table {
    let mut fault = entry([("at", text(millis(at)))]);
    let node = dice.one(&cast.nodes).clone();
    let mut lasts = true;
    let (key, value) = match dice.below(13) {
        0 | 1 => ("partition", partition(cast, dice)),
        2 => {
            let (from, to) = (texts(dice.some(&cast.nodes)), texts(dice.some(&cast.nodes)));
            ("block", Value::Table(entry([("from", from), ("to", to)])))
        }
        3 => {
            let mut link = model(dice);
            link.insert("node".into(), text(node));
            ("link", Value::Table(link))
        }
        4 => ("crash", text(node)),
        5 => ("interface", text(node)),
        6 => ("suspend", text(node)),
        7 => {
            let ppm = i64::try_from(dice.below(1001)).expect("small") - 500;
            let clock = entry([("node", text(node)), ("ppm", Value::Integer(ppm))]);
            ("clock", Value::Table(clock))
        }
        8 => {
            let nth = number(1 + dice.below(30));
            ("drop", Value::Table(entry([("from", text(node)), ("nth", nth)])))
        }
        9 if !cast.nats.is_empty() => {
            lasts = false;
            ("nat_reboot", text(dice.one(&cast.nats)))
        }
        10 if !cast.nats.is_empty() && cast.nodes.len() > cast.relays.len() => {
            lasts = false;
            let node = dice.one(&cast.nodes[cast.relays.len()..]).clone();
            let behind = if dice.chance(30) { text("public") } else { text(dice.one(&cast.nats)) };
            ("roam", Value::Table(entry([("node", text(node)), ("behind", behind)])))
        }
        _ => {
            lasts = false;
            ("restart", text(node))
        }
    };
    if matches!(key, "crash" | "restart") && dice.chance(50) {
        fault.insert("state".into(), text("kept"));
    }
    fault.insert(key.into(), value);
    if lasts {
        let lasts = span(dice);
        cast.moments.push(at + lasts);
        fault.insert("for".into(), text(millis(lasts)));
        if key != "drop" && dice.chance(10) {
            fault.insert("every".into(), text(millis(lasts + 1_000 + dice.below(20_000))));
        }
    }
    fault
}

/// Two groups; who is in neither reaches both.
fn partition(cast: &Cast, dice: &mut Dice) -> Value {
    let mut groups = [Vec::new(), Vec::new()];
    for (position, name) in cast.nodes.iter().enumerate() {
        match position {
            0 | 1 => groups[position].push(name),
            _ => match dice.below(3) {
                2 => {}
                group => groups[group as usize].push(name),
            },
        }
    }
    Value::Array(groups.into_iter().map(texts).collect())
}
