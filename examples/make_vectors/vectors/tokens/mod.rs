//! `tokens.json`: bytes and what a verifier must say of them.

mod claims;
mod draft;
mod envelope;
mod good;
mod proof;
mod spelling;
mod time;

use serde::Serialize;

use self::draft::Draft;
use super::{
    cbor::Entries,
    world::{self, ISSUER, NOW, RootJwk, hex},
};

#[derive(Serialize)]
pub struct File {
    issuer: &'static str,
    now: i64,
    root: RootJwk,
    key_set: String,
    vectors: Vec<Vector>,
}

#[derive(Serialize)]
struct Vector {
    name: String,
    token_hex: String,
    expect: Expect,
}

/// All that is the same in every token.
pub const BEGINNING: [u8; 8] = [0xd2, 0x84, 0x49, 0xa2, 0x01, 0x32, 0x04, 0x44];

/// Bytes of a part of a draft, or of another one in its place.
type Make = fn(&Draft) -> Vec<u8>;

/// What shape, signature, key status, key period, lifetime and window say, in this order.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Expect {
    Good,
    NotGenuine,
    NotYetValid,
    Expired,
    Withdrawn,
    Mistyped,
}

pub fn file() -> File {
    let mut book = Book(vec![]);
    good::add(&mut book);
    envelope::add(&mut book);
    spelling::add(&mut book);
    claims::add(&mut book);
    time::add(&mut book);
    proof::add(&mut book);
    File { issuer: ISSUER, now: NOW, root: world::root_jwk(), key_set: world::key_set(), vectors: book.0 }
}

/// Collects vectors. Each starts from a token with nothing wrong and is signed after the change, so that nothing but
/// the change can refuse it.
struct Book(Vec<Vector>);

impl Book {
    /// Bytes made from the finished token, after it was signed.
    fn bytes(&mut self, name: &str, expect: Expect, make: impl FnOnce(Draft) -> Vec<u8>) {
        assert!(self.0.iter().all(|v| v.name != name), "two vectors named {name}");
        let bytes = make(Draft::new(name));
        // Whatever is wrong with it: what does not begin like a token is none.
        let expect = if matches!(expect, Expect::NotGenuine) && !bytes.starts_with(&BEGINNING) { Expect::Mistyped } else { expect };
        self.0.push(Vector { name: name.to_owned(), token_hex: hex(&bytes), expect });
    }

    /// A change to any part before it is signed.
    fn draft(&mut self, name: &str, expect: Expect, change: impl FnOnce(&mut Draft)) {
        self.bytes(name, expect, |mut draft| {
            change(&mut draft);
            draft.bytes()
        });
    }

    /// A change to the claims, all but the approach.
    fn claims(&mut self, name: &str, expect: Expect, change: impl FnOnce(&mut Entries)) {
        self.draft(name, expect, |draft| change(&mut draft.claims));
    }

    /// A change to the approach.
    fn approach(&mut self, name: &str, expect: Expect, change: impl FnOnce(&mut Entries)) {
        self.draft(name, expect, |draft| change(&mut draft.approach));
    }
}

/// A good token for the other files.
pub fn sample() -> Vec<u8> {
    Draft::new("sample for other files").bytes()
}
