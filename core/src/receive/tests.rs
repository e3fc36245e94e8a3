//! What only a peer of a later version could send.

use super::*;
use crate::config::Config;
use crate::crypto::aead::{self, TAG_LEN};
use crate::held::Held;
use crate::identity::SecretIdentity;
use crate::network::Network;
use crate::noise::{Role, TransportKeys};
use crate::path::{Path, Socket};
use crate::peer::{Contact, PeerState};
use crate::session::SessionId;
use crate::session::handshake::Share;
use crate::time::{Duration, Instant};
use crate::wire::{Intro, VERSION};
use crate::{MAX_DATAGRAM, Node};

crate::storage! {
    struct Tiny {
        peers: 1, handshakes: 2, window_bits: 128,
        messages: 8, message_window: 32, buffer: 16384, circuits: 0, punches: 1, records: 16, rumours: 2,
    }
}

pub(crate) const PATH: Path = Path {
    socket: Socket(0),
    remote: core::net::SocketAddr::new(
        core::net::IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 1)),
        4747,
    ),
};

const KEY: [u8; 32] = [1; 32];

/// What the peer said of itself.
pub(crate) const INTRO: Intro = Intro {
    version: VERSION,
    fragments_max: 64,
    message_window: 32,
    capabilities: 0,
    ping_interval: Duration::from_secs(10),
    channel: 5,
    hello: 1,
    replay_window: 128,
};

/// A context with one active peer, whose session opens what it seals.
pub(crate) fn with_own_echo(test: impl FnOnce(&mut Cx<'_>, SessionId)) {
    let mut seed = 0;
    let identity = SecretIdentity::generate(|| {
        seed += 1;
        [seed; 32]
    });
    let (keys, _) = identity.expect("every other one is usable");
    let network = Network::open("test");
    let node = Node::new(Config::new(network), keys.id(), [0; 32], Tiny::EMPTY, Instant::ORIGIN);
    let mut node = node.expect("the storage is sound");
    let mut cx = node.cx();
    let contact = Contact { id: keys.id(), agreement_key: keys.id().agreement_key() };
    let peer = cx.add_peer(Some(contact)).expect("there is room");
    let handshake = cx.take_handshake(Share::Stranger).expect("there is room");
    let session = cx.take_session(handshake);
    let keys = TransportKeys { seal: KEY, open: KEY, handshake_hash: [2; 32] };
    let index = cx.session(session).local_index;
    cx.session(session).install(keys, Role::Responder, index, Instant::ORIGIN);
    crate::session::promote(peer, session, &mut cx);
    cx.session(session).channel = [4, INTRO.channel];
    let slot = cx.peer(peer);
    (slot.channel.local, slot.channel.remote) = (4, Held::This(INTRO));
    slot.state = PeerState::Active;
    slot.ways.take(PATH.into());
    test(&mut cx, session);
}

/// What comes of a datagram with this content.
pub(crate) fn receive(content: &[u8], cx: &mut Cx<'_>, session: SessionId) -> Result<(), Dropped> {
    let mut out = [0; MAX_DATAGRAM];
    let len = SealedHeader::LEN + content.len() + TAG_LEN;
    out[SealedHeader::LEN..][..content.len()].copy_from_slice(content);
    cx.session(session).seal(&mut out[..len]);
    datagram(PATH.into(), &mut out[..len], cx).map(|_| ())
}

#[test]
fn a_type_of_a_later_version_is_refused_and_the_session_goes_on() {
    with_own_echo(|cx, session| {
        assert_eq!(receive(&[200, 1, 2, 3], cx, session), Err(Dropped::UnknownMessage));
        assert_eq!(receive(&[], cx, session), Err(Dropped::UnknownMessage));
        assert_eq!(receive(&[0, 9], cx, session), Ok(()));
    });
}

#[test]
fn a_control_message_of_another_length_is_refused() {
    with_own_echo(|cx, session| {
        let ping = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(receive(&ping[..9], cx, session), Err(Dropped::UnknownMessage));
        assert_eq!(receive(&[&ping[..], &[0]].concat(), cx, session), Err(Dropped::UnknownMessage));
        assert_eq!(receive(&ping, cx, session), Ok(()));
    });
}

#[test]
fn a_payload_longer_than_anybody_may_send_is_refused() {
    with_own_echo(|cx, session| {
        let longest = [0; 1 + crate::MAX_PAYLOAD];
        assert_eq!(receive(&longest, cx, session), Ok(()));
        let longer = [0; 2 + crate::MAX_PAYLOAD];
        assert_eq!(receive(&longer, cx, session), Err(Dropped::UnknownMessage));
    });
}

#[test]
fn the_last_counter_is_refused_and_the_window_keeps_what_it_knows() {
    with_own_echo(|cx, session| {
        let receiver = cx.session(session).local_index;
        let datagram_with = |counter, cx: &mut Cx<'_>| {
            let mut bytes = [0; MAX_DATAGRAM];
            let content_len = 2;
            let len = SealedHeader::LEN + content_len + TAG_LEN;
            let header = SealedHeader { epoch: 0, receiver, counter }.encode();
            let (front, rest) = bytes.split_at_mut(SealedHeader::LEN);
            front.copy_from_slice(&header);
            aead::seal(&KEY, counter, &header, &mut rest[..content_len + TAG_LEN]);
            datagram(PATH.into(), &mut bytes[..len], cx).map(|_| ())
        };
        assert_eq!(datagram_with(5, cx), Ok(()));
        assert_eq!(datagram_with(u64::MAX, cx), Err(Dropped::ReservedBits));
        assert_eq!(datagram_with(5, cx), Err(Dropped::Replayed));
        assert_eq!(datagram_with(u64::MAX - 1, cx), Ok(()));
        assert_eq!(datagram_with(5, cx), Err(Dropped::TooOld));
    });
}
