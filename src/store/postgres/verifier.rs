//! The verifier's contract on PostgreSQL.

use async_trait::async_trait;
use tokio::sync::watch;

use super::{
    PostgresStore, binding,
    guesses::{self, Asked},
    keys,
    marks::{Record, Use, place, records, unread},
    numbers,
    session::Session,
};
use crate::{
    store::{AttemptHash, Found, Guess, GuessPool, Marked, NumberTry, Presented, Standing, StoreError, StoredKeySet, VerifierStore},
    token::{SpokenCode, SpokenSize, Token},
};

/// By the database's clock, and returns its time.
async fn heartbeat(db: &Session) -> Result<i64, StoreError> {
    let time: i64 = db.one("SELECT extract(epoch FROM clock_timestamp())::bigint", &[]).await?.try_get(0)?;
    db.execute("INSERT INTO heartbeats (at) VALUES ($1)", &[&time]).await?;
    Ok(time)
}

#[async_trait]
impl VerifierStore for PostgresStore {
    async fn key_set(&self) -> Result<Option<StoredKeySet>, StoreError> {
        keys::newest(&*self.reading().await?).await
    }

    fn key_changes(&self) -> watch::Receiver<()> {
        self.key_changes.subscribe()
    }

    async fn token_for_code(&self, code: SpokenCode) -> Result<Option<Token>, StoreError> {
        let by_code = match code.size() {
            SpokenSize::Five => "SELECT bytes FROM live_tokens WHERE five = $1",
            SpokenSize::Six => "SELECT bytes FROM live_tokens WHERE code = $1",
        };
        let row = self.reading().await?.maybe(by_code, &[&code.value().cast_signed()]).await?;
        let bytes: Option<Vec<u8>> = row.map(|row| row.try_get(0)).transpose()?;
        bytes.map(Token::from_bytes).transpose().map_err(|_| StoreError::Failed("a stored token is damaged".into()))
    }

    async fn take_guess(&self, pool: GuessPool, budget: u32, now: i64) -> Result<Option<Guess>, StoreError> {
        let minute = now.div_euclid(60);
        Ok(self.guesses.ask(Asked::Take { pool, minute, budget }).await?.then_some(Guess { pool, minute }))
    }

    async fn guesses_taken(&self, pool: GuessPool, now: i64) -> Result<u32, StoreError> {
        guesses::taken(&*self.reading().await?, pool, now.div_euclid(60)).await
    }

    async fn give_back(&self, guess: Guess, number: Option<NumberTry>) -> Result<(), StoreError> {
        let place = self.guesses.ask(Asked::GiveBack { pool: guess.pool, minute: guess.minute });
        let number = async {
            let Some(NumberTry { token, n: n @ 1.. }) = number else { return Ok(()) };
            let right = "INSERT INTO number_tries (expires_at, cti, n) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
            self.marking.session().await?.execute(right, &[&token.expires_at, &token.cti, &-n]).await.map(drop)
        };
        let (place, number) = tokio::join!(place, number);
        place.and(number)
    }

    async fn try_number(&self, token: Presented, attempt: Option<AttemptHash>) -> Result<Option<NumberTry>, StoreError> {
        numbers::take(&*self.marking.session().await?, token, attempt).await
    }

    async fn wrong_numbers(&self, token: Presented) -> Result<u32, StoreError> {
        numbers::wrong(&*self.reading().await?, token).await
    }

    async fn first_attempt(&self, token: Presented) -> Result<Option<AttemptHash>, StoreError> {
        let records = records(&*self.reading().await?, &[token]).await?;
        Ok(records.get(&place(token)).and_then(Record::first))
    }

    async fn deployment(&self) -> Result<[u8; 16], StoreError> {
        match binding::found(&*self.reading().await?).await? {
            Found::Bound(bound) => Ok(bound.id),
            _ => Err(StoreError::Failed("the store is bound to no deployment".into())),
        }
    }

    async fn standing(&self, token: Presented) -> Result<Standing, StoreError> {
        let records = records(&*self.reading().await?, &[token]).await?;
        Ok(records.get(&place(token)).ok_or_else(unread)?.standing(token))
    }

    async fn use_once(&self, token: Presented, attempt: Option<AttemptHash>, now: i64) -> Result<Marked, StoreError> {
        let marked = self.marks.ask(Use { token, attempt, minute: now - now.rem_euclid(60) }).await?;
        if matches!(marked, Marked::First) {
            self.announcer.marked(token.cti);
        }
        Ok(marked)
    }

    async fn ready(&self) -> Result<(), StoreError> {
        let writable = "SELECT through FROM purged WHERE current_setting('transaction_read_only') = 'off'";
        let row = self.reading().await?.maybe(writable, &[]).await?;
        row.map(drop).ok_or_else(|| StoreError::Failed("the database only reads".into()))
    }

    async fn heartbeat(&self, _now: i64) -> Result<Option<i64>, StoreError> {
        let session = self.marking.session().await?;
        // Rights are checked also where there is nothing to insert: those for a use, and those for a wrong guess.
        for nothing in [
            "INSERT INTO marks (expires_at, cti, attempt, first_checked_at)
             SELECT expires_at, cti, NULL::bytea, 0 FROM live_tokens WHERE false",
            "INSERT INTO misses (pool, minute, count) SELECT pool, minute, count FROM misses WHERE false",
            "INSERT INTO number_tries (expires_at, cti, n) SELECT expires_at, cti, n FROM number_tries WHERE false",
        ] {
            session.execute(nothing, &[]).await?;
        }
        heartbeat(&session).await.map(Some)
    }
}
