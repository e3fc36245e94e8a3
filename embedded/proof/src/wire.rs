//! The way between a board and the daemon, which can lose and damage datagrams.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::Result;

/// Of so many datagrams, both ways together, one is lost and another damaged, while it is bad.
const ONE_OF: u32 = 20;

/// A way.
pub(crate) struct Wire {
    /// Where it begins on this host.
    pub(crate) port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_bad: AtomicBool,
    seen: AtomicU32,
    lost: AtomicU32,
    damaged: AtomicU32,
    /// The board, as soon as it was heard.
    board: Mutex<Option<SocketAddr>>,
}

impl Wire {
    /// One that leads to a port of this host.
    pub(crate) fn to(port: u16) -> Result<Self> {
        let bind = || UdpSocket::bind(("127.0.0.1", 0));
        let make = || {
            let [near, far] = [bind()?, bind()?];
            far.connect(("127.0.0.1", port))?;
            let begins = near.local_addr()?.port();
            Ok((begins, [near.try_clone()?, near], [far.try_clone()?, far]))
        };
        let (begins, near, far) =
            make().map_err(|error: std::io::Error| format!("cannot open a socket: {error}"))?;
        let state = Arc::new(State::default());
        let ([near, near_too], [far, far_too]) = (near, far);
        // They end with the program.
        let outward = Arc::clone(&state);
        thread::spawn(move || {
            outward.carry(&near, |state, from, datagram| {
                *state.board.lock().expect("nobody panics with it") = from;
                // Nobody may be there yet.
                let _ = far.send(datagram);
            });
        });
        let inward = Arc::clone(&state);
        thread::spawn(move || {
            inward.carry(&far_too, |state, _, datagram| {
                let board = *state.board.lock().expect("nobody panics with it");
                let _ = board.map(|board| near_too.send_to(datagram, board));
            });
        });
        Ok(Self { port: begins, state })
    }

    /// From now on it is bad, or not any more.
    pub(crate) fn spoil(&self, is_bad: bool) {
        self.state.is_bad.store(is_bad, Ordering::Relaxed);
    }

    /// Datagrams that were lost, and that were damaged.
    pub(crate) fn spoilt(&self) -> [u32; 2] {
        [&self.state.lost, &self.state.damaged].map(|count| count.load(Ordering::Relaxed))
    }
}

impl State {
    fn carry(&self, from: &UdpSocket, to: impl Fn(&Self, Option<SocketAddr>, &[u8])) {
        let mut buffer = [0; 2048];
        loop {
            // Refused, as nobody is there: the same as lost.
            let Ok((len, sender)) = from.recv_from(&mut buffer) else { continue };
            if self.lets_through(&mut buffer[..len]) {
                to(self, Some(sender), &buffer[..len]);
            }
        }
    }

    fn lets_through(&self, datagram: &mut [u8]) -> bool {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed);
        if !self.is_bad.load(Ordering::Relaxed) {
            return true;
        }
        if seen.is_multiple_of(ONE_OF) {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        if seen % ONE_OF == ONE_OF / 2 {
            // A different place each time.
            let place = seen as usize % datagram.len().max(1);
            datagram.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 1 << (seen % 8));
            self.damaged.fetch_add(1, Ordering::Relaxed);
        }
        true
    }
}

/// A port that was free a moment ago, for UDP and TCP alike.
pub(crate) fn free_port() -> Result<u16> {
    let socket = UdpSocket::bind(("127.0.0.1", 0));
    let address = socket.and_then(|socket| socket.local_addr());
    address.map(|address| address.port()).map_err(|error| format!("there is no port: {error}"))
}
