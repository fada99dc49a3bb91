//! The strict CWT/COSE profile. The only module that knows coset, which accepts more than we do: whatever it
//! decodes is encoded again and must give the same bytes (RFC 8949 4.2.1), so one token has one spelling.

use coset::{
    CborSerializable as _, CoseSign1, CoseSign1Builder, Header, HeaderBuilder, SignatureContext, TaggedCborSerializable as _,
    cbor::value::Value,
    cwt::{ClaimName, ClaimsSet, Timestamp},
    iana, sig_structure_data,
};

use super::{Approach, Challenge, Channel, Claims, Cti, Dialled, Name, Place, Token, TokenHash};
use crate::keyring::{IssuerName, KidPrefix};

/// The private claim that holds the approach.
const APPROACH: i64 = -65_537;

/// The longest token that the profile can express, with room to spare; anything longer is not decoded at all.
const MAX_BYTES: usize = 256;

/// Integers stay below 2^53, so that every verifier, JavaScript included, reads the same number.
const MAX_INTEGER: i64 = (1 << 53) - 1;

/// The bytes are not a token of this profile.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the bytes are not a token in the strict form")]
pub struct Malformed;

/// A token whose shape is right and whose signature nobody has checked. It shows only what finds the key.
#[derive(Debug)]
pub struct Unverified {
    pub(super) hash: TokenHash,
    pub(super) kid: KidPrefix,
    pub(super) signature: [u8; 64],
    pub(super) payload: Vec<u8>,
    pub(super) raw: RawClaims,
}

/// Claims of the right shape. Lifetime and window are judged after the signature.
#[derive(Debug)]
pub(super) struct RawClaims {
    pub(super) cti: Cti,
    pub(super) issued_at: i64,
    pub(super) not_before: Option<i64>,
    pub(super) expires_at: i64,
    pub(super) approach: Approach,
}

impl Unverified {
    /// Decodes the strict form.
    pub fn decode(token: &Token) -> Result<Self, Malformed> {
        let bytes = token.as_bytes();
        if bytes.len() > MAX_BYTES {
            return Err(Malformed);
        }
        let message = CoseSign1::from_tagged_slice(bytes).map_err(|_| Malformed)?;
        let kid: KidPrefix = message.protected.header.key_id.as_slice().try_into().map_err(|_| Malformed)?;
        let signature: [u8; 64] = message.signature.as_slice().try_into().map_err(|_| Malformed)?;
        let payload = message.payload.ok_or(Malformed)?;
        let raw = raw_claims(ClaimsSet::from_slice(&payload).map_err(|_| Malformed)?)?;
        // Everything that was understood, written again: unknown parameters, other algorithms, a wrong order or a
        // longer spelling of any length or integer all end here.
        if encode(kid, encode_claims(&raw)?, &signature)? != bytes {
            return Err(Malformed);
        }
        Ok(Self { hash: token.hash(), kid, signature, payload, raw })
    }

    /// Which key to look for.
    pub fn kid(&self) -> KidPrefix {
        self.kid
    }
}

fn protected(kid: KidPrefix) -> Header {
    HeaderBuilder::new().algorithm(iana::Algorithm::Ed25519).key_id(kid.to_vec()).build()
}

/// What is signed: the `Sig_structure` of RFC 9052 4.4. The `external_aad` binds it to one deployment and one purpose.
pub(super) fn to_be_signed(kid: KidPrefix, payload: &[u8], issuer: &IssuerName) -> Vec<u8> {
    let aad = format!("countersign/1 {issuer}");
    let protected = coset::ProtectedHeader { original_data: None, header: protected(kid) };
    sig_structure_data(SignatureContext::CoseSign1, protected, None, aad.as_bytes(), payload)
}

/// The whole token.
pub(super) fn encode(kid: KidPrefix, payload: Vec<u8>, signature: &[u8; 64]) -> Result<Vec<u8>, Malformed> {
    CoseSign1Builder::new()
        .protected(protected(kid))
        .payload(payload)
        .signature(signature.to_vec())
        .build()
        .to_tagged_vec()
        .map_err(|_| Malformed)
}

/// The payload of claims that are to be signed.
pub(super) fn encode_payload(claims: &Claims) -> Result<Vec<u8>, Malformed> {
    encode_claims(&RawClaims {
        cti: claims.cti(),
        issued_at: claims.window().issued_at(),
        not_before: claims.window().not_before(),
        expires_at: claims.window().expires_at(),
        approach: claims.approach().clone(),
    })
}

fn encode_claims(raw: &RawClaims) -> Result<Vec<u8>, Malformed> {
    let approach = &raw.approach;
    let text = |key: i64, text: Option<&str>| text.map(|t| (Value::from(key), Value::from(t)));
    let mut map = vec![(Value::from(1), Value::from(approach.channel.code()))];
    map.extend(text(2, approach.name.as_ref().map(Name::as_str)));
    map.extend(text(3, approach.place.as_ref().map(Place::as_str)));
    map.extend(approach.challenge.map(|c| (Value::from(4), Value::from(c.value()))));
    map.extend(approach.dialled.map(|d| (Value::from(5), Value::from(d.value()))));
    ClaimsSet {
        expiration_time: Some(Timestamp::WholeSeconds(raw.expires_at)),
        not_before: raw.not_before.map(Timestamp::WholeSeconds),
        issued_at: Some(Timestamp::WholeSeconds(raw.issued_at)),
        cwt_id: Some(raw.cti.0.to_vec()),
        rest: vec![(ClaimName::PrivateUse(APPROACH), Value::Map(map))],
        ..ClaimsSet::default()
    }
    .to_vec()
    .map_err(|_| Malformed)
}

fn raw_claims(set: ClaimsSet) -> Result<RawClaims, Malformed> {
    let cti = set.cwt_id.and_then(|id| id.try_into().ok()).map(Cti).ok_or(Malformed)?;
    let approach = match <[_; 1]>::try_from(set.rest) {
        Ok([(ClaimName::PrivateUse(APPROACH), Value::Map(map))]) => approach(map)?,
        _ => return Err(Malformed),
    };
    Ok(RawClaims {
        cti,
        issued_at: seconds(&set.issued_at.ok_or(Malformed)?)?,
        not_before: set.not_before.as_ref().map(seconds).transpose()?,
        expires_at: seconds(&set.expiration_time.ok_or(Malformed)?)?,
        approach,
    })
}

fn seconds(time: &Timestamp) -> Result<i64, Malformed> {
    match time {
        Timestamp::WholeSeconds(s) if (0..=MAX_INTEGER).contains(s) => Ok(*s),
        _ => Err(Malformed),
    }
}

fn approach(map: Vec<(Value, Value)>) -> Result<Approach, Malformed> {
    let (mut channel, mut name, mut place, mut challenge, mut dialled) = (None, None, None, None, None);
    for (key, value) in map {
        // A repeated or misplaced key overwrites here and is then caught by the comparison after encoding again.
        match (integer(&key)?, value) {
            (1, value) => channel = Channel::from_code(integer(&value)?),
            (2, Value::Text(text)) => name = Some(text.parse().map_err(|_| Malformed)?),
            (3, Value::Text(text)) => place = Some(text.parse().map_err(|_| Malformed)?),
            (4, value) => challenge = Some(number(&value).and_then(Challenge::from_value).ok_or(Malformed)?),
            (5, value) => dialled = Some(number(&value).and_then(Dialled::from_value).ok_or(Malformed)?),
            _ => return Err(Malformed),
        }
    }
    Ok(Approach { channel: channel.ok_or(Malformed)?, name, place, challenge, dialled })
}

fn integer(value: &Value) -> Result<i64, Malformed> {
    value.as_integer().and_then(|i| i.try_into().ok()).ok_or(Malformed)
}

fn number<T: TryFrom<i64>>(value: &Value) -> Option<T> {
    integer(value).ok()?.try_into().ok()
}
