//! The keys in the set.

use super::{Book, Good, Refused};
use crate::vectors::world::{self, DAY, NEW, NOW, Object, UNPUBLISHED, base64url, jwk, quoted};

/// Two keys whose thumbprints begin with the same four bytes, found among 65,373 numbered ones.
const CLASH: [&str; 2] = ["clash 27778", "clash 65372"];

pub fn add(book: &mut Book) {
    sets(book);
    types(book);
    points(book);
    names(book);
    times(book);
    members(book);
    revocations(book);
}

fn ordinary(label: &str) -> Object {
    jwk(&world::key(label), NOW - DAY, NOW + DAY)
}

fn sets(book: &mut Book) {
    book.keys("one key", Good, |keys| keys.truncate(1));
    book.keys("twelve keys", Good, |keys| keys.extend((0..8).map(|n| ordinary(&format!("more {n}")))));
    let [one, other] = CLASH.map(|label| world::prefix(&world::key(label)));
    assert_eq!(one, other, "the prefixes clash");
    book.keys("one of two keys whose prefixes would clash", Good, |keys| keys.push(ordinary(CLASH[0])));
    book.keys("two keys with one prefix", Refused, |keys| keys.extend(CLASH.map(ordinary)));
    book.keys("two keys with one prefix, apart", Refused, |keys| {
        keys.insert(0, ordinary(CLASH[0]));
        keys.push(ordinary(CLASH[1]));
    });
    book.keys("two keys with one prefix, one revoked", Refused, |keys| {
        keys.extend(CLASH.map(ordinary));
        let last = keys.len() - 1;
        keys[last].set("revoked", &revocation());
    });
    book.keys("a key twice", Refused, |keys| keys.push(keys[0].clone()));
    book.keys("a key twice with other times", Refused, |keys| {
        keys.push(keys[0].clone());
        keys[0].set("exp", &(NOW + 20 * DAY));
    });
}

fn types(book: &mut Book) {
    for kty in ["EC", "RSA", "oct", "okp", ""] {
        book.keys(&format!("kty {kty:?}"), Refused, |keys| keys[0].set("kty", &quoted(kty)));
    }
    for crv in ["Ed448", "X25519", "P-256", "ed25519", ""] {
        book.keys(&format!("crv {crv:?}"), Refused, |keys| keys[0].set("crv", &quoted(crv)));
    }
}

/// Replaces the point and, so that nothing else is wrong, the kid.
fn with_point(key: &mut Object, bytes: &[u8]) {
    use sha2::{Digest as _, Sha256};
    let x = base64url(bytes);
    key.set("kid", &quoted(&base64url(&Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)))));
    key.set("x", &quoted(&x));
}

fn points(book: &mut Book) {
    let point = world::key(world::ACTIVE).verifying_key().to_bytes();
    let (mut identity, mut off, mut above) = ([0; 32], [0; 32], [0xff; 32]);
    identity[0] = 1;
    off[0] = 2;
    above[0] = 0xed + 3;
    above[31] = 0x7f;
    let mut order_four_above = above;
    order_four_above[0] = 0xed;
    for (name, bytes) in [
        ("x of 31 bytes", &point[..31]),
        ("x of 33 bytes", &[point.as_slice(), &[0]].concat()),
        ("x empty", &[]),
        ("x of small order: the identity", &identity),
        ("x of small order: y = 0", &[0; 32]),
        ("x of small order: y = p", &order_four_above),
        ("x not canonical: y = p + 3", &above),
        ("x not on the curve", &off),
    ] {
        book.keys(name, Refused, |keys| with_point(&mut keys[0], bytes));
    }
    let x = base64url(&point);
    for (name, text) in
        [("x with padding", format!("{x}=")), ("x with a space behind", format!("{x} ")), ("x in hexadecimal", world::hex(&point))]
    {
        book.keys(name, Refused, |keys| keys[0].set("x", &quoted(&text)));
    }
    book.keys("x with a tail bit set", Refused, |keys| keys[0].set("x", &quoted(&with_tail_bit(&x))));
    book.keys("x of another key", Refused, |keys| keys[0].set("x", &quoted(&world::x(&world::key(UNPUBLISHED)))));
    book.keys("x a number", Refused, |keys| keys[0].set("x", &1));
}

/// 32 bytes leave two tail bits in the last of 43 characters; the next letter of the alphabet sets the lowest.
fn with_tail_bit(text: &str) -> String {
    let (head, last) = text.split_at(text.len() - 1);
    let next = last.bytes().map(|b| if b == b'8' { '9' } else { char::from(b + 1) });
    head.chars().chain(next).collect()
}

fn names(book: &mut Book) {
    let kid = world::kid(&world::key(world::ACTIVE));
    for (name, text) in [
        ("kid of another key of the set", world::kid(&world::key(NEW))),
        ("kid cut to the prefix that tokens carry", base64url(&world::prefix(&world::key(world::ACTIVE)))),
        ("kid with padding", format!("{kid}=")),
        ("kid with a tail bit set", with_tail_bit(&kid)),
        ("kid a free name", "key-1".into()),
        ("kid empty", String::new()),
    ] {
        book.keys(&format!("{name}, in a key"), Refused, |keys| keys[0].set("kid", &quoted(&text)));
    }
}

fn times(book: &mut Book) {
    book.keys("nbf a second before exp", Good, |keys| keys[0].set("nbf", &(NOW + 10 * DAY - 1)));
    book.keys("nbf equal to exp", Refused, |keys| keys[0].set("nbf", &(NOW + 10 * DAY)));
    book.keys("nbf after exp", Refused, |keys| keys[0].set("nbf", &(NOW + 11 * DAY)));
    for member in ["nbf", "exp"] {
        for (kind, value) in [
            ("as text", format!("\"{}\"", NOW + DAY)),
            ("with a fraction", format!("{}.5", NOW + DAY)),
            ("null", "null".into()),
            ("2^63", "9223372036854775808".into()),
            ("2^53", (1_u64 << 53).to_string()),
            ("negative", "-1".into()),
        ] {
            book.keys(&format!("{member} {kind}, in a key"), Refused, |keys| keys[0].set(member, &value));
        }
    }
}

fn members(book: &mut Book) {
    for member in ["kty", "crv", "x", "kid", "nbf", "exp"] {
        book.keys(&format!("key without {member}"), Refused, |keys| keys[0].remove(member));
        book.keys(&format!("key with {member} twice"), Refused, |keys| {
            let again = keys[0].0.iter().find(|(name, _)| *name == member).cloned();
            keys[0].0.extend(again);
        });
    }
    for (member, value) in [
        ("alg", r#""Ed25519""#),
        ("use", r#""sig""#),
        ("key_ops", r#"["verify"]"#),
        ("iat", "0"),
        ("d", r#""AAAA""#),
        ("x5c", "[]"),
        ("unknown", "null"),
    ] {
        book.keys(&format!("key with an extra member: {member}"), Refused, |keys| keys[0].set(member, &value));
    }
}

fn revocation() -> String {
    format!(r#"{{"revoked_at":{},"reason":"stolen"}}"#, NOW - 3_600)
}

fn revocations(book: &mut Book) {
    book.keys("every key revoked", Good, |keys| keys.iter_mut().for_each(|key| key.set("revoked", &revocation())));
    let at = NOW - 3_600;
    for (name, value) in [
        ("revoked null", "null".to_owned()),
        ("revoked true", "true".into()),
        ("revoked false", "false".into()),
        ("revoked empty", "{}".into()),
        ("revoked without a reason", format!(r#"{{"revoked_at":{at}}}"#)),
        ("revoked without a time", r#"{"reason":"stolen"}"#.into()),
        ("revoked with an extra member", format!(r#"{{"revoked_at":{at},"reason":"stolen","by":"x"}}"#)),
        ("revoked at a time as text", format!(r#"{{"revoked_at":"{at}","reason":"stolen"}}"#)),
        ("revoked at 2^53", format!(r#"{{"revoked_at":{},"reason":"stolen"}}"#, 1_u64 << 53)),
        ("revoked for a number", format!(r#"{{"revoked_at":{at},"reason":1}}"#)),
        ("revoked in an array", format!(r#"[{at},"stolen"]"#)),
    ] {
        book.keys(name, Refused, |keys| keys[0].set("revoked", &value));
    }
    book.keys("revoked twice", Refused, |keys| {
        let first = &mut keys[0].0;
        first.extend([("revoked", revocation()), ("revoked", revocation())]);
    });
}
