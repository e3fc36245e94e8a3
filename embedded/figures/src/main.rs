//! Counts the instructions of what a node does, and says them: a line `NAME VALUE` for each.
#![no_std]
#![no_main]

mod clock;
mod side;
#[path = "../../qemu/src/stack.rs"]
mod stack;

use core::panic::PanicInfo;

// They bring the critical sections.
#[cfg(target_arch = "arm")]
use cortex_m as _;
#[cfg(target_arch = "riscv32")]
use riscv as _;
use semihosting::{eprintln, println, process};
use underpass_core::{Duration, Instant};

use crate::side::{Side, Spent, run};

underpass_core::storage! {
    struct Tables {
        peers: 8, handshakes: 4, window_bits: 256,
        messages: 16, message_window: 32, buffer: 4096, circuits: 0, punches: 1, records: 16, rumours: 2,
    }
}

static mut TABLES: [Tables; 2] = [Tables::EMPTY; 2];

/// Packets of each length.
const PACKETS: u32 = 100;

#[allow(missing_docs, reason = "riscv-rt makes a public function of it")]
#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", riscv_rt::entry)]
fn main() -> ! {
    clock::start();
    let tables = &raw mut TABLES;
    // SAFETY: this is the entry, and nothing else names the static.
    let [one, other] = unsafe { &mut *tables };
    let mut sides = [Side::new(1, one), Side::new(2, other)];
    // From here on: what is above it is this program's own, and the two nodes themselves.
    stack::paint();
    let before = stack::used();
    handshake(&mut sides);
    packets::<64>(&mut sides);
    packets::<1152>(&mut sides);
    idle(&mut sides);
    println!("stack {}", stack::used() - before);
    println!("grain {}", clock::GRAIN);
    process::exit(0)
}

type Sides = [Side<&'static mut Tables>; 2];

fn after(seconds: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(seconds)
}

fn handshake(sides: &mut Sides) {
    let [one, other] = sides;
    let (id, path) = (other.keys.id(), other.path());
    let called = one.call(|node| node.connect(id, Some(path), Instant::ORIGIN));
    called.expect("there is room");
    run(sides, Instant::ORIGIN, after(2));
    let [one, other] = sides;
    let caller = one.keys.id();
    assert!(one.sees(&id) && other.sees(&caller), "they have met");
    for (side, name) in sides.iter_mut().zip(["initiator", "responder"]) {
        let Spent { calls, longest_call, jobs, longest_job, job_count } = side.spent;
        println!("handshake-{name}-calls {calls}");
        println!("handshake-{name}-jobs {jobs}");
        println!("handshake-{name}-job-count {job_count}");
        println!("handshake-{name}-longest-call {longest_call}");
        println!("handshake-{name}-longest-job {longest_job}");
        side.spent = Spent::default();
    }
}

/// Packets from one to the other.
fn packets<const LEN: usize>(sides: &mut Sides) {
    let [one, other] = sides;
    let peer = one.node.peer(&other.keys.id()).expect("they have met");
    let path = one.path();
    for _ in 0..PACKETS {
        let [out, arrived] = &mut one.buffers;
        let sent = one.spent.count(|| one.node.send_datagram(peer, &[7; LEN], out));
        let transmit = sent.expect("they have met");
        let (_, datagram) = transmit.datagrams(out).next().expect("it goes somewhere");
        let arrived = &mut arrived[..datagram.len()];
        arrived.copy_from_slice(datagram);
        let is_open = other.call(|node| node.handle_datagram(path, arrived, after(2)).is_ok());
        assert!(is_open, "it is opened");
    }
    println!("seal-{LEN} {}", one.spent.calls / u64::from(PACKETS));
    println!("open-{LEN} {}", other.spent.calls / u64::from(PACKETS));
    sides.iter_mut().for_each(|side| side.spent = Spent::default());
}

/// A minute of nothing but being there.
fn idle(sides: &mut Sides) {
    run(sides, after(2), after(62));
    sides.iter_mut().for_each(|side| side.spent = Spent::default());
    run(sides, after(62), after(122));
    for (side, name) in sides.iter().zip(["initiator", "responder"]) {
        assert_eq!(side.spent.job_count, 0, "nobody is renewed");
        println!("idle-minute-{name} {}", side.spent.calls);
    }
    let longest = sides.iter().map(|side| side.spent.longest_call).max();
    println!("idle-longest-call {}", longest.unwrap_or(0));
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    eprintln!("{info}");
    process::exit(1)
}
