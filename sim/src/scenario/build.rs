//! Scenarios made in Rust: what a file says, with the compiler to say what is missing.
//!
//! A builder writes the file that it stands for, and that is read like any other. So there is one
//! meaning of everything, every mistake is found that is found in files, and [`Builder::text`] is a
//! file to keep.

use std::fmt::Write as _;
use std::panic::Location;
use std::path::Path;

use underpass_core::Duration;

use super::{Report, Scenario, Vocabulary, parse};
use crate::machine::underpass::Underpass;
use crate::machine::{APPS, MACHINES};
use crate::simulation::Simulation;

mod expects;
mod nodes;
mod table;
mod times;

#[cfg(test)]
mod tests;

pub use expects::{Expect, Timed};
pub use nodes::{Link, Nat, Node};
pub use times::{At, Fault, Lasting, Once, Traffic};

use table::{Table, numbers, text};

/// A scenario in the making. Names are those of the file: a name or a glob.
///
/// ```
/// use underpass_core::Duration;
/// use underpass_sim::Simulation;
/// use underpass_sim::scenario::Scenario;
/// use underpass_sim::scenario::build::{At, Expect};
/// use underpass_sim::scenario::model::SessionState::Active;
///
/// let secs = Duration::from_secs;
/// let scenario = Scenario::build("A cut of a minute heals")
///     .duration(secs(180))
///     .seeds(2)
///     .link(|link| link.delay(Duration::from_millis(20)).loss_percent(1))
///     .nat("home", |nat| nat.preset("port-restricted-cone"))
///     .node("laptop", |node| node.behind("home").peers(["relay"]))
///     .node("relay", |node| node.app("echo"))
///     .send(At(secs(2)).message("laptop", "relay").times(10, secs(1)))
///     .fault(At(secs(30)).partition([["laptop"], ["relay"]]).lasts(secs(60)).named("cut"))
///     .expect(Expect::session("laptop", "relay", Active).within(secs(30), "cut"))
///     .expect(Expect::all_delivered("laptop", "relay"))
///     .finish()?;
/// Simulation::new(&scenario).run().assert_passed();
/// # Ok::<(), underpass_sim::scenario::Report>(())
/// ```
///
/// What cannot be does not compile: a restart takes no time.
///
/// ```compile_fail
/// # use underpass_core::Duration;
/// # use underpass_sim::scenario::build::At;
/// At(Duration::from_secs(1)).restart("laptop").lasts(Duration::from_secs(5));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    head: Table,
    tables: Vec<Table>,
    /// Tables as a file has them.
    more: String,
    /// Names of the user's machines and applications.
    machines: Vec<String>,
    apps: Vec<String>,
    title: String,
    made_at: &'static Location<'static>,
}

impl Scenario {
    /// Begins a scenario that is made in Rust.
    #[track_caller]
    pub fn build(title: &str) -> Builder {
        let mut head = Table::head();
        head.put("format", 1);
        head.put("title", text(title));
        Builder {
            head,
            tables: Vec::new(),
            more: String::new(),
            machines: MACHINES.map(str::to_owned).into(),
            apps: APPS.map(str::to_owned).into(),
            title: title.into(),
            made_at: Location::caller(),
        }
    }
}

impl Builder {
    /// How long it lasts in virtual time.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.head.put_period("duration", duration);
        self
    }

    /// Runs with the seeds from 1 to this.
    pub fn seeds(mut self, count: u64) -> Self {
        self.head.put("seeds", count);
        self
    }

    /// Runs with these seeds.
    pub fn seed_list(mut self, seeds: impl IntoIterator<Item = u64>) -> Self {
        self.head.put("seeds", numbers(seeds));
        self
    }

    /// A run that needs more events is stopped and fails.
    pub fn max_events(mut self, events: u64) -> Self {
        self.head.put("max_events", events);
        self
    }

    /// The access link of every node, each way.
    pub fn link(mut self, link: impl FnOnce(Link) -> Link) -> Self {
        self.tables.push(link(Link::new()).0);
        self
    }

    /// The stretch between the access links of two nodes.
    pub fn link_between(mut self, a: &str, b: &str, link: impl FnOnce(Link) -> Link) -> Self {
        self.tables.push(link(Link::between(a, b)).0);
        self
    }

    /// A NAT.
    pub fn nat(mut self, name: &str, nat: impl FnOnce(Nat) -> Nat) -> Self {
        self.tables.push(nat(Nat::new(name)).0);
        self
    }

    /// A node.
    pub fn node(mut self, name: &str, node: impl FnOnce(Node) -> Node) -> Self {
        let Node { table, machine, app } = node(Node::new(name));
        self.machines.extend(machine);
        self.apps.extend(app);
        self.tables.push(table);
        self
    }

    /// What an application sends.
    pub fn send(mut self, traffic: Traffic) -> Self {
        self.tables.push(traffic.0);
        self
    }

    /// Something that goes wrong.
    pub fn fault<K>(mut self, fault: Fault<K>) -> Self {
        self.tables.push(fault.table);
        self
    }

    /// Something that must hold: at the end, or when it says.
    pub fn expect(mut self, expect: impl Into<Timed>) -> Self {
        self.tables.push(expect.into().0);
        self
    }

    /// Tables as a file has them, for what has no method here.
    pub fn toml(mut self, tables: &str) -> Self {
        self.more.push_str(tables);
        self.more.push('\n');
        self
    }

    /// The file that it stands for.
    pub fn text(&self) -> String {
        let mut file = self.head.to_string();
        for table in &self.tables {
            write!(file, "\n{table}").expect("a String takes all");
        }
        file.push('\n');
        file.push_str(&self.more);
        file
    }

    /// Its runs. If it has mistakes they say so, and have not passed.
    pub fn simulation(&self) -> Simulation {
        Simulation::of_built(self.finish())
    }

    /// The scenario.
    ///
    /// # Errors
    /// What is wrong with it, shown on the file that it stands for.
    pub fn finish(&self) -> Result<Scenario, Report> {
        let file = Path::new(self.made_at.file()).display();
        let shown = format!("{file}:{}, as a file", self.made_at.line());
        let metrics = Underpass::metrics();
        let machines: Vec<&str> = self.machines.iter().map(String::as_str).collect();
        let apps: Vec<&str> = self.apps.iter().map(String::as_str).collect();
        let vocabulary =
            Vocabulary { metrics: &metrics, machines: &machines, apps: &apps, has_judges: true };
        let mut scenario = parse(&self.text(), &shown, &self.title, &vocabulary)?;
        for expect in &mut scenario.expects {
            expect.origin.line = 0;
        }
        Ok(scenario)
    }
}
