//! The guess budget. Only ever added to, so that a verifier needs no right to change what is there.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{lanes::Together, rows::number, session::Session};
use crate::store::{GUESS_WINDOW, GuessPool, StoreError};

/// Puts guesses of all processes in a row: counting and comparing are one step.
const TURN: &str = "SELECT FROM guess_turn FOR UPDATE";

/// What may be asked, each about a minute.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    /// A place within so many misses per [`GUESS_WINDOW`].
    Take { pool: GuessPool, minute: i64, budget: u32 },
    /// A place back.
    GiveBack { pool: GuessPool, minute: i64 },
}

/// Takes places and gives them back.
pub(super) struct Guesses;

#[async_trait]
impl Together for Guesses {
    type Asked = Asked;
    /// Whether there was one.
    type Answer = bool;

    async fn answer(session: &Session, group: &[Asked]) -> Result<Vec<bool>, StoreError> {
        let (mut back, mut wanted) = (BTreeMap::new(), BTreeMap::new());
        for asked in group {
            match *asked {
                Asked::GiveBack { pool, minute } => *back.entry((pool, minute)).or_insert(0_i64) += 1,
                Asked::Take { pool, minute, budget } => *wanted.entry((pool, minute, budget)).or_insert(0_i64) += 1,
            }
        }
        session.batch("BEGIN").await?;
        session.execute(TURN, &[]).await?;
        for ((pool, minute), count) in back {
            give_back(session, pool, minute, count).await?;
        }
        let mut granted = BTreeMap::new();
        for ((pool, minute, budget), count) in wanted {
            granted.insert((pool, minute, budget), take(session, pool, minute, budget, count).await?);
        }
        session.batch("COMMIT").await?;
        let mut answer = |asked: &Asked| match *asked {
            Asked::GiveBack { .. } => true,
            Asked::Take { pool, minute, budget } => match granted.get_mut(&(pool, minute, budget)) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    true
                }
                _ => false,
            },
        };
        Ok(group.iter().map(&mut answer).collect())
    }
}

/// How many of the places there were.
async fn take(session: &Session, pool: GuessPool, minute: i64, budget: u32, wanted: i64) -> Result<u64, StoreError> {
    let taken = session
        .maybe(
            "INSERT INTO misses (pool, minute, count)
             SELECT $5::text, $1::bigint, least($2::bigint, $3::bigint - coalesce(sum(count), 0)::bigint)
             FROM misses WHERE pool = $5 AND minute >= $1 - $4::bigint HAVING coalesce(sum(count), 0) < $3
             RETURNING count",
            &[&minute, &wanted, &i64::from(budget), &(GUESS_WINDOW / 60), &pool.as_str()],
        )
        .await?;
    taken.map_or(Ok(0), |row| number(&row, 0))
}

/// How many are taken in the window that ends with a minute.
pub(super) async fn taken(session: &Session, pool: GuessPool, minute: i64) -> Result<u32, StoreError> {
    let sum = "SELECT coalesce(sum(count), 0)::bigint FROM misses WHERE pool = $3 AND minute >= $1::bigint - $2::bigint";
    number(&session.one(sum, &[&minute, &(GUESS_WINDOW / 60), &pool.as_str()]).await?, 0)
}

/// Nobody gives back more than was taken.
async fn give_back(session: &Session, pool: GuessPool, minute: i64, count: i64) -> Result<(), StoreError> {
    let give = "INSERT INTO misses (pool, minute, count)
         SELECT $3::text, $1::bigint, -least($2::bigint, sum(count)::bigint) FROM misses WHERE pool = $3 AND minute = $1 HAVING sum(count) > 0";
    session.execute(give, &[&minute, &count, &pool.as_str()]).await.map(drop)
}

/// Drops what no window reaches any more, and puts what is kept of minutes that are over into one row each. In a transaction
/// of the issuer's, and without the verifiers' turn, which any of them could hold: one statement leaves every sum as it is.
pub(super) async fn purge(session: &Session, until: i64, now: i64) -> Result<(), StoreError> {
    session
        .execute(
            "WITH gone AS (DELETE FROM misses WHERE minute < $2 RETURNING pool, minute, count)
             INSERT INTO misses (pool, minute, count)
             SELECT pool, minute, sum(count) FROM gone WHERE minute >= $1 GROUP BY pool, minute HAVING sum(count) <> 0",
            &[&until, &now],
        )
        .await
        .map(drop)
}
