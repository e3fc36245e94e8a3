//! What applications send.

use toml::Table;

use super::dice::Dice;
use super::times::moment;
use super::{Cast, entry, millis, number, text};
use crate::explore::Draft;

pub(super) fn add(draft: &mut Draft, cast: &mut Cast, count: u64, dice: &Dice) {
    let first = cast.relays.len();
    for position in 0..count {
        let dice = &mut dice.of(&format!("send-{position}"));
        let members = &cast.nodes[first.min(cast.nodes.len() - 1)..];
        let from = dice.one(members).clone();
        let others: Vec<&String> = cast.nodes.iter().filter(|other| **other != from).collect();
        let to = (*dice.one(&others)).clone();
        let at = moment(cast, 80, dice);
        if !cast.known.is_empty() && dice.chance(30) {
            draft.add_if_sound("send", broadcast(at, cast, dice));
            continue;
        }
        let mut send = entry([("from", text(from)), ("to", text(to)), ("at", text(millis(at)))]);
        let every = *dice.one(&[5, 50, 200, 1_000, 7_000]);
        let most = ((cast.seconds * 1000 - at) / every).clamp(1, 400);
        if most > 1 {
            send.insert("every".into(), text(millis(every)));
            send.insert("count".into(), number(1 + dice.below(most)));
        }
        if dice.chance(60) {
            send.insert("mode".into(), text("message"));
            send.insert("size".into(), number(*dice.one(&[32, 64, 1100, 1200, 2500])));
        } else {
            send.insert("size".into(), number(*dice.one(&[32, 64, 1100])));
        }
        draft.add_if_sound("send", send);
    }
    let finds = &mut dice.of("finds");
    while cast.gossips && finds.chance(40) {
        let at = moment(cast, 80, finds);
        let node = text(finds.one(&cast.nodes));
        let tag = text(finds.pick(&["films", "maps"]));
        let find = entry([("node", node), ("tag", tag), ("at", text(millis(at)))]);
        draft.add_if_sound("find", find);
    }
}

/// Something that everybody is told.
fn broadcast(at: u64, cast: &Cast, dice: &mut Dice) -> Table {
    let mut send = entry([
        ("from", text(dice.one(&cast.known))),
        ("to", text("*")),
        ("at", text(millis(at))),
        ("mode", text("broadcast")),
        ("size", number(*dice.one(&[32, 200, 512]))),
    ]);
    if dice.chance(30) {
        send.insert("every".into(), text(millis(*dice.one(&[200, 2_000, 20_000]))));
        send.insert("count".into(), number(dice.between((2, 12))));
    }
    send
}
