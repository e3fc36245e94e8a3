//! Two nodes under any order of datagrams, losses, duplicates, timeouts and late jobs.

use proptest::prelude::*;
use underpass_core::{Duration, Instant, Job};

use crate::net::{A, B, Host, Net, Packet, cases, path_to};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// A host asks for the other.
    Connect(bool),
    /// A host asks for whoever is at the other's address.
    ConnectAddress(bool),
    /// The datagram at this position (modulo their number) arrives; it may arrive again.
    Deliver { at: usize, again: bool },
    /// It is lost.
    Lose(usize),
    /// A bit of it is changed on the way.
    Tamper { at: usize, bit: usize },
    /// A host does the job at this position.
    Job { host: bool, at: usize },
    /// Time passes.
    Wait { millis: u64 },
    /// A host goes on to its next deadline.
    Timeout(bool),
    /// A host loses everything.
    Restart(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => any::<bool>().prop_map(Step::Connect),
        2 => any::<bool>().prop_map(Step::ConnectAddress),
        8 => (any::<usize>(), prop::bool::weighted(0.2))
            .prop_map(|(at, again)| Step::Deliver { at, again }),
        1 => any::<usize>().prop_map(Step::Lose),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(at, bit)| Step::Tamper { at, bit }),
        8 => (any::<bool>(), any::<usize>()).prop_map(|(host, at)| Step::Job { host, at }),
        2 => (0u64..400).prop_map(|millis| Step::Wait { millis }),
        2 => any::<bool>().prop_map(Step::Timeout),
        1 => any::<bool>().prop_map(Step::Restart),
    ];
    prop::collection::vec(step, 0..120)
}

/// Two hosts whose jobs wait until a step does them.
struct World {
    net: Net,
    jobs: [Vec<Job>; 2],
    restarts: u8,
}

impl World {
    fn new() -> Self {
        Self { net: Net::new(2), jobs: [Vec::new(), Vec::new()], restarts: 0 }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Connect(host) => self.connect(host.into()),
            Step::ConnectAddress(host) => self.connect_address(host.into()),
            Step::Deliver { at, again } => self.deliver(at, again),
            Step::Lose(at) => drop(self.pick(at)),
            Step::Tamper { at, bit } => self.tamper(at, bit),
            Step::Job { host, at } => self.job(host.into(), at),
            Step::Wait { millis } => self.net.now = self.net.now + Duration::from_millis(millis),
            Step::Timeout(host) => self.timeout(host.into()),
            Step::Restart(host) => self.restart(host.into()),
        }
        self.collect();
    }

    fn connect(&mut self, host: usize) {
        let other = &self.net.hosts[1 - host];
        let (id, path) = (other.id(), path_to(other.address));
        self.net.hosts[host].node.connect(id, path, self.net.now).expect("there is room");
    }

    fn connect_address(&mut self, host: usize) {
        let path = path_to(self.net.hosts[1 - host].address);
        let node = &mut self.net.hosts[host].node;
        node.connect_address(path, self.net.now).expect("there is room");
    }

    fn deliver(&mut self, at: usize, again: bool) {
        let Some(packet) = self.pick(at) else { return };
        if again {
            self.net.wire.push(packet.clone());
        }
        self.arrive(packet);
    }

    fn tamper(&mut self, at: usize, bit: usize) {
        let Some(mut packet) = self.pick(at) else { return };
        let bit = bit % (packet.bytes.len() * 8);
        packet.bytes[bit / 8] ^= 1 << (bit % 8);
        self.arrive(packet);
    }

    fn pick(&mut self, at: usize) -> Option<Packet> {
        let len = self.net.wire.len();
        (len > 0).then(|| self.net.wire.remove(at % len))
    }

    fn arrive(&mut self, mut packet: Packet) {
        let to = self.net.hosts.iter_mut().find(|host| host.address == packet.to);
        let to = to.expect("they only know each other");
        let _ = to.node.handle_datagram(path_to(packet.from), &mut packet.bytes, self.net.now);
    }

    fn job(&mut self, host: usize, at: usize) {
        if self.jobs[host].is_empty() {
            return;
        }
        let at = at % self.jobs[host].len();
        let job = self.jobs[host].remove(at);
        let Host { node, keys, .. } = &mut self.net.hosts[host];
        let _ = node.complete_job(job.run(keys), self.net.now);
    }

    fn timeout(&mut self, host: usize) {
        let node = &mut self.net.hosts[host].node;
        if let Some(deadline) = node.poll_timeout() {
            self.net.now = self.net.now.max(deadline.at);
            node.handle_timeout(self.net.now);
        }
    }

    fn restart(&mut self, host: usize) {
        self.restarts += 1;
        self.net.restart(host, self.restarts);
        self.jobs[host].clear();
    }

    fn collect(&mut self) {
        for host in [A, B] {
            while let Some(job) = self.net.hosts[host].node.poll_job() {
                self.jobs[host].push(job);
            }
            let packets = self.net.hosts[host].drain();
            self.net.wire.extend(packets);
        }
    }

    /// From here on nothing is lost or late.
    fn heal(&mut self, span: Duration) {
        for host in [A, B] {
            for job in std::mem::take(&mut self.jobs[host]) {
                let Host { node, keys, .. } = &mut self.net.hosts[host];
                let _ = node.complete_job(job.run(keys), self.net.now);
            }
            self.net.collect(host);
        }
        self.net.run_for(span);
    }

    /// All that a host knows of the other.
    fn known(&mut self, of: usize, other: usize) -> String {
        let peer = self.net.peer(of, other);
        let node = &self.net.hosts[of].node;
        let known = peer
            .map(|peer| (node.peer_state(peer), node.handshake_hash(peer), node.round_trip(peer)));
        let mut saved = [0; 1024];
        let len = node.save(&mut saved).expect("there is room");
        format!("{known:?} {:?}", &saved[..len])
    }

    fn hash(&mut self, of: usize, other: usize) -> Option<[u8; 32]> {
        let peer = self.net.peer(of, other)?;
        self.net.hosts[of].node.handshake_hash(peer).expect("the handle is fresh")
    }
}

/// A datagram that nobody made who holds a key: bytes of any kind and length, or one that is under
/// way with some of its bytes changed.
#[derive(Clone, Debug)]
enum Forgery {
    Bytes(Vec<u8>),
    Changed { at: usize, bytes: Vec<(usize, u8)> },
}

fn forgeries() -> impl Strategy<Value = Vec<Forgery>> {
    let lengths = prop_oneof![Just(16usize), Just(56), Just(124), Just(136), Just(172), Just(192)];
    let lengths = prop_oneof![lengths, 0usize..1300];
    let bytes = (lengths, 0u8..20, any::<u64>()).prop_map(|(len, kind, seed)| {
        let mut bytes = vec![kind, 1, 0, 0];
        bytes.extend((0..len as u64).map(|n| (seed.wrapping_mul(n | 1) >> 29) as u8));
        bytes.truncate(len);
        bytes
    });
    let change = prop::collection::vec((any::<usize>(), 1u8..), 1..4);
    let changed = (any::<usize>(), change).prop_map(|(at, bytes)| Forgery::Changed { at, bytes });
    prop::collection::vec(prop_oneof![bytes.prop_map(Forgery::Bytes), changed], 1..40)
}

impl Forgery {
    fn bytes(self, wire: &[Packet]) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Changed { at, bytes: changes } => {
                let Some(packet) = wire.get(at.checked_rem(wire.len()).unwrap_or(0)) else {
                    return Vec::new();
                };
                let mut bytes = packet.bytes.clone();
                for (at, value) in changes {
                    let at = at % bytes.len();
                    bytes[at] ^= value;
                }
                bytes
            }
        }
    }
}

/// A dead session is noticed after 30 s, an attempt lasts 5 s, a backoff at most 75 s.
const LONG_ENOUGH: Duration = Duration::from_secs(180);

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn both_ends_agree_on_the_session_or_have_none(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.heal(LONG_ENOUGH);
        let (ab, ba) = (world.hash(A, B), world.hash(B, A));
        prop_assert_eq!(ab, ba);
        prop_assert_eq!(world.net.is_active(A, B), ab.is_some());
        prop_assert_eq!(world.net.is_active(B, A), ba.is_some());
    }

    #[test]
    fn whoever_asks_gets_through_once_the_faults_are_over(steps in steps(), asker: bool) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.take(Step::Connect(asker));
        world.heal(LONG_ENOUGH);
        prop_assert!(world.net.is_active(A, B) && world.net.is_active(B, A));
    }

    #[test]
    fn whoever_asks_by_address_gets_through_once_the_faults_are_over(
        steps in steps(),
        asker: bool,
    ) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.take(Step::ConnectAddress(asker));
        world.heal(LONG_ENOUGH);
        prop_assert!(world.net.is_active(A, B) && world.net.is_active(B, A));
    }

    #[test]
    fn what_nobody_sealed_changes_nothing_that_is_known_of_a_peer(
        steps in steps(),
        forgeries in forgeries(),
        host: bool,
    ) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        let (host, other) = (usize::from(host), usize::from(!host));
        let wire = std::mem::take(&mut world.net.wire);
        let known = world.known(host, other);
        for forgery in forgeries {
            let mut bytes = forgery.bytes(&wire);
            let path = path_to(world.net.hosts[other].address);
            let net = &mut world.net;
            let _ = net.hosts[host].node.handle_datagram(path, &mut bytes, net.now);
            world.collect();
            prop_assert_eq!(&world.known(host, other), &known);
        }
    }

    #[test]
    fn time_never_runs_backwards_and_no_deadline_spins(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.net.wire.clear();
        for host in &mut world.net.hosts {
            let mut last = Instant::ORIGIN;
            let mut repeats = 0;
            for _ in 0..200 {
                let Some(deadline) = host.node.poll_timeout() else { break };
                repeats = if deadline.at <= last { repeats + 1 } else { 0 };
                prop_assert!(repeats < 10, "{deadline:?} again and again");
                last = last.max(deadline.at);
                host.node.handle_timeout(last);
                host.drain();
            }
        }
    }
}
