//! `--trace`: a line of JSON for everything that a node reports. `docs/trace.md` lists the fields.

use underpass_core::Instant;
use underpass_sim::scenario::Scenario;
use underpass_sim::scenario::model::NodeId;
use underpass_sim::trace::{Happening, PacketInfo, Witness};

use super::Sink;

/// Lines are handed on when there are so many bytes of them.
const CHUNK: usize = 1 << 16;

pub(super) struct Trace {
    run: Option<String>,
    names: Vec<String>,
    lines: String,
    sink: Sink,
}

impl Trace {
    /// Of a run that each line names, if it has a name.
    pub(super) fn new(run: Option<String>, scenario: &Scenario, sink: Sink) -> Self {
        let names = scenario.nodes.iter().map(|node| node.name.clone()).collect();
        Self { run, names, lines: String::with_capacity(CHUNK), sink }
    }

    fn hand_on(&mut self) {
        self.sink.write(self.lines.as_bytes());
        self.lines.clear();
    }
}

impl Witness for Trace {
    fn happened(&mut self, now: Instant, what: &Happening<&PacketInfo<'_>>) {
        let Happening::Observed(node, observation) = what else { return };
        let name_of = |node: NodeId| self.names[node.0 as usize].as_str();
        let line = observation.to_json(self.run.as_deref(), now, *node, name_of);
        self.lines.push_str(&line);
        self.lines.push('\n');
        if self.lines.len() >= CHUNK {
            self.hand_on();
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.hand_on();
    }
}
