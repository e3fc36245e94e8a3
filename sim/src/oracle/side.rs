//! What the NATs on one side of a connection come to, and what two sides come to together.

use super::{
    Reach, Verdict, changes_address, counts_up, filtering, loses_its_port, maps_anew, verdict,
};
use crate::nat::Behaviour;
use crate::scenario::model::Nat;

/// One end, behind one NAT at least. Several in a row are as strict as the strictest of them.
pub(super) struct Side<'s> {
    node: &'s str,
    /// The one that gives packets to other destinations another source, if any does.
    anew: Option<&'s str>,
    /// Whether other ports of one address make another destination.
    is_by_port: bool,
    /// Whether it is the only one, and counts its ports up.
    is_predictable: bool,
    /// The one that lets in the fewest.
    strictest: &'s str,
    lets_in: Behaviour,
    /// The one on which a packet that comes too early does harm, if any is.
    early: Option<&'s str>,
    /// The one that may take another address for another destination, if any may.
    wanders: Option<&'s str>,
}

impl<'s> Side<'s> {
    pub(super) fn new(
        node: &'s str,
        nats: impl Iterator<Item = &'s Nat> + Clone,
        ipv4: bool,
    ) -> Self {
        let first = |is: fn(&Nat, bool) -> bool| {
            nats.clone().find(|nat| is(nat, ipv4)).map(|nat| nat.name.as_str())
        };
        let strictest = nats.clone().max_by_key(|nat| filtering(nat)).expect("there is a NAT");
        Self {
            node,
            anew: first(maps_anew),
            is_by_port: nats.clone().any(|nat| {
                maps_anew(nat, ipv4) && nat.model.mapping == Behaviour::AddressAndPortDependent
            }),
            is_predictable: {
                let mut anew = nats.clone().filter(|nat| maps_anew(nat, ipv4));
                anew.next().is_some_and(|nat| counts_up(nat, ipv4)) && anew.next().is_none()
            },
            strictest: &strictest.name,
            lets_in: filtering(strictest),
            early: first(loses_its_port),
            wanders: first(changes_address),
        }
    }

    fn owner(&self, nat: &str) -> String {
        format!("{}'s {nat}", self.node)
    }
}

/// What comes of punching between two sides.
pub(super) fn punch(a: &Side<'_>, b: &Side<'_>) -> Verdict {
    let punched = match (a.anew, b.anew) {
        (None, None) => {
            let why = format!("{} and {} are both seen at one endpoint by all", a.node, b.node);
            verdict(Reach::Punched, why)
        }
        (None, Some(nat)) => one_anew(a, b, nat),
        (Some(nat), None) => one_anew(b, a, nat),
        (Some(one), Some(other)) => both_anew([(a, one), (b, other)]),
    };
    let is_known = |side: &Side<'_>| side.anew.is_none() || side.is_predictable;
    if punched.reach == Reach::Relayed && is_known(a) && is_known(b) {
        let why = format!("{}, but the next port can be foretold", punched.why);
        return verdict(Reach::Predictable, why);
    }
    match a.early.map(|nat| a.owner(nat)).or(b.early.map(|nat| b.owner(nat))) {
        Some(nat) if punched.reach == Reach::Punched => verdict(
            Reach::Perhaps,
            format!("{}, unless something comes to {nat} before it has sent itself", punched.why),
        ),
        _ => punched,
    }
}

/// One end is seen at one endpoint; the other one sends from an endpoint that nobody has seen yet. It
/// gets through to where that makes no difference.
fn one_anew(steady: &Side<'_>, other: &Side<'_>, nat: &str) -> Verdict {
    let anew = format!("{} maps per destination", other.owner(nat));
    let lets_in = says(steady);
    match (steady.lets_in, other.wanders) {
        (Behaviour::AddressAndPortDependent, _) => {
            verdict(Reach::Relayed, format!("{anew} and {lets_in}"))
        }
        (Behaviour::AddressDependent, Some(_)) => {
            verdict(Reach::Perhaps, format!("{anew}, to one of several addresses, and {lets_in}"))
        }
        _ => verdict(Reach::Punched, format!("{anew}, but {lets_in}")),
    }
}

/// Both send from endpoints that nobody has seen. One must let everybody in, and its answer comes from
/// an endpoint that the other one has not sent to.
fn both_anew(sides: [(&Side<'_>, &str); 2]) -> Verdict {
    let [(a, nat_a), (b, nat_b)] = sides;
    let anew = format!("{} and {} map per destination", a.owner(nat_a), b.owner(nat_b));
    let (open, other) = if a.lets_in <= b.lets_in { (a, b) } else { (b, a) };
    match (open.lets_in, other.lets_in, open.wanders) {
        (Behaviour::EndpointIndependent, Behaviour::AddressDependent, Some(_)) => {
            verdict(Reach::Perhaps, format!("{anew}, one to any of several addresses"))
        }
        (
            Behaviour::EndpointIndependent,
            Behaviour::EndpointIndependent | Behaviour::AddressDependent,
            _,
        ) => {
            let reach = if a.is_by_port && b.is_by_port { Reach::Crossed } else { Reach::Punched };
            verdict(reach, format!("{anew}, but {}", says(open)))
        }
        (Behaviour::EndpointIndependent, Behaviour::AddressAndPortDependent, _) => {
            verdict(Reach::Relayed, format!("{anew} and {}", says(other)))
        }
        _ => verdict(Reach::Relayed, format!("{anew} and {}", says(open))),
    }
}

fn says(side: &Side<'_>) -> String {
    let nat = side.owner(side.strictest);
    match side.lets_in {
        Behaviour::EndpointIndependent => format!("{nat} lets everybody in"),
        Behaviour::AddressDependent => format!("{nat} filters by address"),
        Behaviour::AddressAndPortDependent => format!("{nat} filters by port"),
    }
}
