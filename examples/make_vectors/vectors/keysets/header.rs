//! Form, header and signature of the JWT.

use super::{Book, Refused, payload};
use crate::vectors::{
    ed25519::add_order,
    world::{self, ACTIVE, ROOT, UNPUBLISHED, base64url, quoted, set_header},
};

pub fn add(book: &mut Book) {
    headers(book);
    algorithms(book);
    names(book);
    signatures(book);
    forms(book);
    encodings(book);
}

fn headers(book: &mut Book) {
    for (name, member, value) in [
        ("header with an extra member: crit", "crit", r#"["exp"]"#),
        ("header with an extra member: jwk", "jwk", "{}"),
        ("header with an extra member: jku", "jku", r#""https://verify.example.net/keys""#),
        ("header with an extra member: x5u", "x5u", r#""https://verify.example.net/x""#),
        ("header with an extra member: b64", "b64", "true"),
        ("header with an extra member: unknown", "x", "0"),
    ] {
        book.header(name, |header| header.set(member, &value));
    }
    for member in ["alg", "typ", "kid"] {
        book.header(&format!("header without {member}"), |header| header.remove(member));
        book.header(&format!("header with {member} null"), |header| header.set(member, &"null"));
        book.header(&format!("header with {member} twice"), |header| {
            let again = header.0.iter().find(|(name, _)| *name == member).cloned();
            header.0.extend(again);
        });
    }
    book.header("header with alg twice, the first another", |header| header.0.insert(0, ("alg", quoted("none"))));
}

fn algorithms(book: &mut Book) {
    for alg in ["EdDSA", "none", "HS256", "ES256", "Ed448", "ed25519", "ED25519", "Ed25519 ", ""] {
        book.header(&format!("alg {alg:?}"), |header| header.set("alg", &quoted(alg)));
    }
    book.header("alg a number", |header| header.set("alg", &-19));
    book.header("alg an array", |header| header.set("alg", &r#"["Ed25519"]"#));
    for typ in ["JWT", "jwt", "jwk-set", "application/jwk-set+jwt", "JWK-SET+JWT", "cwt", ""] {
        book.header(&format!("typ {typ:?}"), |header| header.set("typ", &quoted(typ)));
    }
}

fn names(book: &mut Book) {
    let root = world::key(ROOT);
    book.header("kid of another key", |header| header.set("kid", &quoted(&world::kid(&world::key(ACTIVE)))));
    book.header("kid cut to four bytes", |header| header.set("kid", &quoted(&base64url(&world::prefix(&root)))));
    book.header("kid empty", |header| header.set("kid", &quoted("")));
    book.header("kid with padding", |header| header.set("kid", &quoted(&format!("{}=", world::kid(&root)))));
    let other = world::key(UNPUBLISHED);
    book.push("signed by another root", Refused, world::jws(&set_header().encode(), &payload(), &other));
    let mut header = set_header();
    header.set("kid", &quoted(&world::kid(&other)));
    book.push("signed by another root under its own kid", Refused, world::jws(&header.encode(), &payload(), &other));
    book.push("signed by a key of the set", Refused, world::jws(&set_header().encode(), &payload(), &world::key(ACTIVE)));
}

/// The three parts of a good set.
fn parts() -> [String; 3] {
    let jwt = world::key_set();
    let mut parts = jwt.split('.').map(str::to_owned);
    [(); 3].map(|()| parts.next().expect("three parts"))
}

fn with_signature(change: impl FnOnce(&mut [u8; 64])) -> String {
    use ed25519_dalek::Signer as _;
    let [header, payload, _] = parts();
    let mut signature = world::key(ROOT).sign(format!("{header}.{payload}").as_bytes()).to_bytes();
    change(&mut signature);
    format!("{header}.{payload}.{}", base64url(&signature))
}

fn signatures(book: &mut Book) {
    book.push("signature with a bit of R flipped", Refused, with_signature(|s| s[0] ^= 1));
    book.push("signature with a bit of S flipped", Refused, with_signature(|s| s[40] ^= 1));
    book.push("signature with S + L", Refused, with_signature(add_order));
    book.push("signature of zeros", Refused, with_signature(|s| *s = [0; 64]));
    let [header, payload, signature] = parts();
    book.push("signature empty", Refused, format!("{header}.{payload}."));
    book.push("signature of 63 bytes", Refused, format!("{header}.{payload}.{}", base64url(&[7; 63])));
    book.push("signature of 65 bytes", Refused, format!("{header}.{payload}.{}", base64url(&[7; 65])));
    let other = world::set_payload(&world::published_keys()[..1]).encode();
    book.push("payload of another set", Refused, format!("{header}.{}.{signature}", base64url(other.as_bytes())));
    let spaced = set_header().encode().replace(',', ", ");
    book.push("header written again after signing", Refused, format!("{}.{payload}.{signature}", base64url(spaced.as_bytes())));
}

fn forms(book: &mut Book) {
    let [header, payload, signature] = parts();
    for (name, jwt) in [
        ("empty", String::new()),
        ("two dots and nothing else", "..".into()),
        ("no signature part", format!("{header}.{payload}")),
        ("payload missing", format!("{header}.{signature}")),
        ("payload detached", format!("{header}..{signature}")),
        ("a fourth part", format!("{header}.{payload}.{signature}.")),
        ("a part in front", format!(".{header}.{payload}.{signature}")),
        ("parts swapped", format!("{payload}.{header}.{signature}")),
        ("trailing line feed", format!("{header}.{payload}.{signature}\n")),
        ("leading space", format!(" {header}.{payload}.{signature}")),
        ("JSON serialization", format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#)),
        ("a plain key set", format!(r#"{{"keys":[{}]}}"#, world::published_keys()[0].encode())),
    ] {
        book.push(name, Refused, jwt);
    }
}

fn encodings(book: &mut Book) {
    let [header, payload, signature] = parts();
    book.push("padding behind the signature", Refused, format!("{header}.{payload}.{signature}=="));
    // 64 bytes leave four tail bits in the last of 86 characters, all zero in A, Q, g and w.
    let (head, last) = signature.split_at(85);
    let next = match last {
        "A" => "B",
        "Q" => "R",
        "g" => "h",
        _ => "x",
    };
    book.push("signature with a tail bit set", Refused, format!("{header}.{payload}.{head}{next}"));
    let key = world::key(ROOT);
    for (name, header, payload) in [
        ("padding behind the header, signed", format!("{header}="), payload.clone()),
        ("padding behind the payload, signed", header.clone(), format!("{payload}=")),
        ("line feed inside the payload, signed", header.clone(), format!("{}\n{}", &payload[..60], &payload[60..])),
    ] {
        use ed25519_dalek::Signer as _;
        let signature = key.sign(format!("{header}.{payload}").as_bytes()).to_bytes();
        book.push(name, Refused, format!("{header}.{payload}.{}", base64url(&signature)));
    }
    book.signed("header no JSON", Refused, "alg", &payload_text());
    book.signed("header an array", Refused, "[]", &payload_text());
    let values: Vec<String> = set_header().0.into_iter().map(|(_, value)| value).collect();
    book.signed("header an array of its values", Refused, &format!("[{}]", values.join(",")), &payload_text());
    book.signed("header null", Refused, "null", &payload_text());
    book.signed("header cut", Refused, r#"{"alg":"Ed25519""#, &payload_text());
}

fn payload_text() -> String {
    super::payload()
}
