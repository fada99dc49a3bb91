//! A passkey in software: answers as an authenticator and its browser do, and can lie in every part of an answer.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The origin of the console.
pub const ORIGIN: &str = "https://console.example.org";
/// The host of the console, which the device binds its keys to.
pub const RP_ID: &str = "console.example.org";

/// Flags of the authenticator data.
pub const PRESENT: u8 = 0b0000_0001;
pub const VERIFIED: u8 = 0b0000_0100;
pub const MAY_BE_BACKED_UP: u8 = 0b0000_1000;
pub const BACKED_UP: u8 = 0b0001_0000;
const HOLDS_A_KEY: u8 = 0b0100_0000;

/// What device and browser say about the moment. `None` where they say the truth.
#[derive(Clone)]
pub struct Says {
    pub origin: String,
    pub rp_id: String,
    pub kind: Option<&'static str>,
    pub challenge: Option<String>,
    pub flags: u8,
    /// Bits that are turned over in the last byte of the signature.
    pub spoils: u8,
}

impl Default for Says {
    fn default() -> Self {
        Self { origin: ORIGIN.into(), rp_id: RP_ID.into(), kind: None, challenge: None, flags: PRESENT | VERIFIED, spoils: 0 }
    }
}

/// One passkey on one device. A clone is what a thief has who copied the device.
#[derive(Clone)]
pub struct Passkey {
    key: SigningKey,
    pub id: Vec<u8>,
    /// Whose it is, as the site said when it was made.
    pub handle: Option<Vec<u8>>,
    pub counter: u32,
    /// By how much the counter grows with each answer; passkeys that are synchronised have none.
    pub step: u32,
    pub says: Says,
}

impl Passkey {
    pub fn new(seed: u8) -> Self {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        Self { key, id: vec![seed; 20], handle: None, counter: 0, step: 1, says: Says::default() }
    }

    /// One that counts nothing, as those that are synchronised between devices.
    pub fn synchronised(seed: u8) -> Self {
        let says = Says { flags: PRESENT | VERIFIED | MAY_BE_BACKED_UP | BACKED_UP, ..Says::default() };
        Self { step: 0, says, ..Self::new(seed) }
    }

    /// The same passkey, which lies from now on.
    pub fn saying(&self, lie: impl FnOnce(&mut Says)) -> Self {
        let mut lying = self.clone();
        lie(&mut lying.says);
        lying
    }

    /// What `navigator.credentials.create` gives for these options.
    pub fn create(&mut self, options: &Value) -> Value {
        let asked = &options["publicKey"];
        self.handle = Some(decoded(&asked["user"]["id"]));
        let point = self.key.verifying_key().to_sec1_point(false);
        let cose = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32], point.x().unwrap().as_slice(), &[0x22, 0x58, 32], point.y().unwrap()];
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let attested = [&[0; 16], length.as_slice(), &self.id, &cose.concat()].concat();
        let data = [self.data(HOLDS_A_KEY), attested].concat();
        let head = [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".as_slice(), &u16::try_from(data.len()).unwrap().to_be_bytes()];
        let object = [head.concat(), data].concat();
        let client = self.client("webauthn.create", asked);
        self.credential(&json!({"attestationObject": encoded(&object), "clientDataJSON": encoded(&client), "transports": ["internal"]}))
    }

    /// What `navigator.credentials.get` gives for these options.
    pub fn get(&mut self, options: &Value) -> Value {
        self.counter += self.step;
        let data = self.data(0);
        let client = self.client("webauthn.get", &options["publicKey"]);
        let signature: Signature = self.key.sign(&[data.as_slice(), &Sha256::digest(&client)].concat());
        let mut signature = signature.to_der().as_bytes().to_vec();
        *signature.last_mut().unwrap() ^= self.says.spoils;
        self.credential(&json!({
            "authenticatorData": encoded(&data),
            "clientDataJSON": encoded(&client),
            "signature": encoded(&signature),
            "userHandle": self.handle.as_deref().map(encoded),
        }))
    }

    fn credential(&self, response: &Value) -> Value {
        let id = encoded(&self.id);
        json!({"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {}})
    }

    fn data(&self, more: u8) -> Vec<u8> {
        let flags = [self.says.flags | more];
        [Sha256::digest(&self.says.rp_id).as_slice(), &flags, &self.counter.to_be_bytes()].concat()
    }

    fn client(&self, kind: &str, asked: &Value) -> Vec<u8> {
        let challenge = self.says.challenge.as_deref().or(asked["challenge"].as_str()).unwrap();
        let kind = self.says.kind.unwrap_or(kind);
        json!({"type": kind, "challenge": challenge, "origin": self.says.origin, "crossOrigin": false}).to_string().into_bytes()
    }
}

pub fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decoded(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}
