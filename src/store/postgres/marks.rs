//! Uses, marked in groups: one statement for all that arrive together.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use tokio_postgres::Row;

use super::{
    lanes::Together,
    session::{Session, WAIT_FOR_STANDBY},
};
use crate::{
    store::{AttemptHash, Marked, Presented, Standing, StoreError},
    token::{Cti, TokenHash},
};

/// A use that somebody asks for.
pub(super) struct Use {
    pub token: Presented,
    pub attempt: Option<AttemptHash>,
    /// When the minute starts that is kept, seconds since 1970.
    pub minute: i64,
}

impl Use {
    /// A token is its id and its bytes.
    fn key(&self) -> ([u8; 8], [u8; 32]) {
        (self.token.cti.0, self.token.hash.0)
    }
}

/// Marks uses.
pub(super) struct Marks;

#[async_trait]
impl Together for Marks {
    type Asked = Use;
    type Answer = Marked;

    async fn answer(session: &Session, group: &[Use]) -> Result<Vec<Marked>, StoreError> {
        // Of several who bring the same token at once, the first is the one who makes the mark.
        let mut firsts = BTreeMap::new();
        for asked in group {
            firsts.entry(asked.key()).or_insert(asked);
        }
        let mut made = insert(session, &firsts.values().copied().collect::<Vec<_>>()).await?;
        let others: Vec<Presented> = firsts.values().filter(|first| !made.contains_key(&first.key())).map(|first| first.token).collect();
        let records = if others.is_empty() { HashMap::new() } else { records(session, &others).await? };
        if records.values().any(|record| record.mark.is_some()) {
            session.maybe(WAIT_FOR_STANDBY, &[]).await?;
        }
        let mut answer = |asked: &Use| match made.get_mut(&asked.key()) {
            Some(taken) => {
                let first = firsts[&asked.key()];
                Ok(match std::mem::replace(taken, true) {
                    false => Marked::First,
                    true if asked.attempt.is_some() && asked.attempt == first.attempt => Marked::Again,
                    true => Marked::Before(first.minute),
                })
            }
            None => records.get(&place(asked.token)).ok_or_else(unread)?.marked(asked),
        };
        group.iter().map(&mut answer).collect()
    }
}

/// Which of them were marked by this, each not yet answered to the one who asked.
async fn insert(session: &Session, firsts: &[&Use]) -> Result<HashMap<([u8; 8], [u8; 32]), bool>, StoreError> {
    let ends: Vec<i64> = firsts.iter().map(|first| first.token.expires_at).collect();
    let ctis: Vec<Cti> = firsts.iter().map(|first| first.token.cti).collect();
    let hashes: Vec<TokenHash> = firsts.iter().map(|first| first.token.hash).collect();
    let attempts: Vec<Option<AttemptHash>> = firsts.iter().map(|first| first.attempt).collect();
    let minutes: Vec<i64> = firsts.iter().map(|first| first.minute).collect();
    // The whole rule of single use: the row must be issued, unwithdrawn, unpurged, with this very hash, and not yet marked.
    // In the order of their ids, so that two processes never wait for each other's rows.
    let marked = session
        .maybe(
            "WITH made AS (
                 INSERT INTO marks (expires_at, cti, attempt, first_checked_at)
                 SELECT expires_at, cti, attempt, minute
                 FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bigint[])
                          AS asked (expires_at, cti, hash, attempt, minute)
                      JOIN live_tokens USING (expires_at, cti)
                 WHERE sha256 = hash AND withdrawn_at IS NULL
                 ORDER BY expires_at, cti
                 ON CONFLICT (expires_at, cti) DO NOTHING
                 RETURNING expires_at, cti)
             SELECT array_agg(cti), array_agg(sha256) FROM made JOIN live_tokens USING (expires_at, cti) HAVING count(*) > 0",
            &[&ends, &ctis, &hashes, &attempts, &minutes],
        )
        .await?;
    let Some(row) = marked else { return Ok(HashMap::new()) };
    let (ctis, hashes): (Vec<Cti>, Vec<TokenHash>) = (row.try_get(0)?, row.try_get(1)?);
    Ok(ctis.into_iter().zip(hashes).map(|(cti, hash)| ((cti.0, hash.0), false)).collect())
}

/// Where a token's row is: ids are found by the second in which what was signed runs out.
pub(super) fn place(token: Presented) -> (i64, [u8; 8]) {
    (token.expires_at, token.cti.0)
}

/// How a token stands and who used it.
pub(super) struct Record {
    through: i64,
    /// Its hash, and whether it was withdrawn.
    row: Option<(TokenHash, bool)>,
    /// The attempt that was first, if it said so, and its minute.
    mark: Option<(Option<AttemptHash>, i64)>,
}

impl Record {
    pub fn standing(&self, token: Presented) -> Standing {
        match self.row {
            _ if token.expires_at <= self.through => Standing::Purged,
            Some((hash, _)) if hash != token.hash => Standing::NoRecord,
            Some((_, true)) => Standing::Withdrawn,
            Some((_, false)) => Standing::Live,
            None => Standing::NoRecord,
        }
    }

    /// The attempt that was first, if it said so.
    pub fn first(&self) -> Option<AttemptHash> {
        self.mark?.0
    }

    fn marked(&self, asked: &Use) -> Result<Marked, StoreError> {
        Ok(match (self.standing(asked.token), self.mark) {
            (Standing::Live, Some((first, _))) if first.is_some() && first == asked.attempt => Marked::Again,
            (Standing::Live, Some((_, minute))) => Marked::Before(minute),
            (Standing::Live, None) => return Err(StoreError::Failed("a live token could not be marked".into())),
            (standing, _) => Marked::Not(standing),
        })
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        let (hash, withdrawn): (Option<TokenHash>, bool) = (row.try_get(3)?, row.try_get(4)?);
        let (attempt, minute): (Option<AttemptHash>, Option<i64>) = (row.try_get(5)?, row.try_get(6)?);
        Ok(Self { through: row.try_get(2)?, row: hash.map(|hash| (hash, withdrawn)), mark: minute.map(|minute| (attempt, minute)) })
    }
}

/// What is on record, one for each place that was asked for.
pub(super) async fn records(session: &Session, tokens: &[Presented]) -> Result<HashMap<(i64, [u8; 8]), Record>, StoreError> {
    let ends: Vec<i64> = tokens.iter().map(|token| token.expires_at).collect();
    let ctis: Vec<Cti> = tokens.iter().map(|token| token.cti).collect();
    let rows = session
        .rows(
            "SELECT expires_at, cti, (SELECT through FROM purged WHERE only_row = 1), sha256, withdrawn_at IS NOT NULL, attempt, first_checked_at
             FROM unnest($1::bigint[], $2::bytea[]) AS asked (expires_at, cti)
                  LEFT JOIN live_tokens USING (expires_at, cti) LEFT JOIN marks USING (expires_at, cti)",
            &[&ends, &ctis],
        )
        .await?;
    rows.iter().map(|row| Ok(((row.try_get(0)?, row.try_get::<_, Cti>(1)?.0), Record::read(row)?))).collect()
}

/// There is an answer for every place, so this is never said.
pub(super) fn unread() -> StoreError {
    StoreError::Failed("a record was not read".into())
}
