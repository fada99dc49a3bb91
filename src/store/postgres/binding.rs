//! The deployment that a database is bound to.

use super::session::Session;
use crate::store::{
    Deployment, DeploymentKeys, StoreError,
    deployment::{Evidence, Found},
};

/// What a database holds.
pub(super) async fn found(db: &Session) -> Result<Found, StoreError> {
    if !has_table(db, "ledger_entries").await? {
        return Ok(Found::Nothing);
    }
    if !has_table(db, "deployment").await? {
        return Ok(Found::Unbound);
    }
    let row = db.maybe("SELECT id, epoch, issuer, root, ledger_key FROM deployment", &[]).await?;
    let Some(row) = row else { return Ok(Found::Unbound) };
    let id: Vec<u8> = row.try_get(0)?;
    Ok(Found::Bound(Deployment {
        id: id.try_into().map_err(|_| StoreError::Failed("the deployment's id has another length".into()))?,
        epoch: row.try_get(1)?,
        issuer: row.try_get(2)?,
        root: row.try_get(3)?,
        ledger_key: row.try_get(4)?,
    }))
}

/// Compares with the keys. Returns the row that has yet to be written.
pub(super) async fn compared(db: &Session, keys: &DeploymentKeys) -> Result<Option<Deployment>, StoreError> {
    let compared = match found(db).await? {
        Found::Bound(bound) => keys.check(&bound).map(|()| None),
        Found::Nothing | Found::Unbound => keys.bind(&evidence(db).await?).map(Some),
    };
    compared.map_err(StoreError::Unusable)
}

/// Only once: a second row is refused.
pub(super) async fn bind(db: &Session, deployment: &Deployment) -> Result<(), StoreError> {
    let Deployment { id, epoch, issuer, root, ledger_key } = deployment;
    let insert = "INSERT INTO deployment (only_row, id, epoch, issuer, root, ledger_key) VALUES (1, $1, $2, $3, $4, $5)";
    db.execute(insert, &[&id.as_slice(), epoch, issuer, root, ledger_key]).await.map(drop)
}

async fn evidence(db: &Session) -> Result<Evidence, StoreError> {
    let newest = async |table: &str, statement: &str| -> Result<Option<String>, StoreError> {
        if !has_table(db, table).await? {
            return Ok(None);
        }
        Ok(db.maybe(statement, &[]).await?.map(|row| row.try_get(0)).transpose()?)
    };
    Ok(Evidence {
        key_set: newest("key_sets", "SELECT jwt FROM key_sets ORDER BY version DESC LIMIT 1").await?,
        checkpoint: newest("ledger_checkpoints", "SELECT note FROM ledger_checkpoints ORDER BY number DESC LIMIT 1").await?,
    })
}

async fn has_table(db: &Session, name: &str) -> Result<bool, StoreError> {
    Ok(db.one("SELECT to_regclass($1) IS NOT NULL", &[&name]).await?.try_get(0)?)
}
