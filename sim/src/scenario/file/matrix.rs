//! What makes many scenarios of one file. By the time that a file has types, it has been made use of
//! (`shape`): these say what it looks like.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Expect, Fault, Link, Nat, Node, Send};

/// Names with their values. Every combination of these is a scenario of its own, in which `"$name"`
/// stands for the value.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Matrix {
    /// Combinations that are left out.
    #[serde(default)]
    pub skip: Vec<When>,
    /// Each cell draws by itself: only written as `true`. If not given, runs of one seed draw alike in
    /// all cells, and differ by what the matrix changes.
    pub independent: Option<bool>,
    /// Any other key is a name.
    #[serde(flatten)]
    pub keys: BTreeMap<String, Vec<Value>>,
}

/// A value of the matrix, which is part of the scenario's name.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Value {
    /// A text, also one with a unit.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Truth(bool),
}

/// Cells of the matrix: for each name that matters, its value, or an array of several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct When(pub BTreeMap<String, Choice>);

/// One of these.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Choice {
    /// This one.
    One(Value),
    /// Any of these.
    AnyOf(Vec<Value>),
}

/// What entries have that do not say otherwise.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// Of every `[link]`.
    #[schemars(with = "Option<Link>")]
    pub link: Option<IgnoredAny>,
    /// Of every `[[nat]]`.
    #[schemars(with = "Option<Nat>")]
    pub nat: Option<IgnoredAny>,
    /// Of every `[[node]]`.
    #[schemars(with = "Option<Node>")]
    pub node: Option<IgnoredAny>,
    /// Of every `[[send]]`.
    #[schemars(with = "Option<Send>")]
    pub send: Option<IgnoredAny>,
    /// Of every `[[fault]]`.
    #[schemars(with = "Option<Fault>")]
    pub fault: Option<IgnoredAny>,
    /// Of every `[[expect]]`.
    #[schemars(with = "Option<Expect>")]
    pub expect: Option<IgnoredAny>,
}
