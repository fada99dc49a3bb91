//! Puts the next set together for the root to sign.

use std::collections::BTreeSet;

use super::{Custodian, CustodyError, VaultError, draw_key};
use crate::{
    authority::Actor,
    keyring::{
        KeyId, KeySet, PublicKey,
        rotation::{KeyRecord, NextSet, Stage},
    },
};

/// What becomes of keys that were made for a request and that no set names yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spares {
    /// The next set takes them, so that who asks again gets the same keys again.
    Used,
    /// They may be in other hands: all are destroyed, and no set that names one is published. A key that a set named stays,
    /// unless it was revoked.
    Destroyed,
}

/// A request.
#[derive(Debug)]
pub struct Asked {
    /// What the root is asked to sign.
    pub set: KeySet,
    /// Why keys that are here were not taken; the request does without them.
    pub passed_over: Vec<VaultError>,
    /// Keys whose private half was destroyed for it.
    pub destroyed: Vec<KeyId>,
}

impl Custodian {
    /// Puts the next set together, with as many new keys as it lacks, for the root to sign. `seen` is the highest version that
    /// is known elsewhere, as where the store was lost.
    pub async fn next_set(&self, seen: u64, spares: Spares) -> Result<Asked, CustodyError> {
        let current = self.published().await?.map(|(_, set)| set);
        let records = self.store.key_records().await?;
        self.all_here(&records)?;
        let destroyed = match spares {
            Spares::Used => Vec::new(),
            Spares::Destroyed => self.discard_all(&records).await?,
        };
        let version = current.as_ref().map_or(0, KeySet::version).max(seen).saturating_add(1);
        let next = NextSet { version, current: current.as_ref(), records: &records, policy: &self.trust.policy, now: self.clock.now() };
        let mut known: BTreeSet<KeyId> = records.iter().map(|record| record.id).collect();
        let (mut new, passed_over) = self.spare_keys(&known, next.wanted())?;
        known.extend(self.vault.ids()?);
        while new.len() < next.wanted() {
            let key = draw_key(&*self.entropy)?;
            // Two keys with one prefix could be taken for one another in a token.
            if known.iter().any(|other| other.prefix() == key.public().id().prefix()) {
                continue;
            }
            self.vault.add(&key)?;
            known.insert(key.public().id());
            new.push(key.public());
        }
        Ok(Asked { set: next.with(self.trust.issuer.clone(), new)?, passed_over, destroyed })
    }

    /// New keys would be on this machine alone, so it must be the one that has those before.
    fn all_here(&self, records: &[KeyRecord]) -> Result<(), CustodyError> {
        let here = self.vault.ids()?;
        let needed = |record: &&KeyRecord| record.stage <= Stage::Active && record.revoked.is_none();
        match records.iter().filter(needed).find(|record| !here.contains(&record.id)) {
            Some(record) => Err(CustodyError::Elsewhere(record.id)),
            None => Ok(()),
        }
    }

    /// Keys that were made for a request before, and why others that are here cannot be used.
    fn spare_keys(&self, known: &BTreeSet<KeyId>, wanted: usize) -> Result<(Vec<PublicKey>, Vec<VaultError>), CustodyError> {
        let (mut spare, mut passed_over) = (Vec::new(), Vec::new());
        for id in self.vault.ids()?.difference(known) {
            match self.vault.load(*id) {
                Ok(key) => spare.push(key.public()),
                Err(error) => passed_over.push(error),
            }
        }
        spare.truncate(wanted);
        Ok((spare, passed_over))
    }

    /// Destroys what no set names, and what a revocation left that ended half-way. A key whose record is not revoked may still be
    /// needed: it waits, signs, or is within its grace.
    async fn discard_all(&self, records: &[KeyRecord]) -> Result<Vec<KeyId>, CustodyError> {
        let mut destroyed = Vec::new();
        for id in self.vault.ids()? {
            let is_revoked = match records.iter().find(|record| record.id == id) {
                Some(record) => record.revoked.is_some(),
                None => self.revoke_unpublished(&Actor::Operator, id, "never published").await?,
            };
            if is_revoked {
                self.vault.destroy(id)?;
                destroyed.push(id);
            }
        }
        Ok(destroyed)
    }
}
