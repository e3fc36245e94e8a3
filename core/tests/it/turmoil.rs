//! Four nodes under anything that applications, operators and bystanders can do, in any order.

use proptest::prelude::*;
use underpass_core::{Access, Config, Duration, Instant, Job, Network, Recorder, Whom};

use crate::net::{Board, Host, Net, Packet, Recording, address, cases, path_to};

const HOSTS: usize = 4;

/// One thing that happens; hosts are positions.
#[derive(Clone, Debug)]
enum Step {
    Connect([usize; 2]),
    ConnectAddress([usize; 2]),
    Allow([usize; 2]),
    Close([usize; 2]),
    Answer(usize, Whom),
    /// Every host goes over to the next secret of the network.
    ChangeSecret,
    RetireSecret(usize),
    Message {
        between: [usize; 2],
        len: usize,
    },
    /// The datagram at this position (of the first few) arrives.
    Deliver(usize),
    Lose(usize),
    LoseAll,
    /// A datagram of any time before arrives once more, from a bystander's address or its own.
    Replay {
        at: usize,
        from_elsewhere: bool,
    },
    /// A bystander says that a session is gone.
    Hint([usize; 2]),
    Job {
        host: usize,
        at: usize,
    },
    Wait {
        millis: u64,
    },
    Timeout(usize),
    Restart {
        host: usize,
        remembers: bool,
    },
    /// A while without faults.
    Rest {
        millis: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let host = || 0..HOSTS;
    let pair = || prop::array::uniform2(0..HOSTS);
    let any_at = any::<usize>;
    let whom = vec![Whom::Nobody, Whom::Pinned, Whom::Listed, Whom::Network];
    let millis = prop_oneof![0u64..400, 0u64..40_000, 0u64..1_300_000];
    let len = prop_oneof![0usize..100, 900usize..7000];
    let applications = prop_oneof![
        4 => pair().prop_map(Step::Connect),
        3 => pair().prop_map(Step::ConnectAddress),
        1 => pair().prop_map(Step::Allow),
        2 => pair().prop_map(Step::Close),
        4 => (pair(), len).prop_map(|(between, len)| Step::Message { between, len }),
    ];
    let operators = prop_oneof![
        (host(), prop::sample::select(whom)).prop_map(|(host, whom)| Step::Answer(host, whom)),
        Just(Step::ChangeSecret),
        host().prop_map(Step::RetireSecret),
        (host(), any::<bool>()).prop_map(|(host, remembers)| Step::Restart { host, remembers }),
    ];
    let network = prop_oneof![
        16 => any_at().prop_map(Step::Deliver),
        2 => any_at().prop_map(Step::Lose),
        1 => Just(Step::LoseAll),
        4 => (any_at(), any::<bool>())
            .prop_map(|(at, from_elsewhere)| Step::Replay { at, from_elsewhere }),
        2 => pair().prop_map(Step::Hint),
    ];
    let time = prop_oneof![
        16 => (host(), any_at()).prop_map(|(host, at)| Step::Job { host, at }),
        3 => millis.prop_map(|millis| Step::Wait { millis }),
        4 => host().prop_map(Step::Timeout),
        2 => (0u64..400_000).prop_map(|millis| Step::Rest { millis }),
    ];
    let step = prop_oneof![3 => applications, 1 => operators, 6 => network, 6 => time];
    prop::collection::vec(step, 0..200)
}

struct World {
    net: Net,
    /// By host: what waits to be done.
    jobs: [Vec<Job>; HOSTS],
    /// Everything ever sent.
    seen: Vec<Packet>,
    lives: u8,
    secret: u8,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            net: Net::new(HOSTS),
            jobs: Default::default(),
            seen: Vec::new(),
            lives: 0,
            secret: 0,
        };
        for host in 0..HOSTS {
            world.start(host, None);
        }
        world
    }

    /// A new life of a host, with what it saved in the one before.
    fn start(&mut self, host: usize, saved: Option<&[u8]>) {
        self.lives = self.lives.wrapping_add(1);
        let (network, now) = (Network::closed("test", [self.secret; 32]), self.net.now);
        let fresh = Host::new(host, network.clone(), self.lives, now);
        let (id, seed) = (fresh.id(), [self.lives; 32]);
        self.net.hosts[host] = fresh;
        if let Some(saved) = saved {
            let (config, log) = (Config::new(network), Some(Recording::default()));
            let node = Recorder::restore(config, id, seed, Board::EMPTY, saved, now, log);
            self.net.hosts[host].node = node.expect("it is its own");
        }
        self.jobs[host].clear();
    }

    fn take(&mut self, step: Step) {
        let now = self.net.now;
        match step {
            Step::Connect([from, to]) => {
                let (id, path) = (self.net.hosts[to].id(), path_to(self.net.hosts[to].address));
                let _ = self.net.hosts[from].node.connect(id, path, now);
            }
            Step::ConnectAddress([from, to]) => {
                let path = path_to(self.net.hosts[to].address);
                let _ = self.net.hosts[from].node.connect_address(path, now);
            }
            Step::Allow([host, other]) => {
                let id = self.net.hosts[other].id();
                let _ = self.net.hosts[host].node.allow(id, now);
            }
            Step::Close([host, other]) => {
                if let Some(peer) = self.net.peer(host, other) {
                    self.net.hosts[host].node.close(peer, now).expect("the handle is fresh");
                }
            }
            Step::Answer(host, answers) => {
                let access = Access { answers, ..Access::DEFAULT };
                self.net.hosts[host].node.set_access(access, now);
            }
            Step::ChangeSecret => {
                self.secret = (self.secret + 1) % 4;
                for host in &mut self.net.hosts {
                    host.node.change_secret([self.secret; 32]);
                }
            }
            Step::RetireSecret(host) => self.net.hosts[host].node.retire_previous_secret(),
            Step::Message { between: [from, to], len } => {
                if self.net.peer(from, to).is_some() {
                    let _ = self.net.send(from, to, &vec![1; len]);
                }
            }
            Step::Restart { host, remembers } => {
                let mut saved = vec![0; Board::CAPACITY.saved_len_max()];
                let len = self.net.hosts[host].node.save(&mut saved).expect("there is room");
                self.start(host, remembers.then_some(&saved[..len]));
            }
            Step::Wait { millis } => self.net.now = now + Duration::from_millis(millis),
            Step::Rest { millis } => self.rest(Duration::from_millis(millis)),
            Step::Timeout(host) => self.timeout(host),
            Step::Job { host, at } => self.job(host, at),
            other => self.pass(other),
        }
        self.collect();
    }

    /// What happens to datagrams.
    fn pass(&mut self, step: Step) {
        let under_way = self.net.wire.len();
        match step {
            Step::Deliver(at) if under_way > 0 => {
                let packet = self.net.wire.remove(at % under_way.min(6));
                self.arrive(packet);
            }
            Step::Lose(at) if under_way > 0 => drop(self.net.wire.remove(at % under_way)),
            Step::LoseAll => self.net.wire.clear(),
            Step::Replay { at, from_elsewhere } if !self.seen.is_empty() => {
                let mut packet = self.seen[at % self.seen.len()].clone();
                if from_elsewhere {
                    packet.from = address(200);
                }
                self.arrive(packet);
            }
            Step::Hint([host, other]) => self.hint(host, other),
            _ => {}
        }
    }

    fn hint(&mut self, host: usize, other: usize) {
        let Some(peer) = self.net.peer(host, other) else { return };
        let Ok(sent) = self.net.hosts[host].seal(peer, b"overheard") else { return };
        let mut bytes = vec![7, 1, 0, 0];
        bytes.extend(&sent.bytes[4..16]);
        self.arrive(Packet { from: sent.to, to: sent.from, bytes });
    }

    fn arrive(&mut self, mut packet: Packet) {
        let to = self.net.hosts.iter_mut().find(|host| host.address == packet.to);
        if let Some(to) = to {
            let _ = to.node.handle_datagram(path_to(packet.from), &mut packet.bytes, self.net.now);
        }
    }

    fn timeout(&mut self, host: usize) {
        let node = &mut self.net.hosts[host].node;
        if let Some(deadline) = node.poll_timeout() {
            self.net.now = self.net.now.max(deadline.at);
            node.handle_timeout(self.net.now);
        }
    }

    fn job(&mut self, host: usize, at: usize) {
        if !self.jobs[host].is_empty() {
            let at = at % self.jobs[host].len();
            let job = self.jobs[host].remove(at);
            let Host { node, keys, .. } = &mut self.net.hosts[host];
            let _ = node.complete_job(job.run(keys), self.net.now);
        }
    }

    fn collect(&mut self) {
        for host in 0..HOSTS {
            while let Some(job) = self.net.hosts[host].node.poll_job() {
                self.jobs[host].push(job);
            }
            let packets = self.net.hosts[host].drain();
            self.seen.extend(packets.iter().cloned());
            self.net.wire.extend(packets);
        }
    }

    /// Nothing is lost or late.
    fn rest(&mut self, span: Duration) {
        for host in 0..HOSTS {
            while !self.jobs[host].is_empty() {
                self.job(host, 0);
            }
            self.net.collect(host);
        }
        self.net.run_for(span);
    }

    fn hash(&mut self, of: usize, other: usize) -> Option<[u8; 32]> {
        let peer = self.net.peer(of, other)?;
        self.net.hosts[of].node.handshake_hash(peer).expect("the handle is fresh")
    }
}

/// A dead session is noticed after 35 s, an attempt lasts 5 s, a backoff at most 75 s; and the first
/// attempt may go under a secret that is no more.
const LONG_ENOUGH: Duration = Duration::from_secs(220);

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn once_it_is_over_whoever_asks_gets_through_and_nothing_spins(
        steps in steps(),
        asker in 0..HOSTS,
        distance in 1..HOSTS,
    ) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        for host in 0..HOSTS {
            world.take(Step::Answer(host, Whom::Network));
        }
        world.take(Step::ChangeSecret);
        let asked = (asker + distance) % HOSTS;
        world.take(Step::Connect([asker, asked]));
        world.rest(LONG_ENOUGH);
        // Unless its table is full of those it asked for before.
        if world.net.peer(asker, asked).is_some() {
            prop_assert!(world.net.is_active(asker, asked) && world.net.is_active(asked, asker));
        }
        for (one, other) in (0..HOSTS).flat_map(|one| (0..one).map(move |other| (one, other))) {
            prop_assert_eq!(world.hash(one, other), world.hash(other, one));
        }
        for host in &mut world.net.hosts {
            let (mut last, mut repeats) = (Instant::ORIGIN, 0);
            for _ in 0..400 {
                let Some(deadline) = host.node.poll_timeout() else { break };
                repeats = if deadline.at <= last { repeats + 1 } else { 0 };
                prop_assert!(repeats < 12, "{deadline:?} again and again");
                last = last.max(deadline.at);
                host.node.handle_timeout(last);
                host.drain();
            }
        }
    }
}
