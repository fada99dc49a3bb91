//! Keys that change over while people issue and check: the real store, desk and listeners on a clock that the test moves.

mod clock;
mod crashes;
mod load;
mod publishing;
mod revocation;
mod rounds;
mod spares;
mod years;

use std::sync::Arc;

use countersign::{
    http::listen::Limits,
    issuer::{Custodian, Desk, DeskSettings, IssueRequest, KeyVault, POLICY, Rotated, Spares, Trust},
    keyring::{
        KeyId,
        rotation::{KeyRecord, Policy, Stage},
    },
    store::IssuerStore as _,
    token::Channel,
};

use crate::{
    app::{TestApp, five_words},
    world::{self, NOW, issuer, root},
};

/// Who works for minutes keeps a connection: one that the server closes may take the next request with it.
const UNHURRIED: Limits = Limits { connection: None, ..Limits::PUBLIC };

/// A token of the usual authorisation that is used at once.
fn plain() -> IssueRequest {
    IssueRequest { authorisation: None, approach: world::approach(Channel::InPerson), not_before: None, lifetime: None, spoken: None }
}

impl TestApp {
    /// With the keys of a whole set, of which the first signs; they were published at the start.
    async fn with_keys() -> Self {
        let app = Self::start().await;
        app.ceremony(&app.custodian).await;
        app.look(NOW).await;
        app
    }

    /// What the timers of both sides do.
    async fn look(&self, now: i64) -> Rotated {
        self.clock.set(now);
        let rotated = self.custodian.rotate(self.time()).await.unwrap();
        self.keys.refresh(&*self.store, now).await.unwrap();
        rotated
    }

    /// The next set is asked for, signed and published.
    async fn ceremony(&self, custodian: &Custodian) {
        let set = custodian.next_set(0, Spares::Used).await.unwrap().set;
        custodian.publish(&set.sign(&root())).await.unwrap();
    }

    /// Another process of the issuer on the same store.
    fn process(&self, vault: Arc<dyn KeyVault>, policy: Policy) -> Arc<Custodian> {
        let trust = Trust { root: root().public(), issuer: issuer(), policy };
        Arc::new(Custodian::new(self.store.clone(), vault, self.clock.clone(), self.entropy.clone(), trust))
    }

    /// Another process with the same keys, as `keys rotate` is one.
    fn command(&self) -> Arc<Custodian> {
        self.process(self.vault.clone(), POLICY)
    }

    fn desk_of(&self, custodian: Arc<Custodian>) -> Desk {
        let rules = DeskSettings { issuer: issuer(), spoken: five_words(256), reader_level: countersign::token::ReaderLevel::Two };
        Desk::new(self.store.clone(), self.watch.clone(), self.entropy.clone(), custodian, self.issuer_side.notary.clone(), rules)
    }

    async fn records(&self) -> Vec<KeyRecord> {
        self.store.signing_keys().await.unwrap().unwrap().keys
    }

    async fn record(&self, id: KeyId) -> KeyRecord {
        self.records().await.into_iter().find(|record| record.id == id).unwrap()
    }

    /// The one key that signs.
    async fn active(&self) -> KeyId {
        let records = self.records().await;
        let active: Vec<_> = records.iter().filter(|record| record.stage == Stage::Active).map(|record| record.id).collect();
        assert_eq!(active.len(), 1, "{records:?}");
        active[0]
    }

    /// No private half is left of a key that was revoked, or that signs no more since a day.
    async fn spent_keys_are_destroyed(&self) {
        self.spent_keys_are_destroyed_after(POLICY.grace).await;
    }

    async fn spent_keys_are_destroyed_after(&self, grace: i64) {
        let (at_hand, now) = (self.vault.ids().unwrap(), self.time().now());
        let spent = |record: &KeyRecord| record.stage >= Stage::Retired && (record.revoked.is_some() || record.since + grace <= now);
        let left: Vec<_> = self.records().await.into_iter().filter(|r| spent(r) && at_hand.contains(&r.id)).collect();
        assert_eq!(left, []);
    }
}
