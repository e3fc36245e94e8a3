//! NATs after RFC 4787: what one does to the UDP datagrams that cross it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::{IpAddr, SocketAddr};

use underpass_core::Instant;

use crate::random::Draws;

mod endpoint;
mod index;
mod model;
mod pool;
pub mod population;
mod preset;
mod slots;
mod table;

pub use model::{
    Behaviour, Hairpin, NatModel, Pooling, PortAllocation, PortRange, Refresh, Translate,
    Unsolicited,
};

use endpoint::{Endpoint, Party};
use pool::Pool;
use table::{EntryId, Mapping, MappingId, Owner, Table, Timeouts};

/// Whence and whither a datagram goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Flow {
    /// Who sent it, as it is written on it.
    pub source: SocketAddr,
    /// To whom.
    pub destination: SocketAddr,
}

/// What becomes of a datagram from inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outbound {
    /// It leaves on the outside, like this.
    Forward(Flow),
    /// It turns back to the inside, like this: its destination is an inside endpoint.
    Hairpin(Flow),
}

/// Why a datagram does not pass.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refused {
    /// No UDP passes.
    UdpBlocked,
    /// There is no external address of its family.
    NoAddress,
    /// The table has no room for one more entry.
    TableFull,
    /// The inside host has as many mappings as one may have.
    HostLimit,
    /// No port is free on the external address that it would get.
    PortsExhausted,
    /// It came to an external endpoint that leads nowhere.
    NoMapping,
    /// It came to a mapping that does not let its sender in.
    Filtered,
    /// It came from inside to an external address, and the NAT does not turn packets back.
    HairpinOff,
}

/// A NAT, with what it remembers.
///
/// A call that refuses a datagram may still have changed what it remembers: a packet that turns back
/// opens the way for answers even if it is not let in where it goes, and one from outside may be
/// tracked.
#[derive(Debug)]
pub struct Nat {
    model: NatModel,
    pool: Pool,
    table: Table,
    /// Mappings by inside address, where these are limited.
    hosts: BTreeMap<IpAddr, u32>,
    /// The time of the last call.
    now: Instant,
}

/// Which way a datagram goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Direction {
    Outbound,
    Inbound,
}

impl Nat {
    /// A NAT that no packet has crossed yet, with these external addresses, of either family or of
    /// both. Its draws are named by `name`.
    pub fn new(model: NatModel, external: Vec<IpAddr>, draws: &Draws, name: &str) -> Self {
        let mut nat = Self {
            model,
            pool: Pool::new(draws, name),
            table: Table::default(),
            hosts: BTreeMap::new(),
            now: Instant::ORIGIN,
        };
        nat.renumber(external);
        nat
    }

    /// What becomes of a datagram from inside. Calls come in the order of time: what comes late
    /// counts as coming with the one before.
    pub fn outbound(&mut self, flow: Flow, now: Instant) -> Result<Outbound, Refused> {
        self.arrive(now)?;
        let turns_back = self.pool.contains(flow.destination.ip());
        if turns_back && self.model.hairpin == Hairpin::Off {
            return Err(Refused::HairpinOff);
        }
        let outside = self.open(flow.source.into(), flow.destination.into())?;
        let translated = Flow { source: outside.into(), ..flow };
        if !turns_back {
            return Ok(Outbound::Forward(translated));
        }
        let inside = self.admit(translated)?;
        let source = match self.model.hairpin {
            Hairpin::InternalSource => flow.source,
            Hairpin::ExternalSource | Hairpin::Off => translated.source,
        };
        Ok(Outbound::Hairpin(Flow { source, destination: inside.into() }))
    }

    /// What becomes of a datagram that comes to the outside: as it goes on inside. Calls come in the
    /// order of time, as with [`Self::outbound`].
    pub fn inbound(&mut self, flow: Flow, now: Instant) -> Result<Flow, Refused> {
        self.arrive(now)?;
        match self.admit(flow) {
            Ok(inside) => Ok(Flow { destination: inside.into(), ..flow }),
            Err(refused) => {
                if refused == Refused::NoMapping && self.model.unsolicited == Unsolicited::Track {
                    self.track(flow);
                }
                Err(refused)
            }
        }
    }

    /// Forgets all that the NAT remembers, as one does that is switched off and on.
    pub fn reboot(&mut self) {
        self.table = Table::default();
        self.hosts.clear();
        self.pool.reset(self.model.port_range);
    }

    /// Gives it other external addresses. All that it remembers is gone: mappings of the old
    /// addresses lead nowhere, and a router whose line was down has forgotten the others, too.
    pub fn renumber(&mut self, external: Vec<IpAddr>) {
        let translate = self.model.translate;
        let external = external.into_iter().filter(|address| translate.concerns(*address));
        self.pool.renumber(external, self.model.port_range);
        self.reboot();
    }

    /// What it is like.
    pub fn model(&self) -> &NatModel {
        &self.model
    }

    /// Mappings of inside hosts that are alive.
    pub fn mappings(&self, now: Instant) -> usize {
        self.table.live_mappings(self.timeouts(), self.now.max(now))
    }

    /// Bytes that its tables take, their unused parts included.
    pub fn bytes(&self) -> usize {
        self.table.bytes() + self.pool.bytes()
    }

    /// Lets time pass until a datagram comes.
    fn arrive(&mut self, now: Instant) -> Result<(), Refused> {
        if !self.model.udp {
            return Err(Refused::UdpBlocked);
        }
        self.now = self.now.max(now);
        while let Some(ended) = self.table.end_one(self.timeouts(), self.now) {
            if let Some(mapping) = ended {
                self.close(&mapping);
            }
        }
        Ok(())
    }

    /// The external endpoint from which something goes out.
    fn open(&mut self, inside: Endpoint, remote: Endpoint) -> Result<Endpoint, Refused> {
        let toward = Party::of(remote, self.mapping_of(inside.address));
        let party = Party::of(remote, self.model.filtering);
        let Some(id) = self.table.mapping_inside(inside, toward) else {
            self.check_room()?;
            self.check_host(inside.address)?;
            let taken_to = self.taken_to(inside.address, remote);
            let outside = self.choose(inside, taken_to)?;
            let owner = Owner::Inside { endpoint: inside, toward };
            self.make(owner, outside, taken_to, party);
            return Ok(outside);
        };
        match self.table.entry(id, party) {
            Some(entry) => self.pass(entry, Direction::Outbound),
            None => {
                self.check_room()?;
                self.table.add_entry(id, party, self.now);
            }
        }
        Ok(self.table.mapping(id).outside)
    }

    /// The inside endpoint to which something comes in.
    fn admit(&mut self, flow: Flow) -> Result<Endpoint, Refused> {
        let (remote, outside) = (flow.source.into(), flow.destination.into());
        let id = self.mapping_outside(outside, remote).ok_or(Refused::NoMapping)?;
        let Owner::Inside { endpoint, .. } = self.table.mapping(id).owner else {
            return Err(Refused::NoMapping);
        };
        let party = Party::of(remote, self.model.filtering);
        let entry = self.table.entry(id, party).ok_or(Refused::Filtered)?;
        self.pass(entry, Direction::Inbound);
        Ok(endpoint)
    }

    /// Notes that something has come that nobody asked for, if it came to the NAT itself.
    fn track(&mut self, flow: Flow) {
        let (remote, outside) = (flow.source.into(), Endpoint::from(flow.destination));
        if !self.pool.contains(outside.address) {
            return;
        }
        match self.mapping_outside(outside, remote) {
            Some(id) => {
                if let Some(entry) = self.table.entry(id, Party::Anybody) {
                    self.table.refresh(entry, self.model.stream_after, self.now);
                }
            }
            None if self.check_room().is_ok() => {
                let taken_to = self.taken_to(outside.address, remote);
                self.make(Owner::Nat, outside, taken_to, Party::Anybody);
            }
            None => {}
        }
    }

    /// A packet passes an entry, or its answer does.
    fn pass(&mut self, entry: EntryId, direction: Direction) {
        let refreshes = match self.model.refresh {
            Refresh::Outbound => direction == Direction::Outbound,
            Refresh::Inbound => direction == Direction::Inbound,
            Refresh::Both => true,
        };
        if refreshes {
            self.table.refresh(entry, self.model.stream_after, self.now);
        }
        if direction == Direction::Inbound {
            self.table.note_reply(entry);
        }
    }

    fn choose(&mut self, inside: Endpoint, taken_to: Party) -> Result<Endpoint, Refused> {
        if !self.model.translate.concerns(inside.address) {
            return Ok(inside);
        }
        if !self.pool.has_family_of(inside.address) {
            return Err(Refused::NoAddress);
        }
        let chosen = self.pool.choose(&self.model, &self.table, inside, taken_to);
        chosen.ok_or(Refused::PortsExhausted)
    }

    fn make(&mut self, owner: Owner, outside: Endpoint, taken_to: Party, party: Party) {
        self.table.add_mapping(owner, outside, taken_to, party, self.now);
        self.pool.take(outside, self.model.port_range);
        if let (Owner::Inside { endpoint, .. }, Some(_)) = (owner, self.model.mappings_per_host) {
            *self.hosts.entry(endpoint.address).or_default() += 1;
        }
    }

    /// Undoes `make`, but for the table.
    fn close(&mut self, mapping: &Mapping) {
        self.pool.give_back(mapping, self.model.port_range);
        let Owner::Inside { endpoint, .. } = mapping.owner else { return };
        if let Entry::Occupied(mut mappings) = self.hosts.entry(endpoint.address) {
            *mappings.get_mut() -= 1;
            if *mappings.get() == 0 {
                mappings.remove();
            }
        }
    }

    fn check_room(&self) -> Result<(), Refused> {
        let has_room = self.table.entries() < self.model.table as usize;
        has_room.then_some(()).ok_or(Refused::TableFull)
    }

    fn check_host(&self, host: IpAddr) -> Result<(), Refused> {
        let Some(limit) = self.model.mappings_per_host else { return Ok(()) };
        let mappings = self.hosts.get(&host).copied().unwrap_or_default();
        (mappings < limit).then_some(()).ok_or(Refused::HostLimit)
    }

    /// The mapping that has taken an external endpoint to a remote one.
    fn mapping_outside(&self, outside: Endpoint, remote: Endpoint) -> Option<MappingId> {
        self.table.mapping_outside(outside, self.taken_to(outside.address, remote))
    }

    /// To whom an external endpoint of this family is taken that is taken to that remote one.
    fn taken_to(&self, family: IpAddr, remote: Endpoint) -> Party {
        match self.model.ports == PortAllocation::Overlapping {
            true => Party::of(remote, self.mapping_of(family)),
            false => Party::Anybody,
        }
    }

    /// An endpoint that is not translated is the same to everybody.
    fn mapping_of(&self, family: IpAddr) -> Behaviour {
        match self.model.translate.concerns(family) {
            true => self.model.mapping,
            false => Behaviour::EndpointIndependent,
        }
    }

    fn timeouts(&self) -> Timeouts {
        let NatModel { timeout, unreplied_timeout, .. } = self.model;
        Timeouts { unreplied: unreplied_timeout.unwrap_or(timeout), stream: timeout }
    }
}

impl Refused {
    /// All reasons.
    pub const ALL: [Self; 8] = [
        Self::UdpBlocked,
        Self::NoAddress,
        Self::TableFull,
        Self::HostLimit,
        Self::PortsExhausted,
        Self::NoMapping,
        Self::Filtered,
        Self::HairpinOff,
    ];

    /// The reason in a word, as traces have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::UdpBlocked => "udp-blocked",
            Self::NoAddress => "no-address",
            Self::TableFull => "table-full",
            Self::HostLimit => "host-limit",
            Self::PortsExhausted => "ports-exhausted",
            Self::NoMapping => "no-mapping",
            Self::Filtered => "filtered",
            Self::HairpinOff => "hairpin-off",
        }
    }
}

#[cfg(test)]
mod tests;
