//! Words that scenario files use beside the keys of their tables.

/// Words whose list is kept where they mean something, and that files are checked against.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary {
    /// The counters of a node that `metric` may name.
    pub metrics: &'static [&'static str],
}

/// Words of the language that this version does not know yet, by the table that they belong to.
/// They get a message of their own, since who writes one made no mistake.
const PLANNED: &[(&str, &[&str])] = &[
    ("", &["include", "settle", "matrix", "defaults"]),
    ("node", &["machine", "discoverable", "network", "tags", "cpu", "clock_ppm", "app"]),
    ("fault", &["suspend", "clock"]),
    ("expect", &["knows", "any", "at_least", "seeds", "when"]),
];

/// Whether `word` is planned for `table` (the empty name is the top level).
pub(super) fn is_planned(table: &str, word: &str) -> bool {
    PLANNED.iter().any(|(name, words)| *name == table && words.contains(&word))
}
