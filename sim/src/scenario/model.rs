//! A scenario with every name resolved and every default filled in: what the simulator runs.
//!
//! Nothing here knows TOML. A file becomes this through [`super::load`]; Rust code may build it
//! directly. Nodes are referred to by their position in [`Scenario::nodes`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use underpass_core::{Config, Duration, Instant, RelayLimits, RelayReason, Whom};

use crate::link::{LinkModel, LinkPatch};
use crate::machine::IpFamily;
use crate::machine::hostile::Hostile;
use crate::machine::underpass::{Cpu, Insider, Lies, Limits};
use crate::nat::NatModel;
use crate::units::Ppm;

/// Position of a node in [`Scenario::nodes`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

/// Position of a NAT in [`Scenario::nats`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NatId(pub u32);

/// Where in the scenario's file something was said, for messages that come up while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file, if it is not the scenario's own but one that it includes.
    pub file: Option<String>,
    /// Line in the file, from 1; 0 when it was built in Rust.
    pub line: u32,
    /// The statement as written, on one line.
    pub text: String,
}

/// Which of the scenarios of one file it is: the keys of the matrix in the file's order, each with
/// its value. Empty in a file without a matrix.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cell(pub Vec<(String, String)>);

/// As it stands behind the name of the file: `[a=full-cone,b=symmetric]`, or nothing.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<String> =
            self.0.iter().map(|(key, value)| format!("{key}={value}")).collect();
        match values.is_empty() {
            true => Ok(()),
            false => write!(f, "[{}]", values.join(",")),
        }
    }
}

/// One scenario, ready to run with any of its seeds.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name in lists and reports: the path below the folder given, without `.toml`, and the cell.
    pub name: String,
    /// Which cell of its file's matrix it is.
    pub cell: Cell,
    /// How many cells that has.
    pub cells: usize,
    /// Whether what is drawn in a run depends on the cell, too.
    pub is_independent: bool,
    /// What it shows, in a sentence.
    pub title: String,
    /// Labels to select by.
    pub tags: Vec<String>,
    /// Why it is not counted, if it is known to fail.
    pub quarantine: Option<String>,
    /// How long it lasts in virtual time.
    pub duration: Duration,
    /// Every seed is one run.
    pub seeds: Vec<u64>,
    /// A run that needs more events than this is stopped and fails.
    pub max_events: u64,
    /// Everybody on the network.
    pub nodes: Vec<Node>,
    /// What stands between them and the public network.
    pub nats: Vec<Nat>,
    /// Links between pairs, beside everybody's access link.
    pub pairs: Vec<PairLink>,
    /// What applications send.
    pub sends: Vec<Send>,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
    /// What must hold.
    pub expects: Vec<Expect>,
}

/// The network of nodes that name none.
pub const NETWORK: &str = "simulated";

/// A machine on the network.
#[derive(Clone, Debug)]
pub struct Node {
    /// Unique in the scenario.
    pub name: String,
    /// When it is switched on.
    pub start: Instant,
    /// Has an IPv4 address.
    pub ipv4: bool,
    /// Has an IPv6 address.
    pub ipv6: bool,
    /// The NAT behind which it is at first; `None` for the public network.
    pub behind: Option<NatId>,
    /// How much too fast its own clock goes, by which it does all that it does.
    pub clock_ppm: Ppm,
    /// Its access link, towards the network.
    pub up: LinkModel,
    /// Its access link, from the network.
    pub down: LinkModel,
    /// Whose key and address it knows from the start.
    pub peers: Vec<NodeId>,
    /// Whose address alone it knows from the start.
    pub bootstrap: Vec<NodeId>,
    /// How much it holds.
    pub limits: Limits,
    /// How long its keys' work takes.
    pub cpu: Cpu,
    /// Whom it deals with.
    pub access: Access,
    /// How much it relays for the members of the network; `None` if nothing.
    pub relay: Option<RelayLimits>,
    /// The name of its network. What different networks have in common is nothing.
    pub network: String,
    /// How often it wants to hear from a peer.
    pub ping_interval: Duration,
    /// At whose addresses it says it is, instead of its own.
    pub claims: Option<NodeId>,
    /// What part it takes in gossip; `None` if it takes none.
    pub gossip: Option<Gossip>,
    /// From when on it loses what it should relay, and does as if it did not.
    pub drops_from: Option<Instant>,
    /// Whose packets these are; everybody's if there are none.
    pub drops_of: Vec<NodeId>,
    /// What it does as a relay that is not to be believed.
    pub lies: Lies,
    /// What it does in gossip that is against the rules.
    pub insider: Option<Insider>,
    /// By which tags it looks for others, and when; in order.
    pub finds: Vec<(Instant, String)>,
    /// The application on it, by the name in the [`Registry`](crate::machine::Registry) of the run.
    pub app: String,
    /// What stands on it instead of a member of the network, by its name in the same.
    pub machine: Option<String>,
    /// What stands on it instead of a member of the network, and keeps to no rule.
    pub hostile: Option<Hostile>,
}

impl Scenario {
    /// Adds a hostile node with addresses of both families and ideal links. It acts while a
    /// [`FaultKind::Hostile`] names it.
    pub fn add_hostile(&mut self, name: &str, hostile: Hostile) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes"));
        self.nodes.push(Node { ipv6: true, hostile: Some(hostile), ..Node::new(name) });
        id
    }
}

impl Node {
    /// A member of the network with IPv4 and ideal links, on from the beginning, that knows nobody and
    /// deals with everybody.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            start: Instant::ORIGIN,
            ipv4: true,
            ipv6: false,
            behind: None,
            clock_ppm: Ppm::ZERO,
            up: LinkModel::IDEAL,
            down: LinkModel::IDEAL,
            peers: Vec::new(),
            bootstrap: Vec::new(),
            limits: Limits::default(),
            cpu: Cpu::default(),
            access: Access::default(),
            app: "sink".into(),
            machine: None,
            relay: None,
            network: NETWORK.into(),
            ping_interval: Config::PING_INTERVAL,
            claims: None,
            gossip: None,
            drops_from: None,
            drops_of: Vec::new(),
            lies: Lies::default(),
            insider: None,
            finds: Vec::new(),
            hostile: None,
        }
    }

    /// Whether it is a member of the network, which speaks our protocol.
    pub fn is_member(&self) -> bool {
        self.machine.is_none() && self.hostile.is_none()
    }

    /// Whom it dials or calls from the start.
    pub fn dials(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.peers.iter().chain(&self.bootstrap).copied()
    }
}

/// Of which network each node is: a number for each network, in order.
pub fn networks(nodes: &[Node]) -> Vec<usize> {
    let first = |node: &Node| nodes.iter().position(|other| other.network == node.network);
    nodes.iter().map(|node| first(node).expect("it is one of them")).collect()
}

/// Who looks for whom with nothing but its key: who sends to one that it does not dial, if there are
/// relays that may know a way, or it may hear where the other one is.
pub fn asks(nodes: &[Node], sends: &[Send]) -> BTreeSet<(NodeId, NodeId)> {
    let has_relays = nodes.iter().any(|node| node.relay.is_some());
    let may_find = |from: NodeId| has_relays || nodes[from.0 as usize].gossip.is_some();
    let dials = |from: NodeId, to| nodes[from.0 as usize].dials().any(|dialled| dialled == to);
    let asks =
        |send: &&Send| send.from != send.to && !dials(send.from, send.to) && may_find(send.from);
    sends.iter().filter(asks).map(|send| (send.from, send.to)).collect()
}

/// With how many others each of these nodes can ever have to do: those that it dials, looks for or
/// names, and those that dial or look for it.
pub fn neighbours(nodes: &[Node], asks: &BTreeSet<(NodeId, NodeId)>) -> Vec<usize> {
    let mut neighbours = vec![BTreeSet::new(); nodes.len()];
    for (id, node) in (0..).map(NodeId).zip(nodes) {
        for peer in node.dials() {
            neighbours[id.0 as usize].insert(peer);
            neighbours[peer.0 as usize].insert(id);
        }
        neighbours[id.0 as usize].extend(&node.access.allow);
    }
    for &(from, to) in asks {
        neighbours[from.0 as usize].insert(to);
        neighbours[to.0 as usize].insert(from);
    }
    neighbours.iter().map(BTreeSet::len).collect()
}

/// What part a node takes in gossip.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gossip {
    /// Everybody may know of it; else it only listens.
    pub is_discoverable: bool,
    /// Newcomers are sent to it.
    pub is_bootstrap: bool,
    /// What it is found by.
    pub tags: Vec<String>,
}

/// Whom a node deals with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Access {
    /// Whose handshakes it answers.
    pub answers: Whom,
    /// Whose payloads it hands up.
    pub messages: Whom,
    /// Whom its owner lists, in order.
    pub allow: Vec<NodeId>,
}

/// Everybody in the network.
impl Default for Access {
    fn default() -> Self {
        Self { answers: Whom::Network, messages: Whom::Network, allow: Vec::new() }
    }
}

/// A NAT, or a firewall that translates nothing. It takes no time, and has no links of its own.
#[derive(Clone, Debug)]
pub struct Nat {
    /// Unique in the scenario, among nodes and NATs.
    pub name: String,
    /// How it behaves.
    pub model: NatModel,
    /// How many external addresses it has, of each family.
    pub pool: u16,
    /// The NAT behind which it is itself; `None` for the public network.
    pub behind: Option<NatId>,
}

/// The stretch of network between the access links of two nodes.
#[derive(Clone, Debug)]
pub struct PairLink {
    /// One end.
    pub a: NodeId,
    /// The other end.
    pub b: NodeId,
    /// From `a` to `b`.
    pub ab: LinkModel,
    /// From `b` to `a`.
    pub ba: LinkModel,
}

/// Application traffic: `count` payloads, the first at `at`, then one each `every`.
#[derive(Clone, Debug)]
pub struct Send {
    /// Shown in reports.
    pub name: String,
    /// Who sends.
    pub from: NodeId,
    /// To whom.
    pub to: NodeId,
    /// When the first goes out.
    pub at: Instant,
    /// Time between two; zero only if `count` is one.
    pub every: Duration,
    /// How many.
    pub count: u64,
    /// Payload bytes, the simulator's own 32-byte stamp included.
    pub size: usize,
    /// How they are sent.
    pub mode: Mode,
}

/// How a payload is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// At most once, not acknowledged, and only while the peer is active.
    Datagram,
    /// As an acknowledged message. If the node has no room for it, the application offers it again
    /// whenever another has ended, in the order of its messages.
    Message,
    /// As a rumour, to everybody who takes part in gossip; `to` is the sender itself.
    Broadcast,
}

/// Something that goes wrong.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Shown in reports; `after = "..."` refers to it.
    pub name: String,
    /// When it begins.
    pub at: Instant,
    /// How long it lasts; `None`: to the end.
    pub lasts: Option<Duration>,
    /// From one beginning to the next, if it happens again and again: longer than it lasts.
    pub every: Option<Duration>,
    /// What it is.
    pub kind: FaultKind,
}

/// The kinds of fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Nothing passes between different groups; a node in no group reaches everybody.
    Partition(Vec<Vec<NodeId>>),
    /// The node is off for as long as the fault lasts, then starts anew.
    Crash(NodeId, State),
    /// The node starts anew at once, whether it was running or not.
    Restart(NodeId, State),
    /// The owners of these nodes give them the next secret of the network, beside the one that each
    /// has: members go over one after the other and stay in touch meanwhile.
    ChangeSecret(Vec<NodeId>),
    /// The owners of these nodes take from each the secret before its own.
    RetireSecret(Vec<NodeId>),
    /// Nothing passes from those nodes to these; the way back is open.
    Block {
        /// Who is not heard.
        from: Vec<NodeId>,
        /// Who does not hear them.
        to: Vec<NodeId>,
    },
    /// These links are different as long as it lasts. What entered them before keeps its way.
    Link(Vec<LinkChange>),
    /// Nothing goes into or out of the node, which does not notice.
    Interface(NodeId),
    /// The node does not run, as a laptop with its lid closed: it hears of nothing, what arrives is lost,
    /// and its applications send nothing. Its state stays and its clock goes on, so that when this is
    /// over all of its timers that have come due meanwhile are late. One that is off is not
    /// suspended, and one that is switched on anew runs.
    Suspend(NodeId),
    /// The clocks of these nodes go faster or slower by that much than they would, together no more
    /// than [`Ppm::MAX`]. What they gain or lose they keep.
    Clock {
        /// Whose.
        nodes: Vec<NodeId>,
        /// By how much.
        ppm: Ppm,
    },
    /// One packet of each pair is lost before it comes to any link.
    Drop {
        /// From whom, to whom.
        pairs: Vec<(NodeId, NodeId)>,
        /// Which: counted from 1 as they are sent, anew each time the fault begins.
        nth: u64,
    },
    /// One packet of each node is lost as it is sent, to whomever.
    DropSent {
        /// Whose.
        from: Vec<NodeId>,
        /// Which: counted from 1 as they are sent, anew each time the fault begins.
        nth: u64,
    },
    /// These hostile machines do what they are there for; before and after, they only overhear.
    Hostile(Vec<NodeId>),
    /// The NAT forgets all its mappings, at once.
    NatReboot(NatId),
    /// The node is somewhere else from then on, with other addresses. Its ports stay bound.
    Roam {
        /// Who.
        node: NodeId,
        /// Behind which NAT; `None` for the public network.
        behind: Option<NatId>,
    },
}

/// What is different about one link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkChange {
    /// Which link.
    pub link: LinkPlace,
    /// Towards the network, or from the first node of the pair to the second.
    pub up: LinkPatch,
    /// The other way.
    pub down: LinkPatch,
}

/// Where a link lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPlace {
    /// The access link of a node.
    Access(NodeId),
    /// The stretch between the access links of two nodes, which is ideal if the scenario has no
    /// [`PairLink`] for it.
    Pair(NodeId, NodeId),
}

/// What becomes of a node's state when it is switched off.
///
/// Its own keys, the secret of its network and what it is told to do at the start are its owner's, and
/// always there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// All of it is gone.
    Lost,
    /// What it saved to its flash whenever a peer came or went is there: whom it knew, where, and with
    /// which handshake. Sessions are gone all the same, and so are messages under way, in or out, and
    /// what waited for room.
    Kept,
}

/// Something that must hold.
#[derive(Clone, Debug)]
pub struct Expect {
    /// Where the file says so.
    pub origin: Origin,
    /// When it must hold.
    pub time: Time,
    /// What must hold: all at once, or with [`Time::Never`] none at any instant.
    pub facts: Vec<Fact>,
    /// How many of them must hold instead of all.
    pub need: Need,
    /// Of which share of the runs this is expected; of each if not given.
    pub share: Option<RunShare>,
}

/// A share of runs, in thousandths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunShare {
    /// Of the seeds of the scenario.
    Seeds(u32),
    /// Of all runs of all cells of its file that expect the same.
    Cells(u32),
}

/// How much of an expectation must hold at once. What is said of a pair of nodes as both see it
/// counts once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// Every fact.
    All,
    /// This many; with [`Time::Never`], fewer at any instant.
    AtLeast(usize),
}

/// What counts as one for [`Need::AtLeast`], for each fact, from 0; and how many there are.
pub fn units(facts: &[Fact]) -> (Vec<usize>, usize) {
    let mut pairs: BTreeMap<(NodeId, NodeId), usize> = BTreeMap::new();
    let mut count = 0;
    let unit = |fact: &Fact| {
        let own = count;
        let unit = match fact {
            Fact::Session { a, b, .. } | Fact::Rtt { a, b, .. } => {
                *pairs.entry((*a.min(b), *a.max(b))).or_insert(own)
            }
            _ => own,
        };
        count += usize::from(unit == own);
        unit
    };
    let units = facts.iter().map(unit).collect();
    (units, count)
}

/// When an expectation must hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Time {
    /// At some instant up to then.
    By(Instant),
    /// At some instant of the span, which begins when a fault ends.
    Within {
        /// The end of the fault.
        from: Instant,
        /// `from` plus the time allowed.
        until: Instant,
    },
    /// At every instant from the first to the second.
    During(Instant, Instant),
    /// At no instant, not even one of several facts.
    Never,
    /// When the run is over.
    AtEnd,
}

/// One thing that is true or not at an instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// `a` sees its session with `b` in this state.
    Session {
        /// Who sees it.
        a: NodeId,
        /// With whom.
        b: NodeId,
        /// The state.
        is: SessionState,
    },
    /// The last round trip that `a` measured to `b` lies in this range.
    Rtt {
        /// Who measured.
        a: NodeId,
        /// To whom.
        b: NodeId,
        /// At least.
        at_least: Duration,
        /// At most.
        at_most: Duration,
    },
    /// How many of the payloads sent from one node to another arrived.
    Delivered {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// How many are wanted.
        wanted: Share,
    },
    /// The slowest payload from one node to another took no longer.
    Latency {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// At most this long, from the application to the application.
        at_most: Duration,
    },
    /// A node reported an event of this kind so often (about one peer, or about any).
    Event {
        /// Who reports.
        node: NodeId,
        /// What.
        kind: EventKind,
        /// About whom.
        peer: Option<NodeId>,
        /// At least so often.
        at_least: u64,
        /// At most so often.
        at_most: u64,
    },
    /// Packets from one node to another travel so, as the first one sees it.
    Path {
        /// Who sends.
        from: NodeId,
        /// To whom.
        to: NodeId,
        /// How.
        is: PathKind,
        /// Why it is not direct, as the first one says: of which kind this reason is.
        because: Option<RelayReason>,
    },
    /// A node holds the record of another one, which has not ended.
    Knows {
        /// Who.
        node: NodeId,
        /// Whom.
        of: NodeId,
    },
    /// A node has found another one by a tag that it looked for.
    Found {
        /// Who.
        node: NodeId,
        /// Whom.
        of: NodeId,
    },
    /// A node has heard all that another one broadcasts.
    Heard {
        /// Who.
        node: NodeId,
        /// Whose.
        from: NodeId,
    },
    /// A relay has sent on so many bytes since then, with its own seal around them.
    Relayed {
        /// Which relay.
        through: NodeId,
        /// From when they are counted.
        since: Instant,
        /// At least.
        at_least: u64,
        /// At most.
        at_most: u64,
    },
    /// A counter of a node lies in this range.
    Metric {
        /// Whose counter.
        node: NodeId,
        /// Which counter.
        name: String,
        /// At least.
        at_least: u64,
        /// At most.
        at_most: u64,
    },
}

/// How many of what was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Share {
    /// Every one.
    All,
    /// At least this many.
    AtLeast(u64),
    /// At least this many in a thousand of those sent.
    PerMille(u32),
}

/// How packets to a peer travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathKind {
    /// To its address, of this family if one is given.
    Direct(Option<IpFamily>),
    /// Through a relay, or through this one.
    Relayed(Option<NodeId>),
    /// Not at all: the peer is not active.
    None,
}

/// A session as one end sees it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SessionState {
    /// Never reached so far.
    Init,
    /// Answering.
    Active,
    /// Was active, and no longer answers.
    Disconnected,
}

/// Events that a node reports about a peer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum EventKind {
    /// A peer became active.
    Connected,
    /// A peer fell silent.
    Disconnected,
}
