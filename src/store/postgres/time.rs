//! What the store knows of the time, and what is undone after a clock was ahead.

use async_trait::async_trait;

use super::{PostgresStore, ledger::append, rows::signed, session::Session};
use crate::{
    authority::ActorName,
    ledger::{Entry, Event},
    store::{Corrected, KEEP_ROWS, PAGE, StoreError, StoreTime, TimeStore, may_end_after},
    token::LEEWAY,
};

/// The database's own time.
const OWN: &str = "extract(epoch FROM clock_timestamp())::bigint";

#[async_trait]
impl TimeStore for PostgresStore {
    async fn act_heartbeat(&self, believed: Option<i64>) -> Result<Option<i64>, StoreError> {
        self.acts.run(move |db| Box::pin(heartbeat(db, believed))).await.map(Some)
    }

    async fn time(&self) -> Result<StoreTime, StoreError> {
        read(&*self.reading().await?).await
    }

    async fn correct_clock(&self, now: i64, by: ActorName) -> Result<Option<Corrected>, StoreError> {
        self.acts.run(move |db| Box::pin(correct(db, now, by))).await
    }
}

async fn heartbeat(db: &Session, believed: Option<i64>) -> Result<i64, StoreError> {
    let raise = format!("UPDATE issuer_time SET at = greatest(at, least($1, {OWN})) RETURNING {OWN}");
    Ok(db.one(&raise, &[&believed.unwrap_or(0)]).await?.try_get(0)?)
}

/// `now`, but not later than the database's own time.
pub(super) async fn not_after_own(db: &Session, now: i64) -> Result<i64, StoreError> {
    Ok(db.one(&format!("SELECT least($1, {OWN})"), &[&now]).await?.try_get(0)?)
}

async fn read(db: &Session) -> Result<StoreTime, StoreError> {
    let row = db.one("SELECT nullif(at, 0), through FROM issuer_time, purged", &[]).await?;
    let newest: Option<i64> = row.try_get(0)?;
    Ok(StoreTime { newest: if newest.is_some() { newest } else { last_entry(db).await? }, purged_through: row.try_get(1)? })
}

/// Tokens that end after this may be live at `now`: by whichever is earlier, `now` or the newest time that an issuer believed, so
/// that a clock that is ahead hides none from being withdrawn.
pub(super) async fn live_after(db: &Session, now: i64) -> Result<i64, StoreError> {
    let earlier = "SELECT least($1, coalesce(nullif(at, 0), $1)) - $2 FROM issuer_time";
    Ok(db.one(earlier, &[&now, &LEEWAY]).await?.try_get(0)?)
}

async fn last_entry(db: &Session) -> Result<Option<i64>, StoreError> {
    let Some(row) = db.maybe("SELECT leaf FROM ledger_entries ORDER BY seq DESC LIMIT 1", &[]).await? else { return Ok(None) };
    // One that somebody broke is the audit's to report.
    Ok(Entry::parse(row.try_get(0)?).ok().map(|entry| entry.at))
}

async fn correct(db: &Session, now: i64, by: ActorName) -> Result<Option<Corrected>, StoreError> {
    let StoreTime { newest, purged_through } = read(db).await?;
    if purged_through <= now && newest.is_none_or(|newest| newest <= now) {
        return Ok(None);
    }
    db.execute("UPDATE issuer_time SET at = least(at, $1)", &[&now]).await?;
    let mut done = Corrected { purged_from: purged_through, purged_to: purged_through, withdrawn: 0 };
    if purged_through > now {
        done.purged_to = now - KEEP_ROWS;
        db.execute("UPDATE purged SET through = $1", &[&done.purged_to]).await?;
        done.withdrawn = restore_as_withdrawn(db, done.purged_to, now).await?;
    }
    append(db, &done.event(by).at(now)).await?;
    Ok(Some(done))
}

/// Backwards through the ledger, for tokens that end after `end` and have no row.
async fn restore_as_withdrawn(db: &Session, end: i64, now: i64) -> Result<u32, StoreError> {
    let (mut before, mut restored) = (i64::MAX, 0);
    loop {
        let page = "SELECT seq, leaf FROM ledger_entries WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
        let page = db.rows(page, &[&before, &signed(PAGE as u64)?]).await?;
        let mut entries = Vec::with_capacity(page.len());
        for row in &page {
            before = row.try_get(0)?;
            entries.extend(Entry::parse(row.try_get(1)?).ok());
        }
        for entry in &entries {
            restored += restore(db, entry, end, now).await?;
        }
        if !may_end_after(&entries, end) {
            return Ok(restored);
        }
    }
}

/// How many rows: one, or none where the entry is of something else or the row is there.
async fn restore(db: &Session, entry: &Entry, end: i64, now: i64) -> Result<u32, StoreError> {
    let Event::TokenIssued { cti, kid, sha256, channel, iat, nbf, exp, authorisation, .. } = &entry.event else { return Ok(0) };
    if *exp <= end {
        return Ok(0);
    }
    let restored = db
        .execute(
            "INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at, withdrawn_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            &[cti, sha256, &kid.as_slice(), authorisation, channel, iat, &nbf.unwrap_or(*iat), exp, &now],
        )
        .await?;
    Ok(u32::from(restored > 0))
}
