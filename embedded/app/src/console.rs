//! Settings over a serial line: a line of text for each.

use core::fmt;

use heapless::{String, Vec};
use underpass_core::{PeerId, PeerIdError};

use crate::sensor::Sensor;
use crate::settings::{Membership, NAME_MAX, PASSWORD_MAX, Place, Settings, Wifi};

/// Characters of a line at most.
pub const LINE_MAX: usize = 160;

/// Puts lines together, and settings out of lines.
#[derive(Default)]
pub struct Console {
    line: Vec<u8, LINE_MAX>,
}

/// What a line has come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Who the board is was asked.
    Identity(PeerId),
    /// How the sensor is was asked.
    Status,
    /// The settings are others now, but not kept.
    Noted,
    /// The settings are to be kept, and the board to start again with them.
    Save,
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
    /// A Wi-Fi network's password has up to 63 bytes.
    Password,
    /// An interval is a number of milliseconds.
    Interval,
    /// `on` or `off`.
    Switch,
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
        Some(take(first, words, settings))
    }
}

fn take<'t>(
    first: &str,
    mut words: impl Iterator<Item = &'t str>,
    settings: &mut Settings,
) -> Result<Answer, Mistake> {
    match first {
        "id" => return Ok(Answer::Identity(settings.identity().id())),
        "status" => return Ok(Answer::Status),
        "save" => return Ok(Answer::Save),
        "network" => {
            let name = name(words.next())?;
            let secret = words.next().and_then(from_hex).ok_or(Mistake::Secret)?;
            settings.network = Some(Membership { name, secret });
        }
        "peer" => settings.peer = Some(place(words)?),
        "relay" => settings.relay = Some(place(words)?),
        "wifi" => {
            let name = name(words.next())?;
            let password: &str = words.next().unwrap_or_default();
            let password = String::try_from(password).map_err(|_| Mistake::Password)?;
            settings.wifi = Some(Wifi { name, password });
        }
        "interval" => {
            let ms = words.next().and_then(|word| word.parse().ok());
            let known = Sensor::INTERVAL_MS_MIN..=Sensor::INTERVAL_MS_MAX;
            settings.interval_ms = ms.filter(|ms| known.contains(ms)).ok_or(Mistake::Interval)?;
        }
        "record" => {
            settings.records = match words.next() {
                Some("on") => true,
                Some("off") => false,
                _ => return Err(Mistake::Switch),
            };
        }
        _ => return Err(Mistake::Unknown),
    }
    Ok(Answer::Noted)
}

fn name(word: Option<&str>) -> Result<String<NAME_MAX>, Mistake> {
    let word = word.ok_or(Mistake::Name)?;
    String::try_from(word).map_err(|_| Mistake::Name)
}

fn place<'t>(mut words: impl Iterator<Item = &'t str>) -> Result<Place, Mistake> {
    let id = words.next().unwrap_or_default().parse().map_err(Mistake::Peer)?;
    let address = words.next().map(str::parse).transpose();
    Ok(Place { id, address: address.map_err(|_| Mistake::Address)? })
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
            Self::Status => f.write_str("asked"),
            Self::Noted => f.write_str("ok, until `save`"),
            Self::Save => f.write_str("saved, restarting"),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Long => write!(f, "a line has less than {LINE_MAX} characters"),
            Self::Unknown => f.write_str(
                "say `id`, `status`, `network NAME SECRET` (64 hexadecimal digits), `peer ID [ADDRESS:PORT]`, \
                 `relay ID ADDRESS:PORT`, `wifi NAME [PASSWORD]`, `interval MS`, `record on|off`, `save`",
            ),
            Self::Name => write!(f, "a network's name has 1 to {NAME_MAX} bytes and no spaces"),
            Self::Secret => f.write_str("a secret has 64 hexadecimal digits"),
            Self::Peer(error) => error.fmt(f),
            Self::Address => f.write_str("an address is written as 192.0.2.1:4747"),
            Self::Password => write!(f, "a password has up to {PASSWORD_MAX} bytes and no spaces"),
            Self::Interval => {
                let [min, max] = [Sensor::INTERVAL_MS_MIN, Sensor::INTERVAL_MS_MAX];
                write!(f, "an interval is {min} to {max} milliseconds")
            }
            Self::Switch => f.write_str("it is `on` or `off`"),
        }
    }
}

impl core::error::Error for Mistake {}
