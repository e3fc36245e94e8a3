//! Simulated networks of real nodes.

use std::time::{Duration as WallTime, Instant as WallClock};

use underpass_core::{Duration, Instant};
use underpass_sim::link::LinkModel;
use underpass_sim::machine::underpass::Limits;
use underpass_sim::scenario::model::{Cell, Node, NodeId, Scenario};

/// A network in which every node keeps in touch with its six nearest neighbours on a ring, three of
/// which it dials.
pub fn ring(nodes: u32) -> Scenario {
    let access = LinkModel {
        delay: Duration::from_millis(10),
        jitter: Duration::from_millis(2),
        ..LinkModel::IDEAL
    };
    let node = |id: u32| Node {
        // Nobody switches on everything at once; and the pings stay spread out ever after.
        start: Instant::from_micros(u64::from(id) * 10_000_000 / u64::from(nodes)),
        up: access,
        down: access,
        peers: (1..=3).map(|step| NodeId((id + step) % nodes)).collect(),
        ..Node::new(format!("node-{id}"))
    };
    Scenario {
        cell: Cell::default(),
        cells: 1,
        is_independent: false,
        name: format!("ring-{nodes}"),
        title: String::new(),
        tags: Vec::new(),
        quarantine: None,
        duration: Duration::MAX,
        seeds: vec![1],
        max_events: u64::MAX,
        nodes: (0..nodes).map(node).collect(),
        nats: Vec::new(),
        pairs: Vec::new(),
        sends: Vec::new(),
        faults: Vec::new(),
        expects: Vec::new(),
    }
}

/// Resident memory that each of so many boards takes in a world, in bytes: node, links, and its
/// share of packets and events, once all are in touch with their six peers. `None` where the system
/// does not say what a process takes (it is read from Linux' `/proc/self/statm`).
///
/// # Panics
/// If a checker complains.
pub fn bytes_per_board(nodes: u32) -> Option<u64> {
    let mut scenario = ring(nodes);
    for node in &mut scenario.nodes {
        node.limits = Limits::BOARD;
    }
    let before = resident_bytes()?;
    let mut world = underpass_sim::build(&scenario, 1);
    // The last node is switched on after ten seconds.
    world
        .run_until(Instant::ORIGIN + Duration::from_secs(30))
        .unwrap_or_else(|stop| panic!("{stop}"));
    let bytes = resident_bytes()?.saturating_sub(before);
    drop(world);
    Some(bytes / u64::from(nodes))
}

/// The second number is of pages, which have 4 KiB on the machines that this is measured on.
pub(crate) fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// How long this thread has been on a processor, whoever else uses the machine, where the system says so
/// (Linux' `/proc/thread-self/schedstat`); else how long it has been since the first call.
pub(crate) fn processor_time() -> WallTime {
    static FIRST: std::sync::OnceLock<WallClock> = std::sync::OnceLock::new();
    let first = FIRST.get_or_init(WallClock::now);
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = schedstat.and_then(|it| it.split_whitespace().next()?.parse().ok());
    nanos.map_or_else(|| first.elapsed(), WallTime::from_nanos)
}

/// How long a stretch of a run took, and how much happened in it.
pub struct Cost {
    /// Virtual time.
    pub virtual_s: u64,
    /// Wall time.
    pub wall: WallTime,
    /// Datagrams sent.
    pub datagrams: u64,
}

/// Runs a network on this thread up to each of these virtual times, and says what each stretch
/// cost.
///
/// # Panics
/// If a checker complains.
pub fn stretches(scenario: &Scenario, until_s: &[u64]) -> Vec<Cost> {
    let mut world = underpass_sim::build(scenario, 1);
    let (mut before_s, mut sent) = (0, 0);
    let stretch = |&until_s: &u64| {
        let start = WallClock::now();
        world
            .run_until(Instant::ORIGIN + Duration::from_secs(until_s))
            .unwrap_or_else(|stop| panic!("{stop}"));
        let total = world.tally().datagrams;
        let cost =
            Cost { virtual_s: until_s - before_s, wall: start.elapsed(), datagrams: total - sent };
        (before_s, sent) = (until_s, total);
        cost
    };
    until_s.iter().map(stretch).collect()
}
