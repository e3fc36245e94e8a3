//! What of a node outlives a restart: whom it knew and where, never a session, a counter or a
//! generator. There is no secret in it; and an old copy that somebody hands back does no more harm
//! than to forget peers.
//!
//! Bytes: version 1, identity 32, network id 32; a postcard record for each peer, the most wanted
//! first; a checksum of 16 bytes over all of that, against torn writes.

use serde::{Deserialize, Serialize};

use crate::access::Standing;
use crate::crypto::hash;
use crate::cx::Cx;
use crate::error::{RestoreError, SaveError};
use crate::held::Held;
use crate::identity::PeerId;
use crate::lifecycle;
use crate::network::Network;
use crate::path::Path;
use crate::peer::{Contact, PeerSlot};
use crate::wire::Intro;

const VERSION: u8 = 2;
const PEERS: usize = 1 + 32 + 32;
const CHECKSUM_LEN: usize = 16;

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

/// The longest encoding: an id, a standing, an IPv6 path with its scope, a channel.
const PEER_LEN_MAX: usize = (1 + 32) + 1 + 1 + (1 + 1 + 1 + 16 + 3 + 5) + (1 + 10 + 10);

/// The room that a storage of so many peers needs.
pub(crate) const fn len_max(peers: usize) -> usize {
    PEERS + peers * PEER_LEN_MAX + CHECKSUM_LEN
}

/// Writes the state of a node and returns its length.
pub(crate) fn write(
    identity: &PeerId,
    network: &Network,
    peers: &[PeerSlot],
    out: &mut [u8],
) -> Result<usize, SaveError> {
    let head = out.get_mut(..PEERS).ok_or(SaveError::TooSmall)?;
    head[0] = VERSION;
    head[1..33].copy_from_slice(identity.as_bytes());
    head[33..].copy_from_slice(&network.id);
    let mut len = PEERS;
    for standing in [Standing::Pinned, Standing::Listed, Standing::Met] {
        for peer in peers.iter().filter(|peer| peer.is_taken && peer.standing == standing) {
            let written = postcard::to_slice(&SavedPeer::of(peer), &mut out[len..]);
            len += written.map_err(|_| SaveError::TooSmall)?.len();
        }
    }
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
    if body.len() < PEERS || sum != checksum(body) {
        return Err(RestoreError::Damaged);
    }
    let (head, mut records) = body.split_at(PEERS);
    if head[0] != VERSION {
        return Err(RestoreError::Version);
    }
    if head[1..33] != cx.state.id.as_bytes()[..] || head[33..] != cx.state.config.network.id {
        return Err(RestoreError::OtherNode);
    }
    while !records.is_empty() {
        let (peer, rest) =
            postcard::take_from_bytes::<SavedPeer>(records).map_err(|_| RestoreError::Damaged)?;
        records = rest;
        if cx.is_full() {
            return Ok(());
        }
        peer.restore(cx)?;
    }
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
