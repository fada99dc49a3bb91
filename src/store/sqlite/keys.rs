//! The life of a signing key's row: published, active, retired, removed, revoked.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, named_params};

use super::{ledger::append, rows, time::live_after, withdrawals::withdraw};
use crate::{
    authority::{Actor, ActorName},
    keyring::{KeyId, KeySet, KidPrefix, PublicKeys, PublishedKey, Revocation, rotation::KeyRecord},
    ledger::{Entry, Event},
    store::{StoreError, StoredKeySet},
};

pub(super) fn newest(db: &Connection) -> Result<Option<StoredKeySet>, StoreError> {
    let mut newest = db.prepare_cached("SELECT jwt FROM key_sets ORDER BY version DESC LIMIT 1")?;
    let Some(jwt) = newest.query_row([], |row| row.get(0)).optional()? else { return Ok(None) };
    Ok(Some(StoredKeySet { jwt, keys: records(db)? }))
}

pub(super) fn records(db: &Connection) -> Result<Vec<KeyRecord>, StoreError> {
    let mut all = db.prepare_cached("SELECT kid, stage, since, revoked_at, reason FROM signing_keys ORDER BY since, kid")?;
    Ok(all.query_map([], rows::key_record)?.collect::<Result<_, _>>()?)
}

pub(super) fn put_set(db: &Connection, keys: &PublicKeys, entry: &Entry) -> Result<bool, StoreError> {
    let version = keys.set().version().cast_signed();
    // A version only grows: an older set can never come back over a newer one.
    let changed = db
        .prepare_cached(
            "INSERT INTO key_sets (version, jwt) SELECT :version, :jwt
             WHERE :version > (SELECT coalesce(max(version), 0) FROM key_sets)",
        )?
        .execute(named_params! {":version": version, ":jwt": keys.jwt()})?;
    if changed > 0 {
        append(db, entry)?;
    }
    let newest = db.query_row("SELECT max(version) FROM key_sets", [], |row| row.get::<_, i64>(0))?;
    // Also for the set that is kept already, whose keys a store of an earlier version does not know yet.
    if version == newest {
        for key in keys.set().keys() {
            publish(db, key, entry.at)?;
        }
        leave_out(db, keys.set(), entry.at)?;
    }
    Ok(changed > 0)
}

/// A key whose turn never came, and that the newest set names no more, signs nothing: no set brings it back.
fn leave_out(db: &Connection, set: &KeySet, now: i64) -> Result<(), StoreError> {
    let named: BTreeSet<KeyId> = set.keys().iter().map(|key| key.key.id()).collect();
    for record in records(db)?.iter().filter(|record| !named.contains(&record.id)) {
        db.prepare_cached("UPDATE signing_keys SET stage = 'removed', since = ?2 WHERE kid = ?1 AND stage = 'pending'")?
            .execute((record.id, now))?;
    }
    Ok(())
}

fn publish(db: &Connection, key: &PublishedKey, now: i64) -> Result<(), StoreError> {
    let id = key.key.id();
    db.prepare_cached("INSERT INTO signing_keys (kid, stage, since) VALUES (?1, 'pending', ?2) ON CONFLICT DO NOTHING")?
        .execute((id, now))?;
    if let Some(revocation) = &key.revoked {
        let by = ActorName::from(&Actor::Operator);
        revoke(db, id, revocation, &Event::KeyRevoked { key: id, reason: revocation.reason.clone(), by }.at(now))?;
    }
    Ok(())
}

pub(super) fn activate(db: &Connection, id: KeyId, now: i64) -> Result<bool, StoreError> {
    // The key before it retires only if this one may take over, so that there is never none in between.
    let retired: Option<KeyId> = db
        .prepare_cached(
            "UPDATE signing_keys SET stage = 'retired', since = :now
             WHERE stage = 'active' AND EXISTS (SELECT 1 FROM signing_keys WHERE kid = :id AND stage = 'pending')
             RETURNING kid",
        )?
        .query_row(named_params! {":now": now, ":id": id}, |row| row.get(0))
        .optional()?;
    let changed = db
        .prepare_cached("UPDATE signing_keys SET stage = 'active', since = :now WHERE kid = :id AND stage = 'pending'")?
        .execute(named_params! {":now": now, ":id": id})?;
    if let Some(key) = retired {
        append(db, &Event::KeyRetired { key }.at(now))?;
    }
    if changed > 0 {
        append(db, &Event::KeyActivated { key: id }.at(now))?;
    }
    Ok(changed > 0)
}

pub(super) fn remove(db: &Connection, id: KeyId, now: i64) -> Result<bool, StoreError> {
    let mut remove = db.prepare_cached("UPDATE signing_keys SET stage = 'removed', since = ?2 WHERE kid = ?1 AND stage = 'retired'")?;
    let changed = remove.execute((id, now))?;
    if changed > 0 {
        append(db, &Event::KeyRemoved { key: id }.at(now))?;
    }
    Ok(changed > 0)
}

pub(super) fn is_active(db: &Connection, kid: KidPrefix) -> Result<bool, StoreError> {
    let mut active = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM signing_keys WHERE stage = 'active' AND substr(kid, 1, 4) = ?1)")?;
    Ok(active.query_row([kid], |row| row.get(0))?)
}

/// How many tokens it withdrew; `None` if there is no such key that is not revoked.
pub(super) fn revoke(db: &Connection, id: KeyId, revocation: &Revocation, entry: &Entry) -> Result<Option<usize>, StoreError> {
    let changed = db
        .prepare_cached(
            "UPDATE signing_keys SET revoked_at = :at, reason = :reason,
                    since = CASE WHEN stage IN ('retired', 'removed') THEN since ELSE :now END,
                    stage = CASE stage WHEN 'removed' THEN stage ELSE 'retired' END
             WHERE kid = :id AND revoked_at IS NULL",
        )?
        .execute(named_params! {":at": revocation.revoked_at, ":reason": revocation.reason, ":now": entry.at, ":id": id})?;
    if changed == 0 {
        return Ok(None);
    }
    append(db, entry)?;
    // Every verifier asks for the row, so the tokens on record are refused from this commit on.
    let live = live_after(db, entry.at)?;
    let of_key = named_params! {":now": entry.at, ":kid": id.prefix(), ":live": live};
    Ok(Some(withdraw(db, "kid = :kid AND expires_at > :live", of_key)?))
}

/// It was never of use to anybody, so it is removed at once. `false` if a set has named it.
pub(super) fn revoke_unpublished(db: &Connection, id: KeyId, revocation: &Revocation, entry: &Entry) -> Result<bool, StoreError> {
    let add = "INSERT INTO signing_keys (kid, stage, since, revoked_at, reason) VALUES (?1, 'removed', ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    let added = db.prepare_cached(add)?.execute((id, entry.at, revocation.revoked_at, &revocation.reason))?;
    if added > 0 {
        append(db, entry)?;
    }
    Ok(added > 0)
}
