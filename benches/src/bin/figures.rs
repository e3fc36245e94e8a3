//! The figures of the README, each by a measurement made now, on this machine.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "measuring is what wall clocks are for"
)]

use std::process::Command;
use std::time::Instant;

use clap::{Parser, Subcommand};
use underpass_benches::crowd::Crowd;
use underpass_benches::data_path::{BATCH, Bare, Session};
use underpass_benches::engine;
use underpass_benches::goodput::{self, Goodput};
use underpass_benches::gossip::{self, Spread};
use underpass_benches::handshake::{Knowing, Meeting, bare_side};
use underpass_benches::measure::{Comparison, compare, compare_alike, compare_sides};
use underpass_benches::nat;
use underpass_benches::population::{self, Punched, Who};
use underpass_benches::relaying::Relaying;
use underpass_benches::worlds::{Cost, bytes_per_board, ring, stretches};
use underpass_core::{Capacity, Node};

/// Measures what the protocol and the simulator cost.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand, Clone, PartialEq)]
enum What {
    /// Seal and open against the bare cipher, in time.
    DataPath,
    /// The same in instructions; takes valgrind.
    Instructions,
    /// A relay's packets, opened and sealed again.
    Relay,
    /// A handshake against its bare scalar multiplications.
    Handshake,
    /// A datagram with 4096 peers drawn at random, against 8.
    Crowd,
    /// Messages over a link of 10 Mbit/s and 50 ms a round trip.
    Goodput,
    /// Bytes that a node takes, by itself and in a world.
    State,
    /// The simulator without our protocol.
    Engine,
    /// Packets through a simulated NAT, and what its mappings take.
    Nat,
    /// Simulated networks: 50 nodes for an hour, 10,000 nodes for a minute.
    Worlds,
    /// Pairs behind NATs as surveys found them: how many punch through, and at the first attempt.
    Population,
    /// A rumour in a crowd of 100 and one of 1000: hops and time until all but one in a thousand know it.
    Gossip {
        /// Crowds of these sizes instead.
        nodes: Vec<u32>,
    },
    /// The work that `instructions` counts.
    #[command(hide = true)]
    Work { operation: String, size: usize, batches: usize },
}

fn main() {
    match Arguments::parse().what {
        Some(What::DataPath) => data_path(),
        Some(What::Instructions) => instructions(),
        Some(What::Relay) => relay(),
        Some(What::Handshake) => handshake(),
        Some(What::Crowd) => crowd(),
        Some(What::Goodput) => goodput(),
        Some(What::State) => state(),
        Some(What::Engine) => engine(),
        Some(What::Nat) => nats(),
        Some(What::Worlds) => worlds(),
        Some(What::Population) => population(),
        Some(What::Gossip { nodes }) if nodes.is_empty() => rumours(&CROWDS),
        Some(What::Gossip { nodes }) => rumours(&nodes),
        Some(What::Work { operation, size, batches }) => work(&operation, size, batches),
        None => {
            data_path();
            instructions();
            relay();
            handshake();
            crowd();
            goodput();
            state();
            engine();
            nats();
            worlds();
            population();
            rumours(&CROWDS);
        }
    }
}

/// So many that what a world has once is little beside them.
const BOARDS: u32 = 1000;
const SIZES: [usize; 2] = [64, 1152];

fn data_path() {
    println!("data path, ns a packet             ours   bare  ratio");
    for size in SIZES {
        let (mut session, mut bare) = (Session::new(size), Bare::new(size));
        let sealed = compare(BATCH as u128, || session.seal(), || bare.seal());
        show(&format!("seal {size} bytes"), &sealed);
        let both = compare(
            BATCH as u128,
            || {
                session.seal();
                session.open();
            },
            || {
                bare.seal();
                bare.open();
            },
        );
        show(&format!("seal and open {size} bytes"), &both);
    }
    println!();
}

fn relay() {
    println!("a relay, ns a packet               ours   bare  ratio");
    for size in SIZES {
        let mut relaying = Relaying::new(size);
        relaying.seal();
        let mut bare = relaying.bare();
        relaying.forward();
        let timed = |work: &mut dyn FnMut()| {
            let start = Instant::now();
            work();
            start.elapsed()
        };
        let [_, forwarded] = compare_alike(
            BATCH as u128,
            || [timed(&mut || relaying.seal()), timed(&mut || relaying.forward())],
            || {
                let sealed = timed(&mut || bare.seal());
                [sealed, sealed + timed(&mut || bare.open())]
            },
        );
        show(&format!("forward {size} bytes"), &forwarded);
        let packets = 1_000_000_000 / forwarded.ours_ns.max(1);
        println!("    {packets} packets a second, 0 copies");
    }
    println!();
}

fn handshake() {
    println!("handshake, a side, ns              ours   bare  ratio");
    for (name, knowing) in [("IK", Knowing::TheKey), ("XX", Knowing::AnAddress)] {
        let mut meeting = Meeting::new();
        let sides = compare_sides(|| meeting.meet(knowing), || bare_side(knowing));
        for (side, comparison) in ["initiator", "responder"].iter().zip(&sides) {
            show(&format!("{name}, {side}"), comparison);
        }
    }
    println!();
}

fn crowd() {
    println!("a datagram of 64 bytes, ns   4096 peers 8 peers  ratio");
    let (mut many, mut few) = (Crowd::new(4096), Crowd::new(8));
    let batch = underpass_benches::crowd::BATCH as u128;
    let ways = compare_alike(batch, || many.exchange(), || few.exchange());
    for (way, comparison) in ["sealed", "opened"].iter().zip(&ways) {
        show(way, comparison);
    }
    println!();
}

fn goodput() {
    println!("messages over 10 Mbit/s, 50 ms a round trip, a virtual minute");
    for lost_milli in [0, 10, 50] {
        let Goodput { share_milli, messages } = goodput::measure(lost_milli);
        let (percent, tenth) = (share_milli / 10, share_milli % 10);
        let lost = lost_milli / 10;
        println!("  {lost} % lost: {messages:>6} messages, {percent}.{tenth} % of the link");
    }
    println!();
}

fn state() {
    println!("state, bytes                      whole  a peer");
    let board = Capacity {
        peers: 8,
        handshakes: 4,
        window_bits: 256,
        messages: 16,
        message_window: 32,
        buffer: 4096,
        circuits: 0,
        punches: 1,
        records: 16,
        rumours: 2,
    };
    let host = Capacity {
        peers: 4096,
        handshakes: 256,
        window_bits: 8192,
        messages: 1024,
        message_window: 1024,
        buffer: 1 << 20,
        circuits: 0,
        punches: 64,
        records: 1024,
        rumours: 16,
    };
    for (what, capacity) in [("a board, 8 peers", board), ("a host, 4096 peers", host)] {
        let whole = size_of::<Node<()>>() + capacity.bytes();
        let more = Capacity { peers: 2 * capacity.peers, ..capacity };
        let each = (more.bytes() - capacity.bytes()) / capacity.peers;
        println!("  {what:<27} {whole:>10} {each:>7}");
    }
    match bytes_per_board(BOARDS) {
        Some(bytes) => println!("  a board in the simulator    {bytes:>10}"),
        None => println!("  a board in the simulator: this system does not say"),
    }
    println!();
}

fn show(what: &str, comparison: &Comparison) {
    let Comparison { ours_ns, bare_ns, ratio_milli } = comparison;
    let (whole, fraction) = (ratio_milli / 1000, ratio_milli % 1000 / 10);
    println!("  {what:<30} {ours_ns:>7} {bare_ns:>6}  {whole}.{fraction:02}");
}

fn engine() {
    println!(
        "the simulator alone: machines in a ring ping every 10 ms, a virtual minute, one core"
    );
    for machines in [10, 100, 1000] {
        let (wall, datagrams) = engine::run(machines);
        let millions = u128::from(datagrams) * 100 / wall.as_micros().max(1);
        let (whole, fraction) = (millions / 100, millions % 100);
        let wall_ms = wall.as_millis();
        println!(
            "  {machines:>5} machines {wall_ms:>20} ms, {datagrams:>8} datagrams, {whole}.{fraction:02} million a second"
        );
    }
    println!();
}

fn nats() {
    println!("a simulated NAT, million packets a second, one core");
    println!("                                outbound  inbound  bytes a mapping");
    for mappings in [10, 1000, 60_000] {
        let nat::Cost { outbound, inbound, bytes_per_mapping } = nat::run(mappings);
        let [outbound, inbound] = [outbound, inbound].map(|took| {
            let hundredths = u128::from(nat::PACKETS) * 100 / took.as_micros().max(1);
            format!("{}.{:02}", hundredths / 100, hundredths % 100)
        });
        println!("  {mappings:>6} mappings {outbound:>23} {inbound:>8} {bytes_per_mapping:>16}");
    }
    println!();
}

fn worlds() {
    println!("simulated networks on one core, 6 peers a node, real cryptography");
    for cost in stretches(&ring(50), &[3600]) {
        show_world("50 nodes, an hour", &cost);
    }
    // The last node is switched on after ten seconds.
    let joining_and_after = stretches(&ring(10_000), &[12, 72]);
    for (what, cost) in ["10,000 nodes join", "and keep in touch"].iter().zip(&joining_and_after) {
        show_world(what, cost);
    }
    println!();
}

fn show_world(what: &str, cost: &Cost) {
    let Cost { virtual_s, wall, datagrams } = cost;
    let wall_ms = wall.as_millis();
    let speed_tenths = u128::from(*virtual_s) * 10_000 / wall_ms.max(1);
    let (whole, tenth) = (speed_tenths / 10, speed_tenths % 10);
    println!(
        "  {what:<20} {virtual_s:>5} s in {wall_ms:>6} ms, {datagrams:>7} datagrams, {whole}.{tenth} times real time"
    );
}

const PAIRS: u32 = 1000;

fn population() {
    println!("{PAIRS} pairs behind NATs drawn by surveys' shares, all of which talk, in 240 s");
    println!("                             direct  of these at the first attempt");
    let kinds = [
        ("a home and a home", [Who::Household, Who::Household]),
        ("a home and a phone", [Who::Household, Who::Phone]),
        ("a phone and a phone", [Who::Phone, Who::Phone]),
    ];
    for (what, who) in kinds {
        let Punched { pairs, direct, at_first } = population::measure(who, PAIRS);
        let percent = |part: u32, whole: u32| {
            let milli = part * 1000 / whole.max(1);
            format!("{}.{} %", milli / 10, milli % 10)
        };
        println!("  {what:<22} {:>10} {:>13}", percent(direct, pairs), percent(at_first, direct));
    }
    println!("  measured (arXiv 2510.27500)  70 +- 7.1 %    97.6 %");
    println!();
}

const CROWDS: [u32; 2] = [100, 1000];

fn rumours(crowds: &[u32]) {
    println!(
        "a rumour among neighbours, {} ms from one to the next",
        gossip::HOP.as_micros() / 1000
    );
    println!(
        "   nodes   99.9 % know it after   heard it   copies a node   neighbours  one-sided  parts"
    );
    for &nodes in crowds {
        let spread = gossip::measure(nodes, 1);
        let Spread { rounds, heard, copies, neighbours: (least, most), one_sided, parts } = spread;
        let after = rounds.map_or("never".to_owned(), |rounds| {
            let ms = rounds * gossip::HOP.as_micros() / 1000;
            format!("{rounds} hops, {}.{:03} s", ms / 1000, ms % 1000)
        });
        let hundredths = copies * 100 / u64::from(nodes);
        let (whole, rest) = (hundredths / 100, hundredths % 100);
        println!(
            "  {nodes:>6}   {after:>18}   {heard:>8}   {whole:>10}.{rest:02}   {least:>7}-{most}  {one_sided:>9}  {parts:>5}"
        );
    }
    println!();
}

/// Counts instructions of so many batches, twice, so that all that is not the work falls out.
fn instructions() {
    println!("data path, instructions a packet   ours   bare  ratio");
    for size in SIZES {
        for (operation, what) in [("seal", "seal"), ("both", "seal and open")] {
            let counted = |side: &str| instructions_of(&format!("{side}-{operation}"), size);
            match (counted("ours"), counted("bare")) {
                (Ok(ours), Ok(bare)) => {
                    let ratio = ours * 100 / bare;
                    let (whole, fraction) = (ratio / 100, ratio % 100);
                    let what = format!("{what} {size} bytes");
                    println!("  {what:<30} {ours:>7} {bare:>6}  {whole}.{fraction:02}");
                }
                (Err(error), _) | (_, Err(error)) => return println!("  not counted: {error}\n"),
            }
        }
    }
    println!();
}

fn instructions_of(operation: &str, size: usize) -> Result<u64, String> {
    let few = collected(operation, size, 10)?;
    let many = collected(operation, size, 110)?;
    Ok((many - few) / 100 / BATCH as u64)
}

fn collected(operation: &str, size: usize, batches: usize) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["work", operation, &size.to_string(), &batches.to_string()])
        .output()
        .map_err(|error| format!("valgrind does not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.split_once("Collected :"));
    let count = count.and_then(|(_, count)| count.trim().parse().ok());
    count.ok_or_else(|| format!("valgrind counted nothing:\n{text}"))
}

fn work(operation: &str, size: usize, batches: usize) {
    let (mut session, mut bare) = (Session::new(size), Bare::new(size));
    for _ in 0..batches {
        match operation {
            "ours-seal" => session.seal(),
            "bare-seal" => bare.seal(),
            "ours-both" => {
                session.seal();
                session.open();
            }
            "bare-both" => {
                bare.seal();
                bare.open();
            }
            other => panic!("no operation {other}"),
        }
    }
}
