//! Proof that a form is one of ours, for browsers that do not say where a request comes from, and who sends the same form again.
//!
//! A form carries when it was made and sixteen random bytes, under a code (HMAC-SHA-256) over both and the network that asked for it,
//! with a key that all verifiers of a deployment have. Nothing is kept for it. Another site can fetch a form, but only for its own network.

use std::{net::IpAddr, sync::OnceLock};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::{app::PublicApp, limits::home};
use crate::{entropy::Entropy, token::LEEWAY, verifier::FormAttempt};

/// A form is proof of itself for so long. Seconds.
const LASTS: i64 = 600;
/// The time, and the random bytes.
const SAYS: usize = 8 + 16;

/// The key of a deployment's forms, read from the store when it is first needed.
#[derive(Default)]
pub struct Forms(OnceLock<FormKey>);

/// Makes and reads proofs.
#[derive(Clone, Copy)]
pub struct FormKey([u8; 32]);

/// A form of ours that came back to the network that asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returned {
    /// Which form.
    pub attempt: FormAttempt,
    /// Whether it is not too old to be proof.
    pub is_fresh: bool,
}

impl PublicApp {
    /// The key, as long as the store gave it once; without one nobody can do more than before there were proofs.
    pub(super) async fn form_key(&self) -> Option<FormKey> {
        if let Some(key) = self.forms.0.get() {
            return Some(*key);
        }
        // Nobody waits here for somebody else's reading.
        let key = FormKey::of(self.verifier.deployment().await?);
        Some(*self.forms.0.get_or_init(|| key))
    }
}

impl FormKey {
    /// The key of a deployment. Its id is random and known to nobody who may not read the store.
    fn of(deployment: [u8; 16]) -> Self {
        Self(Sha256::new().chain_update("countersign/1 form key").chain_update(deployment).finalize().into())
    }

    /// A new form's proof; `None` where there is no randomness.
    pub fn made(self, peer: IpAddr, now: i64, entropy: &dyn Entropy) -> Option<String> {
        let mut says = [0; SAYS];
        says[..8].copy_from_slice(&now.to_be_bytes());
        entropy.fill(&mut says[8..]).ok()?;
        let code = self.code(peer, &says).finalize().into_bytes();
        Some(URL_SAFE_NO_PAD.encode([&says[..], &code].concat()))
    }

    /// The form that came back, if its proof is one of ours for this network.
    pub fn read(self, proof: &str, peer: IpAddr, now: i64) -> Option<Returned> {
        let bytes = URL_SAFE_NO_PAD.decode(proof).ok()?;
        let (says, code) = bytes.split_at_checked(SAYS)?;
        self.code(peer, says).verify_slice(code).ok()?;
        let (made_at, nonce) = says.split_first_chunk()?;
        let made_at = i64::from_be_bytes(*made_at);
        Some(Returned {
            attempt: FormAttempt { nonce: nonce.try_into().ok()?, made_at },
            // Another verifier may have made it, and its clock may be ahead.
            is_fresh: (made_at - LEEWAY..=made_at + LASTS).contains(&now),
        })
    }

    fn code(self, peer: IpAddr, says: &[u8]) -> Hmac<Sha256> {
        // As HMAC lengthens a key to its block.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut code = Hmac::<Sha256>::new(&block.into());
        let (prefix, bits) = home(peer);
        code.update(b"countersign/1 form");
        code.update(&prefix.to_be_bytes());
        code.update(&bits.to_be_bytes());
        code.update(says);
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_form_is_proof_for_its_network_and_ten_minutes() {
        let key = FormKey::of([7; 16]);
        let made = |peer| key.made(ip(peer), 1_000, &SystemEntropy).unwrap();
        let read = |proof: &str, peer, now| key.read(proof, ip(peer), now).map(|returned| returned.is_fresh);
        let proof = made("192.0.2.1");
        assert_ne!(proof, made("192.0.2.1"));
        for (now, is_fresh) in [(939, false), (940, true), (1_000, true), (1_600, true), (1_601, false)] {
            assert_eq!(read(&proof, "192.0.2.1", now), Some(is_fresh), "{now}");
        }
        assert_eq!(read(&proof, "::ffff:192.0.2.1", 1_000), Some(true), "the same address, mapped");
        assert_eq!(read(&proof, "192.0.2.2", 1_000), None);
        let proof = made("2001:db8:1:2::1");
        assert_eq!(read(&proof, "2001:db8:1:2:ffff::9", 1_000), Some(true), "the same household");
        for other in ["2001:db8:1:3::1", "2001:db8:2:2::1", "192.0.2.1"] {
            assert_eq!(read(&proof, other, 1_000), None, "{other}");
        }
        assert!(FormKey::of([8; 16]).read(&proof, ip("2001:db8:1:2::1"), 1_000).is_none(), "of another deployment");
    }

    #[test]
    fn what_was_changed_is_no_proof() {
        let (key, peer) = (FormKey::of([7; 16]), ip("192.0.2.1"));
        let proof = key.made(peer, 1_000, &SystemEntropy).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(&proof).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(key.read(&URL_SAFE_NO_PAD.encode(&changed), peer, 1_000), None, "byte {at}");
            assert_eq!(key.read(&URL_SAFE_NO_PAD.encode(&bytes[..at]), peer, 1_000), None, "cut at {at}");
        }
        for junk in ["", "x", "\u{ff}", &format!("{proof}="), &format!(" {proof}"), &"A".repeat(9_000)] {
            assert_eq!(key.read(junk, peer, 1_000), None, "{junk}");
        }
    }
}
