//! Logs: for people or as JSON, on the error output. No secret has a way in: nothing that holds one can
//! be shown.

use std::io;

use tracing::level_filters::LevelFilter;

use crate::config::{Format, Level, LogConfig};

/// Sets up logging for the process.
pub(crate) fn set_up(config: LogConfig) {
    let level = match config.level {
        Level::Off => LevelFilter::OFF,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_target(false)
        .with_ansi(crate::program::is_colored(&io::stderr()));
    // It fails only if it was done before: what is set up then stays.
    let _ = match config.format {
        Format::Pretty => builder.try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
}
