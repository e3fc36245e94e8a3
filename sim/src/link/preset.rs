//! Access links of well-known kinds, to begin with. Beside each figure stands its reason; where
//! that is no more than a choice within what is usual, it says so.

use underpass_core::Duration;

use super::{Distribution, GilbertElliott, LinkPatch, LossModel};
use crate::units::{Probability, Rate};

/// What both directions of a link have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Preset {
    /// Towards the network.
    pub up: LinkPatch,
    /// From the network.
    pub down: LinkPatch,
}

impl Preset {
    /// The names of all presets.
    pub fn names() -> [&'static str; PRESETS.len()] {
        PRESETS.map(|(name, _)| name)
    }

    /// The preset of that name.
    pub fn named(name: &str) -> Option<Self> {
        let (_, preset) = PRESETS.iter().find(|(known, _)| *known == name)?;
        Some(preset())
    }
}

/// A name, and what it stands for.
type Entry = (&'static str, fn() -> Preset);

const PRESETS: [Entry; 6] = [
    ("wifi", wifi),
    ("lte", lte),
    ("dsl", dsl),
    ("satellite", satellite),
    ("lan", lan),
    ("datacenter", datacenter),
];

/// The payload of an Ethernet frame (IEEE 802.3), which Wi-Fi passes on as it is.
const ETHERNET_MTU: u32 = 1500;

fn both(patch: LinkPatch) -> Preset {
    Preset { up: patch, down: patch }
}

fn micros(us: u64) -> Option<Duration> {
    Some(Duration::from_micros(us))
}

fn millis(ms: u64) -> Option<Duration> {
    micros(1000 * ms)
}

fn mbit(mbit: u64) -> Option<Rate> {
    Rate::from_bits_per_second(1_000_000 * mbit)
}

fn per_mille(per_mille: u64) -> Probability {
    Probability::ratio(per_mille, 1000).expect("less than one")
}

/// A home's 802.11n, on which others send too.
fn wifi() -> Preset {
    // Retries of the MAC hide all but fades: one packet in a thousand begins one, it lasts five
    // packets and takes half of them, a loss of 0.25 %. A choice: rooms differ more than models.
    let fades = GilbertElliott {
        p: per_mille(1),
        r: per_mille(200),
        loss_bad: per_mille(500),
        loss_good: Probability::NEVER,
    };
    both(LinkPatch {
        // Somebody else's frame lasts up to 5.484 ms (aPPDUMaxTime, IEEE 802.11), and backoff comes
        // on top: from 0.2 ms on a silent channel to 11 ms, mostly 2 ms.
        delay: millis(3),
        jitter: millis(2),
        distribution: Some(Distribution::ParetoNormal),
        loss: Some(LossModel::GilbertElliott(fades)),
        // 144 Mbit/s on the air with two streams in 20 MHz (MCS 15), half of it for headers,
        // acknowledgements and backoff.
        rate: mbit(70),
        mtu: Some(ETHERNET_MTU),
        ..LinkPatch::default()
    })
}

/// A phone in an LTE network.
fn lte() -> Preset {
    let air = LinkPatch {
        // A repetition takes 8 ms (HARQ, 3GPP TS 36.321), and a second one as long again.
        jitter: millis(8),
        distribution: Some(Distribution::ParetoNormal),
        // RLC repeats what HARQ gives up on (acknowledged mode, 3GPP TS 36.322): nothing is lost.
        loss: Some(LossModel::NEVER),
        // What the tunnels of the operator leave of 1500 (3GPP TS 23.060, annex C).
        mtu: Some(1358),
        ..LinkPatch::default()
    };
    Preset {
        // To ask for the right to send and be given it takes ten more milliseconds than to listen.
        // With the operator's core that makes 50 ms for a round trip, which is usual.
        up: LinkPatch { delay: millis(30), rate: mbit(10), ..air },
        // A fifth and a quarter of what a terminal of category 4 can do (50 and 150 Mbit/s, 3GPP TS
        // 36.306): the cell is shared. A choice.
        down: LinkPatch { delay: millis(20), rate: mbit(40), ..air },
    }
}

/// A home on ADSL2+.
fn dsl() -> Preset {
    let line = LinkPatch {
        // Interleaving against impulse noise costs 5 to 20 ms each way. A choice.
        delay: millis(12),
        // Cells of the line, and the neighbours at the multiplexer. A choice.
        jitter: millis(1),
        distribution: Some(Distribution::Normal),
        // PPPoE takes 8 bytes of an Ethernet frame (RFC 2516, section 7).
        mtu: Some(1492),
        ..LinkPatch::default()
    };
    Preset {
        // 1 and 16 Mbit/s, as it is sold; the line could do 1.4 and 24 at its best (ITU-T G.992.5).
        // 128 KiB of buffer, as many modems have them (Kreibich et al., Netalyzr, IMC 2010): a
        // second's worth at this rate.
        up: LinkPatch { rate: mbit(1), limit: Some(88), ..line },
        down: LinkPatch { rate: mbit(16), ..line },
    }
}

/// A terminal that sends to a geostationary satellite, and that to a ground station.
fn satellite() -> Preset {
    let hop = LinkPatch {
        // Between 239.6 ms, right below the satellite, and 279.0 ms, where it is barely seen (RFC
        // 2488, section 2).
        delay: millis(260),
        // One bit in ten million (RFC 2488, section 2), in packets of 1500 bytes.
        loss: Some(LossModel::Random(per_mille(1))),
        mtu: Some(ETHERNET_MTU),
        ..LinkPatch::default()
    };
    Preset {
        // 3 and 25 Mbit/s are what the FCC called broadband from 2015 to 2024, and what was sold.
        // Terminals wait for their slot in a frame of the return channel. A choice.
        up: LinkPatch { rate: mbit(3), jitter: millis(15), ..hop },
        down: LinkPatch { rate: mbit(25), ..hop },
    }
}

/// A wire to a switch.
fn lan() -> Preset {
    both(LinkPatch {
        // A round trip crosses four such links: 0.4 ms, which is what `ping` usually says.
        delay: micros(100),
        // Gigabit Ethernet (IEEE 802.3ab).
        rate: mbit(1000),
        mtu: Some(ETHERNET_MTU),
        ..LinkPatch::default()
    })
}

/// A machine in a rack.
fn datacenter() -> Preset {
    both(LinkPatch {
        // Half a millisecond for a round trip (J. Dean, LADIS 2009), over four such links.
        delay: micros(125),
        // 10 Gigabit Ethernet (IEEE 802.3ae).
        rate: mbit(10_000),
        // Jumbo frames, as they are usual there.
        mtu: Some(9000),
        ..LinkPatch::default()
    })
}
