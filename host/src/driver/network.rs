//! Notices that the host is elsewhere: other addresses, or the lid was open again.

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::Instant;

use crate::clock::Clock;

/// How often to look, whether the kernel has said anything or not: sleep is announced by nobody.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Changes come in a burst: an address goes, another comes. This long after the first is looked.
const BURST: Duration = Duration::from_millis(300);
/// So many news are thrown away at a time; what is left leads to another look.
const NEWS_MAX: usize = 64;
/// A shorter sleep is a slow computer.
const SLEEP_MIN: underpass_core::Duration = underpass_core::Duration::from_secs(2);

/// The host's addresses, watched.
pub(super) struct Network {
    addresses: Vec<IpAddr>,
    asleep: underpass_core::Duration,
    news: Option<UdpSocket>,
    look_at: Instant,
    is_heard: bool,
}

impl Network {
    pub(super) fn new() -> Self {
        Self {
            addresses: addresses(),
            asleep: Clock::asleep(),
            news: subscribe().ok(),
            look_at: Instant::now() + LOOK_EVERY,
            is_heard: false,
        }
    }

    /// The addresses that others may know.
    pub(super) fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// Waits until it is time to look. What it has heard it remembers, however often it is called.
    pub(super) async fn news(&mut self) {
        let heard = async {
            match &self.news {
                Some(news) if !self.is_heard => drop(news.readable().await),
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            () = heard => {
                self.is_heard = true;
                self.look_at = self.look_at.min(Instant::now() + BURST);
                tokio::time::sleep_until(self.look_at).await;
            }
            () = tokio::time::sleep_until(self.look_at) => {}
        }
    }

    /// Looks; whether anything has changed.
    pub(super) fn look(&mut self) -> bool {
        self.look_at = Instant::now() + LOOK_EVERY;
        self.empty_news();
        self.is_heard = false;
        let (addresses, asleep) = (addresses(), Clock::asleep());
        let slept = asleep.saturating_sub(self.asleep) >= SLEEP_MIN;
        let moved = addresses != self.addresses;
        (self.addresses, self.asleep) = (addresses, asleep);
        slept || moved
    }

    /// What the kernel says is not understood but looked up: only that it says something counts.
    fn empty_news(&self) {
        let Some(news) = &self.news else { return };
        let mut buffer = [0; 8192];
        for _ in 0..NEWS_MAX {
            // Lost news (ENOBUFS) are news.
            match news.try_recv(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                _ => {}
            }
        }
    }
}

/// All addresses by which others may reach this host, in order.
fn addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut addresses: Vec<IpAddr> = interfaces
        .iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(if_addrs::Interface::ip)
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// A socket on which the kernel tells of links and addresses (rtnetlink(7)).
#[cfg(any(target_os = "linux", target_os = "android"))]
fn subscribe() -> io::Result<UdpSocket> {
    use rustix::net::netlink::SocketAddrNetlink;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
    /// RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR (linux/rtnetlink.h).
    ///
    /// The protocol is NETLINK_ROUTE, which is 0.
    const GROUPS: u32 = 0x1 | 0x10 | 0x100;
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let fd = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    bind(&fd, &SocketAddrNetlink::new(0, GROUPS))?;
    // The runtime waits for it as for any socket that datagrams come from.
    UdpSocket::from_std(fd.into())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn subscribe() -> io::Result<UdpSocket> {
    Err(io::ErrorKind::Unsupported.into())
}
