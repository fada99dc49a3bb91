//! WebAuthn (Level 3) as we use it; the only user of `webauthn-rs`.
//!
//! A ceremony is begun with a challenge that the library draws, and kept in memory until its one answer or its end. User
//! verification is required in each: a fingerprint, a face or the device's PIN.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::Serialize;
use serde_json::Value;
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{
        AuthenticationResult, CredentialID, DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyAuthentication,
        PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Url, Uuid, WebauthnError,
    },
};

use crate::{
    authority::{AccessHash, AccessId, Callsign},
    store::{PasskeyRow, PasskeyUse},
};

/// How long a ceremony waits for its answer. Seconds.
pub(super) const CEREMONY: u16 = 120;

/// The most ceremonies of a kind that wait at once; the oldest makes room. Each holds about a kilobyte.
const WAITING: usize = 4_096;

/// What the authenticator shows beside a passkey: as little as possible on a phone that others may look at.
const NAME: &str = "Workspace";

/// The address of the console cannot be used for passkeys.
#[derive(Debug, thiserror::Error)]
#[error("passkeys cannot be used at {0}; give the console an address of its own that begins with https:// and a host name")]
pub struct RelyingPartyError(String);

/// Why an answer opens nothing. A stranger learns nothing of it.
#[derive(Debug)]
pub(super) enum NotConfirmed {
    /// It is not one to a challenge of ours that is still open, or not a good one.
    Wrong,
    /// It is well signed, with a counter that this passkey used before: there may be a copy of it.
    CounterRegressed {
        /// Whose passkey.
        owner: Callsign,
        /// Which.
        passkey: AccessId,
    },
}

impl NotConfirmed {
    /// Of an answer by this passkey. The library looks at the counter only of what is well signed, and never at the counters
    /// of synced passkeys, which are always 0.
    fn by(row: &PasskeyRow, error: WebauthnError) -> Self {
        match error {
            WebauthnError::CredentialPossibleCompromise => Self::CounterRegressed { owner: row.callsign.clone(), passkey: row.hash.id() },
            error => error.into(),
        }
    }
}

impl From<WebauthnError> for NotConfirmed {
    fn from(error: WebauthnError) -> Self {
        tracing::info!(kind = "passkeys", %error, "an answer of an authenticator was refused");
        Self::Wrong
    }
}

/// A challenge on its way to an authenticator.
#[derive(Debug, Serialize)]
pub struct Challenge {
    /// Names the ceremony in the answer.
    pub ceremony: String,
    /// For `navigator.credentials`.
    pub options: Value,
}

/// An authenticator's answer.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Which ceremony it ends.
    pub ceremony: String,
    /// What `navigator.credentials` gave.
    pub credential: Value,
}

/// Ceremonies of one kind that wait for their answers.
struct Waiting<T>(Mutex<HashMap<String, (i64, T)>>);

impl<T> Waiting<T> {
    fn new() -> Self {
        Self(Mutex::default())
    }

    fn keep(&self, ceremony: String, state: T, now: i64) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING {
            waiting.retain(|_, (until, _)| *until > now);
        }
        if waiting.len() >= WAITING
            && let Some(oldest) = waiting.iter().min_by_key(|(_, (until, _))| *until).map(|(id, _)| id.clone())
        {
            waiting.remove(&oldest);
        }
        waiting.insert(ceremony, (now + i64::from(CEREMONY), state));
    }

    /// An answer ends its ceremony, whatever comes of it: the same answer again finds none.
    fn take(&self, ceremony: &str, now: i64) -> Result<T, NotConfirmed> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(ceremony);
        taken.filter(|(until, _)| (*until - i64::from(CEREMONY)..*until).contains(&now)).map(|(_, state)| state).ok_or(NotConfirmed::Wrong)
    }
}

struct Registering {
    link: AccessHash,
    handle: [u8; 16],
    state: PasskeyRegistration,
}

struct Confirming {
    session: AccessHash,
    rows: Vec<PasskeyRow>,
    state: PasskeyAuthentication,
}

/// What there is to see of a passkey in the library's own form.
#[derive(serde::Deserialize)]
struct Counting {
    cred: Counter,
}

#[derive(serde::Deserialize)]
struct Counter {
    counter: u32,
}

/// One console at one address.
pub struct RelyingParty {
    webauthn: Webauthn,
    registering: Waiting<Registering>,
    signing_in: Waiting<DiscoverableAuthentication>,
    confirming: Waiting<Confirming>,
}

impl RelyingParty {
    /// For the console at this address, which is scheme and host.
    pub fn at(console_url: &str) -> Result<Self, RelyingPartyError> {
        let wrong = || RelyingPartyError(console_url.to_owned());
        let url = Url::parse(console_url).map_err(|_| wrong())?;
        let host = url.domain().ok_or_else(wrong)?;
        // Browsers offer passkeys to secure origins alone.
        if url.scheme() != "https" && host != "localhost" {
            return Err(wrong());
        }
        let built = WebauthnBuilder::new(host, &url).map_err(|_| wrong())?.rp_name(NAME);
        let webauthn = built.timeout(Duration::from_secs(CEREMONY.into())).build().map_err(|_| wrong())?;
        Ok(Self { webauthn, registering: Waiting::new(), signing_in: Waiting::new(), confirming: Waiting::new() })
    }

    /// Begins a registration under a link. The passkeys that the person has are named, so that no device takes a second one.
    pub(super) fn register(
        &self,
        ceremony: String,
        (link, callsign, handle): (AccessHash, &Callsign, [u8; 16]),
        known: &[PasskeyRow],
        now: i64,
    ) -> Result<Challenge, NotConfirmed> {
        let known: Vec<CredentialID> = known.iter().filter_map(|row| read(row).ok()).map(|passkey| passkey.cred_id().clone()).collect();
        let name = callsign.as_str();
        let (options, state) = self.webauthn.start_passkey_registration(Uuid::from_bytes(handle), name, name, Some(known))?;
        let mut challenge = challenge(ceremony.clone(), &options)?;
        // Signing in asks for no callsign, so that nobody can try callsigns: the authenticator must know by itself which
        // passkey is for us.
        let wanted = &mut challenge.options["publicKey"]["authenticatorSelection"];
        wanted["residentKey"] = "required".into();
        wanted["requireResidentKey"] = true.into();
        self.registering.keep(ceremony, Registering { link, handle, state }, now);
        Ok(challenge)
    }

    /// Ends a registration under the same link. Gives the passkey that is to be kept.
    pub(super) fn registered(&self, answer: &Answer, link: AccessHash, owner: Callsign, now: i64) -> Result<PasskeyRow, NotConfirmed> {
        let begun = self.registering.take(&answer.ceremony, now)?;
        let credential: RegisterPublicKeyCredential = parse(&answer.credential)?;
        if begun.link != link {
            return Err(NotConfirmed::Wrong);
        }
        let passkey = self.webauthn.finish_passkey_registration(&credential, &begun.state)?;
        Ok(PasskeyRow { hash: AccessHash::of(passkey.cred_id()), callsign: owner, handle: begun.handle, record: written(&passkey)? })
    }

    /// Begins a sign-in of somebody.
    pub(super) fn sign_in(&self, ceremony: String, now: i64) -> Result<Challenge, NotConfirmed> {
        let (mut options, state) = self.webauthn.start_discoverable_authentication()?;
        // At the press of a button, and not from a field's suggestions.
        options.mediation = None;
        self.signing_in.keep(ceremony.clone(), state, now);
        challenge(ceremony, &options)
    }

    /// Which passkey an answer is of, by its own word.
    pub(super) fn claimed(answer: &Answer) -> Result<AccessHash, NotConfirmed> {
        let credential: PublicKeyCredential = parse(&answer.credential)?;
        Ok(AccessHash::of(credential.get_credential_id()))
    }

    /// Ends a sign-in by this passkey.
    pub(super) fn signed_in(&self, answer: &Answer, row: Option<&PasskeyRow>, now: i64) -> Result<PasskeyUse, NotConfirmed> {
        let state = self.signing_in.take(&answer.ceremony, now)?;
        let row = row.ok_or(NotConfirmed::Wrong)?;
        let (credential, passkey): (PublicKeyCredential, _) = (parse(&answer.credential)?, read(row)?);
        // WebAuthn 7.2, step 6: who was not known before must be named by the handle of the passkey's owner.
        if credential.get_user_unique_id() != Some(&row.handle) {
            return Err(NotConfirmed::Wrong);
        }
        let key = DiscoverableKey::from(&passkey);
        let result = self.webauthn.finish_discoverable_authentication_v2(&credential, state, &key);
        let result = result.map_err(|error| NotConfirmed::by(row, error))?;
        used(row, passkey, &result)
    }

    /// Whether a use has the very counter that the passkey has as it is kept now. Synced passkeys do not count.
    pub(super) fn is_same_counter(used: &PasskeyUse, kept: &PasskeyRow) -> bool {
        let counter = |record| serde_json::from_str::<Counting>(record).ok().map(|passkey| passkey.cred.counter);
        counter(&used.after).is_some_and(|used| used > 0 && counter(&kept.record) == Some(used))
    }

    /// Begins a confirmation within a session, by one of the person's passkeys.
    pub(super) fn confirm(
        &self,
        ceremony: String,
        session: AccessHash,
        rows: Vec<PasskeyRow>,
        now: i64,
    ) -> Result<Challenge, NotConfirmed> {
        let passkeys = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let (options, state) = self.webauthn.start_passkey_authentication(&passkeys)?;
        self.confirming.keep(ceremony.clone(), Confirming { session, rows, state }, now);
        challenge(ceremony, &options)
    }

    /// Ends a confirmation within the same session.
    pub(super) fn confirmed(&self, answer: &Answer, session: AccessHash, now: i64) -> Result<PasskeyUse, NotConfirmed> {
        let begun = self.confirming.take(&answer.ceremony, now)?;
        if begun.session != session {
            return Err(NotConfirmed::Wrong);
        }
        let credential: PublicKeyCredential = parse(&answer.credential)?;
        let claimed = AccessHash::of(credential.get_credential_id());
        // As it was when this began, since that counter is the one that the library looks at: of two confirmations begun
        // together and answered with one counter, the store takes the first alone.
        let row = begun.rows.iter().find(|row| row.hash == claimed).ok_or(NotConfirmed::Wrong)?;
        let result = self.webauthn.finish_passkey_authentication(&credential, &begun.state);
        let result = result.map_err(|error| NotConfirmed::by(row, error))?;
        used(row, read(row)?, &result)
    }
}

/// The use that the library found good, for the store to take.
fn used(row: &PasskeyRow, mut passkey: Passkey, result: &AuthenticationResult) -> Result<PasskeyUse, NotConfirmed> {
    passkey.update_credential(result);
    Ok(PasskeyUse { hash: row.hash, before: row.record.clone(), after: written(&passkey)? })
}

fn challenge(ceremony: String, options: &impl Serialize) -> Result<Challenge, NotConfirmed> {
    Ok(Challenge { ceremony, options: serde_json::to_value(options).map_err(|_| NotConfirmed::Wrong)? })
}

fn parse<T: serde::de::DeserializeOwned>(credential: &Value) -> Result<T, NotConfirmed> {
    T::deserialize(credential).map_err(|_| NotConfirmed::Wrong)
}

fn read(row: &PasskeyRow) -> Result<Passkey, NotConfirmed> {
    serde_json::from_str(&row.record).map_err(|_| NotConfirmed::Wrong)
}

fn written(passkey: &Passkey) -> Result<String, NotConfirmed> {
    serde_json::to_string(passkey).map_err(|_| NotConfirmed::Wrong)
}
