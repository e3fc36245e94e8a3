//! NATs of all kinds against a model that remembers a list and goes through it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// An address and a port, as far as they make a difference.
type Key = (Option<IpAddr>, Option<u16>);

const ALL: Key = (None, None);

/// A mapping and a remote party that it lets in.
#[derive(Clone, Debug)]
struct Record {
    /// `None` is the NAT itself.
    inside: Option<SocketAddr>,
    toward: Key,
    outside: SocketAddr,
    taken_to: Key,
    party: Key,
    made: Instant,
    refreshed: Instant,
    has_reply: bool,
    is_stream: bool,
}

struct Naive {
    model: NatModel,
    external: Vec<IpAddr>,
    records: Vec<Record>,
    /// What `Paired` has shown.
    paired: BTreeMap<IpAddr, IpAddr>,
    /// The port given out last, by address.
    last: BTreeMap<IpAddr, u16>,
}

fn key(remote: SocketAddr, behaviour: Behaviour) -> Key {
    match behaviour {
        Behaviour::EndpointIndependent => ALL,
        Behaviour::AddressDependent => (Some(remote.ip()), None),
        Behaviour::AddressAndPortDependent => (Some(remote.ip()), Some(remote.port())),
    }
}

impl Naive {
    fn expire(&mut self, now: Instant) {
        let NatModel { timeout, unreplied_timeout, .. } = self.model;
        self.records.retain(|record| {
            let unreplied = if record.is_stream { None } else { unreplied_timeout };
            now < record.refreshed + unreplied.unwrap_or(timeout)
        });
    }

    fn translates(&self, address: IpAddr) -> bool {
        match self.model.translate {
            Translate::Both => true,
            Translate::Ipv4 => address.is_ipv4(),
            Translate::Neither => false,
        }
    }

    fn toward(&self, inside: IpAddr, remote: SocketAddr) -> Key {
        if self.translates(inside) { key(remote, self.model.mapping) } else { ALL }
    }

    fn taken_to(&self, ours: IpAddr, remote: SocketAddr) -> Key {
        let overlaps = self.model.ports == PortAllocation::Overlapping && self.translates(ours);
        if overlaps { key(remote, self.model.mapping) } else { ALL }
    }

    fn is_free(&self, outside: SocketAddr, taken_to: Key) -> bool {
        !self.records.iter().any(|record| record.outside == outside && record.taken_to == taken_to)
    }

    fn is_full(&self, address: IpAddr, taken_to: Key) -> bool {
        let (first, last) = (self.model.port_range.first(), self.model.port_range.last());
        !(first..=last).any(|port| self.is_free(SocketAddr::new(address, port), taken_to))
    }

    fn mappings(&self) -> usize {
        let mut mappings: Vec<_> = self.records.iter().filter(|r| r.inside.is_some()).collect();
        mappings.sort_by_key(|record| (record.inside, record.toward));
        mappings.dedup_by_key(|record| (record.inside, record.toward));
        mappings.len()
    }

    fn mappings_of(&self, host: IpAddr) -> usize {
        let records = self.records.iter().filter(|r| r.inside.is_some_and(|i| i.ip() == host));
        Self { records: records.cloned().collect(), ..Self::new(self.model, vec![]) }.mappings()
    }

    fn new(model: NatModel, external: Vec<IpAddr>) -> Self {
        let (records, paired, last) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self { model, external, records, paired, last }
    }

    /// Whether the table has no place left.
    fn room(&self) -> Result<(), Refused> {
        if self.records.len() < self.model.table as usize {
            Ok(())
        } else {
            Err(Refused::TableFull)
        }
    }

    fn refresh(model: &NatModel, record: &mut Record, now: Instant) {
        let old_enough = now.saturating_since(record.made) > model.stream_after;
        record.is_stream |= record.has_reply && old_enough;
        record.refreshed = now;
    }

    /// Where something comes out. `chosen` is the NAT's choice, of which only what may be chosen is
    /// known here.
    fn open(
        &mut self,
        inside: SocketAddr,
        remote: SocketAddr,
        chosen: Option<SocketAddr>,
        now: Instant,
    ) -> Result<SocketAddr, Refused> {
        let toward = self.toward(inside.ip(), remote);
        let party = key(remote, self.model.filtering);
        let is_ours = |r: &&mut Record| r.inside == Some(inside) && r.toward == toward;
        let (model, room) = (self.model, self.room());
        if let Some(record) = self.records.iter_mut().filter(is_ours).find(|r| r.party == party) {
            if model.refresh != Refresh::Inbound {
                Self::refresh(&model, record, now);
            }
            return Ok(record.outside);
        }
        let mapped = self.records.iter_mut().find(is_ours).map(|record| record.outside);
        room?;
        let taken_to = self.taken_to(inside.ip(), remote);
        let outside = match mapped {
            Some(outside) => outside,
            None => self.check_choice(inside, taken_to, chosen)?,
        };
        let record = Record {
            inside: Some(inside),
            toward,
            outside,
            taken_to,
            party,
            made: now,
            refreshed: now,
            has_reply: false,
            is_stream: false,
        };
        self.records.push(record);
        Ok(outside)
    }

    fn check_choice(
        &mut self,
        inside: SocketAddr,
        taken_to: Key,
        chosen: Option<SocketAddr>,
    ) -> Result<SocketAddr, Refused> {
        let limit = self.model.mappings_per_host;
        if limit.is_some_and(|limit| self.mappings_of(inside.ip()) >= limit as usize) {
            return Err(Refused::HostLimit);
        }
        if !self.translates(inside.ip()) {
            return Ok(inside);
        }
        let mut pool = self.external.clone();
        pool.retain(|address| address.is_ipv4() == inside.is_ipv4());
        if pool.is_empty() {
            return Err(Refused::NoAddress);
        }
        let is_full = |address: &IpAddr| self.is_full(*address, taken_to);
        let Some(chosen) = chosen else {
            // Which of them it would have been is not known before the first mapping.
            let full = match (self.model.pooling, self.paired.get(&inside.ip())) {
                (Pooling::Paired, Some(address)) => is_full(address),
                (Pooling::Paired, None) => pool.iter().any(is_full),
                (Pooling::Arbitrary, _) => pool.iter().all(is_full),
            };
            assert!(full, "a port is free");
            return Err(Refused::PortsExhausted);
        };
        assert!(pool.contains(&chosen.ip()), "{chosen} is not external");
        assert!(self.model.port_range.contains(chosen.port()), "{chosen} is out of range");
        assert!(self.is_free(chosen, taken_to), "{chosen} is taken");
        if self.model.pooling == Pooling::Paired {
            let address = *self.paired.entry(inside.ip()).or_insert(chosen.ip());
            assert_eq!(address, chosen.ip(), "{inside} has another address");
        }
        self.check_port(inside.port(), taken_to, chosen);
        Ok(chosen)
    }

    fn check_port(&mut self, inside: u16, taken_to: Key, chosen: SocketAddr) {
        let (first, last) = (self.model.port_range.first(), self.model.port_range.last());
        let is_free = |port| self.is_free(SocketAddr::new(chosen.ip(), port), taken_to);
        match self.model.ports {
            PortAllocation::Preserving | PortAllocation::Overlapping => {
                if self.model.port_range.contains(inside) && is_free(inside) {
                    assert_eq!(chosen.port(), inside, "a port that could be preserved");
                }
            }
            PortAllocation::Sequential => {
                let before = self.last.get(&chosen.ip()).copied().unwrap_or(last);
                let mut ports = (first..=last).chain(first..=last);
                ports.find(|&port| port == before);
                assert_eq!(ports.find(|&port| is_free(port)), Some(chosen.port()), "in turn");
                self.last.insert(chosen.ip(), chosen.port());
            }
            PortAllocation::Random => {}
        }
    }

    fn admit(
        &mut self,
        remote: SocketAddr,
        outside: SocketAddr,
        now: Instant,
    ) -> Result<SocketAddr, Refused> {
        let taken_to = self.taken_to(outside.ip(), remote);
        let party = key(remote, self.model.filtering);
        let model = self.model;
        let is_there =
            |r: &&mut Record| r.outside == outside && r.taken_to == taken_to && r.inside.is_some();
        self.records.iter_mut().find(is_there).ok_or(Refused::NoMapping)?;
        let record = self.records.iter_mut().filter(is_there).find(|r| r.party == party);
        let record = record.ok_or(Refused::Filtered)?;
        if model.refresh != Refresh::Outbound {
            Self::refresh(&model, record, now);
        }
        record.has_reply = true;
        Ok(record.inside.unwrap())
    }

    fn outbound(
        &mut self,
        flow: Flow,
        now: Instant,
        actual: Result<Outbound, Refused>,
    ) -> Result<Outbound, Refused> {
        self.expire(now);
        let chosen = match actual {
            Ok(Outbound::Forward(flow) | Outbound::Hairpin(flow)) => Some(flow.source),
            Err(_) => None,
        };
        let source = self.open(flow.source, flow.destination, chosen, now)?;
        Ok(Outbound::Forward(Flow { source, ..flow }))
    }

    fn inbound(&mut self, flow: Flow, now: Instant) -> Result<Flow, Refused> {
        self.expire(now);
        let refused = match self.admit(flow.source, flow.destination, now) {
            Ok(destination) => return Ok(Flow { destination, ..flow }),
            Err(refused) => refused,
        };
        let to_nat = self.external.contains(&flow.destination.ip())
            && self.translates(flow.destination.ip());
        if refused == Refused::NoMapping && self.model.unsolicited == Unsolicited::Track && to_nat {
            let taken_to = self.taken_to(flow.destination.ip(), flow.source);
            let (outside, room) = (flow.destination, self.room());
            let is_there = |r: &&mut Record| r.outside == outside && r.taken_to == taken_to;
            match self.records.iter_mut().find(is_there) {
                Some(record) => record.refreshed = now,
                None if room.is_ok() => self.records.push(Record {
                    inside: None,
                    toward: ALL,
                    outside,
                    taken_to,
                    party: ALL,
                    made: now,
                    refreshed: now,
                    has_reply: false,
                    is_stream: false,
                }),
                None => {}
            }
        }
        Err(refused)
    }
}

/// The same host in both families.
type Remote = (SocketAddr, SocketAddr);

#[derive(Clone, Debug)]
enum Ours {
    /// Where the last packet but so many came from.
    Seen(usize),
    Any(SocketAddr),
}

#[derive(Clone, Debug)]
enum Step {
    Out(Flow),
    /// From a remote endpoint, of the family that fits, to one of ours.
    In(Remote, Ours),
    Wait(u64),
    Reboot,
}

fn arb_inside() -> impl Strategy<Value = SocketAddr> {
    let address = prop::sample::select(vec!["192.168.1.2", "192.168.1.3", "2001:db8:1::2"]);
    (address, 4999u16..5003).prop_map(|(address, port)| SocketAddr::new(ip(address), port))
}

fn arb_remote() -> impl Strategy<Value = Remote> {
    (0..2, 6000u16..6002).prop_map(|(host, port)| {
        let both = [format!("198.18.9.{host}"), format!("2001:db8:9::{host}")];
        let [v4, v6] = both.map(|address| SocketAddr::new(ip(&address), port));
        (v4, v6)
    })
}

fn of_family((v4, v6): Remote, is_ipv4: bool) -> SocketAddr {
    if is_ipv4 { v4 } else { v6 }
}

fn arb_step() -> impl Strategy<Value = Step> {
    let out = (arb_inside(), arb_remote()).prop_map(|(source, remote)| {
        Step::Out(Flow { source, destination: of_family(remote, source.is_ipv4()) })
    });
    let answer = (arb_remote(), 0usize..8).prop_map(|(from, ago)| Step::In(from, Ours::Seen(ago)));
    let external = prop::sample::select(vec!["198.18.0.1", "198.18.0.2", "2001:db8:1::2"]);
    let probe = (arb_remote(), external, 4999u16..5005)
        .prop_map(|(from, to, port)| Step::In(from, Ours::Any(SocketAddr::new(ip(to), port))));
    prop_oneof![
        8 => out,
        6 => answer,
        3 => probe,
        6 => (0u64..6).prop_map(|halves| Step::Wait(500 * halves)),
        1 => Just(Step::Reboot),
    ]
}

fn arb_behaviour() -> impl Strategy<Value = Behaviour> {
    prop::sample::select(BEHAVIOURS.to_vec())
}

prop_compose! {
    fn arb_model()(
        (mapping, filtering) in (arb_behaviour(), arb_behaviour()),
        ports in prop::sample::select(vec![
            PortAllocation::Preserving,
            PortAllocation::Overlapping,
            PortAllocation::Sequential,
            PortAllocation::Random,
        ]),
        pooling in prop::sample::select(vec![Pooling::Paired, Pooling::Arbitrary]),
        translate in prop::sample::select(
            vec![Translate::Both, Translate::Ipv4, Translate::Ipv4, Translate::Neither]
        ),
        refresh in prop::sample::select(vec![Refresh::Outbound, Refresh::Inbound, Refresh::Both]),
        unsolicited in prop::sample::select(vec![Unsolicited::Drop, Unsolicited::Track]),
        (timeout, unreplied, stream_after) in (2u64..6, prop::option::of(1u64..4), 0u64..3),
        (table, mappings_per_host) in (3u32..12, prop::option::of(1u32..6)),
    ) -> NatModel {
        NatModel {
            mapping,
            filtering,
            ports,
            port_range: PortRange::new(5000, 5003).unwrap(),
            pooling,
            translate,
            timeout: Duration::from_secs(timeout),
            unreplied_timeout: unreplied.map(Duration::from_secs),
            stream_after: Duration::from_secs(stream_after),
            refresh,
            hairpin: Hairpin::Off,
            unsolicited,
            table,
            mappings_per_host,
            udp: true,
        }
    }
}

fn arb_external() -> impl Strategy<Value = Vec<IpAddr>> {
    let addresses = ["198.18.0.1", "198.18.0.2", "2001:db8::1"].map(ip).to_vec();
    prop::sample::subsequence(addresses, 0..=3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn every_nat_does_what_its_settings_say(
        model in arb_model(),
        external in arb_external(),
        steps in prop::collection::vec(arb_step(), 0..60),
    ) {
        let mut nat = Nat::new(model, external.clone(), &Draws::new(1), "home");
        let mut naive = Naive::new(model, external);
        let (mut now, mut seen) = (at_ms(0), Vec::new());
        for step in steps {
            match step {
                Step::Out(flow) => {
                    let actual = nat.outbound(flow, now);
                    prop_assert_eq!(actual, naive.outbound(flow, now, actual));
                    if let Ok(Outbound::Forward(sent)) = actual {
                        seen.push(sent.source);
                    }
                }
                Step::In(from, to) => {
                    let destination = match to {
                        Ours::Seen(ago) => seen.iter().rev().nth(ago).copied(),
                        Ours::Any(endpoint) => Some(endpoint),
                    };
                    let Some(destination) = destination else { continue };
                    let source = of_family(from, destination.is_ipv4());
                    let flow = Flow { source, destination };
                    prop_assert_eq!(nat.inbound(flow, now), naive.inbound(flow, now));
                }
                Step::Wait(wait_ms) => now = now + Duration::from_millis(wait_ms),
                Step::Reboot => {
                    nat.reboot();
                    naive.records.clear();
                    naive.last.clear();
                }
            }
            let later = now + Duration::from_secs(2);
            let mut then = Naive { records: naive.records.clone(), ..Naive::new(model, vec![]) };
            then.expire(later);
            prop_assert_eq!(nat.mappings(later), then.mappings());
        }
    }
}
