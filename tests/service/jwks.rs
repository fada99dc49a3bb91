//! The plain JWK set, in the hands of libraries that others use.

use std::{
    io::{Write as _, stderr},
    path::Path,
    process::{Command, Stdio},
};

use coset::{CoseSign1, TaggedCborSerializable as _};
use countersign::token::Token;
use serde_json::{Value, json};

use crate::{
    roles::Job,
    running::{Folder, Service, get},
};

const LIBRARIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/jwks-libraries");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/service/jwks.py");

/// The key that signed a token, what it signed and the signature (RFC 9052 section 4.4).
fn signed(token: &Token, issuer: &str) -> (String, Vec<u8>, Vec<u8>) {
    let sign1 = CoseSign1::from_tagged_slice(token.as_bytes()).unwrap();
    (hex(&sign1.protected.header.key_id), sign1.tbs_data(format!("countersign/1 {issuer}").as_bytes()), sign1.signature)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn stock_libraries_find_the_key_and_verify_a_token_with_it() {
    if !Path::new(LIBRARIES).exists() {
        let _ = writeln!(stderr(), "NOT RUN: jwks: PyJWT, jwcrypto, joserfc and Authlib are not installed; make test installs them");
        return;
    }
    let folder = Folder::ready();
    let service = Service::start(&folder, &["--role", "all"]);
    let job = Job { folder: &folder, private: &service.private, public: &service.public };
    let token = Token::parse(&job.issue(&["--channel", "online"]).link).unwrap();
    let (kid, message, signature) = signed(&token, "verify.example.org");
    let (status, text) = get(&format!("{}/.well-known/jwks.json", service.public));
    assert_eq!(status, 200);
    let jwks: Value = serde_json::from_str(&text).unwrap();
    // Ours is the whole RFC 7638 thumbprint, of which a token names the first four bytes.
    let mine = |key: &&Value| {
        let thumbprint = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, key["kid"].as_str().unwrap()).unwrap();
        hex(&thumbprint).starts_with(&kid)
    };
    let kid = &jwks["keys"].as_array().unwrap().iter().find(mine).expect("the token's key")["kid"];
    let given = json!({"jwks": jwks, "kid": kid, "message": hex(&message), "signature": hex(&signature)});
    let mut python =
        Command::new("python3").arg(SCRIPT).env("PYTHONPATH", LIBRARIES).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    python.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let said = python.wait_with_output().unwrap();
    assert!(said.status.success());
    assert_eq!(String::from_utf8(said.stdout).unwrap().lines().collect::<Vec<_>>(), ["PyJWT", "jwcrypto", "joserfc", "Authlib"]);
}
