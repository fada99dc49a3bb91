//! Whether signing keys took their turns.

use std::collections::{HashMap, HashSet};

use super::{Remarks, fault};
use crate::keyring::{KeyId, KidPrefix};

#[derive(Default)]
pub(super) struct Keys {
    /// Whether the ledger records keys at all: the first entries of an early store do not.
    are_recorded: bool,
    active: Option<KeyId>,
    spent: HashSet<KeyId>,
    removed: HashSet<KeyId>,
    pub(super) revoked: HashMap<KeyId, i64>,
    pub(super) version: Option<u64>,
}

impl Keys {
    pub(super) fn sign(&self, kid: KidPrefix) -> bool {
        !self.are_recorded || self.active.is_some_and(|key| key.prefix() == kid)
    }

    pub(super) fn activated(&mut self, remarks: &mut Remarks, key: KeyId) {
        self.are_recorded = true;
        fault(remarks, self.spent.contains(&key), || format!("key {key} was used again after it was retired or revoked"));
        let other = self.active.replace(key);
        fault(remarks, other.is_some(), || format!("key {key} was made the active one beside another"));
    }

    pub(super) fn retired(&mut self, remarks: &mut Remarks, key: KeyId) {
        fault(remarks, self.active != Some(key), || format!("key {key} was retired, but was not the active one"));
        self.active = self.active.filter(|active| *active != key);
        self.spent.insert(key);
    }

    pub(super) fn removed(&mut self, remarks: &mut Remarks, key: KeyId) {
        fault(remarks, !self.spent.contains(&key), || format!("key {key} was removed before it was retired"));
        fault(remarks, !self.removed.insert(key), || format!("key {key} was removed twice"));
    }

    pub(super) fn revoked(&mut self, remarks: &mut Remarks, key: KeyId, at: i64) {
        fault(remarks, self.revoked.insert(key, at).is_some(), || format!("key {key} was revoked before"));
        self.active = self.active.filter(|active| *active != key);
        self.spent.insert(key);
    }
}
