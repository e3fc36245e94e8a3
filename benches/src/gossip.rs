//! How fast everybody hears a rumour, at what cost, what keeping in touch takes, and who is found by a tag.

use std::time::Duration as WallTime;

use underpass_core::{Duration, Instant};
use underpass_sim::machine::underpass::{Cpu, Limits};
use underpass_sim::scenario::Scenario;
use underpass_sim::scenario::build::Node;
use underpass_sim::scenario::model::NodeId;
use underpass_sim::world::World;

use crate::worlds::{processor_time, resident_bytes};

/// From one node to any other, one way: nothing else takes time, so that a round is a hop.
pub const HOP: Duration = Duration::from_millis(40);
/// One comes in after the other, ten within so long.
const TEN_ARRIVE_IN: Duration = Duration::from_millis(60);
/// But no more of them at once than in a crowd of a thousand.
const ARRIVAL_MIN: Duration = Duration::from_secs(60);
/// From the last arrival on it is looked at what joining took, and then what being there takes.
const JOINED_AFTER: Duration = Duration::from_secs(60);
const RESTS_AFTER: Duration = Duration::from_secs(240);
const RESTS_FOR: Duration = Duration::from_secs(60);
/// Of so many nodes one is an entrance: it has room for all, since whoever calls at an address of its own
/// choice stays in touch.
const PER_ENTRANCE: u32 = 2000;
/// Rumours that are told, one after the other, and the time for each.
const RUMOURS: u32 = 5;
const EACH: Duration = Duration::from_secs(10);

/// A crowd that comes in by entrances.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Crowd {
    /// How many.
    pub nodes: u32,
    /// Whether all but the entrances are microcontrollers, whose keys take their time.
    pub boards: bool,
    /// Records that each has room for, if not as many as it usually has.
    pub records: Option<usize>,
}

/// A stretch of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stretch {
    /// Virtual time.
    pub lasts: Duration,
    /// The processor's.
    pub took: WallTime,
    /// UDP payload that a node has sent, on average.
    pub bytes: u64,
}

/// What was seen of a crowd.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Until a minute after the last one has come.
    pub joining: Stretch,
    /// A minute in which nothing happens.
    pub resting: Stretch,
    /// How long it took each rumour until 999 of 1000 nodes had heard it; `None` if they did not.
    pub reached: Vec<Option<Duration>>,
    /// Nodes that heard the one that fewest have heard.
    pub heard: u64,
    /// Copies of all of them.
    pub copies: u64,
    /// By node.
    pub neighbours: Vec<Vec<u32>>,
    /// Whom each knows by their records.
    pub views: Vec<Vec<u32>>,
    /// Memory of the process in the end.
    pub resident: Option<u64>,
}

impl Seen {
    /// The fewest neighbours of a node, the most, and a hundred times their mean.
    pub fn degrees(&self) -> (usize, usize, usize) {
        let lens = || self.neighbours.iter().map(Vec::len);
        let (least, most) = (lens().min().unwrap_or(0), lens().max().unwrap_or(0));
        (least, most, lens().sum::<usize>() * 100 / self.neighbours.len().max(1))
    }

    /// Neighbours that do not have the node for one.
    pub fn one_sided(&self) -> usize {
        let is_missed = |node: u32, other: u32| !self.neighbours[other as usize].contains(&node);
        let of = |(node, others): (u32, &Vec<u32>)| {
            others.iter().filter(|other| is_missed(node, **other)).count()
        };
        (0..).zip(&self.neighbours).map(of).sum()
    }

    /// Parts that have no neighbour in common.
    pub fn parts(&self) -> usize {
        parts(&self.neighbours)
    }
}

/// Lets a crowd come in, rest, and hear a few rumours.
///
/// # Panics
/// If a checker complains.
pub fn measure(crowd: Crowd, seed: u64) -> Seen {
    let nodes = crowd.nodes;
    let arrival = arrival(nodes);
    let mut world = underpass_sim::build(&scenario(crowd), seed);
    let joining = stretch(&mut world, arrival + JOINED_AFTER, nodes);
    stretch(&mut world, arrival + RESTS_AFTER, nodes);
    let resting = stretch(&mut world, arrival + RESTS_AFTER + RESTS_FOR, nodes);
    let neighbours = (0..nodes).map(|node| neighbours(&world, node)).collect();
    let views = (0..nodes).map(|node| view(&world, node)).collect();
    let copies = sum(&world, nodes, "rumours.sent");
    let (mut reached, mut least) = (Vec::new(), u64::MAX);
    for number in 0..RUMOURS {
        let told_at = told_at(nodes, number);
        stretch(&mut world, told_at.saturating_sub(HALF_A_HOP), nodes);
        let before = sum(&world, nodes, "rumours.heard");
        let mut after = None;
        let mut heard = 0;
        for round in 0..EACH.as_micros() / HOP.as_micros() - 1 {
            let passed = HOP.saturating_mul(round);
            stretch(&mut world, told_at + passed + HALF_A_HOP, nodes);
            heard = sum(&world, nodes, "rumours.heard") - before;
            if heard >= (u64::from(nodes) * 999).div_ceil(1000) {
                after.get_or_insert(passed);
            }
            if heard == u64::from(nodes) {
                break;
            }
        }
        reached.push(after);
        least = least.min(heard);
    }
    stretch(&mut world, told_at(nodes, RUMOURS), nodes);
    let copies = sum(&world, nodes, "rumours.sent") - copies;
    let resident = resident_bytes();
    Seen { joining, resting, reached, heard: least, copies, neighbours, views, resident }
}

const HALF_A_HOP: Duration = Duration::from_micros(HOP.as_micros() / 2);

fn arrival(nodes: u32) -> Duration {
    let all = Duration::from_micros(TEN_ARRIVE_IN.as_micros() * u64::from(nodes) / 10);
    all.max(ARRIVAL_MIN)
}

fn told_at(nodes: u32, number: u32) -> Duration {
    arrival(nodes) + RESTS_AFTER + RESTS_FOR + EACH.saturating_mul(u64::from(number + 1))
}

fn stretch(world: &mut World, until: Duration, nodes: u32) -> Stretch {
    let (start, at, bytes) = (processor_time(), world.now(), world.tally().bytes);
    let until = Instant::ORIGIN + until;
    world.run_until(until).unwrap_or_else(|stop| panic!("{stop:?}"));
    Stretch {
        lasts: until.saturating_since(at),
        took: processor_time().saturating_sub(start),
        bytes: (world.tally().bytes - bytes) / u64::from(nodes),
    }
}

fn scenario(crowd: Crowd) -> Scenario {
    let Crowd { nodes, boards, records } = crowd;
    let time = |span: Duration| format!("\"{}us\"", span.as_micros());
    let entrances = nodes.div_ceil(PER_ENTRANCE);
    let others = nodes - entrances;
    let tells = |number: u32| {
        let teller = number * (others / RUMOURS) + 1;
        let at = time(told_at(nodes, number));
        format!("[[send]]\nfrom = \"node-{teller}\"\nto = \"*\"\nat = {at}\nmode = \"broadcast\"\n")
    };
    let told: String = (0..RUMOURS).map(tells).collect();
    let begins = |node: Node| node.set("discoverable", "true");
    let count = |count: u32| move |node: Node| node.set("count", &count.to_string());
    let scenario = Scenario::build("A crowd")
        .duration(told_at(nodes, RUMOURS + 1))
        .seed_list([1])
        .max_events(u64::MAX)
        .link(|link| link.set("delay", &time(HALF_A_HOP)))
        .node("entrance", |node| count(entrances)(begins(node)).set("newcomers", "true"))
        // Where each calls is said below: a list of them all for one entrance would be too long.
        .node("node", |node| count(others)(begins(node)));
    let mut scenario = scenario.toml(&told).finish().unwrap_or_else(|report| panic!("{report}"));
    let gap = Duration::from_micros(arrival(nodes).as_micros() / u64::from(nodes));
    for (number, node) in (0..).zip(&mut scenario.nodes) {
        node.start = Instant::ORIGIN + gap.saturating_mul(u64::from(number));
        if number < entrances {
            // They know each other.
            node.bootstrap = (number > 0).then_some(NodeId(0)).into_iter().collect();
            continue;
        }
        node.bootstrap = vec![NodeId(number % entrances)];
        if boards {
            (node.limits, node.cpu) = (Limits::BOARD, Cpu::BOARD);
        }
        node.limits.records = records.or(node.limits.records);
    }
    scenario
}

/// How likely a tag is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recall {
    /// Nodes that have it.
    pub holders: usize,
    /// Of ten thousand walks and searches of eight, those that found one.
    pub walks: u64,
    /// Likewise.
    pub searches: u64,
}

/// Steps of a walk and walks of a search, as in the core.
const STEPS: usize = 16;
const WALKS: usize = 8;

/// Walks over neighbours of a crowd, as a `PeerRequest` goes, until somebody knows one of so many holders of a
/// tag, who are drawn anew a hundred times, as are a hundred who ask.
pub fn recall(seen: &Seen, holders: usize) -> Recall {
    let nodes = seen.neighbours.len();
    let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
    let (mut walks, mut searches) = (0, 0);
    for _ in 0..100 {
        let mut has_tag = vec![false; nodes];
        let mut left = holders;
        while left > 0 {
            let place = draw.below(nodes);
            left -= usize::from(!std::mem::replace(&mut has_tag[place], true));
        }
        let knows = |node: usize| {
            let known = seen.views[node].iter();
            has_tag[node] || known.into_iter().any(|known| has_tag[*known as usize])
        };
        for _ in 0..100 {
            let asker = draw.below(nodes);
            let found: Vec<bool> =
                (0..WALKS).map(|_| walk(asker, &seen.neighbours, knows, &mut draw)).collect();
            walks += u64::from(found[0]);
            searches += u64::from(found.contains(&true));
        }
    }
    Recall { holders, walks, searches }
}

fn walk(
    asker: usize,
    neighbours: &[Vec<u32>],
    knows: impl Fn(usize) -> bool,
    draw: &mut Draw,
) -> bool {
    let (mut before, mut node) = (asker, asker);
    for _ in 0..STEPS {
        let next: Vec<usize> = neighbours[node].iter().map(|next| *next as usize).collect();
        // Not back to where the question came from.
        let next: Vec<usize> = next.into_iter().filter(|next| *next != before).collect();
        if next.is_empty() {
            return false;
        }
        (before, node) = (node, next[draw.below(next.len())]);
        if knows(node) {
            return true;
        }
    }
    false
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % bound as u64) as usize
    }
}

fn sum(world: &World, nodes: u32, metric: &str) -> u64 {
    let of = |node| world.machine(NodeId(node)).and_then(|machine| machine.metric(metric));
    (0..nodes).filter_map(of).sum()
}

fn neighbours(world: &World, node: u32) -> Vec<u32> {
    let mut all = Vec::new();
    let inside = world.machine(NodeId(node)).and_then(|machine| machine.inspect());
    if let Some(inside) = inside {
        inside.neighbours(&mut |other| all.push(other.0));
    }
    all
}

/// Whom a node knows by their records.
fn view(world: &World, node: u32) -> Vec<u32> {
    let mut all = Vec::new();
    let inside = world.machine(NodeId(node)).and_then(|machine| machine.inspect());
    if let Some(inside) = inside {
        // Each has one address.
        inside.addresses_told(&mut |of, _| all.push(of.0));
    }
    all
}

/// Parts of a graph that nothing joins.
fn parts(neighbours: &[Vec<u32>]) -> usize {
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
            let (one, other) = (root(&mut part, node), root(&mut part, *other as usize));
            part[one] = other;
        }
    }
    (0..part.len()).filter(|node| part[*node] == *node).count()
}
