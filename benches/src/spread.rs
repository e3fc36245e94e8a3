//! The ways of telling everybody something that PROTOCOL.md names, held against each other: by nodes that do
//! nothing else, on the neighbours that the core's nodes have found, over the simulator's links.
//!
//! What the core does not do lives here alone: firmware carries one way.

use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::{Duration, Instant};
use underpass_sim::link::{LinkModel, LossModel};
use underpass_sim::scenario::model::{Fault, FaultKind, NodeId, State};
use underpass_sim::units::{Ppm, Probability};
use underpass_sim::world::{NodeSetup, World, WorldConfig, ipv4_address};

use machine::{CYCLE, PORT, Plan, RUMOURS, Spreader};

mod machine;

/// How a rumour goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Once to every neighbour but the one that it came from.
    Flood,
    /// Plumtree (Leitão, Pereira and Rodrigues, 2007b): along a tree that the first rumours leave behind; the
    /// other neighbours are told its number, and ask for what they miss.
    Tree,
    /// In cycles to so many drawn at random, until `k` of them had heard it, counted since it was news to one
    /// (Demers et al. 1987: push with feedback and counter).
    Feedback {
        /// How many in a cycle.
        fan_out: usize,
        /// Contacts in vain after which a node loses interest.
        k: u32,
        /// Of everybody, as Demers has it, not of neighbours.
        among_all: bool,
    },
}

/// What is in the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Trouble {
    /// Of a hundred datagrams.
    pub lost: u64,
    /// Of a hundred nodes those that are gone when the rumour begins, while their neighbours have not noticed.
    pub gone: u64,
    /// Whether nodes compare once a minute what they have heard.
    pub repairs: bool,
}

/// What became of one rumour.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// How long it took to each of those who heard, in order, and after how many hops.
    pub heard: Vec<(Duration, u8)>,
    /// Who was there to hear.
    pub there: usize,
    /// Copies of it.
    pub copies: u64,
    /// Bytes of these and of all words about it.
    pub bytes: u64,
}

impl Told {
    /// How long until 999 of 1000 had heard; `None` if they did not.
    pub fn reached(&self) -> Option<Duration> {
        let wanted = (self.there * 999).div_ceil(1000);
        self.heard.get(wanted.checked_sub(1)?).map(|(took, _)| *took)
    }
}

/// Rumours before the one that is measured: a tree comes of them.
const BEFORE: usize = RUMOURS - 1;
/// From the last of these to the moment at which nodes go, and on to the rumour.
const BREAK: Duration = Duration::from_secs(5);

/// Tells rumours among nodes with these neighbours, and says what became of the last one.
///
/// # Panics
/// If there are more nodes than IPv4 addresses in the simulator.
pub fn tell(way: Way, neighbours: &[Vec<u32>], trouble: Trouble, seed: u64) -> Told {
    let nodes = neighbours.len() as u32;
    let link = LinkModel { delay: Duration::from_millis(20), ..LinkModel::IDEAL };
    let lost = Probability::ratio(trouble.lost, 100).expect("a share");
    let up = LinkModel { loss: LossModel::Random(lost), ..link };
    // At the beginning of a cycle, or it would have lost a part of its first one.
    let at = |number: usize| Instant::from_micros((number as u64 + 1) * 100 * CYCLE.as_micros());
    let told_at = at(BEFORE) + BREAK + BREAK;
    let teller = |number: usize| (seed as u32 * 7919 + number as u32 * 104_729) % nodes;
    let gone = |node: u32| {
        let draw = (u64::from(node) * 2_654_435_761 + seed * 40_503) >> 7;
        draw % 100 < trouble.gone && node != teller(BEFORE)
    };
    let mut rumours = [(0, Instant::ORIGIN); RUMOURS];
    for (number, rumour) in rumours.iter_mut().enumerate() {
        *rumour = (teller(number), if number == BEFORE { told_at } else { at(number) });
    }
    let addresses = (0..nodes).map(|node| {
        let ip = ipv4_address(NodeId(node)).expect("the range has room for them");
        SocketAddr::from((ip, PORT))
    });
    let plan = Plan { way, repairs: trouble.repairs, addresses: addresses.collect(), rumours };
    let plan = Arc::new(plan);
    let node = |(number, neighbours): (u32, &Vec<u32>)| {
        let (plan, neighbours) = (Arc::clone(&plan), neighbours.clone());
        NodeSetup {
            name: format!("node-{number}"),
            start: Instant::ORIGIN,
            ipv4: true,
            ipv6: false,
            behind: None,
            up,
            down: link,
            clock_ppm: Ppm::ZERO,
            factory: Box::new(move |_, _| {
                Box::new(Spreader::new(Arc::clone(&plan), number, &neighbours))
            }),
        }
    };
    let crash = |node: u32| Fault {
        name: format!("gone-{node}"),
        at: at(BEFORE) + BREAK,
        lasts: None,
        every: None,
        kind: FaultKind::Crash(NodeId(node), State::Lost),
    };
    let config = WorldConfig {
        seed,
        nodes: (0..).zip(neighbours).map(node).collect(),
        nats: Vec::new(),
        pairs: Vec::new(),
        faults: (0..nodes).filter(|node| gone(*node)).map(crash).collect(),
        max_events: u64::MAX,
    };
    let mut world = World::new(config, Vec::new());
    let lasts = Duration::from_secs(if trouble.repairs { 600 } else { 60 });
    world.run_until(told_at + lasts).expect("nothing can go wrong");
    let mut told = Told::default();
    for node in (0..nodes).map(NodeId) {
        let Some(machine) = world.machine(node) else { continue };
        let spreader: &Spreader = machine.downcast_ref().expect("there are no others");
        let (heard, copies, bytes) = spreader.result(BEFORE);
        told.there += 1;
        told.heard.extend(heard.map(|(at, hops)| (at.saturating_since(told_at), hops)));
        (told.copies, told.bytes) = (told.copies + copies, told.bytes + bytes);
    }
    told.heard.sort();
    told
}

/// Nobody's neighbours: for those who tell anybody.
pub fn strangers(nodes: usize) -> Vec<Vec<u32>> {
    vec![Vec::new(); nodes]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Residue and traffic of push with feedback and counter, n = 1000: Demers et al. 1987, Table 1.
    const TABLE_1: [(u32, f64, f64); 5] =
        [(1, 0.18, 1.7), (2, 0.037, 3.3), (3, 0.011, 4.5), (4, 0.0036, 5.6), (5, 0.0012, 6.7)];

    #[test]
    fn what_is_measured_here_is_what_demers_measured() {
        for (k, residue, traffic) in TABLE_1 {
            let way = Way::Feedback { fan_out: 1, k, among_all: true };
            let (mut missed, mut there, mut copies) = (0, 0, 0);
            for seed in 1..=20 {
                let told = tell(way, &strangers(1000), Trouble::default(), seed);
                missed += told.there - told.heard.len();
                there += told.there;
                copies += told.copies;
            }
            let (missed, copies) = (missed as f64 / there as f64, copies as f64 / there as f64);
            assert!((missed / residue - 1.0).abs() < 0.25, "k = {k}: residue {missed}");
            assert!((copies / traffic - 1.0).abs() < 0.06, "k = {k}: traffic {copies}");
        }
    }
}
