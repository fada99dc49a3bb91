//! The issuer's contract on PostgreSQL.

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::{
    PostgresStore, access, authorisations, ceremonies, guesses, keys,
    ledger::{append, recorded},
    lists, people, references, requests,
    rows::{OFFICER, number, officer},
    session::Session,
    time, tokens, withdrawals,
};
use crate::{
    authority::{ActorName, Authorisation, AuthorisationId, Callsign, Officer, Review, TokenSelection},
    keyring::{KeyId, PublicKeys, Revocation, rotation::KeyRecord},
    ledger::Entry,
    store::{
        Answered, AskRefusal, AuthorisationPlace, Decided, Earlier, Ended, Follows, IssueRefusal, IssuedToken, IssuerStore,
        KEEP_HEARTBEATS, KEEP_ROWS, Listed, LiveToken, NewLink, NewToken, Once, Only, Page, PersonPlace, Reinstated, Speakable, StoreError,
        StoredKeySet, TokenRecord, VerifierSessions, Wanted,
    },
    token::{Channel, Cti, Reference, SpokenSize},
};

/// Heartbeats that one transaction drops.
const HEARTBEATS: i64 = 10_000;

#[async_trait]
impl IssuerStore for PostgresStore {
    async fn put_key_set(&self, keys: PublicKeys, entry: Entry) -> Result<bool, StoreError> {
        let put = self.acts.run(move |db| Box::pin(async move { keys::put_set(db, &keys, &entry).await })).await?;
        self.announced_if(put).await
    }

    async fn signing_keys(&self) -> Result<Option<StoredKeySet>, StoreError> {
        keys::newest(&*self.reading().await?).await
    }

    async fn key_records(&self) -> Result<Vec<KeyRecord>, StoreError> {
        keys::records(&*self.reading().await?).await
    }

    async fn activate_key(&self, id: KeyId, now: i64) -> Result<bool, StoreError> {
        let active = self.acts.run(move |db| Box::pin(keys::activate(db, id, now))).await?;
        self.announced_if(active).await
    }

    async fn remove_key(&self, id: KeyId, now: i64) -> Result<bool, StoreError> {
        self.acts.run(move |db| Box::pin(keys::remove(db, id, now))).await
    }

    async fn revoke_key(&self, id: KeyId, revocation: Revocation, entry: Entry) -> Result<Option<usize>, StoreError> {
        let withdrawn = self.acts.run(move |db| Box::pin(async move { keys::revoke(db, id, &revocation, &entry).await })).await?;
        self.announced_if(withdrawn.is_some()).await?;
        Ok(withdrawn)
    }

    async fn revoke_unpublished(&self, id: KeyId, revocation: Revocation, entry: Entry) -> Result<bool, StoreError> {
        let revoked = self.acts.run(move |db| Box::pin(async move { keys::revoke_unpublished(db, id, &revocation, &entry).await })).await?;
        self.announced_if(revoked).await
    }

    async fn enrol(&self, officer: Officer, entry: Entry) -> Result<bool, StoreError> {
        self.acts.run(move |db| Box::pin(async move { people::enrol(db, &officer, &entry).await })).await
    }

    async fn enrol_with_link_once(
        &self,
        (officer, entry): (Officer, Entry),
        (link, made): (NewLink, Entry),
        once: Option<Once>,
    ) -> Result<bool, StoreError> {
        self.acts
            .run(move |db| {
                Box::pin(async move {
                    requests::is_new(db, once.as_ref()).await?;
                    let new = people::enrol(db, &officer, &entry).await?;
                    if new {
                        access::add_link(db, &link, once.as_ref(), &made).await?;
                    }
                    Ok(new)
                })
            })
            .await
    }

    async fn suspend_once(&self, callsign: Callsign, once: Option<Once>, entry: Entry) -> Result<Option<Ended>, StoreError> {
        self.acts.run(move |db| Box::pin(async move { people::suspend(db, &callsign, once.as_ref(), &entry).await })).await
    }

    async fn reinstate(&self, callsign: Callsign, by: ActorName, once: Option<Once>, entry: Entry) -> Result<Reinstated, StoreError> {
        self.acts.run(move |db| Box::pin(async move { people::reinstate(db, &callsign, &by, once.as_ref(), &entry).await })).await
    }

    async fn follows(&self, callsign: Callsign, now: i64) -> Result<Follows, StoreError> {
        people::follows(&*self.reading().await?, &callsign, now).await
    }

    async fn live_tokens_under(&self, id: AuthorisationId, now: i64) -> Result<u32, StoreError> {
        people::live_tokens_under(&*self.reading().await?, id, now).await
    }

    async fn officer(&self, callsign: Callsign) -> Result<Option<Officer>, StoreError> {
        let one = format!("SELECT {OFFICER} FROM officers WHERE callsign = $1");
        self.reading().await?.maybe(&one, &[&callsign]).await?.as_ref().map(officer).transpose()
    }

    async fn officers(&self, page: Page<PersonPlace>) -> Result<Vec<Officer>, StoreError> {
        // Every callsign comes after the empty text.
        let after = page.after.as_ref().map_or("", |PersonPlace(callsign)| callsign.as_str());
        let page_of = format!("SELECT {OFFICER} FROM officers WHERE callsign > $1 ORDER BY callsign LIMIT $2");
        self.reading().await?.rows(&page_of, &[&after, &i64::from(page.most)]).await?.iter().map(officer).collect()
    }

    async fn ask(&self, authorisation: Authorisation, once: Option<Once>, entry: Entry) -> Result<(), AskRefusal> {
        self.acts.run(move |db| Box::pin(async move { ask(db, &authorisation, once.as_ref(), &entry).await })).await
    }

    async fn earlier(&self, hash: [u8; 32]) -> Result<Option<Earlier>, StoreError> {
        requests::find(&*self.reading().await?, hash).await
    }

    async fn decide_once(&self, id: AuthorisationId, answer: Answered, once: Option<Once>, entry: Entry) -> Result<Decided, StoreError> {
        self.acts.run(move |db| Box::pin(async move { decide(db, id, &answer, once.as_ref(), &entry).await })).await
    }

    async fn review_once(
        &self,
        id: AuthorisationId,
        review: Review,
        by: Callsign,
        once: Option<Once>,
        entry: Entry,
    ) -> Result<Decided, StoreError> {
        self.acts
            .run(move |db| {
                Box::pin(async move {
                    requests::is_new(db, once.as_ref()).await?;
                    let decided = authorisations::review(db, id, &review, &by, &entry).await?;
                    if matches!(decided, Decided::Done(_)) {
                        requests::end(db, once.as_ref(), id.0, None, entry.at).await?;
                    }
                    Ok(decided)
                })
            })
            .await
    }

    async fn withdraw_authorisation(&self, id: AuthorisationId, by: Callsign, entry: Entry) -> Result<Decided, StoreError> {
        self.acts.run(move |db| Box::pin(async move { authorisations::withdraw(db, id, &by, &entry).await })).await
    }

    async fn authorisation(&self, id: AuthorisationId) -> Result<Option<Authorisation>, StoreError> {
        authorisations::find(&*self.reading().await?, id).await
    }

    async fn authorisations(
        &self,
        asked_by: Option<Callsign>,
        page: Page<AuthorisationPlace>,
        now: i64,
    ) -> Result<Vec<Authorisation>, StoreError> {
        authorisations::page(&*self.reading().await?, asked_by.as_ref(), &page, now).await
    }

    async fn sorted_authorisations(
        &self,
        asked_by: Option<Callsign>,
        only: Option<Only>,
        wanted: Wanted<AuthorisationId>,
        now: i64,
    ) -> Result<Listed<Authorisation, AuthorisationId>, StoreError> {
        lists::authorisations(&*self.reading().await?, asked_by.as_ref(), only, &wanted, now).await
    }

    async fn sorted_tokens(
        &self,
        of: Option<Callsign>,
        wanted: Wanted<Cti>,
        now: i64,
    ) -> Result<Option<Listed<LiveToken, Cti>>, StoreError> {
        lists::tokens(&*self.reading().await?, of.as_ref(), &wanted, now).await
    }

    async fn sorted_officers(&self, wanted: Wanted<Callsign>) -> Result<Listed<Officer, Callsign>, StoreError> {
        lists::officers(&*self.reading().await?, &wanted).await
    }

    async fn live_authorisations(&self, asked_by: Callsign, channel: Channel, at: i64) -> Result<Vec<Authorisation>, StoreError> {
        authorisations::live(&*self.reading().await?, &asked_by, channel, at).await
    }

    async fn issue_and_record(&self, token: NewToken, entry: Entry) -> Result<Option<SpokenSize>, IssueRefusal> {
        self.acts.run_signed(move |db| Box::pin(async move { issue(db, &token, &entry).await })).await
    }

    async fn issued_token(&self, cti: Cti) -> Result<Option<IssuedToken>, StoreError> {
        tokens::issued(&*self.reading().await?, cti).await
    }

    async fn make_speakable(&self, cti: Cti, speakable: Speakable, entry: Entry) -> Result<SpokenSize, IssueRefusal> {
        self.acts.run_signed(move |db| Box::pin(async move { tokens::make_speakable(db, cti, &speakable, &entry).await })).await?
    }

    async fn token(&self, cti: Cti) -> Result<Option<TokenRecord>, StoreError> {
        tokens::find(&*self.reading().await?, cti).await
    }

    async fn look_up(&self, reference: Reference, by: Callsign, now: i64) -> Result<Option<Vec<LiveToken>>, StoreError> {
        self.acts.run(move |db| Box::pin(async move { references::look_up(db, reference, &by, now).await })).await
    }

    async fn withdraw_token(&self, cti: Cti, entry: Entry) -> Result<bool, StoreError> {
        self.acts
            .run(move |db| {
                Box::pin(async move {
                    let changed = withdrawals::withdraw(db, "cti = $2", &[&entry.at, &cti]).await?;
                    recorded(db, changed, &entry).await
                })
            })
            .await
    }

    async fn withdraw_tokens_once(&self, tokens: TokenSelection, by: ActorName, once: Option<Once>, now: i64) -> Result<u64, StoreError> {
        self.acts
            .run(move |db| {
                Box::pin(async move {
                    requests::is_new(db, once.as_ref()).await?;
                    let withdrawn = withdrawals::selected(db, tokens, by, now).await?;
                    requests::end(db, once.as_ref(), withdrawn.to_be_bytes(), None, now).await?;
                    Ok(withdrawn)
                })
            })
            .await
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
                    ceremonies::purge(db, now).await?;
                    requests::purge(db, now).await?;
                    references::purge(db, now).await
                })
            })
            .await?;
        while self.acts.run(move |db| Box::pin(tokens::forget_codes(db, now))).await? {}
        while self.acts.run(move |db| Box::pin(tokens::purge(db, now))).await? {}
        // Last, because verifiers may add to it as much as they like: a flood keeps no code and no token here.
        while self.acts.run(move |db| Box::pin(drop_heartbeats(db, now))).await? {}
        self.acts
            .run(move |db| {
                Box::pin(async move {
                    let now = time::not_after_own(db, now).await?;
                    guesses::purge(db, (now - KEEP_ROWS).div_euclid(60), now.div_euclid(60)).await
                })
            })
            .await
    }

    fn log_bytes(&self) -> Option<u64> {
        None
    }

    fn verifier_sessions(&self) -> Option<VerifierSessions> {
        self.reaper.as_ref()?.last()
    }

    fn marks(&self) -> broadcast::Receiver<Cti> {
        self.marked.subscribe()
    }
}

impl PostgresStore {
    /// Tells the verifiers that keys changed, if they did.
    async fn announced_if(&self, changed: bool) -> Result<bool, StoreError> {
        if changed {
            self.announcer.keys_changed().await;
        }
        Ok(changed)
    }
}

/// Drops one portion of heartbeats that are past their time, and says whether there may be more.
async fn drop_heartbeats(db: &Session, now: i64) -> Result<bool, StoreError> {
    let until = time::not_after_own(db, now).await? - KEEP_HEARTBEATS;
    let over = "DELETE FROM heartbeats WHERE ctid = ANY (ARRAY(SELECT ctid FROM heartbeats WHERE at < $1 ORDER BY at LIMIT $2))";
    Ok(db.execute(over, &[&until, &HEARTBEATS]).await? == HEARTBEATS.cast_unsigned())
}

async fn ask(db: &Session, asked: &Authorisation, once: Option<&Once>, entry: &Entry) -> Result<(), AskRefusal> {
    if let Some(once) = once
        && !requests::begin(db, once, asked.id.0, entry.at).await?
    {
        return Err(AskRefusal::Repeated);
    }
    if authorisations::ask(db, asked, entry).await? { Ok(()) } else { Err(AskRefusal::TooMany) }
}

async fn issue(db: &Session, token: &NewToken, entry: &Entry) -> Result<Option<SpokenSize>, IssueRefusal> {
    if let Some(once) = &token.once
        && !requests::begin(db, once, token.cti.0, entry.at).await?
    {
        return Err(IssueRefusal::Repeated);
    }
    if let Some(confirmation) = &token.confirmation
        && !access::confirm(db, confirmation, entry.at).await?
    {
        return Err(IssueRefusal::NotConfirmed);
    }
    tokens::issue(db, token, entry).await?
}

async fn decide(db: &Session, id: AuthorisationId, answer: &Answered, once: Option<&Once>, entry: &Entry) -> Result<Decided, StoreError> {
    requests::is_new(db, once).await?;
    let decided = authorisations::decide(db, id, answer, entry).await?;
    if matches!(decided, Decided::Done(_)) {
        requests::end(db, once, id.0, None, entry.at).await?;
    }
    Ok(decided)
}
