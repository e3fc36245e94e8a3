//! A UDP socket of smoltcp as a wire.

use core::net::SocketAddr;

use smoltcp::socket::udp::{RecvError, SendError, Socket};
use underpass_core::{Instant, Path, Socket as SocketNumber};

use crate::pump::Wire;

/// The one socket of a board, bound to the port that it is reached at. In paths it has number 0.
pub struct Udp<'s, 'b>(pub &'s mut Socket<'b>);

impl Wire for Udp<'_, '_> {
    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, Path)> {
        loop {
            match self.0.recv_slice(buffer) {
                Ok((len, from)) => {
                    let remote = SocketAddr::new(from.endpoint.addr.into(), from.endpoint.port);
                    return Some((len, Path { socket: SocketNumber(0), remote }));
                }
                // Longer than any datagram of ours. It is gone; what is behind it may be better.
                Err(RecvError::Truncated) => {}
                Err(RecvError::Exhausted) => return None,
            }
        }
    }

    fn send(&mut self, path: Path, datagram: &[u8]) -> bool {
        !matches!(self.0.send_slice(datagram, path.remote), Err(SendError::BufferFull))
    }
}

/// smoltcp's time as the core's; a time before its origin, which no board's clock shows, is the
/// origin.
pub fn instant(time: smoltcp::time::Instant) -> Instant {
    Instant::from_micros(time.total_micros().try_into().unwrap_or(0))
}
