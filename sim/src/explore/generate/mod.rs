//! Scenarios by chance, biased to what breaks protocols: faults during handshakes, at the ends of
//! timers, over one another and at one instant; tables that are full; clocks that disagree.
//!
//! The same seed makes the same file. What is drawn for one entry depends on its own name, so that an
//! entry more changes no other.

mod dice;
mod faults;
mod hostile;
mod links;
mod nats;
mod nodes;
mod times;
mod traffic;

use dice::Dice;
use toml::{Table, Value};

use super::Draft;
use crate::random::Draws;
use crate::units::Period;

/// How large scenarios are, from the first number to the second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// Members of the network, relays included.
    pub nodes: (u64, u64),
    /// What applications send.
    pub sends: (u64, u64),
    /// What goes wrong.
    pub faults: (u64, u64),
    /// Virtual seconds.
    pub seconds: (u64, u64),
}

impl Size {
    /// Small enough for hundreds in a second, large enough for three to meet.
    pub const DEFAULT: Self =
        Self { nodes: (2, 6), sends: (1, 4), faults: (0, 5), seconds: (40, 240) };
}

/// Who is there: what entries may refer to.
#[derive(Default)]
struct Cast {
    nats: Vec<String>,
    nodes: Vec<String>,
    /// Behind which NAT each node is.
    places: Vec<Option<String>>,
    relays: Vec<String>,
    /// Whether nodes are heard of by hearsay, and those that everybody may know.
    gossips: bool,
    known: Vec<String>,
    /// Members of another network.
    strangers: Vec<String>,
    /// Those who may answer only whom they know.
    reserved: Vec<String>,
    hostile: Vec<String>,
    /// What stands on all nodes instead of ours.
    machine: Option<&'static str>,
    seconds: u64,
    /// When something happens that others may coincide with, in milliseconds.
    moments: Vec<u64>,
}

/// The scenario of this seed; with our protocol on its nodes, or this machine of the user's.
pub fn generate(seed: u64, size: &Size, machine: Option<&'static str>) -> Draft {
    let dice = Dice::new(Draws::new(seed).stream(&["explore"]));
    let mut head = dice.of("head");
    let mut draft = Draft::new("Made by chance").with_machine(machine);
    let mut cast = Cast { seconds: head.between(size.seconds), machine, ..Cast::default() };
    draft.set("duration", millis(cast.seconds * 1000));
    draft.set("seeds", Value::Array(vec![Value::Integer(i64::from(head.u32() >> 1))]));
    draft.set("checkers_only", true);
    draft.set("max_events", 3_000_000);
    nats::add(&mut draft, &mut cast, &dice);
    nodes::add(&mut draft, &mut cast, head.between(size.nodes), &dice);
    nats::prune(&mut draft, &mut cast);
    // What makes no sense of that which follows is left out.
    links::add(&mut draft, &cast, &dice);
    traffic::add(&mut draft, &mut cast, head.between(size.sends), &dice);
    hostile::add(&mut draft, &mut cast, &dice);
    faults::add(&mut draft, &mut cast, head.between(size.faults), &dice);
    draft
}

/// A span of time as a file writes it.
fn millis(ms: u64) -> String {
    Period(underpass_core::Duration::from_millis(ms)).to_string()
}

/// An entry of these keys.
fn entry<const N: usize>(keys: [(&str, Value); N]) -> Table {
    keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

fn texts<'t>(texts: impl IntoIterator<Item = &'t String>) -> Value {
    Value::Array(texts.into_iter().cloned().map(Value::String).collect())
}

fn number(number: u64) -> Value {
    Value::Integer(i64::try_from(number).expect("numbers here are small"))
}
