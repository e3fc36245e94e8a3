//! NATs, wherever a file describes one. The words for what they do are those of RFC 4787.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Spanned, When};
use crate::units::Period;

/// A table with the settings of a NAT beside its own keys.
macro_rules! nat_table {
    ($(#[$about:meta])* $name:ident { $($(#[$says:meta])* $own:ident: $form:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$says])* pub $own: $form,)*
            /// Which destinations share a mapping.
            pub mapping: Option<Spanned<Behaviour>>,
            /// From whom a mapping lets packets in.
            pub filtering: Option<Spanned<Behaviour>>,
            /// Which external port a mapping gets.
            pub ports: Option<Spanned<Ports>>,
            /// How many external addresses it has, of each family; one if not given.
            pub pool: Option<Spanned<u64>>,
            /// Which of them a mapping gets.
            pub pairing: Option<Spanned<Pairing>>,
            /// Which addresses are translated at all.
            pub translate: Option<Spanned<Translate>>,
            /// How long a mapping lasts without packets.
            pub timeout: Option<Spanned<Period>>,
            /// The same as long as nobody has answered.
            pub unreplied_timeout: Option<Spanned<Period>>,
            /// Packets of which direction keep a mapping.
            pub refresh: Option<Spanned<Refresh>>,
            /// Whether those behind it reach each other at its external addresses.
            pub hairpin: Option<Spanned<Hairpin>>,
            /// What becomes of packets from outside that nobody asked for.
            pub unsolicited: Option<Spanned<Unsolicited>>,
            /// Entries that it has room for.
            pub table: Option<Spanned<u32>>,
            /// Mappings that one host may have.
            pub mappings_per_host: Option<Spanned<u32>>,
            /// Whether any UDP passes.
            pub udp: Option<Spanned<bool>>,
        }

        impl $name {
            /// What the table says of how the NAT behaves.
            pub fn settings(&self) -> NatPreset {
                NatPreset {
                    mapping: self.mapping.clone(),
                    filtering: self.filtering.clone(),
                    ports: self.ports.clone(),
                    pool: self.pool.clone(),
                    pairing: self.pairing.clone(),
                    translate: self.translate.clone(),
                    timeout: self.timeout.clone(),
                    unreplied_timeout: self.unreplied_timeout.clone(),
                    refresh: self.refresh.clone(),
                    hairpin: self.hairpin.clone(),
                    unsolicited: self.unsolicited.clone(),
                    table: self.table.clone(),
                    mappings_per_host: self.mappings_per_host.clone(),
                    udp: self.udp.clone(),
                }
            }
        }
    };
}

nat_table! {
    /// A NAT, or `count` of them.
    Nat {
        /// Its name, or what comes before `-1`, `-2`, ... if there is a `count`.
        name: Spanned<String>,
        /// How many of them; one without a number if not given.
        count: Option<Spanned<u64>>,
        /// The NAT behind which it is itself, or several (a glob) that they share out.
        behind: Option<Spanned<String>>,
        /// What it has if nothing here says otherwise: a name of the simulator or of `[preset.nat]`;
        /// `port-restricted-cone` if not given.
        preset: Option<Spanned<String>>,
        /// The cells of the matrix in which this is there; all if not given.
        when: Option<Spanned<When>>,
    }
}

nat_table! {
    /// A NAT that others refer to by its name.
    NatPreset {}
}

/// What of a remote party makes a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Behaviour {
    /// Nothing.
    EndpointIndependent,
    /// Its address.
    AddressDependent,
    /// Its address and its port.
    AddressAndPortDependent,
}

/// Which external port a mapping gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ports {
    /// The host's own, if that is free.
    Preserving,
    /// The host's own, if that is free towards this destination.
    Overlapping,
    /// The next one.
    Sequential,
    /// One by chance.
    Random,
}

/// Which external address a mapping gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pairing {
    /// That of the host's other mappings.
    Paired,
    /// Any.
    Arbitrary,
}

/// Which addresses are translated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Translate {
    /// Those of both families.
    Both,
    /// Those of IPv4 alone.
    Ipv4,
    /// None: it is a firewall.
    Neither,
}

/// Packets of which direction keep a mapping.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Refresh {
    /// Those that go out.
    Outbound,
    /// Those that come in.
    Inbound,
    /// All.
    Both,
}

/// What becomes of packets from inside to its external addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Hairpin {
    /// They are dropped.
    Off,
    /// They come from the sender's external endpoint.
    ExternalSource,
    /// They come from the sender's own.
    InternalSource,
}

/// What becomes of packets from outside that nobody asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unsolicited {
    /// They are dropped.
    Drop,
    /// They are dropped, too, and take the port.
    Track,
}

/// People of whose NATs somebody has measured shares.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Population {
    /// Homes on a fixed line.
    Households,
    /// Phones in a mobile network.
    Phones,
}

/// A node is somewhere else from then on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Roam {
    /// Who; a name.
    pub node: Spanned<String>,
    /// Behind which NAT, or `public` for none.
    pub behind: Spanned<String>,
}
