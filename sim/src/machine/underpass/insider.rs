//! A member of the network that keeps to its sessions and, in gossip, to no rule. It holds its own keys, those of
//! whatever identities it makes up, and what every member is told.

use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use underpass_core::inspect::{RecordDraft, Signed, each_signed, rewrite, signed_broadcast};
use underpass_core::{
    Broadcast, Duration, Instant, MAX_TRANSMIT, Network, Peer, PeerState, Route, SecretIdentity,
    Tag, Transmit,
};

use super::{Cx, PORT, Running, Underpass};
use crate::scenario::model::NodeId;
use crate::wire::{self, gossip};

/// Signed bytes of others that it keeps, the first that it heard.
const KEPT: usize = 256;
/// Bytes of a broadcast that it makes up.
const PAYLOAD: usize = 64;
/// Sequences that no honest node comes to in a run.
const HIGH: u32 = 1_000_000;

/// What an insider does, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Insider {
    /// What.
    pub ploy: Ploy,
    /// From when on, by the time of the world.
    pub from: Instant,
    /// Time between two times that it tells all its peers something.
    pub every: Duration,
    /// How many identities it makes up, one after the other and again from the first.
    pub names: u32,
    /// At whose address it says that others are; beside itself, if nobody's.
    pub at: Option<NodeId>,
}

/// A way to break the rules of gossip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ploy {
    /// Tells records of others that these have not signed.
    Forges,
    /// Tells what others signed long ago, as if it were new.
    Replays,
    /// Says of itself one thing to some and another to others, under one sequence, and nothing else of anybody.
    Forks,
    /// Tells records of identities that it has made up.
    Names,
    /// Asks without end.
    Asks,
    /// Says things to everybody without end, under identities that it has made up.
    Chatters,
    /// Tells nobody of anybody but itself and whom it has made up, hands no rumour on, and wants to be
    /// everybody's neighbour.
    Eclipses,
}

/// How far it has come.
#[derive(Default)]
pub(super) struct Schemer {
    strikes: u32,
    next_at: Option<Instant>,
    identities: Vec<SecretIdentity>,
    kept: VecDeque<(Signed, Vec<u8>)>,
    /// What it has kept, or would have if there had been room.
    known: BTreeSet<Vec<u8>>,
}

impl Schemer {
    pub(super) fn wake(&self) -> Option<Instant> {
        self.next_at
    }

    fn identity(&mut self, number: u32, cx: &Cx<'_>) -> &SecretIdentity {
        let number = number as usize;
        for next in self.identities.len()..=number {
            let stream = cx.stream(&["insider", "identity", &next.to_string()]);
            let mut tries = 0;
            let draw = || {
                tries += 1;
                stream.bytes(tries)
            };
            self.identities.push(SecretIdentity::generate(draw).expect("draws differ").0);
        }
        &self.identities[number]
    }

    fn keep(&mut self, running: &mut Running) {
        let (kept, known) = (&mut self.kept, &mut self.known);
        each_signed(&mut running.node, |what, signed| {
            if kept.len() < KEPT && known.insert(signed.to_vec()) {
                kept.push_back((what, signed.to_vec()));
            }
        });
    }
}

impl Underpass {
    /// Does what is due, if its node is an insider's.
    pub(super) fn scheme(&mut self, cx: &mut Cx<'_>) {
        let Some(insider) = self.setup.insider.clone() else { return };
        let schemer = &mut self.running().schemer;
        let now = cx.now();
        if schemer.next_at.is_some_and(|at| now < at) {
            return;
        }
        schemer.next_at = Some(now + insider.every);
        if cx.world_now() < insider.from {
            return;
        }
        let mut schemer = std::mem::take(&mut self.running().schemer);
        schemer.keep(self.running());
        let number = schemer.strikes;
        schemer.strikes += 1;
        for (place, (peer, of)) in (0..).zip(self.peers_in_touch(cx)) {
            let turn = (number, place);
            if let Some(content) = self.content(&insider, turn, of, &mut schemer, cx) {
                self.say(peer, &content, cx);
            }
        }
        self.running().schemer = schemer;
    }

    /// Whom it has a session with that needs no relay.
    fn peers_in_touch(&mut self, cx: &Cx<'_>) -> Vec<(Peer, NodeId)> {
        let own = cx.node();
        let all: Vec<_> = self.roster.ids().filter(|(node, _)| *node != own).collect();
        let node = &mut self.running().node;
        let in_touch = all.into_iter().filter_map(|(of, id)| {
            let peer = node.peer(&id)?;
            let is_active = node.peer_state(peer) == Ok(PeerState::Active);
            let is_direct = matches!(node.route(peer), Ok(Some(Route::Direct(_))));
            (is_active && is_direct).then_some((peer, of))
        });
        in_touch.collect()
    }

    /// What one peer is told this time.
    fn content(
        &self,
        insider: &Insider,
        (number, place): (u32, u32),
        of: NodeId,
        schemer: &mut Schemer,
        cx: &Cx<'_>,
    ) -> Option<Vec<u8>> {
        let network = self.roster.network(cx.node(), 0);
        let own = self.roster.identity(cx.node());
        let sign = |draft: &RecordDraft<'_>, owner: &SecretIdentity, keys: &SecretIdentity| {
            draft.sign(&network, &owner.id(), keys).to_vec()
        };
        let name = number % insider.names.max(1);
        let address = [self.address(insider, name, cx)?];
        let draft = RecordDraft { addresses: &address, ..RecordDraft::default() };
        match insider.ploy {
            Ploy::Forges => {
                let others: Vec<NodeId> = self.roster.ids().map(|(node, _)| node).collect();
                let victim = others[number as usize % others.len()];
                if [of, cx.node()].contains(&victim) {
                    return None;
                }
                let draft = RecordDraft { sequence: HIGH + number, ..draft };
                let signed = sign(&draft, self.roster.identity(victim), own);
                Some(gossip::announcement(&signed))
            }
            Ploy::Replays => {
                let (what, signed) =
                    schemer.kept.get(number as usize % schemer.kept.len().max(1))?;
                Some(match what {
                    Signed::Record => gossip::announcement(signed),
                    Signed::Broadcast => gossip::rumour(signed),
                })
            }
            Ploy::Forks => {
                let tags =
                    [Tag::new(&network, if (number + place) % 2 == 0 { "one" } else { "other" })];
                let draft = RecordDraft { sequence: HIGH, tags: &tags, ..draft };
                Some(gossip::announcement(&sign(&draft, own, own)))
            }
            Ploy::Names => {
                let keys = schemer.identity(name, cx);
                let draft = RecordDraft { sequence: 1, ..draft };
                Some(gossip::announcement(&sign(&draft, keys, keys)))
            }
            Ploy::Asks => {
                let draw = cx.stream(&["insider", "question"]).bytes(number.into());
                Some(match number % 2 {
                    0 => gossip::request(&draw[..8], &draw[8..16]),
                    _ => gossip::empty_shuffle(),
                })
            }
            Ploy::Chatters => {
                let keys = schemer.identity(name, cx);
                let order = (1, number / insider.names.max(1));
                Some(gossip::rumour(&made_up(&network, keys, order)))
            }
            Ploy::Eclipses => Some(gossip::neighbour()),
        }
    }

    /// Where it says that somebody is.
    fn address(&self, insider: &Insider, name: u32, cx: &Cx<'_>) -> Option<SocketAddr> {
        if let Some(at) = insider.at {
            return self.roster.any_address(cx.node(), at);
        }
        let own = self.roster.any_address(cx.node(), cx.node())?;
        Some(match own.ip() {
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                let host = u8::try_from(name % 256).expect("below 256");
                SocketAddr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, host)), PORT)
            }
            IpAddr::V6(_) => own,
        })
    }

    /// Says what its node would not, in the session with a peer that is reached directly.
    fn say(&mut self, peer: Peer, content: &[u8], cx: &mut Cx<'_>) {
        let running = self.running();
        let mut buffer = [0; MAX_TRANSMIT];
        // A byte before a payload says that it is one.
        let payload = vec![0; content.len() - 1];
        let Ok(transmit) = running.node.send_datagram(peer, &payload, &mut buffer) else { return };
        // A relay's layer would be in the way.
        let is_direct =
            transmit.ranges().all(|(_, range)| range.len() == wire::SEALED_LEN_MIN + content.len());
        if !is_direct {
            return;
        }
        each_range(&transmit, |range| {
            let _ = rewrite(&mut running.node, &mut buffer[range], |sealed| {
                sealed.copy_from_slice(content);
            });
        });
        running.send(&transmit, &buffer, cx);
    }

    /// Keeps to itself what its node would tell of others, or, if it has two faces, of itself.
    pub(super) fn withhold(&mut self, transmit: &Transmit, buffer: &mut [u8], cx: &Cx<'_>) {
        let Some(insider) = &self.setup.insider else { return };
        let forks = insider.ploy == Ploy::Forks;
        if !(forks || insider.ploy == Ploy::Eclipses) || cx.world_now() < insider.from {
            return;
        }
        let own = *self.roster.identity(cx.node()).id().as_bytes();
        let running = self.running();
        each_range(transmit, |range| {
            let _ = rewrite(&mut running.node, &mut buffer[range], |content| {
                let is_told = gossip::is_of_others(content, &own);
                if is_told || forks && gossip::is_telling(content) {
                    content[0] = wire::UNKNOWN;
                }
            });
        });
    }
}

/// The datagrams of a transmit, each once: the same one may go two ways.
fn each_range(transmit: &Transmit, mut with: impl FnMut(std::ops::Range<usize>)) {
    let mut ranges: Vec<_> = transmit.ranges().map(|(_, range)| range).collect();
    ranges.dedup();
    ranges.into_iter().for_each(&mut with);
}

fn made_up(network: &Network, keys: &SecretIdentity, order: (u32, u32)) -> Vec<u8> {
    let broadcast = Broadcast { origin: keys.id(), kind: 0, payload: &[0; PAYLOAD] };
    signed_broadcast(network, keys, &broadcast, order).to_vec()
}
