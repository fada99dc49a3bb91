//! The life of a signing key's row: published, active, retired, removed, revoked.

use super::{ledger::append, rows, session::Session, time::live_after, withdrawals::withdraw};
use crate::{
    authority::{Actor, ActorName},
    keyring::{KeyId, KeySet, KidPrefix, PublicKeys, PublishedKey, Revocation, rotation::KeyRecord},
    ledger::{Entry, Event},
    store::{StoreError, StoredKeySet},
};

pub(super) async fn newest(db: &Session) -> Result<Option<StoredKeySet>, StoreError> {
    let newest = "SELECT jwt FROM key_sets ORDER BY version DESC LIMIT 1";
    let Some(row) = db.maybe(newest, &[]).await? else { return Ok(None) };
    Ok(Some(StoredKeySet { jwt: row.try_get(0)?, keys: records(db).await? }))
}

pub(super) async fn records(db: &Session) -> Result<Vec<KeyRecord>, StoreError> {
    let all = "SELECT kid, stage, since, revoked_at, reason FROM signing_keys ORDER BY since, kid";
    db.rows(all, &[]).await?.iter().map(rows::key_record).collect()
}

pub(super) async fn put_set(db: &Session, keys: &PublicKeys, entry: &Entry) -> Result<bool, StoreError> {
    let version = rows::signed(keys.set().version())?;
    // A version only grows: an older set can never come back over a newer one.
    let changed = db
        .execute(
            "INSERT INTO key_sets (version, jwt) SELECT $1::bigint, $2::text
             WHERE $1 > (SELECT coalesce(max(version), 0) FROM key_sets)",
            &[&version, &keys.jwt()],
        )
        .await?;
    if changed > 0 {
        append(db, entry).await?;
    }
    let newest: i64 = db.one("SELECT max(version) FROM key_sets", &[]).await?.try_get(0)?;
    if version == newest {
        for key in keys.set().keys() {
            publish(db, key, entry.at).await?;
        }
        leave_out(db, keys.set(), entry.at).await?;
    }
    Ok(changed > 0)
}

/// A key whose turn never came, and that the newest set names no more, signs nothing: no set brings it back.
async fn leave_out(db: &Session, set: &KeySet, now: i64) -> Result<(), StoreError> {
    let named: Vec<KeyId> = set.keys().iter().map(|key| key.key.id()).collect();
    let remove = "UPDATE signing_keys SET stage = 'removed', since = $2 WHERE kid <> ALL ($1) AND stage = 'pending'";
    db.execute(remove, &[&named, &now]).await.map(drop)
}

async fn publish(db: &Session, key: &PublishedKey, now: i64) -> Result<(), StoreError> {
    let id = key.key.id();
    let add = "INSERT INTO signing_keys (kid, stage, since) VALUES ($1, 'pending', $2) ON CONFLICT DO NOTHING";
    db.execute(add, &[&id, &now]).await?;
    if let Some(revocation) = &key.revoked {
        let by = ActorName::from(&Actor::Operator);
        revoke(db, id, revocation, &Event::KeyRevoked { key: id, reason: revocation.reason.clone(), by }.at(now)).await?;
    }
    Ok(())
}

pub(super) async fn activate(db: &Session, id: KeyId, now: i64) -> Result<bool, StoreError> {
    // The key before it retires only if this one may take over, so that there is never none in between.
    let retired = db
        .maybe(
            "UPDATE signing_keys SET stage = 'retired', since = $1
             WHERE stage = 'active' AND EXISTS (SELECT 1 FROM signing_keys WHERE kid = $2 AND stage = 'pending')
             RETURNING kid",
            &[&now, &id],
        )
        .await?;
    let activate = "UPDATE signing_keys SET stage = 'active', since = $1 WHERE kid = $2 AND stage = 'pending'";
    let changed = db.execute(activate, &[&now, &id]).await?;
    if let Some(row) = retired {
        append(db, &Event::KeyRetired { key: row.try_get(0)? }.at(now)).await?;
    }
    if changed > 0 {
        append(db, &Event::KeyActivated { key: id }.at(now)).await?;
    }
    Ok(changed > 0)
}

pub(super) async fn remove(db: &Session, id: KeyId, now: i64) -> Result<bool, StoreError> {
    let remove = "UPDATE signing_keys SET stage = 'removed', since = $2 WHERE kid = $1 AND stage = 'retired'";
    let changed = db.execute(remove, &[&id, &now]).await?;
    if changed > 0 {
        append(db, &Event::KeyRemoved { key: id }.at(now)).await?;
    }
    Ok(changed > 0)
}

pub(super) async fn is_active(db: &Session, kid: KidPrefix) -> Result<bool, StoreError> {
    let active = "SELECT EXISTS (SELECT 1 FROM signing_keys WHERE stage = 'active' AND substr(kid, 1, 4) = $1)";
    Ok(db.one(active, &[&kid.as_slice()]).await?.try_get(0)?)
}

/// How many tokens it withdrew; `None` if there is no such key that is not revoked.
pub(super) async fn revoke(db: &Session, id: KeyId, revocation: &Revocation, entry: &Entry) -> Result<Option<usize>, StoreError> {
    let changed = db
        .execute(
            "UPDATE signing_keys SET revoked_at = $1, reason = $2,
                    since = CASE WHEN stage IN ('retired', 'removed') THEN since ELSE $3 END,
                    stage = CASE stage WHEN 'removed' THEN stage ELSE 'retired' END
             WHERE kid = $4 AND revoked_at IS NULL",
            &[&revocation.revoked_at, &revocation.reason, &entry.at, &id],
        )
        .await?;
    if changed == 0 {
        return Ok(None);
    }
    append(db, entry).await?;
    // Every verifier asks for the row, so the tokens on record are refused from this commit on.
    let live = live_after(db, entry.at).await?;
    let withdrawn = withdraw(db, "kid = $2 AND expires_at > $3", &[&entry.at, &id.prefix().as_slice(), &live]).await?;
    Ok(Some(usize::try_from(withdrawn).unwrap_or(usize::MAX)))
}

/// It was never of use to anybody, so it is removed at once. `false` if a set has named it.
pub(super) async fn revoke_unpublished(db: &Session, id: KeyId, revocation: &Revocation, entry: &Entry) -> Result<bool, StoreError> {
    let add = "INSERT INTO signing_keys (kid, stage, since, revoked_at, reason) VALUES ($1, 'removed', $2, $3, $4) ON CONFLICT DO NOTHING";
    let added = db.execute(add, &[&id, &entry.at, &revocation.revoked_at, &revocation.reason]).await?;
    if added > 0 {
        append(db, entry).await?;
    }
    Ok(added > 0)
}
