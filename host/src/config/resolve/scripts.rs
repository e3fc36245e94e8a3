//! What runs when a message comes.

use toml::Spanned;
use underpass_core::{Duration, PeerId};

use super::super::diagnostic::Diagnostic;
use super::super::{Allowed, ScriptConfig, file, units};
use super::Reader;
use crate::kind::RESERVED;

const TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT_MAX: Duration = Duration::from_secs(3600);
const OUTPUT: u64 = 64 * 1024;

impl Reader<'_> {
    pub(super) fn scripts(&mut self, written: &[Spanned<file::Script>]) -> Vec<ScriptConfig> {
        let mut scripts: Vec<ScriptConfig> = Vec::new();
        for each in written {
            let Some(script) = self.script(each.get_ref()) else { continue };
            let is_same =
                |other: &ScriptConfig| other.kind == script.kind && (other.body == script.body);
            if scripts.iter().any(is_same) {
                let kind = &each.get_ref().kind;
                self.add(
                    Diagnostic::at(kind.span(), "two scripts for the same messages")
                        .help("give one of them another `kind` or `body`"),
                );
            }
            scripts.push(script);
        }
        scripts
    }

    fn script(&mut self, written: &file::Script) -> Option<ScriptConfig> {
        let kind = u16::try_from(*written.kind.get_ref()).ok().filter(|kind| *kind < RESERVED);
        if kind.is_none() {
            let message = format!("a kind is a number below {RESERVED}");
            self.add(Diagnostic::at(written.kind.span(), message));
        }
        let allow = self.allowed(&written.allow);
        let timeout = self.span_within(
            written.timeout.as_ref(),
            TIMEOUT,
            (Duration::from_millis(1), TIMEOUT_MAX),
        );
        let output = match &written.output {
            None => Some(OUTPUT),
            Some(text) => {
                let most = crate::LONG_MAX as u64;
                let bytes = units::bytes(text.get_ref()).filter(|bytes| *bytes <= most);
                if bytes.is_none() {
                    self.add(
                        Diagnostic::at(text.span(), "`output` is at most 4MiB")
                            .help("write it like \"64KiB\""),
                    );
                }
                bytes
            }
        };
        let mut at_once = 4;
        self.limit(written.at_once.as_ref(), 1..=64, &mut at_once);
        Some(ScriptConfig {
            kind: kind?,
            body: written.body.as_ref().map(|body| body.get_ref().clone()),
            run: written.run.get_ref().clone(),
            allow: allow?,
            timeout,
            output_max: output? as usize,
            at_once,
        })
    }

    fn allowed(&mut self, written: &Spanned<Vec<Spanned<String>>>) -> Option<Allowed> {
        let all = written.get_ref();
        if all.is_empty() {
            self.add(
                Diagnostic::at(written.span(), "nobody is allowed to run it")
                    .help("list ids of peers, or \"network\" for every member"),
            );
            return None;
        }
        if all.iter().any(|each| each.get_ref() == "network") {
            return Some(Allowed::Network);
        }
        const HELP: &str = "list ids of peers, or \"network\" for every member";
        let ids: Vec<PeerId> =
            all.iter().filter_map(|each| self.parsed(each, "peer's id", HELP)).collect();
        (ids.len() == all.len()).then_some(Allowed::Peers(ids))
    }
}
