//! What a machine shows of its inside to those who watch it.

use std::net::SocketAddr;

use crate::scenario::model::NodeId;

/// The inside of a machine, as far as checkers need it. Looking changes nothing.
pub trait Inspect {
    /// Changes with everything that the machine knows of its peers, and with nothing else.
    fn peers_digest(&self) -> u64;

    /// Shows how full its tables are, one after the other.
    fn tables(&self, show: &mut dyn FnMut(Table));

    /// Public-key operations that it has asked for since it was started.
    fn public_key_operations(&self) -> u64;

    /// The one of these that it is at while nobody calls it, counted from the first that took any time.
    fn operation_under_way(&self) -> Option<u64> {
        None
    }

    /// What it has done about rumours since it was started.
    fn copies(&self) -> Copies {
        Copies::default()
    }

    /// How much it has been asked by others, and has answered, since it was started.
    fn answers(&self) -> Answers {
        Answers::default()
    }

    /// Shows what it has been told of where others are: of whom, and an address.
    fn addresses_told(&self, show: &mut dyn FnMut(NodeId, SocketAddr)) {
        let _ = show;
    }

    /// How many neighbours it wants.
    fn neighbours_wanted(&self) -> usize {
        0
    }

    /// Shows its neighbours in gossip, if it takes part, one after the other.
    fn neighbours(&self, show: &mut dyn FnMut(NodeId)) {
        let _ = show;
    }
}

/// The name of the table of peers, whatever a machine knows of one.
pub(crate) const PEERS: &str = "peers";
/// The name of the table of handshakes under way.
pub(crate) const HANDSHAKES: &str = "handshakes";

/// How often a machine has handed on what everybody must hear.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Copies {
    /// Rumours that it heard, or made, for the first time.
    pub heard: u64,
    /// Copies that it sent.
    pub told: u64,
    /// Of these, copies for somebody who had missed a rumour.
    pub answered: u64,
}

/// Bytes of what others have asked a machine about third parties, and of what it has answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Answers {
    /// Of questions that it has looked into.
    pub asked: u64,
    /// Of the answers.
    pub answered: u64,
}

/// How full a table is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Table {
    /// Of what.
    pub name: &'static str,
    /// Entries in use.
    pub used: usize,
    /// Entries that there is room for.
    pub capacity: usize,
}
