//! Panics of a run as part of the report, rather than between its lines.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

/// What a panic said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Panic {
    pub(crate) message: String,
    /// File, line and column in the sources.
    pub(crate) place: String,
    /// If `RUST_BACKTRACE` asks for one.
    pub(crate) backtrace: Option<String>,
}

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static CAUGHT: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// What `run` returns, or the panic that ended it.
pub(crate) fn catch<T>(run: impl FnOnce() -> T) -> Result<T, Panic> {
    install_hook();
    CATCHING.set(true);
    // Whatever it may have left half done was its own, and is gone.
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    CATCHING.set(false);
    result.map_err(|_| CAUGHT.take().expect("every panic passes through the hook"))
}

fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                CAUGHT.set(Some(describe(info)));
            } else {
                others(info);
            }
        }));
    });
}

fn describe(info: &PanicHookInfo<'_>) -> Panic {
    let backtrace = Backtrace::capture();
    let asked_for = backtrace.status() == BacktraceStatus::Captured;
    Panic {
        message: info.payload_as_str().unwrap_or("(a panic without a message)").into(),
        place: info.location().map_or("an unknown place".into(), ToString::to_string),
        backtrace: asked_for.then(|| backtrace.to_string()),
    }
}
