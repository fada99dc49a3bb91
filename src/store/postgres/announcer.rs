//! Tells the other processes what they would otherwise find out when they ask. Only after it is durable, and never in the same
//! transaction: notifications of all databases stand in one queue behind one lock, so anybody who floods it would keep a withdrawal
//! from being committed. What is not announced is found by asking.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::session::Link;
use crate::{store::StoreError, token::Cti};

/// The channel on which the issuer learns of uses; the payload is their ids in hex with commas between them.
pub(super) const MARKED: &str = "countersign_marks";
/// The channel on which listeners learn that keys changed.
pub(super) const KEYS_CHANGED: &str = "countersign_keys";

/// Uses that may wait to be announced; more are found by asking.
const QUEUE: usize = 4_096;
/// Uses in one notification, which has room for 8,000 bytes.
const GROUP: usize = 256;

/// A connection for notifications, made when there is something to tell.
pub(super) struct Announcer {
    link: Arc<Link>,
    uses: mpsc::Sender<Cti>,
}

impl Announcer {
    pub fn start(link: Arc<Link>) -> Self {
        let (uses, queue) = mpsc::channel(QUEUE);
        tokio::spawn(attend(link.clone(), queue));
        Self { link, uses }
    }

    /// Returns at once.
    pub fn marked(&self, cti: Cti) {
        let _ = self.uses.try_send(cti);
    }

    /// Returns when it was announced, or could not be in the time of a check.
    pub async fn keys_changed(&self) {
        let _ = tell(&self.link, KEYS_CHANGED, "").await;
    }
}

/// Until nobody tells of uses any more.
async fn attend(link: Arc<Link>, mut queue: mpsc::Receiver<Cti>) {
    let mut group = Vec::with_capacity(GROUP);
    while queue.recv_many(&mut group, GROUP).await > 0 {
        let ctis: Vec<String> = group.drain(..).map(|cti| cti.to_string()).collect();
        let _ = tell(&link, MARKED, &ctis.join(",")).await;
    }
}

async fn tell(link: &Link, channel: &str, payload: &str) -> Result<(), StoreError> {
    link.session().await?.execute("SELECT pg_notify($1, $2)", &[&channel, &payload]).await.map(drop)
}
