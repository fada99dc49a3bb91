//! The database as this version wants it.

use std::time::Duration;

use tokio_postgres::error::SqlState;

use super::{CHECKING, PostgresAddress, binding, pooler, rows::number, session::Session, settings::Manner, turn};
use crate::store::{DeploymentKeys, Found, StoreError};

/// Every change so far; `schema_version` holds the number of the last that was applied.
const MIGRATIONS: [(u32, &str); 6] = [
    (1, include_str!("migrations/0001.sql")),
    (2, include_str!("migrations/0002.sql")),
    (3, include_str!("migrations/0003.sql")),
    (4, include_str!("migrations/0004.sql")),
    (5, include_str!("migrations/0005.sql")),
    (6, include_str!("migrations/0006.sql")),
];

/// The version that this program works with.
const SCHEMA: u32 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// The group of roles whose rights the schema gives.
pub(super) const VERIFIER: &str = "countersign_verifier";

/// A change of a large table takes its time.
const MIGRATING: Manner = Manner { patience: Duration::from_mins(10), settings: &[] };

/// Checks the database and brings it up to date, all of it or nothing.
pub(super) async fn bring_up_to_date(address: &PostgresAddress, keys: &DeploymentKeys) -> Result<(), StoreError> {
    let db = open(address, MIGRATING).await?;
    let role = db.maybe("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&VERIFIER]).await?;
    if role.is_none() {
        return Err(StoreError::Unusable(format!("has no role {VERIFIER}; prepare the database with deploy/postgresql.sql first")));
    }
    // What fails ends the connection, and the transaction with it.
    turn::begin_schema(&db).await?;
    migrate(&db, keys).await?;
    db.batch("COMMIT").await?;
    current(known_version(&db).await?)
}

/// Checks the database.
pub(super) async fn check(address: &PostgresAddress, keys: &DeploymentKeys) -> Result<(), StoreError> {
    let db = open(address, CHECKING).await?;
    let version = known_version(&db).await?;
    // An unbound one is refused below, with a sentence about its version.
    if let Found::Bound(bound) = binding::found(&db).await? {
        keys.check(&bound).map_err(StoreError::Unusable)?;
    }
    current(version)
}

/// What the database holds.
pub(super) async fn found(address: &PostgresAddress) -> Result<Found, StoreError> {
    let db = open(address, CHECKING).await?;
    known_version(&db).await?;
    binding::found(&db).await
}

async fn open(address: &PostgresAddress, manner: Manner) -> Result<Session, StoreError> {
    let db = Session::open(address, manner, None).await?;
    pooler::refuse(address, &db).await?;
    // What was answered must survive the loss of power (threat 18), however the database was set up.
    for setting in ["fsync", "full_page_writes"] {
        let value: String = db.one("SELECT current_setting($1)", &[&setting]).await?.try_get(0)?;
        if value != "on" {
            return Err(StoreError::Unusable(format!("would lose what it has said to keep: its {setting} is {value}; turn it on")));
        }
    }
    Ok(db)
}

async fn migrate(db: &Session, keys: &DeploymentKeys) -> Result<(), StoreError> {
    let applied = known_version(db).await?;
    let unbound = binding::compared(db, keys).await?;
    db.batch("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)").await.map_err(unchanged)?;
    for (version, statements) in MIGRATIONS.iter().filter(|(version, _)| *version > applied) {
        db.batch(statements).await.map_err(unchanged)?;
        db.batch(&format!("DELETE FROM schema_version; INSERT INTO schema_version (version) VALUES ({version})")).await?;
    }
    match unbound {
        Some(deployment) => binding::bind(db, &deployment).await,
        None => Ok(()),
    }
}

/// Why the schema is as it was.
fn unchanged(error: StoreError) -> StoreError {
    let StoreError::Failed(reason) = error else { return error };
    let what_to_do = if reason.contains(SqlState::LOCK_NOT_AVAILABLE.code()) {
        "another session uses its tables for long, such as a backup; try again when that has ended"
    } else {
        "the issuer's user must own it"
    };
    StoreError::Unusable(format!("cannot be brought up to date: {reason}; {what_to_do}"))
}

/// The number of the last change, 0 where there was none. Asked before anything else: what a newer version keeps may be kept
/// otherwise.
async fn known_version(db: &Session) -> Result<u32, StoreError> {
    let there: bool = db.one("SELECT to_regclass('schema_version') IS NOT NULL", &[]).await?.try_get(0)?;
    if !there {
        return Ok(0);
    }
    let applied = number(&db.one("SELECT coalesce(max(version), 0) FROM schema_version", &[]).await?, 0)?;
    if applied > SCHEMA { Err(StoreError::of_schema("", applied, SCHEMA)) } else { Ok(applied) }
}

fn current(version: u32) -> Result<(), StoreError> {
    match version {
        SCHEMA => Ok(()),
        0 => Err(StoreError::Unusable("is empty; start the issuer first, which fills it".into())),
        older => Err(StoreError::of_schema("", older, SCHEMA)),
    }
}
