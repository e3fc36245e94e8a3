//! What happens at a time: payloads that are sent, and faults.

use std::marker::PhantomData;

use underpass_core::Duration;

use super::table::{Table, shown, text, texts};

/// A time, counted from the start, at which something begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct At(pub Duration);

/// What an application sends.
#[derive(Clone, Debug)]
#[must_use]
pub struct Traffic(pub(super) Table);

/// Something that goes wrong; `K` says whether that takes time.
#[derive(Clone, Debug)]
#[must_use]
pub struct Fault<K> {
    pub(super) table: Table,
    kind: PhantomData<K>,
}

/// It lasts to the end of the scenario unless it is said how long.
#[derive(Clone, Copy, Debug)]
pub struct Lasting;

/// It is over as it begins.
#[derive(Clone, Copy, Debug)]
pub struct Once;

impl At {
    /// One datagram, or more.
    pub fn datagram(self, from: &str, to: &str) -> Traffic {
        self.traffic(from, to, "datagram")
    }

    /// One acknowledged message, or more.
    pub fn message(self, from: &str, to: &str) -> Traffic {
        self.traffic(from, to, "message")
    }

    /// Nothing passes between these groups.
    pub fn partition<G, N>(self, groups: impl IntoIterator<Item = G>) -> Fault<Lasting>
    where
        G: IntoIterator<Item = N>,
        N: AsRef<str>,
    {
        let groups: Vec<_> = groups.into_iter().map(texts).collect();
        self.fault("partition", &format!("[{}]", groups.join(", ")))
    }

    /// Nothing passes from those to these.
    pub fn block<N: AsRef<str>>(
        self,
        from: impl IntoIterator<Item = N>,
        to: impl IntoIterator<Item = N>,
    ) -> Fault<Lasting> {
        self.fault("block", &format!("{{ from = {}, to = {} }}", texts(from), texts(to)))
    }

    /// A node is off, and has lost its state when it starts again.
    pub fn crash(self, node: &str) -> Fault<Lasting> {
        self.fault("crash", &text(node))
    }

    /// Nothing goes into or out of a node.
    pub fn interface_down(self, node: &str) -> Fault<Lasting> {
        self.fault("interface", &text(node))
    }

    /// A node does not run.
    pub fn suspend(self, node: &str) -> Fault<Lasting> {
        self.fault("suspend", &text(node))
    }

    /// Clocks go faster by so many millionths.
    pub fn clock(self, nodes: &str, ppm: i32) -> Fault<Lasting> {
        self.fault("clock", &format!("{{ node = {}, ppm = {ppm} }}", text(nodes)))
    }

    /// Hostile nodes act.
    pub fn hostile(self, nodes: &str) -> Fault<Lasting> {
        self.fault("hostile", &text(nodes))
    }

    /// A node starts again at once, without its state.
    pub fn restart(self, node: &str) -> Fault<Once> {
        self.fault("restart", &text(node))
    }

    /// A NAT forgets its mappings.
    pub fn nat_reboot(self, nat: &str) -> Fault<Once> {
        self.fault("nat_reboot", &text(nat))
    }

    fn traffic(self, from: &str, to: &str, mode: &str) -> Traffic {
        let mut table = Table::new("[[send]]");
        table.put("from", text(from));
        table.put("to", text(to));
        table.put("at", shown(self.0));
        table.put("mode", text(mode));
        Traffic(table)
    }

    fn fault<K>(self, key: &str, value: &str) -> Fault<K> {
        let mut table = Table::new("[[fault]]");
        table.put("at", shown(self.0));
        table.put(key, value);
        Fault { table, kind: PhantomData }
    }
}

impl Traffic {
    /// So many, so far apart.
    pub fn times(self, count: u64, every: Duration) -> Self {
        self.set("count", &count.to_string()).set("every", &shown(every))
    }

    /// For so long, so far apart.
    pub fn lasts(self, span: Duration, every: Duration) -> Self {
        self.set("for", &shown(span)).set("every", &shown(every))
    }

    /// Payload bytes.
    pub fn size(self, bytes: u64) -> Self {
        self.set("size", &bytes.to_string())
    }

    /// Its name in reports.
    pub fn named(self, name: &str) -> Self {
        self.set("name", &text(name))
    }

    fn set(mut self, key: &str, value: &str) -> Self {
        self.0.put(key, value);
        self
    }
}

impl<K> Fault<K> {
    /// Its name in reports, and for [`Expect::within`](super::Expect::within).
    pub fn named(mut self, name: &str) -> Self {
        self.table.put("name", text(name));
        self
    }
}

impl Fault<Lasting> {
    /// For so long.
    pub fn lasts(mut self, span: Duration) -> Self {
        self.table.put("for", shown(span));
        self
    }

    /// For so long, again and again; `every` is from one beginning to the next.
    pub fn repeats(self, span: Duration, every: Duration) -> Self {
        let mut fault = self.lasts(span);
        fault.table.put("every", shown(every));
        fault
    }
}

impl Fault<Once> {
    /// Again and again, so far apart.
    pub fn repeats(mut self, every: Duration) -> Self {
        self.table.put("every", shown(every));
        self
    }
}
