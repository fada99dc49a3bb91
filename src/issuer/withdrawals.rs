//! Many tokens withdrawn by one act: after an incident, and after an older copy of the store was restored.

use super::{Refused, Registry, people::unknown_person, registry::unknown_authorisation};
use crate::{
    authority::{Act, Actor, Attempt, TokenSelection},
    store::Once,
};

impl Registry {
    /// Withdraws every selected token that can still be checked, now or later; how many. Again is as good as once.
    pub async fn withdraw_tokens(&self, actor: &Actor, tokens: TokenSelection) -> Result<u64, Refused> {
        self.withdraw_tokens_once(actor, tokens, None).await
    }

    /// The same, once where there is a key: the same request again withdraws nothing that was issued since.
    pub async fn withdraw_tokens_once(&self, actor: &Actor, tokens: TokenSelection, once: Option<Once>) -> Result<u64, Refused> {
        if let Actor::Person(officer) = actor {
            let refused = Refused::NotAllowed("only administrators withdraw many tokens at once; ask an administrator");
            self.refusals.allow(officer, actor.may_administer(), Attempt::to(Act::WithdrawTokens), refused).await?;
        }
        if let Some(earlier) = self.earlier(once.as_ref()).await? {
            return Ok(u64::from_be_bytes(earlier.subject));
        }
        // A name with a letter wrong must not pass for one without live tokens.
        match &tokens {
            TokenSelection::Authorisation(id) => drop(self.store.authorisation(*id).await?.ok_or_else(|| unknown_authorisation(*id))?),
            TokenSelection::Person(callsign) => drop(self.store.officer(callsign.clone()).await?.ok_or_else(|| unknown_person(callsign))?),
            TokenSelection::Channel(_) | TokenSelection::All => {}
        }
        let done = self.store.withdraw_tokens_once(tokens, actor.into(), once.clone(), self.clock.now()).await;
        Ok(self.or_earlier(done, once.as_ref()).await?.unwrap_or_else(|earlier| u64::from_be_bytes(earlier.subject)))
    }
}
