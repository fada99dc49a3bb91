//! The strict CWT/COSE profile (RFC 8392, RFC 9052). Whatever is decoded is encoded again and must give the same bytes
//! (RFC 8949 4.2.1), so one token has one spelling.

use std::convert::Infallible;

use minicbor::{Decoder, Encoder, data::Tag, encode::Error};

use super::{Approach, Challenge, Channel, Claims, Cti, Dialled, Token, TokenHash};
use crate::keyring::{IssuerName, KidPrefix};

/// The tag of a `COSE_Sign1`.
const SIGN1: u64 = 18;

/// Parameters of the protected header.
mod header {
    pub(super) const ALGORITHM: i64 = 1;
    pub(super) const KEY_ID: i64 = 4;
    /// The algorithm named Ed25519 (RFC 9864).
    pub(super) const ED25519: i64 = -19;
}

/// Claims of a CWT (RFC 8392, section 3).
mod claim {
    pub(super) const EXPIRES_AT: i64 = 4;
    pub(super) const NOT_BEFORE: i64 = 5;
    pub(super) const ISSUED_AT: i64 = 6;
    pub(super) const CTI: i64 = 7;
    /// The private claim that holds the approach.
    pub(super) const APPROACH: i64 = -65_537;
}

/// Members of the approach.
mod member {
    pub(super) const CHANNEL: i64 = 1;
    pub(super) const NAME: i64 = 2;
    pub(super) const PLACE: i64 = 3;
    pub(super) const CHALLENGE: i64 = 4;
    pub(super) const DIALLED: i64 = 5;
}

/// How every token begins: the tag, an array of four, and the protected header up to the bytes of its key id. All that comes
/// behind these differs from token to token.
pub(super) const BEGINNING: [u8; 8] = [0xd2, 0x84, 0x49, 0xa2, 0x01, 0x32, 0x04, 0x44];

/// The longest token that the profile can express, with room to spare; anything longer is not decoded at all.
const MAX_BYTES: usize = 256;

/// Integers stay below 2^53, so that every verifier, JavaScript included, reads the same number.
const MAX_INTEGER: i64 = (1 << 53) - 1;

/// The bytes are not a token of this profile.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the bytes are not a token in the strict form")]
pub struct Malformed;

/// What was written. That fails for no value of ours, but the library could say that it did.
type Encoded = Result<Vec<u8>, Malformed>;

impl From<Error<Infallible>> for Malformed {
    fn from(_: Error<Infallible>) -> Self {
        Self
    }
}

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
        let (kid, payload, signature) = envelope(bytes).ok_or(Malformed)?;
        let raw = raw_claims(payload).ok_or(Malformed)?;
        // Everything that was understood, written again: unknown parameters, other algorithms, a wrong order, a repeated
        // key or a longer spelling of any length or integer all end here.
        let payload = encode_claims(&raw)?;
        if encode(kid, &payload, &signature)? != bytes {
            return Err(Malformed);
        }
        Ok(Self { hash: token.hash(), kid, signature, payload, raw })
    }

    /// Which key to look for.
    pub fn kid(&self) -> KidPrefix {
        self.kid
    }
}

/// The protected header.
fn protected(kid: KidPrefix) -> Encoded {
    let mut header = Encoder::new(Vec::new());
    header.map(2)?.i64(header::ALGORITHM)?.i64(header::ED25519)?.i64(header::KEY_ID)?.bytes(&kid)?;
    Ok(header.into_writer())
}

/// What is signed: the `Sig_structure` of RFC 9052 4.4. The `external_aad` binds it to one deployment and one purpose.
pub(super) fn to_be_signed(kid: KidPrefix, payload: &[u8], issuer: &IssuerName) -> Encoded {
    let aad = format!("countersign/1 {issuer}");
    let mut signed = Encoder::new(Vec::with_capacity(MAX_BYTES));
    signed.array(4)?.str("Signature1")?.bytes(&protected(kid)?)?.bytes(aad.as_bytes())?.bytes(payload)?;
    Ok(signed.into_writer())
}

/// The whole token. Nothing is in the unprotected header.
pub(super) fn encode(kid: KidPrefix, payload: &[u8], signature: &[u8; 64]) -> Encoded {
    let mut token = Encoder::new(Vec::with_capacity(MAX_BYTES));
    token.tag(Tag::new(SIGN1))?.array(4)?.bytes(&protected(kid)?)?.map(0)?.bytes(payload)?.bytes(signature)?;
    Ok(token.into_writer())
}

/// The key, payload and signature of what looks like the whole token. What is not looked at here is not the same when it is
/// written again.
fn envelope(bytes: &[u8]) -> Option<(KidPrefix, &[u8], [u8; 64])> {
    let (kid, behind) = bytes.strip_prefix(&BEGINNING)?.split_first_chunk()?;
    let mut token = Decoder::new(behind);
    token.map().ok()?;
    Some((*kid, token.bytes().ok()?, token.bytes().ok()?.try_into().ok()?))
}

/// The payload of claims that are to be signed.
pub(super) fn encode_payload(claims: &Claims) -> Encoded {
    encode_claims(&RawClaims {
        cti: claims.cti(),
        issued_at: claims.window().issued_at(),
        not_before: claims.window().not_before(),
        expires_at: claims.window().expires_at(),
        approach: claims.approach().clone(),
    })
}

fn encode_claims(raw: &RawClaims) -> Encoded {
    let mut map = Encoder::new(Vec::with_capacity(MAX_BYTES));
    map.map(4 + u64::from(raw.not_before.is_some()))?.i64(claim::EXPIRES_AT)?.i64(raw.expires_at)?;
    if let Some(not_before) = raw.not_before {
        map.i64(claim::NOT_BEFORE)?.i64(not_before)?;
    }
    map.i64(claim::ISSUED_AT)?.i64(raw.issued_at)?.i64(claim::CTI)?.bytes(&raw.cti.0)?.i64(claim::APPROACH)?;
    let Approach { channel, name, place, challenge, dialled } = &raw.approach;
    let optional = [name.is_some(), place.is_some(), challenge.is_some(), dialled.is_some()];
    map.map(1 + optional.map(u64::from).iter().sum::<u64>())?.i64(member::CHANNEL)?.i64(channel.code())?;
    if let Some(name) = name {
        map.i64(member::NAME)?.str(name.as_str())?;
    }
    if let Some(place) = place {
        map.i64(member::PLACE)?.str(place.as_str())?;
    }
    if let Some(challenge) = challenge {
        map.i64(member::CHALLENGE)?.u32(challenge.value())?;
    }
    if let Some(dialled) = dialled {
        map.i64(member::DIALLED)?.u16(dialled.value())?;
    }
    Ok(map.into_writer())
}

fn raw_claims(payload: &[u8]) -> Option<RawClaims> {
    let mut claims = Decoder::new(payload);
    let (mut cti, mut issued_at, mut not_before, mut expires_at, mut said) = (None, None, None, None, None);
    for _ in 0..claims.map().ok()?? {
        match integer(&mut claims)? {
            claim::EXPIRES_AT => expires_at = Some(seconds(&mut claims)?),
            claim::NOT_BEFORE => not_before = Some(seconds(&mut claims)?),
            claim::ISSUED_AT => issued_at = Some(seconds(&mut claims)?),
            claim::CTI => cti = Some(Cti(claims.bytes().ok()?.try_into().ok()?)),
            claim::APPROACH => said = Some(approach(&mut claims)?),
            _ => return None,
        }
    }
    Some(RawClaims { cti: cti?, issued_at: issued_at?, not_before, expires_at: expires_at?, approach: said? })
}

fn integer(item: &mut Decoder<'_>) -> Option<i64> {
    item.i64().ok()
}

fn seconds(claims: &mut Decoder<'_>) -> Option<i64> {
    integer(claims).filter(|seconds| (0..=MAX_INTEGER).contains(seconds))
}

fn approach(map: &mut Decoder<'_>) -> Option<Approach> {
    let (mut channel, mut name, mut place, mut challenge, mut dialled) = (None, None, None, None, None);
    for _ in 0..map.map().ok()?? {
        match integer(map)? {
            member::CHANNEL => channel = Some(Channel::from_code(integer(map)?)?),
            member::NAME => name = Some(map.str().ok()?.parse().ok()?),
            member::PLACE => place = Some(map.str().ok()?.parse().ok()?),
            member::CHALLENGE => challenge = Some(Challenge::from_value(integer(map)?.try_into().ok()?)?),
            member::DIALLED => dialled = Some(Dialled::from_value(integer(map)?.try_into().ok()?)?),
            _ => return None,
        }
    }
    Some(Approach { channel: channel?, name, place, challenge, dialled })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_begins_alike_up_to_its_key() {
        let tokens = [[0; 4], [0xff; 4]].map(|kid| encode(kid, &[], &[0; 64]).unwrap());
        assert!(tokens.iter().all(|token| token.starts_with(&BEGINNING)), "{tokens:02x?}");
        assert_ne!(tokens[0][BEGINNING.len()], tokens[1][BEGINNING.len()]);
    }
}
