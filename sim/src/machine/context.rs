//! What a machine may ask of the world while it is called.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use underpass_core::Instant;

use crate::random::Stream;
use crate::scenario::model::NodeId;
use crate::trace::Observation;
use crate::world::Kernel;

/// Bytes of the buffer that a machine writes a datagram into; more than any link carries.
pub const MAX_DATAGRAM_BUFFER: usize = 2048;

/// A bound port of one node, valid until the node is switched off.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Socket(pub(crate) u8);

/// The version of the Internet Protocol that a socket speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum IpFamily {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// The addresses of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Addresses {
    /// Its IPv4 address, if it has one.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address, if it has one.
    pub ipv6: Option<Ipv6Addr>,
}

impl Addresses {
    /// Whether this is one of them.
    pub fn has(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.ipv4 == Some(address),
            IpAddr::V6(address) => self.ipv6 == Some(address),
        }
    }
}

/// Why a port could not be bound. No socket was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum BindError {
    /// The node has no address of this family.
    NoAddress,
    /// Port 0 names no port, and none is chosen in its place.
    PortZero,
    /// The port is bound already.
    PortInUse,
    /// The node has 256 sockets already.
    TooManySockets,
}

/// The world as one machine sees it during one call.
pub struct Cx<'w> {
    kernel: &'w mut Kernel,
    node: NodeId,
}

impl<'w> Cx<'w> {
    pub(crate) fn new(kernel: &'w mut Kernel, node: NodeId) -> Self {
        Self { kernel, node }
    }

    /// The time by the node's own clock, which may be too fast or too slow. It does not pass during a
    /// call.
    pub fn now(&self) -> Instant {
        self.kernel.clock(self.node)
    }

    /// The time by which the world goes: for what is reported, and for what is no machine's own doing.
    /// No machine could know it.
    pub(crate) fn world_now(&self) -> Instant {
        self.kernel.now()
    }

    /// The node that the machine stands on.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// How often the node was started before this time.
    pub fn incarnation(&self) -> u32 {
        self.kernel.host(self.node).incarnation()
    }

    /// The addresses of the node.
    pub fn addresses(&self) -> Addresses {
        self.kernel.host(self.node).addresses()
    }

    /// The randomness of that name that belongs to this incarnation of this node alone. A stream
    /// may be kept: the same name always yields the same draws.
    pub fn stream(&self, names: &[&str]) -> Stream {
        self.kernel.host(self.node).stream().stream(names)
    }

    /// What this node has in its flash: what it wrote there last, unless that was erased.
    pub fn flash(&self) -> &[u8] {
        &self.kernel.host(self.node).flash
    }

    /// Writes this to the node's flash, in place of what it held. It outlives the machine unless a
    /// fault erases it.
    pub fn write_flash(&mut self, bytes: Vec<u8>) {
        self.kernel.host_mut(self.node).flash = bytes;
    }

    /// Binds a port on the node's address of that family.
    pub fn bind(&mut self, family: IpFamily, port: u16) -> Result<Socket, BindError> {
        self.kernel.host_mut(self.node).bind(family, port)
    }

    /// Sends what `fill` writes into the buffer: it returns the socket, the destination and the
    /// number of bytes, or `None` if there is nothing to send. Says whether there was something,
    /// so that `while cx.transmit(..) {}` sends all there is. What the buffer holds before is
    /// unspecified.
    ///
    /// The buffer is the one that the receiver reads: nothing is copied.
    ///
    /// # Panics
    ///
    /// If the socket is not one that this incarnation bound, or more bytes are claimed than the
    /// buffer has.
    pub fn transmit(
        &mut self,
        fill: impl FnOnce(&mut [u8; MAX_DATAGRAM_BUFFER]) -> Option<(Socket, SocketAddr, usize)>,
    ) -> bool {
        let slot = self.kernel.packets.acquire();
        let filled = fill(&mut self.kernel.packets.get_mut(slot).buffer);
        match filled {
            Some((socket, destination, length)) => {
                self.kernel.transmit(self.node, socket, slot, destination, length);
            }
            None => self.kernel.packets.release(slot),
        }
        filled.is_some()
    }

    /// Sends a datagram of these bytes.
    ///
    /// # Panics
    ///
    /// If the socket is not one that this incarnation bound, or there are more than
    /// [`MAX_DATAGRAM_BUFFER`] bytes.
    pub fn send(&mut self, socket: Socket, destination: SocketAddr, bytes: &[u8]) {
        self.transmit(|buffer| {
            buffer[..bytes.len()].copy_from_slice(bytes);
            Some((socket, destination, bytes.len()))
        });
    }

    /// Sends a datagram from any address, as if it came from there. It crosses the links of this
    /// node; answers go to whoever has the address. The node itself needs no address of that family.
    ///
    /// # Panics
    ///
    /// If the world did not grant it, or there are more than [`MAX_DATAGRAM_BUFFER`] bytes.
    pub fn inject(&mut self, source: SocketAddr, destination: SocketAddr, bytes: &[u8]) {
        self.kernel.inject(self.node, source, destination, bytes);
    }

    /// Arms the machine's one wake in place of whatever was armed; `None` disarms it. The time is that
    /// of the node's own clock; one that has passed means now.
    pub fn wake_at(&mut self, at: Option<Instant>) {
        self.kernel.arm_wake(self.node, at);
    }

    /// Reports something to the trace and to whoever watches.
    pub fn observe(&mut self, observation: Observation) {
        self.kernel.observe(self.node, &observation);
    }
}
