//! This node's own record: what is in it, its sequence, and when it is signed anew.
//!
//! The sequence needs neither clock nor flash: a node begins low, its peers hand back the latest record
//! that they hold, and it goes one above.

use super::record::{self, Flags, RELAYS, Record};
use super::signed::{SIGNATURE_LEN, Signature};
use super::{Presence, records};
use crate::access::Whom;
use crate::cx::{Actor, Cx};
use crate::job::{Outcome, Stale, Work};
use crate::punch::{self, Scope, scope};
use crate::relay::{self, OWN_RELAYS};
use crate::time::{Duration, Instant};
use crate::timer::Timer;

/// A record is signed anew so often, that it is four times as young as it may become.
const RENEWAL: Duration = Duration::from_secs(30 * 60);

pub(super) struct Own {
    /// Of the last record, whether it is signed yet or not.
    pub(super) sequence: u32,
    signed: [u8; Record::LEN_MAX],
    len: u16,
    stage: Stage,
    signed_at: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// There is none.
    None,
    /// It waits for its signature, or for that a job is under way.
    Wanted,
    Signing(u64),
    Signed,
}

impl Own {
    pub(super) const NONE: Self = Self {
        sequence: 0,
        signed: [0; Record::LEN_MAX],
        len: 0,
        stage: Stage::None,
        signed_at: Instant::ORIGIN,
    };

    /// The signed bytes, and how many seconds ago they were signed.
    pub(super) fn signed(&self, now: Instant) -> Option<(u16, &[u8])> {
        let age_s = now.saturating_since(self.signed_at).as_micros() / 1_000_000;
        let age_s = u16::try_from(age_s).unwrap_or(u16::MAX);
        (self.stage == Stage::Signed).then(|| (age_s, &self.signed[..usize::from(self.len)]))
    }
}

/// Makes the record anew if what it says has changed, or if it is due.
pub(super) fn publish(cx: &mut Cx<'_>) {
    if cx.state.config.gossip.presence != Presence::Discoverable || cx.records.is_empty() {
        return;
    }
    let wanted = describe(cx);
    let now = cx.now();
    let own = &cx.state.gossip.own;
    let is_same = Record::decode(&own.signed[..own.len.into()]).is_ok_and(|known| known == wanted);
    let is_due = own.stage == Stage::Signed && now >= own.signed_at + RENEWAL;
    if own.stage == Stage::None || !is_same || is_due {
        write(wanted, cx);
    }
    let at = now + cx.state.public.jitter(RENEWAL);
    cx.set_timer(Actor::Node, Timer::Publish, Some(at));
}

/// The record before was of this sequence: the next goes above it.
pub(super) fn go_on(sequence: u32, cx: &mut Cx<'_>) {
    let own = &mut cx.state.gossip.own;
    own.sequence = own.sequence.max(sequence);
    own.stage = Stage::None;
    publish(cx);
}

/// Says that this node is to be found no more, if there is anybody who could know of it.
pub(super) fn end(cx: &mut Cx<'_>) {
    cx.set_timer(Actor::Node, Timer::Publish, None);
    if cx.state.gossip.own.stage == Stage::None {
        return;
    }
    let mut last = describe(cx);
    last.flags = Flags::ENDED;
    (last.addresses, last.relays, last.tags) = Default::default();
    write(last, cx);
}

/// What there is to be said now, under the sequence of the last record.
fn describe(cx: &mut Cx<'_>) -> Record {
    let now = cx.now();
    let config = &cx.state.config;
    let relays = config.access.relays == Whom::Network && !cx.circuits.is_empty();
    let flags = Flags::new(config.gossip.is_bootstrap, relays);
    let tags = config.gossip.tags.iter().flatten().copied().collect();
    let mut addresses = heapless::Vec::new();
    for address in punch::own_addresses(&cx.state.punch, now) {
        if scope(address.ip()) == Some(Scope::Global) && !addresses.contains(&address) {
            // The first ones are the best.
            let _ = addresses.push(address);
        }
    }
    let (peer, sequence) = (*cx.state.id.as_bytes(), cx.state.gossip.own.sequence);
    Record { peer, sequence, flags, addresses, relays: named_relays(cx), tags }
}

/// The relays at which this node is reached, of those that have a record themselves: one that has none does
/// not want to be known.
fn named_relays(cx: &mut Cx<'_>) -> heapless::Vec<[u8; 32], RELAYS> {
    let mut named = heapless::Vec::new();
    for place in cx.state.relays.into_iter().take(OWN_RELAYS) {
        let Some(relay) = place.get().and_then(|relay| cx.resolve(relay)) else { continue };
        let Some(contact) = cx.peer(relay).contact.filter(|_| relay::is_reserved(relay, cx)) else {
            continue;
        };
        if records(cx).find(&contact.id).is_some() {
            // There are no more places than names.
            let _ = named.push(*contact.id.as_bytes());
        }
    }
    named
}

fn write(mut record: Record, cx: &mut Cx<'_>) {
    let own = &mut cx.state.gossip.own;
    own.sequence = own.sequence.saturating_add(1);
    record.sequence = own.sequence;
    own.len = record.encode(&mut own.signed) as u16;
    own.stage = Stage::Wanted;
}

/// The signature that is to be made, if any.
pub(super) fn take_work(number: u64, cx: &mut Cx<'_>) -> Option<Work> {
    let network = cx.state.config.network.id;
    let own = &mut cx.state.gossip.own;
    if own.stage != Stage::Wanted {
        return None;
    }
    own.stage = Stage::Signing(number);
    Some(Work::Sign(record::digest(&network, &own.signed[..own.len.into()])))
}

/// The signature has come: neighbours are told.
pub(super) fn on_signed(number: u64, outcome: &Outcome, cx: &mut Cx<'_>) -> Result<(), Stale> {
    let Outcome::Signature(signature) = outcome else { return Err(Stale) };
    let now = cx.now();
    let own = &mut cx.state.gossip.own;
    if own.stage != Stage::Signing(number) {
        return Err(Stale);
    }
    if signature.is_missing() {
        own.stage = Stage::None;
        return Ok(());
    }
    put(signature, own);
    (own.stage, own.signed_at) = (Stage::Signed, now);
    super::members::tell_own(cx);
    tell_end(cx);
    Ok(())
}

/// If it says that this node is to be found no more, that goes to all.
fn tell_end(cx: &mut Cx<'_>) {
    let own = &cx.state.gossip.own;
    let (signed, len) = (own.signed, usize::from(own.len));
    if Record::decode(&signed[..len]).is_ok_and(|record| record.flags.is_end()) {
        super::rumour::tell_end(&signed[..len], cx);
        if !super::is_on(cx) {
            super::members::stop(cx);
        }
    }
}

fn put(signature: &Signature, own: &mut Own) {
    let len = usize::from(own.len);
    own.signed[len - SIGNATURE_LEN..len].copy_from_slice(&signature.to_bytes());
}

/// Whether a record of this node, which others hold, counts more than what it says now.
pub(super) fn is_ahead(told: &Record, signed: &[u8], cx: &Cx<'_>) -> bool {
    let own = &cx.state.gossip.own;
    let is_public = cx.state.config.gossip.presence == Presence::Discoverable;
    let is_other = own.signed[..own.len.into()] != *signed;
    is_public && (told.sequence > own.sequence || told.sequence == own.sequence && is_other)
}

/// It was this node indeed that signed it, in an earlier life: the next record goes above it.
pub(super) fn adopt(told: &Record, cx: &mut Cx<'_>) {
    if cx.state.config.gossip.presence != Presence::Discoverable {
        return;
    }
    let own = &mut cx.state.gossip.own;
    if told.sequence < own.sequence {
        return;
    }
    own.sequence = told.sequence;
    let next = describe(cx);
    write(next, cx);
}
