//! Start and stop of a service in its log.

use std::{
    io::{Write as _, stderr},
    net::SocketAddr,
};

use crate::{
    config::{LogFormat, Settings},
    health::LIFECYCLE,
};

/// The version of this program, and the commit that it was built from; empty where that is not known.
const VERSION: &str = env!("CARGO_PKG_VERSION");
const COMMIT: &str = env!("COUNTERSIGN_COMMIT");

/// It serves.
pub fn started(role: &str, settings: &Settings) {
    let in_force: Vec<String> = settings.in_force().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let (store, settings) = (settings.store_kind(), in_force.join("; "));
    let commit = Some(COMMIT).filter(|commit| !commit.is_empty());
    tracing::info!(target: LIFECYCLE, kind = "started", version = VERSION, commit, role, store, settings, "countersign started");
}

/// A side listens. In text a sentence for people who watch; the service does not end because nobody does.
pub fn listens(format: LogFormat, side: &str, address: SocketAddr) {
    match format {
        LogFormat::Text => drop(writeln!(stderr(), "countersign: {side} side on http://{address}")),
        LogFormat::Json => tracing::info!(target: LIFECYCLE, kind = "listening", side, %address, "a side listens"),
    }
}

/// It is asked to stop, and goes on for the drain time.
pub fn stopping(signal: &str) {
    tracing::info!(target: LIFECYCLE, kind = "stopping", signal, "countersign was asked to stop");
}

/// What was under way is finished.
pub fn stopped() {
    tracing::info!(target: LIFECYCLE, kind = "stopped", "countersign stopped");
}
