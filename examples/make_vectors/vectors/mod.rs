//! Makes every shared vector file as text.
//!
//! Nothing here uses the library: its own CBOR, JWS, words and checksums, so that a mistake of the library cannot hide
//! in its vectors.

mod cbor;
mod ed25519;
mod inputs;
mod keysets;
mod ledger;
mod numbers;
mod readings;
mod references;
mod spoken;
mod tokens;
mod world;

use serde::Serialize;

/// File names under `tests/vectors/` and their content.
pub fn files() -> [(&'static str, String); 9] {
    [
        ("tokens.json", json(&tokens::file())),
        ("inputs.json", json(&inputs::file())),
        ("spoken.json", json(&spoken::file())),
        ("readings.json", json(&readings::file())),
        ("numbers.json", json(&numbers::file())),
        ("keysets.json", json(&keysets::file())),
        ("ed25519.json", json(&ed25519::file())),
        ("ledger.json", json(&ledger::file())),
        ("references.json", json(&references::file())),
    ]
}

fn json(file: &impl Serialize) -> String {
    serde_json::to_string_pretty(file).expect("plain structs") + "\n"
}

/// `{"vectors": [...]}`.
#[derive(Serialize)]
struct Vectors<V> {
    vectors: Vec<V>,
}
