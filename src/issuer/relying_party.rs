//! WebAuthn (Level 3) as we use it; the only user of `webauthn-rs`.
//!
//! A ceremony is begun with a challenge that the library draws, and of which the store keeps nothing else of the library's: what
//! the library wants to know at the end it makes again, from what the store holds then. User verification is required in
//! each: a fingerprint, a face or the device's PIN.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{
        AuthenticationResult, CredentialID, DiscoverableKey, Passkey, PublicKeyCredential, RegisterPublicKeyCredential, Url, Uuid,
        WebauthnError,
    },
};

use crate::{
    authority::{AccessHash, AccessId, Callsign},
    store::{CEREMONY_LASTS, PasskeyRow, PasskeyUse},
};

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

/// What there is to see of a passkey in the library's own form.
#[derive(serde::Deserialize)]
struct Counting {
    cred: Counter,
}

#[derive(serde::Deserialize)]
struct Counter {
    counter: u32,
}

/// A ceremony that was begun: what goes to the authenticator, and the challenge in it.
pub(super) type Begun = (Challenge, [u8; 32]);

/// The name of a ceremony, as it goes to the browser.
#[derive(Clone, Copy)]
pub(super) struct CeremonyName(pub [u8; 16]);

impl CeremonyName {
    pub(super) fn text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    fn parse(text: &str) -> Result<Self, NotConfirmed> {
        let mut name = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut name) {
            Ok(16) => Ok(Self(name)),
            _ => Err(NotConfirmed::Wrong),
        }
    }
}

/// One console at one address.
pub struct RelyingParty(Webauthn);

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
        let lasts = Duration::from_secs(CEREMONY_LASTS.unsigned_abs());
        Ok(Self(built.timeout(lasts).build().map_err(|_| wrong())?))
    }

    /// Begins a registration. The passkeys that the person has are named, so that no device takes a second one. The ceremony's
    /// name is also the handle that the authenticator keeps: random, so that it says nothing of the person.
    pub(super) fn register(&self, name: CeremonyName, callsign: &Callsign, known: &[PasskeyRow]) -> Result<Begun, NotConfirmed> {
        let (handle, callsign) = (Uuid::from_bytes(name.0), callsign.as_str());
        let (options, _) = self.0.start_passkey_registration(handle, callsign, callsign, Some(ids(known)))?;
        let (mut challenge, drawn) = begun(name, &options)?;
        // Signing in asks for no callsign, so that nobody can try callsigns: the authenticator must know on its own which
        // passkey is for us.
        let wanted = &mut challenge.options["publicKey"]["authenticatorSelection"];
        wanted["residentKey"] = "required".into();
        wanted["requireResidentKey"] = true.into();
        Ok((challenge, drawn))
    }

    /// Ends a registration. Gives the passkey that is to be kept.
    pub(super) fn registered(
        &self,
        answer: &Answer,
        challenge: &[u8; 32],
        owner: Callsign,
        known: &[PasskeyRow],
    ) -> Result<PasskeyRow, NotConfirmed> {
        let credential: RegisterPublicKeyCredential = parse(&answer.credential)?;
        let CeremonyName(handle) = CeremonyName::parse(&answer.ceremony)?;
        let name = owner.as_str();
        let (_, state) = self.0.start_passkey_registration(Uuid::from_bytes(handle), name, name, Some(ids(known)))?;
        let passkey = self.0.finish_passkey_registration(&credential, &begun_with(&state, challenge)?)?;
        Ok(PasskeyRow { hash: AccessHash::of(passkey.cred_id()), callsign: owner, handle, record: written(&passkey)? })
    }

    /// Begins a sign-in of somebody.
    pub(super) fn sign_in(&self, name: CeremonyName) -> Result<Begun, NotConfirmed> {
        let (mut options, _) = self.0.start_discoverable_authentication()?;
        // At the press of a button, and not from a field's suggestions.
        options.mediation = None;
        begun(name, &options)
    }

    /// Which passkey an answer is of, by its own word.
    pub(super) fn claimed(answer: &Answer) -> Result<AccessHash, NotConfirmed> {
        let credential: PublicKeyCredential = parse(&answer.credential)?;
        Ok(AccessHash::of(credential.get_credential_id()))
    }

    /// Ends a sign-in by this passkey.
    pub(super) fn signed_in(&self, answer: &Answer, challenge: &[u8; 32], row: Option<&PasskeyRow>) -> Result<PasskeyUse, NotConfirmed> {
        let row = row.ok_or(NotConfirmed::Wrong)?;
        let (credential, passkey): (PublicKeyCredential, _) = (parse(&answer.credential)?, read(row)?);
        // WebAuthn 7.2, step 6: who was not known before must be named by the handle of the passkey's owner.
        if credential.get_user_unique_id() != Some(&row.handle) {
            return Err(NotConfirmed::Wrong);
        }
        let key = DiscoverableKey::from(&passkey);
        let (_, state) = self.0.start_discoverable_authentication()?;
        let result = self.0.finish_discoverable_authentication_v2(&credential, begun_with(&state, challenge)?, &key);
        let result = result.map_err(|error| NotConfirmed::by(row, error))?;
        used(row, passkey, &result)
    }

    /// Whether a use has the very counter that the passkey has as it is kept now. Synced passkeys do not count.
    pub(super) fn is_same_counter(used: &PasskeyUse, kept: &PasskeyRow) -> bool {
        counter(&used.after).is_some_and(|used| used > 0 && counter(&kept.record) == Some(used))
    }

    /// Begins a confirmation by one of the person's passkeys. What each had counted is to be kept as well.
    pub(super) fn confirm(&self, name: CeremonyName, rows: &[PasskeyRow]) -> Result<(Begun, Counters), NotConfirmed> {
        let passkeys = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let (options, _) = self.0.start_passkey_authentication(&passkeys)?;
        let counters = rows.iter().map(|row| Ok((row.hash, counter(&row.record).ok_or(NotConfirmed::Wrong)?)));
        Ok((begun(name, &options)?, counters.collect::<Result<_, NotConfirmed>>()?))
    }

    /// Ends a confirmation by a passkey that was the person's when it began and still is, as it is kept now.
    pub(super) fn confirmed(
        &self,
        answer: &Answer,
        challenge: &[u8; 32],
        counters: &[(AccessHash, u32)],
        rows: &[PasskeyRow],
    ) -> Result<PasskeyUse, NotConfirmed> {
        let credential: PublicKeyCredential = parse(&answer.credential)?;
        let claimed = AccessHash::of(credential.get_credential_id());
        let row = rows.iter().find(|row| row.hash == claimed).ok_or(NotConfirmed::Wrong)?;
        let (_, counted) = counters.iter().find(|(hash, _)| *hash == claimed).ok_or(NotConfirmed::Wrong)?;
        // The library compares with what was counted when this began: a counter that was used by then is a copy's. Whether another
        // answer was first since then is for the store to say, which takes this use in the place of that one record alone.
        let then = PasskeyRow { record: counting(&row.record, *counted)?, ..row.clone() };
        let (_, state) = self.0.start_passkey_authentication(&[read(&then)?])?;
        let result = self.0.finish_passkey_authentication(&credential, &begun_with(&state, challenge)?);
        let result = result.map_err(|error| NotConfirmed::by(row, error))?;
        used(&then, read(&then)?, &result)
    }
}

/// What passkeys had counted.
pub(super) type Counters = Vec<(AccessHash, u32)>;

fn ids(rows: &[PasskeyRow]) -> Vec<CredentialID> {
    rows.iter().filter_map(|row| read(row).ok()).map(|passkey| passkey.cred_id().clone()).collect()
}

fn counter(record: &str) -> Option<u32> {
    serde_json::from_str::<Counting>(record).ok().map(|passkey| passkey.cred.counter)
}

/// A passkey's record as it was when it had counted so far. Nothing else in it changes by its use but what the library learns of
/// backups.
fn counting(record: &str, counted: u32) -> Result<String, NotConfirmed> {
    if counter(record) == Some(counted) {
        return Ok(record.to_owned());
    }
    let mut passkey: Value = serde_json::from_str(record).map_err(|_| NotConfirmed::Wrong)?;
    *passkey.pointer_mut("/cred/counter").ok_or(NotConfirmed::Wrong)? = counted.into();
    Ok(passkey.to_string())
}

/// The library's state of a ceremony as if it had been begun with this challenge. In the library's own form its one member holds
/// a `challenge`; where that changes no answer is good any more.
fn begun_with<S: Serialize + DeserializeOwned>(state: &S, challenge: &[u8; 32]) -> Result<S, NotConfirmed> {
    let mut state = serde_json::to_value(state).map_err(|_| NotConfirmed::Wrong)?;
    let inner = state.as_object_mut().and_then(|state| state.values_mut().next()).ok_or(NotConfirmed::Wrong)?;
    *inner.get_mut("challenge").ok_or(NotConfirmed::Wrong)? = URL_SAFE_NO_PAD.encode(challenge).into();
    S::deserialize(state).map_err(|_| NotConfirmed::Wrong)
}

/// The use that the library found good, for the store to take.
fn used(row: &PasskeyRow, mut passkey: Passkey, result: &AuthenticationResult) -> Result<PasskeyUse, NotConfirmed> {
    passkey.update_credential(result);
    Ok(PasskeyUse { hash: row.hash, before: row.record.clone(), after: written(&passkey)? })
}

/// As it goes to the browser, with the challenge that the library drew.
fn begun(name: CeremonyName, options: &impl Serialize) -> Result<Begun, NotConfirmed> {
    let options = serde_json::to_value(options).map_err(|_| NotConfirmed::Wrong)?;
    let drawn = options["publicKey"]["challenge"].as_str().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let challenge = drawn.and_then(|bytes| bytes.try_into().ok()).ok_or(NotConfirmed::Wrong)?;
    Ok((Challenge { ceremony: name.text(), options }, challenge))
}

fn parse<T: DeserializeOwned>(credential: &Value) -> Result<T, NotConfirmed> {
    T::deserialize(credential).map_err(|_| NotConfirmed::Wrong)
}

fn read(row: &PasskeyRow) -> Result<Passkey, NotConfirmed> {
    serde_json::from_str(&row.record).map_err(|_| NotConfirmed::Wrong)
}

fn written(passkey: &Passkey) -> Result<String, NotConfirmed> {
    serde_json::to_string(passkey).map_err(|_| NotConfirmed::Wrong)
}
