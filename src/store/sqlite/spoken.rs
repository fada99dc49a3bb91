//! Spoken codes that are live, counted by the minutes that they touch, and how long new ones are.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection, named_params};

use super::SqliteStore;
use crate::{
    authority::Callsign,
    store::{
        GUESS_WINDOW, SpokenRules, SpokenStore, StoreError,
        spoken::{Group, Guessed, Live, Span},
    },
    token::{Cti, LEEWAY, SpokenCode, SpokenSize, SpokenWords, Token},
};

#[async_trait]
impl SpokenStore for SqliteStore {
    async fn usual_words(&self) -> Result<SpokenWords, StoreError> {
        let usual: String = self.read(|db| Ok(db.query_row("SELECT usual FROM spoken", [], |row| row.get(0))?)).await?;
        usual.parse().map_err(|_| StoreError::Failed("the usual length of codes is damaged".into()))
    }

    async fn words_in_force(&self, rules: SpokenRules, now: i64) -> Result<SpokenSize, StoreError> {
        match rules.words {
            SpokenWords::Fixed(size) => Ok(size),
            SpokenWords::Auto => self.read(move |db| Ok(rules.in_force(guessed(db, now)?, now))).await,
        }
    }

    async fn note_guesses(&self, rules: SpokenRules, now: i64) -> Result<(), StoreError> {
        self.write(move |db| note(db, &rules, guessed(db, now)?, now)).await
    }
}

/// Guesses at five words.
pub(super) fn guessed(db: &Connection, now: i64) -> Result<Guessed, StoreError> {
    let mut guessed = db.prepare_cached(
        "SELECT (SELECT coalesce(sum(count), 0) FROM misses WHERE pool = 'five' AND minute >= ?1),
                (SELECT coalesce(sum(count), 0) FROM misses WHERE pool = 'number' AND minute >= ?1), busy_at
         FROM spoken",
    )?;
    let since = now.div_euclid(60) - GUESS_WINDOW / 60;
    Ok(guessed.query_row([since], |row| Ok(Guessed { five: row.get(0)?, number: row.get(1)?, busy_at: row.get(2)? }))?)
}

/// Remembers whether they are guessed at.
pub(super) fn note(db: &Connection, rules: &SpokenRules, guessed: Guessed, now: i64) -> Result<(), StoreError> {
    if let Some(at) = rules.busy_at(guessed, now) {
        db.prepare_cached("UPDATE spoken SET busy_at = ?1")?.execute([at])?;
    }
    Ok(())
}

/// What is live within the span of a new code of this officer's.
pub(super) fn live_within(db: &Connection, span: Span, officer: &Callsign) -> Result<Live, StoreError> {
    let minutes = span.minutes();
    let groups: Vec<Group> = db
        .prepare_cached("SELECT first, last, five, spoken FROM live_codes WHERE last >= ?1 AND first <= ?2")?
        .query_map((minutes.start(), minutes.end()), |row| {
            Ok(Group { first: row.get(0)?, last: row.get(1)?, five: row.get(2)?, all: row.get(3)? })
        })?
        .collect::<Result<_, _>>()?;
    let own = db
        .prepare_cached(
            "SELECT starts_at, expires_at FROM tokens INDEXED BY tokens_by_speaker
             WHERE spoken_by = :officer AND expires_at > :from - :leeway AND starts_at < :until + :leeway AND withdrawn_at IS NULL",
        )?
        .query_map(named_params! {":officer": officer, ":leeway": LEEWAY, ":from": span.from, ":until": span.until}, |row| {
            Ok(Span::of(row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(Live::within(span, &groups, own))
}

/// Counts a new code.
pub(super) fn count(db: &Connection, span: Span, shortest: SpokenSize) -> Result<(), StoreError> {
    let minutes = span.minutes();
    let add = "INSERT INTO live_codes (last, first, five, spoken) VALUES (?1, ?2, ?3, 1)
         ON CONFLICT (last, first) DO UPDATE SET five = five + excluded.five, spoken = spoken + 1";
    db.prepare_cached(add)?.execute((minutes.end(), minutes.start(), shortest == SpokenSize::Five))?;
    Ok(())
}

/// Codes by the last and the first minute that they touch.
#[derive(Default)]
pub(super) struct Freed(BTreeMap<(i64, i64), (u32, u32)>);

impl Freed {
    pub fn add(&mut self, span: Span, shortest: SpokenSize) {
        let minutes = span.minutes();
        let (five, spoken) = self.0.entry((*minutes.end(), *minutes.start())).or_default();
        *five += u32::from(shortest == SpokenSize::Five);
        *spoken += 1;
    }

    /// Nobody finds them any more. A count that is missing keeps no code from being withdrawn.
    pub fn give_back(self, db: &Connection) -> Result<(), StoreError> {
        let free = "UPDATE live_codes SET five = max(five - ?3, 0), spoken = max(spoken - ?4, 0) WHERE last = ?1 AND first = ?2";
        let mut free = db.prepare_cached(free)?;
        for ((last, first), (five, spoken)) in self.0 {
            free.execute((last, first, five, spoken))?;
        }
        Ok(())
    }
}

/// Drops counts of codes that are all forgotten: those that ran out at `until` or before.
pub(super) fn forget(db: &Connection, until: i64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM live_codes WHERE last < ?1")?.execute([until.div_euclid(60)])?;
    Ok(())
}

/// Gives the codes that a store kept before there were two sizes at once their 50 bits, and counts those that are live.
pub(super) fn codes_of_both_sizes(db: &Connection) -> Result<(), StoreError> {
    type Kept = (Cti, u64, Vec<u8>, Span, bool);
    let kept: Vec<Kept> = db
        .prepare("SELECT cti, code, bytes, starts_at, expires_at, withdrawn_at IS NOT NULL FROM tokens WHERE code IS NOT NULL")?
        .query_map([], |row| {
            let span = Span::of(row.get(3)?, row.get(4)?);
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned(), row.get(2)?, span, row.get(5)?))
        })?
        .collect::<Result<_, _>>()?;
    for (cti, code, bytes, span, withdrawn) in kept {
        let token = Token::from_bytes(bytes).map_err(|_| StoreError::Failed("a stored token is damaged".into()))?;
        let six = SpokenCode::of(&token, SpokenSize::Six);
        let five = (six.shortened(SpokenSize::Five).value() == code).then_some(code.cast_signed());
        db.execute("UPDATE tokens SET code = ?1, five = ?2 WHERE cti = ?3", (six.value().cast_signed(), five, cti))?;
        if !withdrawn {
            count(db, span, if five.is_some() { SpokenSize::Five } else { SpokenSize::Six })?;
        }
    }
    Ok(())
}
