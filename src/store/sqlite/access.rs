//! Who comes in, and how.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};

use super::{
    SqliteStore, ceremonies,
    ledger::append,
    requests,
    rows::{OFFICER, officer},
    withdrawals,
};
use crate::{
    authority::{Access, AccessHash, AccessId, AccessKind, AccessName, ActorName, Callsign, Officer, Scopes},
    ledger::{Entry, Event},
    store::{
        AccessStore, Confirmation, NewCredential, NewLink, Once, OpenSession, PasskeyRow, PasskeyUse, Revoked, SEEN_EVERY, SESSION_IDLE,
        SESSION_LONGEST, SESSION_SKEW, StoreError,
    },
};

/// A session that is not over at `:now`. A clock that was set back must not make one live longer.
const LIVE: &str = "seen_at > :now - :idle AND seen_at <= :now + :skew AND opened_at > :now - :longest";

#[async_trait]
impl AccessStore for SqliteStore {
    async fn add_credential(&self, new: NewCredential, entry: Entry) -> Result<(), StoreError> {
        self.write(move |db| {
            let scopes = new.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",");
            db.prepare_cached("INSERT INTO credentials (hash, callsign, scopes, added_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute((new.hash, new.callsign, scopes, new.added_at, new.expires_at))?;
            append(db, &entry)
        })
        .await
    }

    async fn credential(&self, hash: AccessHash, now: i64) -> Result<Option<(Officer, Scopes)>, StoreError> {
        self.read(move |db| {
            let mut by_hash = db.prepare_cached(&format!(
                "SELECT {OFFICER}, scopes FROM officers JOIN credentials USING (callsign) WHERE hash = ?1 AND expires_at > ?2"
            ))?;
            Ok(by_hash.query_row((hash, now), |row| Ok((officer(row)?, scopes(row, 4)?))).optional()?)
        })
        .await
    }

    async fn add_link_once(&self, link: NewLink, once: Option<Once>, entry: Entry) -> Result<(), StoreError> {
        self.write(move |db| {
            requests::is_new(db, once.as_ref())?;
            add_link(db, &link, once.as_ref(), &entry)
        })
        .await
    }

    async fn replace_link(&self, old: AccessId, link: NewLink, once: Once, entry: Entry) -> Result<bool, StoreError> {
        self.write(move |db| {
            let gone = "DELETE FROM links WHERE substr(hash, 1, 8) = ?1 AND callsign = ?2 AND expires_at > ?3";
            if db.prepare_cached(gone)?.execute((old.0, &link.callsign, entry.at))? == 0 {
                return Ok(false);
            }
            db.prepare_cached("DELETE FROM requests WHERE hash = ?1")?.execute([once.hash])?;
            add_link(db, &link, Some(&once), &entry)?;
            Ok(true)
        })
        .await
    }

    async fn link(&self, hash: AccessHash, now: i64) -> Result<Option<Officer>, StoreError> {
        self.read(move |db| {
            let mut open = db.prepare_cached(&format!(
                "SELECT {OFFICER} FROM officers JOIN links USING (callsign)
                 WHERE hash = ?1 AND expires_at > ?2 AND suspended_at IS NULL"
            ))?;
            Ok(open.query_row((hash, now), officer).optional()?)
        })
        .await
    }

    async fn register_passkey(&self, link: AccessHash, new: PasskeyRow, entry: Entry) -> Result<bool, StoreError> {
        self.write(move |db| {
            let known = "SELECT EXISTS (SELECT 1 FROM passkeys WHERE hash = ?1)";
            if db.prepare_cached(known)?.query_row([new.hash], |row| row.get(0))? {
                return Ok(false);
            }
            // Anybody who deletes the link has used it: nobody else can.
            let taken = db
                .prepare_cached(
                    "DELETE FROM links WHERE hash = :link AND callsign = :callsign AND expires_at > :now
                       AND EXISTS (SELECT 1 FROM officers WHERE callsign = :callsign AND suspended_at IS NULL)",
                )?
                .execute(named_params! {":link": link, ":callsign": new.callsign, ":now": entry.at})?;
            if taken == 0 {
                return Ok(false);
            }
            db.prepare_cached("INSERT INTO passkeys (hash, callsign, handle, record, added_at) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute((
                new.hash,
                new.callsign,
                new.handle,
                new.record,
                entry.at,
            ))?;
            append(db, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn name_passkey(&self, id: AccessId, owner: Callsign, name: AccessName) -> Result<bool, StoreError> {
        let named = "UPDATE passkeys SET name = ?3 WHERE callsign = ?2 AND substr(hash, 1, 8) = ?1";
        self.write(move |db| Ok(db.prepare_cached(named)?.execute((id.0, owner, name.as_str()))? == 1)).await
    }

    async fn passkey(&self, hash: AccessHash) -> Result<Option<(PasskeyRow, Officer)>, StoreError> {
        self.read(move |db| {
            let mut one = db.prepare_cached(&format!(
                "SELECT {OFFICER}, hash, handle, record FROM officers JOIN passkeys USING (callsign) WHERE hash = ?1"
            ))?;
            Ok(one.query_row([hash], |row| Ok((passkey(row, 4)?, officer(row)?))).optional()?)
        })
        .await
    }

    async fn passkeys(&self, callsign: Callsign) -> Result<Vec<PasskeyRow>, StoreError> {
        self.read(move |db| {
            let mut all = db.prepare_cached("SELECT callsign, hash, handle, record FROM passkeys WHERE callsign = ?1 ORDER BY added_at")?;
            Ok(all.query_map([callsign], |row| passkey(row, 1))?.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn open_session(&self, session: AccessHash, used: PasskeyUse, now: i64) -> Result<bool, StoreError> {
        self.write(move |db| {
            let advanced = advance(db, &used)?;
            if advanced {
                db.prepare_cached("INSERT INTO sessions (hash, passkey, opened_at, seen_at) VALUES (?1, ?2, ?3, ?3)")?
                    .execute((session, used.hash, now))?;
            }
            Ok(advanced)
        })
        .await
    }

    async fn session(&self, session: AccessHash, seen: bool, now: i64) -> Result<Option<OpenSession>, StoreError> {
        let Some((open, seen_at)) = self.read(move |db| find(db, session, now)).await? else { return Ok(None) };
        if seen && seen_at < now - SEEN_EVERY {
            let moved = "UPDATE sessions SET seen_at = max(seen_at, ?2) WHERE hash = ?1";
            self.write(move |db| Ok(db.prepare_cached(moved)?.execute((session, now))?)).await?;
        }
        Ok(Some(open))
    }

    async fn end_session(&self, session: AccessHash) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached("DELETE FROM sessions WHERE hash = ?1")?.execute([session])?;
            Ok(())
        })
        .await
    }

    async fn accesses(&self, of: RangeInclusive<Callsign>) -> Result<Vec<(Callsign, Access)>, StoreError> {
        self.read(move |db| {
            let mut all = db.prepare_cached(
                "SELECT callsign, hash, 'passkey' AS kind, added_at, NULL AS expires_at, NULL AS scopes, name FROM passkeys
                 WHERE callsign BETWEEN ?1 AND ?2
                 UNION ALL SELECT callsign, hash, 'credential', added_at, expires_at, scopes, NULL FROM credentials
                 WHERE callsign BETWEEN ?1 AND ?2
                 ORDER BY callsign, added_at, hash",
            )?;
            Ok(all.query_map([of.start(), of.end()], |row| Ok((row.get(0)?, access(row)?)))?.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn revoke_access_once(&self, id: AccessId, by: ActorName, once: Option<Once>, now: i64) -> Result<Option<Revoked>, StoreError> {
        self.write(move |db| {
            requests::is_new(db, once.as_ref())?;
            for table in ["passkeys", "credentials"] {
                let gone = format!("DELETE FROM {table} WHERE substr(hash, 1, 8) = ?1 RETURNING callsign");
                let owner: Option<Callsign> = db.prepare_cached(&gone)?.query_row([id.0], |row| row.get(0)).optional()?;
                if let Some(owner) = owner {
                    let withdrawn = withdrawals::by_access(db, id, &owner, now)?;
                    let revoked = Event::AccessRevoked { callsign: owner.clone(), access: id, by, withdrawn: Some(withdrawn) };
                    append(db, &revoked.at(now))?;
                    requests::end(db, once.as_ref(), withdrawn.to_be_bytes(), Some(&owner), now)?;
                    return Ok(Some(Revoked { owner, withdrawn }));
                }
            }
            Ok(None)
        })
        .await
    }
}

pub(super) fn add_link(
    db: &Connection,
    NewLink { hash, callsign, expires_at }: &NewLink,
    once: Option<&Once>,
    entry: &Entry,
) -> Result<(), StoreError> {
    requests::end(db, once, hash.id().0, None, entry.at)?;
    db.prepare_cached("INSERT INTO links (hash, callsign, expires_at) VALUES (?1, ?2, ?3)")?.execute((hash, callsign, expires_at))?;
    append(db, entry)
}

/// Takes a confirmation and the use of the passkey that answered it, which must be one of the session's own person.
pub(super) fn confirm(db: &Connection, Confirmation { ceremony, session, used }: &Confirmation, now: i64) -> Result<bool, StoreError> {
    let owner = find(db, *session, now)?.map(|(open, _)| open.officer.callsign);
    let same = "SELECT EXISTS (SELECT 1 FROM passkeys WHERE hash = ?1 AND callsign = ?2)";
    let same = db.prepare_cached(same)?.query_row((used.hash, owner), |row| row.get(0))?;
    Ok(same && ceremonies::take_confirmation(db, *ceremony, *session, now)? && advance(db, used)?)
}

/// A use counts only if the record is still what it was when it was read: a copied authenticator or a second request with
/// the same answer comes too late. A suspended person's passkey opens nothing.
fn advance(db: &Connection, used: &PasskeyUse) -> Result<bool, StoreError> {
    let mut advance = db.prepare_cached(
        "UPDATE passkeys SET record = :after WHERE hash = :hash AND record = :before
           AND EXISTS (SELECT 1 FROM officers WHERE officers.callsign = passkeys.callsign AND suspended_at IS NULL)",
    )?;
    Ok(advance.execute(named_params! {":after": used.after, ":hash": used.hash, ":before": used.before})? == 1)
}

/// A session that is not over, and when it was seen last.
fn find(db: &Connection, session: AccessHash, now: i64) -> Result<Option<(OpenSession, i64)>, StoreError> {
    let mut live = db.prepare_cached(&format!(
        "SELECT {OFFICER}, opened_at, seen_at FROM officers JOIN passkeys USING (callsign) JOIN sessions ON sessions.passkey = passkeys.hash
         WHERE sessions.hash = :session AND suspended_at IS NULL AND {LIVE}"
    ))?;
    let within = named_params! {
        ":session": session, ":now": now, ":idle": SESSION_IDLE, ":skew": SESSION_SKEW, ":longest": SESSION_LONGEST,
    };
    Ok(live.query_row(within, |row| Ok((open_session(row)?, row.get(5)?))).optional()?)
}

fn open_session(row: &Row<'_>) -> rusqlite::Result<OpenSession> {
    Ok(OpenSession { officer: officer(row)?, ends_at: row.get::<_, i64>(4)? + SESSION_LONGEST })
}

/// Whether a passkey or credential is kept, whatever it opens.
pub(super) fn is_open(db: &Connection, hash: AccessHash) -> Result<bool, StoreError> {
    let kept = "SELECT EXISTS (SELECT 1 FROM passkeys WHERE hash = ?1) OR EXISTS (SELECT 1 FROM credentials WHERE hash = ?1)";
    Ok(db.prepare_cached(kept)?.query_row([hash], |row| row.get(0))?)
}

/// Ends the sessions of a person; how many.
pub(super) fn end_sessions(db: &Connection, callsign: &Callsign) -> Result<usize, StoreError> {
    Ok(db.prepare_cached("DELETE FROM sessions WHERE passkey IN (SELECT hash FROM passkeys WHERE callsign = ?1)")?.execute([callsign])?)
}

/// How many sessions of a person are not over.
pub(super) fn sessions(db: &Connection, callsign: &Callsign, now: i64) -> Result<u32, StoreError> {
    let mut live = db.prepare_cached(&format!(
        "SELECT count(*) FROM sessions WHERE passkey IN (SELECT hash FROM passkeys WHERE callsign = :who) AND {LIVE}"
    ))?;
    let bounds = named_params! {
        ":who": callsign, ":now": now, ":idle": SESSION_IDLE, ":skew": SESSION_SKEW, ":longest": SESSION_LONGEST,
    };
    Ok(live.query_row(bounds, |row| row.get(0))?)
}

/// Drops links and sessions that are over.
pub(super) fn purge(db: &Connection, now: i64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM links WHERE expires_at <= ?1")?.execute([now])?;
    db.prepare_cached("DELETE FROM sessions WHERE seen_at <= ?1 OR opened_at <= ?2")?
        .execute(params![now - SESSION_IDLE, now - SESSION_LONGEST])?;
    Ok(())
}

/// `hash, handle, record` from a column on; the callsign is the first.
fn passkey(row: &Row<'_>, from: usize) -> rusqlite::Result<PasskeyRow> {
    Ok(PasskeyRow { callsign: row.get(0)?, hash: row.get(from)?, handle: row.get(from + 1)?, record: row.get(from + 2)? })
}

fn access(row: &Row<'_>) -> rusqlite::Result<Access> {
    let hash: AccessHash = row.get(1)?;
    let kind: String = row.get(2)?;
    let is_passkey = kind == "passkey";
    Ok(Access {
        id: hash.id(),
        kind: if is_passkey { AccessKind::Passkey } else { AccessKind::Credential },
        name: row.get::<_, Option<String>>(6)?.and_then(|name| name.parse().ok()),
        added_at: row.get(3)?,
        expires_at: row.get(4)?,
        scopes: if is_passkey { None } else { Some(scopes(row, 5)?) },
    })
}

fn scopes(row: &Row<'_>, column: usize) -> rusqlite::Result<Scopes> {
    let text: String = row.get(column)?;
    text.split(',').map(str::parse).collect::<Result<_, _>>().map_err(|_| rusqlite::Error::InvalidQuery)
}
