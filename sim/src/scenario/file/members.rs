//! What a file says of how much members of the network hold, how fast they are, and whom they deal
//! with.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::Spanned;
use crate::units::{Bytes, Period, Rate};

/// `limits = "board"`, or each by itself.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Limits {
    /// Those of a kind of machine.
    Of(Kind),
    /// These, and the default for what they leave out.
    Own(Box<OwnLimits>),
}

/// A kind of machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A microcontroller.
    Board,
    /// A computer.
    Host,
}

/// How much a node holds.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnLimits {
    /// Peers at once; as many as it can have to do with, and 8 or more, if not given.
    pub peers: Option<Spanned<u64>>,
    /// Handshakes under way at once; 16 if not given.
    pub handshakes: Option<Spanned<u64>>,
    /// Acknowledged messages at once, out and in; 32 if not given.
    pub messages: Option<Spanned<u64>>,
    /// How far a peer's messages may be ahead of the first that has not ended; 64 if not given.
    pub message_window: Option<Spanned<u64>>,
    /// Bytes of messages that are kept, out and in; 16 KiB if not given.
    pub buffer: Option<Spanned<Bytes>>,
    /// How far packets may overtake each other, a power of two; 1024 if not given.
    pub window_bits: Option<Spanned<u64>>,
    /// Circuits at once, of one that relays.
    pub circuits: Option<Spanned<u64>>,
    /// Records of others, of one that takes part in gossip; 256 if not given.
    pub records: Option<Spanned<u64>>,
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
                Kind::deserialize(StrDeserializer::new(text)).map(Limits::Of)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Limits, A::Error> {
                let own = OwnLimits::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Limits::Own(Box::new(own)))
            }
        }
        deserializer.deserialize_any(LimitsVisitor)
    }
}

/// `cpu = "board"`, or how long its work takes.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Cpu {
    /// That of a kind of machine.
    Of(Kind),
    /// This.
    Own(OwnCpu),
}

/// How long a node's work takes. All but that of its keys takes no time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnCpu {
    /// One scalar multiplication, of which a side of a handshake takes four or five. They are done one
    /// after the other; whatever else there is to do comes first.
    pub key_operation: Spanned<Period>,
}

impl<'de> Deserialize<'de> for Cpu {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CpuVisitor;

        impl<'de> Visitor<'de> for CpuVisitor {
            type Value = Cpu;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"board\", \"host\" or a table")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Cpu, E> {
                Kind::deserialize(StrDeserializer::new(text)).map(Cpu::Of)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Cpu, A::Error> {
                OwnCpu::deserialize(MapAccessDeserializer::new(map)).map(Cpu::Own)
            }
        }
        deserializer.deserialize_any(CpuVisitor)
    }
}

/// `relay = true`, or how much of what.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Relay {
    /// Whether it relays, with the limits that the protocol proposes.
    Is(bool),
    /// With these, and those for what they leave out.
    Own(Box<OwnRelay>),
}

/// How much a node relays.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnRelay {
    /// What one circuit may carry, both ways together.
    pub circuit: Option<Spanned<Rate>>,
    /// What one peer may send.
    pub peer: Option<Spanned<Rate>>,
    /// What all may.
    pub all: Option<Spanned<Rate>>,
    /// Peers that may be reached through it at once.
    pub reservations: Option<Spanned<u64>>,
    /// Circuits of one peer.
    pub circuits: Option<Spanned<u64>>,
    /// What peers of other networks may send, all of them together; it does not answer them if not given.
    pub foreign: Option<Spanned<Rate>>,
    /// From when on it loses all that it should relay, and answers as before.
    pub drops_from: Option<Spanned<Period>>,
    /// Whose packets alone it loses; names or globs. Everybody's if not given.
    #[serde(default)]
    pub drops_of: Vec<Spanned<String>>,
    /// What it does with what it carries, and says of it; it is honest if not given.
    pub lies: Option<Lie>,
    /// At whose address it says that everybody is; a name. It tells where they are if not given.
    pub attests: Option<Spanned<String>>,
}

/// A member of the network that keeps to its sessions and, in gossip, to no rule: every now and then it tells all
/// peers in touch something.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Insider {
    /// What it does.
    pub does: Ploy,
    /// Time between two.
    pub every: Spanned<Period>,
    /// From when on; from the beginning if not given.
    pub from: Option<Spanned<Period>>,
    /// How many identities it makes up, from 1 to 10,000; 1 if not given.
    pub names: Option<Spanned<u64>>,
    /// At whose address it says that others are, by its name; where it is itself, or beside, if not given.
    pub at: Option<Spanned<String>>,
}

/// A way to break the rules of gossip.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ploy {
    /// It tells records of others that these have not signed.
    Forges,
    /// It tells what others signed long ago, as if it were new.
    Replays,
    /// It says of itself one thing to some and another to others, under one sequence, and nothing else of anybody.
    Forks,
    /// It tells records of identities that it has made up.
    Names,
    /// It asks questions.
    Asks,
    /// It says things to everybody, under identities that it has made up.
    Chatters,
    /// It tells nobody of others, hands no rumour on, and wants to be everybody's neighbour.
    Eclipses,
}

/// How a relay lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lie {
    /// All that it carries arrives twice.
    Doubles,
    /// With all that it carries comes something that it has carried before.
    Replays,
    /// A byte of all that it carries is another one.
    Alters,
    /// The circuits that it says are open lead nowhere.
    Misleads,
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

/// Whom a node deals with.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Whose handshakes it answers; everybody's in the network if not given.
    pub answers: Option<Spanned<Whom>>,
    /// Whose payloads it hands up; everybody's in the network if not given.
    pub messages: Option<Spanned<Whom>>,
    /// Whom it lists beside its `peers`; names or globs.
    #[serde(default)]
    pub allow: Vec<Spanned<String>>,
}

/// A circle of peers, each within the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Whom {
    /// Every member of the network.
    Network,
    /// Its `peers`, and those that it allows.
    Listed,
    /// Its `peers`, and whoever is where it calls.
    Pinned,
    /// Nobody.
    Nobody,
}
