//! Ceremonies that wait for their answers, on a lane of their own: a stranger who begins a sign-in takes no place among the acts,
//! and the table is unlogged, so none waits for a disk.
//!
//! No statement here waits for an act that ends a confirmation: what another transaction has locked is left alone.

use std::collections::BTreeSet;

use async_trait::async_trait;
use tokio_postgres::{Row, types::ToSql};

use super::{PostgresStore, lanes::Together, rows::number, session::Session};
use crate::{
    authority::AccessHash,
    store::{
        Ceremony, CeremonyKind, CeremonyStore, MOST_CEREMONIES, NewCeremony, Share, StoreError,
        ceremonies::{read, trimmed, waiting, written},
    },
};

/// What may be asked.
pub(super) enum Asked {
    /// Keep one.
    Begin(NewCeremony),
    /// End one and give it, if it still waits.
    Take { hash: AccessHash, kind: CeremonyKind, now: i64 },
    /// End one.
    End(AccessHash),
}

/// Begins and ends ceremonies.
pub(super) struct Ceremonies;

#[async_trait]
impl Together for Ceremonies {
    type Asked = Asked;
    /// What was taken.
    type Answer = Option<Ceremony>;

    async fn answer(session: &Session, group: &[Asked]) -> Result<Vec<Option<Ceremony>>, StoreError> {
        session.batch("BEGIN").await?;
        let (mut answers, mut shares, mut kinds) = (vec![], BTreeSet::new(), BTreeSet::new());
        for asked in group {
            answers.push(match asked {
                Asked::Begin(new) => {
                    insert(session, new).await?;
                    shares.insert((new.kind, new.share));
                    kinds.insert(new.kind);
                    None
                }
                Asked::Take { hash, kind, now } => take(session, *hash, *kind, *now).await?,
                Asked::End(hash) => end(session, *hash).await?,
            });
        }
        for (kind, share) in shares {
            bound(session, kind, share).await?;
        }
        for kind in kinds {
            let count = "SELECT count(*) FROM ceremonies WHERE kind = $1";
            let count = number(&session.one(count, &[&kind.as_str()]).await?, 0)?;
            trim(session, "kind = $1", &kind.as_str(), (count, MOST_CEREMONIES)).await?;
        }
        session.batch("COMMIT").await?;
        Ok(answers)
    }
}

#[async_trait]
impl CeremonyStore for PostgresStore {
    async fn begin_ceremony(&self, new: NewCeremony) -> Result<(), StoreError> {
        self.ceremonies.ask(Asked::Begin(new)).await.map(drop)
    }

    async fn take_ceremony(&self, hash: AccessHash, kind: CeremonyKind, now: i64) -> Result<Option<Ceremony>, StoreError> {
        self.ceremonies.ask(Asked::Take { hash, kind, now }).await
    }

    async fn confirmation(&self, hash: AccessHash, now: i64) -> Result<Option<Ceremony>, StoreError> {
        let (after, until) = waiting(now);
        let find = "SELECT bound, challenge, counters FROM ceremonies
             WHERE hash = $1 AND kind = $2 AND begun_at > $3 AND begun_at <= $4";
        let row = self.reading().await?.maybe(find, &[&hash, &CeremonyKind::Confirm.as_str(), &after, &until]).await?;
        row.as_ref().map(ceremony).transpose()
    }

    async fn end_ceremony(&self, hash: AccessHash) -> Result<(), StoreError> {
        self.ceremonies.ask(Asked::End(hash)).await.map(drop)
    }
}

async fn insert(db: &Session, NewCeremony { hash, kind, ceremony, share, begun_at }: &NewCeremony) -> Result<(), StoreError> {
    let Ceremony { bound, challenge, counters } = ceremony;
    let add = "INSERT INTO ceremonies (hash, kind, share, together, bound, challenge, counters, begun_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let (own, together) = (share.own.as_slice(), share.together.as_slice());
    db.execute(add, &[hash, &kind.as_str(), &own, &together, bound, &challenge.as_slice(), &written(counters), begun_at]).await.map(drop)
}

async fn take(db: &Session, hash: AccessHash, kind: CeremonyKind, now: i64) -> Result<Option<Ceremony>, StoreError> {
    let (after, until) = waiting(now);
    // Anybody who deletes it has it: nobody else can.
    let take = "DELETE FROM ceremonies WHERE seq IN (
             SELECT seq FROM ceremonies WHERE hash = $1 AND kind = $2 AND begun_at > $3 AND begun_at <= $4 FOR UPDATE SKIP LOCKED)
         RETURNING bound, challenge, counters";
    let row = db.maybe(take, &[&hash, &kind.as_str(), &after, &until]).await?;
    row.as_ref().map(ceremony).transpose()
}

async fn end(db: &Session, hash: AccessHash) -> Result<Option<Ceremony>, StoreError> {
    let end = "DELETE FROM ceremonies WHERE seq IN (SELECT seq FROM ceremonies WHERE hash = $1 FOR UPDATE SKIP LOCKED)";
    db.execute(end, &[&hash]).await.map(|_| None)
}

/// Keeps a share and those that belong together with it within their bounds.
async fn bound(db: &Session, kind: CeremonyKind, share: Share) -> Result<(), StoreError> {
    let (own, together) = (share.own.as_slice(), share.together.as_slice());
    let counts = "SELECT count(*) FILTER (WHERE share = $1), count(*) FROM ceremonies WHERE together = $2";
    let row = db.one(counts, &[&own, &together]).await?;
    let (of_own, of_all): (u32, u32) = (number(&row, 0)?, number(&row, 1)?);
    if of_own > kind.most() {
        keep_newest(db, own, kind.most()).await?;
    }
    trim(db, "together = $1", &together, (of_all, kind.most_together())).await
}

async fn keep_newest(db: &Session, share: &[u8], most: u32) -> Result<(), StoreError> {
    let older = "DELETE FROM ceremonies WHERE seq IN (
             SELECT seq FROM ceremonies WHERE share = $1 ORDER BY seq DESC OFFSET $2 FOR UPDATE SKIP LOCKED)";
    db.execute(older, &[&share, &i64::from(most)]).await.map(drop)
}

/// Where there are more than so many, those go whose share has the most.
async fn trim(db: &Session, which: &str, of: &(dyn ToSql + Sync), (count, most): (u32, u32)) -> Result<(), StoreError> {
    if count <= most {
        return Ok(());
    }
    let deepest = format!(
        "DELETE FROM ceremonies WHERE seq IN (
             SELECT seq FROM ceremonies WHERE seq IN (
                 SELECT seq FROM (SELECT seq, row_number() OVER (PARTITION BY share ORDER BY seq DESC) AS depth
                                  FROM ceremonies WHERE {which}) AS ranked
                 ORDER BY depth DESC, seq LIMIT $2)
             FOR UPDATE SKIP LOCKED)"
    );
    db.execute(&deepest, &[of, &i64::from(count - trimmed(most))]).await.map(drop)
}

/// Ends a confirmation of this session, in the act that it confirms; `false` if there is none that waits.
pub(super) async fn take_confirmation(db: &Session, hash: AccessHash, session: AccessHash, now: i64) -> Result<bool, StoreError> {
    let (after, until) = waiting(now);
    let take = "DELETE FROM ceremonies WHERE hash = $1 AND kind = $2 AND bound = $3 AND begun_at > $4 AND begun_at <= $5";
    Ok(db.execute(take, &[&hash, &CeremonyKind::Confirm.as_str(), &session, &after, &until]).await? == 1)
}

/// Drops those that are over.
pub(super) async fn purge(db: &Session, now: i64) -> Result<(), StoreError> {
    let over = "DELETE FROM ceremonies WHERE seq IN (SELECT seq FROM ceremonies WHERE begun_at <= $1 FOR UPDATE SKIP LOCKED)";
    db.execute(over, &[&waiting(now).0]).await.map(drop)
}

fn ceremony(row: &Row) -> Result<Ceremony, StoreError> {
    let challenge: &[u8] = row.try_get(1)?;
    let challenge = challenge.try_into().map_err(|_| StoreError::Failed("a ceremony is damaged".into()))?;
    Ok(Ceremony { bound: row.try_get(0)?, challenge, counters: read(row.try_get(2)?)? })
}
