//! The sockets: datagrams in and out by the batch, where the kernel has batches.

use std::io::{self, ErrorKind, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::Poll;

use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use underpass_core::{MAX_DATAGRAM, Path, Socket as Number};

/// What is received at a time of one socket, each of which may be a train of datagrams.
const BUFFERS: usize = 8;
/// The longest train: what a UDP datagram's length can say.
const BUFFER_LEN: usize = 65_536;
/// What the kernel is asked to keep of what we have not read or it has not sent. It may give less.
const KERNEL_BUFFER: usize = 4 * 1024 * 1024;
/// The longest train that is sent: a UDP datagram's greatest length, less the headers.
const TRAIN_LEN_MAX: usize = 65_000;

/// All sockets of a node, by the numbers that it knows them by.
pub(super) struct Sockets {
    each: Vec<Socket>,
    /// Which is asked first whether it has something, so that a busy one leaves others their turn.
    turn: usize,
    /// What goes out next.
    train: Train,
    counts: Counts,
}

struct Socket {
    io: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
    /// The kernel takes nothing more for now.
    is_blocked: bool,
}

/// What became of datagrams outside the node.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    /// That the kernel did not take.
    pub(super) unsent: u64,
    /// Of trains of more than one.
    pub(super) in_trains: u64,
}

/// Datagrams of one length to one address, the last of which may be shorter: the kernel takes them at
/// once (UDP_SEGMENT, udp(7)).
struct Train {
    path: Option<Path>,
    bytes: Vec<u8>,
    segment: usize,
    count: usize,
    is_closed: bool,
}

/// Where received datagrams are put.
pub(super) struct Buffers {
    bytes: Vec<u8>,
    metas: [RecvMeta; BUFFERS],
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; BUFFERS * BUFFER_LEN], metas: [RecvMeta::default(); BUFFERS] }
    }

    /// The first so many trains, datagram by datagram, with their senders.
    pub(super) fn datagrams(
        &mut self,
        trains: usize,
    ) -> impl Iterator<Item = (SocketAddr, &mut [u8])> {
        let each = self.bytes.chunks_exact_mut(BUFFER_LEN).zip(&self.metas).take(trains);
        each.flat_map(|(bytes, meta)| {
            let datagrams = bytes[..meta.len].chunks_mut(meta.stride.max(1));
            datagrams.map(|datagram| (unmapped(meta.addr), datagram))
        })
    }
}

impl Sockets {
    /// Opens a socket at each address.
    ///
    /// # Errors
    /// With the address that it is about.
    pub(super) fn bind(listen: &[SocketAddr]) -> Result<Self, (SocketAddr, io::Error)> {
        let open = |address: &SocketAddr| Socket::bind(*address).map_err(|error| (*address, error));
        let each = listen.iter().map(open).collect::<Result<_, _>>()?;
        let train = Train { path: None, bytes: Vec::new(), segment: 0, count: 0, is_closed: false };
        Ok(Self { each, turn: 0, train, counts: Counts::default() })
    }

    pub(super) fn local_addresses(&self) -> impl Iterator<Item = (Number, SocketAddr)> + '_ {
        (0..).map(Number).zip(self.each.iter().map(|socket| socket.local))
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// The path to an address; `None` if no socket reaches it.
    pub(super) fn path_to(&self, remote: SocketAddr) -> Option<Path> {
        let reaches = |local: SocketAddr| {
            let is_near = local.ip().is_loopback() && !remote.ip().is_loopback();
            local.is_ipv4() == remote.is_ipv4() && !is_near
        };
        let (socket, _) = self.local_addresses().find(|(_, local)| reaches(*local))?;
        Some(Path { socket, remote })
    }

    /// Waits until a socket has something to be read.
    pub(super) async fn readable(&self) -> usize {
        std::future::poll_fn(|cx| {
            let (before, from_turn) = self.each.split_at(self.turn);
            let in_turn = (self.turn..).zip(from_turn).chain((0..).zip(before));
            for (number, socket) in in_turn {
                if socket.io.poll_recv_ready(cx).is_ready() {
                    return Poll::Ready(number);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Waits until a socket that was blocked takes something again. Never if none is.
    pub(super) async fn writable(&self) -> usize {
        std::future::poll_fn(|cx| {
            for (number, socket) in self.each.iter().enumerate() {
                if socket.is_blocked && socket.io.poll_send_ready(cx).is_ready() {
                    return Poll::Ready(number);
                }
            }
            Poll::Pending
        })
        .await
    }

    pub(super) fn unblock(&mut self, socket: usize) {
        self.each[socket].is_blocked = false;
    }

    /// Whether a socket takes nothing more for now: what the node has to send waits there.
    pub(super) fn is_blocked(&self) -> bool {
        self.each.iter().any(|socket| socket.is_blocked)
    }

    /// Reads what has come; how many trains.
    pub(super) fn receive(&mut self, socket: usize, into: &mut Buffers) -> usize {
        self.turn = (socket + 1) % self.each.len();
        let Socket { io, state, .. } = &self.each[socket];
        let mut chunks = into.bytes.chunks_exact_mut(BUFFER_LEN);
        let mut slices: [IoSliceMut<'_>; BUFFERS] =
            std::array::from_fn(|_| IoSliceMut::new(chunks.next().expect("a chunk for each")));
        let metas = &mut into.metas;
        let received =
            io.try_io(Interest::READABLE, || state.recv(UdpSockRef::from(io), &mut slices, metas));
        // An error is about a datagram sent earlier (ICMP), or there is nothing after all.
        received.unwrap_or(0)
    }

    /// Sends a datagram, now or with those that follow it.
    pub(super) fn send(&mut self, path: Path, datagram: &[u8]) {
        let socket = usize::from(path.socket.0);
        let Some(most) = self.each.get(socket).map(|socket| socket.state.max_gso_segments()) else {
            return;
        };
        if !self.train.takes(path, datagram.len(), most) {
            self.flush();
        }
        self.train.add(path, datagram);
    }

    /// Sends what waits for more to go with it.
    pub(super) fn flush(&mut self) {
        let Some(path) = self.train.path.take() else { return };
        let Self { each, train, counts, .. } = self;
        let socket = &mut each[usize::from(path.socket.0)];
        if train.count > 1 {
            counts.in_trains += train.count as u64;
        }
        let unsent = match socket.send(path.remote, &train.bytes, train.segment) {
            Ok(()) => 0,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                socket.is_blocked = true;
                train.count
            }
            // One of a train may be what the kernel has against it all.
            Err(_) if train.count > 1 => {
                let single = train.bytes.chunks(train.segment.max(1));
                single.filter(|bytes| socket.send(path.remote, bytes, bytes.len()).is_err()).count()
            }
            Err(_) => train.count,
        };
        counts.unsent += unsent as u64;
        train.clear();
    }
}

impl Socket {
    fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket =
            socket2::Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            // IPv4 has sockets of its own, so that an address is written in one way only.
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        // As much as the system gives: less is slower, and no reason not to start.
        let _ = socket.set_recv_buffer_size(KERNEL_BUFFER);
        let _ = socket.set_send_buffer_size(KERNEL_BUFFER);
        socket.bind(&address.into())?;
        let io = UdpSocket::from_std(socket.into())?;
        let state = UdpSocketState::new(UdpSockRef::from(&io))?;
        let local = io.local_addr()?;
        Ok(Self { io, state, local, is_blocked: false })
    }

    fn send(&self, destination: SocketAddr, contents: &[u8], segment: usize) -> io::Result<()> {
        let segment_size = (segment < contents.len()).then_some(segment);
        let transmit =
            quinn_udp::Transmit { destination, ecn: None, contents, segment_size, src_ip: None };
        self.io.try_io(Interest::WRITABLE, || {
            self.state.try_send(UdpSockRef::from(&self.io), &transmit)
        })
    }
}

impl Train {
    fn takes(&self, path: Path, len: usize, most: usize) -> bool {
        match self.path {
            None => true,
            Some(same) => {
                same == path
                    && !self.is_closed
                    && len <= self.segment
                    && self.count < most
                    && self.bytes.len() + len <= TRAIN_LEN_MAX
            }
        }
    }

    fn add(&mut self, path: Path, datagram: &[u8]) {
        if self.path.is_none() {
            (self.path, self.segment) = (Some(path), datagram.len());
        }
        // Only the last one may be shorter.
        self.is_closed = datagram.len() < self.segment;
        self.bytes.extend_from_slice(datagram);
        self.count += 1;
    }

    fn clear(&mut self) {
        self.bytes.clear();
        (self.path, self.count, self.is_closed) = (None, 0, false);
    }
}

/// An address as its family writes it.
fn unmapped(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(ip) => SocketAddr::new(IpAddr::V4(ip), v6.port()),
            None => address,
        },
        SocketAddr::V4(_) => address,
    }
}

/// The addresses by which others may reach these sockets, of those that the host has.
pub(super) fn reachable(sockets: &Sockets, host: &[IpAddr]) -> Vec<(Number, SocketAddr)> {
    let mut all = Vec::new();
    for (number, local) in sockets.local_addresses() {
        match local.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) | IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
                let same = host.iter().filter(|ip| ip.is_ipv4() == local.is_ipv4());
                all.extend(same.map(|ip| (number, SocketAddr::new(*ip, local.port()))));
            }
            // Elsewhere that is somebody else.
            ip if ip.is_loopback() => {}
            _ => all.push((number, local)),
        }
    }
    all
}

const _: () = assert!(MAX_DATAGRAM <= BUFFER_LEN && MAX_DATAGRAM <= TRAIN_LEN_MAX);
