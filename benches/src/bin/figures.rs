//! The figures of the README, each by a measurement made now, on this machine.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "measuring is what wall clocks are for"
)]

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Instant;

use clap::{Parser, Subcommand};
use underpass_benches::crowd::Crowd as Peers;
use underpass_benches::data_path::{BATCH, Bare, Session};
use underpass_benches::engine;
use underpass_benches::goodput::{self, Goodput};
use underpass_benches::gossip::{self, Crowd, Recall, Seen, Stretch};
use underpass_benches::handshake::{Knowing, Meeting, bare_side};
use underpass_benches::measure::{Comparison, compare, compare_alike, compare_sides};
use underpass_benches::nat;
use underpass_benches::population::{self, Punched, Who};
use underpass_benches::relaying::Relaying;
use underpass_benches::spread::{self, Told, Trouble, Way};
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
    /// Crowds of 100 and of 1000: what joining and being there takes, how long until all but one in a thousand
    /// know a rumour, and who is found by a tag.
    Gossip {
        /// Crowds of these sizes instead.
        nodes: Vec<u32>,
        /// All but the entrances are microcontrollers.
        #[arg(long)]
        boards: bool,
        /// Records that each node has room for [default: 256, and 16 on microcontrollers].
        #[arg(long)]
        records: Option<usize>,
    },
    /// Three ways of telling everybody something, in a crowd of 1000, and Demers' table.
    Spread {
        /// A crowd of this size instead.
        nodes: Option<u32>,
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
        Some(What::Gossip { nodes, boards, records }) => {
            let sizes = if nodes.is_empty() { &CROWDS[..] } else { &nodes };
            let crowd = |nodes: &u32| Crowd { nodes: *nodes, boards, records };
            crowds(&sizes.iter().map(crowd).collect::<Vec<_>>());
        }
        Some(What::Spread { nodes }) => ways(nodes.unwrap_or(1000)),
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
            crowds(&CROWDS.map(|nodes| Crowd { nodes, boards: false, records: None }));
            ways(1000);
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
    let (mut many, mut few) = (Peers::new(4096), Peers::new(8));
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

fn crowds(crowds: &[Crowd]) {
    let hop_ms = gossip::HOP.as_micros() / 1000;
    println!("crowds that gossip, {hop_ms} ms from one node to the next, real cryptography");
    for crowd in crowds {
        let seen = gossip::measure(*crowd, 1);
        let Seen { joining, resting, heard, copies, resident, .. } = &seen;
        let nodes = crowd.nodes;
        println!("  {nodes} {}", if crowd.boards { "boards" } else { "hosts" });
        for (what, stretch) in [("joining", joining), ("at rest", resting)] {
            let Stretch { lasts, took, bytes } = stretch;
            let (lasts_ms, took_ms) = (lasts.as_micros() / 1000, took.as_millis());
            let speed = u128::from(lasts_ms) * 100 / took_ms.max(1);
            let a_minute = bytes * 60_000 / lasts_ms.max(1);
            println!(
                "    {what}  {:>6} s in {took_ms:>8} ms of one core, {} times real time; {a_minute} bytes a node and minute",
                lasts_ms / 1000,
                hundredths(speed as u64)
            );
        }
        let (least, most, mean) = seen.degrees();
        println!(
            "    neighbours {least}-{most}, {} on average, {} one-sided; {} part",
            hundredths(mean as u64),
            seen.one_sided(),
            seen.parts()
        );
        let times: Vec<String> =
            seen.reached.iter().map(|after| after.map_or("never".to_owned(), ms)).collect();
        let law = law(nodes, mean as f64 / 100.0);
        println!(
            "    a rumour is with 99.9 % after {} s; the law: {law:.1} hops, so {:.2} s",
            times.join(", "),
            law.ceil() * hop_ms as f64 / 1000.0
        );
        let each = copies * 100 / u64::from(nodes) / seen.reached.len() as u64;
        println!("    heard by {heard} at least, {} copies a node", hundredths(each));
        let shares = [1, nodes / 1000, nodes / 100, nodes / 10];
        for holders in BTreeSet::from(shares).into_iter().filter(|holders| *holders > 0) {
            show_recall(&seen, gossip::recall(&seen, holders as usize));
        }
        if let Some(bytes) = resident {
            println!(
                "    {} MB in memory, {} KB a node",
                bytes >> 20,
                (bytes >> 10) / u64::from(nodes)
            );
        }
    }
    println!();
}

/// Hops until so many copies are under way that, if they met nodes by chance, one in a thousand would be left out:
/// `e^-c = 1/1000` with `c` copies a node, of which each node makes one fewer than it has neighbours.
fn law(nodes: u32, neighbours: f64) -> f64 {
    (f64::from(nodes) * 1000_f64.ln()).ln() / (neighbours - 1.0).ln()
}

fn show_recall(seen: &Seen, recall: Recall) {
    let Recall { holders, walks, searches } = recall;
    let nodes = seen.neighbours.len();
    let known: usize = seen.views.iter().map(Vec::len).sum();
    // With its own record each node knows of one more.
    let share = (known + nodes) as f64 / (nodes * nodes) as f64;
    let missed = |steps: i32| (1.0 - share).powi(steps).powi(holders as i32);
    println!(
        "    a tag that {holders} of {nodes} have: a walk finds it in {} % of cases (reckoned {:.1} %), a search in {} % ({:.1} %)",
        hundredths(walks),
        100.0 * (1.0 - missed(16)),
        hundredths(searches),
        100.0 * (1.0 - missed(128))
    );
}

fn ms(span: underpass_core::Duration) -> String {
    let ms = span.as_micros() / 1000;
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

/// Residue and traffic: Demers et al. 1987, Table 1.
const DEMERS: [(u32, &str, &str); 5] = [
    (1, "18", "1.7"),
    (2, "3.7", "3.3"),
    (3, "1.1", "4.5"),
    (4, "0.36", "5.6"),
    (5, "0.12", "6.7"),
];

const WAYS: [(&str, Way); 4] = [
    ("to every neighbour", Way::Flood),
    ("along a tree (Plumtree)", Way::Tree),
    // A cycle in vain is three contacts in vain.
    ("to three, k = 3", Way::Feedback { fan_out: 3, k: 3, among_all: false }),
    ("to three, k = 6", Way::Feedback { fan_out: 3, k: 6, among_all: false }),
];

/// Rumours of which each line is the mean.
const TOLD: u64 = 5;

fn ways(nodes: u32) {
    println!(
        "push with feedback and counter among 1000   left out, %   copies a node   Demers et al."
    );
    for (k, left_out, traffic) in DEMERS {
        let way = Way::Feedback { fan_out: 1, k, among_all: true };
        let all = told(way, &spread::strangers(1000), Trouble::default(), 20);
        let (residue, copies) = (all.residue, all.copies);
        println!("  k = {k} {residue:>46.2} {copies:>15.2}   {left_out:>8} {traffic:>5}");
    }
    let crowd = Crowd { nodes, boards: false, records: None };
    let neighbours = gossip::measure(crowd, 1).neighbours;
    println!("a rumour among the neighbours of {nodes} nodes, 40 ms from one to the next");
    println!(
        "                              left out  99.9 %          copies   bytes  with a shuffle a minute"
    );
    println!(
        "                                     %  after, s  hops  a node  a node  99.9 % after, s  all after, s"
    );
    for (lost, gone) in [(0, 0), (5, 0), (20, 0), (0, 10)] {
        println!("  {lost} % lost, {gone} % gone");
        for (what, way) in WAYS {
            let trouble = Trouble { lost, gone, repairs: false };
            let Mean { residue, reached, hops, copies, bytes, .. } =
                told(way, &neighbours, trouble, TOLD);
            let repaired = told(way, &neighbours, Trouble { repairs: true, ..trouble }, TOLD);
            let time = |after: Option<f64>| after.map_or("never".to_owned(), |s| format!("{s:.2}"));
            println!(
                "    {what:<24} {residue:>9.3} {:>9} {hops:>5.1} {copies:>7.2} {bytes:>7.0} {:>16} {:>13}",
                time(reached),
                time(repaired.reached),
                time(repaired.all)
            );
        }
    }
    println!();
}

/// Of several rumours.
struct Mean {
    residue: f64,
    /// Only if all did.
    reached: Option<f64>,
    all: Option<f64>,
    /// The longest way.
    hops: f64,
    copies: f64,
    bytes: f64,
}

fn told(way: Way, neighbours: &[Vec<u32>], trouble: Trouble, times: u64) -> Mean {
    let told: Vec<Told> =
        (1..=times).map(|seed| spread::tell(way, neighbours, trouble, seed)).collect();
    let there: usize = told.iter().map(|told| told.there).sum();
    let heard: usize = told.iter().map(|told| told.heard.len()).sum();
    let sum = |of: fn(&Told) -> u64| told.iter().map(of).sum::<u64>() as f64;
    let seconds = |span: underpass_core::Duration| span.as_micros() as f64 / 1e6;
    let mean = |of: &dyn Fn(&Told) -> Option<f64>| {
        let all: Option<Vec<f64>> = told.iter().map(of).collect();
        all.map(|all| all.iter().sum::<f64>() / times as f64)
    };
    let last = |told: &Told| told.heard.last().map(|(took, _)| seconds(*took));
    Mean {
        residue: 100.0 * (there - heard) as f64 / there as f64,
        reached: mean(&|told| told.reached().map(seconds)),
        all: mean(&|told| last(told).filter(|_| told.heard.len() == told.there)),
        hops: sum(|told| told.heard.iter().map(|(_, hops)| u64::from(*hops)).max().unwrap_or(0))
            / times as f64,
        copies: sum(|told| told.copies) / there as f64,
        bytes: sum(|told| told.bytes) / there as f64,
    }
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
