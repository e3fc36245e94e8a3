//! What stands on a node: the trait through which the world drives it, and what it may ask of the
//! world in return.
//!
//! The world knows no protocol. Whatever speaks one (ours, another library's, a test's few lines)
//! implements [`Machine`] and lives in the same world as the others.

use std::any::Any;
use std::net::SocketAddr;

use crate::scenario::model::{Mode, NodeId};
use crate::trace::PacketInfo;

mod context;
pub mod hostile;
mod inspect;
mod registry;
pub mod underpass;

pub use context::{Addresses, BindError, Cx, IpFamily, MAX_DATAGRAM_BUFFER, Socket};
pub use inspect::{Answers, Copies, Inspect, Table};
pub(crate) use inspect::{HANDSHAKES, PEERS};
pub use registry::{APPS, MACHINES, Post, Registry};

/// A program on a node, driven by the world.
///
/// A machine must be a function of what it is given here: no clock, no randomness and no other
/// input than through its calls and [`Cx`]. All calls take no virtual time.
pub trait Machine: Any + Send {
    /// It was switched on: it binds its sockets and arms its wake. Called once, first.
    fn start(&mut self, cx: &mut Cx<'_>);

    /// A datagram arrived. `bytes` may be changed in place; they are gone afterwards.
    fn datagram(&mut self, cx: &mut Cx<'_>, on: Socket, from: SocketAddr, bytes: &mut [u8]);

    /// Its wake came due, and is no longer armed.
    fn timeout(&mut self, cx: &mut Cx<'_>);

    /// Its application asks for something. A machine that cannot do it says so.
    fn command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Result<(), Unsupported> {
        let _ = (cx, command);
        Err(Unsupported)
    }

    /// A datagram crosses the access link of `link`, which the world lets this machine tap. Between
    /// two links that it taps, it hears it once, as it leaves its sender; its own it does not hear.
    fn overheard(&mut self, cx: &mut Cx<'_>, link: NodeId, packet: &PacketInfo<'_>) -> Verdict {
        let _ = (cx, link, packet);
        Verdict::Pass
    }

    /// A `hostile` fault that names its node begins or is over. Called after `start`, too, if one
    /// is under way.
    fn set_active(&mut self, cx: &mut Cx<'_>, active: bool) {
        let _ = (cx, active);
    }

    /// Its node has other addresses from now on. What it bound stays bound, to the new ones.
    fn readdressed(&mut self, cx: &mut Cx<'_>) {
        let _ = cx;
    }

    /// What it knows of these nodes, given with their names, and what it waits for: lines for people
    /// who look for a mistake.
    fn knowledge(&self, of: &[(NodeId, &str)]) -> Vec<String> {
        let _ = of;
        Vec::new()
    }

    /// Its inside, if it shows it.
    fn inspect(&self) -> Option<&dyn Inspect> {
        None
    }

    /// The counter of that name, if it keeps one.
    fn metric(&self, name: &str) -> Option<u64> {
        let _ = name;
        None
    }
}

impl dyn Machine {
    /// The machine as what it is, if it is an `M`.
    pub fn downcast_ref<M: Machine>(&self) -> Option<&M> {
        (self as &dyn Any).downcast_ref()
    }
}

/// What becomes of a datagram that a machine overheard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It goes on as it is.
    Pass,
    /// It goes no further.
    Drop,
    /// It goes on with these bytes instead of its own, at most [`MAX_DATAGRAM_BUFFER`].
    Replace(Vec<u8>),
}

/// What a machine may do that ordinary ones may not. Nobody has any of it until the world
/// [grants](crate::world::World::grant) it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Powers {
    /// Whose access links it taps: [`Machine::overheard`] decides over all that crosses them,
    /// either way.
    pub taps: Vec<NodeId>,
    /// Whether it may [`Cx::inject`] datagrams from addresses that are not its own.
    pub injects: bool,
}

/// Makes the machine of a node. Called with the number of the incarnation at every start, so that
/// a restart begins without the state of the one before.
pub type MachineFactory = Box<dyn Fn(NodeId, u32) -> Box<dyn Machine> + Send>;

/// A machine does not know how to do what was asked; its state is unchanged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unsupported;

/// Position of a statement in [`Scenario::sends`](crate::scenario::model::Scenario::sends).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SendId(pub u32);

/// What an application asks of the machine on its node, or its owner.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Command {
    /// Send a payload.
    Send {
        /// The statement it belongs to.
        send: SendId,
        /// Counts the payloads of that statement from zero.
        number: u64,
        /// To whom.
        to: NodeId,
        /// How.
        mode: Mode,
        /// What.
        payload: Vec<u8>,
    },
    /// Look again at what the machine is set up with: something in it is due now.
    Reconfigure,
}
