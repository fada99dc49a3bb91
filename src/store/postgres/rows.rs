//! Rows to domain types. A row that does not parse was not written by us, and fails the operation.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::{
    Row,
    types::{FromSql, IsNull, ToSql, Type},
};

use crate::{
    authority::{AccessHash, AccessId, Authorisation, AuthorisationId, Callsign, Officer, Reason, Role, Scope, State},
    keyring::{
        KeyId, Revocation,
        rotation::{KeyRecord, Stage},
    },
    store::{AttemptHash, StoreError},
    token::{Channel, Cti, TokenHash},
};

type Parsed<T> = Result<T, Box<dyn Error + Sync + Send>>;

/// Types that are bytes of one length, as BYTEA.
macro_rules! bytes {
    ($($type:ty: $wrap:expr, $bytes:expr;)+) => {
        $(
            impl FromSql<'_> for $type {
                fn from_sql(_: &Type, raw: &[u8]) -> Parsed<Self> {
                    Ok($wrap(raw.try_into()?))
                }

                fn accepts(type_: &Type) -> bool {
                    *type_ == Type::BYTEA
                }
            }

            impl ToSql for $type {
                fn to_sql(&self, type_: &Type, out: &mut BytesMut) -> Parsed<IsNull> {
                    let bytes: fn(&Self) -> &[u8] = $bytes;
                    bytes(self).to_sql(type_, out)
                }

                fn accepts(type_: &Type) -> bool {
                    *type_ == Type::BYTEA
                }

                tokio_postgres::types::to_sql_checked!();
            }
        )+
    };
}

bytes! {
    Cti: Cti, |cti| &cti.0;
    TokenHash: TokenHash, |hash| &hash.0;
    AuthorisationId: AuthorisationId, |id| &id.0;
    AccessHash: AccessHash, |hash| &hash.0;
    AccessId: AccessId, |id| &id.0;
    AttemptHash: AttemptHash, |hash| &hash.0;
    KeyId: KeyId::from_bytes, |id| id.as_bytes();
}

/// Types that are words, as TEXT.
macro_rules! words {
    ($($type:ty: $read:expr, $word:expr;)+) => {
        $(
            impl FromSql<'_> for $type {
                fn from_sql(type_: &Type, raw: &[u8]) -> Parsed<Self> {
                    let read: fn(&str) -> Option<Self> = $read;
                    read(<&str>::from_sql(type_, raw)?).ok_or_else(|| "a word that is none of ours".into())
                }

                fn accepts(type_: &Type) -> bool {
                    *type_ == Type::TEXT
                }
            }

            impl ToSql for $type {
                fn to_sql(&self, type_: &Type, out: &mut BytesMut) -> Parsed<IsNull> {
                    let word: fn(&Self) -> &str = $word;
                    word(self).to_sql(type_, out)
                }

                fn accepts(type_: &Type) -> bool {
                    *type_ == Type::TEXT
                }

                tokio_postgres::types::to_sql_checked!();
            }
        )+
    };
}

words! {
    Callsign: |word| word.parse().ok(), Self::as_str;
    Role: |word| word.parse().ok(), |role| role.as_str();
    State: Self::from_word, |state| state.as_str();
    Stage: Self::from_word, |stage| stage.as_str();
    Channel: |word| word.parse().ok(), |channel| channel.as_str();
    Reason: |word| word.parse().ok(), Self::as_str;
    Scope: |word| word.parse().ok(), |scope| scope.as_str();
}

/// A number of the domain as the database keeps it.
pub(super) fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Failed("a number is too large".into()))
}

/// A number of the database that the domain knows as smaller or without a sign.
pub(super) fn number<T: TryFrom<i64>>(row: &Row, column: usize) -> Result<T, StoreError> {
    T::try_from(row.try_get::<_, i64>(column)?).map_err(|_| StoreError::Failed("a number in a row does not fit".into()))
}

/// The columns that [`officer`] reads.
pub(super) const OFFICER: &str = "callsign, role, enrolled_at, suspended_at";

/// The columns of [`OFFICER`].
pub(super) fn officer(row: &Row) -> Result<Officer, StoreError> {
    Ok(Officer { callsign: row.try_get(0)?, role: row.try_get(1)?, enrolled_at: row.try_get(2)?, suspended_at: row.try_get(3)? })
}

/// Reads `kid, stage, since, revoked_at, reason`.
pub(super) fn key_record(row: &Row) -> Result<KeyRecord, StoreError> {
    let (revoked_at, reason): (Option<i64>, Option<String>) = (row.try_get(3)?, row.try_get(4)?);
    let revoked = revoked_at.zip(reason).map(|(revoked_at, reason)| Revocation { revoked_at, reason });
    Ok(KeyRecord { id: row.try_get(0)?, stage: row.try_get(1)?, since: row.try_get(2)?, revoked })
}

/// The columns that [`authorisation`] reads.
pub(super) const AUTHORISATION: &str =
    "id, reference, channels, starts_at, ends_at, max_tokens, tokens_issued, asked_by, asked_at, state, decided_by, decided_at,
     purpose, reason,
     state = 'approved' AND EXISTS (SELECT 1 FROM officers WHERE callsign = decided_by AND suspended_at IS NOT NULL) AS approver_suspended,
     EXISTS (SELECT 1 FROM officers WHERE callsign = asked_by AND suspended_at IS NOT NULL) AS asker_suspended,
     withdrawn_by";

/// The columns of [`AUTHORISATION`].
pub(super) fn authorisation(row: &Row) -> Result<Authorisation, StoreError> {
    let channels: Vec<Channel> = row.try_get(2)?;
    Ok(Authorisation {
        id: row.try_get(0)?,
        reference: row.try_get(1)?,
        channels: channels.into_iter().collect(),
        from: row.try_get(3)?,
        until: row.try_get(4)?,
        max_tokens: number(row, 5)?,
        tokens_issued: number(row, 6)?,
        asked_by: row.try_get(7)?,
        asked_at: row.try_get(8)?,
        state: row.try_get(9)?,
        decided_by: row.try_get(10)?,
        decided_at: row.try_get(11)?,
        purpose: row.try_get(12)?,
        reason: row.try_get(13)?,
        approver_suspended: row.try_get(14)?,
        asker_suspended: row.try_get(15)?,
        withdrawn_by: row.try_get(16)?,
    })
}
