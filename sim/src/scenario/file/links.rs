//! Links, wherever a file describes one. The keys of a direction and their meanings are those of
//! tc-netem(8).

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::{NatPreset, Spanned, Table, Two, When};
use crate::units::{Period, Probability, Rate};

/// A table with the keys of one direction of a link beside its own.
macro_rules! link_table {
    ($(#[$about:meta])* $name:ident { $($(#[$says:meta])* $own:ident: $form:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$says])* pub $own: Option<$form>,)*
            /// Propagation delay of every packet; none if not given.
            pub delay: Option<Spanned<Period>>,
            /// How far each packet's delay differs; not at all if not given.
            pub jitter: Option<Spanned<Period>>,
            /// How the differences are spread; uniform if not given.
            pub distribution: Option<Spanned<Distribution>>,
            /// Packets lost by chance, each by itself or in bursts; none if not given.
            pub loss: Option<Spanned<Loss>>,
            /// Packets of which a second one goes out; none if not given.
            pub duplicate: Option<Spanned<Probability>>,
            /// Packets in which one bit is flipped; none if not given.
            pub corrupt: Option<Spanned<Probability>>,
            /// Packets that skip the delay; none if not given.
            pub reorder: Option<Spanned<Probability>>,
            /// Of so many packets in a row, one may be reordered; any if not given.
            pub gap: Option<Spanned<u32>>,
            /// Bits a second; as many as come if not given.
            pub rate: Option<Spanned<Rate>>,
            /// Packets that wait for the rate before more are dropped; 1000 if not given.
            pub limit: Option<Spanned<u32>>,
            /// Bytes of the largest packet, IP and UDP headers included; of any size if not given.
            pub mtu: Option<Spanned<u32>>,
        }

        impl $name {
            /// What the table says of each direction.
            pub fn keys(&self) -> Direction {
                Direction {
                    delay: self.delay.clone(),
                    jitter: self.jitter.clone(),
                    distribution: self.distribution.clone(),
                    loss: self.loss.clone(),
                    duplicate: self.duplicate.clone(),
                    corrupt: self.corrupt.clone(),
                    reorder: self.reorder.clone(),
                    gap: self.gap.clone(),
                    rate: self.rate.clone(),
                    limit: self.limit.clone(),
                    mtu: self.mtu.clone(),
                }
            }
        }
    };
}

link_table! {
    /// An access link, or the stretch between two nodes: the same both ways, but for what `up` and
    /// `down` say.
    Link {
        /// The two nodes (or globs) that it lies between; `up` is from the first to the second.
        between: Spanned<Two<Spanned<String>>>,
        /// The cells of the matrix in which this is there; all if not given.
        when: Spanned<When>,
        /// Instead of `delay`, for a stretch between nodes: half of it each way.
        rtt: Spanned<Period>,
        /// What it has if nothing here says otherwise: a name of the simulator or of `[preset.link]`.
        preset: Spanned<String>,
        /// What differs towards the network.
        up: Table<Direction>,
        /// What differs from the network.
        down: Table<Direction>,
    }
}

link_table! {
    /// What one direction of a link has different from the other.
    Direction {}
}

link_table! {
    /// A link that others refer to by its name.
    LinkPreset {
        /// What differs towards the network.
        up: Table<Direction>,
        /// What differs from the network.
        down: Table<Direction>,
    }
}

link_table! {
    /// What is different about a link while a fault lasts. What is not named stays as it is.
    LinkFault {
        /// Whose access link; a name or glob.
        node: Spanned<String>,
        /// Instead of `node`: the two nodes (or globs) that it lies between.
        between: Spanned<Two<Spanned<String>>>,
        /// Instead of `delay`, for a stretch between nodes: half of it each way.
        rtt: Spanned<Period>,
        /// Everything as in this preset, but for what is named here.
        preset: Spanned<String>,
        /// What differs towards the network.
        up: Table<Direction>,
        /// What differs from the network.
        down: Table<Direction>,
    }
}

/// Presets that a file defines.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Presets {
    /// Links by name.
    #[serde(default)]
    pub link: BTreeMap<String, Table<LinkPreset>>,
    /// NATs by name.
    #[serde(default)]
    pub nat: BTreeMap<String, Table<NatPreset>>,
}

/// How jitter is spread.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Distribution {
    /// Evenly.
    Uniform,
    /// Like the normal distribution.
    Normal,
    /// With a long tail of late packets.
    Pareto,
    /// A mixture of these two.
    ParetoNormal,
}

/// `loss = "1%"` or `loss = { p = "1%", r = "10%" }`.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Loss {
    /// Each packet on its own: tc-netem's `loss random`.
    Random(Probability),
    /// In bursts: tc-netem's `loss gemodel`.
    GilbertElliott(Box<GilbertElliott>),
}

/// A link with a good and a bad state.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GilbertElliott {
    /// How often a packet ends the good state: tc-netem's `p`.
    pub p: Spanned<Probability>,
    /// How often a packet ends the bad state: tc-netem's `r`.
    pub r: Spanned<Probability>,
    /// Loss in the bad state, all if not given: tc-netem's `1-h`.
    pub loss_bad: Option<Spanned<Probability>>,
    /// Loss in the good state, none if not given: tc-netem's `1-k`.
    pub loss_good: Option<Spanned<Probability>>,
}

impl<'de> Deserialize<'de> for Loss {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LossVisitor;
        impl<'de> Visitor<'de> for LossVisitor {
            type Value = Loss;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a percentage, such as \"0.5%\", or a table of a model")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Loss, E> {
                Probability::deserialize(StrDeserializer::new(text)).map(Loss::Random)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Loss, A::Error> {
                let model = GilbertElliott::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Loss::GilbertElliott(Box::new(model)))
            }
        }
        deserializer.deserialize_any(LossVisitor)
    }
}
