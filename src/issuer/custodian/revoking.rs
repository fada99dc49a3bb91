//! Takes trust back from a key, whether a set names it already or not.

use super::{Custodian, CustodyError};
use crate::{
    authority::{Actor, ActorName, is_short_text},
    issuer::Refused,
    keyring::{KeyId, Revocation},
    ledger::{Entry, Event},
};

impl Custodian {
    /// Revokes a key for good: all its tokens are withdrawn at once, and the next key takes over. How many tokens. The private
    /// half of a key that no set names yet is destroyed, and no set that names it is published any more.
    pub async fn revoke(&self, actor: &Actor, id: KeyId, reason: &str) -> Result<usize, Refused> {
        if !actor.may_administer() {
            return Err(Refused::NotAllowed("only administrators do this"));
        }
        if !is_short_text(reason) {
            return Err(Refused::Reason);
        }
        // A vault that cannot be read is no reason not to revoke what is published.
        let is_here = self.vault.ids().is_ok_and(|ids| ids.contains(&id));
        let (revocation, entry) = self.revocation(actor, id, reason);
        if is_here && self.store.revoke_unpublished(id, revocation.clone(), entry.clone()).await? {
            self.vault.destroy(id).map_err(CustodyError::from)?;
            return Ok(0);
        }
        if let Some(withdrawn) = self.store.revoke_key(id, revocation, entry).await? {
            return Ok(withdrawn);
        }
        if is_here {
            // The store knows it, as revoked: a revocation ended between the record and this.
            self.vault.destroy(id).map_err(CustodyError::from)?;
        }
        Err(Refused::UnknownKey(id))
    }

    /// Destroys a key that no set names. The record comes first: a set that names it may be on its way.
    pub(super) async fn discard(&self, id: KeyId) -> Result<(), CustodyError> {
        let (revocation, entry) = self.revocation(&Actor::Operator, id, "never published");
        self.store.revoke_unpublished(id, revocation, entry).await?;
        Ok(self.vault.destroy(id)?)
    }

    fn revocation(&self, actor: &Actor, id: KeyId, reason: &str) -> (Revocation, Entry) {
        let now = self.clock.now();
        let event = Event::KeyRevoked { key: id, reason: reason.to_owned(), by: ActorName::from(actor) };
        (Revocation { revoked_at: now, reason: reason.to_owned() }, event.at(now))
    }
}
