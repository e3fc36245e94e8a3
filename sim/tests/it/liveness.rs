//! Liveness in whole runs: what the shipped scenarios are judged by, and nodes that never come back.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use underpass_core::{Config, Duration, Instant};
use underpass_sim::checker::{self, Setting};
use underpass_sim::link::LinkModel;
use underpass_sim::machine::underpass::{AppFactory, Cpu, Lies, Limits, Roster, Setup, Underpass};
use underpass_sim::machine::{Cx, Inspect, Machine, MachineFactory, Socket};
use underpass_sim::oracle::{Connection, Connections};
use underpass_sim::random::Draws;
use underpass_sim::scenario::model::{Access, Fault, FaultKind, NETWORK, NodeId};
use underpass_sim::scenario::{self, Vocabulary};
use underpass_sim::units::Ppm;
use underpass_sim::world::{NodeSetup, World, WorldConfig};

fn at(seconds: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(seconds)
}

/// A node that hears nothing of its timers any more once a minute is over, though it takes datagrams.
struct Forgetful(Underpass);

impl Machine for Forgetful {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.0.start(cx);
    }

    fn datagram(
        &mut self,
        cx: &mut Cx<'_>,
        on: Socket,
        from: std::net::SocketAddr,
        bytes: &mut [u8],
    ) {
        self.0.datagram(cx, on, from, bytes);
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) {
        if cx.now() < at(60) {
            self.0.timeout(cx);
        }
    }

    fn inspect(&self) -> Option<&dyn Inspect> {
        self.0.inspect()
    }
}

/// What ends a run in which two nodes are parted from 50 s to 100 s, one of which dials the other.
fn after_a_cut(is_forgetful: bool) -> Option<String> {
    const DIALS: NodeId = NodeId(0);
    const DIALLED: NodeId = NodeId(1);
    let names = ["laptop", "sensor"];
    let setup = |peers: Vec<NodeId>| {
        Arc::new(Setup {
            capacity: Limits::default().capacity(1, false, false),
            peers,
            bootstrap: Vec::new(),
            access: Access::default(),
            secrets: Vec::new(),
            saves: false,
            relay: None,
            asks: Vec::new(),
            ping_interval: Config::PING_INTERVAL,
            claims: None,
            drops_from: None,
            drops_of: Vec::new(),
            lies: Lies::default(),
            insider: None,
            finds: Vec::new(),
            gossip: None,
            cpu: Cpu::default(),
            memo: None,
            app: AppFactory::default(),
            tapes: None,
        })
    };
    let cut = Fault {
        name: "cut".into(),
        at: at(50),
        lasts: Some(Duration::from_secs(50)),
        every: None,
        kind: FaultKind::Partition(vec![vec![DIALS], vec![DIALLED]]),
    };
    let mut config = WorldConfig {
        seed: 1,
        nodes: Vec::new(),
        nats: Vec::new(),
        pairs: Vec::new(),
        faults: vec![cut],
        max_events: 100_000,
    };
    for name in names {
        config.nodes.push(NodeSetup {
            name: name.into(),
            start: Instant::ORIGIN,
            ipv4: true,
            ipv6: false,
            behind: None,
            clock_ppm: Ppm::ZERO,
            up: LinkModel { delay: Duration::from_millis(10), ..LinkModel::IDEAL },
            down: LinkModel::IDEAL,
            factory: Box::new(|_, _| unreachable!("it gets another one")),
        });
    }
    let topology = Arc::new(config.topology().expect("few nodes"));
    let members = names.map(|name| (name, Some(NETWORK)));
    let roster = Arc::new(Roster::new(&Draws::new(1), members, Arc::clone(&topology)));
    let canary = roster.canary;
    for (node, peers) in config.nodes.iter_mut().zip([vec![DIALLED], Vec::new()]) {
        let (roster, setup) = (Arc::clone(&roster), setup(peers));
        let make = move || Underpass::new(Arc::clone(&roster), Arc::clone(&setup));
        let factory: MachineFactory = match is_forgetful {
            true => Box::new(move |_, _| Box::new(Forgetful(make()))),
            false => Box::new(move |_, _| Box::new(make())),
        };
        node.factory = factory;
    }
    let setting = Setting {
        names: names.map(str::to_owned).into(),
        canary,
        slowest: vec![Ppm::ZERO; 2],
        relays: BTreeMap::new(),
        networks: vec![0; 2],
        sends: Vec::new(),
        peers: vec![vec![DIALLED], Vec::new()],
        hostile: [].into(),
        insiders: [].into(),
        topology,
        faults: config.faults.clone(),
        is_smooth: true,
        ping_intervals: vec![Duration::from_secs(10); names.len()],
        repeaters: Default::default(),
        claimed: Default::default(),
        gossips: vec![false; names.len()],
        silent: Default::default(),
        public: Default::default(),
        connections: Connections {
            settled: at(135),
            due: vec![Connection { from: DIALS, to: DIALLED, by: at(230) }],
        },
    };
    let mut world = World::new(config, checker::all(&setting));
    world.run_until(at(300)).err().map(|stop| stop.to_string())
}

#[test]
fn a_node_whose_timers_never_come_does_not_find_back() {
    assert_eq!(after_a_cut(false), None);
    let ended = after_a_cut(true).expect("somebody complains");
    assert!(
        ended.starts_with(
            "liveness: laptop dials sensor, and nothing has been in the way since 135s, but \
             by 230s they are not in touch"
        ),
        "{ended}"
    );
}

/// The checker is worth something only where it judges.
#[test]
fn many_shipped_scenarios_are_judged() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let metrics = Underpass::metrics().leak();
    let vocabulary = Vocabulary::with_metrics(metrics);
    let (mut all, mut judged) = (0, 0);
    for folder in std::fs::read_dir(root).expect("the scenarios are there") {
        let folder = folder.expect("it can be read").path();
        for file in std::fs::read_dir(folder).into_iter().flatten() {
            let path = file.expect("it can be read").path();
            let text = std::fs::read_to_string(&path).expect("it is text");
            let scenario = scenario::parse(&text, "x.toml", "x", &vocabulary);
            let Ok(scenario) = scenario else { continue };
            all += 1;
            judged += usize::from(!Connections::of(&scenario).due.is_empty());
        }
    }
    assert!(5 * judged > 2 * all, "{judged} of {all}");
}
