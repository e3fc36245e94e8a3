//! Machines that mean harm: four that scenario files know, and the way to write another.
//!
//! A hostile machine stands on a node of its own and belongs to no network. Beyond what every
//! machine can, it overhears what crosses the links that it taps, and sends datagrams from whatever
//! address it likes. It listens all the time and acts while a `hostile` fault names it. Addresses
//! are all that it can forge: it holds no keys but those that it makes itself.
//!
//! | attack | from where | what |
//! |---|---|---|
//! | [`Replay`] | beside the path | sends what it overheard again, as it was |
//! | [`Flood`] | anywhere | sends garbage, `Hello`s or sealed-looking junk at a pace |
//! | [`Forge`] | beside the path | sends variations of what it overheard |
//! | [`Tamper`] | on the path | changes a share of what passes |
//! | [`Custom`] | | what you like |
//!
//! One of your own, on the path between the nodes of a scenario file:
//!
//! ```
//! use std::net::SocketAddr;
//!
//! use underpass_core::{Duration, Instant};
//! use underpass_sim::machine::hostile::{Attack, Custom, Hostile};
//! use underpass_sim::machine::{Cx, Machine, Socket, Verdict};
//! use underpass_sim::scenario::model::{Fault, FaultKind, NodeId};
//! use underpass_sim::scenario::{self, Vocabulary};
//! use underpass_sim::trace::PacketInfo;
//!
//! /// Lets nobody shake hands.
//! #[derive(Default)]
//! struct Spoilsport {
//!     active: bool,
//! }
//!
//! impl Machine for Spoilsport {
//!     fn start(&mut self, _: &mut Cx<'_>) {}
//!     fn datagram(&mut self, _: &mut Cx<'_>, _: Socket, _: SocketAddr, _: &mut [u8]) {}
//!     fn timeout(&mut self, _: &mut Cx<'_>) {}
//!
//!     fn overheard(&mut self, _: &mut Cx<'_>, _: NodeId, packet: &PacketInfo<'_>) -> Verdict {
//!         if self.active && packet.bytes.len() == 192 { Verdict::Drop } else { Verdict::Pass }
//!     }
//!
//!     fn set_active(&mut self, _: &mut Cx<'_>, active: bool) {
//!         self.active = active;
//!     }
//! }
//!
//! let file = r#"
//!     format = 1
//!     title = "Two nodes never meet"
//!     duration = "60s"
//!     node = [{ name = "laptop", peers = ["sensor"] }, { name = "sensor" }]
//!
//!     [[expect]]
//!     session = { between = ["laptop", "sensor"], is = "init" }
//! "#;
//! let mut scenario = scenario::parse(file, "two.toml", "two", &Vocabulary::with_metrics(&[]))?;
//! let attack = Attack::Custom(Custom::new(|_, _| Box::<Spoilsport>::default()));
//! let mallory = scenario.add_hostile("mallory", Hostile { taps: vec![NodeId(1)], attack });
//! scenario.faults.push(Fault {
//!     name: "attack".into(),
//!     at: Instant::ORIGIN,
//!     lasts: Some(Duration::from_secs(60)),
//!     every: None,
//!     kind: FaultKind::Hostile(vec![mallory]),
//! });
//! let run = underpass_sim::run(&scenario, 1);
//! assert!(run.passed(), "{:?}", run.failures);
//! # Ok::<(), scenario::Report>(())
//! ```

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use underpass_core::MAX_DATAGRAM;

use super::underpass::Roster;
use super::{Cx, Machine, MachineFactory, Powers};
use crate::random::Stream;
use crate::scenario::model::NodeId;
use crate::world::{IPV4_NODES_MAX, ipv4_address, ipv6_address};

mod flood;
mod forge;
mod meddling;
mod raid;
mod replay;
mod tamper;

#[cfg(test)]
mod tests;

pub use flood::{Flood, FloodKind, HELLOS_MAX};
pub use forge::Forge;
pub use replay::Replay;
pub use tamper::Tamper;

use raid::Raider;

/// Ports below are those of systems (RFC 6335, section 6).
const FIRST_USER_PORT: usize = 1024;

/// What stands on a hostile node.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// Whose access links it taps.
    pub taps: Vec<NodeId>,
    /// What it does.
    pub attack: Attack,
}

/// What a hostile machine does while it acts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Attack {
    /// Sends what it overheard again.
    Replay(Replay),
    /// Sends a lot.
    Flood(Flood),
    /// Sends variations of what it overheard.
    Forge(Forge),
    /// Changes what passes.
    Tamper(Tamper),
    /// A machine of your own.
    Custom(Custom),
}

/// Makes a hostile machine of your own at every start of its node.
#[derive(Clone)]
pub struct Custom(Arc<dyn Fn(NodeId, u32) -> Box<dyn Machine> + Send + Sync>);

impl Custom {
    /// Called with the node and the number of the incarnation.
    pub fn new(make: impl Fn(NodeId, u32) -> Box<dyn Machine> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Custom")
    }
}

impl Hostile {
    /// What it needs of the world.
    pub fn powers(&self) -> Powers {
        Powers { taps: self.taps.clone(), injects: true }
    }

    /// Makes its machine. Of the roster it uses where nodes can be reached, and for
    /// [`FloodKind::Hello`] what every member of the network knows.
    pub fn factory(&self, roster: &Arc<Roster>) -> MachineFactory {
        let (attack, roster) = (self.attack.clone(), Arc::clone(roster));
        Box::new(move |node, incarnation| match &attack {
            Attack::Replay(replay) => Box::new(Raider::new(replay::Replayer::new(replay, &roster))),
            Attack::Flood(flood) => Box::new(Raider::new(flood::Flooder::new(flood, &roster))),
            Attack::Forge(forge) => Box::new(Raider::new(forge::Forger::new(forge))),
            Attack::Tamper(tamper) => Box::new(tamper::Tamperer::new(tamper)),
            Attack::Custom(Custom(make)) => make(node, incarnation),
        })
    }
}

/// The draws for one datagram, by what they are for.
struct Dice {
    stream: Stream,
    number: u64,
}

impl Dice {
    fn new(cx: &Cx<'_>, names: &[&str], number: u64) -> Self {
        Self { stream: cx.stream(names), number }
    }

    /// Below `bound`, which is not zero.
    fn below(&self, what: &str, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a usize has at most 64 bits");
        let drawn = self.stream.stream(&[what]).below(self.number, bound);
        usize::try_from(drawn).expect("below a usize")
    }

    /// Any byte but zero.
    fn nonzero(&self, what: &str) -> u8 {
        u8::try_from(1 + self.below(what, 255)).expect("at most 255")
    }

    fn fill(&self, what: &str, out: &mut [u8]) {
        let stream = self.stream.stream(&[what, &self.number.to_string()]);
        for (block, out) in (0..).zip(out.chunks_mut(32)) {
            out.copy_from_slice(&stream.bytes(block)[..out.len()]);
        }
    }

    /// Random bytes, at least so many and at most as many as a datagram has.
    fn bytes(&self, at_least: usize) -> Vec<u8> {
        let length = at_least + self.below("length", MAX_DATAGRAM + 1 - at_least);
        let mut bytes = vec![0; length];
        self.fill("bytes", &mut bytes);
        bytes
    }

    /// An address that some node could have, and a port that is nobody's by convention.
    fn address(&self, ipv4: bool) -> SocketAddr {
        let node = self.below("address", IPV4_NODES_MAX as usize);
        let node = NodeId(u32::try_from(node).expect("below a u32"));
        let ip = match ipv4 {
            true => IpAddr::V4(ipv4_address(node).expect("the range has room for it")),
            false => IpAddr::V6(ipv6_address(node)),
        };
        let port = FIRST_USER_PORT + self.below("port", 65_536 - FIRST_USER_PORT);
        SocketAddr::new(ip, u16::try_from(port).expect("below 65536"))
    }
}
