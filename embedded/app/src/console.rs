//! Settings over a serial line: a line of text for each.

use core::fmt;

use heapless::{String, Vec};
use underpass_core::{PeerId, PeerIdError};

use crate::settings::{Membership, NAME_MAX, Settings};

/// Characters of a line at most.
pub const LINE_MAX: usize = 160;

/// Puts lines together, and settings out of lines.
#[derive(Default)]
pub struct Console {
    line: Vec<u8, LINE_MAX>,
    network: Option<(String<NAME_MAX>, [u8; 32])>,
}

/// What a line has come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Who the board is was asked.
    Identity(PeerId),
    /// Noted; it counts once there is a peer, too.
    Noted,
    /// The settings are complete, and should be written.
    Changed,
}

/// What is wrong with a line. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mistake {
    /// It is too long.
    Long,
    /// It begins with no word that is known.
    Unknown,
    /// A network's name has 1 to 32 bytes.
    Name,
    /// A secret has 64 hexadecimal digits.
    Secret,
    /// The key of the peer.
    Peer(PeerIdError),
    /// An address is `192.0.2.1:4747`.
    Address,
    /// The network comes first.
    NoNetwork,
}

impl Console {
    /// Takes a character. At the end of a line says what is to be answered.
    pub fn push(&mut self, byte: u8, settings: &mut Settings) -> Option<Result<Answer, Mistake>> {
        if !matches!(byte, b'\r' | b'\n') {
            // One more than fits is enough to know that it is too long.
            let _ = self.line.push(byte);
            return None;
        }
        let line = core::mem::take(&mut self.line);
        if line.is_full() {
            return Some(Err(Mistake::Long));
        }
        let text = core::str::from_utf8(&line).unwrap_or("?");
        let mut words = text.split_ascii_whitespace();
        let first = words.next()?;
        Some(self.take(first, words, settings))
    }

    fn take<'t>(
        &mut self,
        first: &str,
        mut words: impl Iterator<Item = &'t str>,
        settings: &mut Settings,
    ) -> Result<Answer, Mistake> {
        match first {
            "id" => Ok(Answer::Identity(settings.identity().id())),
            "network" => {
                let name = words.next().unwrap_or_default();
                let is_empty = name.is_empty();
                let name = String::try_from(name).ok().filter(|_| !is_empty);
                let secret = words.next().and_then(from_hex).ok_or(Mistake::Secret);
                self.network = Some((name.ok_or(Mistake::Name)?, secret?));
                Ok(Answer::Noted)
            }
            "peer" => {
                let peer = words.next().unwrap_or_default().parse().map_err(Mistake::Peer)?;
                let address = words.next().map(str::parse).transpose();
                let address = address.map_err(|_| Mistake::Address)?;
                let before = settings.membership.as_ref();
                let known = before.map(|before| (before.name.clone(), before.secret));
                let network = self.network.take().or(known);
                let (name, secret) = network.ok_or(Mistake::NoNetwork)?;
                settings.membership = Some(Membership { name, secret, peer, address });
                Ok(Answer::Changed)
            }
            _ => Err(Mistake::Unknown),
        }
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (position, digit) in text.chars().enumerate() {
        bytes[position / 2] = bytes[position / 2] << 4 | digit.to_digit(16)? as u8;
    }
    Some(bytes)
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(id) => write!(f, "id {id}"),
            Self::Noted => f.write_str("ok"),
            Self::Changed => f.write_str("ok, restarting"),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Long => write!(f, "a line has less than {LINE_MAX} characters"),
            Self::Unknown => f.write_str(
                "say `id`, `network NAME SECRET` (64 hexadecimal digits), or `peer ID [ADDRESS:PORT]`",
            ),
            Self::Name => write!(f, "a network's name has 1 to {NAME_MAX} bytes and no spaces"),
            Self::Secret => f.write_str("a secret has 64 hexadecimal digits"),
            Self::Peer(error) => error.fmt(f),
            Self::Address => f.write_str("an address is written as 192.0.2.1:4747"),
            Self::NoNetwork => f.write_str("say first which `network NAME SECRET` it is"),
        }
    }
}

impl core::error::Error for Mistake {}
