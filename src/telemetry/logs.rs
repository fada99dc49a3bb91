//! Logs, on standard error.

use std::{io::stderr, sync::OnceLock};

use tracing_subscriber::{
    Layer as _, Registry,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt as _,
    reload,
    util::SubscriberInitExt as _,
};

use crate::{
    config::{LogFormat, LogLevel},
    health::{ALARM, LIFECYCLE},
};

static FILTER: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

/// Starts logging. A second start in one process, as in tests, keeps the first.
pub fn start(level: LogLevel, format: LogFormat) {
    let (filter, handle) = reload::Layer::new(filter(level));
    // Where a line came from in the source is of no use to its reader, and changes from version to version.
    let lines = fmt::layer().with_writer(stderr).with_target(false);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
    };
    if tracing_subscriber::registry().with(filter).with(lines).try_init().is_ok() {
        let _ = FILTER.set(handle);
    }
}

/// Logs as much from now on.
pub fn set_level(level: LogLevel) {
    if let Some(handle) = FILTER.get() {
        // An error only says that the log is gone, and the process with it.
        let _ = handle.reload(filter(level));
    }
}

fn filter(level: LogLevel) -> Targets {
    let most = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let lifecycle = if most >= LevelFilter::WARN { LevelFilter::INFO } else { most };
    Targets::new()
        .with_default(most)
        .with_target(ALARM, LevelFilter::ERROR)
        .with_target(LIFECYCLE, lifecycle)
        // The library for passkeys would log challenges and public keys.
        .with_target("webauthn_rs_core", LevelFilter::OFF)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn alarms_are_logged_at_every_level() {
        for level in LogLevel::ALL {
            let filter = filter(level);
            assert!(filter.would_enable(ALARM, &Level::ERROR), "{level:?}");
            assert!(!filter.would_enable("webauthn_rs_core::core", &Level::ERROR), "{level:?}");
        }
    }

    #[test]
    fn start_and_stop_are_logged_unless_less_than_warnings_is_asked_for() {
        let logged = |level| filter(level).would_enable(LIFECYCLE, &Level::INFO);
        assert_eq!(LogLevel::ALL.map(logged), [false, false, true, true, true, true]);
        let errors = |level| filter(level).would_enable("countersign::http", &Level::ERROR);
        assert_eq!(LogLevel::ALL.map(errors), [false, true, true, true, true, true]);
    }
}
