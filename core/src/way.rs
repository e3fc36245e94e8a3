//! How packets reach a peer: directly, or through a relay.

use crate::path::{Path, Route};
use crate::peer::Peer;

/// One way to a peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    Direct(Path),
    Relayed(Circuit),
}

/// What a relay keeps between two peers of its own; both name it by the number that the relay chose.
/// To those at its ends it is what an address is elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Circuit {
    pub(crate) relay: Peer,
    pub(crate) number: u32,
}

impl Way {
    pub(crate) fn direct(self) -> Option<Path> {
        match self {
            Self::Direct(path) => Some(path),
            Self::Relayed(_) => None,
        }
    }

    /// What an application is told of it.
    pub(crate) fn route(self) -> Route {
        match self {
            Self::Direct(path) => Route::Direct(path),
            Self::Relayed(circuit) => Route::Relayed(circuit.relay),
        }
    }

    /// One spelling for every way: of a path its own, of a circuit the relay's slot 2 and generation
    /// 4, and the number 4. The first byte tells them apart.
    pub(crate) fn to_bytes(self) -> [u8; 20] {
        let mut bytes = [0; 20];
        match self {
            Self::Direct(path) => bytes[1..].copy_from_slice(&path.to_bytes()),
            Self::Relayed(Circuit { relay, number }) => {
                bytes[0] = 1;
                bytes[1..3].copy_from_slice(&relay.slot.to_le_bytes());
                bytes[3..7].copy_from_slice(&relay.generation.to_le_bytes());
                bytes[7..11].copy_from_slice(&number.to_le_bytes());
            }
        }
        bytes
    }
}

impl From<Path> for Way {
    fn from(path: Path) -> Self {
        Self::Direct(path)
    }
}
