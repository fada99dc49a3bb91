//! Ceremonies that wait for their answers. In the groups of all writes, since a file has one lock for writing.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use crate::{
    authority::AccessHash,
    store::{
        Ceremony, CeremonyKind, CeremonyStore, MOST_CEREMONIES, NewCeremony, StoreError,
        ceremonies::{read, trimmed, waiting, written},
    },
};

#[async_trait]
impl CeremonyStore for SqliteStore {
    async fn begin_ceremony(&self, new: NewCeremony) -> Result<(), StoreError> {
        self.write(move |db| begin(db, &new)).await
    }

    async fn take_ceremony(&self, hash: AccessHash, kind: CeremonyKind, now: i64) -> Result<Option<Ceremony>, StoreError> {
        self.write(move |db| {
            let (after, until) = waiting(now);
            // Anybody who deletes it has it: nobody else can.
            let mut take = db.prepare_cached(
                "DELETE FROM ceremonies WHERE hash = ?1 AND kind = ?2 AND begun_at > ?3 AND begun_at <= ?4
                 RETURNING bound, challenge, counters",
            )?;
            take.query_row((hash, kind.as_str(), after, until), columns).optional()?.map(ceremony).transpose()
        })
        .await
    }

    async fn confirmation(&self, hash: AccessHash, now: i64) -> Result<Option<Ceremony>, StoreError> {
        self.read(move |db| {
            let (after, until) = waiting(now);
            let mut find = db.prepare_cached(
                "SELECT bound, challenge, counters FROM ceremonies
                 WHERE hash = ?1 AND kind = ?2 AND begun_at > ?3 AND begun_at <= ?4",
            )?;
            let kind = CeremonyKind::Confirm.as_str();
            find.query_row((hash, kind, after, until), columns).optional()?.map(ceremony).transpose()
        })
        .await
    }

    async fn end_ceremony(&self, hash: AccessHash) -> Result<(), StoreError> {
        self.write(move |db| Ok(db.prepare_cached("DELETE FROM ceremonies WHERE hash = ?1")?.execute([hash]).map(drop)?)).await
    }
}

fn begin(db: &Connection, NewCeremony { hash, kind, ceremony, share, begun_at }: &NewCeremony) -> Result<(), StoreError> {
    let Ceremony { bound, challenge, counters } = ceremony;
    db.prepare_cached(
        "INSERT INTO ceremonies (hash, kind, share, together, bound, challenge, counters, begun_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![hash, kind.as_str(), share.own, share.together, bound, challenge, written(counters), begun_at])?;
    db.prepare_cached(
        "DELETE FROM ceremonies WHERE seq IN (SELECT seq FROM ceremonies WHERE share = ?1 ORDER BY seq DESC LIMIT -1 OFFSET ?2)",
    )?
    .execute((share.own, kind.most()))?;
    trim(db, "together = ?1", share.together, kind.most_together())?;
    trim(db, "kind = ?1", kind.as_str(), MOST_CEREMONIES)
}

/// Where there are more than so many, those go whose share has the most.
fn trim(db: &Connection, which: &str, of: impl rusqlite::ToSql, most: u32) -> Result<(), StoreError> {
    let count: u32 = db.prepare_cached(&format!("SELECT count(*) FROM ceremonies WHERE {which}"))?.query_row([&of], |row| row.get(0))?;
    if count <= most {
        return Ok(());
    }
    let deepest = format!(
        "DELETE FROM ceremonies WHERE seq IN (
             SELECT seq FROM (SELECT seq, row_number() OVER (PARTITION BY share ORDER BY seq DESC) AS depth FROM ceremonies WHERE {which})
             ORDER BY depth DESC, seq LIMIT ?2)"
    );
    db.prepare_cached(&deepest)?.execute(params![of, count - trimmed(most)])?;
    Ok(())
}

/// Ends a confirmation of this session; `false` if there is none that waits.
pub(super) fn take_confirmation(db: &Connection, hash: AccessHash, session: AccessHash, now: i64) -> Result<bool, StoreError> {
    let (after, until) = waiting(now);
    let taken = db
        .prepare_cached("DELETE FROM ceremonies WHERE hash = ?1 AND kind = ?2 AND bound = ?3 AND begun_at > ?4 AND begun_at <= ?5")?
        .execute((hash, CeremonyKind::Confirm.as_str(), session, after, until))?;
    Ok(taken == 1)
}

/// Drops those that are over.
pub(super) fn purge(db: &Connection, now: i64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM ceremonies WHERE begun_at <= ?1")?.execute([waiting(now).0])?;
    Ok(())
}

type Columns = (Option<AccessHash>, [u8; 32], Vec<u8>);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn ceremony((bound, challenge, counters): Columns) -> Result<Ceremony, StoreError> {
    Ok(Ceremony { bound, challenge, counters: read(&counters)? })
}
