//! What a board keeps in its flash.

use core::fmt;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};

use heapless::String;
use underpass_core::{Network, PeerId, SecretIdentity};

/// Bytes of a network's name at most.
pub const NAME_MAX: usize = 32;

const VERSION: u8 = 1;

/// Everything that outlives a restart. **It holds the board's secret key and the network's.**
#[derive(Clone)]
pub struct Settings {
    /// What the identity is made of.
    seed: [u8; 32],
    /// Missing until somebody has said.
    pub membership: Option<Membership>,
}

/// Which network a board is a member of, and whom it looks for.
#[derive(Clone, PartialEq, Eq)]
pub struct Membership {
    /// The network's name.
    pub name: String<NAME_MAX>,
    /// The secret that its members share.
    pub secret: [u8; 32],
    /// Whose sensor this is.
    pub peer: PeerId,
    /// Where that one may be; else it is looked for at relays.
    pub address: Option<SocketAddr>,
}

/// Why bytes are no settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettingsError {
    /// Flash that was never written, or that another program has written.
    Empty,
    /// They are not whole, or do not mean anything.
    Damaged,
}

impl Settings {
    /// Bytes in flash: version 1, seed 32, and if there is a membership (a byte says so) length of the
    /// name 1, name 32, secret 32, peer 32, family of the address 1, address 16, port 2; then CRC-32 4.
    pub const LEN: usize = BODY + 4;

    /// Those of a board that has never run: an identity of its own, no network.
    ///
    /// `draw` yields 32 bytes of fresh secret randomness at every call; `None` if it is stuck.
    pub fn make(draw: impl FnMut() -> [u8; 32]) -> Option<Self> {
        let (_, seed) = SecretIdentity::generate(draw)?;
        Some(Self { seed, membership: None })
    }

    /// The board's keys.
    pub fn identity(&self) -> SecretIdentity {
        SecretIdentity::from_seed(&self.seed).expect("checked when it was made or read")
    }

    /// As they are written.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let mut rest = &mut bytes[..];
        let mut put = |part: &[u8]| {
            let (place, after) = core::mem::take(&mut rest).split_at_mut(part.len());
            place.copy_from_slice(part);
            rest = after;
        };
        put(&[VERSION]);
        put(&self.seed);
        put(&[self.membership.is_some().into()]);
        if let Some(Membership { name, secret, peer, address }) = &self.membership {
            let mut padded = [0; NAME_MAX];
            padded[..name.len()].copy_from_slice(name.as_bytes());
            put(&[name.len() as u8]);
            put(&padded);
            put(secret);
            put(peer.as_bytes());
            let (family, ip, port) = match address {
                None => (0, Ipv6Addr::UNSPECIFIED, 0),
                Some(SocketAddr::V4(at)) => (4, at.ip().to_ipv6_mapped(), at.port()),
                Some(SocketAddr::V6(at)) => (6, *at.ip(), at.port()),
            };
            put(&[family]);
            put(&ip.octets());
            put(&port.to_le_bytes());
        }
        let sum = crc32(&bytes[..BODY]);
        bytes[BODY..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// What was written.
    ///
    /// # Errors
    /// [`SettingsError`]: a board without settings makes new ones if it never had any, and stops if they
    /// are damaged, as a new identity would be a stranger to everybody.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, SettingsError> {
        // Erased flash reads as all ones, a new file as nothing.
        if bytes[0] != VERSION {
            return Err(SettingsError::Empty);
        }
        let (body, sum) = bytes.split_at(BODY);
        if sum != crc32(body).to_le_bytes() {
            return Err(SettingsError::Damaged);
        }
        Self::read(&mut &body[1..]).ok_or(SettingsError::Damaged)
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        let seed = take(rest)?;
        SecretIdentity::from_seed(&seed)?;
        let [is_member] = take(rest)?;
        let membership = if is_member == 0 { None } else { Some(Membership::read(rest)?) };
        Some(Self { seed, membership })
    }
}

impl Membership {
    /// The network, as a node wants it.
    pub fn network(&self) -> Network {
        Network::closed(&self.name, self.secret)
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        let ([len], padded) = (take(rest)?, take::<NAME_MAX>(rest)?);
        let name = core::str::from_utf8(padded.get(..len.into())?).ok()?;
        let name = String::try_from(name).ok()?;
        let secret = take(rest)?;
        let peer = PeerId::from_bytes(take(rest)?).ok()?;
        let ([family], ip) = (take(rest)?, Ipv6Addr::from(take::<16>(rest)?));
        let port = u16::from_le_bytes(take(rest)?);
        let address = match family {
            0 => None,
            4 => Some(SocketAddr::new(IpAddr::V4(ip.to_ipv4_mapped()?), port)),
            6 => Some(SocketAddr::new(IpAddr::V6(ip), port)),
            _ => return None,
        };
        Some(Self { name, secret, peer, address })
    }
}

const BODY: usize = 1 + 32 + 1 + (1 + NAME_MAX + 32 + 32 + 1 + 16 + 2);

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (part, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*part)
}

/// CRC-32 of IEEE 802.3, against torn writes and worn cells.
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = !0_u32;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            let low = sum & 1;
            sum = (sum >> 1) ^ (0xedb8_8320 * low);
        }
    }
    !sum
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "there are no settings",
            Self::Damaged => "the settings are damaged: erase the flash to begin anew",
        })
    }
}

impl core::error::Error for SettingsError {}
