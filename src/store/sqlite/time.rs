//! What the store knows of the time, and what is undone after a clock was ahead.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, named_params};

use super::{SqliteStore, ledger::append};
use crate::{
    authority::ActorName,
    ledger::{Entry, Event},
    store::{Corrected, KEEP_ROWS, PAGE, StoreError, StoreTime, TimeStore, may_end_after},
    token::{Cti, LEEWAY},
};

#[async_trait]
impl TimeStore for SqliteStore {
    async fn act_heartbeat(&self, believed: Option<i64>) -> Result<Option<i64>, StoreError> {
        self.write(move |db| heartbeat(db, believed)).await.map(|()| None)
    }

    async fn time(&self) -> Result<StoreTime, StoreError> {
        self.read(read).await
    }

    async fn correct_clock(&self, now: i64, by: ActorName) -> Result<Option<Corrected>, StoreError> {
        self.write(move |db| correct(db, now, by)).await
    }
}

fn heartbeat(db: &Connection, believed: Option<i64>) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE issuer_time SET at = max(at, ?1)")?.execute([believed.unwrap_or(0)])?;
    Ok(())
}

fn read(db: &Connection) -> Result<StoreTime, StoreError> {
    let times = "SELECT nullif(at, 0), through FROM issuer_time, purged";
    let (newest, purged_through): (Option<i64>, i64) = db.prepare_cached(times)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(StoreTime { newest: if newest.is_some() { newest } else { last_entry(db)? }, purged_through })
}

/// Tokens that end after this may be live at `now`: by whichever is earlier, `now` or the newest time that an issuer believed, so
/// that a clock that is ahead hides none from being withdrawn.
pub(super) fn live_after(db: &Connection, now: i64) -> Result<i64, StoreError> {
    let earlier = "SELECT min(?1, coalesce(nullif(at, 0), ?1)) - ?2 FROM issuer_time";
    Ok(db.prepare_cached(earlier)?.query_row([now, LEEWAY], |row| row.get(0))?)
}

fn last_entry(db: &Connection) -> Result<Option<i64>, StoreError> {
    let last = "SELECT leaf FROM ledger_entries ORDER BY seq DESC LIMIT 1";
    let leaf: Option<Vec<u8>> = db.prepare_cached(last)?.query_row([], |row| row.get(0)).optional()?;
    // One that somebody broke is the audit's to report.
    Ok(leaf.and_then(|leaf| Entry::parse(&leaf).ok()).map(|entry| entry.at))
}

fn correct(db: &Connection, now: i64, by: ActorName) -> Result<Option<Corrected>, StoreError> {
    let StoreTime { newest, purged_through } = read(db)?;
    if purged_through <= now && newest.is_none_or(|newest| newest <= now) {
        return Ok(None);
    }
    db.prepare_cached("UPDATE issuer_time SET at = min(at, ?1)")?.execute([now])?;
    let mut done = Corrected { purged_from: purged_through, purged_to: purged_through, withdrawn: 0 };
    if purged_through > now {
        done.purged_to = now - KEEP_ROWS;
        db.prepare_cached("UPDATE purged SET through = ?1")?.execute([done.purged_to])?;
        done.withdrawn = restore_as_withdrawn(db, done.purged_to, now)?;
    }
    append(db, &done.event(by).at(now))?;
    Ok(Some(done))
}

/// Backwards through the ledger, for tokens that end after `end` and have no row.
fn restore_as_withdrawn(db: &Connection, end: i64, now: i64) -> Result<u32, StoreError> {
    let (mut before, mut restored) = (i64::MAX, 0);
    loop {
        let page: Vec<(i64, Vec<u8>)> = db
            .prepare_cached("SELECT seq, leaf FROM ledger_entries WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2")?
            .query_map((before, PAGE.cast_signed()), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let entries: Vec<Entry> = page.iter().filter_map(|(_, leaf)| Entry::parse(leaf).ok()).collect();
        for entry in &entries {
            restored += restore(db, entry, end, now)?;
        }
        before = page.last().map_or(before, |(seq, _)| *seq);
        if !may_end_after(&entries, end) {
            return Ok(restored);
        }
    }
}

/// How many rows: one, or none where the entry is of something else or the row is there.
fn restore(db: &Connection, entry: &Entry, end: i64, now: i64) -> Result<u32, StoreError> {
    let Event::TokenIssued { cti, kid, sha256, channel, iat, nbf, exp, authorisation, .. } = &entry.event else { return Ok(0) };
    if *exp <= end {
        return Ok(0);
    }
    let restored = db
        .prepare_cached(
            "INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at, withdrawn_at)
             VALUES (:cti, :hash, :kid, :authorisation, :channel, :issued_at, :starts_at, :expires_at, :now)
             ON CONFLICT DO NOTHING",
        )?
        .execute(named_params! {
            ":cti": cti as &Cti, ":hash": sha256, ":kid": kid, ":authorisation": authorisation, ":channel": channel.as_str(),
            ":issued_at": iat, ":starts_at": nbf.unwrap_or(*iat), ":expires_at": exp, ":now": now,
        })?;
    Ok(u32::from(restored > 0))
}
