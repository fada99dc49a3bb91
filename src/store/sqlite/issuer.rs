//! The issuer's contract on SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, named_params};
use tokio::sync::broadcast;

use super::{
    SqliteStore, keys,
    ledger::{append, recorded},
    rows::{AUTHORISATION, OFFICER, authorisation, officer},
    tokens,
};
use crate::{
    authority::{Authorisation, AuthorisationId, Callsign, Decision, Officer, State},
    keyring::{KeyId, PublicKeys, Revocation},
    ledger::Entry,
    store::{Decided, IssueRefusal, IssuerStore, NewToken, Speakable, StoreError, StoredKeySet, TokenRecord},
    token::{Cti, LEEWAY},
};

#[async_trait]
impl IssuerStore for SqliteStore {
    async fn put_key_set(&self, keys: PublicKeys, entry: Entry) -> Result<bool, StoreError> {
        self.write(move |db| keys::put_set(db, &keys, &entry)).await
    }

    async fn signing_keys(&self) -> Result<Option<StoredKeySet>, StoreError> {
        self.read(keys::newest).await
    }

    async fn activate_key(&self, id: KeyId, now: i64) -> Result<bool, StoreError> {
        self.write(move |db| keys::activate(db, id, now)).await
    }

    async fn remove_key(&self, id: KeyId, now: i64) -> Result<bool, StoreError> {
        self.write(move |db| keys::remove(db, id, now)).await
    }

    async fn revoke_key(&self, id: KeyId, revocation: Revocation, entry: Entry) -> Result<Option<usize>, StoreError> {
        self.write(move |db| keys::revoke(db, id, &revocation, &entry)).await
    }

    async fn enrol(&self, officer: Officer, entry: Entry) -> Result<bool, StoreError> {
        self.write(move |db| {
            let changed = db
                .prepare_cached("INSERT INTO officers (callsign, role, enrolled_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
                .execute((&officer.callsign, officer.role.as_str(), officer.enrolled_at))?;
            recorded(db, changed, &entry)
        })
        .await
    }

    async fn suspend(&self, callsign: Callsign, entry: Entry) -> Result<bool, StoreError> {
        self.write(move |db| {
            let changed = db
                .prepare_cached("UPDATE officers SET suspended_at = ?2 WHERE callsign = ?1 AND suspended_at IS NULL")?
                .execute((&callsign, entry.at))?;
            db.prepare_cached(
                "UPDATE tokens SET withdrawn_at = ?2 WHERE withdrawn_at IS NULL AND expires_at > ?2 - ?3
                 AND authorisation IN (SELECT id FROM authorisations WHERE asked_by = ?1)",
            )?
            .execute((&callsign, entry.at, LEEWAY))?;
            recorded(db, changed, &entry)
        })
        .await
    }

    async fn officer(&self, callsign: Callsign) -> Result<Option<Officer>, StoreError> {
        self.read(move |db| {
            let mut one = db.prepare_cached(&format!("SELECT {OFFICER} FROM officers WHERE callsign = ?1"))?;
            Ok(one.query_row([callsign], officer).optional()?)
        })
        .await
    }

    async fn officers(&self) -> Result<Vec<Officer>, StoreError> {
        self.read(|db| {
            let mut all = db.prepare_cached(&format!("SELECT {OFFICER} FROM officers ORDER BY callsign"))?;
            Ok(all.query_map([], officer)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn add_credential(&self, callsign: Callsign, hash: [u8; 32], expires_at: i64, entry: Entry) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached("INSERT INTO credentials (hash, callsign, expires_at) VALUES (?1, ?2, ?3)")?
                .execute((hash, callsign, expires_at))?;
            append(db, &entry)
        })
        .await
    }

    async fn officer_by_credential(&self, hash: [u8; 32], now: i64) -> Result<Option<Officer>, StoreError> {
        self.read(move |db| {
            let mut by_hash = db.prepare_cached(&format!(
                "SELECT {OFFICER} FROM officers JOIN credentials USING (callsign) WHERE hash = ?1 AND expires_at > ?2"
            ))?;
            Ok(by_hash.query_row((hash, now), officer).optional()?)
        })
        .await
    }

    async fn ask(&self, a: Authorisation, entry: Entry) -> Result<(), StoreError> {
        self.write(move |db| {
            let channels = a.channels.iter().map(|channel| channel.as_str()).collect::<Vec<_>>().join(",");
            db.prepare_cached(
                "INSERT INTO authorisations (id, reference, channels, starts_at, ends_at, max_tokens, asked_by, asked_at, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'asked')",
            )?
            .execute((a.id, a.reference, channels, a.from, a.until, a.max_tokens, a.asked_by, a.asked_at))?;
            append(db, &entry)
        })
        .await
    }

    async fn decide(&self, id: AuthorisationId, decision: Decision, by: Callsign, entry: Entry) -> Result<Decided, StoreError> {
        self.write(move |db| {
            // `asked_by <> :by` is the second person: whoever asked cannot be the one who decides.
            let changed = db
                .prepare_cached(
                    "UPDATE authorisations SET state = :state, decided_by = :by, decided_at = :at
                     WHERE id = :id AND state = 'asked' AND asked_by <> :by
                       AND EXISTS (SELECT 1 FROM officers WHERE callsign = :by AND suspended_at IS NULL)",
                )?
                .execute(named_params! {":state": decision.state().as_str(), ":by": by, ":at": entry.at, ":id": id})?;
            let done = recorded(db, changed, &entry)?;
            Ok(match find(db, id)? {
                None => Decided::Unknown,
                Some(a) if done => Decided::Done(a),
                Some(a) if a.asked_by == by => Decided::OwnRequest,
                Some(a) if a.state == State::Asked => Decided::Suspended,
                Some(a) => Decided::AlreadyIs(a.state),
            })
        })
        .await
    }

    async fn withdraw_authorisation(&self, id: AuthorisationId, entry: Entry) -> Result<Decided, StoreError> {
        self.write(move |db| {
            let changed = db
                .prepare_cached("UPDATE authorisations SET state = 'withdrawn' WHERE id = ?1 AND state IN ('asked', 'approved')")?
                .execute([id])?;
            let live = "UPDATE tokens SET withdrawn_at = ?2
                        WHERE authorisation = ?1 AND withdrawn_at IS NULL AND expires_at > ?2 - ?3";
            db.prepare_cached(live)?.execute((id, entry.at, LEEWAY))?;
            let done = recorded(db, changed, &entry)?;
            Ok(match find(db, id)? {
                None => Decided::Unknown,
                Some(a) if done => Decided::Done(a),
                Some(a) => Decided::AlreadyIs(a.state),
            })
        })
        .await
    }

    async fn authorisation(&self, id: AuthorisationId) -> Result<Option<Authorisation>, StoreError> {
        self.read(move |db| find(db, id)).await
    }

    async fn authorisations(&self, asked_by: Option<Callsign>) -> Result<Vec<Authorisation>, StoreError> {
        self.read(move |db| {
            let mut all = db.prepare_cached(&format!(
                "SELECT {AUTHORISATION} FROM authorisations WHERE ?1 IS NULL OR asked_by = ?1 ORDER BY asked_at DESC, id"
            ))?;
            Ok(all.query_map([asked_by], authorisation)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn issue_and_record(&self, token: NewToken, entry: Entry) -> Result<(), IssueRefusal> {
        self.write(move |db| tokens::issue(db, &token, &entry)).await?
    }

    async fn make_speakable(&self, cti: Cti, speakable: Speakable, entry: Entry) -> Result<(), IssueRefusal> {
        self.write(move |db| tokens::make_speakable(db, cti, &speakable, &entry)).await?
    }

    async fn token(&self, cti: Cti) -> Result<Option<TokenRecord>, StoreError> {
        self.read(move |db| tokens::find(db, cti)).await
    }

    async fn withdraw_token(&self, cti: Cti, entry: Entry) -> Result<bool, StoreError> {
        self.write(move |db| {
            let mut withdraw = db.prepare_cached("UPDATE tokens SET withdrawn_at = ?2 WHERE cti = ?1 AND withdrawn_at IS NULL")?;
            let changed = withdraw.execute((cti, entry.at))?;
            recorded(db, changed, &entry)
        })
        .await
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

    async fn purge(&self, now: i64) -> Result<(), StoreError> {
        self.write(move |db| tokens::purge(db, now)).await?;
        // Pages as they were before would stay in the log until it is overwritten. A busy log waits for the next time.
        self.read(|db| Ok(db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)).await
    }

    fn marks(&self) -> broadcast::Receiver<Cti> {
        self.marks.subscribe()
    }
}

fn find(db: &Connection, id: AuthorisationId) -> Result<Option<Authorisation>, StoreError> {
    let mut one = db.prepare_cached(&format!("SELECT {AUTHORISATION} FROM authorisations WHERE id = ?1"))?;
    Ok(one.query_row([id], authorisation).optional()?)
}
