//! Expectations of those pairs only that the NATs let reach each other in a certain way.

use crate::oracle::{Oracle, Reach};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{self, Spanned};
use crate::scenario::model::{Fact, NodeId};

use super::Resolver;
use super::sense::involved;

impl Resolver<'_> {
    /// The facts about such pairs, where all nodes are in the end; nothing if there are none, or after
    /// a mistake is noted.
    pub(super) fn within_reach(
        &mut self,
        reach: &Spanned<file::Reach>,
        facts: Vec<Fact>,
        sound: bool,
    ) -> Option<Vec<Fact>> {
        let pair = |fact: &Fact| match involved(fact) {
            [Some(from), Some(to)] => Some((from, to)),
            _ => None,
        };
        let pairs: Option<Vec<(NodeId, NodeId)>> = facts.iter().map(pair).collect();
        let Some(pairs) = pairs else {
            self.wrong(
                Diagnostic::at(reach.span(), "`reach` for what is not about pairs of nodes")
                    .help("leave it out, or ask for a `path`, a `session` or what is `delivered`"),
            );
            return None;
        };
        if !sound {
            return Some(facts);
        }
        let oracle = Oracle::of(&self.nodes, &self.nats, &self.faults, self.end);
        let wanted = *reach.get_ref();
        let is_so = |(from, to)| is_so(wanted, oracle.with_relays(from, to).reach);
        let kept: Vec<Fact> =
            facts.into_iter().zip(pairs).filter(|(_, pair)| is_so(*pair)).map(|it| it.0).collect();
        if kept.is_empty() {
            self.idle.push(
                Diagnostic::at(reach.span(), "the oracle says so of no pair")
                    .label("nothing is expected")
                    .help("leave the expectation out, or change what the nodes are behind"),
            );
            return None;
        }
        Some(kept)
    }
}

fn is_so(wanted: file::Reach, reach: Reach) -> bool {
    match wanted {
        file::Reach::Direct => matches!(reach, Reach::Direct | Reach::Punched),
        file::Reach::Relayed => reach == Reach::Relayed,
        file::Reach::Any => reach != Reach::Never,
        file::Reach::None => reach == Reach::Never,
    }
}
