//! The issuer's contract on PostgreSQL.

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::{
    PostgresStore, access, authorisations, guesses, keys,
    ledger::{append, recorded},
    rows::{OFFICER, number, officer},
    session::Session,
    time, tokens, withdrawals,
};
use crate::{
    authority::{ActorName, Authorisation, AuthorisationId, Callsign, Decision, Officer, Review, TokenSelection},
    keyring::{KeyId, PublicKeys, Revocation, rotation::KeyRecord},
    ledger::Entry,
    store::{
        Decided, IssueRefusal, IssuerStore, KEEP_HEARTBEATS, KEEP_ROWS, LiveToken, NewLink, NewToken, Speakable, StoreError, StoredKeySet,
        TokenRecord,
    },
    token::Cti,
};

#[async_trait]
impl IssuerStore for PostgresStore {
    async fn put_key_set(&self, keys: PublicKeys, entry: Entry) -> Result<bool, StoreError> {
        self.acts.run(move |db| Box::pin(async move { keys::put_set(db, &keys, &entry).await })).await
    }

    async fn signing_keys(&self) -> Result<Option<StoredKeySet>, StoreError> {
        keys::newest(&*self.reading().await?).await
    }

    async fn key_records(&self) -> Result<Vec<KeyRecord>, StoreError> {
        keys::records(&*self.reading().await?).await
    }

    async fn activate_key(&self, id: KeyId, now: i64) -> Result<bool, StoreError> {
        self.acts.run(move |db| Box::pin(keys::activate(db, id, now))).await
    }

    async fn remove_key(&self, id: KeyId, now: i64) -> Result<bool, StoreError> {
        self.acts.run(move |db| Box::pin(keys::remove(db, id, now))).await
    }

    async fn revoke_key(&self, id: KeyId, revocation: Revocation, entry: Entry) -> Result<Option<usize>, StoreError> {
        self.acts.run(move |db| Box::pin(async move { keys::revoke(db, id, &revocation, &entry).await })).await
    }

    async fn revoke_unpublished(&self, id: KeyId, revocation: Revocation, entry: Entry) -> Result<bool, StoreError> {
        self.acts.run(move |db| Box::pin(async move { keys::revoke_unpublished(db, id, &revocation, &entry).await })).await
    }

    async fn enrol(&self, officer: Officer, entry: Entry) -> Result<bool, StoreError> {
        self.acts.run(move |db| Box::pin(async move { enrol(db, &officer, &entry).await })).await
    }

    async fn enrol_with_link(&self, officer: Officer, entry: Entry, link: NewLink, made: Entry) -> Result<bool, StoreError> {
        self.acts
            .run(move |db| {
                Box::pin(async move {
                    let new = enrol(db, &officer, &entry).await?;
                    if new {
                        access::add_link(db, &link, &made).await?;
                    }
                    Ok(new)
                })
            })
            .await
    }

    async fn suspend(&self, callsign: Callsign, entry: Entry) -> Result<bool, StoreError> {
        self.acts.run(move |db| Box::pin(async move { suspend(db, &callsign, &entry).await })).await
    }

    async fn officer(&self, callsign: Callsign) -> Result<Option<Officer>, StoreError> {
        let one = format!("SELECT {OFFICER} FROM officers WHERE callsign = $1");
        self.reading().await?.maybe(&one, &[&callsign]).await?.as_ref().map(officer).transpose()
    }

    async fn officers(&self) -> Result<Vec<Officer>, StoreError> {
        let all = format!("SELECT {OFFICER} FROM officers ORDER BY callsign");
        self.reading().await?.rows(&all, &[]).await?.iter().map(officer).collect()
    }

    async fn ask(&self, authorisation: Authorisation, entry: Entry) -> Result<(), StoreError> {
        self.acts.run(move |db| Box::pin(async move { authorisations::ask(db, &authorisation, &entry).await })).await
    }

    async fn decide(&self, id: AuthorisationId, decision: Decision, by: Callsign, entry: Entry) -> Result<Decided, StoreError> {
        self.acts.run(move |db| Box::pin(async move { authorisations::decide(db, id, decision, &by, &entry).await })).await
    }

    async fn review(&self, id: AuthorisationId, review: Review, by: Callsign, entry: Entry) -> Result<Decided, StoreError> {
        self.acts.run(move |db| Box::pin(async move { authorisations::review(db, id, &review, &by, &entry).await })).await
    }

    async fn withdraw_authorisation(&self, id: AuthorisationId, entry: Entry) -> Result<Decided, StoreError> {
        self.acts.run(move |db| Box::pin(async move { authorisations::withdraw(db, id, &entry).await })).await
    }

    async fn authorisation(&self, id: AuthorisationId) -> Result<Option<Authorisation>, StoreError> {
        authorisations::find(&*self.reading().await?, id).await
    }

    async fn authorisations(&self, asked_by: Option<Callsign>) -> Result<Vec<Authorisation>, StoreError> {
        authorisations::all(&*self.reading().await?, asked_by.as_ref()).await
    }

    async fn issue_and_record(&self, token: NewToken, entry: Entry) -> Result<(), IssueRefusal> {
        self.acts.run_signed(move |db| Box::pin(async move { tokens::issue(db, &token, &entry).await })).await?
    }

    async fn make_speakable(&self, cti: Cti, speakable: Speakable, entry: Entry) -> Result<(), IssueRefusal> {
        self.acts.run_signed(move |db| Box::pin(async move { tokens::make_speakable(db, cti, &speakable, &entry).await })).await?
    }

    async fn token(&self, cti: Cti) -> Result<Option<TokenRecord>, StoreError> {
        tokens::find(&*self.reading().await?, cti).await
    }

    async fn live_tokens(&self, of: Option<Callsign>, now: i64) -> Result<Vec<LiveToken>, StoreError> {
        tokens::live(&*self.reading().await?, of.as_ref(), now).await
    }

    async fn withdraw_token(&self, cti: Cti, entry: Entry) -> Result<bool, StoreError> {
        self.acts
            .run(move |db| {
                Box::pin(async move {
                    let withdraw = "UPDATE tokens SET withdrawn_at = $2 WHERE cti = $1 AND withdrawn_at IS NULL";
                    let changed = db.execute(withdraw, &[&cti, &entry.at]).await?;
                    recorded(db, changed, &entry).await
                })
            })
            .await
    }

    async fn withdraw_tokens(&self, tokens: TokenSelection, by: ActorName, now: i64) -> Result<u64, StoreError> {
        self.acts.run(move |db| Box::pin(withdrawals::selected(db, tokens, by, now))).await
    }

    async fn record(&self, entry: Entry) -> Result<(), StoreError> {
        self.acts.run(move |db| Box::pin(async move { append(db, &entry).await })).await
    }

    async fn report_first_checks(&self, now: i64) -> Result<usize, StoreError> {
        // Portion by portion, so that acts come in between; all of them, so that none waits for the next time.
        let mut reported = 0;
        loop {
            match self.acts.run(move |db| Box::pin(tokens::report_first_checks(db, now))).await? {
                0 => return Ok(reported),
                portion => reported += portion,
            }
        }
    }

    async fn overdue_marks(&self, before: i64) -> Result<u32, StoreError> {
        let overdue = "SELECT count(*) FROM marks WHERE NOT reported AND first_checked_at < $1";
        number(&self.reading().await?.one(overdue, &[&before]).await?, 0)
    }

    async fn purge(&self, now: i64) -> Result<(), StoreError> {
        self.acts
            .run(move |db| {
                Box::pin(async move {
                    let now = time::not_after_own(db, now).await?;
                    access::purge(db, now).await?;
                    db.execute("DELETE FROM heartbeats WHERE at < $1", &[&(now - KEEP_HEARTBEATS)]).await?;
                    guesses::purge(db, (now - KEEP_ROWS).div_euclid(60), now.div_euclid(60)).await
                })
            })
            .await?;
        while self.acts.run(move |db| Box::pin(tokens::forget_codes(db, now))).await? {}
        while self.acts.run(move |db| Box::pin(tokens::purge(db, now))).await? {}
        Ok(())
    }

    fn log_bytes(&self) -> Option<u64> {
        None
    }

    fn marks(&self) -> broadcast::Receiver<Cti> {
        self.marked.subscribe()
    }
}

async fn enrol(db: &Session, officer: &Officer, entry: &Entry) -> Result<bool, StoreError> {
    let add = "INSERT INTO officers (callsign, role, enrolled_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let changed = db.execute(add, &[&officer.callsign, &officer.role, &officer.enrolled_at]).await?;
    recorded(db, changed, entry).await
}

async fn suspend(db: &Session, callsign: &Callsign, entry: &Entry) -> Result<bool, StoreError> {
    let suspend = "UPDATE officers SET suspended_at = $2 WHERE callsign = $1 AND suspended_at IS NULL";
    let changed = db.execute(suspend, &[callsign, &entry.at]).await?;
    // Theirs, and those that only their approval allowed.
    db.execute(
        "UPDATE tokens SET withdrawn_at = $2 WHERE withdrawn_at IS NULL AND expires_at > $3
         AND authorisation IN (SELECT id FROM authorisations WHERE $1 IN (asked_by, decided_by))",
        &[callsign, &entry.at, &time::live_after(db, entry.at).await?],
    )
    .await?;
    access::end_sessions(db, callsign).await?;
    recorded(db, changed, entry).await
}
