//! What must hold, and when.

use underpass_core::Duration;

use super::table::{Table, shown, text, texts};
use crate::scenario::model::{EventKind, SessionState};

/// Something that must hold when the run is over, unless one of its methods says when.
#[derive(Clone, Debug)]
#[must_use]
pub struct Expect(Table);

/// Something that must hold at a time.
#[derive(Clone, Debug)]
#[must_use]
pub struct Timed(pub(super) Table);

impl Expect {
    /// Both ends see their session in this state.
    pub fn session(a: &str, b: &str, is: SessionState) -> Self {
        let is = match is {
            SessionState::Init => "init",
            SessionState::Active => "active",
            SessionState::Disconnected => "disconnected",
        };
        Self::fact("session", &format!("between = {}, is = {}", texts([a, b]), text(is)))
    }

    /// Both ends measured a round trip of at most this.
    pub fn rtt_at_most(a: &str, b: &str, bound: Duration) -> Self {
        Self::fact("rtt", &format!("between = {}, at_most = {}", texts([a, b]), shown(bound)))
    }

    /// All that one sent arrived at the other.
    pub fn all_delivered(from: &str, to: &str) -> Self {
        Self::fact("delivered", &format!("{}, all = true", between(from, to)))
    }

    /// So many arrived.
    pub fn delivered_at_least(from: &str, to: &str, count: u64) -> Self {
        Self::fact("delivered", &format!("{}, at_least = {count}", between(from, to)))
    }

    /// The slowest that arrived took no longer.
    pub fn latency_at_most(from: &str, to: &str, bound: Duration) -> Self {
        Self::fact("latency", &format!("{}, at_most = {}", between(from, to), shown(bound)))
    }

    /// A node reported an event about a peer so often.
    pub fn event(node: &str, peer: &str, kind: EventKind, times: u64) -> Self {
        let kind = match kind {
            EventKind::Connected => "connected",
            EventKind::Disconnected => "disconnected",
        };
        let (node, peer, kind) = (text(node), text(peer), text(kind));
        let about = format!("node = {node}, peer = {peer}, kind = {kind}");
        Self::fact("event", &format!("{about}, at_least = {times}, at_most = {times}"))
    }

    /// A counter of a node is at least this.
    pub fn metric_at_least(node: &str, name: &str, count: u64) -> Self {
        let (node, name) = (text(node), text(name));
        Self::fact("metric", &format!("node = {node}, name = {name}, at_least = {count}"))
    }

    /// True at some instant up to then.
    pub fn by(self, time: Duration) -> Timed {
        self.when("by", &shown(time))
    }

    /// True at some instant within this, counted from the end of the fault of that name.
    pub fn within(mut self, span: Duration, fault: &str) -> Timed {
        self.0.put("after", text(fault));
        self.when("within", &shown(span))
    }

    /// True at every instant from the first to the last.
    pub fn during(self, first: Duration, last: Duration) -> Timed {
        self.when("during", &format!("[{}, {}]", shown(first), shown(last)))
    }

    /// True at no instant.
    pub fn never(self) -> Timed {
        self.when("never", "true")
    }

    fn fact(kind: &str, fact: &str) -> Self {
        let mut table = Table::new("[[expect]]");
        table.put(kind, format_args!("{{ {fact} }}"));
        Self(table)
    }

    fn when(mut self, key: &str, value: &str) -> Timed {
        self.0.put(key, value);
        Timed(self.0)
    }
}

impl From<Expect> for Timed {
    fn from(expect: Expect) -> Self {
        Self(expect.0)
    }
}

fn between(from: &str, to: &str) -> String {
    format!("from = {}, to = {}", text(from), text(to))
}
