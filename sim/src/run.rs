//! One run: a scenario and a seed become a world, the world a verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::successors;
use std::sync::Arc;

use underpass_core::{Instant, RelayLimits};

use crate::background::{self, Background};
use crate::checker;
use crate::compare::{self, Difference, Side};
use crate::expect::{Expectations, Unmet};
use crate::judge::Missed;
use crate::machine::hostile::Hostile;
use crate::machine::underpass::{
    AppFactory, Lie, Memo, Roster, SecretAct, Setup, Tapes, Underpass,
};
use crate::machine::{Addresses, Command, MachineFactory, Post, Registry, SendId};
use crate::oracle::{self, Connections};
use crate::payload::Stamp;
use crate::random::Draws;
use crate::scenario::model::{
    Fact, Fault, FaultKind, Node, NodeId, Scenario, Send, State, asks, neighbours, networks,
};
use crate::scenario::nearest::suggest;
use crate::trace::{Watch, Witness};
use crate::units::Ppm;
use crate::world::{CommandSource, NodeSetup, Outcome, Stop, Tally, Topology, World, WorldConfig};

/// What came of one run.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// Over everything that happened: equal for equal runs.
    pub hash: [u8; 32],
    /// How far it came in virtual time.
    pub ended_at: Instant,
    /// Events that it took.
    pub events: u64,
    /// Datagrams, and what became of them.
    pub tally: Tally,
    /// Everything that was wrong; empty for a run that passed.
    pub failures: Vec<Failure>,
    /// What was not met and need not be in every run: see [`crate::judge`].
    pub missed: Vec<Missed>,
    /// For each failure, what was behind it; empty until [`explain`](Self::explain) was asked.
    pub background: Vec<Background>,
}

/// One thing that was wrong with a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The run could not go on, or a checker saw what must not happen.
    Stopped {
        /// When.
        at: Instant,
        /// Why.
        stop: Stop,
    },
    /// An expectation of the scenario was not met.
    Unmet(Unmet),
}

impl RunReport {
    /// The name that runs it again: `partition/heals@3`.
    pub fn name(&self) -> String {
        format!("{}@{}", self.scenario, self.seed)
    }

    /// Makes the run once more, and notes what was behind each failure and each miss: what the
    /// parties knew then, and what happened to them last. For a run without any there is nothing to
    /// do.
    pub fn explain(&mut self, scenario: &Scenario) {
        let seed = self.seed;
        self.explain_by(scenario, || build(scenario, seed));
    }

    /// The same, by a world that is made as that of the run was.
    pub(crate) fn explain_by(&mut self, scenario: &Scenario, build: impl FnOnce() -> World) {
        let missed = self.missed.iter().map(|missed| Failure::Unmet(missed.unmet.clone()));
        let all: Vec<Failure> = self.failures.iter().cloned().chain(missed).collect();
        if all.is_empty() {
            return;
        }
        let mut found = background::of(&all, scenario, build()).into_iter();
        self.background = found.by_ref().take(self.failures.len()).collect();
        for (missed, background) in self.missed.iter_mut().zip(found) {
            missed.background = background;
        }
    }

    /// Whether nothing was wrong.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Who else is to have something of a run. None of it changes what happens.
#[derive(Default)]
pub struct Extras {
    /// Are told of everything that happens.
    pub witnesses: Vec<Box<dyn Witness>>,
    /// Whose nodes are to be recorded, and where each of their lives goes.
    pub tapes: BTreeMap<NodeId, Tapes>,
    /// Every node checks every signature itself, and takes longer for it.
    pub no_memo: bool,
}

/// What of the user's stands on nodes, and watches.
#[derive(Default)]
pub(crate) struct Own {
    pub(crate) registry: Registry,
    /// Beside those that are always there.
    pub(crate) checkers: Vec<Box<dyn Watch>>,
}

/// Runs a scenario with one seed.
///
/// # Panics
///
/// If the scenario names a machine or application that only a [`Registry`] could know.
pub fn run(scenario: &Scenario, seed: u64) -> RunReport {
    run_with(scenario, seed, Extras::default())
}

/// Runs a scenario with one seed for others to see, too.
///
/// # Panics
///
/// As [`run`] does.
pub fn run_with(scenario: &Scenario, seed: u64, extras: Extras) -> RunReport {
    run_world(build_with(scenario, seed, Own::default(), extras), scenario, seed)
}

/// Runs a world that was built of this to its end.
pub(crate) fn run_world(mut world: World, scenario: &Scenario, seed: u64) -> RunReport {
    let stopped = world.run_until(Instant::ORIGIN + scenario.duration).err();
    judge(world, stopped, scenario, seed)
}

/// Runs a scenario twice with one seed, side by side; the first is the one for others to see.
///
/// # Errors
///
/// Where the two part: then something in them depends on more than the scenario and the seed.
pub fn run_twice(
    scenario: &Scenario,
    seed: u64,
    extras: Extras,
) -> Result<RunReport, Box<Difference>> {
    let end = Instant::ORIGIN + scenario.duration;
    let worlds = [build_with(scenario, seed, Own::default(), extras), build(scenario, seed)];
    let mut sides = worlds.map(|world| Side::new(world, end));
    match compare::run_both(&mut sides) {
        Some(difference) => Err(Box::new(difference)),
        None => {
            let [Side { world, stopped, .. }, _] = sides;
            Ok(judge(world, stopped, scenario, seed))
        }
    }
}

/// Makes two runs, each of a scenario with a seed, and says where they part, if they do.
pub fn diff(runs: [(&Scenario, u64); 2]) -> Option<Difference> {
    let side =
        |(scenario, seed)| Side::new(build(scenario, seed), Instant::ORIGIN + scenario.duration);
    compare::run_both(&mut runs.map(side))
}

/// What came of a world that has been run to its end, or stopped before.
fn judge(world: World, stopped: Option<Stop>, scenario: &Scenario, seed: u64) -> RunReport {
    let ended_at = world.now();
    let metrics = metrics(&world, scenario);
    let mut outcome = world.finish();
    let (mut failures, mut missed) = (Vec::new(), Vec::new());
    match stopped {
        Some(stop) => failures.push(Failure::Stopped { at: ended_at, stop }),
        None => {
            let metric = |node, name: &str| metrics.get(&(node, name)).copied();
            for (expect, unmet) in expectations(&mut outcome).finish(ended_at, &metric) {
                match scenario.expects[expect].share {
                    None => failures.push(Failure::Unmet(unmet)),
                    Some(_) => missed.push(Missed::new(expect, unmet)),
                }
            }
        }
    }
    RunReport {
        scenario: scenario.name.clone(),
        seed,
        hash: outcome.hash,
        ended_at,
        events: outcome.events,
        tally: outcome.tally,
        failures,
        missed,
        background: Vec::new(),
    }
}

fn roster(scenario: &Scenario, draws: &Draws, topology: &Arc<Topology>) -> Roster {
    let nodes = scenario.nodes.iter();
    let nodes =
        nodes.map(|node| (node.name.as_str(), node.is_member().then_some(node.network.as_str())));
    Roster::new(draws, nodes, Arc::clone(topology))
}

/// The world of one run, for those who want to run it step by step themselves. Nobody judges its
/// scenario's expectations; the checkers are there.
///
/// # Panics
///
/// If the scenario names a machine or application that only a [`Registry`] could know.
pub fn build(scenario: &Scenario, seed: u64) -> World {
    build_own(scenario, seed, Own::default())
}

/// The same with what is the user's.
pub(crate) fn build_own(scenario: &Scenario, seed: u64, own: Own) -> World {
    build_with(scenario, seed, own, Extras::default())
}

fn build_with(scenario: &Scenario, seed: u64, own: Own, extras: Extras) -> World {
    let topology = Topology::of(scenario).expect("there are addresses for all");
    let topology = Arc::new(topology);
    let seed = own_seed(scenario, seed);
    let roster = &Arc::new(roster(scenario, &Draws::new(seed), &topology));
    let Own { registry, checkers } = own;
    let mut owners = owners(scenario, &registry);
    for (node, tapes) in extras.tapes {
        owners[node.0 as usize].tapes = Some(tapes);
    }
    if !extras.no_memo {
        let memo = Arc::new(Memo::new(owners.len()));
        owners.iter_mut().for_each(|owner| owner.memo = Some(Arc::clone(&memo)));
    }
    let config = WorldConfig {
        seed,
        nodes: owners
            .into_iter()
            .zip((0..).map(NodeId).zip(&scenario.nodes))
            .map(|(owner, (id, node))| {
                let factory = match (&node.machine, &node.hostile) {
                    (Some(name), _) => foreign(id, node, name, &registry, &topology),
                    (None, Some(hostile)) => hostile.factory(roster),
                    (None, None) => member(owner, roster),
                };
                setup(node, factory)
            })
            .collect(),
        nats: scenario.nats.clone(),
        pairs: scenario.pairs.clone(),
        faults: scenario.faults.clone(),
        max_events: scenario.max_events,
    };
    let setting = checker::Setting {
        names: scenario.nodes.iter().map(|node| node.name.clone()).collect(),
        canary: roster.canary,
        relays: relays(scenario),
        networks: networks(&scenario.nodes),
        sends: scenario.sends.clone(),
        slowest: slowest(scenario),
        peers: wanted(scenario),
        ping_intervals: scenario.nodes.iter().map(|node| node.ping_interval).collect(),
        repeaters: nodes_that(scenario, |node| {
            matches!(node.lies.lie, Some(Lie::Doubles | Lie::Replays))
        }),
        claimed: scenario.nodes.iter().filter_map(|node| node.claims).collect(),
        gossips: scenario.nodes.iter().map(|node| node.gossip.is_some()).collect(),
        silent: nodes_that(scenario, is_silent),
        public: public(scenario),
        // For these no rule of our protocol is.
        hostile: nodes_that(scenario, |node| !node.is_member()),
        insiders: nodes_that(scenario, |node| node.insider.is_some()),
        topology,
        faults: scenario.faults.clone(),
        is_smooth: oracle::is_smooth(scenario),
        connections: Connections::of(scenario),
    };
    let mut watches: Vec<Box<dyn Watch>> = vec![Box::new(Expectations::new(scenario))];
    watches.extend(checker::all(&setting));
    watches.extend(checkers);
    let mut world = World::new(config, watches);
    extras.witnesses.into_iter().for_each(|witness| world.attach(witness));
    for (id, hostile) in hostile(scenario) {
        world.grant(id, &hostile.powers());
    }
    for (position, send) in (0..).zip(&scenario.sends) {
        world.add_commands(source(SendId(position), send, roster));
    }
    for fault in &scenario.faults {
        for (node, at, _) in secret_acts(fault, scenario) {
            world.schedule_command(at, node, Command::Reconfigure);
        }
    }
    for (node, entry) in (0..).map(NodeId).zip(&scenario.nodes) {
        for (at, _) in &entry.finds {
            world.schedule_command(*at, node, Command::Reconfigure);
        }
    }
    world
}

/// What the run draws from: where cells are independent, something else in each.
fn own_seed(scenario: &Scenario, seed: u64) -> u64 {
    match scenario.is_independent {
        true => Draws::new(seed).stream(&["cell", &scenario.cell.to_string()]).draw(0),
        false => seed,
    }
}

/// Whom each node dials of its own accord, or looks for.
fn wanted(scenario: &Scenario) -> Vec<Vec<NodeId>> {
    let mut wanted: Vec<Vec<NodeId>> =
        scenario.nodes.iter().map(|node| node.dials().collect()).collect();
    for (from, to) in asks(&scenario.nodes, &scenario.sends) {
        wanted[from.0 as usize].push(to);
    }
    wanted
}

/// Those who take part in gossip, and whom nobody may be told of, unless they tell it themselves.
fn is_silent(node: &Node) -> bool {
    let listens = node.gossip.as_ref().is_some_and(|part| !part.is_discoverable);
    listens && node.insider.is_none()
}

fn nodes_that(scenario: &Scenario, are: impl Fn(&Node) -> bool) -> BTreeSet<NodeId> {
    let nodes = (0..).map(NodeId).zip(&scenario.nodes);
    nodes.filter_map(|(id, node)| are(node).then_some(id)).collect()
}

/// Those behind no NAT at any time.
fn public(scenario: &Scenario) -> BTreeSet<NodeId> {
    let nodes = (0..).map(NodeId).zip(&scenario.nodes);
    let roams = |id: NodeId| {
        let mut faults = scenario.faults.iter();
        faults.any(|fault| matches!(fault.kind, FaultKind::Roam { node, .. } if node == id))
    };
    let is_public = |id: NodeId, node: &Node| node.behind.is_none() && node.ipv4 && !roams(id);
    nodes.filter_map(|(id, node)| is_public(id, node).then_some(id)).collect()
}

fn hostile(scenario: &Scenario) -> impl Iterator<Item = (NodeId, &Hostile)> {
    let nodes = (0..).map(NodeId).zip(&scenario.nodes);
    nodes.filter_map(|(id, node)| Some((id, node.hostile.as_ref()?)))
}

/// How their clocks go when they go slowest, at the most.
fn slowest(scenario: &Scenario) -> Vec<Ppm> {
    let nodes = (0..).map(NodeId).zip(&scenario.nodes);
    let slowest = |(id, node): (NodeId, &Node)| {
        let faults = scenario.faults.iter().filter_map(|fault| match &fault.kind {
            FaultKind::Clock { nodes, ppm } if nodes.contains(&id) => Some((*ppm).min(Ppm::ZERO)),
            _ => None,
        });
        Ppm::sum(faults.chain([node.clock_ppm]))
    };
    nodes.map(slowest).collect()
}

fn relays(scenario: &Scenario) -> BTreeMap<NodeId, RelayLimits> {
    let nodes = (0..).map(NodeId).zip(&scenario.nodes);
    nodes.filter_map(|(id, node)| Some((id, node.relay?))).collect()
}

/// What their owners set all nodes up with.
fn owners(scenario: &Scenario, registry: &Registry) -> Vec<Setup> {
    let asks = asks(&scenario.nodes, &scenario.sends);
    let neighbours = neighbours(&scenario.nodes, &asks);
    // Until it is known who is at an address, that takes up room for itself; strangers have half of it.
    let room = |id: NodeId, node: &Node| {
        let is_for_strangers = node.relay.is_some_and(|relay| relay.foreign_bytes > 0);
        let needed = neighbours[id.0 as usize] + node.bootstrap.len();
        if is_for_strangers { 2 * needed } else { needed }
    };
    let setup = |(id, node): (NodeId, &Node)| Setup {
        capacity: node.limits.capacity(room(id, node), node.relay.is_some(), node.gossip.is_some()),
        cpu: node.cpu,
        memo: None,
        peers: node.peers.clone(),
        bootstrap: node.bootstrap.clone(),
        asks: asks.range((id, NodeId(0))..=(id, NodeId(u32::MAX))).map(|(_, to)| *to).collect(),
        access: node.access.clone(),
        relay: node.relay,
        ping_interval: node.ping_interval,
        claims: node.claims,
        gossip: node.gossip.clone(),
        drops_from: node.drops_from,
        drops_of: node.drops_of.clone(),
        lies: node.lies.clone(),
        insider: node.insider.clone(),
        finds: node.finds.clone(),
        secrets: Vec::new(),
        saves: false,
        app: app(node, registry),
        tapes: None,
    };
    let mut owners: Vec<Setup> = (0..).map(NodeId).zip(&scenario.nodes).map(setup).collect();
    for fault in &scenario.faults {
        match &fault.kind {
            FaultKind::Crash(node, State::Kept) | FaultKind::Restart(node, State::Kept) => {
                owners[node.0 as usize].saves = true;
            }
            _ => {}
        }
        for (node, at, act) in secret_acts(fault, scenario) {
            owners[node.0 as usize].secrets.push((at, act));
        }
    }
    for owner in &mut owners {
        owner.secrets.sort_by_key(|(at, _)| *at);
    }
    owners
}

/// What a fault has owners do about secrets, and when.
fn secret_acts(fault: &Fault, scenario: &Scenario) -> Vec<(NodeId, Instant, SecretAct)> {
    let (nodes, act) = match &fault.kind {
        FaultKind::ChangeSecret(nodes) => (nodes, SecretAct::Change),
        FaultKind::RetireSecret(nodes) => (nodes, SecretAct::Retire),
        _ => return Vec::new(),
    };
    let (end, again) = (Instant::ORIGIN + scenario.duration, fault.every);
    let times = successors(Some(fault.at), |at| again.map(|every| *at + every));
    let times = times.take_while(|at| *at < end);
    times.flat_map(|at| nodes.iter().map(move |node| (*node, at, act))).collect()
}

fn app(node: &Node, registry: &Registry) -> AppFactory {
    registry.make_app(&node.app).unwrap_or_else(|| {
        let help = suggest(&node.app, "applications", registry.app_names());
        panic!("no application of `{}` is called {:?}: {help}", node.name, node.app)
    })
}

/// A machine of the user's.
fn foreign(
    id: NodeId,
    node: &Node,
    machine: &str,
    registry: &Registry,
    topology: &Topology,
) -> MachineFactory {
    let make = registry.make_machine(machine).unwrap_or_else(|| {
        let help = suggest(machine, "machines", registry.machine_names());
        panic!("no machine of `{}` is called {machine:?}: {help}", node.name)
    });
    let own = topology.dialled(id, id);
    let shared = |peer| {
        let Addresses { ipv4, ipv6 } = topology.dialled(id, peer);
        let ipv4 = ipv4.filter(|_| own.ipv4.is_some());
        let ipv6 = ipv6.filter(|_| own.ipv6.is_some());
        let is_reachable = ipv4.is_some() || ipv6.is_some();
        is_reachable.then_some((peer, Addresses { ipv4, ipv6 }))
    };
    let peers: Vec<_> = node.dials().filter_map(shared).collect();
    let name = node.name.clone();
    Box::new(move |node, incarnation| {
        make(&Post { node, name: name.clone(), incarnation, peers: peers.clone() })
    })
}

fn setup(node: &Node, factory: MachineFactory) -> NodeSetup {
    NodeSetup {
        name: node.name.clone(),
        start: node.start,
        ipv4: node.ipv4,
        ipv6: node.ipv6,
        behind: node.behind,
        clock_ppm: node.clock_ppm,
        up: node.up,
        down: node.down,
        factory,
    }
}

fn member(owner: Setup, roster: &Arc<Roster>) -> MachineFactory {
    let (roster, setup) = (Arc::clone(roster), Arc::new(owner));
    Box::new(move |_, _| Box::new(Underpass::new(Arc::clone(&roster), Arc::clone(&setup))))
}

fn source(id: SendId, send: &Send, roster: &Roster) -> CommandSource {
    let (to, mode, size, canary) = (send.to, send.mode, send.size, roster.canary);
    let make = Box::new(move |number, sent_at| {
        let payload = Stamp { send: id, number, sent_at }.payload(canary, size);
        Command::Send { send: id, number, to, mode, payload }
    });
    CommandSource { node: send.from, at: send.at, every: send.every, count: send.count, make }
}

/// The counters that the scenario asks about, while the machines are still there.
fn metrics<'s>(world: &World, scenario: &'s Scenario) -> BTreeMap<(NodeId, &'s str), u64> {
    let facts = scenario.expects.iter().flat_map(|expect| &expect.facts);
    let asked = facts.filter_map(|fact| match fact {
        Fact::Metric { node, name, .. } => Some((*node, name.as_str())),
        _ => None,
    });
    let read = |(node, name)| Some(((node, name), world.machine(node)?.metric(name)?));
    asked.filter_map(read).collect()
}

/// The watch that was given to the world first.
fn expectations(outcome: &mut Outcome) -> &mut Expectations {
    outcome.watches[0].downcast_mut().expect("it was put there first")
}
