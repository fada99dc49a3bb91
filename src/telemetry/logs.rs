//! Logs, on standard error.

use tracing_subscriber::EnvFilter;

/// Starts logging; `filter` chooses what is told, for example `debug`.
pub fn start(filter: &str) {
    // The library for passkeys would tell of challenges and public keys.
    let filter = EnvFilter::builder().parse_lossy(format!("{filter},webauthn_rs_core=off"));
    // A second start in one process, as in tests, keeps the first.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).try_init();
}
