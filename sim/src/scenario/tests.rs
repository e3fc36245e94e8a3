use std::collections::BTreeSet;

use proptest::prelude::*;
use underpass_core::{Duration, Instant, Whom};

use super::model::*;
use super::*;
use crate::link::{Distribution, GilbertElliott, LinkModel, LinkPatch, LossModel, Preset};
use crate::machine::hostile::{Attack, FloodKind};
use crate::machine::underpass::Limits;
use crate::units::{Probability, Rate};

const VOCABULARY: Vocabulary<'_> = Vocabulary::with_metrics(&["datagrams_sent"]);

/// Uses every key of the language, but for NATs: they have tests of their own.
const EVERYTHING: &str = r#"
format = 1
title = "Everything at once"
tags = ["all", "words"]
quarantine = "shows words only"
duration = "2min"
seeds = [7, 3]
max_events = 1_000

[preset.link.cellar]
delay = "2ms"
mtu = 1280
down = { corrupt = "0.1%" }

[[link]]
delay = "20ms"
jitter = "5ms"
up = { rate = "1mbit", limit = 50 }

[[link]] # the stretch in between
between = ["laptop", "sensor-*"]
rtt = "31.001ms"
down = { loss = "0.5%" }

[[link]]
between = ["sensor-1", "sensor-2"]
preset = "cellar"
jitter = "1ms"
distribution = "pareto"
duplicate = "1%"
reorder = "25%"
gap = 5
up = { loss = { p = "1%", r = "10%", loss_bad = "80%", loss_good = "0.1%" } }

[[node]]
name = "laptop"
peers = ["sensor-*"]

[[node]]
name = "sensor"
count = 3
interfaces = ["ipv4", "ipv6"]
link = { delay = "1ms", down = { delay = "2ms" } }
peers = ["sensor-*"]
start = "1.5s"
access = { answers = "network", messages = "listed", allow = ["sensor-*", "laptop"] }

[[node]]
name = "mallory"
hostile = { taps = ["*"], replay = { every = "5ms", from = ["sensor-1"], memory_bytes = 2000 } }

[[node]]
name = "trudy"
count = 2
hostile = { flood = { target = "laptop", kind = "hello", hellos = 3, every = "1s", spoofed = true } }

[[node]]
name = "eve"
[node.hostile]
taps = ["laptop", "sensor-3"]
forge.every = "2ms"

[[node]]
name = "oscar"
hostile = { taps = ["sensor-3"], tamper = { share = "50%" } }

[[node]]
name = "gauge"
bootstrap = ["laptop"]
limits = { peers = 4, buffer = "8KiB" }
access.answers = "nobody"

[[node]]
name = "meter"
limits = "board"

[[send]]
from = "laptop"
to = "sensor-1"
at = "2s"
every = "400ms"
for = "1s"
size = 1152
mode = "datagram"

[[send]]
name = "chat"
from = "*"
to = "*"
at = "10s"

[[fault]]
name = "cut"
at = "30s"
for = "20s"
partition = [["laptop"], ["sensor-2", "sensor-1"]]

[[send]]
from = "gauge"
to = "gauge"
at = "11s"
size = 71_680
mode = "message"

[[fault]]
at = "60s"
crash = "sensor-3"
state = "kept"

[[fault]]
at = "70s"
restart = "laptop"

[[fault]]
name = "attack"
at = "80s"
for = "10s"
every = "20s"
hostile = "*"

[[fault]]
at = "65s"
change_secret = "sensor-*"

[[fault]]
at = "66s"
retire_secret = "sensor-1"

[[fault]]
at = "75s"
for = "1s"
every = "3s"
block = { from = ["laptop", "sensor-*"], to = ["sensor-2"] }

[[fault]]
at = "80s"
interface = "sensor-1"

[[fault]]
at = "80s"
drop = { from = "laptop", to = "*", nth = 3 }

[[fault]]
at = "80s"
link = { node = "sensor-1", preset = "dsl", up = { rate = "2mbit" } }

[[fault]]
at = "90s"
link = { between = ["sensor-1", "laptop"], rtt = "1s" }

[[expect]]
by = "7s"
session = { between = ["laptop", "sensor-1"], is = "active" }

[[expect]]
within = "15s" # enough
after = "cut"
rtt = { between = [
    "laptop",
    "sensor-2",
], at_most = "80ms" }

[[expect]]
within = "15s"
after = "fault-3"
delivered = { from = "laptop", to = "sensor-1", at_least = 3 }

[[expect]]
latency = { from = "laptop", to = "sensor-1", at_most = "200ms" }

[[expect]]
during = ["55s", "59s"]
delivered.from = "laptop"
delivered.to = "sensor-1"
delivered.at_least = "99%"

[[expect]]
never = true
[expect.event]
node = "laptop"
kind = "disconnected"
peer = "sensor-2"
at_most = 3

[[expect]]
metric = { node = "sensor-2", name = "datagrams_sent", at_least = 1 }
"#;

fn parse_text(text: &str) -> Result<Scenario, Report> {
    parse(text, "x.toml", "x", &VOCABULARY)
}

fn everything() -> Scenario {
    parse_text(EVERYTHING).unwrap_or_else(|report| panic!("{report}"))
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn at(time: u64) -> Instant {
    Instant::ORIGIN + millis(time)
}

const LAPTOP: NodeId = NodeId(0);
const SENSOR_1: NodeId = NodeId(1);
const SENSOR_2: NodeId = NodeId(2);
const SENSOR_3: NodeId = NodeId(3);

/// The smallest scenario, with something added.
fn small(more: &str) -> Scenario {
    let text = format!(
        "format = 1\ntitle = \"t\"\nduration = \"60s\"\n\
         node = [{{ name = \"a\", peers = [\"b\"] }}, {{ name = \"b\" }}]\n\
         {more}\n[[expect]]\nevent = {{ node = \"a\", kind = \"connected\" }}\n"
    );
    parse_text(&text).unwrap_or_else(|report| panic!("{report}"))
}

#[test]
fn the_top_of_the_file() {
    let scenario = everything();
    assert_eq!(scenario.name, "x");
    assert_eq!(scenario.title, "Everything at once");
    assert_eq!(scenario.tags, ["all", "words"]);
    assert_eq!(scenario.quarantine.as_deref(), Some("shows words only"));
    assert_eq!(scenario.duration, Duration::from_secs(120));
    assert_eq!(scenario.seeds, [7, 3]);
    assert_eq!(scenario.max_events, 1_000);
}

#[test]
fn what_is_left_out_has_defaults() {
    let scenario = small("");
    assert_eq!(scenario.seeds, [1]);
    assert_eq!(scenario.max_events, 50_000_000);
    let node = &scenario.nodes[0];
    assert_eq!((node.up, node.down), (LinkModel::IDEAL, LinkModel::IDEAL));
    assert_eq!((node.ipv4, node.ipv6, node.start), (true, false, Instant::ORIGIN));
    let one_event = Fact::Event {
        node: NodeId(0),
        kind: EventKind::Connected,
        peer: None,
        at_least: 1,
        at_most: u64::MAX,
    };
    assert_eq!(scenario.expects[0].facts, [one_event]);
    assert_eq!(scenario.expects[0].time, Time::AtEnd);
    assert_eq!(small("seeds = 3").seeds, [1, 2, 3]);
}

#[test]
fn nodes_and_their_links() {
    let scenario = everything();
    let names: Vec<_> = scenario.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names[..4], ["laptop", "sensor-1", "sensor-2", "sensor-3"]);
    let [laptop, _, sensor, _, ..] = scenario.nodes.as_slice() else { panic!() };
    assert_eq!(laptop.peers, [SENSOR_1, SENSOR_2, SENSOR_3]);
    assert_eq!(sensor.peers, [SENSOR_1, SENSOR_3]);
    assert_eq!((sensor.ipv4, sensor.ipv6, sensor.start), (true, true, at(1_500)));
    let both = LinkModel { delay: millis(20), jitter: millis(5), ..LinkModel::IDEAL };
    assert_eq!(laptop.down, both);
    let rate = Rate::from_bits_per_second(1_000_000);
    assert_eq!(laptop.up, LinkModel { rate, limit: 50, ..both });
    // A link of its own takes nothing over from everybody's.
    assert_eq!(sensor.up, LinkModel { delay: millis(1), ..LinkModel::IDEAL });
    assert_eq!(sensor.down, LinkModel { delay: millis(2), ..LinkModel::IDEAL });
}

#[test]
fn an_rtt_is_halved_to_the_microsecond() {
    let scenario = everything();
    assert_eq!(scenario.pairs.len(), 4);
    let pair = &scenario.pairs[1];
    assert_eq!((pair.a, pair.b), (LAPTOP, SENSOR_2));
    assert_eq!(pair.ab.delay, Duration::from_micros(15_500));
    assert_eq!(pair.ba.delay, Duration::from_micros(15_501));
    assert_eq!(pair.ab.loss, LossModel::NEVER);
    assert_eq!(pair.ba.loss, LossModel::Random(Probability::ratio(5, 1_000).unwrap()));
}

#[test]
fn a_glob_that_finds_a_pair_from_both_ends_gives_it_one_link() {
    let pairs = small("[[link]]\nbetween = [\"*\", \"*\"]\ndelay = \"5ms\"").pairs;
    assert_eq!(pairs.len(), 1);
}

#[test]
fn sends_fit_into_their_time() {
    let scenario = everything();
    let first = &scenario.sends[0];
    assert_eq!((first.from, first.to, first.at), (LAPTOP, SENSOR_1, at(2_000)));
    // At 0, 400 and 800 ms; 1.2 s would be past the second.
    assert_eq!((first.every, first.count, first.size), (millis(400), 3, 1152));
    assert_eq!(first.name, "send-1");
    let chat: Vec<_> = scenario.sends.iter().filter(|send| send.name == "chat").collect();
    assert_eq!(chat.len(), 30, "every ordered pair of six");
    assert!(chat.iter().all(|send| send.from != send.to && send.count == 1 && send.size == 64));
    let whole =
        small("[[send]]\nfrom = \"a\"\nto = \"b\"\nat = \"1s\"\nevery = \"100ms\"\nfor = \"10s\"");
    assert_eq!(whole.sends[0].count, 100);
}

#[test]
fn faults() {
    let scenario = everything();
    let [cut, crash, restart, attack, change, retire, ..] = scenario.faults.as_slice() else {
        panic!()
    };
    let groups = vec![vec![LAPTOP], vec![SENSOR_1, SENSOR_2]];
    assert_eq!(cut.kind, FaultKind::Partition(groups));
    assert_eq!((cut.at, cut.lasts), (at(30_000), Some(millis(20_000))));
    assert_eq!((crash.name.as_str(), crash.lasts), ("fault-2", None));
    assert_eq!(crash.kind, FaultKind::Crash(SENSOR_3, State::Kept));
    assert_eq!(restart.kind, FaultKind::Restart(LAPTOP, State::Lost));
    assert_eq!(attack.kind, FaultKind::Hostile((4..9).map(NodeId).collect()));
    assert_eq!((attack.lasts, attack.every), (Some(millis(10_000)), Some(millis(20_000))));
    assert_eq!(change.kind, FaultKind::ChangeSecret(vec![SENSOR_1, SENSOR_2, SENSOR_3]));
    assert_eq!(retire.kind, FaultKind::RetireSecret(vec![SENSOR_1]));
}

#[test]
fn members() {
    let nodes = everything().nodes;
    let [laptop, sensor, gauge, meter] = [0, 2, 9, 10].map(|node: usize| &nodes[node]);
    assert_eq!(laptop.access, Access::default());
    assert_eq!(laptop.limits, Limits::default());
    assert_eq!((sensor.access.answers, sensor.access.messages), (Whom::Network, Whom::Listed));
    assert_eq!(sensor.access.allow, [LAPTOP, SENSOR_1, SENSOR_3], "not itself");
    assert_eq!(gauge.bootstrap, [LAPTOP]);
    assert_eq!((gauge.access.answers, gauge.access.messages), (Whom::Nobody, Whom::Network));
    let own = Limits { peers: Some(4), buffer: Some(8192), ..Limits::default() };
    assert_eq!((gauge.limits, meter.limits), (own, Limits::BOARD));
    assert_eq!(neighbours(&nodes, &BTreeSet::new())[..4], [4, 3, 3, 3]);
}

#[test]
fn messages() {
    let sends = everything().sends;
    assert!(sends[..31].iter().all(|send| send.mode == Mode::Datagram));
    let note = &sends[31];
    assert_eq!((note.from, note.to), (NodeId(9), NodeId(9)), "a node may write to itself");
    assert_eq!((note.mode, note.size), (Mode::Message, 71_680));
}

#[test]
fn hostile_nodes() {
    let scenario = everything();
    let hostile = |node: usize| {
        let node = &scenario.nodes[node];
        assert!(node.peers.is_empty());
        node.hostile.as_ref().unwrap_or_else(|| panic!("{} is hostile", node.name))
    };
    assert!(scenario.nodes[..4].iter().all(|node| node.hostile.is_none()));
    let Attack::Replay(replay) = &hostile(4).attack else { panic!() };
    assert_eq!(
        (replay.every, &*replay.from, replay.memory_bytes),
        (millis(5), &[SENSOR_1][..], 2000)
    );
    let members = [0, 1, 2, 3, 9, 10].map(NodeId);
    assert_eq!(hostile(4).taps, members, "all that are not hostile");
    for trudy in [5, 6] {
        let Attack::Flood(flood) = &hostile(trudy).attack else { panic!() };
        let hello = FloodKind::Hello { hellos: 3.try_into().unwrap() };
        assert_eq!((flood.target, flood.kind, flood.spoofed), (LAPTOP, hello, true));
        assert_eq!((flood.every, &*hostile(trudy).taps), (millis(1_000), &[][..]));
    }
    let Attack::Forge(forge) = &hostile(7).attack else { panic!() };
    assert_eq!((forge.every, &*hostile(7).taps), (millis(2), &[LAPTOP, SENSOR_3][..]));
    let Attack::Tamper(tamper) = &hostile(8).attack else { panic!() };
    assert_eq!(Some(tamper.share), Probability::ratio(1, 2));
}

#[test]
fn a_glob_means_hostile_nodes_only_where_it_matches_no_other() {
    let mallory = "hostile = { flood = { target = \"a\", kind = \"garbage\", every = \"1s\" } }";
    let text = format!(
        "format = 1\ntitle = \"t\"\nduration = \"60s\"\n\
         node = [{{ name = \"a\", peers = [\"*\"] }}, {{ name = \"b\" }},\n\
         {{ name = \"mallory\", count = 2, {mallory} }}]\n\
         link = [{{ between = [\"mallory-*\", \"*\"], delay = \"1s\" }}]\n\
         [[fault]]\nat = \"1s\"\nhostile = \"mallory-*\"\n\
         [[fault]]\nat = \"1s\"\npartition = [[\"*\"], [\"mallory-1\"]]\n\
         [[expect]]\nevent = {{ node = \"*\", kind = \"connected\" }}\n"
    );
    let scenario = parse_text(&text).unwrap_or_else(|report| panic!("{report}"));
    let [a, b, mallory_1, mallory_2] = [0, 1, 2, 3].map(NodeId);
    assert_eq!(scenario.nodes[0].peers, [b]);
    let links: Vec<_> = scenario.pairs.iter().map(|pair| (pair.a, pair.b)).collect();
    assert_eq!(links, [(mallory_1, a), (mallory_1, b), (mallory_2, a), (mallory_2, b)]);
    let groups = vec![vec![a, b], vec![mallory_1]];
    assert_eq!(scenario.faults[1].kind, FaultKind::Partition(groups));
    assert_eq!(scenario.expects[0].facts.len(), 2);
}

#[test]
fn every_key_of_a_link() {
    let scenario = everything();
    let pair = scenario.pairs.last().unwrap();
    assert_eq!((pair.a, pair.b), (SENSOR_1, SENSOR_2));
    let per_mille = |per_mille| Probability::ratio(per_mille, 1000).unwrap();
    let down = LinkModel {
        // From the preset.
        delay: millis(2),
        mtu: Some(1280),
        corrupt: per_mille(1),
        // Its own.
        jitter: millis(1),
        distribution: Distribution::Pareto,
        duplicate: per_mille(10),
        reorder: per_mille(250),
        gap: 5.try_into().unwrap(),
        ..LinkModel::IDEAL
    };
    let bursts = GilbertElliott {
        p: per_mille(10),
        r: per_mille(100),
        loss_bad: per_mille(800),
        loss_good: per_mille(1),
    };
    let loss = LossModel::GilbertElliott(bursts);
    assert_eq!(pair.ba, down);
    assert_eq!(pair.ab, LinkModel { loss, corrupt: Probability::NEVER, ..down });
}

#[test]
fn a_model_of_bursts_has_the_defaults_of_netem() {
    let scenario = small("[link]\nloss = { p = \"1%\", r = \"10%\" }");
    let LossModel::GilbertElliott(model) = scenario.nodes[0].up.loss else { panic!() };
    assert_eq!((model.loss_bad, model.loss_good), (Probability::ALWAYS, Probability::NEVER));
}

#[test]
fn every_preset_is_a_link() {
    for name in Preset::names() {
        let scenario = small(&format!("[link]\npreset = \"{name}\""));
        let Preset { up, down } = Preset::named(name).unwrap();
        let node = &scenario.nodes[0];
        assert_eq!(node.up, LinkModel::IDEAL.with(&up));
        assert_eq!(node.down, LinkModel::IDEAL.with(&down));
        assert!(node.up.delay > Duration::ZERO && node.up.rate.is_some(), "{name}");
    }
}

#[test]
fn faults_of_links() {
    let scenario = everything();
    let [.., block, interface, drop, access, pair] = scenario.faults.as_slice() else { panic!() };
    let from = vec![LAPTOP, SENSOR_1, SENSOR_2, SENSOR_3];
    assert_eq!(block.kind, FaultKind::Block { from, to: vec![SENSOR_2] });
    assert_eq!((block.lasts, block.every), (Some(millis(1_000)), Some(millis(3_000))));
    assert_eq!(interface.kind, FaultKind::Interface(SENSOR_1));
    let pairs = [1, 2, 3, 9, 10].map(|to| (LAPTOP, NodeId(to))).to_vec();
    assert_eq!(drop.kind, FaultKind::Drop { pairs, nth: 3 });
    let Preset { up, down } = Preset::named("dsl").unwrap();
    let rate = Rate::from_bits_per_second(2_000_000);
    let (up, down) = (LinkPatch { afresh: true, rate, ..up }, LinkPatch { afresh: true, ..down });
    let change = LinkChange { link: LinkPlace::Access(SENSOR_1), up, down };
    assert_eq!(access.kind, FaultKind::Link(vec![change]));
    let half = LinkPatch { delay: Some(millis(500)), ..LinkPatch::default() };
    let change = LinkChange { link: LinkPlace::Pair(SENSOR_1, LAPTOP), up: half, down: half };
    assert_eq!(pair.kind, FaultKind::Link(vec![change]));
}

#[test]
fn expectations_become_facts_and_times() {
    let scenario = everything();
    let facts = |index: usize| scenario.expects[index].facts.clone();
    let times: Vec<_> = scenario.expects.iter().map(|expect| expect.time).collect();
    assert_eq!(
        times,
        [
            Time::By(at(7_000)),
            Time::Within { from: at(50_000), until: at(65_000) },
            Time::Within { from: at(70_000), until: at(85_000) },
            Time::AtEnd,
            Time::During(at(55_000), at(59_000)),
            Time::Never,
            Time::AtEnd,
        ]
    );
    let session = |a, b| Fact::Session { a, b, is: SessionState::Active };
    assert_eq!(facts(0), [session(LAPTOP, SENSOR_1), session(SENSOR_1, LAPTOP)]);
    let (at_least, at_most) = (Duration::ZERO, millis(80));
    let rtt = |a, b| Fact::Rtt { a, b, at_least, at_most };
    assert_eq!(facts(1), [rtt(LAPTOP, SENSOR_2), rtt(SENSOR_2, LAPTOP)]);
    let (from, to) = (LAPTOP, SENSOR_1);
    assert_eq!(facts(2), [Fact::Delivered { from, to, wanted: Share::AtLeast(3) }]);
    assert_eq!(facts(3), [Fact::Latency { from, to, at_most: millis(200) }]);
    assert_eq!(facts(4), [Fact::Delivered { from, to, wanted: Share::PerMille(990) }]);
    let (node, peer, kind) = (LAPTOP, Some(SENSOR_2), EventKind::Disconnected);
    assert_eq!(facts(5), [Fact::Event { node, kind, peer, at_least: 0, at_most: 3 }]);
    assert_eq!(facts(6).len(), 1);
}

#[test]
fn an_expectation_knows_its_place_and_its_text() {
    let origins: Vec<_> = everything().expects.into_iter().map(|expect| expect.origin).collect();
    let line = |text: &str| {
        let before = EVERYTHING.split_once(text).unwrap().0;
        u32::try_from(before.lines().count()).unwrap()
    };
    assert_eq!(origins[0].line, line("\nby = \"7s\""));
    assert_eq!(
        origins[0].text,
        r#"by = "7s"; session = { between = ["laptop", "sensor-1"], is = "active" }"#
    );
    assert_eq!(
        origins[1].text,
        r#"within = "15s"; after = "cut"; rtt = { between = [ "laptop", "sensor-2", ], at_most = "80ms" }"#
    );
    assert_eq!(
        origins[4].text,
        r#"during = ["55s", "59s"]; delivered.from = "laptop"; delivered.to = "sensor-1"; delivered.at_least = "99%""#
    );
    assert_eq!(
        origins[5].text,
        r#"never = true; event.node = "laptop"; event.kind = "disconnected"; event.peer = "sensor-2"; event.at_most = 3"#
    );
}

/// What looks like nonsense and is not.
#[test]
fn sense_is_accepted() {
    let send = "[[send]]\nfrom = \"a\"\nto = \"b\"\nat = \"1s\"\nevery = \"10s\"\ncount = 3\n";
    let all = "[[expect]]\ndelivered = { from = \"a\", to = \"b\", all = true }\n";
    // Between two payloads nothing is lost.
    let cut = "[[fault]]\nat = \"2s\"\nfor = \"9s\"\npartition = [[\"a\"], [\"b\"]]\n";
    small(&format!("{send}{cut}{all}"));
    // Both on one side of it.
    let beside = "node = [{ name = \"a\" }, { name = \"b\" }, { name = \"c\" }]";
    let cut = "[[fault]]\nat = \"1s\"\npartition = [[\"a\", \"b\"], [\"c\"]]\n";
    let text = format!("format = 1\ntitle = \"t\"\nduration = \"60s\"\n{beside}\n{send}{cut}{all}");
    parse_text(&text).unwrap_or_else(|report| panic!("{report}"));
    // Loss on the other direction, and on a link that is not on the way.
    small(&format!("[link]\nup = {{ loss = \"0%\" }}\n{send}{all}"));
    // Messages outlast loss, and what is not longer than they are tried.
    let message = format!("{send}mode = \"message\"\n");
    small(&format!("[link]\nloss = \"50%\"\n{message}{all}"));
    let long_cut = "[[fault]]\nat = \"1s\"\nfor = \"50s\"\npartition = [[\"a\"], [\"b\"]]\n";
    small(&format!("{message}{long_cut}{all}"));
    small(&format!("{message}[[fault]]\nat = \"2s\"\nfor = \"50s\"\ncrash = \"b\"\n{all}"));
    // A node has something to say to itself.
    let to_oneself = |text: &str| text.replace("to = \"b\"", "to = \"a\"");
    small(&format!("{}{}", to_oneself(&message), to_oneself(all)));
    // What loses nothing, bursts of no loss included, and what only makes more packets.
    small(&format!("[link]\ndelay = \"1ms\"\nreorder = \"9%\"\nduplicate = \"9%\"\n{send}{all}"));
    small(&format!("[link]\npreset = \"wifi\"\nloss = \"0%\"\n{send}{all}"));
    // A block of the way back, an interface that is down in between, again and again.
    let block = "[[fault]]\nat = \"0s\"\nblock = { from = [\"b\"], to = [\"a\"] }\n";
    small(&format!("{send}{block}{all}"));
    let down = "[[fault]]\nat = \"2s\"\nfor = \"9s\"\nevery = \"10s\"\ninterface = \"b\"\n";
    small(&format!("{send}{down}{all}"));
    // A change that loses nothing, and one between two payloads.
    let slow = "[[fault]]\nat = \"0s\"\nlink = { node = \"a\", delay = \"9ms\" }\n";
    small(&format!("{send}{slow}{all}"));
    let bad = "[[fault]]\nat = \"2s\"\nfor = \"9s\"\nlink = { node = \"a\", loss = \"9%\" }\n";
    small(&format!("{send}{bad}{all}"));
    // `up` and `down` of a preset that needs what its user has.
    let preset = "[preset.link.x]\nreorder = \"9%\"\n[link]\npreset = \"x\"\ndelay = \"1ms\"\n";
    small(&format!("{preset}{send}{all}"));
    // That not all arrive can be wanted.
    small(&format!("[link]\nloss = \"50%\"\n{send}{all}never = true\n"));
    // What is changed is on another link, or nothing is sent meanwhile.
    let tampered = |taps: &str, at: &str| {
        format!(
            "{send}{all}[[node]]\nname = \"c\"\n[[node]]\nname = \"m\"\n\
             hostile = {{ taps = [\"{taps}\"], tamper = {{ share = \"1%\" }} }}\n\
             [[fault]]\nat = \"{at}\"\nfor = \"5s\"\nhostile = \"m\"\n\
             [[expect]]\nevent = {{ node = \"a\", kind = \"connected\" }}\n"
        )
    };
    let nodes = "format = 1\ntitle = \"t\"\nduration = \"60s\"\n\
                 [[node]]\nname = \"a\"\npeers = [\"b\"]\n[[node]]\nname = \"b\"\n";
    let accepts = |more: String| parse_text(&[nodes, &more].concat()).is_ok();
    assert!(accepts(tampered("c", "1s")) && accepts(tampered("b", "2s")));
    assert!(!accepts(tampered("b", "1s")) && !accepts(tampered("a", "1s")));
    // Strangers stay strangers.
    let session = "[[expect]]\nsession = { between = [\"a\", \"c\"], is = \"init\" }\n";
    let text = format!("format = 1\ntitle = \"t\"\nduration = \"60s\"\n{beside}\n{session}");
    parse_text(&text).unwrap_or_else(|report| panic!("{report}"));
}

#[test]
fn over_ipv6_less_fits_into_an_mtu() {
    let accepts = |interfaces: &str| {
        let text = format!(
            "format = 1\ntitle = \"t\"\nduration = \"60s\"\nlink = {{ mtu = 1199 }}\n\
             node = [{{ name = \"a\", peers = [\"b\"], interfaces = [\"ipv4\", \"ipv6\"] }},\n\
             {{ name = \"b\", interfaces = [{interfaces}] }}]\n\
             [[send]]\nfrom = \"a\"\nto = \"b\"\nat = \"1s\"\nsize = 1152\n\
             [[expect]]\ndelivered = {{ from = \"a\", to = \"b\", all = true }}\n"
        );
        parse_text(&text).is_ok()
    };
    assert!(accepts("\"ipv4\"") && !accepts("\"ipv6\""));
}

#[test]
fn a_payload_at_the_edge_of_a_fault() {
    let with = |at: &str| {
        let text = format!(
            "format = 1\ntitle = \"t\"\nduration = \"60s\"\n\
             node = [{{ name = \"a\", peers = [\"b\"] }}, {{ name = \"b\" }}]\n\
             send = [{{ from = \"a\", to = \"b\", at = \"10s\" }}]\n\
             fault = [{{ at = \"{at}\", for = \"5s\", crash = \"b\" }}]\n\
             expect = [{{ delivered = {{ from = \"a\", to = \"b\", all = true }} }}]\n"
        );
        parse_text(&text).is_ok()
    };
    assert!(with("5s"), "over when the payload goes out");
    assert!(!with("5001ms"));
    assert!(!with("10s"));
    assert!(with("10001ms"));
}

#[test]
fn a_file_that_cannot_be_read_is_a_report() {
    let report = load(Path::new("no/such.toml"), "x", &VOCABULARY).unwrap_err();
    assert!(report.to_string().contains("no/such.toml"));
    assert!(report.to_string().contains("cannot be read"));
}

#[test]
fn colours_are_asked_for() {
    let report = parse_text("format = 1").unwrap_err();
    assert!(report.render(true).contains('\x1b'));
    assert!(!report.render(false).contains('\x1b'));
    assert_eq!(report.to_string(), report.render(false));
}

/// Anything may be refused, but every refusal has a message, and it can be shown.
fn check(text: &str) {
    if let Err(report) = parse_text(text) {
        assert!(!report.diagnostics().is_empty());
        assert!(report.render(false).starts_with("error: "));
        report.render(true);
    }
}

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    for piece in ["[", "{a=", "a.", "seeds=[", "[[a.b]]\n[", "'", "\u{7f}"] {
        check(&piece.repeat(20_000));
        check(&format!("seeds = {}", piece.repeat(20_000)));
    }
}

/// Pieces that make a text look like a scenario.
const PIECES: &[&str] = &[
    "\n",
    "=",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "\"",
    "'",
    "#",
    "\\",
    "\r\n",
    "\u{feff}",
    "ä",
    "\0",
    "[[node]]\n",
    "[[link]]\n",
    "[[expect]]\n",
    "name",
    "count = 99999999999999\n",
    "-1",
    "0",
    "18446744073709551616",
    "1979-05-27",
    "true",
    "nan",
    "\"*\"",
    "\"0s\"",
    "\"9999999d\"",
    "\"sensor\"",
    "node",
    "expect.session",
    "[expect.event]\n",
    "\"\"\"",
    "duration",
    "seeds = 0\n",
    "[preset.link.x]\n",
    "[[nat]]\n",
    "[preset.nat.x]\n",
    "behind = \"laptop\"\n",
    "pool = 3\n",
    "preset = \"wifi\"\n",
    "loss = { p = \"1%\", r = \"1%\" }\n",
    "reorder = \"5%\"\n",
    "gap",
    "mtu",
    "every = \"3s\"\n",
];

proptest! {
    #[test]
    fn arbitrary_text_does_not_panic(text in "\\PC*|(?s).{0,60}") {
        check(&text);
    }

    #[test]
    fn arbitrary_pieces_do_not_panic(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40),
    ) {
        check(&pieces.concat());
    }

    #[test]
    fn a_mutated_scenario_does_not_panic(
        edits in proptest::collection::vec(
            (any::<prop::sample::Index>(), 0..20_usize, proptest::sample::select(PIECES)), 1..4,
        ),
    ) {
        let mut text = EVERYTHING.to_owned();
        for (start, length, piece) in edits {
            let start = text.floor_char_boundary(start.index(text.len()));
            let end = text.ceil_char_boundary((start + length).min(text.len()));
            text.replace_range(start..end, piece);
        }
        check(&text);
    }

    #[test]
    fn a_scenario_with_swapped_lines_does_not_panic(
        swaps in proptest::collection::vec(any::<[prop::sample::Index; 2]>(), 1..6),
    ) {
        let mut lines: Vec<&str> = EVERYTHING.lines().collect();
        for [a, b] in swaps {
            let (a, b) = (a.index(lines.len()), b.index(lines.len()));
            lines.swap(a, b);
        }
        check(&lines.join("\n"));
    }
}
