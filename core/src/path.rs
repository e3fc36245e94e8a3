//! How packets travel.

use core::net::{IpAddr, SocketAddr, SocketAddrV6};
use core::ops::Range;

use serde::{Deserialize, Serialize};

use crate::peer::Peer;
use crate::wire::MAX_DATAGRAM;

/// One of the driver's sockets, by a number of the driver's choice. A stream (TCP, WebSocket) is a
/// socket of its own too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Socket(pub u8);

/// A direct path: from a local socket to a remote address.
///
/// A session belongs to a peer; a path is only how its packets travel now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Path {
    /// Where it leaves from.
    pub socket: Socket,
    /// Where it goes.
    pub remote: SocketAddr,
}

/// A path in recordings and saved states: as it is, with the scope that a link-local address of
/// IPv6 has no meaning without.
#[derive(Serialize, Deserialize)]
struct Written {
    socket: u8,
    ip: IpAddr,
    port: u16,
    scope: u32,
}

impl From<Path> for Written {
    fn from(path: Path) -> Self {
        let scope = match path.remote {
            SocketAddr::V4(_) => 0,
            SocketAddr::V6(remote) => remote.scope_id(),
        };
        Self { socket: path.socket.0, ip: path.remote.ip(), port: path.remote.port(), scope }
    }
}

impl From<Written> for Path {
    fn from(written: Written) -> Self {
        let Written { socket, ip, port, scope } = written;
        let remote = match ip {
            IpAddr::V4(ip) => SocketAddr::from((ip, port)),
            IpAddr::V6(ip) => SocketAddrV6::new(ip, port, 0, scope).into(),
        };
        Self { socket: Socket(socket), remote }
    }
}

impl Path {
    /// Without the flow label, which is no part of an address and may change with every packet.
    pub(crate) fn without_flow(mut self) -> Self {
        if let SocketAddr::V6(remote) = &mut self.remote {
            remote.set_flowinfo(0);
        }
        self
    }

    /// One spelling for every path: socket 1, address 16 (of IPv4 mapped, RFC 4291 section 2.5.5.2),
    /// port 2. Scopes are left out: who is asked on one link does not answer from another.
    pub(crate) fn to_bytes(self) -> [u8; 19] {
        let address = match self.remote.ip() {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        let mut bytes = [self.socket.0; 19];
        bytes[1..17].copy_from_slice(&address.octets());
        bytes[17..].copy_from_slice(&self.remote.port().to_le_bytes());
        bytes
    }
}

/// How a peer's packets travel at the moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub enum Route {
    /// To its address.
    Direct(Path),
    /// Through this peer, which cannot read them.
    Relayed(Peer),
}

/// Bytes of the buffer that a node writes what is to be sent into: two datagrams, as a payload may
/// take two ways at once, one of them through a relay.
pub const MAX_TRANSMIT: usize = 2 * MAX_DATAGRAM;

/// What the driver must send: [`datagrams`](Self::datagrams) finds it in the buffer handed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[must_use = "the datagrams are lost unless they are sent"]
pub struct Transmit {
    first: Piece,
    second: Option<Piece>,
}

/// A datagram in a buffer, and where it goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct Piece {
    pub(crate) path: Path,
    /// By which other path the same bytes go as well.
    pub(crate) also: Option<Path>,
    pub(crate) start: usize,
    pub(crate) len: usize,
}

impl Piece {
    /// How many datagrams go out.
    fn count(&self) -> usize {
        1 + usize::from(self.also.is_some())
    }
}

impl Transmit {
    pub(crate) fn new(first: Piece, second: Option<Piece>) -> Self {
        Self { first, second }
    }

    /// The datagrams to be sent, each with its path: nearly always one, more only while a peer is
    /// reached on two ways at once. `buffer` is the one that the node wrote into.
    ///
    /// # Panics
    /// If `buffer` is shorter than that.
    pub fn datagrams<'b>(&self, buffer: &'b [u8]) -> impl Iterator<Item = (Path, &'b [u8])> {
        self.ranges().map(|(path, range)| (path, &buffer[range]))
    }

    /// The same by their places in the buffer.
    pub fn ranges(&self) -> impl Iterator<Item = (Path, Range<usize>)> + use<> {
        [Some(self.first), self.second].into_iter().flatten().flat_map(|piece| {
            let paths = [Some(piece.path), piece.also].into_iter().flatten();
            paths.map(move |path| (path, piece.start..piece.start + piece.len))
        })
    }

    /// What is to be sent, for a recording.
    pub(crate) fn with_bytes<'b>(&self, buffer: &'b [u8]) -> (Self, &'b [u8], Option<&'b [u8]>) {
        let bytes = |piece: Piece| &buffer[piece.start..][..piece.len];
        (*self, bytes(self.first), self.second.map(bytes))
    }

    /// How many datagrams, and their bytes together.
    pub(crate) fn sum(&self) -> (usize, usize) {
        [Some(self.first), self.second].iter().flatten().fold((0, 0), |(count, bytes), piece| {
            (count + piece.count(), bytes + piece.count() * piece.len)
        })
    }
}
