//! `--report`: a page with a picture of each run that failed. It needs nothing but itself.
//!
//! Time runs to the right. On top are the faults, whose bands go down over all that is below; then
//! each node, with what became of its datagrams and, a lane for each peer, how it saw that one.

use std::fmt::Write as _;

use underpass_core::{Duration, Instant};
use underpass_sim::Failure;
use underpass_sim::scenario::Scenario;
use underpass_sim::scenario::model::{Fault, NodeId, SessionState};

use super::rerun::Rerun;
use super::{failure, one_line};
use crate::program::execution::{Ending, Run};
use crate::program::history::{History, PARTS};
use crate::program::selection::{Case, run_name};

/// Columns of the labels and of the time, and the height of a lane, in pixels.
const LABELS: u64 = 220;
const TIME: u64 = 960;
const LANE: u64 = 16;
/// What is drawn of a run at most.
const LANES_MAX: usize = 120;
/// Rounds of a fault that comes again and again.
const ROUNDS_MAX: usize = 200;

const STYLE: &str = "\
body{font:14px system-ui,sans-serif;margin:2em;color:#222}\
h2{margin:2em 0 .3em}pre{background:#f6f6f6;padding:1em;overflow-x:auto;font-size:12px}\
svg{display:block}text{font:11px system-ui,sans-serif;fill:#222}.axis{stroke:#ccc}\
.band{fill:#e8a33d;opacity:.16}.fault{fill:#e8a33d}.on{fill:#dde6ee}.off{fill:#555}\
.init{fill:#c9c9c9}.active{fill:#58a55c}.disconnected{fill:#d9534f}.lost{fill:#7a3fa0}\
.failure{stroke:#d00;stroke-width:1.5}";

const LEGEND: &str = "<p>Lanes: <b style=color:#58a55c>active</b>, \
<b style=color:#d9534f>disconnected</b>, <b style=color:#555>switched off</b>; \
<b style=color:#7a3fa0>datagrams lost</b>, <b style=color:#e8a33d>faults</b>, \
<b style=color:#d00>where it failed</b>. Point at anything to read what it is.</p>";

/// So many runs are shown.
const RUNS_MAX: usize = 20;

/// A page about runs that failed.
pub(crate) struct Page<'r> {
    rerun: Rerun<'r>,
    shown: usize,
    more: usize,
    body: String,
}

impl<'r> Page<'r> {
    pub(crate) fn new(rerun: Rerun<'r>) -> Self {
        Self { rerun, shown: 0, more: 0, body: String::new() }
    }

    /// Adds a failed run, whose history is asked for only if it will be shown.
    pub(crate) fn add(&mut self, case: &Case, run: &Run, history: impl FnOnce() -> History) {
        if self.shown == RUNS_MAX {
            self.more += 1;
            return;
        }
        self.shown += 1;
        let name = escaped(&run_name(&case.scenario.name, run.seed));
        let title = escaped(one_line(&case.scenario.title).as_str());
        let picture = Drawing::of(&case.scenario, run, &history()).svg();
        let text = escaped(&failure::text(case, run, self.rerun));
        self.body += &format!("<h2>{name}</h2>\n<p>{title}</p>\n{picture}\n<pre>{text}</pre>\n");
    }

    pub(crate) fn finish(self) -> String {
        let Self { shown, more, body, .. } = self;
        let about = match (shown, more) {
            (0, _) => "<p>No run failed.</p>".into(),
            (_, 0) => LEGEND.into(),
            _ => format!("<p>The first {shown} are shown.</p>\n{LEGEND}"),
        };
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <title>Failed runs</title>\n<style>{STYLE}</style>\n\
             <h1>Failed runs: {}</h1>\n{about}\n{body}</html>\n",
            shown + more
        )
    }
}

/// A drawing in the making: lanes from the top down.
struct Drawing<'h> {
    history: &'h History,
    body: String,
    lanes: u64,
}

impl<'h> Drawing<'h> {
    fn of(scenario: &Scenario, run: &Run, history: &'h History) -> Self {
        let mut drawing = Self { history, body: String::new(), lanes: 1 };
        let mut bands = String::new();
        for fault in &scenario.faults {
            drawing.fault(fault, &mut bands);
        }
        let names = |node: NodeId| scenario.nodes[node.0 as usize].name.as_str();
        let mut left = LANES_MAX;
        for node in order(scenario, run) {
            let peers: Vec<_> =
                history.sessions.range((node, NodeId(0))..=(node, NodeId(u32::MAX))).collect();
            if peers.len() + 1 > left {
                drawing.label("", "and others", "");
                break;
            }
            left -= peers.len() + 1;
            drawing.node(node, names(node));
            for ((_, peer), changes) in peers {
                drawing.sessions(node, names(*peer), changes);
            }
        }
        let height = drawing.lanes * LANE;
        let bands = bands.replace("HEIGHT", &(height - LANE).to_string());
        drawing.body =
            drawing.axis(height) + &bands + &drawing.body + &drawing.failures(run, height);
        drawing
    }

    fn svg(&self) -> String {
        let (width, height) = (LABELS + TIME + 40, self.lanes * LANE);
        format!("<svg width={width} height={height}>{}</svg>", self.body)
    }

    /// Where a time is drawn.
    fn x(&self, at: Instant) -> u64 {
        let since = at.saturating_since(Instant::ORIGIN).min(self.history.duration);
        let x = u128::from(since.as_micros()) * u128::from(TIME);
        let x = x / u128::from(self.history.duration.as_micros().max(1));
        LABELS + u64::try_from(x).unwrap_or(TIME).min(TIME)
    }

    fn end(&self) -> Instant {
        Instant::ORIGIN + self.history.duration
    }

    /// Begins a lane.
    fn label(&mut self, class: &str, label: &str, title: &str) {
        let y = self.lanes * LANE + LANE - 4;
        let (label, title) = (escaped(label), escaped(title));
        let _ = write!(
            self.body,
            "<text x=4 y={y} class=\"{class}\">{label}<title>{title}</title></text>"
        );
        self.lanes += 1;
    }

    /// A bar in the lane begun last.
    fn bar(&mut self, class: &str, from: Instant, to: Instant, title: &str) {
        let (x, y) = (self.x(from), (self.lanes - 1) * LANE + 2);
        let (width, height) = ((self.x(to) - x).max(1), LANE - 4);
        let title = escaped(title);
        let _ = write!(
            self.body,
            "<rect class={class} x={x} y={y} width={width} height={height}><title>{title}</title>\
             </rect>"
        );
    }

    fn fault(&mut self, fault: &Fault, bands: &mut String) {
        self.label("", &fault.name, "a fault");
        let mut begins = fault.at;
        for _ in 0..ROUNDS_MAX {
            if begins > self.end() {
                return;
            }
            // What has no end is either at once or for ever: it is shown where it begins.
            let ends = begins + fault.lasts.unwrap_or(Duration::ZERO);
            let title = format!("{} from {begins} to {ends}", fault.name);
            self.bar("fault", begins, ends, &title);
            let (x, width) = (self.x(begins), (self.x(ends) - self.x(begins)).max(1));
            let _ = write!(
                bands,
                "<rect class=band x={x} y={LANE} width={width} height=HEIGHT></rect>"
            );
            match fault.every {
                Some(every) => begins = begins + every,
                None => return,
            }
        }
    }

    /// When a node was on, and what it lost.
    fn node(&mut self, node: NodeId, name: &str) {
        self.label("node", name, "the node, and its datagrams that were lost");
        let history = self.history;
        let changes = history.power.get(&node).map_or(&[][..], Vec::as_slice);
        for (position, (from, is_on)) in changes.iter().enumerate() {
            let to = changes.get(position + 1).map_or(self.end(), |(to, _)| *to);
            let (class, word) = if *is_on { ("on", "on") } else { ("off", "off") };
            self.bar(class, *from, to, &format!("{name} {word} from {from} to {to}"));
        }
        for ((_, part), reasons) in history.lost.range((node, 0)..=(node, u64::MAX)) {
            let at = |part: u64| {
                let micros = u128::from(history.duration.as_micros()) * u128::from(part);
                let micros = micros / u128::from(PARTS);
                Instant::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
            };
            let reasons: Vec<String> =
                reasons.iter().map(|(why, count)| format!("{count} lost: {why}")).collect();
            let title = format!("around {}: {}", at(*part), reasons.join(", "));
            self.bar("lost", at(*part), at(*part), &title);
        }
    }

    fn sessions(&mut self, node: NodeId, peer: &str, changes: &[(Instant, SessionState)]) {
        self.label("", &format!("\u{a0}\u{a0}\u{a0}sees {peer}"), "how it saw this peer");
        // Its sessions end with it.
        let history = self.history;
        let power = history.power.get(&node).map_or(&[][..], Vec::as_slice);
        for (position, (from, state)) in changes.iter().enumerate() {
            let next = changes.get(position + 1).map_or(self.end(), |(to, _)| *to);
            let off = power.iter().find(|(at, is_on)| !is_on && at >= from).map(|(at, _)| *at);
            let to = off.map_or(next, |off| off.min(next));
            let class = match state {
                SessionState::Init => "init",
                SessionState::Active => "active",
                SessionState::Disconnected => "disconnected",
            };
            self.bar(class, *from, to, &format!("{class} from {from} to {to}"));
        }
    }

    /// Ten marks of time.
    fn axis(&self, height: u64) -> String {
        let marks = (0..=10).map(|tenth| {
            let micros = self.history.duration.as_micros() / 10 * tenth;
            let at = Instant::from_micros(micros);
            let x = self.x(at);
            format!(
                "<line class=axis x1={x} x2={x} y1={LANE} y2={height} /><text x={x} y=11 text-anchor=middle>{at}\
                 </text>"
            )
        });
        marks.collect()
    }

    /// A line where something turned out wrong.
    fn failures(&self, run: &Run, height: u64) -> String {
        let Ending::Done(report) = &run.ending else { return String::new() };
        let lines = report.failures.iter().map(|failure| {
            let (at, what) = match failure {
                Failure::Unmet(unmet) => (unmet.at, format!("expected {}", unmet.expected)),
                Failure::Stopped { at, stop } => (*at, stop.to_string()),
            };
            let (x, what) = (self.x(at), escaped(&what));
            format!(
                "<line class=failure x1={x} x2={x} y1={LANE} y2={height}><title>at {at}: {what}\
                 </title></line>"
            )
        });
        lines.collect()
    }
}

/// All nodes, those first that a failure is about.
fn order(scenario: &Scenario, run: &Run) -> Vec<NodeId> {
    let failures = match &run.ending {
        Ending::Done(report) => report.failures.as_slice(),
        _ => &[],
    };
    let is_party = |node: &NodeId| {
        failures.iter().any(|failure| match failure {
            Failure::Unmet(unmet) => unmet.parties.contains_key(node),
            Failure::Stopped { .. } => false,
        })
    };
    let mut nodes: Vec<NodeId> = (0..).map(NodeId).take(scenario.nodes.len()).collect();
    nodes.sort_by_key(|node| !is_party(node));
    nodes
}

fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '&' => "&amp;".into(),
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        '"' => "&quot;".into(),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}
