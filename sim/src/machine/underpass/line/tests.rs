use underpass_core::{Purpose, SendError};

use super::super::Whose;
use super::{Given, Line, Message, Offer, WAITING_MAX};
use crate::machine::SendId;
use crate::scenario::model::NodeId;

fn message(number: u64) -> Message {
    let given = Given { whose: Whose::Owner(SendId(0), number), to: NodeId(1) };
    Message { given, peer: None, purpose: Purpose::Notice, payload: vec![0; 32] }
}

fn number(given: Given) -> u64 {
    match given.whose {
        Whose::Owner(_, number) => number,
        Whose::Application(_) => unreachable!("an owner's messages wait here"),
    }
}

/// A line in which the messages from 0 on wait.
fn waiting(count: u64) -> Line {
    let mut line = Line::default();
    for number in 0..count {
        assert_eq!(line.offer(message(number), |_| Err(SendError::Full)), Offer::Waits);
    }
    line
}

/// Which message is offered next, and what comes of it.
fn next(line: &mut Line, result: Result<(), SendError>) -> Option<(u64, Offer)> {
    let mut asked = None;
    let offered = line.offer_again(|message| {
        asked = Some(number(message.given));
        result
    });
    let (given, offer) = offered?;
    assert_eq!(asked, Some(number(given)));
    Some((number(given), offer))
}

#[test]
fn what_is_accepted_or_refused_does_not_wait() {
    let mut line = Line::default();
    assert_eq!(line.offer(message(0), |_| Ok(())), Offer::Accepted);
    let too_long = line.offer(message(1), |_| Err(SendError::TooLong));
    assert_eq!(too_long, Offer::Refused(SendError::TooLong));
    assert_eq!(next(&mut line, Ok(())), None);
}

#[test]
fn nothing_overtakes_what_waits() {
    let mut line = waiting(1);
    let overtaking = line.offer(message(1), |_| panic!("there might be room for this one"));
    assert_eq!(overtaking, Offer::Waits);
    assert_eq!(next(&mut line, Ok(())), Some((0, Offer::Accepted)));
    assert_eq!(next(&mut line, Ok(())), Some((1, Offer::Accepted)));
    assert_eq!(next(&mut line, Ok(())), None);
}

#[test]
fn what_finds_no_room_is_offered_again_first() {
    let mut line = waiting(2);
    for _ in 0..3 {
        assert_eq!(next(&mut line, Err(SendError::Full)), Some((0, Offer::Waits)));
    }
    assert_eq!(next(&mut line, Ok(())), Some((0, Offer::Accepted)));
    assert_eq!(next(&mut line, Err(SendError::Full)), Some((1, Offer::Waits)));
}

#[test]
fn what_is_refused_for_good_lets_the_next_one_try() {
    let mut line = waiting(2);
    let refused = next(&mut line, Err(SendError::UnknownPeer));
    assert_eq!(refused, Some((0, Offer::Refused(SendError::UnknownPeer))));
    assert_eq!(next(&mut line, Ok(())), Some((1, Offer::Accepted)));
}

#[test]
fn the_line_is_bounded() {
    let mut line = waiting(WAITING_MAX as u64);
    let one_more = line.offer(message(WAITING_MAX as u64), |_| Ok(()));
    assert_eq!(one_more, Offer::Refused(SendError::Full));
    assert_eq!(next(&mut line, Ok(())), Some((0, Offer::Accepted)));
    assert_eq!(line.offer(message(9), |_| Ok(())), Offer::Waits);
}
