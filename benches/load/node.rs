//! The server that Node people would write, for the signature alone: fastify and jose, in `benches/node`.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};

use crate::{
    running::{Folder, lines},
    wrk::Load,
};

/// The server, killed when dropped, with tokens for it.
pub struct Node {
    child: Child,
    pub url: String,
    pub load: Load,
}

impl Node {
    /// Starts it; `None` where its packages are not installed, as `make bench` does.
    pub fn start(folder: &Folder, tokens: usize) -> Option<Self> {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/node");
        if !place.join("node_modules").exists() {
            eprintln!("Node is not measured: run `npm ci` in benches/node, or `make bench`");
            return None;
        }
        let key = SigningKey::from_bytes(&[3; 32]);
        let bodies: Vec<String> = (0..tokens).map(|n| format!(r#"{{"token":"{}"}}"#, token(&key, n))).collect();
        let load = Load::new(folder, "node", &bodies, true);
        let mut command = Command::new("node");
        command.args(["server.mjs", &URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes())]).env("NODE_ENV", "production");
        let mut child = command.current_dir(place).stdout(Stdio::piped()).spawn().expect("node");
        let url = lines(child.stdout.take().expect("piped")).recv().expect("its address");
        Some(Self { child, url, load })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

/// A JWS with about what our tokens say.
fn token(key: &SigningKey, n: usize) -> String {
    let claims = format!(r#"{{"jti":"{n:016x}","iat":1795000000,"exp":1795000600,"channel":"telephone","dialled":"143"}}"#);
    let signed = [r#"{"alg":"EdDSA","kid":"AAAAAA"}"#, &claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = key.sign(signed.as_bytes()).to_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
