//! Nodes' own time: clocks that drift, nodes that stand still, keys' work that takes a while.

use std::ops::Range;

use underpass_core::{Duration, Instant};

use super::{Resolver, shown};
use crate::machine::underpass::Cpu;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{self, Kind, Spanned};
use crate::scenario::model::FaultKind;
use crate::units::{Period, Ppm};

/// A side of a handshake takes four or five of them, and an attempt is given up after five seconds.
const KEY_OPERATION_MAX: Duration = Duration::from_secs(1);

impl Resolver<'_> {
    /// How fast a node's clock goes; if no such clock exists, as if nothing were said.
    pub(super) fn drift(&mut self, ppm: &Spanned<i64>) -> Option<Ppm> {
        let drift = Ppm::new(*ppm.get_ref());
        if drift.is_none() {
            self.wrong(
                Diagnostic::at(ppm.span(), format!("a clock cannot be off by {ppm} ppm"))
                    .note("crystals are off by up to 100 millionths, 8.6 s in a day")
                    .help(format!("write a number from -{} to {}", Ppm::MAX, Ppm::MAX)),
            );
        }
        drift
    }

    pub(super) fn clock(&mut self, clock: &file::Clock) -> Option<FaultKind> {
        let nodes = self.select(&clock.node);
        let ppm = self.drift(&clock.ppm);
        if ppm == Some(Ppm::ZERO) {
            self.wrong(
                Diagnostic::at(clock.ppm.span(), "a drift of nothing changes no clock")
                    .help("say by how many millionths it goes faster: `ppm = 200`"),
            );
        }
        Some(FaultKind::Clock { nodes: nodes?, ppm: ppm? })
    }

    pub(super) fn suspend(
        &mut self,
        name: &Spanned<String>,
        at: Instant,
        at_span: Range<usize>,
    ) -> Option<FaultKind> {
        let node = self.one_node(name, "suspend")?;
        let start = self.nodes[node.0 as usize].start;
        if start > at {
            let message = format!("`{name}` is suspended before it is switched on");
            self.wrong(
                Diagnostic::at(name.span(), message)
                    .label(format!("it starts at {}", shown(start)))
                    .also(at_span, "it is suspended here")
                    .help("suspend it later, or give the node an earlier `start`"),
            );
        }
        Some(FaultKind::Suspend(node))
    }

    pub(super) fn cpu(&mut self, cpu: &file::Cpu) -> Option<Cpu> {
        let own = match cpu {
            file::Cpu::Of(Kind::Board) => return Some(Cpu::BOARD),
            file::Cpu::Of(Kind::Host) => return Some(Cpu::HOST),
            file::Cpu::Own(own) => &own.key_operation,
        };
        let key_operation = own.get_ref().0;
        if key_operation > KEY_OPERATION_MAX {
            self.wrong(
                Diagnostic::at(own.span(), format!("a key operation of {own}"))
                    .label("with five of them in a handshake, none would ever be through")
                    .help(format!("write at most \"{}\"", Period(KEY_OPERATION_MAX))),
            );
            return None;
        }
        Some(Cpu { key_operation })
    }
}
