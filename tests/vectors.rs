//! The protocol's own vectors, made by an independent program: claims in, the very same bytes out, and back.

use countersign::{
    keyring::{IssuerName, KeySet, MAX_SET_LIFETIME, PublicKeys, PublishedKey, SigningKey},
    token::{Approach, Channel, Claims, Cti, SpokenCode, SpokenSize, Token, Unverified, Window, qr::Symbol},
};
use serde_json::Value;
use zeroize::Zeroizing;

const IAT: i64 = 1_795_000_000;

fn protocol() -> Value {
    serde_json::from_str(include_str!("vectors/protocol.json")).unwrap()
}

fn signing_key() -> SigningKey {
    let mut seed = Zeroizing::new([0; 32]);
    seed.iter_mut().zip(0..).for_each(|(byte, n)| *byte = n);
    SigningKey::from_seed(&seed)
}

fn published(key: &SigningKey) -> PublishedKey {
    PublishedKey { key: key.public(), not_before: IAT - 86_400, expires_at: IAT + 10 * 86_400, revoked: None }
}

fn issuer() -> IssuerName {
    "verify.example.org".parse().unwrap()
}

fn keys() -> PublicKeys {
    let root = SigningKey::from_seed(&Zeroizing::new([9; 32]));
    let set = KeySet::new(issuer(), 1, IAT - 86_400, IAT - 86_400 + MAX_SET_LIFETIME, vec![published(&signing_key())]).unwrap();
    PublicKeys::open(&set.sign(&root), &root.public(), &issuer(), IAT, 1).unwrap()
}

fn claims(name: &str) -> Claims {
    let plain = Approach { channel: Channel::InPerson, name: None, place: None, challenge: None, dialled: None };
    let (cti, window, approach) = match name {
        "in person, nothing else" => ([0; 8], Window::new(IAT, None, IAT + 300), plain),
        "telephone, challenge and dialled digits" => (
            [1, 2, 3, 4, 5, 6, 7, 8],
            Window::new(IAT, None, IAT + 600),
            Approach {
                channel: Channel::Telephone,
                challenge: Some("417092".parse().unwrap()),
                dialled: Some("143".parse().unwrap()),
                ..plain
            },
        ),
        "in person, name and place" => (
            [0xff; 8],
            Window::new(IAT, None, IAT + 300),
            Approach { name: Some("Anna".parse().unwrap()), place: Some("Bridge Street".parse().unwrap()), ..plain },
        ),
        "prepared for later" => {
            ([0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7], Window::new(IAT, Some(IAT + 40_000), IAT + 40_300), plain)
        }
        other => panic!("a vector without claims: {other}"),
    };
    Claims::new(Cti(cti), window.unwrap(), approach).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[test]
fn the_key_has_the_published_names() {
    let public = signing_key().public();
    assert_eq!(public.jwk_x(), protocol()["public_jwk"]["x"]);
    assert_eq!(public.id().to_string(), protocol()["kid_jwk"]);
    assert_eq!(hex(&public.id().prefix()), protocol()["kid_cose_hex"]);
}

#[test]
fn every_protocol_vector_is_made_and_read_exactly() {
    let key = signing_key();
    for vector in protocol()["vectors"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        let claims = claims(name);
        let token = Token::sign(&claims, &key, &published(&key), &issuer()).unwrap();
        assert_eq!(hex(token.as_bytes()), vector["token_hex"], "{name}");
        assert_eq!(token.text(), vector["text"], "{name}");
        assert_eq!(token.link("https://verify.example.org"), vector["link"], "{name}");
        assert_eq!(token.as_bytes().len(), vector["bytes"], "{name}");
        for (size, words, digits) in [(SpokenSize::Five, "words5", "digits15"), (SpokenSize::Six, "words6", "digits18")] {
            let code = SpokenCode::of(&token, size);
            assert_eq!(code.words(), vector[words], "{name}");
            assert_eq!(code.digits(), vector[digits], "{name}");
        }

        let read = Token::parse(vector["link"].as_str().unwrap()).unwrap();
        let start = claims.window().start();
        let verified = Unverified::decode(&read).unwrap().verify(&keys(), &issuer(), start).unwrap();
        assert_eq!(verified.claims(), &claims, "{name}");
    }
}

#[test]
fn the_plain_vectors_fit_a_version_8_symbol() {
    for vector in protocol()["vectors"].as_array().unwrap().iter().filter(|v| v["bytes"].as_u64() <= Some(121)) {
        let token = Token::parse(vector["text"].as_str().unwrap()).unwrap();
        assert_eq!(Symbol::of(&token, "https://verify.example.org").unwrap().modules(), 49, "{}", vector["name"]);
    }
}
