//! What people are behind: traits drawn one by one, each with the share that somebody has measured.
//!
//! Nothing here is fitted to any result. Shares of traits are taken to be independent, since no
//! source says how they go together; where a source says *less than* or *more than*, the bound is
//! taken; and where there is no figure, the strictest behaviour is, since with it nothing works
//! that would not with another. `docs/nat.md` says more about each source.

use underpass_core::Duration;

use super::model::{Behaviour, Hairpin, NatModel, PortAllocation};
use super::preset::{CARRIER_GRADE, LINUX_MASQUERADE};
use crate::random::{Draws, Stream};
use crate::units::Probability;

/// Whom to draw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Population {
    /// Homes on a fixed line: a router, and for some their carrier's NAT behind it.
    Households,
    /// Phones in a mobile network: for most, their carrier's NAT.
    Phones,
}

/// How many of those who could have a trait do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// The trait, as its draws are named.
    pub name: &'static str,
    /// In thousandths.
    pub per_mille: u16,
    /// Who has measured it, and what.
    pub source: &'static str,
}

/// All shares that anything is drawn by.
pub const SHARES: [Share; 6] = [
    ROUTER_SYMMETRIC,
    ROUTER_HAIRPIN,
    LINE_CARRIER,
    LINE_CARRIER_SYMMETRIC,
    MOBILE_CARRIER,
    MOBILE_CARRIER_SYMMETRIC,
];

const ROUTER_SYMMETRIC: Share = Share {
    name: "router is symmetric",
    per_mille: 20,
    source: "Richter et al., IMC 2016: less than 2 % of routers at homes",
};

const ROUTER_HAIRPIN: Share = Share {
    name: "router hairpins",
    per_mille: 240,
    source: "Ford, Srisuresh and Kegel, USENIX 2005, table 1: 24 % of 335 NATs, for UDP",
};

const LINE_CARRIER: Share = Share {
    name: "line has a carrier's NAT",
    per_mille: 175,
    source: "Richter et al., IMC 2016: 17 to 18 % of networks with eyeballs (networks, not lines)",
};

const LINE_CARRIER_SYMMETRIC: Share = Share {
    name: "line's carrier is symmetric",
    per_mille: 110,
    source: "Richter et al., IMC 2016: 11 % of networks with a carrier's NAT that are not cellular",
};

const MOBILE_CARRIER: Share = Share {
    name: "phone has a carrier's NAT",
    per_mille: 900,
    source: "Richter et al., IMC 2016: more than 90 % of cellular networks",
};

const MOBILE_CARRIER_SYMMETRIC: Share = Share {
    name: "phone's carrier is symmetric",
    per_mille: 400,
    source: "Richter et al., IMC 2016: 40 % of cellular networks with a carrier's NAT",
};

/// Medians of the carriers' mapping timeouts (Richter et al., IMC 2016).
const LINE_CARRIER_TIMEOUT: Duration = Duration::from_secs(35);
const MOBILE_CARRIER_TIMEOUT: Duration = Duration::from_secs(65);

impl Population {
    /// All populations, with their names.
    pub const ALL: [(&'static str, Self); 2] =
        [("households", Self::Households), ("phones", Self::Phones)];

    /// The population of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, population)| population)
    }

    /// The NATs that one of them is behind, the nearest first. It depends on the seed and on the
    /// name of who is drawn, and on nothing else.
    pub fn draw(self, draws: &Draws, name: &str) -> Vec<NatModel> {
        let who = draws.stream(&["population", name]);
        match self {
            Self::Households => {
                let carrier = LINE_CARRIER
                    .hits(&who)
                    .then(|| carrier(LINE_CARRIER_TIMEOUT, LINE_CARRIER_SYMMETRIC.hits(&who)));
                std::iter::once(router(&who)).chain(carrier).collect()
            }
            Self::Phones => MOBILE_CARRIER
                .hits(&who)
                .then(|| carrier(MOBILE_CARRIER_TIMEOUT, MOBILE_CARRIER_SYMMETRIC.hits(&who)))
                .into_iter()
                .collect(),
        }
    }
}

impl Share {
    fn hits(&self, who: &Stream) -> bool {
        let share = Probability::ratio(u64::from(self.per_mille), 1000);
        share.expect("no more than all").hits(who.stream(&[self.name]).draw(0))
    }
}

fn router(who: &Stream) -> NatModel {
    let ports = match ROUTER_SYMMETRIC.hits(who) {
        true => PortAllocation::Random,
        false => LINUX_MASQUERADE.ports,
    };
    let hairpin = match ROUTER_HAIRPIN.hits(who) {
        true => Hairpin::ExternalSource,
        false => Hairpin::Off,
    };
    NatModel { ports, hairpin, ..LINUX_MASQUERADE }
}

fn carrier(timeout: Duration, is_symmetric: bool) -> NatModel {
    let filtering = Behaviour::AddressAndPortDependent;
    let mapping = if is_symmetric { filtering } else { CARRIER_GRADE.mapping };
    NatModel { mapping, filtering, timeout, ..CARRIER_GRADE }
}

#[cfg(test)]
mod tests;
