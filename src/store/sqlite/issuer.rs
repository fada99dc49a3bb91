//! The issuer's contract on SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, named_params};
use tokio::sync::broadcast;

use super::{
    SqliteStore, access, authorisations, ceremonies, keys,
    ledger::{append, recorded},
    lists, people, references, requests,
    rows::{OFFICER, officer},
    tokens, withdrawals,
};
use crate::{
    authority::{ActorName, Authorisation, AuthorisationId, Callsign, Officer, Review, TokenSelection},
    keyring::{KeyId, PublicKeys, Revocation, rotation::KeyRecord},
    ledger::Entry,
    store::{
        Answered, AskRefusal, AuthorisationPlace, Decided, Earlier, Ended, Follows, IssueRefusal, IssuedToken, IssuerStore,
        KEEP_HEARTBEATS, Listed, LiveToken, NewLink, NewToken, Once, Only, Page, PersonPlace, Reinstated, Speakable, StoreError,
        StoredKeySet, TokenRecord, VerifierSessions, Wanted,
    },
    token::{Channel, Cti, Reference, SpokenSize},
};

#[async_trait]
impl IssuerStore for SqliteStore {
    async fn put_key_set(&self, keys: PublicKeys, entry: Entry) -> Result<bool, StoreError> {
        self.write_keys(move |db| keys::put_set(db, &keys, &entry)).await
    }

    async fn signing_keys(&self) -> Result<Option<StoredKeySet>, StoreError> {
        self.read(keys::newest).await
    }

    async fn key_records(&self) -> Result<Vec<KeyRecord>, StoreError> {
        self.read(keys::records).await
    }

    async fn activate_key(&self, id: KeyId, now: i64) -> Result<bool, StoreError> {
        self.write_keys(move |db| keys::activate(db, id, now)).await
    }

    async fn remove_key(&self, id: KeyId, now: i64) -> Result<bool, StoreError> {
        self.write(move |db| keys::remove(db, id, now)).await
    }

    async fn revoke_key(&self, id: KeyId, revocation: Revocation, entry: Entry) -> Result<Option<usize>, StoreError> {
        self.write_keys(move |db| keys::revoke(db, id, &revocation, &entry)).await
    }

    async fn revoke_unpublished(&self, id: KeyId, revocation: Revocation, entry: Entry) -> Result<bool, StoreError> {
        self.write_keys(move |db| keys::revoke_unpublished(db, id, &revocation, &entry)).await
    }

    async fn enrol(&self, officer: Officer, entry: Entry) -> Result<bool, StoreError> {
        self.write(move |db| people::enrol(db, &officer, &entry)).await
    }

    async fn enrol_with_link_once(
        &self,
        (officer, entry): (Officer, Entry),
        (link, made): (NewLink, Entry),
        once: Option<Once>,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            requests::is_new(db, once.as_ref())?;
            let new = people::enrol(db, &officer, &entry)?;
            if new {
                access::add_link(db, &link, once.as_ref(), &made)?;
            }
            Ok(new)
        })
        .await
    }

    async fn suspend_once(&self, callsign: Callsign, once: Option<Once>, entry: Entry) -> Result<Option<Ended>, StoreError> {
        self.write(move |db| people::suspend(db, &callsign, once.as_ref(), &entry)).await
    }

    async fn reinstate(&self, callsign: Callsign, by: ActorName, once: Option<Once>, entry: Entry) -> Result<Reinstated, StoreError> {
        self.write(move |db| people::reinstate(db, &callsign, &by, once.as_ref(), &entry)).await
    }

    async fn follows(&self, callsign: Callsign, now: i64) -> Result<Follows, StoreError> {
        self.snapshot(move |db| people::follows(db, &callsign, now)).await
    }

    async fn live_tokens_under(&self, id: AuthorisationId, now: i64) -> Result<u32, StoreError> {
        self.snapshot(move |db| people::live_tokens_under(db, id, now)).await
    }

    async fn officer(&self, callsign: Callsign) -> Result<Option<Officer>, StoreError> {
        self.read(move |db| {
            let mut one = db.prepare_cached(&format!("SELECT {OFFICER} FROM officers WHERE callsign = ?1"))?;
            Ok(one.query_row([callsign], officer).optional()?)
        })
        .await
    }

    async fn officers(&self, page: Page<PersonPlace>) -> Result<Vec<Officer>, StoreError> {
        self.read(move |db| {
            // Every callsign comes after the empty text.
            let after = page.after.as_ref().map_or("", |PersonPlace(callsign)| callsign.as_str());
            let page_of = format!("SELECT {OFFICER} FROM officers WHERE callsign > ?1 ORDER BY callsign LIMIT ?2");
            Ok(db.prepare_cached(&page_of)?.query_map((after, page.most), officer)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn ask(&self, authorisation: Authorisation, once: Option<Once>, entry: Entry) -> Result<(), AskRefusal> {
        let act = move |db: &Connection| {
            if let Some(once) = once
                && !requests::begin(db, &once, authorisation.id.0, entry.at)?
            {
                return Err(AskRefusal::Repeated);
            }
            if authorisations::ask(db, &authorisation, &entry)? { Ok(()) } else { Err(AskRefusal::TooMany) }
        };
        self.writer.run(act).await
    }

    async fn earlier(&self, hash: [u8; 32]) -> Result<Option<Earlier>, StoreError> {
        self.read(move |db| requests::find(db, hash)).await
    }

    async fn decide_once(&self, id: AuthorisationId, answer: Answered, once: Option<Once>, entry: Entry) -> Result<Decided, StoreError> {
        self.write(move |db| {
            requests::is_new(db, once.as_ref())?;
            let decided = authorisations::decide(db, id, &answer, &entry)?;
            if matches!(decided, Decided::Done(_)) {
                requests::end(db, once.as_ref(), id.0, None, entry.at)?;
            }
            Ok(decided)
        })
        .await
    }

    async fn review_once(
        &self,
        id: AuthorisationId,
        review: Review,
        by: Callsign,
        once: Option<Once>,
        entry: Entry,
    ) -> Result<Decided, StoreError> {
        self.write(move |db| {
            requests::is_new(db, once.as_ref())?;
            let decided = authorisations::review(db, id, &review, &by, &entry)?;
            if matches!(decided, Decided::Done(_)) {
                requests::end(db, once.as_ref(), id.0, None, entry.at)?;
            }
            Ok(decided)
        })
        .await
    }

    async fn withdraw_authorisation(&self, id: AuthorisationId, by: Callsign, entry: Entry) -> Result<Decided, StoreError> {
        self.write(move |db| authorisations::withdraw(db, id, &by, &entry)).await
    }

    async fn authorisation(&self, id: AuthorisationId) -> Result<Option<Authorisation>, StoreError> {
        self.read(move |db| authorisations::find(db, id)).await
    }

    async fn authorisations(
        &self,
        asked_by: Option<Callsign>,
        page: Page<AuthorisationPlace>,
        now: i64,
    ) -> Result<Vec<Authorisation>, StoreError> {
        self.snapshot(move |db| authorisations::page(db, asked_by.as_ref(), &page, now)).await
    }

    async fn sorted_authorisations(
        &self,
        asked_by: Option<Callsign>,
        only: Option<Only>,
        wanted: Wanted<AuthorisationId>,
        now: i64,
    ) -> Result<Listed<Authorisation, AuthorisationId>, StoreError> {
        self.snapshot(move |db| lists::authorisations(db, asked_by.as_ref(), only, &wanted, now)).await
    }

    async fn sorted_tokens(
        &self,
        of: Option<Callsign>,
        wanted: Wanted<Cti>,
        now: i64,
    ) -> Result<Option<Listed<LiveToken, Cti>>, StoreError> {
        self.snapshot(move |db| lists::tokens(db, of.as_ref(), &wanted, now)).await
    }

    async fn sorted_officers(&self, wanted: Wanted<Callsign>) -> Result<Listed<Officer, Callsign>, StoreError> {
        self.snapshot(move |db| lists::officers(db, &wanted)).await
    }

    async fn live_authorisations(&self, asked_by: Callsign, channel: Channel, at: i64) -> Result<Vec<Authorisation>, StoreError> {
        self.read(move |db| authorisations::live(db, &asked_by, channel, at)).await
    }

    async fn issue_and_record(&self, token: NewToken, entry: Entry) -> Result<Option<SpokenSize>, IssueRefusal> {
        let act = move |db: &Connection| {
            if let Some(once) = &token.once
                && !requests::begin(db, once, token.cti.0, entry.at)?
            {
                return Err(IssueRefusal::Repeated);
            }
            if let Some(confirmation) = &token.confirmation
                && !access::confirm(db, confirmation, entry.at)?
            {
                return Err(IssueRefusal::NotConfirmed);
            }
            tokens::issue(db, &token, &entry)?
        };
        self.writer.run_signed(act).await
    }

    async fn issued_token(&self, cti: Cti) -> Result<Option<IssuedToken>, StoreError> {
        self.read(move |db| tokens::issued(db, cti)).await
    }

    async fn make_speakable(&self, cti: Cti, speakable: Speakable, entry: Entry) -> Result<SpokenSize, IssueRefusal> {
        self.write_signed(move |db| tokens::make_speakable(db, cti, &speakable, &entry)).await?
    }

    async fn token(&self, cti: Cti) -> Result<Option<TokenRecord>, StoreError> {
        self.read(move |db| tokens::find(db, cti)).await
    }

    async fn look_up(&self, reference: Reference, by: Callsign, now: i64) -> Result<Option<Vec<LiveToken>>, StoreError> {
        self.write(move |db| references::look_up(db, reference, &by, now)).await
    }

    async fn withdraw_token(&self, cti: Cti, entry: Entry) -> Result<bool, StoreError> {
        self.write(move |db| {
            let changed = withdrawals::withdraw(db, "cti = :cti", named_params! {":now": entry.at, ":cti": cti})?;
            recorded(db, changed, &entry)
        })
        .await
    }

    async fn withdraw_tokens_once(&self, tokens: TokenSelection, by: ActorName, once: Option<Once>, now: i64) -> Result<u64, StoreError> {
        self.write(move |db| {
            requests::is_new(db, once.as_ref())?;
            let withdrawn = withdrawals::selected(db, tokens, by, now)?;
            requests::end(db, once.as_ref(), withdrawn.to_be_bytes(), None, now)?;
            Ok(withdrawn)
        })
        .await
    }

    async fn record(&self, entry: Entry) -> Result<(), StoreError> {
        self.write(move |db| append(db, &entry)).await
    }

    async fn report_first_checks(&self, now: i64) -> Result<usize, StoreError> {
        // Group by group, so that checks are answered in between; all of them, so that none waits for the next time.
        let mut reported = 0;
        loop {
            match self.write(move |db| tokens::report_first_checks(db, now)).await? {
                0 => return Ok(reported),
                group => reported += group,
            }
        }
    }

    async fn overdue_marks(&self, before: i64) -> Result<u32, StoreError> {
        self.read(move |db| {
            let overdue = "SELECT count(*) FROM unreported JOIN marks USING (expires_at, cti) WHERE first_checked_at < ?1";
            Ok(db.prepare_cached(overdue)?.query_row([before], |row| row.get(0))?)
        })
        .await
    }

    async fn purge(&self, now: i64) -> Result<(), StoreError> {
        self.write(move |db| {
            access::purge(db, now)?;
            ceremonies::purge(db, now)?;
            requests::purge(db, now)?;
            references::purge(db, now)?;
            db.prepare_cached("DELETE FROM heartbeats WHERE at < ?1")?.execute([now - KEEP_HEARTBEATS])?;
            tokens::forget_misses(db, now)
        })
        .await?;
        while self.write(move |db| tokens::forget_codes(db, now)).await? {}
        while self.write(move |db| tokens::purge(db, now)).await? {}
        // Pages as they were before stay in the log until it is emptied. Where somebody reads, that waits for the next time.
        self.log.empty().await.map(drop)
    }

    fn log_bytes(&self) -> Option<u64> {
        self.files.log_bytes()
    }

    fn verifier_sessions(&self) -> Option<VerifierSessions> {
        None
    }

    fn marks(&self) -> broadcast::Receiver<Cti> {
        self.marks.subscribe()
    }
}
