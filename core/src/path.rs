//! How packets travel.

use serde::{Deserialize, Serialize};

use core::net::{IpAddr, SocketAddr, SocketAddrV6};

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

/// A datagram that the driver must send: the first `len` bytes of the buffer it handed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[must_use = "the datagram is lost unless it is sent"]
pub struct Transmit {
    /// By which path.
    pub path: Path,
    /// By which other path the same bytes go as well.
    pub also: Option<Path>,
    /// Bytes of the datagram.
    pub len: usize,
}
