//! Spoken codes that are live, counted by the minutes that they touch, and how long new ones are.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::{PostgresStore, rows::number, session::Session};
use crate::{
    authority::Callsign,
    store::{
        GUESS_WINDOW, SpokenRules, SpokenStore, StoreError,
        spoken::{Group, Guessed, Live, Span},
    },
    token::{LEEWAY, SpokenSize, SpokenWords},
};

/// Guesses at five words, since the minute `$1`.
const GUESSED: &str = "busy_at,
    (SELECT coalesce(sum(count), 0)::bigint FROM misses WHERE pool = 'five' AND minute >= $1) AS taken_of_five,
    (SELECT coalesce(sum(count), 0)::bigint FROM misses WHERE pool = 'number' AND minute >= $1) AS taken_of_number";

#[async_trait]
impl SpokenStore for PostgresStore {
    async fn usual_words(&self) -> Result<SpokenWords, StoreError> {
        let usual: String = self.reading().await?.one("SELECT usual FROM spoken", &[]).await?.try_get(0)?;
        usual.parse().map_err(|_| StoreError::Failed("the usual length of codes is damaged".into()))
    }

    async fn words_in_force(&self, rules: SpokenRules, now: i64) -> Result<SpokenSize, StoreError> {
        match rules.words {
            SpokenWords::Fixed(size) => Ok(size),
            SpokenWords::Auto => Ok(rules.in_force(asked(&*self.reading().await?, now).await?, now)),
        }
    }

    async fn note_guesses(&self, rules: SpokenRules, now: i64) -> Result<(), StoreError> {
        self.acts.run(move |db| Box::pin(async move { note(db, &rules, asked(db, now).await?, now).await })).await
    }
}

fn first(now: i64) -> i64 {
    now.div_euclid(60) - GUESS_WINDOW / 60
}

async fn asked(db: &Session, now: i64) -> Result<Guessed, StoreError> {
    guessed(&db.one(&format!("SELECT {GUESSED} FROM spoken"), &[&first(now)]).await?)
}

/// The columns of [`GUESSED`], which come first.
fn guessed(row: &Row) -> Result<Guessed, StoreError> {
    Ok(Guessed { busy_at: row.try_get(0)?, five: number(row, 1)?, number: number(row, 2)? })
}

/// Remembers whether they are guessed at.
pub(super) async fn note(db: &Session, rules: &SpokenRules, guessed: Guessed, now: i64) -> Result<(), StoreError> {
    match rules.busy_at(guessed, now) {
        Some(at) => db.execute("UPDATE spoken SET busy_at = $1", &[&at]).await.map(drop),
        None => Ok(()),
    }
}

/// What is live within the span of a new code of this officer's, and what was guessed until `now`; in one round trip.
pub(super) async fn live_within(db: &Session, span: Span, officer: &Callsign, now: i64) -> Result<(Live, Guessed), StoreError> {
    let minutes = span.minutes();
    let within = format!(
        "SELECT {GUESSED}, starts, ends, firsts, lasts, fives, alls FROM spoken,
             (SELECT coalesce(array_agg(first), '{{}}') AS firsts, coalesce(array_agg(last), '{{}}') AS lasts,
                     coalesce(array_agg(five), '{{}}') AS fives, coalesce(array_agg(live_codes.spoken), '{{}}') AS alls
              FROM live_codes WHERE last >= $2 AND first <= $3) AS live,
             (SELECT coalesce(array_agg(starts_at), '{{}}') AS starts, coalesce(array_agg(expires_at), '{{}}') AS ends
              FROM tokens WHERE spoken_by = $4 AND expires_at > $5 AND starts_at < $6 AND withdrawn_at IS NULL) AS own"
    );
    let (ends_after, starts_before) = (span.from - LEEWAY, span.until + LEEWAY);
    let row = db.one(&within, &[&first(now), minutes.start(), minutes.end(), officer, &ends_after, &starts_before]).await?;
    let (starts, ends): (Vec<i64>, Vec<i64>) = (row.try_get(3)?, row.try_get(4)?);
    let own = starts.into_iter().zip(ends).map(|(starts_at, expires_at)| Span::of(starts_at, expires_at)).collect();
    Ok((Live::within(span, &groups(&row)?, own), guessed(&row)?))
}

/// The last four columns.
fn groups(row: &Row) -> Result<Vec<Group>, StoreError> {
    let (firsts, lasts): (Vec<i64>, Vec<i64>) = (row.try_get(5)?, row.try_get(6)?);
    let (fives, alls): (Vec<i64>, Vec<i64>) = (row.try_get(7)?, row.try_get(8)?);
    let count = |count: i64| u32::try_from(count).map_err(|_| StoreError::Failed("a count of live codes is damaged".into()));
    let rows = firsts.into_iter().zip(lasts).zip(fives.into_iter().zip(alls));
    rows.map(|((first, last), (five, all))| Ok(Group { first, last, five: count(five)?, all: count(all)? })).collect()
}

/// Counts a new code.
pub(super) async fn count(db: &Session, span: Span, shortest: SpokenSize) -> Result<(), StoreError> {
    let (minutes, five) = (span.minutes(), i64::from(shortest == SpokenSize::Five));
    let add = "INSERT INTO live_codes (first, last, five, spoken) VALUES ($1, $2, $3, 1)
         ON CONFLICT (last, first) DO UPDATE SET five = live_codes.five + excluded.five, spoken = live_codes.spoken + 1";
    db.execute(add, &[minutes.start(), minutes.end(), &five]).await.map(drop)
}

/// Drops counts of codes that are all forgotten: those that ran out at `until` or before.
pub(super) async fn forget(db: &Session, until: i64) -> Result<(), StoreError> {
    db.execute("DELETE FROM live_codes WHERE last < $1", &[&until.div_euclid(60)]).await.map(drop)
}
