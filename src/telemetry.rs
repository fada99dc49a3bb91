//! Logs, on standard error. Never in them: a token, a code, a number, an address, a credential, a key.

use tracing_subscriber::EnvFilter;

/// Starts logging. `COUNTERSIGN_LOG` chooses what is told, for example `debug`; by default warnings and alarms.
pub fn start() {
    let filter = EnvFilter::builder().with_env_var("COUNTERSIGN_LOG").with_default_directive(tracing::Level::WARN.into()).from_env_lossy();
    // A second start in one process, as in tests, keeps the first.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).try_init();
}
