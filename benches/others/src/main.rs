//! One workload in several simulators: machines in a ring, each of which pings the next one every
//! 10 ms and answers the pings of the other, for a virtual minute, 1 to 5 ms from each to the next.
//!
//! All run on one core, in turns, in one process; each figure is the best of its runs.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "measuring is what wall clocks are for"
)]

mod bare;
mod in_madsim;
mod in_turmoil;

use std::time::{Duration, Instant};

use underpass_benches::engine;

/// How often each pings.
const EVERY: Duration = Duration::from_millis(10);
/// How long, in virtual time.
const LASTS: Duration = Duration::from_secs(60);
/// How long a datagram takes at least and at most.
const LATENCY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(5));
/// Bytes of a datagram.
const LENGTH: usize = 64;
const PORT: u16 = 4000;
const PING: u8 = 0;
const PONG: u8 = 1;

/// Runs of each; the best counts.
const RUNS: usize = 3;

/// Runs a ring of so many machines, and returns how many datagrams were sent.
type Ring = fn(u32) -> u64;

fn main() {
    println!("machines in a ring ping every 10 ms, a virtual minute, one core, ms");
    println!("                   bare heap  underpass     madsim    turmoil    ratio");
    for machines in [10, 30] {
        row(machines, None, Some(in_turmoil::run));
    }
    for machines in [100, 1000] {
        row(machines, Some(in_madsim::run), None);
    }
}

fn row(machines: u32, madsim: Option<Ring>, turmoil: Option<Ring>) {
    let rings = [Some(bare::run as Ring), Some(ours), madsim, turmoil];
    let mut best = [None; 4];
    for _ in 0..RUNS {
        for (ring, best) in rings.iter().zip(&mut best) {
            let Some(ring) = ring else { continue };
            let took = time(*ring, machines);
            *best = Some(best.map_or(took, |best: Duration| best.min(took)));
        }
    }
    let [bare, ours, madsim, turmoil] = best;
    let ms = |took: Option<Duration>| took.map_or("-".into(), |took| took.as_millis().to_string());
    let ratio = ours.zip(madsim.or(turmoil)).map(|(ours, other)| {
        let tenths = other.as_micros() * 10 / ours.as_micros().max(1);
        format!("{}.{}", tenths / 10, tenths % 10)
    });
    println!(
        "  {machines:>5} machines {:>12} {:>10} {:>10} {:>10} {:>8}",
        ms(bare),
        ms(ours),
        ms(madsim),
        ms(turmoil),
        ratio.expect("one of the two was run"),
    );
}

/// # Panics
/// If it is not the same workload: every machine pings 6000 times, and what was pinged answers.
fn time(ring: Ring, machines: u32) -> Duration {
    let begun = Instant::now();
    let datagrams = ring(machines);
    let took = begun.elapsed();
    let wanted = 2 * 6000 * u64::from(machines);
    assert!(datagrams.abs_diff(wanted) <= wanted / 1000, "{datagrams} datagrams, not {wanted}");
    took
}

fn ours(machines: u32) -> u64 {
    engine::run(machines).1
}
