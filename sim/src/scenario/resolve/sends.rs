//! What applications send.

use underpass_core::{Duration, Instant, MAX_BROADCAST, MAX_MESSAGE, MAX_PAYLOAD};

use super::{Resolver, instant, shown};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{self, Send};
use crate::scenario::model::{self, Mode, NodeId};
use crate::units::Period;

/// The simulator's own stamp, without which an arrival could not be told from another.
const SIZE_MIN: u64 = 32;
const SIZE_DEFAULT: u64 = 64;

impl Resolver<'_> {
    /// Adds every send, one for each pair of nodes that it names.
    pub(super) fn resolve_sends(&mut self) {
        let file = self.file;
        let named = file.send.iter().map(|send| (send.span(), send.get().name.as_ref()));
        let names = self.statement_names("send", named);
        for (entry, name) in file.send.iter().zip(names) {
            self.resolve_send(entry.get(), &name);
        }
    }

    fn resolve_send(&mut self, send: &Send, name: &str) {
        let at = instant(&send.at);
        let mode = match send.mode {
            None | Some(file::Mode::Datagram) => Mode::Datagram,
            Some(file::Mode::Message) => Mode::Message,
            Some(file::Mode::Broadcast) => Mode::Broadcast,
        };
        let size = self.size(send, mode);
        let rhythm = self.rhythm(send);
        let in_time = self.before_end("the send begins", at, send.at.span());
        if let Some((every, count)) = rhythm
            && in_time
        {
            self.check_last(send, at, every, count);
        }
        let pairs = match mode {
            Mode::Datagram => self.ordered_pairs(&send.from, &send.to),
            Mode::Message => self.pairs_or_oneself(&send.from, &send.to),
            Mode::Broadcast => self.broadcasters(send),
        };
        let (Some((every, count)), Some(pairs)) = (rhythm, pairs) else { return };
        for (from, to) in pairs {
            let start = self.nodes[from.0 as usize].start;
            if start > at {
                let node = self.names.of(from);
                let message = format!("`{node}` sends before it is switched on");
                let mistake = Diagnostic::at(send.at.span(), message)
                    .label(format!("it starts at {}", shown(start)))
                    .help("send later, or give the node an earlier `start`");
                return self.wrong(mistake);
            }
            if self.check_speak(send.to.span(), from, to).is_none()
                || self.check_network(send.to.span(), from, to).is_none()
            {
                return;
            }
            if mode != Mode::Broadcast {
                self.sends_between.entry((from, to)).or_default().push(self.sends.len());
            }
            let name = name.to_owned();
            self.sends.push(model::Send { name, from, to, at, every, count, size, mode });
        }
    }

    /// Who broadcasts, each beside itself: a broadcast is one payload, whoever hears it.
    fn broadcasters(&mut self, send: &Send) -> Option<Vec<(NodeId, NodeId)>> {
        let from = self.select_members(&send.from)?;
        if send.to.get_ref() != "*" {
            self.wrong(
                Diagnostic::at(send.to.span(), "a broadcast goes to everybody")
                    .label("not to these alone")
                    .help("write `to = \"*\"`, or `mode = \"message\"`"),
            );
            return None;
        }
        let is_known = |node: &NodeId| {
            self.nodes[node.0 as usize].gossip.as_ref().is_some_and(|gossip| gossip.is_discoverable)
        };
        if let Some(unknown) = from.iter().find(|node| !is_known(node)) {
            let unknown = self.names.of(*unknown);
            self.wrong(
                Diagnostic::at(send.from.span(), format!("`{unknown}` cannot speak to everybody"))
                    .label("nobody knows of it")
                    .help(format!("write `discoverable = true` for `{unknown}`")),
            );
            return None;
        }
        Some(from.into_iter().map(|node| (node, node)).collect())
    }

    /// Time between two, and how many.
    fn rhythm(&mut self, send: &Send) -> Option<(Duration, u64)> {
        let every = send.every.as_ref().map(|every| every.get_ref().0);
        if let (Some(every), Some(Duration::ZERO)) = (&send.every, every) {
            self.wrong(
                Diagnostic::at(every.span(), "`every` must be longer than no time")
                    .help("write how far apart, such as `every = \"100ms\"`"),
            );
            return None;
        }
        match (&send.count, &send.lasts, &send.every) {
            (Some(count), Some(lasts), _) => {
                let mistake = Diagnostic::at(lasts.span(), "`for` and `count` for one send")
                    .also(count.span(), "this says it, too")
                    .help("keep one: how long, or how many");
                self.wrong(mistake);
                None
            }
            (None, Some(lasts), None) => {
                self.wrong(
                    Diagnostic::at(lasts.span(), "`for` without `every`")
                        .label("how often in this time?")
                        .help("add `every = \"100ms\"`, or leave `for` out to send once"),
                );
                None
            }
            (None, None, Some(every)) => {
                self.wrong(
                    Diagnostic::at(every.span(), "`every` without `for` or `count`")
                        .label("for how long?")
                        .help("add `for = \"10s\"` or `count = 100`"),
                );
                None
            }
            (Some(count), None, _) => self.counted(send, *count.get_ref(), count.span()),
            (None, Some(lasts), Some(_)) => {
                let (every, lasts) = (every?.as_micros(), lasts.get_ref().0.as_micros());
                // The first goes out even if no time is left for it.
                Some((Duration::from_micros(every), lasts.div_ceil(every).max(1)))
            }
            (None, None, None) => Some((Duration::ZERO, 1)),
        }
    }

    fn counted(
        &mut self,
        send: &Send,
        count: u64,
        span: std::ops::Range<usize>,
    ) -> Option<(Duration, u64)> {
        let every = send.every.as_ref().map(|every| every.get_ref().0);
        let mistake = match (count, every) {
            (0, _) => Diagnostic::at(span, "`count` must be at least 1")
                .help("leave the whole `[[send]]` out to send nothing"),
            (2.., None) => Diagnostic::at(span, format!("{count} payloads, but no `every`"))
                .label("how far apart?")
                .help("add `every = \"100ms\"`"),
            (_, every) => return Some((every.unwrap_or(Duration::ZERO), count)),
        };
        self.wrong(mistake);
        None
    }

    /// A send whose last payloads come after the end was not meant to be cut short.
    fn check_last(&mut self, send: &Send, at: Instant, every: Duration, count: u64) {
        let last = at + every.saturating_mul(count - 1);
        if last < self.end {
            return;
        }
        let spans = (send.lasts.as_ref().map(|lasts| lasts.span()))
            .or_else(|| send.count.as_ref().map(|count| count.span()));
        let left = Period(self.end.saturating_since(at));
        let mistake = Diagnostic::at(
            spans.unwrap_or_else(|| send.at.span()),
            format!("the last of {count} payloads would go out at {}", shown(last)),
        )
        .label("after the scenario is over")
        .also(self.file.duration.span(), "it ends here")
        .help(format!("from {} on, {left} are left: send for a shorter time", shown(at)));
        self.wrong(mistake);
    }

    fn size(&mut self, send: &Send, mode: Mode) -> usize {
        let size_max = match mode {
            Mode::Datagram => MAX_PAYLOAD as u64,
            Mode::Message => MAX_MESSAGE as u64,
            Mode::Broadcast => MAX_BROADCAST as u64,
        };
        let size = send.size.as_ref().map_or(SIZE_DEFAULT, |size| *size.get_ref());
        if let Some(written) = &send.size
            && !(SIZE_MIN..=size_max).contains(&size)
        {
            let note = match (size < SIZE_MIN, mode) {
                (true, _) => {
                    format!("the simulator's own stamp in every payload takes {SIZE_MIN}")
                }
                (false, Mode::Datagram) => format!("one packet carries {size_max} on every path"),
                (false, Mode::Message) => format!("no message is longer than {size_max}"),
                (false, Mode::Broadcast) => format!("no broadcast is longer than {size_max}"),
            };
            let mut mistake =
                Diagnostic::at(written.span(), format!("a payload cannot have {size} bytes"))
                    .note(note)
                    .help(format!("`size` is from {SIZE_MIN} to {size_max}"));
            if mode == Mode::Datagram && (size_max..=MAX_MESSAGE as u64).contains(&size) {
                let help = "`mode = \"message\"` takes several packets for one payload";
                mistake = mistake.help(help);
            }
            self.wrong(mistake);
        }
        usize::try_from(size).unwrap_or(usize::MAX)
    }
}
