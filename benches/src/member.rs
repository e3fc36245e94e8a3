//! A node with what it takes to drive it.

use std::net::{Ipv4Addr, SocketAddr};

use underpass_core::{
    Config, Dropped, Instant, Network, Node, Path, Received, SecretIdentity, Socket, Storage,
};

/// A node with its keys and its address.
pub struct Member<S> {
    /// The node.
    pub node: Node<S>,
    /// Its keys.
    pub keys: SecretIdentity,
    /// Where it is.
    pub address: SocketAddr,
}

impl<S: Storage> Member<S> {
    /// The member of this number, from 1, of the network of all benches.
    ///
    /// # Panics
    /// If the storage is not sound.
    pub fn new(number: u32, storage: S) -> Self {
        Self::configured(number, Config::new(Network::closed("bench", [5; 32])), storage)
    }

    /// One that is configured in another way; `config` names the network.
    ///
    /// # Panics
    /// If the storage is not sound.
    pub fn configured(number: u32, config: Config, storage: S) -> Self {
        let mut draw = 0u32;
        let identity = SecretIdentity::generate(|| {
            draw += 1;
            let mut seed = [9; 32];
            seed[..4].copy_from_slice(&number.to_le_bytes());
            seed[4..8].copy_from_slice(&draw.to_le_bytes());
            seed
        });
        let (keys, seed) = identity.expect("every other one is usable");
        let node = Node::new(config, keys.id(), seed, storage, Instant::ORIGIN);
        let address = SocketAddr::from((Ipv4Addr::from(0x0a00_0000 + number), 4747));
        Self { node: node.expect("the storage is sound"), keys, address }
    }

    /// How others reach it.
    pub fn path(&self) -> Path {
        Path { socket: Socket(0), remote: self.address }
    }

    /// Does all its public-key work.
    pub fn run_jobs(&mut self, now: Instant) {
        self.node.run_jobs(&self.keys, now);
    }

    /// Hands it a datagram, and does the public-key work that comes of it.
    ///
    /// # Errors
    /// Why the node refused it.
    pub fn take<'d>(
        &mut self,
        from: Path,
        datagram: &'d mut [u8],
        now: Instant,
    ) -> Result<Received<'d>, Dropped> {
        let received = self.node.handle_datagram(from, datagram, now);
        self.node.run_jobs(&self.keys, now);
        received
    }
}
