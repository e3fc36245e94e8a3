//! The task that moves a sensor.

use core::future::pending;

use embassy_futures::select::{Either4, select4};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::Timer;
use heapless::Vec;
use underpass_core::{
    CapacityError, Config, ConnectError, Event, Instant, MessageId, Outgoing, Peer, Purpose,
    SendError, Storage,
};
use underpass_embassy::{Handle, Incoming, Node, What};

use crate::board::Board;
use crate::messages::{COMMAND, Command, READING, Status};
use crate::sensor::Sensor;
use crate::settings::{Membership, Place, Settings};

/// Readings under way at most: more than any board's storage holds.
const READINGS_MAX: usize = 32;

/// Questions at the console that the sensor answers in its log: how it is.
pub type Questions = Signal<CriticalSectionRawMutex, ()>;

/// The node of a board with these settings. `seed` is **32 bytes that nobody else has, fresh at every boot**;
/// `tape` is where a recording goes, if there is to be one and the feature `record` is on.
///
/// # Errors
/// If the storage's lengths do not go together.
pub fn node<S: Storage>(
    settings: &Settings,
    network: &Membership,
    seed: [u8; 32],
    storage: S,
    tape: fn(&[u8]),
) -> Result<Node<S>, CapacityError> {
    let (config, id) = (Config::new(network.network()), settings.identity().id());
    #[cfg(feature = "record")]
    return Node::new(config, id, seed, storage, now(), settings.records.then_some(tape));
    #[cfg(not(feature = "record"))]
    {
        let _ = tape;
        Node::new(config, id, seed, storage, now())
    }
}

/// An answer that there was no room for yet.
type Owed = (Peer, MessageId, Status);

/// Is the sensor of this peer, for ever.
///
/// # Errors
/// If the peer or the relay is this board itself, or the storage has no room for them.
pub async fn run<S: Storage, const LETTERS: usize>(
    handle: Handle<'_, S, LETTERS>,
    settings: &Settings,
    peer: Place,
    questions: &Questions,
    board: &mut impl Board,
) -> Result<(), ConnectError> {
    if let Some(relay) = settings.relay {
        handle.connect(relay.id, relay.address)?;
    }
    let peer = handle.connect(peer.id, peer.address)?;
    let mut sensor = Sensor::new(peer, settings.interval_ms, now());
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
        match select4(receive, handle.event(), alarm, questions.wait()).await {
            Either4::First(incoming) => owed = ask(incoming, &mut sensor, board),
            Either4::Second(event) => {
                let ended = match event {
                    Event::Message(_, id, _) => readings.iter().position(|known| *known == id),
                    _ => None,
                };
                let is_reading = ended.map(|position| readings.swap_remove(position)).is_some();
                log(event, peer, board);
                sensor.on_event(event, is_reading);
            }
            Either4::Third(()) => {}
            Either4::Fourth(()) => {
                let Status { acked, lost, skipped, stack_used, .. } =
                    sensor.status(now(), board.stack_used());
                board.log(format_args!(
                    "status acked {acked} lost {lost} skipped {skipped} stack {stack_used}"
                ));
            }
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

fn log(event: Event, whose: Peer, board: &mut impl Board) {
    let who = |peer| if peer == whose { "peer" } else { "relay" };
    match event {
        Event::Connected(peer) => board.log(format_args!("the {} is there", who(peer))),
        Event::Disconnected(peer) => board.log(format_args!("the {} is gone", who(peer))),
        _ => {}
    }
}

fn now() -> Instant {
    Instant::from_micros(embassy_time::Instant::now().as_micros())
}
