//! What its owner does about a node's secret of the network.
//!
//! That outlives the node's state: whoever gives a node that has lost it its keys again gives it the
//! secret of that day, too.

use underpass_core::{Instant, Network, Recorder};

use super::{HeapStorage, Roster, Tape};
use crate::scenario::model::NodeId;

/// Something that an owner does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecretAct {
    /// Goes over to the next secret of the run; the one before is still good.
    Change,
    /// Gives up the one before.
    Retire,
}

/// All that an owner does, in order, by the time of the world: it is no node's clock that owners go by.
pub type SecretActs = Vec<(Instant, SecretAct)>;

/// Which secrets a node has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Secrets {
    /// Of the run's secrets, which it uses.
    current: u32,
    /// It still has the one before as well.
    previous: bool,
    /// How many of the acts have been done.
    done: usize,
}

impl Secrets {
    /// Those of a node that starts at this time.
    pub(super) fn at(acts: &SecretActs, now: Instant) -> Self {
        let mut secrets = Self::default();
        while secrets.next(acts, now).is_some() {}
        secrets
    }

    pub(super) fn network(self, of: NodeId, roster: &Roster) -> Network {
        let network = roster.network(of, self.current);
        match self.previous {
            true => network.with_previous(roster.secret(of, self.current - 1)),
            false => network,
        }
    }

    /// Does to the node what is due.
    pub(super) fn catch_up(
        &mut self,
        acts: &SecretActs,
        now: Instant,
        node: &mut Recorder<HeapStorage, Tape>,
        (of, roster): (NodeId, &Roster),
    ) {
        while let Some(act) = self.next(acts, now) {
            match act {
                SecretAct::Change => node.change_secret(roster.secret(of, self.current)),
                SecretAct::Retire => node.retire_previous_secret(),
            }
        }
    }

    /// The next act, if it is due by now; it counts as done.
    fn next(&mut self, acts: &SecretActs, now: Instant) -> Option<SecretAct> {
        let &(_, act) = acts.get(self.done).filter(|(at, _)| *at <= now)?;
        self.done += 1;
        if act == SecretAct::Change {
            self.current += 1;
        }
        self.previous = act == SecretAct::Change;
        Some(act)
    }
}
