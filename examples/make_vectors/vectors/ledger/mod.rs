//! `ledger.json`: Merkle trees by the words of [RFC 6962], signed notes, checkpoints and the keys that open them.
//!
//! [RFC 6962]: https://www.rfc-editor.org/rfc/rfc6962.html

mod checkpoints;
mod keys;
mod notes;
mod signer;
mod trees;

use serde::Serialize;

use self::{signer::Signer, trees::Trees};

#[derive(Serialize)]
pub struct File {
    trees: Trees,
    /// Opens the notes and the checkpoints.
    verifier_key: String,
    notes: Vec<Vector>,
    checkpoints: Vec<Vector>,
    verifier_keys: Vec<Vector>,
}

#[derive(Serialize)]
struct Vector {
    name: String,
    input: String,
    expect: Expect,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Expect {
    /// The text that was signed.
    Text {
        text: String,
    },
    /// The size as text, because it may be larger than what every reader's numbers hold.
    Checkpoint {
        size: String,
        root_hex: String,
    },
    /// The name of a verifier key, and its key.
    Key {
        name: String,
        public_key_hex: String,
    },
    Refused(&'static str),
}

/// Not a signed note.
const NO_NOTE: &str = "no_note";
/// No signature by the key.
const UNSIGNED: &str = "unsigned";
/// A signature by the key's name and id that does not fit.
const WRONG_SIGNATURE: &str = "wrong_signature";
/// Signed, but not a checkpoint.
const NO_CHECKPOINT: &str = "no_checkpoint";
/// Signed, but a checkpoint of another ledger.
const OTHER_LEDGER: &str = "other_ledger";
/// Not a verifier key.
const NO_KEY: &str = "no_key";

pub fn file() -> File {
    File {
        trees: trees::all(),
        verifier_key: Signer::ledger().verifier_key(),
        notes: notes::all(),
        checkpoints: checkpoints::all(),
        verifier_keys: keys::all(),
    }
}

#[derive(Default)]
struct Book(Vec<Vector>);

impl Book {
    fn push(&mut self, name: &str, input: &str, expect: Expect) {
        assert!(self.0.iter().all(|v| v.name != name), "two vectors named {name}");
        self.0.push(Vector { name: name.to_owned(), input: input.to_owned(), expect });
    }

    fn refuse(&mut self, name: &str, input: &str, expect: &'static str) {
        self.push(name, input, Expect::Refused(expect));
    }
}
