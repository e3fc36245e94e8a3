//! Records that come: what is known is recognised before anything is checked, checks have a budget, and
//! whoever hands on a wrong signature is not listened to for a while.

use super::record::{self, Record};
use super::signed::Signature;
use super::table::{Heard, Offered, Onward};
use super::tokens::Rate;
use super::{MUTED, exchange, members, owe, own, records, rumour, search};
use crate::counters::{Counter, Dropped};
use crate::cx::Cx;
use crate::held::Held;
use crate::identity::PeerId;
use crate::job::{Outcome, Stale, Ticket, Waiting, Work};
use crate::lifecycle::Turn;
use crate::peer::{Peer, PeerState};
use crate::time::Duration;
use crate::wire::{PeerList, Told};

/// How many signatures may be checked: where there is room for few records a key operation takes long, a
/// tenth of a second or two.
fn budget(cx: &Cx<'_>) -> Rate {
    let len = cx.records.len().max(1) as u64;
    let interval = Duration::from_micros((16_000_000 / len).clamp(15_625, 1_000_000));
    Rate { at_once: (len / 2).clamp(8, 64), interval }
}

/// What one peer may use of that: half at once, then a quarter.
fn share_of(budget: Rate) -> Rate {
    Rate { at_once: budget.at_once / 2, interval: budget.interval.saturating_mul(4) }
}

/// A record that a peer tells of its own accord.
pub(super) fn on_told(
    from: u16,
    told: &Told<'_>,
    onward: Onward,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    let record = Record::decode(told.signed).map_err(|_| Dropped::UnknownMessage)?;
    let sender = cx.peer(from).contact.map(|contact| contact.id);
    let is_first_hand = sender == Some(PeerId::claimed(record.peer));
    let offered = offer(from, (told.age_s, told.signed, &record), onward, false, cx);
    if let (Offered::Outdated(_), true) = (offered, is_first_hand) {
        // It has forgotten what it said last.
        owe(from, |owed| owed.back = true, cx);
    }
    Ok(None)
}

/// Records that were asked for.
pub(super) fn on_list(
    from: u16,
    list: &PeerList<'_>,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    let wanted = search::wanted_by(&list.request, cx);
    let handle = cx.handle(from);
    let is_answer = list.request == [0; 8] && cx.now() < cx.peer(from).gossip.answers_until;
    if !is_answer && wanted.is_none() {
        return Err(Dropped::GossipIgnored);
    }
    for (age_s, signed) in list.items() {
        let record = Record::decode(signed).map_err(|_| Dropped::UnknownMessage)?;
        let has_it = wanted.is_some_and(|tag| record.tags.contains(&tag));
        // What goes on to others has no more room than all else that is told.
        let is_asked_for = has_it && search::wants_more(&list.request, cx);
        let told = (age_s, signed, &record);
        match offer(from, told, Onward::Stay, is_asked_for, cx) {
            Offered::Known(slot) if has_it => search::on_record(slot, cx),
            Offered::Unproven(_) if wanted.is_none() => {
                cx.state.gossip.again = Held::This(handle);
            }
            _ => {}
        }
    }
    Ok(None)
}

fn offer(
    from: u16,
    (age_s, signed, record): (u16, &[u8], &Record),
    onward: Onward,
    is_asked_for: bool,
    cx: &mut Cx<'_>,
) -> Offered {
    let now = cx.now();
    let is_own = record.peer == *cx.state.id.as_bytes();
    if is_own && !own::is_ahead(record, signed, cx) {
        return Offered::Full;
    }
    let sender = cx.peer(from).contact.map(|contact| *contact.id.as_bytes());
    let source = members::source(from, cx);
    let is_first_hand = sender == Some(record.peer) || is_own;
    let rate = budget(cx);
    let own_rate = share_of(rate);
    let checks = &cx.peer(from).gossip.checks;
    let may_wait = checks.has(own_rate, now) && cx.state.gossip.checks.has(rate, now);
    let heard = Heard {
        at: now,
        age_s,
        source,
        from: cx.handle(from),
        is_first_hand,
        onward,
        is_asked_for,
        may_wait,
    };
    let lifetime = super::lifetime(cx);
    let is_old = Duration::from_secs(age_s.into()) >= lifetime
        || !is_first_hand && rumour::is_forgotten(&record.peer, record.sequence, cx);
    if is_old {
        cx.state.counters.count(Counter::RecordsRefused);
        return Offered::Full;
    }
    let waiting = cx.state.gossip.count.unproven;
    let offered = records(cx).offer(signed, record, &heard);
    if cx.state.gossip.count.unproven > waiting {
        cx.state.gossip.checks.take(rate, now);
        cx.peer(from).gossip.checks.take(own_rate, now);
    }
    if offered == Offered::Full {
        cx.state.counters.count(Counter::RecordsRefused);
    }
    offered
}

/// The next public-key operation that gossip takes.
pub(crate) fn take_work(cx: &mut Cx<'_>) -> Option<(Ticket, Work)> {
    let number = cx.state.tickets.wrapping_add(1);
    let own = own::take_work(number, cx).map(|work| (Waiting::OwnRecord, work));
    let (waiting, work) =
        own.or_else(|| check(number, cx)).or_else(|| rumour::take_work(number, cx))?;
    cx.state.tickets = number;
    cx.state.counters.count(Counter::Jobs);
    Some((Ticket { waiting, number }, work))
}

fn check(number: u64, cx: &mut Cx<'_>) -> Option<(Waiting, Work)> {
    if cx.state.gossip.count.unproven == 0 {
        return None;
    }
    let waits = |slot: &super::RecordSlot| slot.is_unproven() && slot.entry.ticket.is_none();
    let place = cx.records.iter().position(waits)?;
    let slot = place as u16;
    cx.records[place].entry.ticket = Some(number);
    let mut signed = [0; Record::LEN_MAX];
    let len = records(cx).read(slot, &mut signed);
    let signed = &signed[..len];
    let signer = *cx.records[place].peer().as_bytes();
    let digest = record::digest(&cx.state.config.network.id, signed);
    let signature = Signature::at_end_of(signed);
    Some((Waiting::Record(slot), Work::Verify { signer, digest, signature }))
}

/// A record has been checked.
pub(crate) fn on_checked(
    slot: u16,
    number: u64,
    outcome: &Outcome,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Stale> {
    let Outcome::Verdict(is_sound) = *outcome else { return Err(Stale) };
    let place = cx.records.get(usize::from(slot)).ok_or(Stale)?;
    if !place.is_unproven() || place.entry.ticket != Some(number) {
        return Err(Stale);
    }
    cx.state.counters.count(Counter::RecordsChecked);
    let (id, entry) = (place.peer(), place.entry);
    if !is_sound {
        records(cx).refuse(slot);
        mute(entry.from, cx);
        return Ok(None);
    }
    if id == cx.state.id {
        let told = records(cx).record(slot);
        records(cx).refuse(slot);
        if let Ok(told) = told {
            own::adopt(&told, cx);
        }
        return Ok(None);
    }
    let turn = match records(cx).prove(slot) {
        Some(is_new) => on_news(slot, is_new, entry.onward, entry.from, cx),
        None => None,
    };
    look_further(cx);
    Ok(turn)
}

/// Who hands on what nobody has signed has not looked, or has made it.
pub(super) fn mute(from: Peer, cx: &mut Cx<'_>) {
    cx.state.counters.count(Counter::BadSignatures);
    let until = cx.now() + MUTED;
    if let Some(peer) = cx.resolve(from) {
        cx.peer(peer).gossip.muted_until = until;
    }
}

/// A record is known that was not, or that says other things than the one before.
fn on_news(slot: u16, is_new: bool, onward: Onward, from: Peer, cx: &mut Cx<'_>) -> Option<Turn> {
    cx.state.counters.count(Counter::RecordsAccepted);
    members::pass_on(slot, onward, from, cx);
    search::on_record(slot, cx);
    let id = cx.records[usize::from(slot)].peer();
    let peer = cx.find_peer(&id);
    if let Some(peer) = peer
        && cx.peer(peer).state == PeerState::Active
    {
        let entry = &mut cx.records[usize::from(slot)].entry;
        (entry.has_answered, entry.failures) = (true, 0);
    }
    if is_new {
        members::hasten(cx);
    }
    let is_missed = |peer: &u16| {
        let slot = &cx.peers[usize::from(*peer)];
        slot.is_wanted() && slot.current.is_none() && slot.initiating.is_none()
    };
    peer.filter(is_missed).map(Turn::Dial)
}

/// Somebody has told what this node had missed, in answer to a shuffle: perhaps there is more.
pub(super) fn ask_again(peer: Peer, cx: &mut Cx<'_>) {
    let now = cx.now();
    let has_asked = |peer: u16| now < cx.peers[usize::from(peer)].gossip.answers_until;
    if cx.resolve(peer).is_some_and(has_asked) {
        cx.state.gossip.again = Held::This(peer);
        look_further(cx);
    }
}

/// All that somebody had told is checked: perhaps there is more.
fn look_further(cx: &mut Cx<'_>) {
    if cx.state.gossip.count.unproven == 0
        && let Some(peer) = cx.state.gossip.again.take()
        && exchange::may_be_eager(cx)
    {
        members::shuffle_with(peer, cx);
    }
}
