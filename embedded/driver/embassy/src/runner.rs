//! The task that moves datagrams.

use core::future::{Future, pending, poll_fn};
use core::net::SocketAddr;
use core::pin::pin;
use core::task::{Context, Poll};

use embassy_net::udp::{RecvError, UdpSocket};
use embassy_time::Timer;
use underpass_core::{Path, Socket, Storage};
use underpass_driver::{Next, Wire};

use crate::state::{State, now};

/// Moves datagrams between a node and its socket.
pub struct Runner<'a, S, const LETTERS: usize> {
    state: &'a State<S, LETTERS>,
    socket: UdpSocket<'a>,
}

impl<'a, S: Storage, const LETTERS: usize> Runner<'a, S, LETTERS> {
    /// A runner for the node of `state`, which has no other; over a socket that is bound. In paths it
    /// has number 0.
    pub const fn new(state: &'a State<S, LETTERS>, socket: UdpSocket<'a>) -> Self {
        Self { state, socket }
    }

    /// Does so, for ever.
    pub async fn run(self) -> ! {
        poll_fn(|cx| {
            self.poll(cx);
            Poll::<()>::Pending
        })
        .await;
        pending().await
    }

    /// Does what there is to do, and sees to it that whatever comes next wakes the task.
    fn poll(&self, cx: &mut Context<'_>) {
        let bench = self.state.bench;
        self.state.with(|inner| {
            inner.runner.register(cx.waker());
            while inner.is_working
                && let Poll::Ready(done) = bench.poll_done(cx)
            {
                inner.is_working = false;
                // A handshake may have ended meanwhile: then nobody wants the result.
                let _ = inner.pump.node_mut().complete_job(done, now());
            }
            let wire = &mut Udp { socket: &self.socket, cx };
            let next = inner.pump.step(now(), wire, &mut inner.letters);
            if !inner.is_working
                && let Some(job) = inner.pump.node_mut().poll_job()
            {
                inner.is_working = true;
                bench.put(job);
                // It may be done before this task has asked for the result.
                cx.waker().wake_by_ref();
            }
            inner.watchers.wake();
            match next {
                Next::AtOnce => cx.waker().wake_by_ref(),
                Next::At(Some(at)) => {
                    let at = embassy_time::Instant::from_micros(at.as_micros());
                    if pin!(Timer::at(at)).poll(cx).is_ready() {
                        cx.waker().wake_by_ref();
                    }
                }
                Next::At(None) => {}
            }
        });
    }
}

/// The socket, asked from within a task: it wakes that one when there is something new.
struct Udp<'s, 'a, 'c, 'w> {
    socket: &'s UdpSocket<'a>,
    cx: &'c mut Context<'w>,
}

impl Wire for Udp<'_, '_, '_, '_> {
    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, Path)> {
        loop {
            match self.socket.poll_recv_from(buffer, self.cx) {
                Poll::Ready(Ok((len, from))) => {
                    let remote = SocketAddr::new(from.endpoint.addr.into(), from.endpoint.port);
                    return Some((len, Path { socket: Socket(0), remote }));
                }
                // Longer than any datagram of ours. It is gone; what is behind it may be better.
                Poll::Ready(Err(RecvError::Truncated)) => {}
                Poll::Pending => return None,
            }
        }
    }

    fn send(&mut self, path: Path, datagram: &[u8]) -> bool {
        // What cannot be sent there at all is lost, as it may be anywhere on its way.
        self.socket.poll_send_to(datagram, path.remote, self.cx).is_ready()
    }
}
