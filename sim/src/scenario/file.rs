//! The shape of a scenario file: its tables and keys, with the place of each value.
//!
//! Names are not resolved and nothing is checked here beyond the form of each value; that is
//! `resolve`'s work.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::units::{Bytes, PerMille, Period};

mod forms;
mod hostile;
mod links;
mod matrix;
mod members;
mod nats;

pub use forms::{AtLeast, Links, Seeds, Spanned, Table, Two};
pub use hostile::{Flood, FloodKind, Forge, Hostile, Replay, Tamper};
pub use links::{
    Direction, Distribution, GilbertElliott, Link, LinkFault, LinkPreset, Loss, Presets,
};
pub use matrix::{Choice, Defaults, Matrix, Value, When};
pub use members::{
    Access, Cpu, Insider, Kind, Lie, Limits, OwnCpu, OwnLimits, OwnRelay, Ploy, Relay, Whom,
};
pub use nats::{
    Behaviour, Hairpin, Nat, NatPreset, Pairing, Population, Ports, Refresh, Roam, Translate,
    Unsolicited,
};

/// A whole file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The version of the language, 1.
    pub format: u32,
    /// What the scenario shows, in a sentence.
    pub title: Spanned<String>,
    /// Labels to select by; none if not given.
    #[serde(default)]
    pub tags: Vec<Spanned<String>>,
    /// Why it is not counted, if it is known to fail. It runs, and the report shows it.
    pub quarantine: Option<Spanned<String>>,
    /// Files whose tables come before those of this one; paths from the folder of this file.
    #[serde(default)]
    pub include: Vec<String>,
    /// Names with their values, each combination of which is a scenario of its own.
    pub matrix: Option<Table<Matrix>>,
    /// What entries have that do not say otherwise.
    pub defaults: Option<Defaults>,
    /// How long it lasts in virtual time.
    pub duration: Spanned<Period>,
    /// Every seed is one run: how many, from 1 on, or which; the seed 1 if not given.
    pub seeds: Option<Spanned<Seeds>>,
    /// Whether nothing is expected but what checkers ask of every run; not if not given.
    pub checkers_only: Option<Spanned<bool>>,
    /// A run that needs more events is stopped and fails; 50,000,000 if not given.
    pub max_events: Option<Spanned<u64>>,
    /// What links and NATs may refer to by name.
    pub preset: Option<Table<Presets>>,
    /// The access link of every node, and the links between pairs.
    pub link: Option<Spanned<Links>>,
    /// What stands between nodes and the public network.
    #[serde(default)]
    pub nat: Vec<Table<Nat>>,
    /// Everybody on the network.
    #[serde(default)]
    pub node: Vec<Table<Node>>,
    /// What applications send.
    #[serde(default)]
    pub send: Vec<Table<Send>>,
    /// Who looks for others by their tags.
    #[serde(default)]
    pub find: Vec<Table<Find>>,
    /// What goes wrong, and when.
    #[serde(default)]
    pub fault: Vec<Table<Fault>>,
    /// What must hold.
    #[serde(default)]
    pub expect: Vec<Table<Expect>>,
}

/// A machine, or `count` of them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its name, or what comes before `-1`, `-2`, ... if there is a `count`.
    pub name: Spanned<String>,
    /// How many of them; one without a number if not given.
    pub count: Option<Spanned<u64>>,
    /// The families of its addresses; IPv4 if not given.
    pub interfaces: Option<Spanned<Vec<Spanned<Interface>>>>,
    /// The NAT behind which it is, or several (a glob) that a `count` of nodes share out.
    pub behind: Option<Spanned<String>>,
    /// Instead of `behind`: whose NATs to draw for it, by its name alone (docs/nat.md).
    pub population: Option<Spanned<Population>>,
    /// Its own access link instead of everybody's.
    pub link: Option<Table<Link>>,
    /// Whose key and address it knows from the start; names or globs.
    #[serde(default)]
    pub peers: Vec<Spanned<String>>,
    /// At whose addresses it calls from the start, without knowing their keys; names or globs.
    #[serde(default)]
    pub bootstrap: Vec<Spanned<String>>,
    /// How much it holds: a kind of machine, or each limit by itself; as much as it needs if not given.
    pub limits: Option<Spanned<Limits>>,
    /// Whom it deals with; every member of the network if not given.
    pub access: Option<Table<Access>>,
    /// The network that it is a member of, by name; that of all others if not given.
    pub network: Option<Spanned<String>>,
    /// How often it wants to hear from each peer, from 10 s to 5 min; 10 s if not given. Of two the longer counts.
    pub ping_interval: Option<Spanned<Period>>,
    /// At whose addresses it says it is, instead of its own; a name.
    pub claims: Option<Spanned<String>>,
    /// Whether it relays for the members of the network, or how much.
    pub relay: Option<Spanned<Relay>>,
    /// Whether everybody may find it by hearsay; `false` for one that finds others, and is not found. It
    /// takes no part in gossip if not given.
    pub discoverable: Option<Spanned<bool>>,
    /// What it is found by, if it is discoverable.
    #[serde(default)]
    pub tags: Vec<Spanned<String>>,
    /// Whether newcomers are sent to it: one that is discoverable, and forgets others after an hour.
    pub newcomers: Option<Spanned<bool>>,
    /// What it does in gossip that is against the rules; it keeps to them if not given.
    pub insider: Option<Table<Insider>>,
    /// How long its keys' work takes: a kind of machine, or each operation by itself; no time if not given.
    pub cpu: Option<Spanned<Cpu>>,
    /// By how many millionths its clock is too fast, from -1000 to 1000; 0 if not given.
    pub clock_ppm: Option<Spanned<i64>>,
    /// What it does with what others send to it: `echo` or `sink`; `sink` if not given. Others are registered in Rust.
    pub app: Option<Spanned<String>>,
    /// What stands on it; `underpass` if not given. Others are registered in Rust.
    pub machine: Option<Spanned<String>>,
    /// When it is switched on; at once if not given.
    pub start: Option<Spanned<Period>>,
    /// What it does instead of being a member of the network.
    pub hostile: Option<Table<Hostile>>,
    /// The cells of the matrix in which this is there; all if not given.
    pub when: Option<Spanned<When>>,
}

/// A family of addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Interface {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// Application traffic.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// For reports; `send-1` and so on if not given.
    pub name: Option<Spanned<String>>,
    /// Who sends; a name or glob.
    pub from: Spanned<String>,
    /// To whom; a name or glob.
    pub to: Spanned<String>,
    /// When the first goes out.
    pub at: Spanned<Period>,
    /// Time between two.
    pub every: Option<Spanned<Period>>,
    /// How many; one if neither this nor `for` is given.
    pub count: Option<Spanned<u64>>,
    /// For how long, instead of how many.
    #[serde(rename = "for")]
    pub lasts: Option<Spanned<Period>>,
    /// Payload bytes, from 32 to what a packet or a message carries; 64 if not given.
    pub size: Option<Spanned<u64>>,
    /// How it is sent; a datagram if not given.
    pub mode: Option<Mode>,
    /// The cells of the matrix in which this is there; all if not given.
    pub when: Option<Spanned<When>>,
}

/// How a payload is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// At most once, not acknowledged.
    Datagram,
    /// Acknowledged, and repeated until then.
    Message,
    /// As a rumour, to everybody who takes part in gossip: only with `to = "*"`.
    Broadcast,
}

/// A node looks for others by a tag, in place of what it looked for before.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// Who looks; a name or glob.
    pub node: Spanned<String>,
    /// The tag.
    pub tag: Spanned<String>,
    /// When it begins.
    pub at: Spanned<Period>,
    /// The cells of the matrix in which this is there; all if not given.
    pub when: Option<Spanned<When>>,
}

/// Something that goes wrong, or that owners do: one of the keys from `partition` on, and `state`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// For reports and `after`; `fault-1` and so on if not given.
    pub name: Option<Spanned<String>>,
    /// When it begins.
    pub at: Spanned<Period>,
    /// How long it lasts; to the end if not given.
    #[serde(rename = "for")]
    pub lasts: Option<Spanned<Period>>,
    /// Time from one beginning to the next; it happens once if not given.
    pub every: Option<Spanned<Period>>,
    /// Nothing passes between these groups of names or globs. A NAT stands for all behind it.
    pub partition: Option<Spanned<Groups>>,
    /// This node is off meanwhile; a name.
    pub crash: Option<Spanned<String>>,
    /// This node starts again at once; a name.
    pub restart: Option<Spanned<String>>,
    /// Nothing passes one way; the way back is open.
    pub block: Option<Table<Block>>,
    /// An access link or a stretch between nodes is different.
    pub link: Option<Table<LinkFault>>,
    /// Nothing goes into or out of this node, which stays on; a name.
    pub interface: Option<Spanned<String>>,
    /// This node does not run, and hears of nothing; its clock goes on. A name.
    pub suspend: Option<Spanned<String>>,
    /// Clocks drift.
    pub clock: Option<Table<Clock>>,
    /// A single packet is lost, the n-th that one node sends to another.
    pub drop: Option<Table<Drop>>,
    /// What becomes of its state when a node crashes or restarts; lost if not given.
    pub state: Option<Spanned<State>>,
    /// These nodes get the next secret of the network; a name or glob.
    pub change_secret: Option<Spanned<String>>,
    /// These nodes lose the secret before their own; a name or glob.
    pub retire_secret: Option<Spanned<String>>,
    /// This NAT forgets its mappings; a name.
    pub nat_reboot: Option<Spanned<String>>,
    /// A node is somewhere else from then on.
    pub roam: Option<Table<Roam>>,
    /// These hostile nodes act; a name or glob.
    pub hostile: Option<Spanned<String>>,
    /// The cells of the matrix in which this is there; all if not given.
    pub when: Option<Spanned<When>>,
}

/// What becomes of a node's state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// All of it is gone.
    Lost,
    /// What it saved is there.
    Kept,
}

/// Names or globs.
pub type Patterns = Vec<Spanned<String>>;

/// Groups of names or globs.
pub type Groups = Vec<Spanned<Patterns>>;

/// Nothing passes from those to these; the way back is open.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Who is not heard; names or globs.
    pub from: Spanned<Patterns>,
    /// Who does not hear them; names or globs.
    pub to: Spanned<Patterns>,
}

/// Clocks go faster or slower, and keep what they gain or lose.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Whose; a name or glob.
    pub node: Spanned<String>,
    /// By how many millionths, from -1000 to 1000; slower if negative.
    pub ppm: Spanned<i64>,
}

/// The n-th packet is lost that one node sends to another, or to anybody.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drop {
    /// The sender; a name or glob.
    pub from: Spanned<String>,
    /// The receiver; a name or glob. Anybody if not given.
    pub to: Option<Spanned<String>>,
    /// Counted from 1 for each pair, or for the sender alone, from the beginning of the fault on.
    pub nth: Spanned<u64>,
}

/// Something that must hold: one fact, and at most one time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// A session is in a state, as both ends see it.
    pub session: Option<Table<Session>>,
    /// The round trip time that both ends measured last lies in a range.
    pub rtt: Option<Table<Rtt>>,
    /// Packets travel directly, or through a relay.
    pub path: Option<Table<Path>>,
    /// Payloads arrived, all or so many.
    pub delivered: Option<Table<Delivered>>,
    /// The slowest payload so far was fast enough.
    pub latency: Option<Table<Latency>>,
    /// A node reported something so often since the run began.
    pub event: Option<Table<Event>>,
    /// A node knows another one by its record.
    pub knows: Option<Table<Knows>>,
    /// A node has found another one by a tag that it looked for.
    pub found: Option<Table<Found>>,
    /// A node has heard all that another one broadcast.
    pub heard: Option<Table<Heard>>,
    /// A relay sent on so much.
    pub relayed: Option<Table<Relayed>>,
    /// A counter of a node lies in a range; read at the end.
    pub metric: Option<Table<Metric>>,
    /// True at some instant up to then.
    pub by: Option<Spanned<Period>>,
    /// True at some instant so soon after the end of the fault named by `after`.
    pub within: Option<Spanned<Period>>,
    /// The fault that `within` counts from.
    pub after: Option<Spanned<String>>,
    /// True at every instant from the first to the second.
    pub during: Option<Spanned<Two<Spanned<Period>>>>,
    /// True at no instant: only written as `true`.
    pub never: Option<Spanned<bool>>,
    /// Of the pairs or nodes that the fact names, one is enough: only written as `true`.
    pub any: Option<Spanned<bool>>,
    /// Of the pairs or nodes that the fact names, so many are enough: a number, or a percentage.
    pub at_least: Option<Spanned<AtLeast>>,
    /// Only of the pairs that the NATs let reach each other so, as the oracle says; of all if not given.
    pub reach: Option<Spanned<Reach>>,
    /// The share of the file's seeds with which it must hold: an exact count, judged when all have
    /// run. Every seed if not given.
    pub seeds: Option<Spanned<PerMille>>,
    /// The same of the runs of all cells of the matrix in which it is there.
    pub cells: Option<Spanned<PerMille>>,
    /// The cells of the matrix in which this is there; all if not given.
    pub when: Option<Spanned<When>>,
}

/// How two nodes reach each other, as far as the settings of the NATs decide it. Where chance does, too
/// (a port has to be guessed, say), they do in `any` way and in no other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Directly, with or without punching.
    Direct,
    /// Through a relay, and not otherwise.
    Relayed,
    /// Directly or through a relay.
    Any,
    /// Not at all.
    None,
}

/// Both ends see their session in this state.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The two ends; names or globs.
    pub between: Spanned<Two<Spanned<String>>>,
    /// The state.
    pub is: Spanned<SessionState>,
}

/// A session as one end sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    /// Never reached so far.
    Init,
    /// Answering.
    Active,
    /// Was active, and no longer answers.
    Disconnected,
}

/// Both ends measured a round trip in this range.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rtt {
    /// The two ends; names or globs.
    pub between: Spanned<Two<Spanned<String>>>,
    /// At least.
    pub at_least: Option<Spanned<Period>>,
    /// At most.
    pub at_most: Option<Spanned<Period>>,
}

/// Packets from one node to another travel so, as the first one sees it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Path {
    /// Who sends; a name or glob.
    pub from: Spanned<String>,
    /// To whom; a name or glob.
    pub to: Spanned<String>,
    /// How.
    pub is: Spanned<PathKind>,
    /// Of a direct path: the family of its addresses; any if not given.
    pub over: Option<Spanned<Interface>>,
    /// Of a relayed one: by which relay; any if not given.
    pub through: Option<Spanned<String>>,
    /// Of one that is not direct: why, as the sender says; whatever the reason if not given.
    pub because: Option<Spanned<Because>>,
}

/// How packets travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PathKind {
    /// To the other's address.
    Direct,
    /// Through a relay.
    Relayed,
    /// Not at all.
    None,
}

/// Why packets do not travel directly.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// It has not been tried.
    NotTried,
    /// It is being tried.
    Trying,
    /// No relay says where the other is.
    NoAddress,
    /// The sender's NATs give it other ports towards others.
    OwnPortsVary,
    /// The other's NATs do.
    PeerPortsVary,
    /// Both.
    BothPortsVary,
    /// Nothing came back.
    NoAnswer,
    /// There was one, which failed.
    Lost,
    /// There is one, which loses too much.
    Lossy,
    /// No UDP passes where the sender is.
    UdpBlocked,
}

/// A node holds the record of another one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Knows {
    /// Who; a name or glob.
    pub node: Spanned<String>,
    /// Whom; a name or glob.
    pub of: Spanned<String>,
}

/// A node has found another one by its tag.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// Who; a name or glob.
    pub node: Spanned<String>,
    /// Whom; a name or glob.
    pub of: Spanned<String>,
}

/// A node has heard all broadcasts of another one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heard {
    /// Who; a name or glob.
    pub node: Spanned<String>,
    /// Whose; a name or glob.
    pub from: Spanned<String>,
}

/// How much a relay sent on: in the span of the expectation, or since the run began.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relayed {
    /// Which relay; a name or glob.
    pub through: Spanned<String>,
    /// At least.
    pub at_least: Option<Spanned<Bytes>>,
    /// At most.
    pub at_most: Option<Spanned<Bytes>>,
}

/// How much of what was sent arrived: `all` or `at_least`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delivered {
    /// The sender; a name or glob.
    pub from: Spanned<String>,
    /// The receiver; a name or glob.
    pub to: Spanned<String>,
    /// Every one: only written as `true`.
    pub all: Option<Spanned<bool>>,
    /// A number, or a percentage of those sent.
    pub at_least: Option<Spanned<AtLeast>>,
}

/// The slowest payload took no longer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The sender; a name or glob.
    pub from: Spanned<String>,
    /// The receiver; a name or glob.
    pub to: Spanned<String>,
    /// At most.
    pub at_most: Spanned<Period>,
}

/// A node reported an event so often.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Who reports; a name or glob.
    pub node: Spanned<String>,
    /// What it reports.
    pub kind: EventKind,
    /// About whom (a name or glob); about anybody if not given.
    pub peer: Option<Spanned<String>>,
    /// At least so often; once if neither this nor `at_most` is given.
    pub at_least: Option<Spanned<u64>>,
    /// At most so often.
    pub at_most: Option<Spanned<u64>>,
}

/// What a node reports about a peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// It became active.
    Connected,
    /// It fell silent.
    Disconnected,
}

/// A counter of a node lies in a range.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Whose counter; a name or glob.
    pub node: Spanned<String>,
    /// Which counter: `check` lists the names if there is none like it.
    pub name: Spanned<String>,
    /// At least.
    pub at_least: Option<Spanned<u64>>,
    /// At most.
    pub at_most: Option<Spanned<u64>>,
}
