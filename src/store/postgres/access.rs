//! Who comes in, and how.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use tokio_postgres::Row;

use super::{
    PostgresStore, ceremonies,
    ledger::append,
    requests,
    rows::{OFFICER, number, officer},
    session::Session,
    withdrawals,
};
use crate::{
    authority::{Access, AccessHash, AccessId, AccessKind, AccessName, ActorName, Callsign, Officer, Scope, Scopes},
    ledger::{Entry, Event},
    store::{
        AccessStore, Confirmation, NewCredential, NewLink, Once, OpenSession, PasskeyRow, PasskeyUse, Revoked, SEEN_EVERY, SESSION_IDLE,
        SESSION_LONGEST, SESSION_SKEW, StoreError,
    },
};

#[async_trait]
impl AccessStore for PostgresStore {
    async fn add_credential(&self, new: NewCredential, entry: Entry) -> Result<(), StoreError> {
        self.acts
            .run(move |db| {
                Box::pin(async move {
                    let scopes: Vec<Scope> = new.scopes.iter().copied().collect();
                    let add = "INSERT INTO credentials (hash, callsign, scopes, added_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
                    db.execute(add, &[&new.hash, &new.callsign, &scopes, &new.added_at, &new.expires_at]).await?;
                    append(db, &entry).await
                })
            })
            .await
    }

    async fn credential(&self, hash: AccessHash, now: i64) -> Result<Option<(Officer, Scopes)>, StoreError> {
        let by_hash =
            format!("SELECT {OFFICER}, scopes FROM officers JOIN credentials USING (callsign) WHERE hash = $1 AND expires_at > $2");
        let row = self.reading().await?.maybe(&by_hash, &[&hash, &now]).await?;
        row.map(|row| Ok((officer(&row)?, scopes(&row, 4)?))).transpose()
    }

    async fn add_link_once(&self, link: NewLink, once: Option<Once>, entry: Entry) -> Result<(), StoreError> {
        self.acts
            .run(move |db| {
                Box::pin(async move {
                    requests::is_new(db, once.as_ref()).await?;
                    add_link(db, &link, once.as_ref(), &entry).await
                })
            })
            .await
    }

    async fn replace_link(&self, old: AccessId, link: NewLink, once: Once, entry: Entry) -> Result<bool, StoreError> {
        self.acts.run(move |db| Box::pin(async move { replace_link(db, old, &link, &once, &entry).await })).await
    }

    async fn link(&self, hash: AccessHash, now: i64) -> Result<Option<Officer>, StoreError> {
        let open = format!(
            "SELECT {OFFICER} FROM officers JOIN links USING (callsign) WHERE hash = $1 AND expires_at > $2 AND suspended_at IS NULL"
        );
        self.reading().await?.maybe(&open, &[&hash, &now]).await?.as_ref().map(officer).transpose()
    }

    async fn register_passkey(&self, link: AccessHash, passkey: PasskeyRow, entry: Entry) -> Result<bool, StoreError> {
        self.acts.run(move |db| Box::pin(async move { register_passkey(db, link, &passkey, &entry).await })).await
    }

    async fn name_passkey(&self, id: AccessId, owner: Callsign, name: AccessName) -> Result<bool, StoreError> {
        let named = "UPDATE passkeys SET name = $3 WHERE callsign = $2 AND substr(hash, 1, 8) = $1";
        self.acts.run(move |db| Box::pin(async move { Ok(db.execute(named, &[&id, &owner, &name.as_str()]).await? == 1) })).await
    }

    async fn passkey(&self, hash: AccessHash) -> Result<Option<(PasskeyRow, Officer)>, StoreError> {
        let one = format!("SELECT {OFFICER}, hash, handle, record FROM officers JOIN passkeys USING (callsign) WHERE hash = $1");
        let row = self.reading().await?.maybe(&one, &[&hash]).await?;
        row.map(|row| Ok((passkey(&row, 4)?, officer(&row)?))).transpose()
    }

    async fn passkeys(&self, callsign: Callsign) -> Result<Vec<PasskeyRow>, StoreError> {
        let all = "SELECT callsign, hash, handle, record FROM passkeys WHERE callsign = $1 ORDER BY added_at, hash";
        self.reading().await?.rows(all, &[&callsign]).await?.iter().map(|row| passkey(row, 1)).collect()
    }

    async fn open_session(&self, session: AccessHash, used: PasskeyUse, now: i64) -> Result<bool, StoreError> {
        self.acts
            .run(move |db| {
                Box::pin(async move {
                    let advanced = advance(db, &used).await?;
                    if advanced {
                        let open = "INSERT INTO sessions (hash, passkey, opened_at, seen_at) VALUES ($1, $2, $3, $3)";
                        db.execute(open, &[&session, &used.hash, &now]).await?;
                    }
                    Ok(advanced)
                })
            })
            .await
    }

    async fn session(&self, session: AccessHash, seen: bool, now: i64) -> Result<Option<OpenSession>, StoreError> {
        let Some((open, seen_at)) = find(&*self.reading().await?, session, now).await? else { return Ok(None) };
        if seen && seen_at < now - SEEN_EVERY {
            let moved = "UPDATE sessions SET seen_at = greatest(seen_at, $2) WHERE hash = $1";
            self.acts.run(move |db| Box::pin(async move { db.execute(moved, &[&session, &now]).await })).await?;
        }
        Ok(Some(open))
    }

    async fn end_session(&self, session: AccessHash) -> Result<(), StoreError> {
        let end = "DELETE FROM sessions WHERE hash = $1";
        self.acts.run(move |db| Box::pin(async move { db.execute(end, &[&session]).await.map(drop) })).await
    }

    async fn accesses(&self, of: RangeInclusive<Callsign>) -> Result<Vec<(Callsign, Access)>, StoreError> {
        let all =
            "SELECT callsign, hash, 'passkey' AS kind, added_at, NULL::bigint AS expires_at, NULL::text[] AS scopes, name FROM passkeys
             WHERE callsign BETWEEN $1 AND $2
             UNION ALL SELECT callsign, hash, 'credential', added_at, expires_at, scopes, NULL FROM credentials
             WHERE callsign BETWEEN $1 AND $2
             ORDER BY callsign, added_at, hash";
        let rows = self.reading().await?.rows(all, &[of.start(), of.end()]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, access(row)?))).collect()
    }

    async fn revoke_access_once(&self, id: AccessId, by: ActorName, once: Option<Once>, now: i64) -> Result<Option<Revoked>, StoreError> {
        self.acts.run(move |db| Box::pin(revoke(db, id, by, once, now))).await
    }
}

async fn register_passkey(db: &Session, link: AccessHash, new: &PasskeyRow, entry: &Entry) -> Result<bool, StoreError> {
    let known = "SELECT EXISTS (SELECT 1 FROM passkeys WHERE hash = $1)";
    if db.one(known, &[&new.hash]).await?.try_get(0)? {
        return Ok(false);
    }
    // Anybody who deletes the link has used it: nobody else can.
    let taken = db
        .execute(
            "DELETE FROM links WHERE hash = $1 AND callsign = $2 AND expires_at > $3
               AND EXISTS (SELECT 1 FROM officers WHERE callsign = $2 AND suspended_at IS NULL)",
            &[&link, &new.callsign, &entry.at],
        )
        .await?;
    if taken == 0 {
        return Ok(false);
    }
    let add = "INSERT INTO passkeys (hash, callsign, handle, record, added_at) VALUES ($1, $2, $3, $4, $5)";
    db.execute(add, &[&new.hash, &new.callsign, &new.handle.as_slice(), &new.record, &entry.at]).await?;
    append(db, entry).await?;
    Ok(true)
}

async fn replace_link(db: &Session, old: AccessId, link: &NewLink, once: &Once, entry: &Entry) -> Result<bool, StoreError> {
    let gone = "DELETE FROM links WHERE substr(hash, 1, 8) = $1 AND callsign = $2 AND expires_at > $3";
    if db.execute(gone, &[&old, &link.callsign, &entry.at]).await? == 0 {
        return Ok(false);
    }
    db.execute("DELETE FROM requests WHERE hash = $1", &[&once.hash.as_slice()]).await?;
    add_link(db, link, Some(once), entry).await?;
    Ok(true)
}

async fn revoke(db: &Session, id: AccessId, by: ActorName, once: Option<Once>, now: i64) -> Result<Option<Revoked>, StoreError> {
    requests::is_new(db, once.as_ref()).await?;
    for table in ["passkeys", "credentials"] {
        let gone = format!("DELETE FROM {table} WHERE substr(hash, 1, 8) = $1 RETURNING callsign");
        if let Some(row) = db.maybe(&gone, &[&id]).await? {
            let owner: Callsign = row.try_get(0)?;
            let withdrawn = withdrawals::by_access(db, id, &owner, now).await?;
            let revoked = Event::AccessRevoked { callsign: owner.clone(), access: id, by, withdrawn: Some(withdrawn) };
            append(db, &revoked.at(now)).await?;
            requests::end(db, once.as_ref(), withdrawn.to_be_bytes(), Some(&owner), now).await?;
            return Ok(Some(Revoked { owner, withdrawn }));
        }
    }
    Ok(None)
}

pub(super) async fn add_link(db: &Session, link: &NewLink, once: Option<&Once>, entry: &Entry) -> Result<(), StoreError> {
    requests::end(db, once, link.hash.id().0, None, entry.at).await?;
    let add = "INSERT INTO links (hash, callsign, expires_at) VALUES ($1, $2, $3)";
    db.execute(add, &[&link.hash, &link.callsign, &link.expires_at]).await?;
    append(db, entry).await
}

/// Takes a confirmation and the use of the passkey that answered it, which must be one of the session's own person.
pub(super) async fn confirm(db: &Session, confirmation: &Confirmation, now: i64) -> Result<bool, StoreError> {
    let Confirmation { ceremony, session, used } = confirmation;
    let owner = find(db, *session, now).await?.map(|(open, _)| open.officer.callsign);
    let same = "SELECT EXISTS (SELECT 1 FROM passkeys WHERE hash = $1 AND callsign = $2)";
    let same: bool = db.one(same, &[&used.hash, &owner]).await?.try_get(0)?;
    Ok(same && ceremonies::take_confirmation(db, *ceremony, *session, now).await? && advance(db, used).await?)
}

/// A use counts only if the record is still what it was when it was read: a copied authenticator or a second request with
/// the same answer comes too late. A suspended person's passkey opens nothing.
async fn advance(db: &Session, used: &PasskeyUse) -> Result<bool, StoreError> {
    let advance = "UPDATE passkeys SET record = $1 WHERE hash = $2 AND record = $3
           AND EXISTS (SELECT 1 FROM officers WHERE officers.callsign = passkeys.callsign AND suspended_at IS NULL)";
    Ok(db.execute(advance, &[&used.after, &used.hash, &used.before]).await? == 1)
}

/// A session that is not over, and when it was seen last. A clock that was set back must not make one live longer.
async fn find(db: &Session, session: AccessHash, now: i64) -> Result<Option<(OpenSession, i64)>, StoreError> {
    let live = format!(
        "SELECT {OFFICER}, opened_at, seen_at FROM officers JOIN passkeys USING (callsign) JOIN sessions ON sessions.passkey = passkeys.hash
         WHERE sessions.hash = $1 AND suspended_at IS NULL AND seen_at > $2 AND seen_at <= $3 AND opened_at > $4"
    );
    let row = db.maybe(&live, &[&session, &(now - SESSION_IDLE), &(now + SESSION_SKEW), &(now - SESSION_LONGEST)]).await?;
    row.map(|row| {
        let opened_at: i64 = row.try_get(4)?;
        Ok((OpenSession { officer: officer(&row)?, ends_at: opened_at + SESSION_LONGEST }, row.try_get(5)?))
    })
    .transpose()
}

/// Whether a passkey or credential is kept, whatever it opens.
pub(super) async fn is_open(db: &Session, hash: AccessHash) -> Result<bool, StoreError> {
    let kept = "SELECT EXISTS (SELECT 1 FROM passkeys WHERE hash = $1) OR EXISTS (SELECT 1 FROM credentials WHERE hash = $1)";
    Ok(db.one(kept, &[&hash]).await?.try_get(0)?)
}

/// Ends the sessions of a person; how many.
pub(super) async fn end_sessions(db: &Session, callsign: &Callsign) -> Result<u64, StoreError> {
    let end = "DELETE FROM sessions WHERE passkey IN (SELECT hash FROM passkeys WHERE callsign = $1)";
    db.execute(end, &[callsign]).await
}

/// How many sessions of a person are not over.
pub(super) async fn sessions(db: &Session, callsign: &Callsign, now: i64) -> Result<u32, StoreError> {
    let live = "SELECT count(*) FROM sessions WHERE passkey IN (SELECT hash FROM passkeys WHERE callsign = $1)
           AND seen_at > $2 AND seen_at <= $3 AND opened_at > $4";
    number(&db.one(live, &[callsign, &(now - SESSION_IDLE), &(now + SESSION_SKEW), &(now - SESSION_LONGEST)]).await?, 0)
}

/// Drops links and sessions that are over.
pub(super) async fn purge(db: &Session, now: i64) -> Result<(), StoreError> {
    db.execute("DELETE FROM links WHERE expires_at <= $1", &[&now]).await?;
    let over = "DELETE FROM sessions WHERE seen_at <= $1 OR opened_at <= $2";
    db.execute(over, &[&(now - SESSION_IDLE), &(now - SESSION_LONGEST)]).await.map(drop)
}

/// `hash, handle, record` from a column on; the callsign is the first.
fn passkey(row: &Row, from: usize) -> Result<PasskeyRow, StoreError> {
    let handle: &[u8] = row.try_get(from + 1)?;
    let handle = handle.try_into().map_err(|_| StoreError::Failed("a passkey is damaged".into()))?;
    Ok(PasskeyRow { callsign: row.try_get(0)?, hash: row.try_get(from)?, handle, record: row.try_get(from + 2)? })
}

fn access(row: &Row) -> Result<Access, StoreError> {
    let hash: AccessHash = row.try_get(1)?;
    let is_passkey = row.try_get::<_, &str>(2)? == "passkey";
    Ok(Access {
        id: hash.id(),
        kind: if is_passkey { AccessKind::Passkey } else { AccessKind::Credential },
        name: row.try_get::<_, Option<&str>>(6)?.and_then(|name| name.parse().ok()),
        added_at: row.try_get(3)?,
        expires_at: row.try_get(4)?,
        scopes: if is_passkey { None } else { Some(scopes(row, 5)?) },
    })
}

fn scopes(row: &Row, column: usize) -> Result<Scopes, StoreError> {
    let scopes: Vec<Scope> = row.try_get(column)?;
    Ok(scopes.into_iter().collect())
}
