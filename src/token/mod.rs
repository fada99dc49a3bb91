//! A token, from bytes and a time to a verdict. Pure: no store, no clock, no network.
//!
//! Its life: an officer's [`Claims`] are signed into a [`Token`] ([`sign`](Token::sign): CWT, RFC 8392, in a
//! tagged `COSE_Sign1`, RFC 9052 section 4.2). It travels as a link of decimal digits in a QR symbol ([`qr`]),
//! as base64url, or as a code of five or six words that is derived from its bytes ([`SpokenCode`]). What comes
//! back is text: [`Token::parse`] turns it into bytes, [`Unverified::decode`] into something that only tells
//! which key to look for, and [`Unverified::verify`] into [`Verified`], the only type that shows claims.

mod approach;
mod claims;
mod correction;
mod cose;
mod digits;
mod display;
mod fingerprint;
mod pasted;
pub mod qr;
mod reader_level;
mod reference;
mod sign;
mod spoken;
mod spoken_words;
mod typed;
mod verify;
mod wire;

pub use approach::{Approach, Challenge, Channel, Dialled, Name, Place};
pub use claims::{ClaimError, Claims, Cti, DEFAULT_LIFETIME, DEFAULT_LIFETIME_TELEPHONE, LEEWAY, MAX_LIFETIME, MAX_PREPARATION, Window};
pub use correction::{Correction, correct};
pub use cose::{Malformed, Unverified};
pub(crate) use display::inside as text_inside;
pub use fingerprint::Fingerprint;
pub use reader_level::ReaderLevel;
pub use reference::{NoReference, Reference};
pub use sign::SignError;
pub use spoken::{Mistyped, SpokenCode, SpokenSize, group_digits, words_of};
pub use spoken_words::SpokenWords;
pub use verify::{Rejection, Verified};
pub use wire::{InputError, Token, TokenHash};
