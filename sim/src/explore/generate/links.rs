//! What lies between.

use toml::Table;

use super::dice::Dice;
use super::{Cast, entry, millis, number, text};
use crate::explore::Draft;

const PRESETS: [&str; 6] = ["lan", "wifi", "dsl", "lte", "satellite", "datacenter"];

pub(super) fn add(draft: &mut Draft, cast: &Cast, dice: &Dice) {
    let mut access = dice.of("access");
    if access.chance(85) {
        draft.add("link", model(&mut access));
    }
    let mut pairs = dice.of("pairs");
    if cast.nodes.len() >= 2 && pairs.chance(25) {
        let one = pairs.below(cast.nodes.len() as u64 - 1) as usize;
        let (a, b) = (cast.nodes[one].clone(), cast.nodes[one + 1].clone());
        let mut link = model(&mut dice.of("pair"));
        link.insert("between".into(), super::texts([&a, &b]));
        draft.add_if_sound("link", link);
    }
}

/// A link, or what is different about one.
pub(super) fn model(dice: &mut Dice) -> Table {
    let mut link = Table::new();
    if dice.chance(30) {
        link.insert("preset".into(), text(*dice.one(&PRESETS)));
    } else {
        let delay = *dice.one(&[1, 10, 40, 150, 400]);
        link.insert("delay".into(), text(millis(delay)));
        link.insert("jitter".into(), text(millis(delay * dice.below(60) / 100)));
    }
    if dice.chance(40) {
        let percent = *dice.one(&[1, 3, 10, 25]);
        link.insert("loss".into(), text(format!("{percent}%")));
    } else if dice.chance(15) {
        let bursts =
            entry([("p", text("2%")), ("r", text(format!("{}%", dice.between((10, 60)))))]);
        link.insert("loss".into(), toml::Value::Table(bursts));
    }
    if dice.chance(15) {
        link.insert("duplicate".into(), text(format!("{}%", dice.between((1, 10)))));
    }
    if dice.chance(10) {
        link.insert("corrupt".into(), text("2%"));
    }
    if dice.chance(15) {
        link.insert("reorder".into(), text(format!("{}%", dice.between((1, 20)))));
    }
    if dice.chance(15) {
        link.insert("rate".into(), text(dice.pick(&["256kbit", "1mbit", "10mbit"])));
        link.insert("limit".into(), number(dice.between((10, 200))));
    }
    link
}
