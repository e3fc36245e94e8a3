//! From what was written to what is meant.

mod limits;
mod scripts;

use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use toml::Spanned;
use underpass_core::{Access, Config, Duration, PeerId, RelayLimits, TAGS, Whom};

use super::diagnostic::Diagnostic;
use super::file::{self, Circle, File, Relay};
use super::{
    ApiConfig, Configuration, Format, GossipConfig, Level, LogConfig, NetworkConfig, units,
};
use crate::peer_address::PeerAddress;

const LISTEN: [&str; 2] = ["0.0.0.0:4747", "[::]:4747"];
const API_LISTEN: &str = "127.0.0.1:4780";
/// More sockets than a host has reasons for.
const LISTEN_MAX: usize = 16;

/// What every part of it adds its mistakes to.
struct Reader<'f> {
    folder: &'f Path,
    mistakes: Vec<Diagnostic>,
}

/// # Errors
/// Everything that is wrong.
pub(super) fn resolve(file: File, folder: &Path) -> Result<Configuration, Vec<Diagnostic>> {
    let mut reader = Reader { folder, mistakes: Vec::new() };
    let configuration = reader.configuration(file);
    match reader.mistakes.is_empty() {
        true => Ok(configuration),
        false => Err(reader.mistakes),
    }
}

impl Reader<'_> {
    fn configuration(&mut self, file: File) -> Configuration {
        let relays = relays(&file);
        let (access, allow) = self.access(&file, relays);
        let peers = self.peers(file.peers.as_deref().unwrap_or_default());
        let foreign_relays = self.foreign_relays(file.foreign_relays.as_deref());
        Configuration {
            key_file: self.path(file.key_file.as_ref(), "identity.key"),
            state_file: self.path(file.state_file.as_ref(), "state.redb"),
            listen: self.listen(file.listen.as_deref()),
            peers,
            foreign_relays,
            allow,
            access,
            relay: self.relay(file.relay.as_ref()),
            capacity: self.capacity(file.limits.as_ref(), relays),
            ping_interval: self.span_within(
                file.ping_interval.as_ref(),
                Config::PING_INTERVAL,
                (Config::PING_INTERVAL_MIN, Config::PING_INTERVAL_MAX),
            ),
            message_lifetime: self.span_within(
                file.message_lifetime.as_ref(),
                Config::MESSAGE_LIFETIME,
                (Config::MESSAGE_LIFETIME_MIN, Config::MESSAGE_LIFETIME_MAX),
            ),
            gossip: self.gossip(&file),
            network: self.network(&file.network),
            api: self.api(&file.api),
            log: LogConfig {
                level: file.log.level.map_or(Level::Info, Spanned::into_inner),
                format: file.log.format.map_or(Format::Pretty, Spanned::into_inner),
            },
            scripts: self.scripts(file.script.as_deref().unwrap_or_default()),
        }
    }

    /// What part it takes in gossip.
    fn gossip(&mut self, file: &File) -> Option<GossipConfig> {
        let is_discoverable = file.discoverable.as_ref().map(|is| *is.get_ref());
        let newcomers = file.newcomers.as_ref().filter(|is| *is.get_ref());
        let tags = file.tags.as_deref().unwrap_or_default();
        let needless = tags.first().map(|tag| ("tags", tag.span()));
        let needless = needless.or(newcomers.map(|is| ("newcomers", is.span())));
        if let Some((key, span)) = needless.filter(|_| is_discoverable != Some(true)) {
            let mistake = Diagnostic::at(span, format!("`{key}` of a node that nobody finds"));
            self.add(mistake.help(format!("write `discoverable = true`, or leave `{key}` out")));
        }
        if let Some(tag) = tags.get(TAGS) {
            self.mistake(tag.span(), format!("a node has at most {TAGS} tags"));
        }
        Some(GossipConfig {
            is_discoverable: is_discoverable?,
            is_bootstrap: newcomers.is_some(),
            tags: tags.iter().map(|tag| tag.get_ref().clone()).collect(),
        })
    }

    fn mistake(&mut self, span: Range<usize>, message: impl Into<String>) -> &mut Diagnostic {
        self.mistakes.push(Diagnostic::at(span, message));
        self.mistakes.last_mut().expect("it was pushed")
    }

    fn add(&mut self, diagnostic: Diagnostic) {
        self.mistakes.push(diagnostic);
    }

    fn path(&mut self, written: Option<&Spanned<String>>, default: &str) -> PathBuf {
        if let Some(written) = written.filter(|written| written.get_ref().is_empty()) {
            self.add(Diagnostic::at(written.span(), "an empty path").label("names no file"));
        }
        self.folder.join(written.map_or(default, |written| written.get_ref()))
    }

    /// What is written, as something else; `None` with a mistake if it is none.
    fn parsed<T: FromStr<Err: ToString>>(
        &mut self,
        written: &Spanned<String>,
        what: &str,
        help: &str,
    ) -> Option<T> {
        let text = written.get_ref();
        text.parse()
            .map_err(|error: T::Err| {
                let diagnostic = Diagnostic::at(written.span(), format!("`{text}` is no {what}"));
                self.add(diagnostic.label(error.to_string()).help(help));
            })
            .ok()
    }

    fn listen(&mut self, written: Option<&[Spanned<String>]>) -> Vec<SocketAddr> {
        let Some(written) = written else {
            return LISTEN.map(|text| text.parse().expect("an address")).into();
        };
        let mut all: Vec<(SocketAddr, Range<usize>)> = Vec::new();
        for each in written {
            const HELP: &str = "write it like \"0.0.0.0:4747\" or \"[::]:4747\"";
            let Some(address) = self.parsed::<SocketAddr>(each, "address to listen at", HELP)
            else {
                continue;
            };
            match all.iter().find(|(other, _)| *other == address && address.port() != 0) {
                Some((_, there)) => {
                    let twice = Diagnostic::at(each.span(), format!("`{address}` is there twice"));
                    self.add(twice.also(there.clone(), "it is here already").help("leave one out"));
                }
                None => all.push((address, each.span())),
            }
        }
        if all.len() > LISTEN_MAX {
            let (_, span) = all[LISTEN_MAX].clone();
            self.add(Diagnostic::at(span, format!("more than {LISTEN_MAX} sockets")));
        }
        if written.is_empty() {
            self.add(
                Diagnostic::at(0..0, "`listen` is empty: nothing could be sent or received")
                    .help("leave it out for \"0.0.0.0:4747\" and \"[::]:4747\""),
            );
        }
        all.into_iter().map(|(address, _)| address).collect()
    }

    fn peers(&mut self, written: &[Spanned<String>]) -> Vec<PeerAddress> {
        let mut all: Vec<(PeerAddress, Range<usize>)> = Vec::new();
        for each in written {
            const HELP: &str =
                "write it like \"underpass://ID@host:4747\", \"ID\" or \"host:4747\"";
            let Some(peer) = self.parsed::<PeerAddress>(each, "peer", HELP) else { continue };
            let is_same = |other: &PeerAddress| {
                *other == peer || peer.id().is_some() && other.id() == peer.id()
            };
            match all.iter().find(|(other, _)| is_same(other)) {
                Some((_, there)) => {
                    let twice = Diagnostic::at(each.span(), "this peer is there twice");
                    self.add(twice.also(there.clone(), "it is here already").help("leave one out"));
                }
                None => all.push((peer, each.span())),
            }
        }
        all.into_iter().map(|(peer, _)| peer).collect()
    }

    fn foreign_relays(&mut self, written: Option<&[Spanned<String>]>) -> Vec<PeerAddress> {
        let written = written.unwrap_or_default();
        let relays = self.peers(written);
        for (relay, each) in relays.iter().zip(written) {
            if !matches!(relay, PeerAddress::KeyAt(..)) {
                let diagnostic =
                    Diagnostic::at(each.span(), "a foreign relay is called by key and address");
                self.add(diagnostic.help("write it like \"underpass://ID@host:4747\""));
            }
        }
        relays
    }

    fn access(&mut self, file: &File, relays: bool) -> (Access, Vec<PeerId>) {
        let written = &file.access;
        let circle = |written: &Option<Spanned<Circle>>, default| {
            written.as_ref().map_or(default, |circle| whom(*circle.get_ref()))
        };
        if let Some(nobody) = &written.relays
            && *nobody.get_ref() == Circle::Nobody
            && let Some(relay) = file.relay.as_ref().filter(|_| relays)
        {
            self.add(
                Diagnostic::at(nobody.span(), "it relays, but for nobody")
                    .label("nobody may be relayed for")
                    .also(relay.span(), "it relays")
                    .help("leave one of them out"),
            );
        }
        let allow = written.allow.as_deref().unwrap_or_default();
        let ids = allow.iter().filter_map(|each| {
            self.parsed(each, "peer's id", "it is what `underpass id` prints at the peer")
        });
        let ids = ids.collect();
        let relays_for = if relays { Whom::Network } else { Whom::Nobody };
        let access = Access {
            answers: circle(&written.answers, Whom::Network),
            messages: circle(&written.messages, Whom::Network),
            relays: circle(&written.relays, relays_for),
        };
        if let Some(messages) =
            written.messages.as_ref().filter(|_| access.messages > access.answers)
            && let Some(answers) = &written.answers
        {
            self.add(
                Diagnostic::at(messages.span(), "messages of more peers than it answers")
                    .also(answers.span(), "these have no session")
                    .help("whoever may send messages must be answered: widen `answers`"),
            );
        }
        (access, ids)
    }

    fn relay(&mut self, written: Option<&Spanned<Relay>>) -> RelayLimits {
        let default = RelayLimits::DEFAULT;
        let Some(Relay::Own(own)) = written.map(Spanned::get_ref) else { return default };
        RelayLimits {
            circuit_bytes: self.rate(own.circuit.as_ref(), default.circuit_bytes),
            peer_bytes: self.rate(own.peer.as_ref(), default.peer_bytes),
            all_bytes: self.rate(own.all.as_ref(), default.all_bytes),
            foreign_bytes: self.rate(own.foreign.as_ref(), default.foreign_bytes),
            reservations: self.number(own.reservations.as_ref(), default.reservations),
            circuits_per_peer: self.number(own.circuits.as_ref(), default.circuits_per_peer),
        }
    }

    fn rate(&mut self, written: Option<&Spanned<String>>, default: u32) -> u32 {
        let Some(written) = written else { return default };
        let rate = units::rate(written.get_ref()).and_then(|rate| u32::try_from(rate).ok());
        rate.unwrap_or_else(|| {
            let message = format!("`{}` is no rate", written.get_ref());
            self.add(
                Diagnostic::at(written.span(), message)
                    .label("a number and its unit, up to 34gbit")
                    .help("write it like \"10mbit\" or \"800kbit\""),
            );
            default
        })
    }

    fn number(&mut self, written: Option<&Spanned<u64>>, default: u16) -> u16 {
        let mut number = usize::from(default);
        self.limit(written, 0..=16_384, &mut number);
        number as u16
    }

    fn span(&mut self, written: &Spanned<String>) -> Option<Duration> {
        let span = units::duration(written.get_ref());
        if span.is_none() {
            let message = format!("`{}` is no time", written.get_ref());
            self.add(
                Diagnostic::at(written.span(), message)
                    .label("a number and its unit")
                    .help("write it like \"500ms\", \"10s\" or \"2min\""),
            );
        }
        span
    }

    fn span_within(
        &mut self,
        written: Option<&Spanned<String>>,
        default: Duration,
        (least, most): (Duration, Duration),
    ) -> Duration {
        let Some(written) = written else { return default };
        let Some(span) = self.span(written) else { return default };
        if !(least..=most).contains(&span) {
            let message = format!("this is from {least} to {most}");
            self.add(Diagnostic::at(written.span(), message).label(format!("{span} is not")));
        }
        span
    }

    fn network(&mut self, written: &file::Network) -> NetworkConfig {
        let is_open = written.open.as_ref().filter(|open| *open.get_ref());
        let secrets = [&written.secret_file, &written.previous_secret_file].into_iter().flatten();
        if let Some(open) = is_open {
            for secret in secrets {
                self.add(
                    Diagnostic::at(secret.span(), "an open network has no secret")
                        .also(open.span(), "it is open")
                        .help("leave one of them out"),
                );
            }
        }
        let Some(name) = &written.name else {
            self.add(
                Diagnostic::at(0..0, "the network has no name")
                    .help("add `network.name = \"...\"`: all members write the same"),
            );
            return NetworkConfig {
                name: String::new(),
                secret_file: None,
                previous_secret_file: None,
            };
        };
        let previous = written.previous_secret_file.as_ref();
        NetworkConfig {
            name: name.get_ref().clone(),
            secret_file: is_open
                .is_none()
                .then(|| self.path(written.secret_file.as_ref(), "network.secret")),
            previous_secret_file: previous.map(|previous| self.path(Some(previous), "")),
        }
    }

    fn api(&mut self, written: &file::Api) -> Option<ApiConfig> {
        let is_off = written.enabled.as_ref().filter(|enabled| !*enabled.get_ref());
        if let Some(off) = is_off {
            if let Some(listen) = &written.listen {
                self.add(
                    Diagnostic::at(listen.span(), "the API listens, but is not enabled")
                        .also(off.span(), "it is not enabled")
                        .help("leave one of them out"),
                );
            }
            return None;
        }
        const HELP: &str = "write it like \"127.0.0.1:4780\"";
        let default = API_LISTEN.parse().expect("an address");
        let listen = match &written.listen {
            Some(text) => self.parsed(text, "address to listen at", HELP).unwrap_or(default),
            None => default,
        };
        let hosts = written.hosts.as_deref().unwrap_or_default();
        for host in hosts.iter().filter(|host| host.get_ref().contains(['/', ':', ' '])) {
            self.mistake(host.span(), "this is no host name");
        }
        Some(ApiConfig {
            listen,
            token_file: self.path(written.token_file.as_ref(), "api.token"),
            hosts: hosts.iter().map(|host| host.get_ref().to_lowercase()).collect(),
        })
    }
}

/// Whether it is to relay at all.
fn relays(file: &File) -> bool {
    match file.relay.as_ref().map(Spanned::get_ref) {
        Some(Relay::Is(is)) => *is,
        Some(Relay::Own(_)) => true,
        None => file.access.relays.as_ref().is_some_and(|of| *of.get_ref() != Circle::Nobody),
    }
}

fn whom(circle: Circle) -> Whom {
    match circle {
        Circle::Network => Whom::Network,
        Circle::Listed => Whom::Listed,
        Circle::Pinned => Whom::Pinned,
        Circle::Nobody => Whom::Nobody,
    }
}
