//! Faults that come when all is over.

use underpass_core::{Duration, Instant};

use super::{Resolver, shown};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::model::{Expect, Fact, Fault, FaultKind, Mode};

/// No datagram is on its way for longer: the longest link and the fullest queue are faster.
const ON_ITS_WAY_MAX: Duration = Duration::from_secs(10);

impl Resolver<'_> {
    /// Where all that is expected is about datagrams, a fault after the last of them changes nothing.
    /// Messages may still be under way then, and what hostile nodes do concerns the checkers.
    pub(super) fn check_late_faults(&mut self, expects: &[Expect]) {
        let Some(last) = self.last_expected_datagram(expects) else { return };
        let is_late = |fault: &Fault| {
            let concerns_checkers = matches!(
                fault.kind,
                FaultKind::Hostile(_) | FaultKind::ChangeSecret(_) | FaultKind::RetireSecret(_)
            );
            !concerns_checkers && fault.at > last + ON_ITS_WAY_MAX
        };
        let Some(index) = self.faults.iter().position(is_late) else { return };
        let message = format!("`{}` begins when nothing is sent any more", self.faults[index].name);
        self.wrong(
            Diagnostic::at(self.fault_spans[index].clone(), message)
                .label("it changes nothing that is expected")
                .note(format!("the last payload that is expected goes out at {}", shown(last)))
                .help(
                    "let it begin earlier, or expect something of it, such as a `session` after it",
                ),
        );
    }

    /// When it goes out, if nothing else is expected.
    fn last_expected_datagram(&self, expects: &[Expect]) -> Option<Instant> {
        let mut last = None;
        for fact in expects.iter().flat_map(|expect| &expect.facts) {
            let (Fact::Delivered { from, to, .. } | Fact::Latency { from, to, .. }) = fact else {
                return None;
            };
            for send in self.sends_of((*from, *to)) {
                if send.mode == Mode::Message {
                    return None;
                }
                let at = send.at + send.every.saturating_mul(send.count.saturating_sub(1));
                last = last.max(Some(at));
            }
        }
        last
    }
}
