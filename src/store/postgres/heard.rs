//! What was heard from other processes and not yet passed on. Anybody in the database can say anything, as often as they like: it
//! only makes us look, now and then, and takes no more memory than this.

use std::{
    collections::BTreeSet,
    mem::take,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use super::announcer::MARKED;
use crate::token::Cti;

/// Uses that are passed on at once. Anybody who waits for one that is left out asks the store a few seconds later.
const MOST: usize = 256;

/// All of it since the last time.
#[derive(Default)]
pub(super) struct News {
    /// Tokens that were used, each once.
    pub marked: BTreeSet<[u8; 8]>,
    /// Whether keys changed.
    pub keys: bool,
    /// Whether nothing more will be heard.
    pub ended: bool,
}

/// What the connection that listens fills, and the listener empties.
#[derive(Default)]
pub(super) struct Heard {
    news: Mutex<News>,
    some: Notify,
}

impl Heard {
    pub fn note(&self, channel: &str, payload: &str) {
        self.change(|news| match channel {
            MARKED => {
                let room = MOST.saturating_sub(news.marked.len());
                let ctis = payload.split(',').filter_map(|cti| cti.parse().ok()).map(|cti: Cti| cti.0);
                news.marked.extend(ctis.take(room));
            }
            _ => news.keys = true,
        });
    }

    /// The connection was lost.
    pub fn end(&self) {
        self.change(|news| news.ended = true);
    }

    fn change(&self, change: impl FnOnce(&mut News)) {
        change(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner));
        self.some.notify_one();
    }

    /// Waits until there is something.
    pub async fn news(&self) -> News {
        self.some.notified().await;
        take(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flood_takes_no_more_memory_and_hides_no_change_of_keys() {
        let heard = Heard::default();
        for number in 0..100_000_u64 {
            heard.note(MARKED, &format!("{number:016x},{:016x},nonsense", number + 1));
        }
        heard.note("countersign_keys", "");
        let news = heard.news().await;
        assert_eq!((news.marked.len(), news.keys, news.ended), (MOST, true, false));
        heard.note(MARKED, "0000000000000007");
        let news = heard.news().await;
        assert_eq!((news.marked, news.keys), ([7_u64.to_be_bytes()].into(), false));
    }
}
