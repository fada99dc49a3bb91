//! The closed list of events and their canonical bytes.
//!
//! An event never holds a name, a place, a number or anything else of the person approached.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::VerifierKey;
use crate::{
    authority::{
        AccessHash, AccessId, Act, ActorName, Attempt, Authorisation, AuthorisationId, Callsign, Decision, Reason, Review, Role, Scopes,
        TokenSelection, Why,
    },
    hex,
    keyring::{KeyId, KidPrefix, PublicKeys},
    token::{Channel, Claims, Cti, TokenHash},
};

/// Something that somebody did. Its fields are the members of the canonical form; times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are the members of the canonical form")]
pub enum Event {
    /// A person was enrolled.
    OfficerEnrolled { callsign: Callsign, role: Role, by: ActorName },
    /// A person may do nothing any more; live tokens that they issued or approved are withdrawn.
    OfficerSuspended { callsign: Callsign, by: ActorName },
    /// A person may act again. What their suspension ended stays ended.
    OfficerReinstated { callsign: Callsign, reason: Reason, by: ActorName },
    /// A program credential was made; it is named by the first eight bytes of its hash.
    CredentialMade {
        callsign: Callsign,
        #[serde(with = "hex")]
        credential: [u8; 8],
        expires_at: i64,
        /// What it is good for; absent in entries from before there were scopes.
        #[serde(skip_serializing_if = "Option::is_none")]
        scopes: Option<Scopes>,
        by: ActorName,
    },
    /// A one-time link was made with which a person registers a passkey.
    LinkMade { callsign: Callsign, link: AccessId, expires_at: i64, by: ActorName },
    /// A person registered a passkey with a link, which is used up.
    PasskeyRegistered { callsign: Callsign, passkey: AccessId, link: AccessId },
    /// A passkey or a program's credential opens nothing any more; what was issued with it is withdrawn.
    AccessRevoked {
        callsign: Callsign,
        access: AccessId,
        by: ActorName,
        /// How many tokens it withdrew; absent in entries from before a revocation withdrew any.
        #[serde(skip_serializing_if = "Option::is_none")]
        withdrawn: Option<u64>,
    },
    /// A passkey was used with a counter that was used before, for the first time in a minute: there may be a copy of it.
    PasskeyCounterRegressed { callsign: Callsign, passkey: AccessId },
    /// A person tried what they may not, for the first time in a minute.
    ActRefused {
        by: Callsign,
        act: Act,
        why: Why,
        #[serde(skip_serializing_if = "Option::is_none")]
        authorisation: Option<AuthorisationId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cti: Option<Cti>,
    },
    /// An officer asked for an authorisation.
    AuthorisationAsked { authorisation: AuthorisationId, by: Callsign, channels: BTreeSet<Channel>, from: i64, until: i64, max_tokens: u32 },
    /// A second person said yes.
    AuthorisationApproved { authorisation: AuthorisationId, by: Callsign },
    /// A second person said no.
    AuthorisationRefused { authorisation: AuthorisationId, by: Callsign },
    /// A second person changed an authorisation while it lasted; live tokens outside of what it now covers are withdrawn.
    AuthorisationReviewed { authorisation: AuthorisationId, by: Callsign, channels: BTreeSet<Channel>, until: i64, max_tokens: u32 },
    /// An authorisation was taken back; its live tokens are withdrawn.
    AuthorisationWithdrawn { authorisation: AuthorisationId, by: Callsign },
    /// A token was issued.
    TokenIssued {
        cti: Cti,
        #[serde(with = "hex")]
        kid: KidPrefix,
        sha256: TokenHash,
        channel: Channel,
        iat: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        nbf: Option<i64>,
        exp: i64,
        by: Callsign,
        /// The passkey that confirmed it, or the program's credential; absent in entries from before this was recorded.
        #[serde(skip_serializing_if = "Option::is_none")]
        access: Option<AccessId>,
        authorisation: AuthorisationId,
    },
    /// A token's spoken code was made to work.
    TokenMadeSpeakable { cti: Cti, by: Callsign },
    /// A token was withdrawn.
    TokenWithdrawn { cti: Cti, by: Callsign },
    /// Every token of a selection that could still be checked was withdrawn.
    TokensWithdrawn { tokens: TokenSelection, withdrawn: u64, by: ActorName },
    /// A verifier reported a first check. A report, not proof. The time is in whole minutes.
    FirstCheckReported { cti: Cti, first_checked_at: i64 },
    /// A root-signed key set came into use; the hash is that of its JWT.
    KeySetPublished {
        version: u64,
        #[serde(with = "hex", rename = "sha256")]
        hash: [u8; 32],
    },
    /// A key signs from now on.
    KeyActivated { key: KeyId },
    /// A key signs no more.
    KeyRetired { key: KeyId },
    /// No token of a key can be shown any more.
    KeyRemoved { key: KeyId },
    /// A key is not to be trusted; all its tokens are withdrawn.
    KeyRevoked { key: KeyId, reason: String, by: ActorName },
    /// Checkpoints that cover this entry are signed by another key than those before it. `size` is of the newest checkpoint
    /// that the key before is known to have signed alone.
    LedgerKeyChanged {
        old: Box<VerifierKey>,
        new: Box<VerifierKey>,
        size: u64,
        cause: KeyCause,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        by: ActorName,
    },
    /// What a clock that was ahead had left in the store was undone: how far tokens count as purged was lowered, and so many tokens
    /// whose records were gone count as withdrawn.
    ClockCorrected { purged_from: i64, purged_to: i64, withdrawn: u32, by: ActorName },
}

/// Why the ledger's key was replaced. A key vouches for the one behind it, by signing the first checkpoint that covers the
/// change too, only where it was renewed: a key that is gone cannot, the word of a stolen one is worth nothing, and after
/// entries were lost it would sign two ledgers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyCause {
    /// In good order.
    Renewed,
    /// Its private half is gone.
    Lost,
    /// Somebody else may have its private half.
    Stolen,
    /// Entries that it signed are not in the store any more.
    Restored,
}

impl KeyCause {
    /// Behind "because".
    pub fn as_words(self) -> &'static str {
        match self {
            Self::Renewed => "it was time",
            Self::Lost => "the key before was lost",
            Self::Stolen => "the key before was stolen",
            Self::Restored => "entries were lost that the key before had signed",
        }
    }
}

/// An event at its time, ready to be appended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Seconds since 1970.
    pub at: i64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// The bytes are not the canonical form of an event of the closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an event of the closed list in its canonical form")]
pub struct NoEntry;

impl Event {
    /// The event of a token that is about to be issued.
    pub fn token_issued(
        claims: &Claims,
        kid: KidPrefix,
        sha256: TokenHash,
        (by, access): (Callsign, AccessId),
        authorisation: AuthorisationId,
    ) -> Self {
        let (window, channel) = (claims.window(), claims.approach().channel);
        let (iat, nbf, exp) = (window.issued_at(), window.not_before(), window.expires_at());
        Self::TokenIssued { cti: claims.cti(), kid, sha256, channel, iat, nbf, exp, by, access: Some(access), authorisation }
    }

    /// The event of a new credential with this hash.
    pub fn credential_made(callsign: Callsign, hash: AccessHash, scopes: Scopes, expires_at: i64, by: ActorName) -> Self {
        Self::CredentialMade { callsign, credential: hash.id().0, expires_at, scopes: Some(scopes), by }
    }

    /// The event of a review.
    pub fn authorisation_reviewed(authorisation: AuthorisationId, review: &Review, by: Callsign) -> Self {
        let (channels, until, max_tokens) = (review.channels().clone(), review.until(), review.max_tokens());
        Self::AuthorisationReviewed { authorisation, by, channels, until, max_tokens }
    }

    /// The event of what a person may not.
    pub fn act_refused(by: Callsign, Attempt { act, authorisation, cti }: Attempt, why: Why) -> Self {
        Self::ActRefused { by, act, why, authorisation, cti }
    }

    /// The event of a request that waits for a second person.
    pub fn authorisation_asked(asked: &Authorisation) -> Self {
        let Authorisation { id, asked_by, channels, from, until, max_tokens, .. } = asked.clone();
        Self::AuthorisationAsked { authorisation: id, by: asked_by, channels, from, until, max_tokens }
    }

    /// The event of a second person's decision.
    pub fn authorisation_decided(authorisation: AuthorisationId, decision: Decision, by: Callsign) -> Self {
        match decision {
            Decision::Approve => Self::AuthorisationApproved { authorisation, by },
            Decision::Refuse => Self::AuthorisationRefused { authorisation, by },
        }
    }

    /// The event of a set that comes into use.
    pub fn key_set_published(keys: &PublicKeys) -> Self {
        Self::KeySetPublished { version: keys.set().version(), hash: Sha256::digest(keys.jwt()).into() }
    }

    /// At a time, in seconds since 1970.
    pub fn at(self, at: i64) -> Entry {
        Entry { at, event: self }
    }
}

impl Entry {
    /// The bytes that become a leaf: JSON with sorted members, no white space, integers only (a subset of RFC 8785),
    /// so that an overseer can read and rebuild it with any tool.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        // Events of strings, integers and lists of strings always serialize.
        let members: BTreeMap<String, Value> =
            serde_json::to_value(self).ok().and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
        serde_json::to_vec(&members).unwrap_or_default()
    }

    /// Reads a leaf. Whatever is not, byte for byte, what [`Entry::canonical_bytes`] writes is refused, so that a member
    /// too many, another order or another spelling cannot hide anything.
    pub fn parse(leaf: &[u8]) -> Result<Self, NoEntry> {
        let entry: Self = serde_json::from_slice(leaf).map_err(|_| NoEntry)?;
        if entry.canonical_bytes() == leaf { Ok(entry) } else { Err(NoEntry) }
    }

    /// The word for the kind of event, as in its canonical form.
    pub fn kind(&self) -> String {
        serde_json::to_value(&self.event).ok().and_then(|value| value["event"].as_str().map(str::to_owned)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued() -> Entry {
        let event = Event::TokenIssued {
            cti: Cti([1; 8]),
            kid: [2; 4],
            sha256: TokenHash([3; 32]),
            channel: Channel::InPerson,
            iat: 10,
            nbf: None,
            exp: 20,
            by: "falcon".parse().unwrap(),
            access: None,
            authorisation: AuthorisationId([4; 8]),
        };
        event.at(11)
    }

    #[test]
    fn bytes_are_sorted_compact_and_leave_out_what_is_absent() {
        let expected = format!(
            r#"{{"at":11,"authorisation":"0404040404040404","by":"falcon","channel":"in-person","cti":"0101010101010101","event":"token_issued","exp":20,"iat":10,"kid":"02020202","sha256":"{}"}}"#,
            "03".repeat(32)
        );
        assert_eq!(String::from_utf8(issued().canonical_bytes()).unwrap(), expected);
        assert_eq!(Entry::parse(expected.as_bytes()), Ok(issued()));
        assert_eq!(issued().kind(), "token_issued");
    }

    #[test]
    fn another_spelling_of_an_event_is_none() {
        let good = String::from_utf8(issued().canonical_bytes()).unwrap();
        for (from, to) in [
            ("{\"at\":11,", "{\"at\":11, "),
            ("{\"at\":11,", "{\"at\":11.0,"),
            ("{\"at\":11,", "{\"at\":\"11\","),
            ("{\"at\":11,", "{\"at\":11,\"at\":11,"),
            ("{\"at\":11,", "{"),
            ("\"iat\":10,", "\"iat\":10,\"name\":\"Anna\","),
            ("\"iat\":10,", "\"iat\":10,\"nbf\":null,"),
            ("in-person", "in\\u002dperson"),
            ("0404", "04A4"),
            ("token_issued", "token_forged"),
            ("falcon", "*operator"),
            ("}", "}\n"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{to}");
            assert_eq!(Entry::parse(bad.as_bytes()), Err(NoEntry), "{bad}");
        }
    }
}
