use std::collections::BTreeMap;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::gossip::record::Flags;

const SOURCE: Peer = Peer { slot: 0, generation: 0 };

struct Table {
    slots: Vec<RecordSlot>,
    index: Vec<u16>,
    count: Count,
}

impl Table {
    fn new(len: usize) -> Self {
        let (slots, index) = (vec![RecordSlot::EMPTY; len], vec![0; (2 * len).next_power_of_two()]);
        let mut table = Self { slots, index, count: Count::NONE };
        table.view().clear();
        table
    }

    fn view(&mut self) -> Records<'_> {
        Records {
            slots: &mut self.slots,
            index: &mut self.index,
            hasher: SipHasher13::new_with_keys(3, 4),
            count: &mut self.count,
        }
    }

    /// Tells a record whose signature is right.
    fn tell(&mut self, signed: &[u8], heard: &Heard) -> Offered {
        let told = Record::decode(signed).expect("the test writes records");
        let offered = self.view().offer(signed, &told, heard);
        if let Offered::Unproven(slot) = offered {
            self.view().prove(slot);
        }
        offered
    }

    /// What is held, by owner.
    fn held(&mut self) -> BTreeMap<PeerId, Vec<u8>> {
        let mut held = BTreeMap::new();
        for slot in 0..self.slots.len() as u16 {
            if self.slots[usize::from(slot)].is_held() {
                let mut bytes = [0; Record::LEN_MAX];
                let len = self.view().read(slot, &mut bytes);
                held.insert(self.slots[usize::from(slot)].peer(), bytes[..len].to_vec());
            }
        }
        held
    }
}

fn heard(source: u64, is_first_hand: bool) -> Heard {
    Heard {
        at: Instant::from_micros(1_000_000_000_000),
        age_s: 0,
        source,
        from: SOURCE,
        is_first_hand,
        onward: Onward::Stay,
        is_asked_for: false,
        may_wait: true,
    }
}

/// `body` makes two records of one sequence differ.
fn record(owner: u16, sequence: u32, body: u8, addresses: &[SocketAddr]) -> Vec<u8> {
    let mut peer = [0; 32];
    peer[..2].copy_from_slice(&owner.to_le_bytes());
    let record = Record {
        peer,
        sequence,
        flags: Flags::default(),
        addresses: addresses.iter().copied().collect(),
        relays: heapless::Vec::new(),
        tags: core::iter::once(crate::gossip::Tag([body; 8])).collect(),
    };
    let mut bytes = [0; Record::LEN_MAX];
    let len = record.encode(&mut bytes);
    bytes[..len].to_vec()
}

/// Four addresses of IPv6, so that the record takes two slots.
fn long(owner: u16) -> Vec<SocketAddr> {
    (0..4)
        .map(|number| {
            let mut ip = [0; 16];
            ip[..4].copy_from_slice(&[0x20, 1, owner.to_le_bytes()[0], owner.to_le_bytes()[1]]);
            ip[15] = number;
            SocketAddr::from((ip, 4747))
        })
        .collect()
}

proptest! {
    #[test]
    fn in_whatever_order_and_however_often_they_come_the_same_records_count(
        told in prop::collection::vec((0_u16..4, 0_u32..3, 0_u8..3, any::<bool>()), 1..40),
        order in any::<prop::sample::Index>(),
    ) {
        let records: Vec<_> = told.iter().map(|(owner, sequence, body, is_long)| {
            let addresses = if *is_long { long(*owner) } else { Vec::new() };
            (*owner, *sequence, record(*owner, *sequence, *body, &addresses))
        }).collect();
        // The model: of each owner the highest sequence, and of these the largest hash.
        let mut best: BTreeMap<u16, (u32, [u8; 32], Vec<u8>)> = BTreeMap::new();
        for (owner, sequence, bytes) in &records {
            let candidate = (*sequence, record::rank(bytes), bytes.clone());
            let known = best.entry(*owner).or_insert_with(|| candidate.clone());
            if candidate > *known {
                *known = candidate;
            }
        }
        let expected: Vec<_> = best.into_values().map(|(_, _, bytes)| bytes).collect();
        let turn = order.index(records.len());
        let forwards = records.iter();
        let turned = records[turn..].iter().chain(records[..turn].iter().rev()).chain(&records);
        let orders: [Vec<_>; 2] = [forwards.collect(), turned.collect()];
        for order in orders {
            let mut table = Table::new(64);
            for (_, _, bytes) in order {
                table.tell(bytes, &heard(1, false));
            }
            let mut held: Vec<_> = table.held().into_values().collect();
            held.sort_by_key(|bytes| Record::decode(bytes).unwrap().peer);
            prop_assert_eq!(&held, &expected);
        }
    }

    #[test]
    fn whatever_is_told_no_place_is_lost(
        told in prop::collection::vec((0_u16..40, 0_u32..3, any::<bool>(), any::<bool>(), 0_u64..5), 0..120),
    ) {
        let mut table = Table::new(16);
        for (owner, sequence, is_long, is_sound, source) in told {
            let addresses = if is_long { long(owner) } else { Vec::new() };
            let bytes = record(owner, sequence, 0, &addresses);
            let decoded = Record::decode(&bytes).unwrap();
            match table.view().offer(&bytes, &decoded, &heard(source, owner == 7)) {
                Offered::Unproven(slot) if is_sound => drop(table.view().prove(slot)),
                Offered::Unproven(slot) => table.view().refuse(slot),
                _ => {}
            }
            prop_assert_eq!(table.count.unproven, 0);
            prop_assert_eq!(usize::from(table.count.held), table.held().len());
            for (id, bytes) in table.held() {
                let slot = table.view().find(&id).expect("it is found by its name");
                let mut read = [0; Record::LEN_MAX];
                let len = table.view().read(slot, &mut read);
                prop_assert_eq!(&read[..len], &bytes[..]);
            }
        }
        let ids: Vec<_> = table.held().into_keys().collect();
        for id in ids {
            let slot = table.view().find(&id).unwrap();
            table.view().remove(slot);
        }
        prop_assert!(table.slots.iter().all(RecordSlot::is_free));
    }
}

#[test]
fn one_source_fills_no_more_than_a_quarter() {
    let mut table = Table::new(16);
    for owner in 0..100 {
        table.tell(&record(owner, 1, 0, &[]), &heard(1, false));
    }
    assert_eq!(table.held().len(), 4);
    for owner in 100..200 {
        table.tell(&record(owner, 1, 0, &[]), &heard(u64::from(owner), false));
    }
    assert_eq!(table.held().len(), 16);
}

#[test]
fn of_one_network_there_are_two_by_hearsay() {
    let mut table = Table::new(16);
    for owner in 0..10 {
        let address = SocketAddr::from(([203, 0, 113, owner as u8], 4747));
        table.tell(&record(owner, 1, 0, &[address]), &heard(u64::from(owner), false));
    }
    assert_eq!(table.held().len(), 2);
    // Whoever shows itself is no hearsay.
    let address = SocketAddr::from(([203, 0, 113, 99], 4747));
    table.tell(&record(99, 1, 0, &[address]), &heard(99, true));
    assert_eq!(table.held().len(), 3);
}

#[test]
fn hearsay_evicts_nobody_who_has_shown_himself() {
    let mut table = Table::new(8);
    for owner in 0..8 {
        table.tell(&record(owner, 1, 0, &[]), &heard(u64::from(owner), true));
    }
    let before = table.held();
    for owner in 10..20 {
        let offered = table.tell(&record(owner, 1, 0, &[]), &heard(u64::from(owner), false));
        assert_eq!(offered, Offered::Full);
    }
    assert_eq!(table.held(), before);
}

#[test]
fn a_record_is_as_old_as_it_was_when_it_came_and_what_followed() {
    let mut table = Table::new(8);
    let told = Heard { age_s: 3600, ..heard(1, false) };
    table.tell(&record(1, 1, 0, &[]), &told);
    let entry = table.slots.iter().find(|slot| slot.is_held()).unwrap().entry;
    let later = told.at + Duration::from_secs(3599);
    assert_eq!((entry.age_s(told.at), entry.age_s(later)), (3600, 7199));
}

#[test]
fn what_waits_for_its_check_takes_a_quarter_of_the_places() {
    let mut table = Table::new(16);
    for owner in 0..16 {
        let bytes = record(owner, 1, 0, &[]);
        let told = Record::decode(&bytes).unwrap();
        table.view().offer(&bytes, &told, &heard(u64::from(owner), true));
    }
    assert_eq!(table.slots.iter().filter(|slot| slot.is_unproven()).count(), 4);
    assert!(table.held().is_empty(), "what was not checked is not known");
}

/// A minute later.
fn later(source: u64, is_first_hand: bool) -> Heard {
    let heard = heard(source, is_first_hand);
    Heard { at: heard.at + Duration::from_secs(60), ..heard }
}

/// A record of who says that it is there.
fn named(owner: u16, ip: [u8; 4]) -> Vec<u8> {
    record(owner, 1, 0, &[SocketAddr::from((ip, 4747))])
}

/// A table that is full of what four sources have told, and whose source each record is.
fn full_table() -> Table {
    let mut table = Table::new(32);
    for number in 0..32 {
        let source = 1 + u64::from(number) / 8;
        table.tell(&named(number, [60, number as u8, 0, 1]), &heard(source, false));
    }
    assert_eq!(table.held().len(), 32);
    table
}

fn of_sources(table: &Table, sources: core::ops::RangeInclusive<u64>) -> usize {
    let is_theirs = |slot: &&RecordSlot| slot.is_held() && sources.contains(&slot.entry.source);
    table.slots.iter().filter(is_theirs).count()
}

#[test]
fn whoever_tells_most_pushes_out_what_it_has_told_itself() {
    let mut table = full_table();
    for number in 100..200 {
        table.tell(&named(number, [61, number as u8, 0, 1]), &later(5, false));
    }
    assert_eq!((of_sources(&table, 1..=4), of_sources(&table, 5..=5)), (30, 2));
}

#[test]
fn whoever_calls_under_many_names_pushes_out_its_own() {
    let mut table = full_table();
    for number in 100..200 {
        table.tell(&named(number, [61, number as u8, 0, 1]), &later(5, true));
    }
    assert_eq!((of_sources(&table, 1..=4), of_sources(&table, 5..=5)), (30, 2));
}
