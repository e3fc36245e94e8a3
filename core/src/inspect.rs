//! For tests, checkers and test vectors: what outsiders with the right keys could make, which secrets
//! a node holds, how it sees a peer, what it knows of all of them, and how full its tables are. Nothing
//! here changes a node, but for [`rewrite`].

use core::hash::{Hash as _, Hasher as _};
use core::net::SocketAddr;

use siphasher::sip::SipHasher13;

use crate::MAX_DATAGRAM;
use crate::config::Config;
use crate::crypto::aead::{self, TAG_LEN};
use crate::crypto::hash;
use crate::gossip::{self, Broadcast, Tag};
use crate::identity::{Keys, PeerId, SecretIdentity};
use crate::network::Network;
use crate::node::Node;
use crate::noise::{Key, Noise, NoiseError, Operation, Role, Secret, Setup, Step, TransportKeys};
use crate::path::{Path, Route};
use crate::peer::{PeerSlot, PeerState};
use crate::realm::{Realm, RealmId};
use crate::record::{Log, Recorder};
use crate::storage::Storage;
use crate::time::Instant;
use crate::timer::Deadline;
use crate::way::Way;
use crate::wire::{Confirm, Hello, Intro, Pattern, SealedHeader, VERSION, Welcome};

fn realm(network: &Network) -> Realm {
    Realm::new(RealmId::NONE, network.id, network.secret, &[0; 32])
}

/// The key of `mac1` on handshake messages to the holder of this key; `None` for those whose sender
/// does not know it.
pub fn mac1_key(network: &Network, agreement_key: Option<&[u8; 32]>) -> [u8; 32] {
    realm(network).mac1_key(agreement_key)
}

/// `mac1` over the front of a handshake message.
pub fn mac1(mac1_key: &[u8; 32], front: &[u8]) -> [u8; 16] {
    hash::mac16(mac1_key, front)
}

/// The pre-shared key and the prologue that members of a network mix into their handshakes.
pub fn noise_inputs(network: &Network) -> ([u8; 32], [u8; 42]) {
    (*realm(network).pre_shared_key(), realm(network).prologue())
}

/// Seals a datagram as a session would, and returns its length.
pub fn seal(
    key: &[u8; 32],
    receiver: u32,
    counter: u64,
    content: &[u8],
    out: &mut [u8; MAX_DATAGRAM],
) -> usize {
    let header = SealedHeader { epoch: 0, receiver, counter }.encode();
    let len = SealedHeader::LEN + content.len() + TAG_LEN;
    let (front, rest) = out.split_at_mut(SealedHeader::LEN);
    front.copy_from_slice(&header);
    rest[..content.len()].copy_from_slice(content);
    aead::seal(key, counter, &header, &mut rest[..content.len() + TAG_LEN]);
    len
}

/// What a secret is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecretKind {
    /// Seals or opens packets.
    Session,
    /// Of a handshake under way.
    Handshake,
    /// What the next secrets are drawn from.
    Generator,
    /// The network's.
    Network,
}

/// Shows every secret that a node holds now.
pub fn each_secret<S: Storage, L: Log>(
    node: &mut Recorder<S, L>,
    mut show: impl FnMut(SecretKind, &[u8; 32]),
) {
    let cx = node.unrecorded().cx();
    for slot in cx.sessions.iter() {
        slot.each_secret(|secret| show(SecretKind::Session, secret));
    }
    for slot in cx.handshakes.iter() {
        slot.each_secret(|secret| show(SecretKind::Handshake, secret));
    }
    show(SecretKind::Generator, cx.state.secrets.key());
    cx.state.realms.each_secret(|secret| show(SecretKind::Network, secret));
}

/// Opens a datagram that the node has just sealed, and seals it anew when its content was changed, under
/// another counter: what the owner of a node can do who keeps to no rule. `false` if no session has sealed it.
/// No recording tells of it.
pub fn rewrite<S: Storage, L: Log>(
    node: &mut Recorder<S, L>,
    datagram: &mut [u8],
    change: impl FnOnce(&mut [u8]),
) -> bool {
    let cx = node.unrecorded().cx();
    let all = 0..cx.sessions.len();
    let Some(session) = all.into_iter().find(|it| cx.sessions[*it].reopen(datagram)) else {
        return false;
    };
    let end = datagram.len() - TAG_LEN;
    change(&mut datagram[SealedHeader::LEN..end]);
    cx.sessions[session].seal(datagram);
    true
}

/// How a node sees a peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PeerView {
    /// Whether it answers.
    pub state: PeerState,
    /// Since when it is in this state.
    pub since: Instant,
    /// How its packets travel, if it is active.
    pub route: Option<Route>,
    /// The way that they take as well for a while.
    pub also: Option<Route>,
    /// Where it is dialled.
    pub dialled: Option<Path>,
    /// A handshake with it was begun and is not over.
    pub is_dialled: bool,
    /// What the node waits for next, of this peer.
    pub next: Option<Deadline>,
}

/// How a node sees a peer; `None` if it knows none of this name.
pub fn peer_view<S: Storage>(node: &Node<S>, id: &PeerId) -> Option<PeerView> {
    let is_meant = |slot: &&PeerSlot| slot.is_taken && slot.contact.is_some_and(|it| it.id == *id);
    let peer = node.peers().iter().find(is_meant)?;
    Some(PeerView {
        state: peer.state,
        since: peer.since,
        route: peer.ways.course.primary().map(Way::route),
        also: peer.ways.course.also().map(Way::route),
        dialled: peer.known.get(),
        is_dialled: peer.initiating.is_some(),
        next: peer.timers.earliest(),
    })
}

/// A digest of what a node knows of its peers: who and where they are, their sessions and how far
/// these have been used, what is due for them. Handshakes under way are no part of it, nor is what is
/// only counted. It is the same in every process of one build.
pub fn peers_digest<S: Storage>(node: &Node<S>) -> u64 {
    let (peers, sessions) = node.peers_and_sessions();
    let mut hasher = SipHasher13::new();
    for (slot, peer) in peers.iter().enumerate().filter(|(_, peer)| peer.is_taken) {
        slot.hash(&mut hasher);
        peer.hash_into(&mut hasher);
        for session in [peer.current, peer.previous].into_iter().flatten() {
            sessions[usize::from(session)].hash_into(&mut hasher);
        }
    }
    hasher.finish()
}

/// How much of a node's tables is in use that others can fill.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Peers that have a record.
    pub peers: usize,
    /// Handshakes under way.
    pub handshakes: usize,
    /// Sessions, those of handshakes included.
    pub sessions: usize,
    /// Acknowledged messages, out and in.
    pub messages: usize,
    /// Records of other nodes.
    pub records: usize,
}

impl Usage {
    /// Of either the larger, table by table.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            peers: self.peers.max(other.peers),
            handshakes: self.handshakes.max(other.handshakes),
            sessions: self.sessions.max(other.sessions),
            messages: self.messages.max(other.messages),
            records: self.records.max(other.records),
        }
    }
}

/// How much of a node's tables is in use.
pub fn usage<S: Storage>(node: &Node<S>) -> Usage {
    let (peers, sessions) = node.peers_and_sessions();
    node.state().usage(peers.len(), sessions.len())
}

/// Whose record is in each place of a node's table, and whether it is the owner's last.
pub fn record_owners<S: Storage>(
    node: &Node<S>,
) -> impl ExactSizeIterator<Item = Option<(PeerId, bool)>> + '_ {
    gossip::owners(node.records())
}

/// Shows the signed bytes of all that a node holds: those of records, then those of broadcasts.
pub fn each_signed<S: Storage, L: Log>(
    node: &mut Recorder<S, L>,
    mut show: impl FnMut(Signed, &[u8]),
) {
    let cx = node.unrecorded().cx();
    let _ = gossip::each_saved(cx.records, cx.now(), |_, signed| {
        show(Signed::Record, signed);
        Some(())
    });
    gossip::each_broadcast(cx.rumours).for_each(|signed| show(Signed::Broadcast, signed));
}

/// What is signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signed {
    /// A node's record.
    Record,
    /// A rumour of an application.
    Broadcast,
}

/// What a record says, true or not.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordDraft<'a> {
    /// Which of its owner's records it is.
    pub sequence: u32,
    /// Newcomers are sent there.
    pub is_bootstrap: bool,
    /// It relays.
    pub is_relay: bool,
    /// It is the last.
    pub is_ended: bool,
    /// Four at most count.
    pub addresses: &'a [SocketAddr],
    /// Two at most count.
    pub relays: &'a [PeerId],
    /// Eight at most count.
    pub tags: &'a [Tag],
}

impl RecordDraft<'_> {
    /// The record of the holder of these keys, signed.
    pub fn sign(
        &self,
        network: &Network,
        owner: &PeerId,
        keys: &impl Keys,
    ) -> heapless::Vec<u8, { gossip::RECORD_LEN_MAX }> {
        gossip::signed_record(self, network, owner, keys)
    }
}

/// A broadcast of the holder of these keys, signed, of at most [`MAX_BROADCAST`](crate::MAX_BROADCAST) bytes: `order`
/// is the sequence of its record then, and the broadcast's own number.
pub fn signed_broadcast(
    network: &Network,
    keys: &impl Keys,
    broadcast: &Broadcast<'_>,
    order: (u32, u32),
) -> heapless::Vec<u8, { gossip::RUMOUR_LEN_MAX }> {
    gossip::signed_broadcast(network, keys, broadcast, order)
}

/// A handshake of which everything is known.
pub struct Scripted<'a> {
    /// The network of both.
    pub network: &'a Network,
    /// Long-term keys: the initiator's, the responder's.
    pub keys: [&'a SecretIdentity; 2],
    /// Ephemeral secrets in the same order.
    pub ephemerals: [[u8; 32]; 2],
    /// Session indices in the same order.
    pub indices: [u32; 2],
}

/// What comes of a [`Scripted`] handshake.
pub struct Transcript {
    /// The initiator's datagram.
    pub hello: [u8; Hello::LEN],
    /// The responder's.
    pub welcome: heapless::Vec<u8, { Welcome::LEN_MAX }>,
    /// The initiator's last, if the handshake began with an address alone.
    pub confirm: Option<[u8; Confirm::LEN]>,
    /// The key that the initiator seals with.
    pub to_responder: [u8; 32],
    /// The key that the responder seals with.
    pub to_initiator: [u8; 32],
    /// What both ends call the handshake.
    pub handshake_hash: [u8; 32],
}

impl Scripted<'_> {
    /// Only the first datagram, to a responder whose key is known. It can be made for anybody, also
    /// for oneself.
    pub fn hello(&self) -> [u8; Hello::LEN] {
        self.write_hello(Pattern::Ik, &mut self.noise(Pattern::Ik, Role::Initiator))
    }

    /// The datagrams to and from a responder whose key is known, and what the ends hold afterwards.
    ///
    /// # Panics
    /// If the two keys cannot agree, which those of two [`SecretIdentity`]s can.
    pub fn transcript(&self) -> Transcript {
        self.play(Pattern::Ik)
    }

    /// The same with a responder of whom only an address is known.
    ///
    /// # Panics
    /// If the two keys cannot agree, which those of two [`SecretIdentity`]s can.
    pub fn transcript_by_address(&self) -> Transcript {
        self.play(Pattern::Xx)
    }

    fn play(&self, pattern: Pattern) -> Transcript {
        let mut initiator = self.noise(pattern, Role::Initiator);
        let mut responder = self.noise(pattern, Role::Responder);
        let hello = self.write_hello(pattern, &mut initiator);
        message(&mut responder, self.keys[1], Hello::noise(&mut hello.clone())).expect(SOUND);
        let mut welcome = [0; Welcome::LEN_MAX];
        let welcome = &mut welcome[..Welcome::len(pattern)];
        Welcome::put_intro(welcome, pattern, &INTRO);
        message(&mut responder, self.keys[1], Welcome::noise(welcome, pattern)).expect(SOUND);
        let to_initiator = match pattern {
            Pattern::Ik => self.mac1_key(Some(self.keys[0])),
            Pattern::Xx => self.mac1_key(None),
        };
        Welcome::finish(welcome, pattern, self.indices[1], self.indices[0], &to_initiator);
        let welcome = heapless::Vec::from_slice(welcome).expect("it has the room");
        let read = &mut welcome.clone();
        message(&mut initiator, self.keys[0], Welcome::noise(read, pattern)).expect(SOUND);
        let confirm = (pattern == Pattern::Xx).then(|| {
            let confirm = self.write_confirm(&mut initiator);
            message(&mut responder, self.keys[1], Confirm::noise(&mut confirm.clone()))
                .expect(SOUND);
            confirm
        });
        let TransportKeys { seal: to_responder, open: to_initiator, handshake_hash } =
            &initiator.split();
        Transcript {
            hello,
            welcome,
            confirm,
            to_responder: *to_responder,
            to_initiator: *to_initiator,
            handshake_hash: *handshake_hash,
        }
    }

    fn write_hello(&self, pattern: Pattern, initiator: &mut Noise) -> [u8; Hello::LEN] {
        let mut hello = [0; Hello::LEN];
        let intro = match pattern {
            Pattern::Ik => INTRO,
            Pattern::Xx => Intro { channel: 0, hello: 0, ..INTRO },
        };
        Hello::put_intro(&mut hello, pattern, &intro);
        message(initiator, self.keys[0], Hello::noise(&mut hello)).expect(SOUND);
        let mac1_key = self.mac1_key((pattern == Pattern::Ik).then_some(self.keys[1]));
        Hello::finish(&mut hello, pattern, self.indices[0], &mac1_key);
        hello
    }

    fn write_confirm(&self, initiator: &mut Noise) -> [u8; Confirm::LEN] {
        let mut confirm = [0; Confirm::LEN];
        Confirm::put_intro(&mut confirm, &INTRO);
        message(initiator, self.keys[0], Confirm::noise(&mut confirm)).expect(SOUND);
        let mac1_key = self.mac1_key(Some(self.keys[1]));
        Confirm::finish(&mut confirm, self.indices[1], &mac1_key);
        confirm
    }

    fn mac1_key(&self, receiver: Option<&SecretIdentity>) -> [u8; 32] {
        let key = receiver.map(|keys| keys.id().agreement_key());
        realm(self.network).mac1_key(key.as_ref())
    }

    fn noise(&self, pattern: Pattern, role: Role) -> Noise {
        let remote_static = self.keys[1].id().agreement_key();
        let knows = role == Role::Initiator && pattern == Pattern::Ik;
        let realm = realm(self.network);
        Noise::new(Setup {
            pattern: pattern.noise(),
            role,
            prologue: &realm.prologue(),
            psk: *realm.pre_shared_key(),
            local_static: self.keys[role as usize].id().agreement_key(),
            remote_static: knows.then_some(remote_static),
            ephemeral: self.ephemerals[role as usize],
        })
    }
}

const SOUND: &str = "both sides are sound";

const INTRO: Intro = Intro {
    version: VERSION,
    fragments_max: 64,
    message_window: 32,
    capabilities: 0,
    ping_interval: Config::PING_INTERVAL,
    channel: 0x1122_3344_5566_7788,
    hello: 1,
    replay_window: 256,
};

/// One whole message, with every operation done at once.
fn message(noise: &mut Noise, keys: &SecretIdentity, buffer: &mut [u8]) -> Result<(), NoiseError> {
    while noise.advance(buffer)? == Step::NeedsOperation {
        let operation = noise.operation().expect("it needs one");
        noise.supply(&perform(operation, keys))?;
    }
    Ok(())
}

fn perform(operation: Operation, keys: &SecretIdentity) -> Key {
    match operation {
        Operation::PublicKey(secret) => {
            x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(secret)).to_bytes()
        }
        Operation::Agree(Secret::Ephemeral(secret), theirs) => x25519_dalek::x25519(secret, theirs),
        Operation::Agree(Secret::Static, theirs) => keys.agree(&theirs),
    }
}
