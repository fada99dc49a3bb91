//! Issuer, times, version and form of the payload.

use super::{Book, Good, Refused, payload};
use crate::vectors::world::{DAY, ISSUER, NOW, VERSION, published_keys, quoted, set_header, set_payload};

pub fn add(book: &mut Book) {
    issuers(book);
    times(book);
    versions(book);
    members(book);
    json(book);
}

fn issuers(book: &mut Book) {
    for member in ["iss", "sub"] {
        for (kind, value) in [
            ("of another issuer", "https://verify.example.net".to_owned()),
            ("with a slash behind", format!("https://{ISSUER}/")),
            ("by plain HTTP", format!("http://{ISSUER}")),
            ("in capitals", format!("https://{}", ISSUER.to_uppercase())),
            ("without a scheme", ISSUER.to_owned()),
            ("with a port", format!("https://{ISSUER}:443")),
            ("empty", String::new()),
        ] {
            book.payload(&format!("{member} {kind}"), Refused, |payload| payload.set(member, &quoted(&value)));
        }
        book.payload(&format!("{member} in an array"), Refused, |payload| payload.set(member, &format!(r#"["https://{ISSUER}"]"#)));
    }
    book.payload("iss and sub of another issuer", Refused, |payload| {
        payload.set("iss", &quoted("https://verify.example.net"));
        payload.set("sub", &quoted("https://verify.example.net"));
    });
}

fn times(book: &mut Book) {
    let lifetimes = [
        ("lives 35 days", NOW - DAY, NOW + 34 * DAY, Good),
        ("lives 35 days and a second", NOW - DAY, NOW + 34 * DAY + 1, Refused),
        ("lives a year", NOW - DAY, NOW + 365 * DAY, Refused),
        ("runs out in a second", NOW - DAY, NOW + 1, Good),
        ("runs out now", NOW - DAY, NOW, Refused),
        ("ran out a second ago", NOW - DAY, NOW - 1, Refused),
        ("ran out long ago", NOW - 60 * DAY, NOW - 30 * DAY, Refused),
        ("lives a second", NOW, NOW + 1, Good),
        ("lives no second", NOW + 1, NOW + 1, Refused),
        ("ends before it begins", NOW + 30, NOW + 20, Refused),
        ("begins in 60 seconds", NOW + 60, NOW + DAY, Good),
        ("begins in 61 seconds", NOW + 61, NOW + DAY, Refused),
        ("begins tomorrow", NOW + DAY, NOW + 2 * DAY, Refused),
    ];
    for (name, iat, exp, expect) in lifetimes {
        book.payload(name, expect, |payload| {
            payload.set("iat", &iat);
            payload.set("exp", &exp);
        });
    }
    for (name, member, value) in [
        ("iat as text", "iat", format!("\"{NOW}\"")),
        ("exp as text", "exp", format!("\"{}\"", NOW + DAY)),
        ("iat with a fraction", "iat", format!("{}.5", NOW - DAY)),
        ("exp with a fraction", "exp", format!("{}.5", NOW + DAY)),
        ("iat null", "iat", "null".into()),
        ("exp null", "exp", "null".into()),
        ("exp 2^63", "exp", "9223372036854775808".into()),
        ("iat -2^63", "iat", i64::MIN.to_string()),
    ] {
        book.payload(name, Refused, |payload| payload.set(member, &value));
    }
}

fn versions(book: &mut Book) {
    book.payload("version one above the least", Good, |payload| payload.set("version", &(VERSION + 1)));
    book.payload("version 2^53 - 1", Good, |payload| payload.set("version", &((1_u64 << 53) - 1)));
    book.payload("version one below the least", Refused, |payload| payload.set("version", &(VERSION - 1)));
    for (name, value) in [
        ("version 0", "0".to_owned()),
        ("version negative", "-7".into()),
        ("version as text", format!("\"{VERSION}\"")),
        ("version with a fraction", format!("{VERSION}.5")),
        ("version null", "null".into()),
        ("version 2^53", (1_u64 << 53).to_string()),
        ("version 2^64 - 1", u64::MAX.to_string()),
        ("version 2^64", "18446744073709551616".into()),
    ] {
        book.payload(name, Refused, |payload| payload.set("version", &value));
    }
}

fn members(book: &mut Book) {
    for member in ["iss", "sub", "iat", "exp", "version", "keys"] {
        book.payload(&format!("payload without {member}"), Refused, |payload| payload.remove(member));
        book.payload(&format!("payload with {member} twice"), Refused, |payload| {
            let again = payload.0.iter().find(|(name, _)| *name == member).cloned();
            payload.0.extend(again);
        });
    }
    for (name, member, value) in [
        ("payload with an extra member: nbf", "nbf", "0"),
        ("payload with an extra member: aud", "aud", r#""everybody""#),
        ("payload with an extra member: jti", "jti", r#""1""#),
        ("payload with an extra member: unknown", "x", "null"),
        ("payload with an extra member: __proto__", "__proto__", "{}"),
    ] {
        book.payload(name, Refused, |payload| payload.0.push((member, value.to_owned())));
    }
    book.payload("keys an object", Refused, |payload| payload.set("keys", &"{}"));
    book.payload("keys null", Refused, |payload| payload.set("keys", &"null"));
    book.payload("keys of numbers", Refused, |payload| payload.set("keys", &"[1]"));
    book.payload("keys with null", Refused, |payload| payload.set("keys", &"[null]"));
}

fn json(book: &mut Book) {
    let header = set_header().encode();
    let good = payload();
    let values: Vec<String> = set_payload(&published_keys()).0.into_iter().map(|(_, value)| value).collect();
    for (name, text) in [
        ("payload empty", String::new()),
        ("payload no JSON", "keys".into()),
        ("payload null", "null".into()),
        ("payload an array", "[]".into()),
        ("payload an array of its values", format!("[{}]", values.join(","))),
        ("payload cut", good[..good.len() - 1].to_owned()),
        ("payload with a comma too many", good.replacen("]}", "],}", 1)),
        ("payload with a comment", good.replacen('{', "{/**/", 1)),
        ("payload with text behind", format!("{good}x")),
        ("payload twice", good.repeat(2)),
        ("payload with a byte order mark", format!("\u{feff}{good}")),
        ("payload in single quotes", good.replace('"', "'")),
        ("payload nested 1,000 deep", "[".repeat(1_000)),
    ] {
        book.signed(name, Refused, &header, &text);
    }
}
