//! What a file says of hostile nodes.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Spanned, Table};
use crate::units::{Period, Probability};

/// What a hostile node does while a fault names it: one of `replay`, `flood`, `forge`, `tamper`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hostile {
    /// Whose access links it taps; names or globs.
    #[serde(default)]
    pub taps: Vec<Spanned<String>>,
    /// Sends what it overheard again.
    pub replay: Option<Table<Replay>>,
    /// Sends a lot.
    pub flood: Option<Table<Flood>>,
    /// Sends variations of what it overheard.
    pub forge: Option<Table<Forge>>,
    /// Changes what passes.
    pub tamper: Option<Table<Tamper>>,
}

/// Sends what it overheard again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// Time between two.
    pub every: Spanned<Period>,
    /// Whose datagrams; names or globs. Everybody's if not given.
    #[serde(default)]
    pub from: Vec<Spanned<String>>,
    /// Bytes of the recording.
    pub memory_bytes: Option<Spanned<u64>>,
}

/// Sends a lot to one node.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flood {
    /// To whom; a name.
    pub target: Spanned<String>,
    /// What it sends.
    pub kind: FloodKind,
    /// Time between two.
    pub every: Spanned<Period>,
    /// Whether from addresses that are not its own; from its own if not given.
    #[serde(default)]
    pub spoofed: bool,
    /// How many different ones, if they are `Hello`s; 16 if not given.
    pub hellos: Option<Spanned<u64>>,
}

/// What a flood consists of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FloodKind {
    /// Random bytes.
    Garbage,
    /// Handshakes of strangers that hold the network's secret.
    Hello,
    /// Junk for sessions that it overheard.
    Sealed,
    /// Word that sessions are gone which it overheard the target use, in the name of the other end.
    Hint,
}

/// Sends variations of what it overheard.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forge {
    /// Time between two.
    pub every: Spanned<Period>,
}

/// Changes what passes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tamper {
    /// How many of all datagrams.
    pub share: Spanned<Probability>,
}
