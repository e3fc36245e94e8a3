//! The least that any simulator does: a loop over a heap of events, without a network or a trace.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::{EVERY, LASTS, LATENCY, LENGTH, PING, PONG};

/// A datagram for a machine, or its wake.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Wake,
    Datagram { from: u32, bytes: [u8; LENGTH] },
}

/// Runs a ring of so many machines; returns how many datagrams were sent.
pub(crate) fn run(machines: u32) -> u64 {
    let (every, lasts) = (micros(EVERY), micros(LASTS));
    let (least, most) = (micros(LATENCY.0), micros(LATENCY.1));
    let mut draw = splitmix(1);
    let mut heap = BinaryHeap::new();
    let mut sent = 0;
    let mut push = |heap: &mut BinaryHeap<_>, at: u64, to: u32, event: Event| {
        sent += 1;
        heap.push(Reverse((at, sent, to, event)));
    };
    for machine in 0..machines {
        push(&mut heap, draw() % every, machine, Event::Wake);
    }
    let mut datagrams = 0;
    while let Some(Reverse((at, _, machine, event))) = heap.pop() {
        if at > lasts {
            break;
        }
        let (to, kind) = match event {
            Event::Wake => {
                push(&mut heap, at + every, machine, Event::Wake);
                ((machine + 1) % machines, PING)
            }
            Event::Datagram { from, bytes } if bytes[0] == PING => (from, PONG),
            Event::Datagram { .. } => continue,
        };
        datagrams += 1;
        let arrives = at + least + draw() % (most - least);
        push(&mut heap, arrives, to, Event::Datagram { from: machine, bytes: [kind; LENGTH] });
    }
    datagrams
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).expect("it is short")
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
fn splitmix(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut draw = state;
        draw = (draw ^ (draw >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        draw = (draw ^ (draw >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        draw ^ (draw >> 31)
    }
}
