//! Messages under any loss, duplication, reordering, tampering, waiting, reconnecting, forgetting
//! and restarting, against what was promised.

use std::collections::BTreeMap;

use proptest::prelude::*;
use underpass_core::{Duration, Event, MessageId, Outcome, Outgoing, Peer, Purpose};

use crate::net::{A, B, Host, Net, Packet, cases, path_to};

#[derive(Clone, Debug)]
enum Step {
    Send {
        from: bool,
        len: usize,
    },
    Connect(bool),
    /// The datagram at this position (modulo their number) arrives; it may arrive again.
    Deliver {
        at: usize,
        again: bool,
    },
    /// So many arrive, in their order.
    DeliverMany(usize),
    Lose(usize),
    LoseAll,
    Tamper {
        at: usize,
        bit: usize,
    },
    Wait {
        millis: u64,
    },
    /// A host goes on to its next deadline.
    Timeout(bool),
    /// A host reads what waits for it, or leaves it from now on.
    Read {
        host: bool,
        reads: bool,
    },
    /// A host forgets the other.
    Close(bool),
    /// A host loses everything.
    Restart(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let len = prop_oneof![3 => 0usize..40, 2 => 1000usize..5600];
    let step = prop_oneof![
        10 => (any::<bool>(), len).prop_map(|(from, len)| Step::Send { from, len }),
        1 => any::<bool>().prop_map(Step::Connect),
        10 => (any::<usize>(), prop::bool::weighted(0.2))
            .prop_map(|(at, again)| Step::Deliver { at, again }),
        6 => (1usize..20).prop_map(Step::DeliverMany),
        2 => any::<usize>().prop_map(Step::Lose),
        1 => Just(Step::LoseAll),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(at, bit)| Step::Tamper { at, bit }),
        3 => prop_oneof![0u64..50, 0u64..5_000, 0u64..50_000].prop_map(|millis| Step::Wait { millis }),
        4 => any::<bool>().prop_map(Step::Timeout),
        1 => any::<[bool; 2]>().prop_map(|[host, reads]| Step::Read { host, reads }),
        1 => any::<bool>().prop_map(Step::Close),
        1 => any::<bool>().prop_map(Step::Restart),
    ];
    prop::collection::vec(step, 0..150)
}

/// A message that was accepted.
struct Accepted {
    from: usize,
    /// In which of the sender's lives.
    life: u8,
    id: (Peer, MessageId),
}

struct World {
    net: Net,
    /// How often each host has restarted.
    lives: [u8; 2],
    restarts: u8,
    /// By what its payload begins with.
    accepted: BTreeMap<u32, Accepted>,
    /// How often each was handed up.
    delivered: BTreeMap<u32, u32>,
    outcomes: BTreeMap<(usize, u8, Peer, MessageId), Vec<Outcome>>,
}

impl World {
    fn new() -> Self {
        let mut net = Net::connected();
        net.hosts.iter_mut().for_each(|host| host.events.clear());
        Self {
            net,
            lives: [0; 2],
            restarts: 0,
            accepted: BTreeMap::new(),
            delivered: BTreeMap::new(),
            outcomes: BTreeMap::new(),
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Send { from, len } => self.send(from.into(), len),
            Step::Connect(host) => self.connect(host.into()),
            Step::Deliver { at, again } => self.deliver(at, again),
            Step::DeliverMany(count) => (0..count).for_each(|_| self.deliver(0, false)),
            Step::Lose(at) => drop(self.pick(at)),
            Step::LoseAll => self.net.wire.clear(),
            Step::Tamper { at, bit } => self.tamper(at, bit),
            Step::Wait { millis } => self.net.now = self.net.now + Duration::from_millis(millis),
            Step::Timeout(host) => self.timeout(host.into()),
            Step::Read { host, reads } => self.net.hosts[usize::from(host)].reads = reads,
            Step::Close(host) => self.close(host.into()),
            Step::Restart(host) => self.restart(host.into()),
        }
        self.collect();
    }

    /// Every payload begins with a number of its own, and the rest follows from that and its place.
    fn send(&mut self, from: usize, len: usize) {
        let Some(peer) = self.net.peer(from, 1 - from) else { return };
        let tag = self.accepted.len() as u32;
        let payload = payload(tag, len);
        let message = Outgoing { kind: 1, purpose: Purpose::Notice, payload: &payload };
        let sent = self.net.hosts[from].node.send_message(peer, message, self.net.now);
        if let Ok(id) = sent {
            let life = self.lives[from];
            self.accepted.insert(tag, Accepted { from, life, id: (peer, id) });
        }
    }

    fn connect(&mut self, host: usize) {
        let other = &self.net.hosts[1 - host];
        let (id, path) = (other.id(), path_to(other.address));
        self.net.hosts[host].node.connect(id, path, self.net.now).expect("there is room");
    }

    fn deliver(&mut self, at: usize, again: bool) {
        let Some(packet) = self.pick(at) else { return };
        if again {
            self.net.wire.push(packet.clone());
        }
        let _ = self.net.handle(packet);
    }

    fn tamper(&mut self, at: usize, bit: usize) {
        let Some(mut packet) = self.pick(at) else { return };
        let bit = bit % (packet.bytes.len() * 8);
        packet.bytes[bit / 8] ^= 1 << (bit % 8);
        let _ = self.net.handle(packet);
    }

    fn pick(&mut self, at: usize) -> Option<Packet> {
        let len = self.net.wire.len();
        (len > 0).then(|| self.net.wire.remove(at % len))
    }

    fn timeout(&mut self, host: usize) {
        let node = &mut self.net.hosts[host].node;
        if let Some(deadline) = node.poll_timeout() {
            self.net.now = self.net.now.max(deadline.at);
            node.handle_timeout(self.net.now);
        }
    }

    fn close(&mut self, host: usize) {
        if let Some(peer) = self.net.peer(host, 1 - host) {
            self.net.hosts[host].node.close(peer, self.net.now).expect("the handle is fresh");
        }
    }

    /// Its application reads first: what a node has acknowledged and not handed up is lost with it.
    fn restart(&mut self, host: usize) {
        self.net.hosts[host].reads = true;
        self.collect();
        self.restarts += 1;
        self.lives[host] += 1;
        self.net.restart(host, self.restarts);
    }

    fn collect(&mut self) {
        for host in [A, B] {
            self.net.collect(host);
            let life = self.lives[host];
            let Host { events, messages, .. } = &mut self.net.hosts[host];
            for message in messages.drain(..) {
                let tag = message.payload.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
                let tag = tag.expect("every payload has one");
                assert_eq!(message.payload, payload(tag, message.payload.len()));
                *self.delivered.entry(tag).or_default() += 1;
            }
            for event in events.drain(..) {
                if let Event::Message(peer, id, outcome) = event {
                    self.outcomes.entry((host, life, peer, id)).or_default().push(outcome);
                }
            }
        }
    }

    /// From here on nothing is lost or late, until every message's time is over.
    fn heal(&mut self) {
        for host in [A, B] {
            self.net.hosts[host].reads = true;
        }
        self.collect();
        self.net.run_for(Duration::from_secs(180));
        self.collect();
    }

    /// The outcome of a message, and how often it was delivered.
    fn fate(&self, tag: u32) -> (Vec<Outcome>, u32) {
        let Accepted { from, life, id: (peer, id) } = &self.accepted[&tag];
        let outcomes = self.outcomes.get(&(*from, *life, *peer, *id)).cloned().unwrap_or_default();
        (outcomes, self.delivered.get(&tag).copied().unwrap_or_default())
    }

    /// What always holds.
    fn check(&self) -> Result<(), TestCaseError> {
        for (tag, message) in &self.accepted {
            let (outcomes, delivered) = self.fate(*tag);
            prop_assert!(delivered <= 1, "message {tag} was delivered {delivered} times");
            if message.life < self.lives[message.from] {
                // Whoever would have been told is gone.
                prop_assert!(outcomes.len() <= 1);
                continue;
            }
            prop_assert_eq!(outcomes.len(), 1, "message {} ended so often", tag);
            match outcomes[0] {
                Outcome::Acked => prop_assert_eq!(delivered, 1, "message {}", tag),
                Outcome::Failed => prop_assert_eq!(delivered, 0, "message {}", tag),
                Outcome::Unknown => {}
            }
        }
        Ok(())
    }
}

fn payload(tag: u32, len: usize) -> Vec<u8> {
    let rest = (4..len).map(|at| (at as u32).wrapping_mul(tag + 31) as u8);
    tag.to_le_bytes().into_iter().chain(rest).collect()
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn every_message_ends_once_as_it_is_told_and_is_delivered_once_at_most(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.heal();
        world.check()?;
    }

    #[test]
    fn while_neither_forgets_the_other_all_that_has_time_arrives(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            if !matches!(step, Step::Close(_) | Step::Restart(_)) {
                world.take(step);
            }
        }
        // The last ones have their whole life after the faults.
        let tags = [world.accepted.len() as u32, world.accepted.len() as u32 + 1];
        for host in [A, B] {
            world.connect(host);
            world.net.hosts[host].reads = true;
        }
        world.collect();
        world.net.run_for(Duration::from_secs(100));
        world.collect();
        world.send(A, 3000);
        world.send(B, 10);
        world.heal();
        world.check()?;
        for tag in tags {
            prop_assert_eq!(world.fate(tag), (vec![Outcome::Acked], 1));
        }
    }
}
