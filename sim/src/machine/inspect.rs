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

    /// Shows what it has been told of where others are: of whom, and an address.
    fn addresses_told(&self, show: &mut dyn FnMut(NodeId, SocketAddr)) {
        let _ = show;
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
    /// Times that another became its neighbour.
    pub gained: u64,
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
