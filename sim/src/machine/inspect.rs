//! What a machine shows of its inside to those who watch it.

/// The inside of a machine, as far as checkers need it. Looking changes nothing.
pub trait Inspect {
    /// Changes with everything that the machine knows of its peers, and with nothing else.
    fn peers_digest(&self) -> u64;

    /// Shows how full its tables are, one after the other.
    fn tables(&self, show: &mut dyn FnMut(Table));

    /// Public-key operations that it has asked for since it was started.
    fn public_key_operations(&self) -> u64;
}

/// The name of the table of peers, whatever a machine knows of one.
pub(crate) const PEERS: &str = "peers";
/// The name of the table of handshakes under way.
pub(crate) const HANDSHAKES: &str = "handshakes";

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
