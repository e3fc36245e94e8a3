//! Two nodes in one memory, and what each has cost.

use core::net::SocketAddr;

use underpass_core::{
    Config, Instant, MAX_TRANSMIT, Network, Node, Path, PeerId, PeerState, SecretIdentity, Socket,
    Storage, Transmit,
};

use crate::clock;

/// What was spent, in instructions.
#[derive(Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) calls: u64,
    pub(crate) longest_call: u64,
    pub(crate) jobs: u64,
    pub(crate) longest_job: u64,
    pub(crate) job_count: u32,
}

impl Spent {
    pub(crate) fn count<R>(&mut self, call: impl FnOnce() -> R) -> R {
        let began = clock::now();
        let result = call();
        let took = clock::now() - began;
        self.calls += took;
        self.longest_call = self.longest_call.max(took);
        result
    }
}

/// One of the two.
pub(crate) struct Side<S> {
    pub(crate) node: Node<S>,
    pub(crate) keys: SecretIdentity,
    /// Where the other one sees it.
    pub(crate) address: SocketAddr,
    pub(crate) spent: Spent,
    /// What it sends, and what has come, kept off the stack that is measured.
    pub(crate) buffers: [[u8; MAX_TRANSMIT]; 2],
}

impl<S: Storage> Side<S> {
    pub(crate) fn new(number: u8, storage: S) -> Self {
        let (keys, _) = (0..)
            .find_map(|tried| SecretIdentity::generate(|| [number ^ (tried << 4); 32]))
            .expect("half of all seeds will do");
        let config = Config::new(Network::closed("figures", [7; 32]));
        let node = Node::new(config, keys.id(), [number; 32], storage, Instant::ORIGIN);
        let address = SocketAddr::from(([192, 0, 2, number], 4747));
        Self {
            node: node.expect("the tables go together"),
            keys,
            address,
            spent: Spent::default(),
            buffers: [[0; MAX_TRANSMIT]; 2],
        }
    }

    pub(crate) fn path(&self) -> Path {
        Path { socket: Socket(0), remote: self.address }
    }

    pub(crate) fn sees(&mut self, id: &PeerId) -> bool {
        self.node.peer(id).is_some_and(|peer| self.node.peer_state(peer) == Ok(PeerState::Active))
    }

    /// Makes a call, and counts it.
    pub(crate) fn call<R>(&mut self, call: impl FnOnce(&mut Node<S>) -> R) -> R {
        self.spent.count(|| call(&mut self.node))
    }

    fn transmit(&mut self) -> Option<Transmit> {
        let Self { node, buffers: [buffer, _], spent, .. } = self;
        spent.count(|| node.poll_transmit(buffer))
    }

    /// Does one public-key operation, if there is one to be done.
    fn work(&mut self, now: Instant) -> bool {
        let Some(job) = self.call(|node| node.poll_job()) else { return false };
        let began = clock::now();
        let done = job.run(&self.keys);
        let took = clock::now() - began;
        self.spent.jobs += took;
        self.spent.longest_job = self.spent.longest_job.max(took);
        self.spent.job_count += 1;
        self.call(|node| node.complete_job(done, now)).is_ok()
    }

    /// Does all that there is to do, and sends it to the other one.
    fn turn(&mut self, other: &mut Self, now: Instant) -> bool {
        let mut has_done = false;
        if self.node.poll_timeout().is_some_and(|deadline| deadline.at <= now) {
            self.call(|node| node.handle_timeout(now));
            has_done = true;
        }
        while self.work(now) {
            has_done = true;
        }
        while let Some(transmit) = self.transmit() {
            has_done = true;
            let [buffer, arrived] = &mut self.buffers;
            let path = Path { socket: Socket(0), remote: self.address };
            for (_, datagram) in transmit.datagrams(buffer) {
                let arrived = &mut arrived[..datagram.len()];
                arrived.copy_from_slice(datagram);
                let _ = other.call(|node| node.handle_datagram(path, arrived, now).is_ok());
            }
        }
        while self.node.poll_event().is_some() {}
        has_done
    }
}

/// Has both do what there is to do until then. No packet takes any time.
pub(crate) fn run<S: Storage>(sides: &mut [Side<S>; 2], mut now: Instant, until: Instant) {
    loop {
        let [one, other] = sides;
        while one.turn(other, now) | other.turn(one, now) {}
        let next =
            sides.iter().filter_map(|side| side.node.poll_timeout()).map(|next| next.at).min();
        match next.filter(|next| *next <= until) {
            Some(next) => now = next.max(now),
            None => return,
        }
    }
}
