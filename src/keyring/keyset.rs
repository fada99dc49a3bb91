//! The published key set: a JWT of type `jwk-set+jwt`, signed by the root key.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{IssuerName, KeyError, KeyId, PublicKey, SigningKey};

/// A set lives at most 35 days, so that a stolen old one is of use for no longer. Seconds.
pub const MAX_SET_LIFETIME: i64 = 35 * 86_400;

/// How far the clocks of the machine that signed a set and of the one that reads it may differ. Seconds.
const CLOCK_LEEWAY: i64 = 60;

/// Integers stay below 2^53, so that every reader, JavaScript included, sees the same number.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// A key set cannot be made or trusted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeySetError {
    /// It is not the strict JWT form.
    #[error("the key set is not a jwk-set+jwt in the expected form")]
    Malformed,
    /// The pinned root did not sign it.
    #[error("the key set is not signed by the pinned root key")]
    WrongRoot,
    /// It belongs to another issuer.
    #[error("the key set is for another issuer than {0}")]
    WrongIssuer(IssuerName),
    /// It has run out.
    #[error("the key set ran out; publish a new one")]
    Expired,
    /// It begins in the future.
    #[error("the key set begins in the future; check this machine's clock")]
    NotYetValid,
    /// It is older than one that was seen, or than the version that was baked in.
    #[error("the key set has version {found}, but at least version {least} is known")]
    OlderThanSeen {
        /// The version of this set.
        found: u64,
        /// The version that is already known.
        least: u64,
    },
    /// It would live too long, or not at all.
    #[error("a key set lives between one second and 35 days")]
    Lifetime,
    /// Two keys could be taken for one another.
    #[error("two keys of the set share the first four bytes of their ids; make one of them anew")]
    PrefixClash,
    /// A key in it is not what its id says, or is no key.
    #[error("a key of the set cannot be used: {0}")]
    Key(#[from] KeyError),
}

/// Why and when a key was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Seconds since 1970.
    pub revoked_at: i64,
    /// One word or sentence for the public.
    pub reason: String,
}

/// A signing key as the set publishes it. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKey {
    /// The public half.
    pub key: PublicKey,
    /// Signs nothing before.
    pub not_before: i64,
    /// No token of it lives beyond.
    pub expires_at: i64,
    /// Set once the key can no longer be trusted.
    pub revoked: Option<Revocation>,
}

impl PublishedKey {
    /// Whether a token of this key may be signed at `issued_at` and live until `expires_at`.
    pub fn covers(&self, issued_at: i64, expires_at: i64) -> bool {
        self.not_before <= issued_at && expires_at <= self.expires_at
    }
}

/// The content of a key set, well-formed but not yet trusted; [`super::PublicKeys`] is the trusted form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    issuer: IssuerName,
    version: u64,
    issued_at: i64,
    expires_at: i64,
    keys: Vec<PublishedKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    iss: String,
    sub: String,
    iat: i64,
    exp: i64,
    version: u64,
    keys: Vec<Jwk>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    kid: String,
    nbf: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked: Option<Revocation>,
}

impl KeySet {
    /// Puts a set together. Refuses a lifetime over 35 days and keys whose four-byte prefixes are equal.
    pub fn new(issuer: IssuerName, version: u64, issued_at: i64, expires_at: i64, keys: Vec<PublishedKey>) -> Result<Self, KeySetError> {
        let lifetime = expires_at.checked_sub(issued_at).ok_or(KeySetError::Lifetime)?;
        if !(1..=MAX_SET_LIFETIME).contains(&lifetime) {
            return Err(KeySetError::Lifetime);
        }
        let mut prefixes: Vec<_> = keys.iter().map(|k| k.key.id().prefix()).collect();
        prefixes.sort_unstable();
        if prefixes.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(KeySetError::PrefixClash);
        }
        Ok(Self { issuer, version, issued_at, expires_at, keys })
    }

    /// Signs the set with the root key: compact JWS (RFC 7515), `alg` Ed25519 (RFC 9864).
    pub fn sign(&self, root: &SigningKey) -> String {
        let header = Header { alg: "Ed25519".into(), typ: "jwk-set+jwt".into(), kid: root.public().id().to_string() };
        let payload = Payload {
            iss: self.issuer.url(),
            sub: self.issuer.url(),
            iat: self.issued_at,
            exp: self.expires_at,
            version: self.version,
            keys: self.keys.iter().map(jwk).collect(),
        };
        let signed = format!("{}.{}", encode(&header), encode(&payload));
        let signature = URL_SAFE_NO_PAD.encode(root.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// Reads a set that `root` signed for `issuer`. Whether it is current is for [`super::PublicKeys`] to say.
    pub(super) fn read(jwt: &str, root: &PublicKey, issuer: &IssuerName) -> Result<Self, KeySetError> {
        let (signed, signature) = jwt.rsplit_once('.').ok_or(KeySetError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(KeySetError::Malformed)?;
        let header: Header = decode(header)?;
        if header.alg != "Ed25519" || header.typ != "jwk-set+jwt" {
            return Err(KeySetError::Malformed);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok().and_then(|s| s.try_into().ok()).ok_or(KeySetError::Malformed)?;
        // The kid only has to agree: the key itself is pinned, never fetched or chosen by name.
        if header.kid != root.id().to_string() || !root.verifies(signed.as_bytes(), &signature) {
            return Err(KeySetError::WrongRoot);
        }
        let payload: Payload = decode(payload)?;
        if payload.iss != issuer.url() || payload.sub != issuer.url() {
            return Err(KeySetError::WrongIssuer(issuer.clone()));
        }
        let times = payload.keys.iter().flat_map(|key| [Some(key.nbf), Some(key.exp), key.revoked.as_ref().map(|r| r.revoked_at)]);
        if payload.version > MAX_INTEGER || !times.chain([Some(payload.iat), Some(payload.exp)]).flatten().all(is_time) {
            return Err(KeySetError::Malformed);
        }
        let keys = payload.keys.into_iter().map(published).collect::<Result<_, _>>()?;
        Self::new(issuer.clone(), payload.version, payload.iat, payload.exp, keys)
    }

    /// Refuses a set that has run out, has not begun or is older than `least`.
    pub(super) fn check_current(&self, now: i64, least: u64) -> Result<(), KeySetError> {
        if self.version < least {
            return Err(KeySetError::OlderThanSeen { found: self.version, least });
        }
        if self.issued_at > now.saturating_add(CLOCK_LEEWAY) {
            return Err(KeySetError::NotYetValid);
        }
        if now >= self.expires_at {
            return Err(KeySetError::Expired);
        }
        Ok(())
    }

    /// The issuer it speaks for.
    pub fn issuer(&self) -> &IssuerName {
        &self.issuer
    }

    /// Grows with every set that the root signs.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When the root signed it, seconds since 1970.
    pub fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// When it runs out, seconds since 1970.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// The keys in it.
    pub fn keys(&self) -> &[PublishedKey] {
        &self.keys
    }

    /// A plain JWK set (RFC 7517) of the keys that are or were in use and are not revoked, for stock libraries.
    pub fn jwks(&self, now: i64) -> Value {
        let in_use = |k: &&PublishedKey| k.revoked.is_none() && k.not_before <= now && now < k.expires_at;
        let keys: Vec<Value> = self
            .keys
            .iter()
            .filter(in_use)
            .map(|k| {
                json!({"kty": "OKP", "crv": "Ed25519", "x": k.key.jwk_x(), "kid": k.key.id().to_string(),
                       "alg": "Ed25519", "use": "sig", "nbf": k.not_before, "exp": k.expires_at})
            })
            .collect();
        json!({ "keys": keys })
    }
}

fn jwk(k: &PublishedKey) -> Jwk {
    Jwk {
        kty: "OKP".into(),
        crv: "Ed25519".into(),
        x: k.key.jwk_x(),
        kid: k.key.id().to_string(),
        nbf: k.not_before,
        exp: k.expires_at,
        revoked: k.revoked.clone(),
    }
}

fn published(jwk: Jwk) -> Result<PublishedKey, KeySetError> {
    let key = PublicKey::from_jwk_x(&jwk.x)?;
    if jwk.kty != "OKP" || jwk.crv != "Ed25519" || jwk.kid.parse::<KeyId>()? != key.id() || jwk.exp <= jwk.nbf {
        return Err(KeySetError::Malformed);
    }
    Ok(PublishedKey { key, not_before: jwk.nbf, expires_at: jwk.exp, revoked: jwk.revoked })
}

fn is_time(seconds: i64) -> bool {
    u64::try_from(seconds).is_ok_and(|seconds| seconds <= MAX_INTEGER)
}

fn encode(part: &impl Serialize) -> String {
    // Structs of strings and integers always serialize.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).unwrap_or_default())
}

/// Reads a part as compact JSON, members in any order: serde alone also takes arrays for objects, null for what is
/// absent, and white space, where another reader may see something else.
fn decode<T: Serialize + for<'de> Deserialize<'de>>(part: &str) -> Result<T, KeySetError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| KeySetError::Malformed)?;
    let read = || -> serde_json::Result<(T, bool)> {
        let (decoded, value): (T, Value) = (serde_json::from_slice(&bytes)?, serde_json::from_slice(&bytes)?);
        let faithful = serde_json::to_value(&decoded)? == value && value.to_string().len() == bytes.len();
        Ok((decoded, faithful))
    };
    match read() {
        Ok((decoded, true)) => Ok(decoded),
        _ => Err(KeySetError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    /// Signs a changed spelling of a good payload.
    fn read(change: impl Fn(&str) -> String) -> Result<(), KeySetError> {
        let root = SigningKey::from_seed(&Zeroizing::new([9; 32]));
        let issuer: IssuerName = "verify.example.org".parse().unwrap();
        let jwt = KeySet::new(issuer.clone(), 1, 1_795_000_000, 1_795_000_100, vec![]).unwrap().sign(&root);
        let mut parts = jwt.split('.');
        let (header, payload) = (parts.next().unwrap(), URL_SAFE_NO_PAD.decode(parts.next().unwrap()).unwrap());
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(change(std::str::from_utf8(&payload).unwrap())));
        let jwt = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(root.sign(signed.as_bytes())));
        KeySet::read(&jwt, &root.public(), &issuer).map(|_| ())
    }

    #[test]
    fn a_set_is_read_as_everybody_reads_it() {
        assert_eq!(read(str::to_owned), Ok(()));
        let (in_order, turned) = ("\"version\":1,\"keys\":[]", "\"keys\":[],\"version\":1");
        assert_eq!(read(|good| good.replacen(in_order, turned, 1)), Ok(()), "members may come in any order");
        let url = "\"https://verify.example.org\"";
        for (from, to) in [
            (",", ", "),
            ("verify", "\\u0076erify"),
            ("\"version\":1", "\"version\":9007199254740992"),
            ("\"keys\":[]", "\"keys\":[],\"keys\":[]"),
        ] {
            assert_eq!(read(|good| good.replacen(from, to, 1)), Err(KeySetError::Malformed), "{to}");
        }
        let as_array = format!("[{url},{url},1795000000,1795000100,1,[]]");
        assert_eq!(read(|_| as_array.clone()), Err(KeySetError::Malformed));
    }
}
