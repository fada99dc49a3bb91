//! A key set on its way: as a compact JWT of type `jwk-set+jwt` that the root signed, or as the request that it is asked
//! to sign.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{IssuerName, KeyId, KeySet, KeySetError, PublicKey, PublishedKey, Revocation, SigningKey};

/// Integers stay below 2^53, so that every reader, JavaScript included, sees the same number.
const MAX_INTEGER: u64 = (1 << 53) - 1;

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
    /// The payload that the root is asked to sign: compact JSON, whose bytes people can compare by their fingerprint.
    pub fn request(&self) -> String {
        json(&self.payload())
    }

    /// Reads what [`KeySet::request`] wrote, which names its issuer. Nobody signed it: people compare its
    /// fingerprint before they do, and [`super::signing::compare`] says what it changes.
    pub fn read_request(text: &str) -> Result<Self, KeySetError> {
        let payload: Payload = faithful(text.as_bytes())?;
        let name = payload.iss.strip_prefix("https://").ok_or(KeySetError::Malformed)?;
        let issuer = name.parse().map_err(|_| KeySetError::Malformed)?;
        Self::from_payload(payload, &issuer)
    }

    /// Signs the set with the root key: compact JWS (RFC 7515), `alg` Ed25519 (RFC 9864).
    pub fn sign(&self, root: &SigningKey) -> String {
        let header = Header { alg: "Ed25519".into(), typ: "jwk-set+jwt".into(), kid: root.public().id().to_string() };
        let signed = format!("{}.{}", encode(&header), encode(&self.payload()));
        let signature = URL_SAFE_NO_PAD.encode(root.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// Reads a set that `root` signed for `issuer`. Whether it is current is for [`super::PublicKeys`] to say.
    pub fn read(jwt: &str, root: &PublicKey, issuer: &IssuerName) -> Result<Self, KeySetError> {
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
        Self::from_payload(decode(payload)?, issuer)
    }

    fn payload(&self) -> Payload {
        Payload {
            iss: self.issuer().url(),
            sub: self.issuer().url(),
            iat: self.issued_at(),
            exp: self.expires_at(),
            version: self.version(),
            keys: self.keys().iter().map(jwk).collect(),
        }
    }

    fn from_payload(payload: Payload, issuer: &IssuerName) -> Result<Self, KeySetError> {
        if payload.iss != payload.sub {
            return Err(KeySetError::Malformed);
        }
        let found = payload.iss.strip_prefix("https://").and_then(|name| name.parse::<IssuerName>().ok()).ok_or(KeySetError::Malformed)?;
        if found != *issuer {
            return Err(KeySetError::WrongIssuer { found, given: issuer.clone() });
        }
        let times = payload.keys.iter().flat_map(|key| [Some(key.nbf), Some(key.exp), key.revoked.as_ref().map(|r| r.revoked_at)]);
        if payload.version > MAX_INTEGER || !times.chain([Some(payload.iat), Some(payload.exp)]).flatten().all(is_time) {
            return Err(KeySetError::Malformed);
        }
        let keys = payload.keys.into_iter().map(published).collect::<Result<_, _>>()?;
        Self::new(issuer.clone(), payload.version, payload.iat, payload.exp, keys)
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

fn json(part: &impl Serialize) -> String {
    // Structs of strings and integers always serialize.
    serde_json::to_string(part).unwrap_or_default()
}

fn encode(part: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(json(part))
}

fn decode<T: Serialize + for<'de> Deserialize<'de>>(part: &str) -> Result<T, KeySetError> {
    faithful(&URL_SAFE_NO_PAD.decode(part).map_err(|_| KeySetError::Malformed)?)
}

/// Reads compact JSON, members in any order: serde alone also takes arrays for objects, null for what is absent, and
/// white space, where another reader may see something else.
fn faithful<T: Serialize + for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, KeySetError> {
    let read = || -> serde_json::Result<(T, bool)> {
        let (decoded, value): (T, Value) = (serde_json::from_slice(bytes)?, serde_json::from_slice(bytes)?);
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
