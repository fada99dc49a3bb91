//! The closed list of events and their canonical bytes.
//!
//! An event never holds a name, a place, a number or anything else of the person approached.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    authority::{Authorisation, AuthorisationId, Callsign, Decision, Role},
    hex,
    keyring::KidPrefix,
    token::{Channel, Claims, Cti, TokenHash},
};

/// Something that somebody did. Times are seconds since 1970.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are the members of the canonical form")]
pub enum Event {
    /// A person was enrolled.
    OfficerEnrolled { callsign: Callsign, role: Role, by: String },
    /// A person may do nothing any more; their live tokens are withdrawn.
    OfficerSuspended { callsign: Callsign, by: String },
    /// A program credential was made; the ledger names it by the first eight bytes of its hash.
    CredentialMade { callsign: Callsign, hash: [u8; 32], expires_at: i64, by: String },
    /// An officer asked for an authorisation.
    AuthorisationAsked { authorisation: Box<Authorisation> },
    /// A second person decided.
    AuthorisationDecided { authorisation: AuthorisationId, decision: Decision, by: Callsign },
    /// An authorisation was taken back; its live tokens are withdrawn.
    AuthorisationWithdrawn { authorisation: AuthorisationId, by: Callsign },
    /// A token was issued.
    TokenIssued {
        cti: Cti,
        kid: KidPrefix,
        hash: TokenHash,
        channel: Channel,
        times: (i64, Option<i64>, i64),
        officer: Callsign,
        authorisation: AuthorisationId,
    },
    /// A token's spoken code was made to work.
    TokenMadeSpeakable { cti: Cti, by: Callsign },
    /// A token was withdrawn.
    TokenWithdrawn { cti: Cti, by: Callsign },
    /// A verifier reported a first check. A report, not proof. The time is in whole minutes.
    FirstCheckReported { cti: Cti, first_checked_at: i64 },
    /// A root-signed key set came into use.
    KeySetPublished { version: u64, hash: [u8; 32] },
}

/// An event at its time, ready to be appended.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Seconds since 1970.
    pub at: i64,
    /// What happened.
    pub event: Event,
}

impl Event {
    /// The event of a token that is about to be issued.
    pub fn token_issued(claims: &Claims, kid: KidPrefix, hash: TokenHash, officer: Callsign, authorisation: AuthorisationId) -> Self {
        let window = claims.window();
        Self::TokenIssued {
            cti: claims.cti(),
            kid,
            hash,
            channel: claims.approach().channel,
            times: (window.issued_at(), window.not_before(), window.expires_at()),
            officer,
            authorisation,
        }
    }

    /// At a time, in seconds since 1970.
    pub fn at(self, at: i64) -> Entry {
        Entry { at, event: self }
    }

    fn members(&self) -> (&'static str, Value) {
        match self {
            Self::OfficerEnrolled { callsign, role, by } => ("officer_enrolled", json!({"callsign": callsign, "role": role, "by": by})),
            Self::OfficerSuspended { callsign, by } => ("officer_suspended", json!({"callsign": callsign, "by": by})),
            Self::CredentialMade { callsign, hash, expires_at, by } => (
                "credential_made",
                json!({"callsign": callsign, "credential": hex::encode(&hash[..8]), "expires_at": expires_at, "by": by}),
            ),
            Self::AuthorisationAsked { authorisation: a } => (
                "authorisation_asked",
                json!({"authorisation": a.id, "by": a.asked_by, "channels": a.channels, "from": a.from, "until": a.until,
                       "max_tokens": a.max_tokens}),
            ),
            Self::AuthorisationDecided { authorisation, decision: Decision::Approve, by } => {
                ("authorisation_approved", json!({"authorisation": authorisation, "by": by}))
            }
            Self::AuthorisationDecided { authorisation, decision: Decision::Refuse, by } => {
                ("authorisation_refused", json!({"authorisation": authorisation, "by": by}))
            }
            Self::AuthorisationWithdrawn { authorisation, by } => {
                ("authorisation_withdrawn", json!({"authorisation": authorisation, "by": by}))
            }
            Self::TokenIssued { cti, kid, hash, channel, times: (iat, nbf, exp), officer, authorisation } => (
                "token_issued",
                json!({"cti": cti.to_string(), "kid": hex::encode(kid), "sha256": hex::encode(&hash.0), "channel": channel, "iat": iat, "nbf": nbf,
                       "exp": exp, "by": officer, "authorisation": authorisation}),
            ),
            Self::TokenMadeSpeakable { cti, by } => ("token_made_speakable", json!({"cti": cti.to_string(), "by": by})),
            Self::TokenWithdrawn { cti, by } => ("token_withdrawn", json!({"cti": cti.to_string(), "by": by})),
            Self::FirstCheckReported { cti, first_checked_at } => {
                ("first_check_reported", json!({"cti": cti.to_string(), "first_checked_at": first_checked_at}))
            }
            Self::KeySetPublished { version, hash } => ("key_set_published", json!({"version": version, "sha256": hex::encode(hash)})),
        }
    }
}

impl Entry {
    /// The bytes that become a leaf: JSON with sorted members, no white space, integers only (a subset of RFC 8785),
    /// so that an overseer can read and rebuild it with any tool.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let (kind, members) = self.event.members();
        let mut sorted: BTreeMap<String, Value> = match members {
            Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            _ => BTreeMap::new(),
        };
        sorted.insert("at".into(), self.at.into());
        sorted.insert("event".into(), kind.into());
        // A map of strings, integers and lists of strings always serializes.
        serde_json::to_vec(&sorted).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_sorted_compact_and_leave_out_what_is_absent() {
        let issued = Event::TokenIssued {
            cti: Cti([1; 8]),
            kid: [2; 4],
            hash: TokenHash([3; 32]),
            channel: Channel::InPerson,
            times: (10, None, 20),
            officer: "falcon".parse().unwrap(),
            authorisation: AuthorisationId([4; 8]),
        };
        let expected = format!(
            r#"{{"at":11,"authorisation":"0404040404040404","by":"falcon","channel":"in-person","cti":"0101010101010101","event":"token_issued","exp":20,"iat":10,"kid":"02020202","sha256":"{}"}}"#,
            "03".repeat(32)
        );
        assert_eq!(String::from_utf8(issued.at(11).canonical_bytes()).unwrap(), expected);
    }
}
