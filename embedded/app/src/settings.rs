//! What a board keeps in its flash.

use core::fmt;
use core::net::SocketAddr;

use heapless::String;
use serde::{Deserialize, Serialize};
use underpass_core::{Network, PeerId, SecretIdentity};

use crate::check::crc32;
use crate::sensor::Sensor;

/// Bytes of a network's name at most; of a Wi-Fi network's, too (IEEE 802.11, section 9.4.2.2).
pub const NAME_MAX: usize = 32;
/// Bytes of a Wi-Fi network's password at most (IEEE 802.11, annex J.4).
pub const PASSWORD_MAX: usize = 63;

/// What is written first, so that erased flash is no settings.
const VERSION: u8 = 2;

/// Everything that outlives a restart. **It holds the board's secret key and the network's.**
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// What the identity is made of.
    seed: [u8; 32],
    /// Missing until somebody has said.
    pub network: Option<Membership>,
    /// Whose sensor this is. Missing until somebody has said.
    pub peer: Option<Place>,
    /// A relay of this network at which peers may be found.
    pub relay: Option<Place>,
    /// How a board with a radio gets to its network.
    pub wifi: Option<Wifi>,
    /// A reading every so many milliseconds, unless the peer asks otherwise.
    pub interval_ms: u32,
    /// Every call of the node is written to the serial line.
    pub records: bool,
}

/// Which network a board is a member of.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The network's name.
    pub name: String<NAME_MAX>,
    /// The secret that its members share.
    pub secret: [u8; 32],
}

/// A node, and where it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Place {
    /// Its key.
    pub id: PeerId,
    /// Its address; else it is looked for at relays.
    pub address: Option<SocketAddr>,
}

/// A Wi-Fi network.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wifi {
    /// Its name.
    pub name: String<NAME_MAX>,
    /// What lets a board in; empty where nothing is asked.
    pub password: String<PASSWORD_MAX>,
}

/// Why bytes are no settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettingsError {
    /// Flash that was never written.
    Empty,
    /// They are not whole, or another program's.
    Damaged,
}

impl Settings {
    /// Bytes in flash at most: version 1, length 2, the fields as postcard writes them, CRC-32 4.
    pub const LEN: usize = 512;

    /// Those of a board that has never run: an identity of its own, no network.
    ///
    /// `draw` yields 32 bytes of fresh secret randomness at every call; `None` if it is stuck.
    pub fn make(draw: impl FnMut() -> [u8; 32]) -> Option<Self> {
        let (_, seed) = SecretIdentity::generate(draw)?;
        let (network, peer, relay, wifi) = (None, None, None, None);
        Some(Self {
            seed,
            network,
            peer,
            relay,
            wifi,
            interval_ms: Sensor::INTERVAL_MS,
            records: false,
        })
    }

    /// The board's keys.
    pub fn identity(&self) -> SecretIdentity {
        SecretIdentity::from_seed(&self.seed).expect("checked when it was made or read")
    }

    /// As they are written.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (head, body) = bytes.split_at_mut(HEAD_LEN);
        let room = body.len() - SUM_LEN;
        let fields = postcard::to_slice(self, &mut body[..room]).expect("the longest ones fit");
        let len = fields.len();
        head.copy_from_slice(&[VERSION, len as u8, (len >> 8) as u8]);
        let end = HEAD_LEN + len;
        let sum = crc32(&bytes[..end]);
        bytes[end..][..SUM_LEN].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// What was written.
    ///
    /// # Errors
    /// [`SettingsError`]: a board without settings makes new ones if it never had any, and stops if they
    /// are damaged, as a new identity would be a stranger to everybody.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, SettingsError> {
        // Erased flash reads as all ones, a new file as nothing.
        if matches!(bytes[0], 0 | 0xff) {
            return Err(SettingsError::Empty);
        }
        let [version, low, high, ..] = *bytes;
        let end = HEAD_LEN + usize::from(u16::from_le_bytes([low, high]));
        let sum = bytes.get(end..).and_then(|rest| rest.first_chunk());
        if version != VERSION || sum != Some(&crc32(bytes.get(..end).unwrap_or(&[])).to_le_bytes())
        {
            return Err(SettingsError::Damaged);
        }
        let read: Self =
            postcard::from_bytes(&bytes[HEAD_LEN..end]).map_err(|_| SettingsError::Damaged)?;
        SecretIdentity::from_seed(&read.seed).ok_or(SettingsError::Damaged)?;
        Ok(read)
    }
}

impl Membership {
    /// The network, as a node wants it.
    pub fn network(&self) -> Network {
        Network::closed(&self.name, self.secret)
    }
}

const HEAD_LEN: usize = 3;
const SUM_LEN: usize = 4;

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "there are no settings",
            Self::Damaged => "the settings are damaged: erase the flash to begin anew",
        })
    }
}

impl core::error::Error for SettingsError {}
