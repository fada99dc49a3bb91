//! The deployment that a file is bound to.

use rusqlite::{Connection, OptionalExtension as _, named_params};

use crate::store::{
    Deployment, DeploymentKeys, StoreError,
    deployment::{Evidence, Found},
};

/// Whether a database is another program's.
pub(super) fn is_foreign(db: &Connection) -> rusqlite::Result<bool> {
    Ok(has_any_table(db)? && !has_table(db, "ledger_entries")?)
}

/// What a database holds.
pub(super) fn found(db: &Connection) -> rusqlite::Result<Found> {
    if !has_table(db, "ledger_entries")? {
        return Ok(Found::Nothing);
    }
    if !has_table(db, "deployment")? {
        return Ok(Found::Unbound);
    }
    let row = db.query_row("SELECT id, epoch, issuer, root, ledger_key FROM deployment", [], |row| {
        Ok(Deployment { id: row.get(0)?, epoch: row.get(1)?, issuer: row.get(2)?, root: row.get(3)?, ledger_key: row.get(4)? })
    });
    Ok(row.optional()?.map_or(Found::Unbound, Found::Bound))
}

/// Compares with the keys. Returns the row that has yet to be written; the inner error is a refusal.
pub(super) fn compared(db: &Connection, keys: &DeploymentKeys) -> rusqlite::Result<Result<Option<Deployment>, String>> {
    Ok(match found(db)? {
        Found::Bound(bound) => keys.check(&bound).map(|()| None),
        Found::Nothing | Found::Unbound => keys.bind(&evidence(db)?).map(Some),
    })
}

/// Only once: a second row is refused.
pub(super) fn bind(db: &Connection, deployment: &Deployment) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO deployment (only_row, id, epoch, issuer, root, ledger_key) VALUES (1, :id, :epoch, :issuer, :root, :ledger_key)",
        named_params! {
            ":id": deployment.id, ":epoch": deployment.epoch, ":issuer": deployment.issuer, ":root": deployment.root,
            ":ledger_key": deployment.ledger_key,
        },
    )?;
    Ok(())
}

fn evidence(db: &Connection) -> rusqlite::Result<Evidence> {
    let newest = |table: &str, statement: &str| {
        if has_table(db, table)? { db.query_row(statement, [], |row| row.get(0)).optional() } else { Ok(None) }
    };
    Ok(Evidence {
        key_set: newest("key_sets", "SELECT jwt FROM key_sets ORDER BY version DESC LIMIT 1")?,
        checkpoint: newest("ledger_checkpoints", "SELECT note FROM ledger_checkpoints ORDER BY number DESC LIMIT 1")?,
    })
}

fn has_table(db: &Connection, name: &str) -> rusqlite::Result<bool> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)", [name], |row| row.get(0))
}

fn has_any_table(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
}
