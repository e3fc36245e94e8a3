//! Those who keep to no rule.

use toml::{Table, Value};

use super::dice::Dice;
use super::{Cast, entry, millis, number, text, texts};
use crate::explore::Draft;

pub(super) fn add(draft: &mut Draft, cast: &mut Cast, dice: &Dice) {
    let dice = &mut dice.of("hostile");
    if !dice.chance(20) {
        return;
    }
    let hostile = machine(cast, dice);
    let node = entry([("name", text("hostile")), ("hostile", Value::Table(hostile))]);
    if draft.add_if_sound("node", node) {
        cast.hostile.push("hostile".into());
    }
}

fn machine(cast: &Cast, dice: &mut Dice) -> Table {
    let mut hostile = Table::new();
    let taps = texts(dice.some(&cast.nodes));
    let every = text(millis(*dice.one(&[20, 100, 500])));
    let target = text(dice.one(&cast.nodes));
    match dice.below(4) {
        0 => {
            let flood = entry([
                ("target", target),
                ("kind", text(dice.pick(&["garbage", "hello", "sealed", "hint"]))),
                ("every", every),
                ("spoofed", Value::Boolean(dice.chance(50))),
            ]);
            hostile.insert("flood".into(), Value::Table(flood));
        }
        1 => {
            hostile.insert("forge".into(), Value::Table(entry([("every", every)])));
        }
        2 => {
            let replay = entry([("every", every), ("memory_bytes", number(100_000))]);
            hostile.insert("replay".into(), Value::Table(replay));
        }
        _ => {
            let share = text(format!("{}%", dice.between((1, 30))));
            hostile.insert("tamper".into(), Value::Table(entry([("share", share)])));
        }
    }
    hostile.insert("taps".into(), taps);
    hostile
}
