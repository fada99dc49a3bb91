//! Whose turn it is to act, or to change the schema: one process of the issuer's after the other. What is waited for is held by
//! nobody but the issuer's role: the row of a table on which no other role has any right. A lock of the table would not do, since
//! anybody who may connect can hold one without any right (`PREPARE`, `nextval`).

use super::session::Session;
use crate::store::StoreError;

/// Advisory locks of issuers from before `act_turn`, which know nothing else; taken as well until the release after this one
/// ("ledger" and "schema" in ASCII).
const EARLIER_ACTS: i64 = 119_182_731_994_482;
const EARLIER_SCHEMA: i64 = 126_870_790_434_145;

/// Begins the transaction of acts. The row first, so that no two acts wait for each other.
pub(super) async fn begin_acts(db: &Session) -> Result<(), StoreError> {
    let begin = format!(
        "BEGIN; WITH turn AS MATERIALIZED (SELECT FROM act_turn FOR UPDATE) SELECT pg_try_advisory_xact_lock({EARLIER_ACTS}) FROM turn"
    );
    match db.text(&begin).await?.as_deref() {
        Some("t") => Ok(()),
        Some(_) => wait_for_earlier(db, EARLIER_ACTS).await,
        None => Err(StoreError::Failed("the row of act_turn is missing; insert it again with only_row = 1".into())),
    }
}

/// Begins the transaction of a change of the schema.
pub(super) async fn begin_schema(db: &Session) -> Result<(), StoreError> {
    db.batch("BEGIN").await?;
    wait_for_earlier(db, EARLIER_SCHEMA).await?;
    if db.one("SELECT to_regclass('schema_version') IS NOT NULL", &[]).await?.try_get(0)? {
        db.batch("SELECT FROM schema_version FOR UPDATE").await?;
    }
    Ok(())
}

/// Waits for issuers alone. Where `deploy/postgresql.sql` was not run again a verifier may hold such a lock too, and nobody waits
/// for that.
async fn wait_for_earlier(db: &Session, lock: i64) -> Result<(), StoreError> {
    // Between two looks it may have come free.
    for _ in 0..3 {
        if db.one("SELECT pg_try_advisory_xact_lock($1)", &[&lock]).await?.try_get(0)? {
            return Ok(());
        }
        let holder = "SELECT pg_has_role(usesysid, current_user, 'MEMBER') FROM pg_locks JOIN pg_stat_get_activity(NULL) USING (pid)
             WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND (classid::bigint << 32) + objid::bigint = $1
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        match db.maybe(holder, &[&lock]).await? {
            Some(row) if row.try_get(0)? => return db.execute("SELECT pg_advisory_xact_lock($1)", &[&lock]).await.map(drop),
            Some(_) => return Ok(()),
            None => {}
        }
    }
    Ok(())
}
