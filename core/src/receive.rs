//! Bytes in: decode, open, dispatch.

use crate::access::{self, Use};
use crate::counters::{Counter, Dropped};
use crate::crypto::aead::TAG_LEN;
use crate::cx::Cx;
use crate::delivery::{self, Arrival};
use crate::gossip;
use crate::heartbeat::{self, Via};
use crate::lifecycle::{self, Turn};
use crate::message::{self, MessageId, Received};
use crate::paths;
use crate::punch;
use crate::relay;
use crate::session::{Owner, handshake, hint, upkeep};
use crate::way::{Circuit, Way};
use crate::wire::{self, Carried, Control, Direction, Fragment, Frame, Message, SealedHeader};

/// Takes a datagram; the payload it returns lies in `datagram`.
pub(crate) fn datagram<'d>(
    way: Way,
    datagram: &'d mut [u8],
    cx: &mut Cx<'_>,
) -> Result<Received<'d>, Dropped> {
    let turn = match wire::decode(datagram)? {
        Frame::Hello(header) => handshake::on_hello(way, &header, datagram, cx)?,
        Frame::Welcome(header) => handshake::on_welcome(way, &header, datagram, cx)?,
        Frame::Confirm(header) => handshake::on_confirm(way, &header, datagram, cx)?,
        Frame::Cookie(header) => handshake::on_cookie(way, &header, datagram, cx)?,
        Frame::NoSession(hint) => hint::take(way, &hint, cx)?,
        Frame::Sealed(header) => return sealed(way, &header, datagram, cx),
    };
    lifecycle::on_turn(turn, cx);
    Ok(Received::Nothing)
}

fn sealed<'d>(
    way: Way,
    header: &SealedHeader,
    datagram: &'d mut [u8],
    cx: &mut Cx<'_>,
) -> Result<Received<'d>, Dropped> {
    let Some(session) = cx.find_session(header.receiver) else {
        hint::give(way, header, cx);
        return Err(Dropped::UnknownSession);
    };
    let now = cx.now();
    let (slot, window) = cx.session_and_window(session);
    let (epoch, len) = (slot.open_epoch(), datagram.len());
    let content_len = slot.open(header, window, datagram, now)?.len();
    let is_updated = slot.open_epoch() != epoch;
    let is_newest = slot.is_newest(header.counter);
    let via = Via { session, way };
    let from = match slot.owner {
        Owner::Peer(peer) => {
            let turn = paths::on_packet(peer, via, len, header.counter, is_newest, cx);
            lifecycle::on_turn(turn, cx);
            peer
        }
        // The first packet opened under a handshake's keys ends the handshake.
        Owner::Handshake(handshake) => lifecycle::confirmed(handshake, way, len, cx)?,
        Owner::Nobody => unreachable!("such a session is not found"),
    };
    if is_updated {
        upkeep::schedule(from, cx);
    }
    let content = SealedHeader::LEN..SealedHeader::LEN + content_len;
    match Carried::decode(&datagram[content.clone()]) {
        Some(carried) => on_carried(from, via, &carried, datagram, cx),
        None => dispatch(from, via, &datagram[content], cx),
    }
}

/// What a relay brought is a datagram like any other, by a way of its own.
fn on_carried<'d>(
    from: u16,
    via: Via,
    carried: &Carried,
    datagram: &'d mut [u8],
    cx: &mut Cx<'_>,
) -> Result<Received<'d>, Dropped> {
    match (carried.direction, via.way) {
        (_, Way::Relayed(_)) => Err(Dropped::NestedRelay),
        (Direction::ToRelay, Way::Direct(_)) => relay::forward(from, carried, datagram, cx),
        (Direction::FromRelay, Way::Direct(_)) if !relay::is_ours(from, cx) => {
            Err(Dropped::UnknownCircuit)
        }
        (Direction::FromRelay, Way::Direct(_)) => {
            let circuit = Circuit { relay: cx.handle(from), number: carried.circuit };
            let end = datagram.len() - TAG_LEN;
            let inner = &mut datagram[SealedHeader::LEN + Carried::PREFIX_LEN..end];
            self::datagram(Way::Relayed(circuit), inner, cx)
        }
    }
}

/// Hands an opened content to the part that it is for.
fn dispatch<'d>(
    from: u16,
    via: Via,
    content: &'d [u8],
    cx: &mut Cx<'_>,
) -> Result<Received<'d>, Dropped> {
    match Message::decode(content).map_err(|_| Dropped::UnknownMessage)? {
        Message::Datagram(_) | Message::Fragment(_) | Message::Ack(_) | Message::Punch(..)
            if cx.peer(from).is_foreign =>
        {
            Err(Dropped::NotAllowed)
        }
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
        Message::Punch(kind, message) => {
            punch::on_message(from, via, kind, &message, cx)?;
            Ok(Received::Nothing)
        }
        Message::Gossip(message) => {
            let turn = gossip::on_message(from, &message, content.len(), cx)?;
            lifecycle::on_turn(turn, cx);
            Ok(Received::Nothing)
        }
        Message::Control(message) => {
            let turn = control(from, via, message, cx)?;
            lifecycle::on_turn(turn, cx);
            Ok(Received::Nothing)
        }
    }
}

fn control(
    from: u16,
    via: Via,
    message: Control,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    match message {
        Control::Ping(ping) => {
            heartbeat::on_ping(from, via, ping, cx);
            delivery::hurry(from, via.way, cx);
            Ok(None)
        }
        Control::Pong(pong) => match heartbeat::on_pong(from, via, &pong, cx) {
            Err(Dropped::UnexpectedPong) => punch::on_pong(from, via, &pong.probe, cx),
            Err(reason) => Err(reason),
            Ok(turn) => {
                delivery::hurry(from, via.way, cx);
                // A relay becomes ours with its first answer.
                lifecycle::on_turn(turn, cx);
                punch::on_seen(from, via, pong.seen, cx);
                Ok(None)
            }
        },
        Control::Relay(message) => relay::on_message(from, via, &message, cx),
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
