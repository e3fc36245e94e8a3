//! How fast everybody hears a rumour, at what cost, and the overlay that carries it.

use underpass_core::{Duration, Instant};
use underpass_sim::scenario::Scenario;
use underpass_sim::scenario::build::Node;
use underpass_sim::scenario::model::NodeId;
use underpass_sim::world::World;

/// From one node to any other, one way: nothing else takes time, so that a round is a hop.
pub const HOP: Duration = Duration::from_millis(40);
/// Everybody comes in one after the other within this time, by one entrance.
const ARRIVAL: Duration = Duration::from_secs(60);
/// When the rumour is told: a few shuffles after the last has come.
const TOLD_AT: Duration = Duration::from_secs(360);
/// If not enough have heard by then, they do not.
const ROUNDS_MAX: u64 = 2000;

/// What was seen of one rumour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spread {
    /// Hops until 999 of 1000 nodes had heard.
    pub rounds: Option<u64>,
    /// Who had heard when nothing moved any more.
    pub heard: usize,
    /// Copies of it, all told.
    pub copies: u64,
    /// The fewest neighbours of a node, and the most.
    pub neighbours: (usize, usize),
    /// Neighbours that do not have the node for one.
    pub one_sided: usize,
    /// Parts that have no neighbour in common.
    pub parts: usize,
}

/// So many nodes, one of which tells a rumour.
///
/// # Panics
/// If a checker complains.
pub fn measure(nodes: u32, seed: u64) -> Spread {
    let mut world = underpass_sim::build(&crowd(nodes), seed);
    let run_to = |world: &mut World, at: Instant| {
        world.run_until(at).unwrap_or_else(|stop| panic!("{stop:?}"));
    };
    let told_at = Instant::ORIGIN + TOLD_AT;
    run_to(&mut world, Instant::from_micros(TOLD_AT.as_micros() - 1));
    let neighbours: Vec<Vec<usize>> = (0..nodes).map(|node| neighbours(&world, node)).collect();
    let copies = sum(&world, nodes, "rumours.sent");
    let wanted = u64::from(nodes) * 999 / 1000;
    let mut rounds = None;
    for round in 0..ROUNDS_MAX {
        run_to(
            &mut world,
            told_at + HOP.saturating_mul(round) + Duration::from_micros(HOP.as_micros() / 2),
        );
        let heard = sum(&world, nodes, "rumours.heard");
        if rounds.is_none() && heard >= wanted {
            rounds = Some(round);
        }
        if heard == u64::from(nodes) {
            break;
        }
    }
    let end = world.now() + Duration::from_secs(5);
    run_to(&mut world, end);
    let lens = || neighbours.iter().map(Vec::len);
    let one_sided = |node: usize| {
        neighbours[node].iter().filter(|other| !neighbours[**other].contains(&node)).count()
    };
    Spread {
        rounds,
        heard: sum(&world, nodes, "rumours.heard") as usize,
        copies: sum(&world, nodes, "rumours.sent") - copies,
        neighbours: (lens().min().unwrap_or(0), lens().max().unwrap_or(0)),
        one_sided: (0..neighbours.len()).map(one_sided).sum(),
        parts: parts(&neighbours),
    }
}

fn crowd(nodes: u32) -> Scenario {
    let broadcast = format!(
        "[[send]]\nfrom = \"node-1\"\nto = \"*\"\nat = \"{}us\"\nmode = \"broadcast\"\n",
        TOLD_AT.as_micros()
    );
    let time = |span: Duration| format!("\"{}us\"", span.as_micros());
    let begins = |node: Node| node.set("discoverable", "true");
    let gap = Duration::from_micros(ARRIVAL.as_micros() / u64::from(nodes));
    let scenario = Scenario::build("A crowd")
        .duration(Duration::from_secs(3600))
        .seed_list([1])
        .max_events(u64::MAX)
        .link(|link| link.set("delay", &time(Duration::from_micros(HOP.as_micros() / 2))))
        .node("entrance", |node| begins(node).set("newcomers", "true"))
        .node("node", |node| {
            let node = begins(node).set("count", &(nodes - 1).to_string());
            node.set("bootstrap", "[\"entrance\"]")
        });
    let mut scenario =
        scenario.toml(&broadcast).finish().unwrap_or_else(|report| panic!("{report}"));
    for (number, node) in (0..).zip(&mut scenario.nodes) {
        node.start = Instant::ORIGIN + gap.saturating_mul(number);
    }
    scenario
}

fn sum(world: &World, nodes: u32, metric: &str) -> u64 {
    let of = |node| world.machine(NodeId(node)).and_then(|machine| machine.metric(metric));
    (0..nodes).filter_map(of).sum()
}

fn neighbours(world: &World, node: u32) -> Vec<usize> {
    let mut all = Vec::new();
    let inside = world.machine(NodeId(node)).and_then(|machine| machine.inspect());
    if let Some(inside) = inside {
        inside.neighbours(&mut |other| all.push(other.0 as usize));
    }
    all
}

/// Parts of a graph that nothing joins.
fn parts(neighbours: &[Vec<usize>]) -> usize {
    let mut part: Vec<usize> = (0..neighbours.len()).collect();
    fn root(part: &mut [usize], mut node: usize) -> usize {
        while part[node] != node {
            part[node] = part[part[node]];
            node = part[node];
        }
        node
    }
    for (node, others) in neighbours.iter().enumerate() {
        for other in others {
            let (one, other) = (root(&mut part, node), root(&mut part, *other));
            part[one] = other;
        }
    }
    (0..part.len()).filter(|node| part[*node] == *node).count()
}
