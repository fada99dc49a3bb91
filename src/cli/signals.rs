//! What a running service is asked by signals.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;
use crate::files::reason;

/// What a signal asks for.
pub enum Asked {
    /// To stop, by the signal of this name.
    Stop(&'static str),
    /// To read the settings again.
    Reload,
}

/// The signals that mean something.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    hangup: Signal,
}

impl Signals {
    /// From now on none of them ends the process at once.
    pub fn new() -> Result<Self, Failure> {
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            quit: listen(SignalKind::quit())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Waits for the next of them.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Asked::Stop("SIGINT"),
            _ = self.quit.recv() => Asked::Stop("SIGQUIT"),
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    /// Waits for the next that asks to stop.
    pub async fn stop(&mut self) {
        while matches!(self.next().await, Asked::Reload) {}
    }
}

/// Lets every signal pass that would end a process which does not know it, and that nobody sends to stop one. Those that ask to
/// stop still end it at once, since a start that waits for a database must not have to be killed.
pub fn outlive_others() -> Result<(), Failure> {
    // As long as the process lives: what is listened to once never takes its default effect again.
    let named = [SignalKind::hangup(), SignalKind::user_defined1(), SignalKind::user_defined2(), SignalKind::alarm(), SignalKind::pipe()];
    for kind in named.into_iter().chain([SignalKind::io()]).chain(of_this_system()) {
        drop(listen(kind)?);
    }
    Ok(())
}

/// On Linux: SIGSTKFLT, SIGXCPU, SIGXFSZ (a write past a limit fails, and the store says so), SIGVTALRM, SIGPROF, SIGPWR and the
/// real-time signals, of which the C library keeps the first two.
fn of_this_system() -> impl Iterator<Item = SignalKind> {
    let here = cfg!(target_os = "linux");
    [16, 24, 25, 26, 27, 30].into_iter().chain(34..=64).filter(move |_| here).map(SignalKind::from_raw)
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    let sentence = |error| format!("the system's signals cannot be listened for ({}); start again", reason(&error));
    signal(kind).map_err(|error| Failure::cannot_check(sentence(error)))
}
