//! The verifier's contract on SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, named_params};
use tokio::sync::watch;

use super::{SqliteStore, keys};
use crate::{
    store::{
        AttemptHash, GUESS_WINDOW, Guess, GuessPool, Marked, NumberTry, Presented, Standing, StoreError, StoredKeySet, VerifierStore,
        WRONG_NUMBERS,
    },
    token::{SpokenCode, SpokenSize, Token, TokenHash},
};

#[async_trait]
impl VerifierStore for SqliteStore {
    async fn key_set(&self) -> Result<Option<StoredKeySet>, StoreError> {
        self.read(keys::newest).await
    }

    fn key_changes(&self) -> watch::Receiver<()> {
        self.key_changes.subscribe()
    }

    async fn token_for_code(&self, code: SpokenCode) -> Result<Option<Token>, StoreError> {
        let bytes: Option<Vec<u8>> = self
            .read(move |db| {
                let mut by_code = db.prepare_cached(match code.size() {
                    SpokenSize::Five => "SELECT bytes FROM tokens WHERE five = ?1",
                    SpokenSize::Six => "SELECT bytes FROM tokens WHERE code = ?1",
                })?;
                Ok(by_code.query_row([code.value().cast_signed()], |row| row.get(0)).optional()?)
            })
            .await?;
        bytes.map(Token::from_bytes).transpose().map_err(|_| StoreError::Failed("a stored token is damaged".into()))
    }

    async fn take_guess(&self, pool: GuessPool, budget: u32, now: i64) -> Result<Option<Guess>, StoreError> {
        let minute = now.div_euclid(60);
        self.write(move |db| {
            // Counting and comparing are one statement: of any number of simultaneous guesses, no more than the budget get in.
            let taken = db
                .prepare_cached(
                    "INSERT INTO misses (pool, minute, count)
                     SELECT :pool, :minute, 1
                     WHERE (SELECT coalesce(sum(count), 0) FROM misses WHERE pool = :pool AND minute >= :minute - :window) < :budget
                     ON CONFLICT (pool, minute) DO UPDATE SET count = count + 1",
                )?
                .execute(named_params! {":pool": pool.as_str(), ":minute": minute, ":window": GUESS_WINDOW / 60, ":budget": budget})?;
            Ok((taken == 1).then_some(Guess { pool, minute }))
        })
        .await
    }

    async fn guesses_taken(&self, pool: GuessPool, now: i64) -> Result<u32, StoreError> {
        let first = now.div_euclid(60) - GUESS_WINDOW / 60;
        self.read(move |db| {
            let mut taken = db.prepare_cached("SELECT coalesce(sum(count), 0) FROM misses WHERE pool = ?1 AND minute >= ?2")?;
            Ok(taken.query_row((pool.as_str(), first), |row| row.get(0))?)
        })
        .await
    }

    async fn give_back(&self, guess: Guess, number: Option<NumberTry>) -> Result<(), StoreError> {
        self.write(move |db| {
            let mut statement = db.prepare_cached("UPDATE misses SET count = count - 1 WHERE pool = ?1 AND minute = ?2 AND count > 0")?;
            statement.execute((guess.pool.as_str(), guess.minute))?;
            if let Some(NumberTry { token, n: 1.. }) = number {
                db.prepare_cached("UPDATE number_tries SET wrong = wrong - 1 WHERE expires_at = ?1 AND cti = ?2 AND wrong > 0")?
                    .execute((token.expires_at, token.cti))?;
            }
            Ok(())
        })
        .await
    }

    async fn try_number(&self, token: Presented, attempt: Option<AttemptHash>) -> Result<Option<NumberTry>, StoreError> {
        self.write(move |db| {
            let attempt = attempt.map(|attempt| attempt.0);
            let first = "SELECT 1 FROM marks WHERE expires_at = :expires_at AND cti = :cti AND attempt = :attempt";
            // Counting and comparing are one statement, as for guesses.
            let tries = db
                .prepare_cached(&format!(
                    "INSERT INTO number_tries (expires_at, cti, wrong) SELECT :expires_at, :cti, 1 WHERE NOT EXISTS ({first})
                     ON CONFLICT (expires_at, cti) DO UPDATE SET wrong = wrong + 1 WHERE wrong < :most",
                ))?
                .execute(named_params! {
                    ":expires_at": token.expires_at, ":cti": token.cti, ":attempt": attempt, ":most": WRONG_NUMBERS
                })?;
            if tries == 1 {
                return Ok(Some(NumberTry { token, n: 1 }));
            }
            let is_first = db
                .prepare_cached(first)?
                .exists(named_params! {":expires_at": token.expires_at, ":cti": token.cti, ":attempt": attempt})?;
            Ok(is_first.then_some(NumberTry { token, n: 0 }))
        })
        .await
    }

    async fn wrong_numbers(&self, token: Presented) -> Result<u32, StoreError> {
        self.read(move |db| {
            let mut wrong = db.prepare_cached("SELECT coalesce(sum(wrong), 0) FROM number_tries WHERE expires_at = ?1 AND cti = ?2")?;
            Ok(wrong.query_row((token.expires_at, token.cti), |row| row.get(0))?)
        })
        .await
    }

    async fn first_attempt(&self, token: Presented) -> Result<Option<AttemptHash>, StoreError> {
        self.read(move |db| Ok(record(db, token)?.mark.and_then(|(first, _)| first).map(AttemptHash))).await
    }

    async fn deployment(&self) -> Result<[u8; 16], StoreError> {
        self.read(|db| Ok(db.query_row("SELECT id FROM deployment", [], |row| row.get(0))?)).await
    }

    async fn standing(&self, token: Presented) -> Result<Standing, StoreError> {
        self.read(move |db| Ok(record(db, token)?.standing)).await
    }

    async fn use_once(&self, token: Presented, attempt: Option<AttemptHash>, now: i64) -> Result<Marked, StoreError> {
        let minute = now - now.rem_euclid(60);
        let marked = self.write(move |db| mark(db, token, attempt, minute)).await?;
        if marked == Marked::First {
            // An error only says that nobody listens.
            let _ = self.marks.send(token.cti);
        }
        Ok(marked)
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.files.in_place().map_err(StoreError::Failed)?;
        self.read(|db| Ok(db.query_row("SELECT through FROM purged", [], |_| Ok(()))?)).await
    }

    async fn heartbeat(&self, now: i64) -> Result<Option<i64>, StoreError> {
        // Store and process share the machine's clock.
        self.write(move |db| Ok(db.prepare_cached("INSERT INTO heartbeats (at) VALUES (?1)")?.execute([now]).map(drop)?))
            .await
            .map(|()| None)
    }
}

fn mark(db: &Connection, token: Presented, attempt: Option<AttemptHash>, minute: i64) -> Result<Marked, StoreError> {
    // The whole rule of single use: the row must be issued, unwithdrawn, unpurged, with this very hash, and not yet marked.
    // NOT INDEXED: by the primary key, where live tokens lie together, and not by the index on cti, which grows with history.
    let inserted = db
        .prepare_cached(
            "INSERT INTO marks (expires_at, cti, attempt, first_checked_at)
             SELECT expires_at, cti, :attempt, :minute FROM tokens NOT INDEXED
             WHERE expires_at = :expires_at AND cti = :cti AND sha256 = :hash AND withdrawn_at IS NULL
               AND expires_at > (SELECT through FROM purged)
             ON CONFLICT (expires_at, cti) DO NOTHING",
        )?
        .execute(named_params! {
            ":attempt": attempt.map(|a| a.0), ":minute": minute, ":expires_at": token.expires_at, ":cti": token.cti,
            ":hash": token.hash,
        })?;
    if inserted == 1 {
        db.prepare_cached("INSERT INTO unreported (cti, expires_at) VALUES (?1, ?2)")?.execute((token.cti, token.expires_at))?;
        return Ok(Marked::First);
    }
    let record = record(db, token)?;
    Ok(match (record.standing, record.mark) {
        (Standing::Live, Some((first, _))) if first.is_some() && first == attempt.map(|a| a.0) => Marked::Again,
        (Standing::Live, Some((_, minute))) => Marked::Before(minute),
        (Standing::Live, None) => return Err(StoreError::Failed("a live token could not be marked".into())),
        (standing, _) => Marked::Not(standing),
    })
}

struct Record {
    standing: Standing,
    /// The attempt that was first, if it said so, and its minute.
    mark: Option<(Option<[u8; 32]>, i64)>,
}

fn record(db: &Connection, token: Presented) -> Result<Record, StoreError> {
    let through: i64 = db.prepare_cached("SELECT through FROM purged")?.query_row([], |row| row.get(0))?;
    if token.expires_at <= through {
        return Ok(Record { standing: Standing::Purged, mark: None });
    }
    let row = db
        .prepare_cached(
            "SELECT sha256, withdrawn_at IS NOT NULL, attempt, first_checked_at
             FROM tokens LEFT JOIN marks USING (expires_at, cti) WHERE expires_at = ?1 AND cti = ?2",
        )?
        .query_row((token.expires_at, token.cti), |row| {
            let (hash, withdrawn): (TokenHash, bool) = (row.get(0)?, row.get(1)?);
            let attempt: Option<[u8; 32]> = row.get(2)?;
            let minute: Option<i64> = row.get(3)?;
            Ok((hash, withdrawn, minute.map(|minute| (attempt, minute))))
        })
        .optional()?;
    let standing = match row {
        Some((hash, _, _)) if hash != token.hash => Standing::NoRecord,
        Some((_, true, _)) => Standing::Withdrawn,
        Some((_, false, _)) => Standing::Live,
        None => Standing::NoRecord,
    };
    Ok(Record { standing, mark: row.and_then(|(_, _, mark)| mark) })
}
