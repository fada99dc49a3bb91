//! `keysets.json`: signed key sets, and whether one opens under the pinned root.

mod header;
mod keys;
mod payload;

use serde::Serialize;

use super::world::{self, ISSUER, NOW, Object, ROOT, RootJwk, VERSION};

#[derive(Serialize)]
pub struct File {
    issuer: &'static str,
    now: i64,
    root: RootJwk,
    minimum_version: u64,
    vectors: Vec<Vector>,
}

#[derive(Serialize)]
struct Vector {
    name: String,
    jwt: String,
    expect: Expect,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Expect {
    Good,
    Refused,
}
use Expect::{Good, Refused};

pub fn file() -> File {
    let mut book = Book(vec![]);
    book.push("the set of the token vectors", Good, world::key_set());
    header::add(&mut book);
    payload::add(&mut book);
    keys::add(&mut book);
    File { issuer: ISSUER, now: NOW, root: world::root_jwk(), minimum_version: VERSION, vectors: book.0 }
}

struct Book(Vec<Vector>);

impl Book {
    fn push(&mut self, name: &str, expect: Expect, jwt: String) {
        assert!(self.0.iter().all(|v| v.name != name), "two vectors named {name}");
        self.0.push(Vector { name: name.to_owned(), jwt, expect });
    }

    /// Header and payload as text, signed by the root.
    fn signed(&mut self, name: &str, expect: Expect, header: &str, payload: &str) {
        self.push(name, expect, world::jws(header, payload, &world::key(ROOT)));
    }

    fn header(&mut self, name: &str, change: impl FnOnce(&mut Object)) {
        let mut header = world::set_header();
        change(&mut header);
        self.signed(name, Refused, &header.encode(), &payload());
    }

    fn payload(&mut self, name: &str, expect: Expect, change: impl FnOnce(&mut Object)) {
        let mut payload = world::set_payload(&world::published_keys());
        change(&mut payload);
        self.signed(name, expect, &world::set_header().encode(), &payload.encode());
    }

    /// A change to the keys of the set; the first is an ordinary one.
    fn keys(&mut self, name: &str, expect: Expect, change: impl FnOnce(&mut Vec<Object>)) {
        let mut keys = world::published_keys();
        change(&mut keys);
        self.signed(name, expect, &world::set_header().encode(), &world::set_payload(&keys).encode());
    }
}

fn payload() -> String {
    world::set_payload(&world::published_keys()).encode()
}
