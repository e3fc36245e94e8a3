//! What the sensor does, and when.

use underpass_core::{Duration, Event, Instant, Outcome, Peer};

use crate::messages::{Command, Lamp, Reading, Status};

/// Half a period of the lamp that blinks.
const BLINK: Duration = Duration::from_millis(250);

/// A sensor, apart from the board: time and events in, readings and light out.
pub struct Sensor {
    peer: Peer,
    is_connected: bool,
    lamp: Lamp,
    interval: Duration,
    started_at: Instant,
    next_reading: Instant,
    readings: u32,
    acked: u32,
    lost: u32,
    skipped: u32,
}

impl Sensor {
    /// How often a sensor sends a reading that was told nothing else.
    pub const INTERVAL_MS: u32 = 10_000;
    /// A shorter one would be a burden for small boards.
    pub const INTERVAL_MS_MIN: u32 = 20;
    /// One that is silent for longer might as well be gone.
    pub const INTERVAL_MS_MAX: u32 = 3_600_000;

    /// A sensor of this peer, at whose other end nobody is yet. Its first reading is due.
    pub const fn new(peer: Peer, interval_ms: u32, now: Instant) -> Self {
        Self {
            peer,
            is_connected: false,
            lamp: Lamp::State,
            interval: Duration::from_millis(interval_ms as u64),
            started_at: now,
            next_reading: now,
            readings: 0,
            acked: 0,
            lost: 0,
            skipped: 0,
        }
    }

    /// When something is to be done next: a reading, or the lamp changes.
    pub fn next(&self, now: Instant) -> Instant {
        match (self.lamp, self.is_connected) {
            (Lamp::State, false) => self.next_reading.min(now + BLINK),
            _ => self.next_reading,
        }
    }

    /// The reading that is due, if one is: then it is measured. Those that were missed are left out.
    pub fn reading(&mut self, now: Instant, measure: impl FnOnce() -> i32) -> Option<Reading> {
        if now < self.next_reading {
            return None;
        }
        self.next_reading = (self.next_reading + self.interval).max(now);
        let uptime_ms = now.saturating_since(self.started_at).as_micros() / 1_000;
        let reading =
            Reading { number: self.readings, uptime_ms: uptime_ms as u32, milli: measure() };
        self.readings += 1;
        Some(reading)
    }

    /// There was no room for a reading.
    pub fn on_refused(&mut self) {
        self.skipped += 1;
    }

    /// Takes note of what the node reports. `is_reading` says of a message that has ended whether
    /// it was a reading, as a reply is counted nowhere.
    pub fn on_event(&mut self, event: Event, is_reading: bool) {
        match event {
            Event::Connected(peer) if peer == self.peer => self.is_connected = true,
            Event::Disconnected(peer) if peer == self.peer => self.is_connected = false,
            Event::Message(_, _, Outcome::Acked) if is_reading => self.acked += 1,
            Event::Message(..) if is_reading => self.lost += 1,
            _ => {}
        }
    }

    /// Does what was asked.
    pub fn on_command(&mut self, command: Command, now: Instant) {
        match command {
            Command::Status => {}
            Command::Lamp(lamp) => self.lamp = lamp,
            Command::Interval { ms } => {
                let ms = ms.clamp(Self::INTERVAL_MS_MIN, Self::INTERVAL_MS_MAX);
                self.interval = Duration::from_millis(ms.into());
                self.next_reading = now + self.interval;
            }
        }
    }

    /// Whose sensor this is.
    pub const fn peer(&self) -> Peer {
        self.peer
    }

    /// Whether the lamp is lit.
    pub fn is_lit(&self, now: Instant) -> bool {
        let blinks = (now.as_micros() / BLINK.as_micros()).is_multiple_of(2);
        match self.lamp {
            Lamp::Off => false,
            Lamp::On => true,
            Lamp::State => self.is_connected || blinks,
        }
    }

    /// How it is.
    pub fn status(&self, now: Instant, stack_used: u32) -> Status {
        let Self { acked, lost, skipped, .. } = *self;
        Status { is_lit: self.is_lit(now), acked, lost, skipped, stack_used }
    }
}
