//! Takes trust back from a key, whether a set names it already or not.

use super::{Custodian, CustodyError};
use crate::{
    authority::{Actor, ActorName, is_short_text},
    issuer::Refused,
    keyring::{KeyId, Revocation},
    ledger::{Entry, Event},
    store::StoreError,
};

/// What a revocation did at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// So many tokens were withdrawn.
    pub withdrawn: usize,
    /// Its private half was here and is destroyed. That of a key which a set names is left to the next rotation.
    pub destroyed: bool,
}

impl Custodian {
    /// Revokes a key for good: all its tokens are withdrawn at once, and the next key takes over. The private half of a key that
    /// no set names yet is destroyed, and no set that names it is published any more. Where a revocation ended before its key was
    /// destroyed, this finishes it.
    pub async fn revoke(&self, actor: &Actor, id: KeyId, reason: &str) -> Result<Revoked, Refused> {
        if !actor.may_administer() {
            return Err(Refused::NotAllowed("only administrators do this; ask an administrator"));
        }
        if !is_short_text(reason) {
            return Err(Refused::Reason);
        }
        // A vault that cannot be read is no reason not to revoke what is published.
        let is_here = self.vault.ids().is_ok_and(|ids| ids.contains(&id));
        if !is_here || !self.revoke_unpublished(actor, id, reason).await? {
            let (revocation, entry) = self.revocation(actor, id, reason);
            if let Some(withdrawn) = self.store.revoke_key(id, revocation, entry).await? {
                return Ok(Revoked { withdrawn, destroyed: false });
            }
            if !is_here {
                return Err(Refused::UnknownKey(id));
            }
        }
        // Revoked now or before: the store has a record of every key that gets here.
        self.vault.destroy(id).map_err(CustodyError::from)?;
        Ok(Revoked { withdrawn: 0, destroyed: true })
    }

    /// Revokes a key that no set names; `false` if one does. The record comes before the private half goes: a set that names the
    /// key may be on its way.
    pub(super) async fn revoke_unpublished(&self, actor: &Actor, id: KeyId, reason: &str) -> Result<bool, StoreError> {
        let (revocation, entry) = self.revocation(actor, id, reason);
        self.store.revoke_unpublished(id, revocation, entry).await
    }

    fn revocation(&self, actor: &Actor, id: KeyId, reason: &str) -> (Revocation, Entry) {
        let now = self.clock.now();
        let event = Event::KeyRevoked { key: id, reason: reason.to_owned(), by: ActorName::from(actor) };
        (Revocation { revoked_at: now, reason: reason.to_owned() }, event.at(now))
    }
}
