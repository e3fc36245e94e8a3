//! How a handshake goes on: from one public-key operation to the next, and from message to message.

use super::{HandshakeSlot, Stage, abandon, initiator, peer_of_attempt, responder};
use crate::counters::{Counter, Dropped};
use crate::cx::Cx;
use crate::held::Held;
use crate::identity::PeerId;
use crate::job::{Outcome, Stale, Ticket, Waiting, Work};
use crate::lifecycle::Turn;
use crate::noise::{Noise, NoiseError, Role, Step};
use crate::peer::Contact;
use crate::wire::{Confirm, Hello, Welcome};

/// The public-key work that a handshake waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pending {
    Nothing,
    /// What its Noise state asks for.
    Operation,
    /// Whose key a message carried.
    Identity,
}

/// Goes on with the message that is being read or written, as far as it goes without a job.
pub(super) fn advance(handshake: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    let slot = cx.handshake(handshake);
    let (noise, message) = match slot.stage {
        Stage::WritingHello | Stage::ReadingHello => {
            (&mut slot.noise, Hello::noise(&mut slot.message))
        }
        Stage::WritingWelcome => (&mut slot.noise, Welcome::noise(&mut slot.message, slot.pattern)),
        Stage::ReadingWelcome => (&mut slot.reader, Welcome::noise(&mut slot.answer, slot.pattern)),
        Stage::WritingConfirm => (&mut slot.noise, Confirm::noise(&mut slot.message)),
        Stage::ReadingConfirm => (&mut slot.reader, Confirm::noise(&mut slot.answer)),
        stage => unreachable!("nothing is read or written in {stage:?}"),
    };
    let noise = noise.as_mut().expect("there is a state while something is read or written");
    match noise.advance(message) {
        Ok(Step::NeedsOperation) => wait_for(handshake, Pending::Operation, cx),
        Ok(Step::MessageDone) => message_done(handshake, cx),
        Err(error) => refuse(handshake, error.into(), cx),
    }
}

pub(super) fn wait_for(handshake: u16, pending: Pending, cx: &mut Cx<'_>) -> Option<Turn> {
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
        Stage::WritingConfirm => initiator::confirm_written(handshake, cx),
        Stage::ReadingConfirm => responder::confirm_read(handshake, cx),
        stage => unreachable!("no message ends in {stage:?}"),
    };
    result.unwrap_or_else(|reason| refuse(handshake, reason, cx))
}

/// The message being worked on is not acceptable: the handshake ends, unless it was an answer to
/// a message of ours: that goes on waiting for a better one.
fn refuse(handshake: u16, reason: Dropped, cx: &mut Cx<'_>) -> Option<Turn> {
    cx.state.counters.refuse(reason);
    let slot = cx.handshake(handshake);
    let waits = match slot.stage {
        Stage::ReadingWelcome => Some(Stage::AwaitingWelcome),
        Stage::ReadingConfirm => Some(Stage::AwaitingConfirm),
        _ => None,
    };
    if let Some(waits) = waits {
        slot.reader = Held::Nothing;
        slot.stage = waits;
        return None;
    }
    let peer = peer_of_attempt(handshake, cx);
    abandon(handshake, cx);
    peer.map(Turn::Failed)
}

/// The next operation that a handshake waits for.
pub(crate) fn take_work(cx: &mut Cx<'_>) -> Option<(Ticket, Work)> {
    loop {
        let handshake = cx.take_job()?;
        // None if the handshake ended while it was queued.
        let Some(work) = cx.handshake(handshake).take_pending() else { continue };
        cx.state.tickets = cx.state.tickets.wrapping_add(1);
        let number = cx.state.tickets;
        let slot = cx.handshake(handshake);
        (slot.ticket, slot.has_had_work) = (Some(number), true);
        cx.state.counters.count(Counter::Jobs);
        return Some((Ticket { waiting: Waiting::Handshake(handshake), number }, work));
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
        let reading = matches!(self.stage, Stage::ReadingWelcome | Stage::ReadingConfirm);
        if reading { self.reader.as_mut() } else { self.noise.as_mut() }
    }
}

/// Takes the result of an operation and goes on.
pub(crate) fn on_outcome(
    handshake: u16,
    number: u64,
    outcome: &Outcome,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Stale> {
    let slot = cx.handshakes.get_mut(usize::from(handshake)).ok_or(Stale)?;
    let identifying = slot.stage == Stage::Identifying;
    let fits = match outcome {
        Outcome::Identity(_) => identifying,
        Outcome::Key(_) => !identifying,
        Outcome::Signature(_) | Outcome::Verdict(_) => false,
    };
    if !fits || slot.ticket.take_if(|waiting| *waiting == number).is_none() {
        return Err(Stale);
    }
    let result = match outcome {
        Outcome::Identity(identity) => identified(handshake, *identity, cx),
        Outcome::Key(key) => {
            let noise = slot.working_noise().expect("it asked for this");
            noise.supply(key).map(|()| advance(handshake, cx)).map_err(Dropped::from)
        }
        Outcome::Signature(_) | Outcome::Verdict(_) => unreachable!("such an outcome does not fit"),
    };
    Ok(result.unwrap_or_else(|reason| refuse(handshake, reason, cx)))
}

fn identified(
    handshake: u16,
    identity: Option<PeerId>,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    let id = identity.ok_or(Dropped::WeakKey)?;
    if id == cx.state.id {
        return Err(Dropped::OwnIdentity);
    }
    let slot = cx.handshake(handshake);
    let agreement_key = slot.noise.as_ref().and_then(Noise::remote_static).copied();
    let remote = Contact { id, agreement_key: agreement_key.expect("its owner was asked for") };
    match slot.role() {
        Role::Initiator => initiator::identified(handshake, remote, cx),
        Role::Responder => responder::identified(handshake, remote, cx),
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
