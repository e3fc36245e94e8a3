//! What a configuration may say: the keys, as scenario files name them.

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use std::fmt;
use toml::Spanned;

type Text = Option<Spanned<String>>;
type Number = Option<Spanned<u64>>;
type Texts = Option<Vec<Spanned<String>>>;

/// Makes a table of keys, each of which a later layer may say again.
macro_rules! table {
    ($(#[$outer:meta])* $name:ident { $( $(#[$inner:meta])* $key:ident: $form:ty, )+ }) => {
        $(#[$outer])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            $( $(#[$inner])* pub(super) $key: $form, )+
        }

        impl Layer for $name {
            fn over(self, below: Self) -> Self {
                Self { $( $key: self.$key.over(below.$key), )+ }
            }
        }
    };
}

/// What a later layer says counts; what it does not say is as below.
pub(super) trait Layer {
    fn over(self, below: Self) -> Self;
}

impl<T> Layer for Option<T> {
    fn over(self, below: Self) -> Self {
        self.or(below)
    }
}

table! {
    /// All of it.
    File {
        /// The identity.
        key_file: Text,
        /// What outlives a restart.
        state_file: Text,
        /// Where it listens.
        listen: Texts,
        /// Whom it asks for.
        peers: Texts,
        /// Relays of other networks.
        foreign_relays: Texts,
        /// Whether it relays, or how much.
        relay: Option<Spanned<Relay>>,
        /// A kind of machine, or each limit by itself.
        limits: Option<Spanned<Limits>>,
        ping_interval: Text,
        message_lifetime: Text,
        /// Whether everybody may find it, or it only finds others; it takes no part in gossip otherwise.
        discoverable: Option<Spanned<bool>>,
        /// What it is found by.
        tags: Texts,
        /// Whether newcomers are sent to it.
        newcomers: Option<Spanned<bool>>,
        #[serde(default)]
        access: Access,
        #[serde(default)]
        network: Network,
        #[serde(default)]
        api: Api,
        #[serde(default)]
        log: Log,
        script: Option<Vec<Spanned<Script>>>,
    }
}

table! {
    /// Whom it deals with.
    Access {
        answers: Option<Spanned<Circle>>,
        messages: Option<Spanned<Circle>>,
        relays: Option<Spanned<Circle>>,
        allow: Texts,
    }
}

table! {
    /// Which network it is a member of.
    Network {
        name: Text,
        secret_file: Text,
        previous_secret_file: Text,
        open: Option<Spanned<bool>>,
    }
}

table! {
    /// The HTTP API.
    Api {
        enabled: Option<Spanned<bool>>,
        listen: Text,
        token_file: Text,
        hosts: Texts,
    }
}

table! {
    /// What is logged, and how.
    Log {
        level: Option<Spanned<Level>>,
        format: Option<Spanned<Format>>,
    }
}

/// A circle of peers, each within the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Circle {
    Network,
    Listed,
    Pinned,
    Nobody,
}

/// What is logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// Nothing.
    Off,
    /// What does not work.
    Error,
    /// What may not be meant so.
    Warn,
    /// What happens to peers.
    Info,
    /// Every ping.
    Debug,
    /// Every refused datagram.
    Trace,
}

/// How it is logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For people.
    Pretty,
    /// A line of JSON for each event.
    Json,
}

/// What runs when a message comes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    pub(super) kind: Spanned<u64>,
    pub(super) body: Text,
    pub(super) run: Spanned<String>,
    pub(super) allow: Spanned<Vec<Spanned<String>>>,
    pub(super) timeout: Text,
    pub(super) output: Text,
    pub(super) at_once: Number,
}

/// `relay = true`, or how much of what.
#[derive(Clone, Debug)]
pub(super) enum Relay {
    Is(bool),
    Own(Box<OwnRelay>),
}

/// How much a node relays.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnRelay {
    pub(super) circuit: Text,
    pub(super) peer: Text,
    pub(super) all: Text,
    pub(super) foreign: Text,
    pub(super) reservations: Number,
    pub(super) circuits: Number,
}

impl<'de> Deserialize<'de> for Relay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RelayVisitor;
        impl<'de> Visitor<'de> for RelayVisitor {
            type Value = Relay;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`true`, `false` or a table")
            }

            fn visit_bool<E: de::Error>(self, is: bool) -> Result<Relay, E> {
                Ok(Relay::Is(is))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Relay, A::Error> {
                let own = OwnRelay::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Relay::Own(Box::new(own)))
            }
        }
        deserializer.deserialize_any(RelayVisitor)
    }
}

/// `limits = "board"`, or each by itself.
#[derive(Clone, Debug)]
pub(super) enum Limits {
    Of(Machine),
    Own(Box<OwnLimits>),
}

/// A kind of machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Machine {
    Board,
    Host,
}

/// How much a node holds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnLimits {
    pub(super) peers: Number,
    pub(super) handshakes: Number,
    pub(super) messages: Number,
    pub(super) message_window: Number,
    pub(super) buffer: Text,
    pub(super) window_bits: Number,
    pub(super) circuits: Number,
}

impl<'de> Deserialize<'de> for Limits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LimitsVisitor;
        impl<'de> Visitor<'de> for LimitsVisitor {
            type Value = Limits;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"board\", \"host\" or a table")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Limits, E> {
                Machine::deserialize(de::value::StrDeserializer::new(text)).map(Limits::Of)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Limits, A::Error> {
                let own = OwnLimits::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Limits::Own(Box::new(own)))
            }
        }
        deserializer.deserialize_any(LimitsVisitor)
    }
}
