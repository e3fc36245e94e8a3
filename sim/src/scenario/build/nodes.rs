//! Who is on the network, and what lies between.

use underpass_core::Duration;

use super::table::{Table, shown, text, texts};

/// A link, each way the same.
#[derive(Clone, Debug)]
#[must_use]
pub struct Link(pub(super) Table);

/// A NAT.
#[derive(Clone, Debug)]
#[must_use]
pub struct Nat(pub(super) Table);

/// A node.
#[derive(Clone, Debug)]
#[must_use]
pub struct Node {
    pub(super) table: Table,
    pub(super) machine: Option<String>,
    pub(super) app: Option<String>,
}

impl Link {
    pub(super) fn new() -> Self {
        Self(Table::new("[[link]]"))
    }

    pub(super) fn between(a: &str, b: &str) -> Self {
        Self::new().set("between", &texts([a, b]))
    }

    /// One of a usual kind, such as `wifi`.
    pub fn preset(self, name: &str) -> Self {
        self.set("preset", &text(name))
    }

    /// How long a packet takes.
    pub fn delay(self, delay: Duration) -> Self {
        self.set("delay", &shown(delay))
    }

    /// How much longer or shorter that may be.
    pub fn jitter(self, jitter: Duration) -> Self {
        self.set("jitter", &shown(jitter))
    }

    /// How many of a hundred packets are lost.
    pub fn loss_percent(self, percent: u32) -> Self {
        self.set("loss", &format!("\"{percent}%\""))
    }

    /// Bits a second.
    pub fn rate_bits(self, bits: u64) -> Self {
        self.set("rate", &format!("\"{bits}bit\""))
    }

    /// Any key, with its value as a file writes it.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.0.put(key, value);
        self
    }
}

impl Nat {
    pub(super) fn new(name: &str) -> Self {
        Self(Table::new("[[nat]]")).set("name", &text(name))
    }

    /// One of a usual kind, such as `port-restricted-cone`.
    pub fn preset(self, name: &str) -> Self {
        self.set("preset", &text(name))
    }

    /// The NAT behind which it is itself.
    pub fn behind(self, nat: &str) -> Self {
        self.set("behind", &text(nat))
    }

    /// Any key, with its value as a file writes it.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.0.put(key, value);
        self
    }
}

impl Node {
    pub(super) fn new(name: &str) -> Self {
        let node = Self { table: Table::new("[[node]]"), machine: None, app: None };
        node.set("name", &text(name))
    }

    /// So many of them, called by the name and `-1`, `-2` and so on.
    pub fn count(self, count: u64) -> Self {
        self.set("count", &count.to_string())
    }

    /// The NAT behind which it is.
    pub fn behind(self, nat: &str) -> Self {
        self.set("behind", &text(nat))
    }

    /// Whose key and address it knows from the start.
    pub fn peers<T: AsRef<str>>(self, peers: impl IntoIterator<Item = T>) -> Self {
        self.set("peers", &texts(peers))
    }

    /// At whose addresses it calls from the start, without knowing their keys.
    pub fn bootstrap<T: AsRef<str>>(self, nodes: impl IntoIterator<Item = T>) -> Self {
        self.set("bootstrap", &texts(nodes))
    }

    /// The application on it: `echo`, `sink`, or one of yours, which
    /// [`Simulation::app`](crate::Simulation::app) is given.
    pub fn app(mut self, name: &str) -> Self {
        self.app = Some(name.into());
        self.set("app", &text(name))
    }

    /// What stands on it: one of your machines, which [`Simulation::machine`](crate::Simulation::machine) is
    /// given.
    pub fn machine(mut self, name: &str) -> Self {
        self.machine = Some(name.into());
        self.set("machine", &text(name))
    }

    /// How long one public-key operation takes.
    pub fn key_operation(self, time: Duration) -> Self {
        self.set("cpu", &format!("{{ key_operation = {} }}", shown(time)))
    }

    /// By how many millionths its clock is too fast.
    pub fn clock_ppm(self, ppm: i32) -> Self {
        self.set("clock_ppm", &ppm.to_string())
    }

    /// When it is switched on.
    pub fn start(self, at: Duration) -> Self {
        self.set("start", &shown(at))
    }

    /// Any key, with its value as a file writes it.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.table.put(key, value);
        self
    }
}
