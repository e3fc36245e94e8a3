//! How far the runs have come, while they go on.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::numbers::{count, thousands, wide};

/// A bar on the error output, if that is a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    state: State,
}

/// What the bar says beside the number of runs that are over.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Runs under way, in the order in which they were begun.
    running: Vec<String>,
    failed: usize,
}

impl Progress {
    pub(super) fn new(runs: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(wide(runs)), ProgressDrawTarget::stderr());
        let template =
            "     Running [{elapsed_precise}] [{bar:32}] {human_pos}/{human_len} runs{wide_msg}";
        let style = ProgressStyle::with_template(template).expect("the template is well formed");
        bar.set_style(style.progress_chars("=> "));
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { bar, state: State::default() }
    }

    pub(super) fn begun(&mut self, run: String) {
        self.state.running.push(run);
        self.bar.set_message(self.state.to_string());
    }

    pub(super) fn over(&mut self, run: &str, is_red: bool) {
        self.state.over(run, is_red);
        self.bar.inc(1);
        self.bar.set_message(self.state.to_string());
    }

    /// Does something that writes to the terminal, without the bar in between.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl State {
    fn over(&mut self, run: &str, is_red: bool) {
        self.running.retain(|running| running != run);
        self.failed += usize::from(is_red);
    }
}

/// How many have failed, and what is waited for longest.
impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.failed > 0 {
            write!(f, ", {} failed", thousands(wide(self.failed)))?;
        }
        match &self.running[..] {
            [] => Ok(()),
            [run] => write!(f, ": {run}"),
            [run, others @ ..] => write!(f, ": {run} and {}", count(others.len(), "other")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::State;

    #[test]
    fn the_bar_names_what_is_waited_for_longest() {
        let mut state = State::default();
        assert_eq!(state.to_string(), "");
        state.running.extend(["a@1".into(), "a@2".into(), "b@1".into()]);
        assert_eq!(state.to_string(), ": a@1 and 2 others");
        state.over("a@1", false);
        state.over("b@1", true);
        assert_eq!(state.to_string(), ", 1 failed: a@2");
    }
}
