//! The task that moves a sensor.

use core::future::pending;

use embassy_futures::select::{Either3, select3};
use embassy_time::Timer;
use heapless::Vec;
use underpass_core::{
    Config, ConnectError, Event, Instant, MessageId, Outgoing, Peer, Purpose, SendError, Storage,
};
use underpass_embassy::{Handle, Incoming, What};

use crate::board::Board;
use crate::messages::{COMMAND, Command, READING, Status};
use crate::sensor::Sensor;
use crate::settings::Membership;

/// Readings under way at most: more than any board's storage holds.
const READINGS_MAX: usize = 32;

/// The configuration of a sensor's node.
pub fn configure(membership: &Membership) -> Config {
    Config::new(membership.network())
}

/// An answer that there was no room for yet.
type Owed = (Peer, MessageId, Status);

/// Is the sensor, for ever.
///
/// # Errors
/// If the peer is this board itself, or the storage has no room for one.
pub async fn run<S: Storage, const LETTERS: usize>(
    handle: Handle<'_, S, LETTERS>,
    membership: &Membership,
    board: &mut impl Board,
) -> Result<(), ConnectError> {
    let peer = handle.connect(membership.peer, membership.address)?;
    let mut sensor = Sensor::new(peer, now());
    let mut readings = Vec::<MessageId, READINGS_MAX>::new();
    let mut owed: Option<Owed> = None;
    loop {
        board.set_lamp(sensor.is_lit(now()));
        if let Some(reading) = sensor.reading(now(), || board.measure()) {
            let payload = &reading.to_bytes();
            let message = Outgoing { kind: READING, purpose: Purpose::Notice, payload };
            let sent = handle.send_message(peer, message).ok();
            if sent.is_none_or(|id| readings.push(id).is_err()) {
                sensor.on_refused();
            }
        }
        owed = owed.filter(|owed| answer(handle, owed) == Err(SendError::Full));
        let mut buffer = [0; Command::LEN];
        // While an answer waits for room, no more questions are taken.
        let receive = async {
            match owed {
                Some(_) => pending().await,
                None => handle.receive(&mut buffer).await,
            }
        };
        let alarm = Timer::at(embassy_time::Instant::from_micros(sensor.next(now()).as_micros()));
        match select3(receive, handle.event(), alarm).await {
            Either3::First(incoming) => owed = ask(incoming, &mut sensor, board),
            Either3::Second(event) => {
                let ended = match event {
                    Event::Message(_, id, _) => readings.iter().position(|known| *known == id),
                    _ => None,
                };
                let is_reading = ended.map(|position| readings.swap_remove(position)).is_some();
                log(event, board);
                sensor.on_event(event, is_reading);
            }
            Either3::Third(()) => {}
        }
    }
}

/// Does what a payload asks, and returns what is to be answered.
fn ask(incoming: Incoming<'_>, sensor: &mut Sensor, board: &mut impl Board) -> Option<Owed> {
    let What::Message { id, kind: COMMAND, purpose: Purpose::Request } = incoming.what else {
        return None;
    };
    // Other members of the network have no say.
    if incoming.from != sensor.peer() || incoming.len > Command::LEN {
        return None;
    }
    let command = Command::from_bytes(incoming.payload)?;
    sensor.on_command(command, now());
    board.set_lamp(sensor.is_lit(now()));
    Some((incoming.from, id, sensor.status(now(), board.stack_used())))
}

fn answer<S: Storage, const LETTERS: usize>(
    handle: Handle<'_, S, LETTERS>,
    (to, question, status): &Owed,
) -> Result<(), SendError> {
    let (purpose, payload) = (Purpose::Reply(question.request()), &status.to_bytes());
    handle.send_message(*to, Outgoing { kind: COMMAND, purpose, payload }).map(|_| ())
}

fn log(event: Event, board: &mut impl Board) {
    match event {
        Event::Connected(_) => board.log(format_args!("the peer is there")),
        Event::Disconnected(_) => board.log(format_args!("the peer is gone")),
        _ => {}
    }
}

fn now() -> Instant {
    Instant::from_micros(embassy_time::Instant::now().as_micros())
}
