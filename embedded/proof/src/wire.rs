//! The host's socket, which can lose and damage datagrams.

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
    /// Of so many datagrams, both ways together, one is lost and another damaged.
    pub(crate) spoils: Option<u32>,
    seen: u32,
    /// Datagrams that were lost here, and that were damaged.
    pub(crate) spoilt: [u32; 2],
}

impl HostWire {
    /// On a port of this host that was free.
    pub(crate) fn bind() -> Result<Self> {
        let socket = UdpSocket::bind(("127.0.0.1", 0));
        let socket = socket.map_err(|error| format!("cannot open a socket: {error}"))?;
        socket
            .set_read_timeout(Some(PATIENCE))
            .map_err(|error| format!("cannot set up a socket: {error}"))?;
        Ok(Self { socket, spoils: None, seen: 0, spoilt: [0; 2] })
    }

    /// Where it can be reached.
    pub(crate) fn port(&self) -> u16 {
        self.socket.local_addr().expect("it is bound").port()
    }

    /// What becomes of the next datagram: false if it is lost.
    fn carries(&mut self, datagram: &mut [u8]) -> bool {
        self.seen += 1;
        let Some(one_of) = self.spoils else { return true };
        if self.seen.is_multiple_of(one_of) {
            self.spoilt[0] += 1;
            return false;
        }
        if self.seen % one_of == one_of / 2 {
            // A different place each time.
            let place = self.seen as usize % datagram.len().max(1);
            datagram.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 1 << (self.seen % 8));
            self.spoilt[1] += 1;
        }
        true
    }
}

impl Wire for HostWire {
    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, Path)> {
        loop {
            // Late or refused: the same as none.
            let (len, remote) = self.socket.recv_from(buffer).ok()?;
            if self.carries(&mut buffer[..len]) {
                return Some((len, Path { socket: Socket(0), remote }));
            }
        }
    }

    fn send(&mut self, path: Path, datagram: &[u8]) -> bool {
        let mut datagram = datagram.to_vec();
        if self.carries(&mut datagram) {
            // What cannot be sent is lost.
            let _ = self.socket.send_to(&datagram, path.remote);
        }
        true
    }
}
