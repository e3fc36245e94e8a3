//! What of a node outlives a restart: whom it knew and where, never a session, a counter or a
//! generator. There is no secret in it; and an old copy that somebody hands back does no more harm
//! than to forget peers.
//!
//! Bytes: version 1, identity 32, network id 32, sequence of the own record 4; postcard, for each peer, the
//! most wanted first, then for each record of another node; a checksum of 16 bytes over all of that, against torn writes.

use serde::{Deserialize, Serialize};

use crate::access::Standing;
use crate::crypto::hash;
use crate::cx::{Cx, State};
use crate::error::{RestoreError, SaveError};
use crate::gossip::{self, RecordSlot};
use crate::held::Held;
use crate::identity::PeerId;
use crate::lifecycle;
use crate::path::Path;
use crate::peer::{Contact, PeerSlot};
use crate::wire::Intro;

const VERSION: u8 = 3;
const SEQUENCE: usize = 1 + 32 + 32;
const PEERS: usize = SEQUENCE + 4;
const CHECKSUM_LEN: usize = 16;

/// What is saved of others.
#[derive(Serialize, Deserialize)]
enum Saved<'a> {
    Peer(SavedPeer),
    /// A record, and how old it was in seconds.
    Record(u16, &'a [u8]),
}

/// A peer, or an address that was asked for.
#[derive(Serialize, Deserialize)]
struct SavedPeer {
    id: Option<[u8; 32]>,
    standing: u8,
    is_foreign: bool,
    path: Option<Path>,
    /// Its channel and the newest Hello in it: that one is still known as a replay.
    heard: Option<(u64, u64)>,
}

/// The longest encoding: which it is, an id, a standing, an IPv6 path with its scope, a channel.
const PEER_LEN_MAX: usize = 1 + (1 + 32) + 1 + 1 + (1 + 1 + 1 + 16 + 3 + 5) + (1 + 10 + 10);

/// The same of a record: which it is, its age, and its bytes with their length.
const RECORD_LEN_MAX: usize = 1 + 3 + 2 + gossip::RECORD_LEN_MAX;

/// The room that a storage of so many peers and records needs.
pub(crate) const fn len_max(peers: usize, records: usize) -> usize {
    PEERS + peers * PEER_LEN_MAX + records * RECORD_LEN_MAX + CHECKSUM_LEN
}

/// Writes the state of a node and returns its length.
pub(crate) fn write(
    state: &State,
    peers: &[PeerSlot],
    records: &[RecordSlot],
    out: &mut [u8],
) -> Result<usize, SaveError> {
    let head = out.get_mut(..PEERS).ok_or(SaveError::TooSmall)?;
    head[0] = VERSION;
    head[1..33].copy_from_slice(state.id.as_bytes());
    head[33..SEQUENCE].copy_from_slice(&state.config.network.id);
    head[SEQUENCE..].copy_from_slice(&state.gossip.sequence().to_le_bytes());
    let mut len = PEERS;
    let mut put = |saved: &Saved<'_>, out: &mut [u8]| {
        len += postcard::to_slice(saved, &mut out[len..]).ok()?.len();
        Some(())
    };
    for standing in [Standing::Pinned, Standing::Listed, Standing::Met] {
        for peer in peers.iter().filter(|peer| peer.is_taken && peer.standing == standing) {
            put(&Saved::Peer(SavedPeer::of(peer)), out).ok_or(SaveError::TooSmall)?;
        }
    }
    gossip::each_saved(records, state.now, |age_s, signed| put(&Saved::Record(age_s, signed), out))
        .ok_or(SaveError::TooSmall)?;
    let (body, rest) = out.split_at_mut(len);
    let place = rest.get_mut(..CHECKSUM_LEN).ok_or(SaveError::TooSmall)?;
    place.copy_from_slice(&checksum(body));
    Ok(len + CHECKSUM_LEN)
}

/// Takes up what a node of this identity and network saved; as many peers as there is room for. Those
/// that the application asked for are dialled.
pub(crate) fn read(saved: &[u8], cx: &mut Cx<'_>) -> Result<(), RestoreError> {
    let body_len = saved.len().checked_sub(CHECKSUM_LEN).ok_or(RestoreError::Damaged)?;
    let (body, sum) = saved.split_at(body_len);
    // Whoever fuzzes would never guess it.
    let is_whole = cfg!(fuzzing) || sum == checksum(body);
    if body.len() < PEERS || !is_whole {
        return Err(RestoreError::Damaged);
    }
    let (head, mut records) = body.split_at(PEERS);
    if head[0] != VERSION {
        return Err(RestoreError::Version);
    }
    if head[1..33] != cx.state.id.as_bytes()[..] || head[33..SEQUENCE] != cx.state.config.network.id
    {
        return Err(RestoreError::OtherNode);
    }
    while !records.is_empty() {
        let (saved, rest) =
            postcard::take_from_bytes::<Saved<'_>>(records).map_err(|_| RestoreError::Damaged)?;
        records = rest;
        match saved {
            Saved::Peer(_) if cx.is_full() => {}
            Saved::Peer(peer) => peer.restore(cx)?,
            Saved::Record(age_s, signed) => {
                gossip::restore_record(age_s, signed, cx).ok_or(RestoreError::Damaged)?;
            }
        }
    }
    let sequence = head[SEQUENCE..].try_into().expect("it has four bytes");
    gossip::restore_sequence(u32::from_le_bytes(sequence), cx);
    Ok(())
}

impl SavedPeer {
    fn of(peer: &PeerSlot) -> Self {
        let remote = peer.channel.remote.as_ref();
        Self {
            id: peer.contact.map(|contact| *contact.id.as_bytes()),
            standing: peer.standing as u8,
            is_foreign: peer.is_foreign,
            path: peer.known.get(),
            heard: remote.map(|intro| (intro.channel, intro.hello)),
        }
    }

    fn restore(self, cx: &mut Cx<'_>) -> Result<(), RestoreError> {
        let standing = match self.standing {
            0 => Standing::Met,
            1 => Standing::Listed,
            2 => Standing::Pinned,
            _ => return Err(RestoreError::Damaged),
        };
        let id = self.id.map(PeerId::from_bytes).transpose().map_err(|_| RestoreError::Damaged)?;
        if id.is_some_and(|id| cx.find_peer(&id).is_some() || id == cx.state.id) {
            return Err(RestoreError::Damaged);
        }
        let contact = id.map(|id| Contact { id, agreement_key: id.agreement_key() });
        let slot = cx.add_peer(contact).expect("it was not full");
        let peer = cx.peer(slot);
        (peer.standing, peer.is_foreign) = (standing, self.is_foreign);
        peer.known = self.path.map_or(Held::Nothing, Held::This);
        if let Some((channel, hello)) = self.heard {
            peer.channel.remote = Held::This(Intro::remembered(channel, hello));
        }
        lifecycle::dial(slot, cx);
        Ok(())
    }
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM_LEN] {
    hash::mac16(b"underpass/1 saved", body)
}
