//! A node that does nothing but hand on rumours.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::{Duration, Instant};
use underpass_sim::machine::{Cx, IpFamily, Machine, Socket};

use super::Way;

pub(super) const PORT: u16 = 4000;
/// Between two pushes of a node that waits for feedback: longer than a round trip.
pub(super) const CYCLE: Duration = Duration::from_millis(100);
/// Until one that has been told that there is a rumour asks for it, and until it asks the next (Plumtree's two
/// timeouts).
const MISSED: Duration = Duration::from_millis(200);
const ASKED_AGAIN: Duration = Duration::from_millis(100);
/// Between two shuffles of a node, as in the core.
const SHUFFLE: Duration = Duration::from_secs(60);

/// A rumour with 64 bytes of payload in a sealed packet, and what is said about one: its number, sealed.
const TELL_LEN: usize = 210;
const WORD_LEN: usize = 41;
/// A question that may be answered with records, sealed.
const SHUFFLE_LEN: usize = 372;

/// Rumours of one run.
pub(super) const RUMOURS: usize = 8;

/// What messages are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The rumour itself.
    Tell,
    /// Plumtree: there is this rumour; it is wanted; it was here already.
    Have,
    Graft,
    Prune,
    /// Demers: it was news at the beginning of this cycle, or was not.
    News,
    NoNews,
    /// What a node holds.
    Shuffle,
}

const KINDS: [Kind; 7] =
    [Kind::Tell, Kind::Have, Kind::Graft, Kind::Prune, Kind::News, Kind::NoNews, Kind::Shuffle];

/// What all nodes of a run have in common.
pub(super) struct Plan {
    pub(super) way: Way,
    /// Whether nodes shuffle.
    pub(super) repairs: bool,
    /// By node.
    pub(super) addresses: Vec<SocketAddr>,
    /// Who begins which rumour, and when.
    pub(super) rumours: [(u32, Instant); RUMOURS],
}

#[derive(Clone, Default)]
struct Heard {
    at: Option<Instant>,
    hops: u8,
    /// Copies sent.
    copies: u64,
    /// Bytes of these and of all words about it.
    bytes: u64,
    // Plumtree: who has said that he has it, and when that is looked at.
    announcers: Vec<usize>,
    missed_at: Option<Instant>,
    // Demers.
    is_hot: bool,
    unnecessary: u32,
    /// Of the last cycle.
    asked: u32,
    was_news: u32,
}

pub(super) struct Spreader {
    plan: Arc<Plan>,
    number: u32,
    neighbours: Vec<SocketAddr>,
    socket: Option<Socket>,
    /// Plumtree: neighbours that are told at once.
    eager: BTreeSet<usize>,
    heard: Vec<Heard>,
    shuffle_at: Instant,
    draws: u64,
}

impl Spreader {
    pub(super) fn new(plan: Arc<Plan>, number: u32, neighbours: &[u32]) -> Self {
        let neighbours: Vec<_> =
            neighbours.iter().map(|neighbour| plan.addresses[*neighbour as usize]).collect();
        Self {
            plan,
            number,
            socket: None,
            eager: (0..neighbours.len()).collect(),
            neighbours,
            heard: vec![Heard::default(); RUMOURS],
            shuffle_at: Instant::ORIGIN,
            draws: 0,
        }
    }

    /// When it heard a rumour, after how many hops, what it has sent of it, and what all that took.
    pub(super) fn result(&self, rumour: usize) -> (Option<(Instant, u8)>, u64, u64) {
        let Heard { at, hops, copies, bytes, .. } = self.heard[rumour];
        (at.map(|at| (at, hops)), copies, bytes)
    }

    fn draw(&mut self, cx: &mut Cx<'_>, below: usize) -> usize {
        self.draws += 1;
        cx.stream(&["spread"]).below(self.draws, below as u64) as usize
    }

    fn send(&mut self, cx: &mut Cx<'_>, to: SocketAddr, kind: Kind, rumour: usize) {
        let len = match kind {
            Kind::Tell => TELL_LEN,
            Kind::Shuffle => SHUFFLE_LEN,
            _ => WORD_LEN,
        };
        let heard = &mut self.heard[rumour];
        heard.copies += u64::from(kind == Kind::Tell);
        heard.bytes += if kind == Kind::Shuffle { 0 } else { len as u64 };
        let mut bytes = [0; SHUFFLE_LEN];
        let number = KINDS.iter().position(|known| *known == kind).unwrap_or_default();
        bytes[..3].copy_from_slice(&[number as u8, rumour as u8, heard.hops + 1]);
        let held = self.heard.iter().map(|heard| u8::from(heard.at.is_some()));
        bytes[3..].iter_mut().zip(held).for_each(|(place, held)| *place = held);
        if let Some(socket) = self.socket {
            cx.send(socket, to, &bytes[..len]);
        }
    }

    fn hear(&mut self, cx: &mut Cx<'_>, rumour: usize, hops: u8, from: Option<SocketAddr>) {
        let heard = &mut self.heard[rumour];
        (heard.at, heard.hops, heard.missed_at) = (Some(cx.now()), hops, None);
        match self.plan.way {
            Way::Flood => {
                for to in self.neighbours.clone() {
                    if Some(to) != from {
                        self.send(cx, to, Kind::Tell, rumour);
                    }
                }
            }
            Way::Tree => {
                for (place, to) in self.neighbours.clone().into_iter().enumerate() {
                    if Some(to) != from {
                        let is_eager = self.eager.contains(&place);
                        let kind = if is_eager { Kind::Tell } else { Kind::Have };
                        self.send(cx, to, kind, rumour);
                    }
                }
            }
            Way::Feedback { .. } => heard.is_hot = true,
        }
    }

    fn told(&mut self, cx: &mut Cx<'_>, from: SocketAddr, rumour: usize, hops: u8) {
        let place = self.neighbours.iter().position(|neighbour| *neighbour == from);
        let known = self.heard[rumour].at;
        if self.plan.way == Way::Tree {
            match known {
                None => self.eager.extend(place),
                Some(_) => {
                    place.map(|place| self.eager.remove(&place));
                    self.send(cx, from, Kind::Prune, rumour);
                }
            }
        }
        if let Way::Feedback { .. } = self.plan.way {
            // What it learned in this same cycle from somebody else it did not know when that began.
            let is_old = known.is_some_and(|at| cycle(at) < cycle(cx.now()));
            self.send(cx, from, if is_old { Kind::NoNews } else { Kind::News }, rumour);
        }
        if known.is_none() {
            self.hear(cx, rumour, hops, Some(from));
        }
    }

    /// Pushes, if the answers of the last cycle leave it any interest.
    fn push(&mut self, cx: &mut Cx<'_>, rumour: usize) {
        let Way::Feedback { fan_out, k, among_all } = self.plan.way else { return };
        let heard = &mut self.heard[rumour];
        match heard.was_news {
            0 => heard.unnecessary += heard.asked,
            _ => heard.unnecessary = 0,
        }
        (heard.asked, heard.was_news) = (0, 0);
        if heard.unnecessary >= k {
            heard.is_hot = false;
            return;
        }
        let plan = Arc::clone(&self.plan);
        let mut among = if among_all { Vec::new() } else { self.neighbours.clone() };
        for _ in 0..fan_out {
            let to = if among_all {
                let draw = self.draw(cx, plan.addresses.len() - 1);
                // Anybody but itself.
                plan.addresses[draw + usize::from(draw >= self.number as usize)]
            } else {
                if among.is_empty() {
                    break;
                }
                let draw = self.draw(cx, among.len());
                among.swap_remove(draw)
            };
            self.heard[rumour].asked += 1;
            self.send(cx, to, Kind::Tell, rumour);
        }
    }

    fn next_shuffle(&mut self, cx: &mut Cx<'_>) -> Instant {
        // A quarter sooner at most, as the core's jitter goes.
        let span = SHUFFLE.as_micros();
        let draw = self.draw(cx, span as usize / 4) as u64;
        cx.now() + Duration::from_micros(span - draw)
    }

    fn next_wake(&self, now: Instant) -> Option<Instant> {
        let begins = self.plan.rumours.iter().filter(|(who, at)| *who == self.number && *at > now);
        let missed = self.heard.iter().filter_map(|heard| heard.missed_at);
        let is_hot = self.heard.iter().any(|heard| heard.is_hot);
        let cycle = Instant::from_micros((cycle(now) + 1) * CYCLE.as_micros());
        begins
            .map(|(_, at)| *at)
            .chain(missed)
            .chain(is_hot.then_some(cycle))
            .chain(self.plan.repairs.then_some(self.shuffle_at))
            .min()
    }
}

fn cycle(at: Instant) -> u64 {
    at.as_micros() / CYCLE.as_micros()
}

impl Machine for Spreader {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.socket = cx.bind(IpFamily::V4, PORT).ok();
        let phase = self.draw(cx, SHUFFLE.as_micros() as usize) as u64;
        self.shuffle_at = cx.now() + Duration::from_micros(phase);
        cx.wake_at(self.next_wake(cx.now()));
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, _: Socket, from: SocketAddr, bytes: &mut [u8]) {
        let (rumour, hops) = (usize::from(bytes[1]), bytes[2]);
        let place = self.neighbours.iter().position(|neighbour| *neighbour == from);
        let heard = &mut self.heard[rumour];
        match KINDS[usize::from(bytes[0])] {
            Kind::Tell => self.told(cx, from, rumour, hops),
            Kind::Have if heard.at.is_none() => {
                heard.announcers.extend(place);
                heard.missed_at.get_or_insert(cx.now() + MISSED);
            }
            Kind::Have => {}
            Kind::Graft => {
                self.eager.extend(place);
                if heard.at.is_some() {
                    self.send(cx, from, Kind::Tell, rumour);
                }
            }
            Kind::Prune => drop(place.map(|place| self.eager.remove(&place))),
            Kind::News => heard.was_news += 1,
            Kind::NoNews => {}
            Kind::Shuffle => {
                let theirs: Vec<bool> = bytes[3..3 + RUMOURS].iter().map(|it| *it == 1).collect();
                let mine = |heard: &Heard| heard.at.is_some();
                for (rumour, has) in theirs.iter().enumerate() {
                    if mine(&self.heard[rumour]) && !has {
                        self.send(cx, from, Kind::Tell, rumour);
                    }
                }
                if theirs.iter().zip(&self.heard).any(|(has, heard)| *has && !mine(heard)) {
                    self.send(cx, from, Kind::Shuffle, 0);
                }
            }
        }
        cx.wake_at(self.next_wake(cx.now()));
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now();
        for (rumour, (who, at)) in self.plan.rumours.into_iter().enumerate() {
            if who == self.number && at == now {
                self.hear(cx, rumour, 0, None);
            }
        }
        for rumour in 0..RUMOURS {
            let heard = &mut self.heard[rumour];
            if heard.missed_at.is_some_and(|at| at <= now) {
                heard.missed_at = None;
                if !heard.announcers.is_empty() {
                    let next = heard.announcers.remove(0);
                    heard.missed_at = Some(now + ASKED_AGAIN);
                    self.eager.insert(next);
                    self.send(cx, self.neighbours[next], Kind::Graft, rumour);
                }
            }
            let began_before = |at: Instant| cycle(at) < cycle(now);
            let is_due = now.as_micros().is_multiple_of(CYCLE.as_micros());
            if self.heard[rumour].is_hot
                && is_due
                && self.heard[rumour].at.is_some_and(began_before)
            {
                self.push(cx, rumour);
            }
        }
        if self.plan.repairs && self.shuffle_at <= now {
            self.shuffle_at = self.next_shuffle(cx);
            if !self.neighbours.is_empty() {
                let next = self.draw(cx, self.neighbours.len());
                self.send(cx, self.neighbours[next], Kind::Shuffle, 0);
            }
        }
        cx.wake_at(self.next_wake(now));
    }
}
