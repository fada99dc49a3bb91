//! From an unverified token to a verified one, or to the reason why not. Nothing else makes a [`Verified`].

use super::{Claims, LEEWAY, TokenHash, Unverified, Window, cose};
use crate::keyring::{IssuerName, PublicKeys};

/// Why a token that has the right shape is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Key, signature, deployment or lifetime is wrong.
    NotGenuine,
    /// Its key was revoked, whatever its `iat`.
    Withdrawn,
    /// More than a minute before its start.
    NotYetValid,
    /// More than a minute after its end.
    Expired,
}

/// A token that was signed by a published, unrevoked key of this deployment and is in its window.
/// Whether the issuer has a record of it and whether it was used before is for the store to say.
#[derive(Clone, Debug)]
pub struct Verified {
    claims: Claims,
    hash: TokenHash,
}

impl Unverified {
    /// Checks, in this order: signature, key status, lifetime, window. `now` is in seconds since 1970.
    pub fn verify(self, keys: &PublicKeys, issuer: &IssuerName, now: i64) -> Result<Verified, Rejection> {
        let published = keys.find(self.kid).ok_or(Rejection::NotGenuine)?;
        let signed = cose::to_be_signed(self.kid, &self.payload, issuer);
        if !signed.is_ok_and(|signed| published.key.verifies(&signed, &self.signature)) {
            return Err(Rejection::NotGenuine);
        }
        if published.revoked.is_some() {
            return Err(Rejection::Withdrawn);
        }
        let raw = self.raw;
        if !published.covers(raw.issued_at, raw.expires_at) {
            return Err(Rejection::NotGenuine);
        }
        let window = Window::new(raw.issued_at, raw.not_before, raw.expires_at).map_err(|_| Rejection::NotGenuine)?;
        let claims = Claims::new(raw.cti, window, raw.approach).map_err(|_| Rejection::NotGenuine)?;
        if now < window.start() - LEEWAY {
            return Err(Rejection::NotYetValid);
        }
        if now >= window.expires_at() + LEEWAY {
            return Err(Rejection::Expired);
        }
        Ok(Verified { claims, hash: self.hash })
    }
}

impl Verified {
    /// What the token says.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The same, where nothing else of it is needed any more.
    pub fn into_claims(self) -> Claims {
        self.claims
    }

    /// SHA-256 of its bytes, by which the issuer's record is found.
    pub fn hash(&self) -> TokenHash {
        self.hash
    }
}
