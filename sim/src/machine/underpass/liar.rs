//! A relay that keeps to its own sessions and to no other rule. It holds the keys of these, and not those of what it
//! carries.

use std::net::{IpAddr, SocketAddr};

use underpass_core::inspect::rewrite;
use underpass_core::{Recorder, Transmit};

use super::{Cx, HeapStorage, Setup, Tape, Underpass};
use crate::scenario::model::NodeId;
use crate::wire;

/// What a relay does that is not to be believed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Lies {
    /// What it does with what it carries, and says of it.
    pub lie: Option<Lie>,
    /// At whose address it says that everybody is.
    pub attests: Option<NodeId>,
}

/// A way to lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lie {
    /// All that it carries arrives twice.
    Doubles,
    /// With all that it carries comes something that it has carried before.
    Replays,
    /// A byte of all that it carries is another one.
    Alters,
    /// The circuits that it says are open lead nowhere.
    Misleads,
}

/// How many datagrams later one comes again.
const LATER: u64 = 20;

/// What a liar remembers.
#[derive(Default)]
pub(super) struct Liar {
    /// How much it has carried.
    carried: u64,
    /// Something of that, and how it went.
    kept: Option<(Transmit, Vec<u8>)>,
}

type Node = Recorder<HeapStorage, Tape>;

impl Underpass {
    /// Whether it loses what comes from this address and is for others.
    pub(super) fn drops(&self, from: SocketAddr, cx: &Cx<'_>) -> bool {
        let Setup { drops_from, drops_of, .. } = &*self.setup;
        let is_meant = |node: &NodeId| self.roster.is_known_by(*node, from.ip());
        drops_from.is_some_and(|from| from <= cx.now())
            && (drops_of.is_empty() || drops_of.iter().any(is_meant))
    }

    /// Sends on what is for others, or what it makes of that.
    pub(super) fn send_on(&mut self, transmit: &Transmit, datagram: &[u8], cx: &mut Cx<'_>) {
        let lie = self.setup.lies.lie;
        let running = self.running();
        let Some(lie) = lie else { return running.send(transmit, datagram, cx) };
        let made = running.liar.carry(lie, (transmit, datagram), &mut running.node);
        for (transmit, datagram) in made {
            running.send(&transmit, &datagram, cx);
        }
    }
}

impl Liar {
    /// What goes out instead of what is to be carried, in order.
    pub(super) fn carry(
        &mut self,
        lie: Lie,
        (transmit, datagram): (&Transmit, &[u8]),
        node: &mut Node,
    ) -> Vec<(Transmit, Vec<u8>)> {
        let own = (*transmit, datagram.to_vec());
        self.carried += 1;
        match lie {
            Lie::Misleads => vec![own],
            Lie::Alters => vec![altered(own, self.carried, node)],
            Lie::Doubles => {
                let second = altered_by(own.clone(), node, |_| {});
                vec![own, second]
            }
            Lie::Replays => {
                let again = self.kept.clone().map(|kept| altered_by(kept, node, |_| {}));
                if self.carried % LATER == 1 {
                    self.kept = Some(own.clone());
                }
                // In the order of their counters.
                let own = altered_by(own, node, |_| {});
                again.into_iter().chain([own]).collect()
            }
        }
    }
}

/// One byte of what is carried, another one each time.
fn altered(own: (Transmit, Vec<u8>), number: u64, node: &mut Node) -> (Transmit, Vec<u8>) {
    altered_by(own, node, |content| {
        let inner = &mut content[wire::CARRIED_PREFIX_LEN..];
        let place = number % u64::try_from(inner.len()).expect("a length fits").max(1);
        if let Some(byte) = usize::try_from(place).ok().and_then(|place| inner.get_mut(place)) {
            *byte ^= 1;
        }
    })
}

fn altered_by(
    (transmit, mut datagram): (Transmit, Vec<u8>),
    node: &mut Node,
    change: impl FnOnce(&mut [u8]),
) -> (Transmit, Vec<u8>) {
    // One of a session that is gone goes out as it was.
    let _ = rewrite(node, &mut datagram, change);
    (transmit, datagram)
}

/// Changes what a relay says of circuits and peers, before it goes out.
pub(super) fn say(
    lies: &Lies,
    address: Option<SocketAddr>,
    transmit: &Transmit,
    buffer: &mut [u8],
    node: &mut Node,
) {
    let mut ranges: Vec<_> = transmit.ranges().map(|(_, range)| range).collect();
    ranges.dedup();
    for range in ranges {
        let _ = rewrite(node, &mut buffer[range], |content| {
            let Some(word) = wire::circuit_word(content) else { return };
            if lies.lie == Some(Lie::Misleads) && word.is_opened {
                content[word.circuit] ^= 1;
            }
            if let (Some(IpAddr::V4(ip)), Some(place)) = (address.map(|it| it.ip()), word.ipv4) {
                content[place].copy_from_slice(&ip.octets());
            }
        });
    }
}
