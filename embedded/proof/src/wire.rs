//! The host's socket, which can lose datagrams.

use std::net::UdpSocket;
use std::time::Duration;

use underpass_core::{Path, Socket};
use underpass_driver::Wire;

use crate::Result;

/// How long to wait for a datagram before all else is looked at again.
const PATIENCE: Duration = Duration::from_millis(2);

/// A socket.
pub(crate) struct HostWire {
    socket: UdpSocket,
    /// One of so many is lost, each way.
    pub(crate) loses: Option<u32>,
    seen: u32,
    /// Datagrams that were lost here.
    pub(crate) lost: u32,
}

impl HostWire {
    /// On a port of this host that was free.
    pub(crate) fn bind() -> Result<Self> {
        let socket = UdpSocket::bind(("127.0.0.1", 0));
        let socket = socket.map_err(|error| format!("cannot open a socket: {error}"))?;
        socket
            .set_read_timeout(Some(PATIENCE))
            .map_err(|error| format!("cannot set up a socket: {error}"))?;
        Ok(Self { socket, loses: None, seen: 0, lost: 0 })
    }

    /// Where it can be reached.
    pub(crate) fn port(&self) -> u16 {
        self.socket.local_addr().expect("it is bound").port()
    }

    fn loses_this(&mut self) -> bool {
        self.seen += 1;
        let is_lost = self.loses.is_some_and(|one_of| self.seen.is_multiple_of(one_of));
        self.lost += u32::from(is_lost);
        is_lost
    }
}

impl Wire for HostWire {
    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, Path)> {
        loop {
            // Late or refused: the same as none.
            let (len, remote) = self.socket.recv_from(buffer).ok()?;
            if !self.loses_this() {
                return Some((len, Path { socket: Socket(0), remote }));
            }
        }
    }

    fn send(&mut self, path: Path, datagram: &[u8]) -> bool {
        if !self.loses_this() {
            // What cannot be sent is lost.
            let _ = self.socket.send_to(datagram, path.remote);
        }
        true
    }
}
