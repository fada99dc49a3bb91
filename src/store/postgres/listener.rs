//! Hears what other processes tell: uses, and that keys changed. What is missed is found by asking again, as ever.

use std::sync::Arc;

use tokio::{
    sync::{broadcast, mpsc, watch},
    task::AbortHandle,
    time::sleep,
};
use tokio_postgres::Notification;

use super::{
    CHECKING, PostgresAddress,
    marks::MARKED,
    session::{Session, pause},
};
use crate::{health::Recurring, store::StoreError, token::Cti};

/// Groups of uses that may wait to be told on.
const QUEUE: usize = 256;

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
    let (sender, mut told) = mpsc::channel(QUEUE);
    let session = Session::open(address, CHECKING, Some(sender)).await?;
    for channel in channels {
        session.batch(&format!("LISTEN {channel}")).await?;
    }
    LISTENING.over();
    // Whatever was told while nobody listened.
    changed.send_replace(());
    while let Some(notification) = told.recv().await {
        hear(&notification, marked, changed);
    }
    Ok(())
}

/// Anybody in the database can say anything here: it only makes us look.
fn hear(told: &Notification, marked: &broadcast::Sender<Cti>, changed: &watch::Sender<()>) {
    match told.channel() {
        MARKED => {
            for cti in told.payload().split(',').filter_map(|cti| cti.parse().ok()) {
                // An error only says that nobody listens.
                let _ = marked.send(cti);
            }
        }
        _ => changed.send_replace(()),
    }
}
