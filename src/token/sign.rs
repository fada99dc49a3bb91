//! Claims and a signing key in, a token out.

use super::{Claims, Token, cose};
use crate::keyring::{IssuerName, PublishedKey, SigningKey};

/// The claims cannot be signed with this key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignError {
    /// The key is not published for the whole life of the token, so no verifier would accept it.
    #[error("the signing key is not published for the whole life of this token; publish the next key set first")]
    KeyRunsOut,
    /// The claims could not be encoded.
    #[error("the claims could not be encoded")]
    Encoding,
}

impl Token {
    /// Signs `claims` for one deployment. `published` is what the key set says of `key`.
    pub fn sign(claims: &Claims, key: &SigningKey, published: &PublishedKey, issuer: &IssuerName) -> Result<Self, SignError> {
        if !published.covers(claims.window().issued_at(), claims.window().expires_at()) {
            return Err(SignError::KeyRunsOut);
        }
        let kid = published.key.id().prefix();
        let payload = cose::encode_payload(claims).map_err(|_| SignError::Encoding)?;
        let signature = key.sign(&cose::to_be_signed(kid, &payload, issuer).map_err(|_| SignError::Encoding)?);
        cose::encode(kid, &payload, &signature).map(Self::from_signed).map_err(|_| SignError::Encoding)
    }
}
