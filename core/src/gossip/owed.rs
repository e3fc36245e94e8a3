//! What neighbours are owed, and how it is written.

use super::record::Record;
use super::table::Onward;
use super::{ONWARD, exchange, members, records, rumour};
use crate::counters::Counter;
use crate::cx::{Actor, Cx};
use crate::heartbeat::Via;
use crate::held::Held;
use crate::peer::Peer;
use crate::session;
use crate::wire::{GossipWriter, ITEMS, NeighbourAnswer, PeerRequest, Telling, Told};

/// What it is owed.
pub(super) struct Owed {
    pub(super) ask: Held<bool>,
    pub(super) answer: Held<NeighbourAnswer>,
    /// This node's own record: as a newcomer's, or as one that has changed.
    pub(super) announcement: bool,
    pub(super) update: bool,
    /// Its own record, which it has forgotten.
    pub(super) back: bool,
    /// Records of others.
    pub(super) onward: [Held<(u16, Onward)>; ONWARD],
    pub(super) shuffle: bool,
    pub(super) list: Held<List>,
    pub(super) request: Held<PeerRequest>,
    /// A bit for each place of a rumour.
    pub(super) rumours: u64,
}

/// Records that were asked for, by slot.
#[derive(Clone, Copy)]
pub(super) struct List {
    pub(super) request: [u8; 8],
    pub(super) slots: [Option<u16>; ITEMS],
    /// Bytes that they may take.
    pub(super) room: u16,
}

impl List {
    /// In place of a slot: this node's own record.
    pub(super) const OWN: u16 = u16::MAX;
}

impl Owed {
    pub(super) const NOTHING: Self = Self {
        ask: Held::Nothing,
        answer: Held::Nothing,
        announcement: false,
        update: false,
        back: false,
        onward: [Held::Nothing; ONWARD],
        shuffle: false,
        list: Held::Nothing,
        request: Held::Nothing,
        rumours: 0,
    };

    fn is_nothing(&self) -> bool {
        let Self { ask, answer, list, request, .. } = self;
        let is_told = self.announcement || self.update || self.back || self.shuffle;
        !is_told
            && self.rumours == 0
            && ask.as_ref().is_none()
            && answer.as_ref().is_none()
            && list.as_ref().is_none()
            && request.as_ref().is_none()
            && self.onward.iter().all(|held| held.as_ref().is_none())
    }
}

/// Whether anything is owed to this peer.
pub(crate) fn owes(peer: u16, cx: &mut Cx<'_>) -> bool {
    !cx.peer(peer).gossip.owed.is_nothing()
}

/// Notes something that a peer is owed.
pub(super) fn owe(peer: u16, note: impl FnOnce(&mut Owed), cx: &mut Cx<'_>) {
    note(&mut cx.peer(peer).gossip.owed);
    cx.make_ready(Actor::Peer(peer));
}

/// The same for one that may be gone.
pub(super) fn owe_handle(peer: Peer, note: impl FnOnce(&mut Owed), cx: &mut Cx<'_>) {
    if let Some(peer) = cx.resolve(peer) {
        owe(peer, note, cx);
    }
}

/// The next message about third parties for this peer, written into `out`, and how it goes.
pub(crate) fn take_owed(peer: u16, out: &mut [u8], cx: &mut Cx<'_>) -> Option<(Via, usize)> {
    // A peer that has not answered yet has to wait, and is told again then.
    let via = session::current(peer, cx)?;
    while owes(peer, cx) {
        if let Some(len) = write_owed(peer, out, cx) {
            cx.state.counters.count(Counter::GossipSent);
            cx.state.counters.add(Counter::GossipBytesSent, len);
            return Some((via, len));
        }
    }
    None
}

/// Takes one thing that is owed; `None` if there is nothing left to be said of it.
fn write_owed(peer: u16, out: &mut [u8], cx: &mut Cx<'_>) -> Option<usize> {
    let owed = &mut cx.peer(peer).gossip.owed;
    if let Some(is_urgent) = owed.ask.take() {
        return Some(GossipWriter::neighbour(is_urgent, out));
    }
    if core::mem::take(&mut owed.announcement) {
        owed.update = false;
        return own_record(members::JOIN_HOPS, Telling::Announcement, out, cx);
    }
    if core::mem::take(&mut owed.update) {
        return own_record(members::UPDATE_HOPS, Telling::Update, out, cx);
    }
    if core::mem::take(&mut owed.back) {
        let id = cx.peer(peer).contact.as_ref()?.id;
        let slot = records(cx).find(&id)?;
        return record_of(slot, 1, Telling::Update, out, cx);
    }
    if let Some((slot, onward)) = owed.onward.iter_mut().find_map(Held::take) {
        return match onward {
            Onward::Stay => None,
            Onward::Walk(hops) | Onward::Join(hops) => {
                record_of(slot, hops, Telling::Announcement, out, cx)
            }
            Onward::Spread(hops) => record_of(slot, hops, Telling::Update, out, cx),
        };
    }
    if let Some(list) = owed.list.take() {
        return exchange::write_list(&list, out, cx);
    }
    if let Some(request) = owed.request.take() {
        return Some(GossipWriter::request(&request, out));
    }
    if owed.rumours != 0 {
        let slot = owed.rumours.trailing_zeros();
        owed.rumours &= owed.rumours - 1;
        return rumour::write(slot as usize, out, cx);
    }
    if core::mem::take(&mut owed.shuffle) {
        return Some(exchange::write_shuffle(peer, out, cx));
    }
    // Last: whoever is told that it is no neighbour may go.
    let answer = owed.answer.take()?;
    Some(GossipWriter::neighbour_answer(answer, out))
}

fn own_record(hops: u8, telling: Telling, out: &mut [u8], cx: &mut Cx<'_>) -> Option<usize> {
    let (age_s, signed) = cx.state.gossip.own.signed(cx.state.now)?;
    Some(GossipWriter::told(telling, &Told { hops, age_s, signed }, out))
}

fn record_of(
    slot: u16,
    hops: u8,
    telling: Telling,
    out: &mut [u8],
    cx: &mut Cx<'_>,
) -> Option<usize> {
    let now = cx.now();
    // Another record may have taken its place: that one is as true.
    let place = cx.records.get(usize::from(slot)).filter(|place| place.is_held())?;
    let age_s = place.entry.age_s(now);
    let mut signed = [0; Record::LEN_MAX];
    let len = records(cx).read(slot, &mut signed);
    Some(GossipWriter::told(telling, &Told { hops, age_s, signed: &signed[..len] }, out))
}
