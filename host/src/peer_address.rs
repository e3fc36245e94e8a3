//! How people write a peer: `underpass://ID@host:port`, an id, or an address alone.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use underpass_core::{PeerId, PeerIdError};

/// The port that is meant if none is written.
pub const PORT: u16 = 4747;

const SCHEME: &str = "underpass://";

/// A peer, by what is known of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PeerAddress {
    /// Its key; it is looked for at relays.
    Key(PeerId),
    /// Its key, and where it is.
    KeyAt(PeerId, HostPort),
    /// Whoever is there.
    At(HostPort),
}

/// A host by name or address, and a UDP port.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct HostPort {
    /// A name to be looked up, or an address without brackets.
    pub host: String,
    /// The UDP port.
    pub port: u16,
}

/// Why a text is no [`PeerAddress`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PeerAddressError {
    /// What stands before the `@`, or alone, is no peer's id.
    Id(PeerIdError),
    /// What stands after it is no `host:port`.
    Host,
    /// The port is none from 1 to 65535.
    Port,
}

impl PeerAddress {
    /// The key, if it is known.
    pub fn id(&self) -> Option<PeerId> {
        match self {
            Self::Key(id) | Self::KeyAt(id, _) => Some(*id),
            Self::At(_) => None,
        }
    }

    /// Where it is, if that is known.
    pub fn host(&self) -> Option<&HostPort> {
        match self {
            Self::Key(_) => None,
            Self::KeyAt(_, host) | Self::At(host) => Some(host),
        }
    }
}

impl HostPort {
    /// The address, unless it is a name that must be looked up.
    pub fn literal(&self) -> Option<SocketAddr> {
        self.host.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, self.port))
    }
}

impl FromStr for PeerAddress {
    type Err = PeerAddressError;

    fn from_str(text: &str) -> Result<Self, PeerAddressError> {
        let id = |text: &str| text.parse::<PeerId>().map_err(PeerAddressError::Id);
        let (has_scheme, text) = match text.strip_prefix(SCHEME) {
            Some(rest) => (true, rest.trim_end_matches('/')),
            None => (false, text),
        };
        if let Some((key, host)) = text.split_once('@') {
            return Ok(Self::KeyAt(id(key)?, host.parse()?));
        }
        let looks_like_host = text.contains([':', '.']) || text == "localhost";
        match has_scheme || !looks_like_host {
            true => id(text).map(Self::Key),
            false => text.parse().map(Self::At),
        }
    }
}

impl FromStr for HostPort {
    type Err = PeerAddressError;

    fn from_str(text: &str) -> Result<Self, PeerAddressError> {
        let port = |text: &str| match text.parse() {
            Ok(0) | Err(_) => Err(PeerAddressError::Port),
            Ok(port) => Ok(port),
        };
        if let Ok(ip) = text.parse::<Ipv6Addr>() {
            return Ok(Self { host: ip.to_string(), port: PORT });
        }
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, after) = rest.split_once(']').ok_or(PeerAddressError::Host)?;
            host.parse::<Ipv6Addr>().map_err(|_| PeerAddressError::Host)?;
            match after.strip_prefix(':') {
                Some(digits) => (host, port(digits)?),
                None if after.is_empty() => (host, PORT),
                None => return Err(PeerAddressError::Host),
            }
        } else {
            match text.split_once(':') {
                Some((host, digits)) => (host, port(digits)?),
                None => (text, PORT),
            }
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        match !host.is_empty() && host.len() <= 253 && host.chars().all(fits) {
            true => Ok(Self { host: host.into(), port }),
            false => Err(PeerAddressError::Host),
        }
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "{SCHEME}{id}"),
            Self::KeyAt(id, host) => write!(f, "{SCHEME}{id}@{host}"),
            Self::At(host) => host.fmt(f),
        }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for PeerAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(error) => error.fmt(f),
            Self::Host => f.write_str("this is no host name or address"),
            Self::Port => f.write_str("a port is a number from 1 to 65535"),
        }
    }
}

impl std::error::Error for PeerAddressError {}

#[cfg(test)]
mod tests;
