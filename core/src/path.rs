//! How packets travel.

use core::net::SocketAddr;

/// One of the driver's sockets, by a number of the driver's choice. A stream (TCP, WebSocket) is a
/// socket of its own too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Socket(pub u8);

/// A direct path: from a local socket to a remote address.
///
/// A session belongs to a peer; a path is only how its packets travel now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Path {
    /// Where it leaves from.
    pub socket: Socket,
    /// Where it goes.
    pub remote: SocketAddr,
}

/// A datagram that the driver must send: the first `len` bytes of the buffer it handed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "the datagram is lost unless it is sent"]
pub struct Transmit {
    /// By which path.
    pub path: Path,
    /// By which other path the same bytes go as well.
    pub also: Option<Path>,
    /// Bytes of the datagram.
    pub len: usize,
}
