//! How far the runs have come, while they go on.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::numbers::wide;

/// A bar on the error output, if that is a terminal.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(runs: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(wide(runs)), ProgressDrawTarget::stderr());
        let template = "     Running [{elapsed_precise}] [{bar:32}] {human_pos}/{human_len} runs";
        let style = ProgressStyle::with_template(template).expect("the template is well formed");
        bar.set_style(style.progress_chars("=> "));
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self(bar)
    }

    pub(super) fn advance(&self) {
        self.0.inc(1);
    }

    /// Does something that writes to the terminal, without the bar in between.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
