//! A service with something wrong under it, seen from outside.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::time::{sleep, timeout};

use crate::{
    client::{Heard, World},
    dice::Dice,
    disk::recovered,
    journal::Key,
    kills::probe,
    running::PATIENCE,
};

/// How many tokens are there that nobody used.
const FRESH: usize = 5;

/// A service with a token that somebody used, and more that nobody did.
pub struct Scene {
    pub world: World,
    used: Key,
    first: String,
    pub fresh: Vec<Key>,
    pub dice: Dice,
}

impl Scene {
    pub async fn set(world: World, mut dice: Dice) -> Self {
        let keys = world.issue_many(1 + FRESH).await;
        let first = dice.attempt();
        assert_eq!(world.check(keys[0], &first).await, Heard::Said("genuine".into()));
        Self { world, used: keys[0], first, fresh: keys[1..].into(), dice }
    }

    /// Several at once ask about fresh tokens, and all are answered that we cannot check, in time. Anybody who was first with another
    /// token may get that answer again, because it needs no write.
    pub async fn cannot_check(&mut self, what: &str) {
        let asked: Vec<_> = self.fresh.iter().map(|key| (*key, self.dice.attempt())).collect();
        let fresh = stream::iter(&asked).map(|(key, attempt)| self.world.check(*key, attempt)).buffer_unordered(8);
        let (heard, again) = tokio::join!(fresh.collect::<Vec<_>>(), self.world.check(self.used, &self.first));
        assert!(heard.iter().all(|heard| *heard == Heard::Unavailable), "{what}: {heard:?}");
        assert!(matches!(again, Heard::Unavailable | Heard::Said(_)), "{what}: {again:?}");
        self.world.journal.assert_sound(what);
    }

    /// The same process, with nothing but another try; what was acknowledged stands.
    pub async fn goes_on(&mut self, what: &str) {
        timeout(PATIENCE, recovered(&self.world)).await.unwrap_or_else(|_| panic!("{what}: it did not recover on its own"));
        probe(&self.world, &(0..self.world.journal.len()).collect::<Vec<_>>(), &mut self.dice).await;
        // A use may have been marked for somebody who was answered that we cannot check: of all who asked, one is first.
        for key in &self.fresh {
            let mut firsts = 0;
            for attempt in self.world.journal.attempts(*key) {
                firsts += usize::from(self.world.check(*key, &attempt).await == Heard::Said("genuine".into()));
            }
            assert_eq!(firsts, 1, "{what}");
        }
        self.fresh = self.world.issue_many(FRESH).await;
        self.world.journal.assert_sound(what);
    }
}

/// Asks until everything is answered that the service has a connection of its own for.
pub async fn answers_again(world: &World) {
    let all = async {
        let key = recovered(world).await;
        let mut dice = Dice::of(key as u64, &[]);
        while !matches!(world.check_again(key, &mut dice).await, Heard::Said(_)) {
            sleep(Duration::from_millis(5)).await;
        }
        while !matches!(world.state(key).await, Heard::Said(_)) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, all).await.expect("it continues on its own");
}
