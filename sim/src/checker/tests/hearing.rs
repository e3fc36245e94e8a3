use underpass_core::{Duration, Instant};

use super::{Bench, CHAT, LAPTOP, SENSOR};
use crate::scenario::model::{Mode, NodeId};
use crate::trace::Observation;

/// 335 s after all has settled.
const DUE: u64 = 1335;

/// Of what the laptop says to everybody, the second comes when all must hang together.
fn bench() -> Bench {
    Bench::with(|setting| {
        setting.gossips = vec![true, true, false, false];
        setting.hostile.clear();
        setting.connections.due.clear();
        setting.sends.truncate(1);
        let send = &mut setting.sends[0];
        (send.mode, send.count) = (Mode::Broadcast, 2);
        send.at = at(DUE - 1);
    })
}

fn at(second: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(second)
}

fn hears(bench: &mut Bench, node: NodeId, number: u64, second: u64) {
    let latency = Duration::ZERO;
    let heard = Observation::Heard { from: LAPTOP, send: CHAT, number, latency };
    bench.at(at(second)).observed(node, heard);
}

#[test]
fn whoever_hears_it_in_time() {
    let mut bench = bench();
    hears(&mut bench, SENSOR, 1, DUE + 9);
    bench.passed(at(DUE + 20));
    bench.is_quiet();
}

#[test]
fn whoever_hears_it_too_late() {
    let mut bench = bench();
    bench.passed(at(DUE + 9));
    bench.is_quiet();
    hears(&mut bench, SENSOR, 1, DUE + 11);
    bench.complains(
        "hearing: sensor has not heard what laptop said to everybody at 1335s, 10s later (at 1346s)",
    );
}

#[test]
fn whoever_hears_it_twice() {
    let mut bench = bench();
    hears(&mut bench, SENSOR, 0, 10);
    hears(&mut bench, SENSOR, 1, 11);
    // In another life, it may.
    bench.observed(SENSOR, Observation::Started { incarnation: 1 });
    hears(&mut bench, SENSOR, 1, 20);
    bench.is_quiet();
    hears(&mut bench, SENSOR, 1, 21);
    bench.complains("hearing: sensor heard broadcast 1 of laptop twice (at 21s)");
}
