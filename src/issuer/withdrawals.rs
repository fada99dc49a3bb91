//! Many tokens withdrawn by one act: after an incident, and after an older copy of the store was restored.

use super::{Refused, Registry, people::unknown_person, registry::unknown_authorisation};
use crate::authority::{Act, Actor, Attempt, TokenSelection};

impl Registry {
    /// Withdraws every selected token that can still be checked, now or later; how many. Again is as good as once.
    pub async fn withdraw_tokens(&self, actor: &Actor, tokens: TokenSelection) -> Result<u64, Refused> {
        if let Actor::Person(officer) = actor {
            let refused = Refused::NotAllowed("only administrators withdraw many tokens at once");
            self.refusals.allow(officer, actor.may_administer(), Attempt::to(Act::WithdrawTokens), refused).await?;
        }
        // A name with a letter wrong must not pass for one without live tokens.
        match &tokens {
            TokenSelection::Authorisation(id) => drop(self.store.authorisation(*id).await?.ok_or_else(|| unknown_authorisation(*id))?),
            TokenSelection::Person(callsign) => drop(self.store.officer(callsign.clone()).await?.ok_or_else(|| unknown_person(callsign))?),
            TokenSelection::Channel(_) | TokenSelection::All => {}
        }
        Ok(self.store.withdraw_tokens(tokens, actor.into(), self.clock.now()).await?)
    }
}
