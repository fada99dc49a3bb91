//! Hears what other processes tell: uses, and that keys changed. What is missed is found by asking again, as ever.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{broadcast, watch},
    task::AbortHandle,
    time::sleep,
};

use super::{
    CHECKING, PostgresAddress,
    heard::Heard,
    session::{Session, pause},
};
use crate::{health::Recurring, store::StoreError, token::Cti};

/// Between two times that something is passed on: what is heard makes its hearers ask the store, and a flood of it must not.
const GATHER: Duration = Duration::from_millis(500);

static LISTENING: Recurring = Recurring::new("listener");

/// Listens on these channels until it is aborted.
pub(super) fn start(
    address: Arc<PostgresAddress>,
    channels: &'static [&'static str],
    marked: broadcast::Sender<Cti>,
    changed: watch::Sender<()>,
) -> AbortHandle {
    let listening = async move {
        let mut failures = 0;
        loop {
            match listen(&address, channels, &marked, &changed).await {
                Ok(()) => failures = 0,
                Err(error) => {
                    LISTENING.failed(&format!("nothing is heard from other processes, so they are asked now and then: {error}"));
                    failures += 1;
                }
            }
            sleep(pause(failures)).await;
        }
    };
    tokio::spawn(listening).abort_handle()
}

/// Until the connection is lost.
async fn listen(
    address: &PostgresAddress,
    channels: &[&str],
    marked: &broadcast::Sender<Cti>,
    changed: &watch::Sender<()>,
) -> Result<(), StoreError> {
    let heard = Arc::new(Heard::default());
    let session = Session::open(address, CHECKING, Some(&heard)).await?;
    for channel in channels {
        session.batch(&format!("LISTEN {channel}")).await?;
    }
    LISTENING.over();
    // Whatever was announced while nobody listened.
    changed.send_replace(());
    loop {
        let news = heard.news().await;
        for cti in news.marked {
            // An error only says that nobody listens.
            let _ = marked.send(Cti(cti));
        }
        if news.keys {
            changed.send_replace(());
        }
        if news.ended {
            return Ok(());
        }
        sleep(GATHER).await;
    }
}
