//! Keys, and the root-signed set in which they are published. Pure: no files, no clock.
//!
//! A root key signs the [`KeySet`]; the set names the signing keys; a signing key signs tokens. The type
//! that checks tokens, [`PublicKeys`], holds no private half, so anybody who has only that cannot sign.

mod issuer_name;
mod key;
mod keyset;
mod ring;
pub mod rotation;
pub mod signing;
mod wire;

pub use issuer_name::{IssuerName, IssuerNameError};
pub use key::{KeyError, KeyId, KidPrefix, PublicKey, SigningKey};
pub use keyset::{KeySet, KeySetError, MAX_SET_LIFETIME, PublishedKey, Revocation};
pub use ring::{PublicKeys, Ring, RingError};
