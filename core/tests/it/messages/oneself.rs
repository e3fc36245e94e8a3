//! Messages of a node to itself.

use underpass_core::{
    Event, Instant, MAX_TRANSMIT, Outcome, Outgoing, Purpose, SendError, UnknownPeer,
};

use crate::net::{Board, Got, Host, network};

fn host() -> Host {
    Host::new(0, network(), 1, Instant::ORIGIN)
}

fn notice(payload: &[u8]) -> Outgoing<'_> {
    Outgoing { kind: 3, purpose: Purpose::Request, payload }
}

#[test]
fn a_message_to_oneself_arrives_and_is_acknowledged_at_once() {
    let mut host = host();
    let node = &mut host.node;
    for len in [0, 9, 1120, 1121, 5 * 1120] {
        let payload = vec![5; len];
        let id = node.send_message(node.oneself(), notice(&payload), Instant::ORIGIN).unwrap();
        let got = Got::from(node.poll_message().unwrap());
        let purpose = Purpose::Request;
        assert_eq!(got, Got { from: node.oneself(), id, kind: 3, purpose, payload });
        assert_eq!(node.poll_event(), Some(Event::Message(node.oneself(), id, Outcome::Acked)));
        assert_eq!(node.poll_message(), None);
        assert_eq!(node.poll_event(), None);
        assert!(node.poll_transmit(&mut [0; MAX_TRANSMIT]).is_none(), "nothing leaves the node");
    }
}

#[test]
fn it_has_the_limits_of_any_other() {
    let mut host = host();
    let node = &mut host.node;
    let too_long = vec![0; 5 * 1120 + 1];
    let refused = node.send_message(node.oneself(), notice(&too_long), Instant::ORIGIN);
    assert_eq!(refused, Err(SendError::TooLong));
    let mut accepted = 0;
    let refused = loop {
        match node.send_message(node.oneself(), notice(b"again"), Instant::ORIGIN) {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((refused, accepted), (SendError::Full, Board::CAPACITY.messages / 2));
    while node.poll_message().is_some() {}
    while node.poll_event().is_some() {}
    assert!(node.send_message(node.oneself(), notice(b"again"), Instant::ORIGIN).is_ok());
}

#[test]
fn the_node_is_no_peer_of_itself() {
    let mut host = host();
    let node = &mut host.node;
    let oneself = node.oneself();
    let refused = node.send_datagram(oneself, b"hello", &mut [0; MAX_TRANSMIT]);
    assert_eq!(refused, Err(SendError::Oneself));
    assert_eq!(node.peer_id(oneself), Err(UnknownPeer));
    assert_eq!(node.close(oneself, Instant::ORIGIN), Err(UnknownPeer));
}
