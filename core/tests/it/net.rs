//! Two nodes and the datagrams between them, every step in the test's hands.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use proptest::prelude::ProptestConfig;
use underpass_core::inspect::rewrite;
use underpass_core::{
    Config, Duration, Event, Instant, Log, MAX_TRANSMIT, Message, MessageId, Network, Outcome,
    Outgoing, Path, Peer, PeerId, PeerState, Player, Purpose, Received, Recorder, SecretIdentity,
    SendError, Socket, Transmit,
};

use crate::nat::Nat;

/// So many cases of a property, unless `PROPTEST_CASES` says otherwise.
pub(crate) fn cases(count: u32) -> ProptestConfig {
    let told = std::env::var_os("PROPTEST_CASES").is_some();
    let default = ProptestConfig::default();
    if told { default } else { ProptestConfig { cases: count, ..default } }
}

underpass_core::storage! {
    /// As small as a board's.
    pub(crate) struct Board {
        peers: 4, handshakes: 4, window_bits: 256,
        messages: 16, message_window: 32, buffer: 16384, circuits: 4, punches: 1, records: 16, rumours: 2,
    }
}

pub(crate) const A: usize = 0;
pub(crate) const B: usize = 1;

/// A datagram under way.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

/// Everything that a node was told.
#[derive(Default)]
pub(crate) struct Recording(pub(crate) Vec<u8>);

impl Log for Recording {
    fn append(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// A node that is recorded, whatever the test is about.
pub(crate) type TestNode = Recorder<Board, Recording>;

/// A message that a host was handed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Got {
    pub(crate) from: Peer,
    pub(crate) id: MessageId,
    pub(crate) kind: u16,
    pub(crate) purpose: Purpose,
    pub(crate) payload: Vec<u8>,
}

impl From<Message<'_>> for Got {
    fn from(message: Message<'_>) -> Self {
        let Message { from, id, kind, purpose, payload } = message;
        Self { from, id, kind, purpose, payload: payload.to_vec() }
    }
}

/// A node with its keys and its address.
pub(crate) struct Host {
    pub(crate) node: TestNode,
    pub(crate) keys: SecretIdentity,
    pub(crate) address: SocketAddr,
    /// Where its second socket is, if it has one.
    pub(crate) second: Option<SocketAddr>,
    pub(crate) events: Vec<Event>,
    pub(crate) payloads: Vec<Vec<u8>>,
    pub(crate) messages: Vec<Got>,
    /// Whether it asks for messages that no datagram brought.
    pub(crate) reads: bool,
    /// It has said what its node did not, of which no recording tells.
    pub(crate) lies: bool,
}

/// Hosts, a clock and a wire without any fault of its own.
pub(crate) struct Net {
    pub(crate) hosts: Vec<Host>,
    pub(crate) now: Instant,
    /// What was sent, and not looked at yet.
    pub(crate) wire: Vec<Packet>,
    /// How long a datagram takes while time passes.
    pub(crate) delay: Duration,
    /// What arrives then.
    pub(crate) under_way: Vec<(Instant, Packet)>,
    /// In front of whose hosts packets change while time passes.
    pub(crate) nats: Vec<Nat>,
}

pub(crate) fn network() -> Network {
    Network::closed("test", [7; 32])
}

pub(crate) fn address(number: usize) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, number as u8 + 1)), 4747)
}

pub(crate) fn path_to(address: SocketAddr) -> Path {
    Path { socket: Socket(0), remote: address }
}

/// The `number`-th of a fixed series of identities; the smaller `PeerId` of the first two is
/// host A's.
pub(crate) fn identity(number: usize) -> SecretIdentity {
    identity_and_seed(number).0
}

pub(crate) fn identity_and_seed(number: usize) -> (SecretIdentity, [u8; 32]) {
    let make = |number: usize| {
        let mut draw = 0u8;
        let identity = SecretIdentity::generate(|| {
            draw += 1;
            [number as u8 + 1, draw].repeat(16).try_into().expect("32 bytes")
        });
        identity.expect("every other one is usable")
    };
    let (first, second) = (make(0), make(1));
    let swapped = first.0.id() > second.0.id();
    match (number, swapped) {
        (0, false) | (1, true) => first,
        (1, false) | (0, true) => second,
        _ => make(number),
    }
}

/// What every node does, another does again that is told the same.
impl Drop for Host {
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.lies {
            let recording = &self.node.log().expect("it is recorded").0;
            let played = Player::new(recording, Board::EMPTY).expect("it begins well").finish();
            assert_eq!(played.ok(), self.node.digest());
        }
    }
}

impl Host {
    pub(crate) fn new(number: usize, network: Network, seed: u8, now: Instant) -> Self {
        Self::configured(number, Config::new(network), seed, now)
    }

    pub(crate) fn configured(number: usize, config: Config, seed: u8, now: Instant) -> Self {
        let (keys, log) = (identity(number), Some(Recording::default()));
        let node = Recorder::new(config, keys.id(), [seed; 32], Board::EMPTY, now, log);
        let node = node.expect("the storage is sound");
        let (events, payloads, messages) = Default::default();
        let (address, second, reads, lies) = (address(number), None, true, false);
        Self { node, keys, address, second, events, payloads, messages, reads, lies }
    }

    pub(crate) fn id(&self) -> PeerId {
        self.node.id()
    }

    /// What the node wants to be sent.
    pub(crate) fn packets<'b>(
        &self,
        transmit: &Transmit,
        buffer: &'b [u8],
    ) -> impl Iterator<Item = Packet> + use<'b> {
        let sockets = [Some(self.address), self.second];
        transmit.ranges().map(move |(path, range)| Packet {
            from: sockets[usize::from(path.socket.0)].expect("it has this socket"),
            to: path.remote,
            bytes: buffer[range].to_vec(),
        })
    }

    /// Seals a payload; if it goes two ways, this is the first.
    pub(crate) fn seal(&mut self, peer: Peer, payload: &[u8]) -> Result<Packet, SendError> {
        let mut out = [0; MAX_TRANSMIT];
        let transmit = self.node.send_datagram(peer, payload, &mut out)?;
        Ok(self.packets(&transmit, &out).next().expect("it goes somewhere"))
    }

    /// Everything that the node has to say.
    pub(crate) fn drain(&mut self) -> Vec<Packet> {
        let mut all = Vec::new();
        let mut out = [0; MAX_TRANSMIT];
        while let Some(transmit) = self.node.poll_transmit(&mut out) {
            all.extend(self.packets(&transmit, &out));
        }
        while let Some(event) = self.node.poll_event() {
            self.events.push(event);
        }
        while self.reads {
            let Some(message) = self.node.poll_message() else { break };
            self.messages.push(message.into());
        }
        all
    }

    /// How its messages have ended, in the order in which it was told.
    pub(crate) fn outcomes(&self) -> Vec<(MessageId, Outcome)> {
        let outcome = |event: &Event| match event {
            Event::Message(_, id, outcome) => Some((*id, *outcome)),
            _ => None,
        };
        self.events.iter().filter_map(outcome).collect()
    }
}

impl Net {
    /// Hosts A, B and so on in one network, who know nothing of each other yet.
    pub(crate) fn new(count: usize) -> Self {
        let now = Instant::from_micros(1_000_000);
        let hosts = (0..count).map(|n| Host::new(n, network(), n as u8 + 100, now)).collect();
        let (wire, under_way, nats) = Default::default();
        Self { hosts, now, wire, delay: Duration::ZERO, under_way, nats }
    }

    /// A has asked for B, and both are active.
    pub(crate) fn connected() -> Self {
        let mut net = Self::new(2);
        net.connect(A, B);
        net.settle();
        assert!(net.is_active(A, B) && net.is_active(B, A));
        net
    }

    pub(crate) fn connect(&mut self, from: usize, to: usize) -> Peer {
        let (id, address) = (self.hosts[to].id(), self.hosts[to].address);
        let peer = self.hosts[from].node.connect(id, path_to(address), self.now);
        self.collect(from);
        peer.expect("there is room")
    }

    /// A host asks for whoever is at another's address.
    pub(crate) fn connect_address(&mut self, from: usize, to: usize) -> Peer {
        let path = path_to(self.hosts[to].address);
        let peer = self.hosts[from].node.connect_address(path, self.now);
        self.collect(from);
        peer.expect("there is room")
    }

    /// Runs the host's jobs and puts what it sends on the wire.
    pub(crate) fn collect(&mut self, host: usize) {
        let Host { node, keys, .. } = &mut self.hosts[host];
        node.run_jobs(keys, self.now);
        let packets = self.hosts[host].drain();
        self.wire.extend(packets);
    }

    pub(crate) fn handle(&mut self, mut packet: Packet) -> Result<(), underpass_core::Dropped> {
        let is_to = |host: &Host| host.address == packet.to || host.second == Some(packet.to);
        let Some(at) = self.hosts.iter().position(is_to) else {
            return Ok(());
        };
        let host = &mut self.hosts[at];
        let socket = Socket(u8::from(host.address != packet.to));
        let path = Path { socket, remote: packet.from };
        let received = host.node.handle_datagram(path, &mut packet.bytes, self.now);
        let result = received.map(|received| match received {
            Received::Datagram { payload, .. } => host.payloads.push(payload.to_vec()),
            Received::Message(message) => host.messages.push(message.into()),
            Received::Forward { transmit, datagram } => {
                self.wire.extend(host.packets(&transmit, datagram));
            }
            _ => {}
        });
        self.collect(at);
        result
    }

    /// Accepts a message from one host to another, as a notice.
    pub(crate) fn send(
        &mut self,
        from: usize,
        to: usize,
        payload: &[u8],
    ) -> Result<MessageId, SendError> {
        let peer = self.peer(from, to).ok_or(SendError::UnknownPeer)?;
        let message = Outgoing { kind: 7, purpose: Purpose::Notice, payload };
        let id = self.hosts[from].node.send_message(peer, message, self.now);
        self.collect(from);
        id
    }

    /// A host says in its session with another what its node would not.
    pub(crate) fn say(&mut self, from: usize, to: usize, content: &[u8]) {
        let peer = self.peer(from, to).expect("they have met");
        let host = &mut self.hosts[from];
        host.lies = true;
        // A byte says that it is a datagram.
        let mut packet = host.seal(peer, &vec![0; content.len() - 1]).expect("there is a session");
        let is_open =
            rewrite(&mut host.node, &mut packet.bytes, |sealed| sealed.copy_from_slice(content));
        assert!(is_open, "it has sealed it itself");
        self.wire.push(packet);
    }

    /// Delivers until nothing is under way.
    pub(crate) fn settle(&mut self) {
        for _ in 0..1000 {
            if self.wire.is_empty() {
                return;
            }
            let packet = self.wire.remove(0);
            let _ = self.handle(packet);
        }
        panic!("the nodes never come to rest");
    }

    /// Lets time pass, with every datagram delivered.
    pub(crate) fn run_for(&mut self, span: Duration) {
        self.run(span, |_| true);
    }

    /// Lets time pass; `pass` says which datagrams arrive.
    pub(crate) fn run(&mut self, span: Duration, mut pass: impl FnMut(&Packet) -> bool) {
        let end = self.now + span;
        loop {
            while !self.wire.is_empty() {
                let packet = self.wire.remove(0);
                if !pass(&packet) {
                    continue;
                }
                let Some(packet) = self.leave(packet) else { continue };
                if self.delay == Duration::ZERO {
                    self.arrive(packet);
                } else {
                    self.under_way.push((self.now + self.delay, packet));
                }
            }
            let timeouts = self.hosts.iter().filter_map(|host| host.node.poll_timeout());
            let arrivals = self.under_way.iter().map(|(at, _)| *at);
            let next = timeouts.map(|deadline| deadline.at).chain(arrivals).min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            let now = self.now.max(next);
            self.now = now;
            let arrived: Vec<_> = self.under_way.extract_if(.., |(at, _)| *at <= now).collect();
            for (_, packet) in arrived {
                self.arrive(packet);
            }
            for host in 0..self.hosts.len() {
                self.hosts[host].node.handle_timeout(self.now);
                self.collect(host);
            }
        }
        self.now = end;
    }

    /// A packet passes the NAT in front of its sender, if there is one.
    fn leave(&mut self, packet: Packet) -> Option<Packet> {
        match self.nats.iter_mut().find(|nat| nat.has(packet.from)) {
            Some(nat) => nat.leave(packet, self.now),
            None => Some(packet),
        }
    }

    /// And the one in front of its receiver.
    fn arrive(&mut self, packet: Packet) {
        let packet = match self.nats.iter_mut().find(|nat| nat.is_at(packet.to)) {
            Some(nat) => nat.enter(packet, self.now),
            None => Some(packet),
        };
        if let Some(packet) = packet {
            let _ = self.handle(packet);
        }
    }

    /// Lets time pass; everything that is sent first goes through a bystander's hands, who says
    /// whether it arrives.
    pub(crate) fn run_past(
        &mut self,
        span: Duration,
        mut bystander: impl FnMut(&mut Self, &Packet) -> bool,
    ) {
        let end = self.now + span;
        loop {
            while !self.wire.is_empty() {
                let packet = self.wire.remove(0);
                if bystander(self, &packet) {
                    let _ = self.handle(packet);
                }
            }
            let next = self.hosts.iter().filter_map(|host| host.node.poll_timeout());
            let next = next.map(|deadline| deadline.at).filter(|next| *next <= end).min();
            let Some(next) = next else { break };
            self.now = self.now.max(next);
            for host in 0..self.hosts.len() {
                self.hosts[host].node.handle_timeout(self.now);
                self.collect(host);
            }
        }
        self.now = end;
    }

    pub(crate) fn peer(&mut self, of: usize, other: usize) -> Option<Peer> {
        let id = self.hosts[other].id();
        self.hosts[of].node.peer(&id)
    }

    pub(crate) fn state(&mut self, of: usize, other: usize) -> PeerState {
        let peer = self.peer(of, other);
        peer.map_or(PeerState::Init, |peer| {
            self.hosts[of].node.peer_state(peer).expect("the handle is fresh")
        })
    }

    pub(crate) fn is_active(&mut self, of: usize, other: usize) -> bool {
        self.state(of, other) == PeerState::Active
    }

    /// Switches a host off and on again, without anything it knew.
    pub(crate) fn restart(&mut self, host: usize, seed: u8) {
        self.hosts[host] = Host::new(host, network(), seed, self.now);
    }
}
