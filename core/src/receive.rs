//! Bytes in: decode, open, dispatch.

use crate::access::{self, Use};
use crate::counters::{Counter, Dropped};
use crate::cx::Cx;
use crate::delivery::{self, Arrival};
use crate::heartbeat::{self, Via};
use crate::lifecycle;
use crate::message::{self, MessageId, Received};
use crate::path::Path;
use crate::session::{Owner, handshake, hint, upkeep};
use crate::unproven;
use crate::wire::{self, Fragment, Frame, Message, SealedHeader};

/// Takes a datagram; the payload it returns lies in `datagram`.
pub(crate) fn datagram<'d>(
    path: Path,
    datagram: &'d mut [u8],
    cx: &mut Cx<'_>,
) -> Result<Received<'d>, Dropped> {
    let turn = match wire::decode(datagram)? {
        Frame::Hello(header) => handshake::on_hello(path, &header, datagram, cx)?,
        Frame::Welcome(header) => handshake::on_welcome(path, &header, datagram, cx)?,
        Frame::Confirm(header) => handshake::on_confirm(path, &header, datagram, cx)?,
        Frame::Cookie(header) => handshake::on_cookie(path, &header, datagram, cx)?,
        Frame::NoSession(hint) => hint::take(path, &hint, cx)?,
        Frame::Sealed(header) => return sealed(path, &header, datagram, cx),
    };
    lifecycle::on_turn(turn, cx);
    Ok(Received::Nothing)
}

fn sealed<'d>(
    path: Path,
    header: &SealedHeader,
    datagram: &'d mut [u8],
    cx: &mut Cx<'_>,
) -> Result<Received<'d>, Dropped> {
    let Some(session) = cx.find_session(header.receiver) else {
        hint::give(path, header, cx);
        return Err(Dropped::UnknownSession);
    };
    let now = cx.now();
    let (slot, window) = cx.session_and_window(session);
    let (epoch, len) = (slot.open_epoch(), datagram.len());
    let content = slot.open(header, window, datagram, now)?;
    let is_updated = slot.open_epoch() != epoch;
    let is_newest = slot.is_newest(header.counter);
    let from = match slot.owner {
        Owner::Peer(peer) => {
            let turn = unproven::on_packet(peer, Via { session, path }, len, is_newest, cx);
            lifecycle::on_turn(turn, cx);
            peer
        }
        // The first packet opened under a handshake's keys ends the handshake.
        Owner::Handshake(handshake) => lifecycle::confirmed(handshake, path, len, cx)?,
        Owner::Nobody => unreachable!("such a session is not found"),
    };
    if is_updated {
        upkeep::schedule(from, cx);
    }
    dispatch(from, Via { session, path }, content, cx)
}

/// Hands an opened content to the part that it is for.
fn dispatch<'d>(
    from: u16,
    via: Via,
    content: &'d [u8],
    cx: &mut Cx<'_>,
) -> Result<Received<'d>, Dropped> {
    match Message::decode(content).map_err(|_| Dropped::UnknownMessage)? {
        Message::Datagram(_) | Message::Fragment(_)
            if !access::allows(Use::Messages, Some(from), cx) =>
        {
            Err(Dropped::NotAllowed)
        }
        Message::Datagram(payload) => {
            cx.state.counters.count(Counter::PayloadsReceived);
            Ok(Received::Datagram { from: cx.handle(from), payload })
        }
        Message::Fragment(fragment) => {
            let arrival = delivery::on_fragment(from, via, &fragment, cx)?;
            Ok(match arrival {
                Arrival::Whole => Received::Message(whole(from, &fragment, cx)),
                Arrival::Kept => Received::Nothing,
            })
        }
        Message::Ack(ack) => {
            delivery::on_ack(from, via, &ack, cx)?;
            Ok(Received::Nothing)
        }
        Message::Control(message) => {
            let turn = heartbeat::on_message(from, via, message, cx)?;
            lifecycle::on_turn(turn, cx);
            Ok(Received::Nothing)
        }
    }
}

/// A message that its only fragment holds.
fn whole<'d>(from: u16, fragment: &Fragment<'d>, cx: &mut Cx<'_>) -> message::Message<'d> {
    let &Fragment { purpose, kind, number, bytes, .. } = fragment;
    let id = MessageId(number);
    message::Message { from: cx.handle(from), id, kind, purpose, payload: bytes }
}

#[cfg(test)]
pub(crate) mod tests;
