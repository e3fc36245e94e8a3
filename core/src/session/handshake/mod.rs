//! Handshakes under way: from a `Hello` to a session that both ends have proved to hold.
//!
//! ```text
//! initiator  WritingHello -> AwaitingWelcome <-> ReadingWelcome -> Confirming -> session
//! responder  ReadingHello -> Identifying -> WritingWelcome      -> Confirming -> session
//! ```
//!
//! Every arrow but the first and last is a public-key operation or several, each a job. A slot ends
//! as a session when the first packet is opened under its keys (`confirm.rs`), or when its time is
//! over.

mod confirm;
mod initiator;
mod responder;

pub(crate) use confirm::{Confirmed, confirm, own_goes_first, remote};
pub(crate) use initiator::{initiate, on_welcome};
pub(crate) use responder::on_hello;

use zeroize::Zeroize;

use crate::counters::{Counter, Dropped};
use crate::cx::{Actor, Cx};
use crate::heartbeat::Via;
use crate::held::Held;
use crate::identity::PeerId;
use crate::job::{Outcome, Stale, Ticket, Work};
use crate::lifecycle::Turn;
use crate::noise::{Noise, NoiseError, Role, Step};
use crate::path::Path;
use crate::session::SessionId;
use crate::time::Duration;
use crate::timer::{HandshakeTimers, Timer, retry_gap};
use crate::wire::{Hello, Intro, Malformed, VERSION, Welcome};

/// How far a handshake is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    Free,
    WritingHello,
    /// The `Hello` is out, and repeated.
    AwaitingWelcome,
    /// On a copy of the state: a forged `Welcome` must not cost us the handshake.
    ReadingWelcome,
    ReadingHello,
    /// Whose key the `Hello` carried.
    Identifying,
    WritingWelcome,
    /// The keys are there; the first packet opened with them proves that the peer is, too.
    Confirming,
}

/// The public-key work that a handshake waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pending {
    Nothing,
    /// What its Noise state asks for.
    Operation,
    /// Whose key the `Hello` carried.
    Identity,
}

/// One handshake of the storage.
pub struct HandshakeSlot {
    pub(crate) stage: Stage,
    pub(crate) role: Role,
    /// Where the `Hello` goes to or came from.
    pub(crate) path: Held<Path>,
    pub(crate) session: SessionId,
    /// The other end, once it is known.
    remote: Option<PeerId>,
    remote_index: u32,
    remote_intro: Option<Intro>,
    noise: Held<Noise>,
    /// The copy that reads a `Welcome`.
    reader: Held<Noise>,
    /// The `Hello`, then the `Welcome` where we write one; kept to be repeated byte by byte.
    message: [u8; Hello::LEN],
    /// The `Welcome` being read.
    answer: [u8; Welcome::LEN],
    /// Tells a repeated `Hello` from another one.
    hello_mac1: [u8; 16],
    /// What it waits for. The secrets that takes are not copied here.
    pending: Pending,
    /// The number of the ticket that operation was handed out with.
    ticket: Option<u64>,
    tries: u8,
    send_owed: bool,
    pub(crate) timers: HandshakeTimers,
    /// In the queue of those with something to send.
    pub(crate) is_ready: bool,
    /// In the queue of those with a job.
    pub(crate) job_queued: bool,
}

impl HandshakeSlot {
    /// What a storage is filled with.
    pub const EMPTY: Self = Self {
        stage: Stage::Free,
        role: Role::Initiator,
        path: Held::Nothing,
        session: 0,
        remote: None,
        remote_index: 0,
        remote_intro: None,
        noise: Held::Nothing,
        reader: Held::Nothing,
        message: [0; Hello::LEN],
        answer: [0; Welcome::LEN],
        hello_mac1: [0; 16],
        pending: Pending::Nothing,
        ticket: None,
        tries: 0,
        send_owed: false,
        timers: HandshakeTimers::STOPPED,
        is_ready: false,
        job_queued: false,
    };
}

impl Drop for HandshakeSlot {
    fn drop(&mut self) {
        // What was opened in place.
        self.message.zeroize();
        self.answer.zeroize();
    }
}

impl From<NoiseError> for Dropped {
    fn from(error: NoiseError) -> Self {
        match error {
            NoiseError::Short => Self::BadLength,
            NoiseError::Unauthentic => Self::HandshakeUnauthentic,
            NoiseError::WeakKey => Self::WeakKey,
            NoiseError::Reflected => Self::OwnIdentity,
        }
    }
}

impl From<Malformed> for Dropped {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Length => Self::BadLength,
            Malformed::Kind => Self::UnknownKind,
            Malformed::Version => Self::UnsupportedVersion,
            Malformed::Reserved => Self::ReservedBits,
        }
    }
}

/// What we say of ourselves.
fn own_intro(cx: &Cx<'_>) -> Intro {
    Intro { version: VERSION, capabilities: 0, ping_interval: cx.state.config.ping_interval }
}

/// Goes on with the message that is being read or written, as far as it goes without a job.
fn advance(handshake: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    let slot = cx.handshake(handshake);
    let (noise, message) = match slot.stage {
        Stage::WritingHello | Stage::ReadingHello => {
            (&mut slot.noise, Hello::noise(&mut slot.message))
        }
        Stage::WritingWelcome => (&mut slot.noise, Welcome::noise(&mut slot.message)),
        Stage::ReadingWelcome => (&mut slot.reader, Welcome::noise(&mut slot.answer)),
        stage => unreachable!("nothing is read or written in {stage:?}"),
    };
    let noise = noise.as_mut().expect("there is a state while something is read or written");
    match noise.advance(message) {
        Ok(Step::NeedsOperation) => wait_for(handshake, Pending::Operation, cx),
        Ok(Step::MessageDone) => message_done(handshake, cx),
        Err(error) => refuse(handshake, error.into(), cx),
    }
}

fn wait_for(handshake: u16, pending: Pending, cx: &mut Cx<'_>) -> Option<Turn> {
    cx.handshake(handshake).pending = pending;
    cx.queue_job(handshake);
    None
}

fn message_done(handshake: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    let result = match cx.handshake(handshake).stage {
        Stage::WritingHello => initiator::hello_written(handshake, cx),
        Stage::ReadingWelcome => initiator::welcome_read(handshake, cx),
        Stage::ReadingHello => responder::hello_read(handshake, cx),
        Stage::WritingWelcome => responder::welcome_written(handshake, cx),
        stage => unreachable!("no message ends in {stage:?}"),
    };
    result.unwrap_or_else(|reason| refuse(handshake, reason, cx))
}

/// The message being worked on is not acceptable: the handshake ends, but for an initiator's,
/// which goes on waiting for a better one.
fn refuse(handshake: u16, reason: Dropped, cx: &mut Cx<'_>) -> Option<Turn> {
    cx.state.counters.refuse(reason);
    let slot = cx.handshake(handshake);
    if slot.stage == Stage::ReadingWelcome {
        slot.reader = Held::Nothing;
        slot.stage = Stage::AwaitingWelcome;
        return None;
    }
    let peer = peer_of_attempt(handshake, cx);
    abandon(handshake, cx);
    peer.map(Turn::Failed)
}

/// Erases a handshake, its session included.
pub(crate) fn abandon(handshake: u16, cx: &mut Cx<'_>) {
    let session = cx.handshake(handshake).session;
    cx.release_session(session);
    release(handshake, cx);
}

/// Gives the slot back; the session lives on, or is gone already.
fn release(handshake: u16, cx: &mut Cx<'_>) {
    if let Some(peer) = peer_of_attempt(handshake, cx) {
        cx.peer(peer).initiating = None;
    }
    cx.release_handshake(handshake);
}

/// The peer that we began this handshake with.
fn peer_of_attempt(handshake: u16, cx: &mut Cx<'_>) -> Option<u16> {
    let remote = cx.handshake(handshake).remote?;
    let peer = cx.find_peer(&remote)?;
    (cx.peer(peer).initiating == Some(handshake)).then_some(peer)
}

/// The session of our own handshake with this peer that waits to be confirmed: a `Ping` on it does
/// that.
pub(crate) fn unconfirmed(peer: u16, cx: &mut Cx<'_>) -> Option<Via> {
    let attempt = cx.peer(peer).initiating?;
    let slot = cx.handshake(attempt);
    if slot.stage != Stage::Confirming {
        return None;
    }
    Some(Via { session: slot.session, path: slot.path.get()? })
}

/// The next operation that a handshake waits for.
pub(crate) fn take_work(cx: &mut Cx<'_>) -> Option<(Ticket, Work)> {
    loop {
        let handshake = cx.take_job()?;
        // None if the handshake ended while it was queued.
        let Some(work) = cx.handshake(handshake).take_pending() else { continue };
        cx.state.tickets = cx.state.tickets.wrapping_add(1);
        let number = cx.state.tickets;
        cx.handshake(handshake).ticket = Some(number);
        cx.state.counters.count(Counter::Jobs);
        return Some((Ticket { handshake, number }, work));
    }
}

impl HandshakeSlot {
    fn take_pending(&mut self) -> Option<Work> {
        match core::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Nothing => None,
            Pending::Operation => self.working_noise()?.operation().map(Work::Handshake),
            Pending::Identity => self.noise.as_ref()?.remote_static().copied().map(Work::Identify),
        }
    }

    /// The state that reads or writes at this stage.
    fn working_noise(&mut self) -> Option<&mut Noise> {
        let reading = self.stage == Stage::ReadingWelcome;
        if reading { self.reader.as_mut() } else { self.noise.as_mut() }
    }
}

/// Takes the result of an operation and goes on.
pub(crate) fn on_outcome(
    ticket: Ticket,
    outcome: &Outcome,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Stale> {
    let Ticket { handshake, number } = ticket;
    let slot = cx.handshakes.get_mut(usize::from(handshake)).ok_or(Stale)?;
    let identifying = slot.stage == Stage::Identifying;
    let fits = identifying == matches!(outcome, Outcome::Identity(_));
    if !fits || slot.ticket.take_if(|waiting| *waiting == number).is_none() {
        return Err(Stale);
    }
    let result = match outcome {
        Outcome::Identity(identity) => responder::identified(handshake, *identity, cx),
        Outcome::Key(key) => {
            let noise = slot.working_noise().expect("it asked for this");
            noise.supply(key).map(|()| advance(handshake, cx)).map_err(Dropped::from)
        }
    };
    Ok(result.unwrap_or_else(|reason| refuse(handshake, reason, cx)))
}

pub(crate) fn on_timer(timer: Timer, handshake: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    match timer {
        Timer::HelloRetry => {
            retry_hello(handshake, cx);
            None
        }
        Timer::HandshakeExpiry => {
            cx.state.counters.count(Counter::HandshakesExpired);
            let peer = peer_of_attempt(handshake, cx);
            abandon(handshake, cx);
            peer.map(Turn::Failed)
        }
        _ => unreachable!("not a timer of a handshake"),
    }
}

/// Sends the `Hello` again, unless a `Welcome` is being read: that may yet prove a forged one, so
/// the next retry is due all the same.
fn retry_hello(handshake: u16, cx: &mut Cx<'_>) {
    let slot = cx.handshake(handshake);
    if slot.stage == Stage::AwaitingWelcome {
        owe_message(handshake, cx);
    } else {
        let gap = retry_gap(slot.tries);
        let retry = cx.now() + gap;
        cx.set_timer(Actor::Handshake(handshake), Timer::HelloRetry, Some(retry));
    }
}

fn owe_message(handshake: u16, cx: &mut Cx<'_>) {
    cx.handshake(handshake).send_owed = true;
    cx.make_ready(Actor::Handshake(handshake));
}

/// Writes the handshake's message into `out`, if it is to be sent now: the same bytes every time.
/// Returns its path and its length.
pub(crate) fn take_owed(handshake: u16, out: &mut [u8], cx: &mut Cx<'_>) -> Option<(Path, usize)> {
    let now = cx.now();
    let slot = cx.handshake(handshake);
    if !core::mem::take(&mut slot.send_owed) {
        return None;
    }
    let len = if slot.role == Role::Initiator { Hello::LEN } else { Welcome::LEN };
    out[..len].copy_from_slice(&slot.message[..len]);
    let path = slot.path.get()?;
    if slot.role == Role::Initiator {
        slot.tries = slot.tries.saturating_add(1);
        let retry = now + retry_gap(slot.tries);
        cx.set_timer(Actor::Handshake(handshake), Timer::HelloRetry, Some(retry));
    }
    Some((path, len))
}

/// The ping interval that two nodes share: the longer of what they asked for.
fn shared_interval(cx: &Cx<'_>, theirs: Duration) -> Duration {
    use crate::config::Config;
    let longer = cx.state.config.ping_interval.max(theirs);
    longer.clamp(Config::PING_INTERVAL_MIN, Config::PING_INTERVAL_MAX)
}
