//! Rows to domain types. A row that does not parse was not written by us, and fails the operation.

use rusqlite::{
    Row,
    types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef},
};

use crate::{
    authority::{AccessHash, Authorisation, AuthorisationId, Callsign, Officer, Reason, Role, State},
    keyring::{
        KeyId, Revocation,
        rotation::{KeyRecord, Stage},
    },
    token::{Cti, TokenHash},
};

fn parsed<T>(value: Option<T>) -> FromSqlResult<T> {
    value.ok_or(FromSqlError::InvalidType)
}

impl FromSql for Callsign {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        parsed(value.as_str()?.parse().ok())
    }
}

impl FromSql for Role {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        parsed(value.as_str()?.parse().ok())
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        parsed(Self::from_word(value.as_str()?))
    }
}

impl FromSql for Reason {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        parsed(value.as_str()?.parse().ok())
    }
}

impl FromSql for Stage {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        parsed(Self::from_word(value.as_str()?))
    }
}

impl FromSql for KeyId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 32]>::column_result(value).map(Self::from_bytes)
    }
}

impl FromSql for TokenHash {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 32]>::column_result(value).map(Self)
    }
}

impl FromSql for AuthorisationId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 8]>::column_result(value).map(Self)
    }
}

impl FromSql for Cti {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 8]>::column_result(value).map(Self)
    }
}

impl FromSql for AccessHash {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 32]>::column_result(value).map(Self)
    }
}

impl ToSql for AccessHash {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl ToSql for Callsign {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.as_str().to_sql()
    }
}

impl ToSql for Reason {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.as_str().to_sql()
    }
}

impl ToSql for KeyId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.as_bytes().to_sql()
    }
}

impl ToSql for TokenHash {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl ToSql for AuthorisationId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl ToSql for Cti {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

/// The columns that [`officer`] reads.
pub(super) const OFFICER: &str = "callsign, role, enrolled_at, suspended_at";

/// The columns of [`OFFICER`].
pub(super) fn officer(row: &Row<'_>) -> rusqlite::Result<Officer> {
    Ok(Officer { callsign: row.get(0)?, role: row.get(1)?, enrolled_at: row.get(2)?, suspended_at: row.get(3)? })
}

/// Reads `kid, stage, since, revoked_at, reason`.
pub(super) fn key_record(row: &Row<'_>) -> rusqlite::Result<KeyRecord> {
    let (revoked_at, reason): (Option<i64>, Option<String>) = (row.get(3)?, row.get(4)?);
    let revoked = revoked_at.zip(reason).map(|(revoked_at, reason)| Revocation { revoked_at, reason });
    Ok(KeyRecord { id: row.get(0)?, stage: row.get(1)?, since: row.get(2)?, revoked })
}

/// The columns that [`authorisation`] reads.
pub(super) const AUTHORISATION: &str =
    "id, reference, channels, starts_at, ends_at, max_tokens, tokens_issued, asked_by, asked_at, state, decided_by, decided_at,
     purpose, reason,
     state = 'approved' AND EXISTS (SELECT 1 FROM officers WHERE callsign = decided_by AND suspended_at IS NOT NULL) AS approver_suspended,
     EXISTS (SELECT 1 FROM officers WHERE callsign = asked_by AND suspended_at IS NOT NULL) AS asker_suspended,
     withdrawn_by";

/// The columns of [`AUTHORISATION`].
pub(super) fn authorisation(row: &Row<'_>) -> rusqlite::Result<Authorisation> {
    let channels: String = row.get(2)?;
    let channels = channels.split(',').map(str::parse).collect::<Result<_, _>>();
    Ok(Authorisation {
        id: row.get(0)?,
        reference: row.get(1)?,
        channels: channels.map_err(|_| rusqlite::Error::InvalidQuery)?,
        from: row.get(3)?,
        until: row.get(4)?,
        max_tokens: row.get(5)?,
        tokens_issued: row.get(6)?,
        asked_by: row.get(7)?,
        asked_at: row.get(8)?,
        state: row.get(9)?,
        decided_by: row.get(10)?,
        decided_at: row.get(11)?,
        purpose: row.get(12)?,
        reason: row.get(13)?,
        approver_suspended: row.get(14)?,
        asker_suspended: row.get(15)?,
        withdrawn_by: row.get(16)?,
    })
}
