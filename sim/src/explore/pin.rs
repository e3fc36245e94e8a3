//! Chance as what it did: the packets that were lost by chance become packets that are dropped by name.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use toml::{Table, Value};
use underpass_core::Instant;

use super::Draft;
use crate::run::{Extras, run_with};
use crate::scenario::model::NodeId;
use crate::trace::{Happening, PacketInfo, Witness};

/// A run that loses more is left as it is.
const LOSSES_MAX: usize = 400;

/// The same draft without loss by chance, whose packets are dropped one by one. `None` if there is nothing to
/// be done, or too much.
pub fn pin_losses(draft: &Draft) -> Option<Draft> {
    let scenario = draft.scenario().ok()?;
    let seed = scenario.seeds.first().copied().unwrap_or(1);
    let losses = Losses::default();
    let extras = Extras { witnesses: vec![Box::new(losses.clone())], ..Extras::default() };
    // A run that panics has lost until then what it has lost.
    let _ = catch_unwind(AssertUnwindSafe(|| run_with(&scenario, seed, extras)));
    let lost = losses.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut pinned = draft.clone();
    if !forget_chance(pinned.tree_mut()) || lost.len() > LOSSES_MAX {
        return None;
    }
    for (from, number) in lost {
        let name = scenario.nodes[from.0 as usize].name.clone();
        // Packets are counted from zero, and named from one.
        let nth = i64::try_from(number + 1).ok()?;
        let mut drop = Table::new();
        drop.insert("from".into(), name.into());
        drop.insert("nth".into(), nth.into());
        let mut fault = Table::new();
        fault.insert("at".into(), "0s".into());
        fault.insert("drop".into(), Value::Table(drop));
        pinned.add("fault", fault);
    }
    Some(pinned)
}

/// Takes every `loss` out of links, and says whether there was one.
fn forget_chance(table: &mut Table) -> bool {
    let mut found = table.remove("loss").is_some();
    for (_, value) in table.iter_mut() {
        match value {
            Value::Table(inner) => found |= forget_chance(inner),
            Value::Array(values) => {
                for inner in values.iter_mut().filter_map(Value::as_table_mut) {
                    found |= forget_chance(inner);
                }
            }
            _ => {}
        }
    }
    found
}

/// Whose packets were lost by chance, and which.
#[derive(Clone, Default)]
struct Losses(Arc<Mutex<BTreeSet<(NodeId, u64)>>>);

impl Witness for Losses {
    fn happened(&mut self, _: Instant, what: &Happening<&PacketInfo<'_>>) {
        if let Happening::Lost { packet, why: "by chance", .. } = what
            && packet.copy == 0
        {
            let mut lost = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lost.insert((packet.from, packet.number));
        }
    }
}
