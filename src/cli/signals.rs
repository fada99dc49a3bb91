//! By what a running service is told to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;
use crate::config::reason;

/// Control-C, and what a service manager sends.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on they no longer end the process by themselves.
    pub fn new() -> Result<Self, Failure> {
        let listen = |kind| {
            let sentence = |error| format!("the system's signals cannot be listened for ({}); start again", reason(&error));
            signal(kind).map_err(|error| Failure::cannot_check(sentence(error)))
        };
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for the next of either.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
