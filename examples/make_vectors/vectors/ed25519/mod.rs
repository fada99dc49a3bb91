//! `ed25519.json`: where verifiers of Ed25519 differ. Accepted is what [RFC 8032] with strict decoding and no point of
//! small order accepts: canonical A, R and S, large order of A and R, and the equation without cofactor.
//!
//! [RFC 8032]: https://www.rfc-editor.org/rfc/rfc8032

mod curve;
mod points;
mod scalars;

use serde::Serialize;

use self::curve::Signed;
pub use self::scalars::add_order;
use super::{Vectors, world::hex};

#[derive(Serialize)]
pub struct Vector {
    name: String,
    public_key_hex: String,
    message_hex: String,
    signature_hex: String,
    expect: Expect,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Expect {
    Accept,
    Refuse,
}

pub fn file() -> Vectors<Vector> {
    let mut book = Book(vec![]);
    scalars::add(&mut book);
    points::add(&mut book);
    Vectors { vectors: book.0 }
}

struct Book(Vec<Vector>);

impl Book {
    fn push(&mut self, name: &str, expect: Expect, signed: &Signed) {
        assert!(self.0.iter().all(|v| v.name != name), "two vectors named {name}");
        self.0.push(Vector {
            name: name.to_owned(),
            public_key_hex: hex(&signed.key),
            message_hex: hex(&signed.message),
            signature_hex: hex(&[signed.r, signed.s].concat()),
            expect,
        });
    }

    fn accept(&mut self, name: &str, signed: &Signed) {
        self.push(name, Expect::Accept, signed);
    }

    fn refuse(&mut self, name: &str, signed: &Signed) {
        self.push(name, Expect::Refuse, signed);
    }
}
