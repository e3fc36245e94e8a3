//! Two worlds side by side: the first thing that one does and the other does not.
//!
//! They are run a virtual second at a time, and what happened in it is compared. So the memory that it
//! takes is that of a second, and runs that are never twice the same are caught in the act.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use underpass_core::{Duration, Instant};

use crate::trace::{Happening, PacketDigest, PacketInfo, Witness};
use crate::world::{Stop, World};

/// Of what both did alike before they parted, so much is told.
const BEFORE: usize = 5;

const STEP: Duration = Duration::from_secs(1);

/// Where two runs part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The last events that both have in common, in order.
    pub before: Vec<Event>,
    /// What each of the two does next; `None` where it is over.
    pub next: [Option<Event>; 2],
}

/// Something that happened in a run, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// At which node or NAT.
    pub place: String,
    /// What.
    pub what: String,
}

impl Difference {
    /// The virtual time of the first event that differs.
    ///
    /// # Panics
    ///
    /// If there is none, which nobody should call a difference.
    pub fn at(&self) -> Instant {
        let times = self.next.iter().flatten().map(|event| event.at);
        times.min().expect("at least one of the two goes on")
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}  {} {}", self.at, self.place, self.what)
    }
}

/// A world, the time up to which it is to be run, and how that ended so far.
pub(crate) struct Side {
    pub(crate) world: World,
    until: Instant,
    pub(crate) stopped: Option<Stop>,
    journal: Journal,
}

/// What happened since this was last looked at.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<Entry>>>);

type Entry = (Instant, Happening<PacketDigest>);

impl Side {
    /// A world at its origin.
    pub(crate) fn new(mut world: World, until: Instant) -> Self {
        let journal = Journal::default();
        world.attach(Box::new(journal.clone()));
        Self { world, until, stopped: None, journal }
    }

    fn is_over(&self) -> bool {
        self.stopped.is_some() || self.world.now() >= self.until
    }

    /// Runs it to that time, and says what happened on the way.
    fn advance(&mut self, to: Instant) -> Vec<Entry> {
        if !self.is_over() {
            self.stopped = self.world.run_until(to.min(self.until)).err();
        }
        std::mem::take(&mut *self.journal.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn event(&self, (at, what): &Entry) -> Event {
        let (place, what) = what.describe(self.world.node_names(), self.world.nat_names());
        Event { at: *at, place, what }
    }
}

impl Witness for Journal {
    fn happened(&mut self, now: Instant, what: &Happening<&PacketInfo<'_>>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((now, what.digest()));
    }
}

/// Runs both to their ends, or to where they part.
pub(crate) fn run_both(sides: &mut [Side; 2]) -> Option<Difference> {
    let mut before: VecDeque<Entry> = VecDeque::new();
    let mut to = Instant::ORIGIN;
    loop {
        let [first, second] = sides.each_mut().map(|side| side.advance(to));
        let alike = first.iter().zip(&second).take_while(|(one, other)| one == other).count();
        for entry in &first[alike.saturating_sub(BEFORE)..alike] {
            before.push_back(entry.clone());
        }
        before.drain(..before.len().saturating_sub(BEFORE));
        let [one, other] = &*sides;
        if alike < first.len().max(second.len()) {
            let next = [(one, first.get(alike)), (other, second.get(alike))];
            return Some(Difference {
                before: before.iter().map(|entry| one.event(entry)).collect(),
                next: next.map(|(side, entry)| entry.map(|entry| side.event(entry))),
            });
        }
        if one.is_over() && other.is_over() {
            return None;
        }
        to = to + STEP;
    }
}

/// Runs two worlds up to that time side by side, and says where they part, if they do. One that
/// stops before has no further events.
pub fn compare(worlds: [World; 2], until: Instant) -> Option<Difference> {
    run_both(&mut worlds.map(|world| Side::new(world, until)))
}
