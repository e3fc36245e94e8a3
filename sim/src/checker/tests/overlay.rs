use underpass_core::{Duration, Instant};

use super::{Bench, Inside, LAPTOP, MALLORY, PRINTER, SENSOR};
use crate::scenario::model::NodeId;

/// 335 s after all has settled.
const DUE: u64 = 1335;

fn bench() -> Bench {
    Bench::with(|setting| {
        setting.gossips = vec![true, true, false, false];
        setting.hostile.clear();
        setting.connections.due.clear();
    })
}

fn shows(bench: &mut Bench, node: NodeId, neighbours: &[NodeId], second: u64) {
    let inside = Inside { neighbours: neighbours.to_vec(), wanted: 5, ..Inside::default() };
    bench.at(Instant::ORIGIN + Duration::from_secs(second)).called(node, &inside);
}

fn passes(bench: &mut Bench) {
    bench.passed(Instant::ORIGIN + Duration::from_secs(DUE + 30));
}

#[test]
fn two_that_are_neighbours() {
    let mut bench = bench();
    shows(&mut bench, LAPTOP, &[SENSOR], DUE);
    shows(&mut bench, SENSOR, &[LAPTOP], DUE);
    passes(&mut bench);
    bench.is_quiet();
}

#[test]
fn two_that_were_neighbours() {
    let mut bench = bench();
    shows(&mut bench, LAPTOP, &[SENSOR], DUE - 1);
    shows(&mut bench, LAPTOP, &[], DUE);
    shows(&mut bench, SENSOR, &[], DUE);
    bench.is_quiet();
    passes(&mut bench);
    bench.complains(
        "overlay: no way leads from laptop to sensor by neighbours, though nothing has been in the way \
         since 1000s (at 1365s)",
    );
}

#[test]
fn one_that_has_too_few() {
    let mut bench = Bench::with(|setting| {
        setting.gossips = vec![true, true, true, true];
        setting.hostile.clear();
        setting.public = (0..4).map(NodeId).collect();
        setting.peers = vec![vec![SENSOR, PRINTER, MALLORY], Vec::new(), Vec::new(), Vec::new()];
        setting.connections.due.clear();
    });
    let all = [LAPTOP, SENSOR, PRINTER, MALLORY];
    for node in all {
        let others: Vec<NodeId> = all.into_iter().filter(|other| *other != node).collect();
        shows(&mut bench, node, &others[if node == LAPTOP { 1 } else { 0 }..], DUE);
    }
    passes(&mut bench);
    bench.complains(
        "overlay: laptop has 2 neighbours, not 3 at least, though nothing has been in the way since 1000s (at \
         1365s)",
    );
}
