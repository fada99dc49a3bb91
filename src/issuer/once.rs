//! Keys under which an act is done once (draft-ietf-httpapi-idempotency-key-header-07).

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Refused, Registry};
use crate::{
    authority::Callsign,
    store::{Earlier, Once, StoreError},
};

/// So that no other hash of ours is ever one of these.
const LABEL: &[u8] = b"countersign request\0";

/// What can be asked for once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnceAct {
    /// To issue a token.
    Issue,
    /// To ask for an authorisation.
    Ask,
    /// To approve a request.
    Approve,
    /// To refuse one.
    Refuse,
    /// To change an authorisation.
    Review,
    /// To withdraw many tokens.
    WithdrawTokens,
    /// To suspend a person.
    Suspend,
    /// To lift a suspension.
    Reinstate,
    /// To enrol a person.
    Enrol,
    /// To make an enrolment link.
    MakeLink,
    /// To revoke a passkey or credential.
    RevokeAccess,
}

impl OnceAct {
    fn as_str(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Ask => "ask",
            Self::Approve => "approve",
            Self::Refuse => "refuse",
            Self::Review => "review",
            Self::WithdrawTokens => "withdraw-tokens",
            Self::Suspend => "suspend",
            Self::Reinstate => "reinstate",
            Self::Enrol => "enrol",
            Self::MakeLink => "make-link",
            Self::RevokeAccess => "revoke-access",
        }
    }
}

impl Once {
    /// For a person who asks for `body` under a key of their own choice.
    pub fn of(act: OnceAct, callsign: &Callsign, key: &str, body: &impl Serialize) -> Self {
        let hash = Sha256::new_with_prefix(LABEL).chain_update(callsign.as_str()).chain_update([0]).chain_update(key);
        // What is asked for was read from JSON a moment ago, so it can be written; if not, it is like nothing else.
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self { hash: hash.finalize().into(), act: act.as_str(), body: Sha256::digest(body).into() }
    }
}

impl Registry {
    /// What came of the same request before; another request under the same key is refused.
    pub(super) async fn earlier(&self, once: Option<&Once>) -> Result<Option<Earlier>, Refused> {
        let Some(once) = once else { return Ok(None) };
        let earlier = self.store.earlier(once.hash).await?;
        earlier.map(|earlier| subject(&earlier, once).map(|_| earlier)).transpose()
    }

    /// What came of an act, or, where the same request was under way and came first, of that one.
    pub(super) async fn or_earlier<T>(&self, done: Result<T, StoreError>, once: Option<&Once>) -> Result<Result<T, Earlier>, Refused> {
        match done {
            Err(StoreError::Repeated) => self.earlier(once).await?.map(Err).ok_or(Refused::KeyReused),
            done => Ok(Ok(done?)),
        }
    }
}

/// What came of the same request before; another request under the same key is refused.
pub(super) fn subject(earlier: &Earlier, once: &Once) -> Result<[u8; 8], Refused> {
    if earlier.act == once.act && earlier.body == once.body { Ok(earlier.subject) } else { Err(Refused::KeyReused) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn person_and_key_make_the_hash_and_the_rest_is_compared() {
        let once = |act, callsign: &str, key, body| Once::of(act, &callsign.parse().unwrap(), key, &body);
        let first = once(OnceAct::Issue, "falcon", "k1", [1]);
        assert_eq!(once(OnceAct::Issue, "falcon", "k1", [1]), first);
        for (other, why) in [
            (once(OnceAct::Issue, "heron", "k1", [1]), "another person"),
            (once(OnceAct::Issue, "falcon", "k2", [1]), "another key"),
            (once(OnceAct::Issue, "falconk", "1", [1]), "cut elsewhere"),
        ] {
            assert_ne!(other.hash, first.hash, "{why}");
        }
        let kept = Earlier { act: first.act.into(), body: first.body, subject: [7; 8], callsign: None };
        assert_eq!(subject(&kept, &first).unwrap(), [7; 8]);
        for other in [once(OnceAct::Ask, "falcon", "k1", [1]), once(OnceAct::Issue, "falcon", "k1", [2])] {
            assert_eq!(other.hash, first.hash);
            assert!(matches!(subject(&kept, &other), Err(Refused::KeyReused)));
        }
    }
}
