//! Claims that are missing, foreign, of another type or out of bounds.

use super::{
    Book,
    Expect::NotGenuine,
    draft::{APPROACH, CHALLENGE, CHANNEL, CTI, DIALLED, EXP, IAT, NAME, PLACE},
};
use crate::vectors::{
    cbor::{Entries, array, bytes, int, raw_text, tag, text},
    world::NOW,
};

pub fn add(book: &mut Book) {
    missing(book);
    foreign(book);
    ids(book);
    approaches(book);
    channels(book);
    texts(book);
    numbers(book);
}

fn missing(book: &mut Book) {
    for (name, key) in [("exp missing", EXP), ("iat missing", IAT), ("cti missing", CTI)] {
        book.claims(name, NotGenuine, |claims| claims.remove(key));
    }
    book.draft("approach missing", NotGenuine, |draft| draft.payload = Some(draft.claims.encode()));
    book.draft("no claims", NotGenuine, |draft| draft.payload = Some(vec![0xa0]));
}

fn foreign(book: &mut Book) {
    for (name, key, value) in [("iss", 1, "https://verify.example.org"), ("sub", 2, "officer-7"), ("aud", 3, "everybody")] {
        book.claims(&format!("extra claim: {name}"), NotGenuine, |claims| claims.set(key, text(value)));
    }
    book.claims("extra claim: cnf", NotGenuine, |claims| claims.set(8, Entries::new(&[(3, bytes(&[0; 4]))]).encode()));
    book.claims("extra claim: scope", NotGenuine, |claims| claims.set(9, text("all")));
    book.claims("extra claim: unknown registered number", NotGenuine, |claims| claims.set(23, int(0)));
    book.claims("extra claim: unknown private number", NotGenuine, |claims| claims.set(-65_536, int(0)));
    book.draft("extra claim: another private number after the approach", NotGenuine, |draft| {
        let mut all = draft.all_claims();
        all.set(-65_538, int(0));
        draft.payload = Some(all.encode());
    });
    book.draft("extra claim: text", NotGenuine, |draft| {
        let mut all = draft.all_claims();
        all.0.push((text("x"), int(0)));
        draft.payload = Some(all.encode());
    });
    book.draft("extra claim: empty byte string as label", NotGenuine, |draft| {
        let mut all = draft.all_claims();
        all.0.push((bytes(&[]), int(0)));
        draft.payload = Some(all.encode());
    });
}

fn ids(book: &mut Book) {
    for length in [0, 7, 9, 16] {
        book.claims(&format!("cti of {length} bytes"), NotGenuine, |claims| claims.set(CTI, bytes(&vec![7; length])));
    }
    book.claims("cti as text", NotGenuine, |claims| claims.set(CTI, text("abcdefgh")));
    book.claims("cti as number", NotGenuine, |claims| claims.set(CTI, int(7)));
    book.claims("cti null", NotGenuine, |claims| claims.set(CTI, vec![0xf6]));
}

fn approaches(book: &mut Book) {
    let values = [
        ("approach an array", array(&[int(1), int(1)])),
        ("approach a number", int(1)),
        ("approach text", text("in person")),
        ("approach null", vec![0xf6]),
        ("approach a wrapped map", bytes(&[0xa1, 1, 1])),
        ("approach empty", vec![0xa0]),
        ("approach tagged", tag(61, &[0xa1, 1, 1])),
    ];
    for (name, value) in values {
        book.draft(name, NotGenuine, |draft| {
            draft.claims.set(APPROACH, value);
            draft.payload = Some(draft.claims.encode());
        });
    }
}

fn channels(book: &mut Book) {
    let values = [
        ("channel 0", int(0)),
        ("channel 4", int(4)),
        ("channel -1", int(-1)),
        ("channel 257", int(257)),
        ("channel as text", text("1")),
        ("channel true", vec![0xf5]),
        ("channel null", vec![0xf6]),
        ("channel as float", vec![0xf9, 0x3c, 0x00]),
        ("channel in an array", array(&[int(1)])),
    ];
    for (name, value) in values {
        book.approach(name, NotGenuine, |approach| approach.set(CHANNEL, value));
    }
    book.approach("channel missing", NotGenuine, |approach| {
        approach.remove(CHANNEL);
        approach.set(NAME, text("Anna"));
    });
    for (name, key) in [("unknown approach label 0", 0), ("unknown approach label 6", 6), ("unknown approach label -1", -1)] {
        book.approach(name, NotGenuine, |approach| approach.set(key, int(1)));
    }
    book.approach("unknown approach label as text", NotGenuine, |approach| approach.0.push((text("x"), int(1))));
    book.approach("approach label as float", NotGenuine, |approach| approach.rename(CHANNEL, &[0xf9, 0x3c, 0x00]));
}

fn texts(book: &mut Book) {
    let both = [
        ("empty", vec![]),
        ("not NFC, e and acute", "e\u{301}".into()),
        ("not NFC, Angstrom sign", "\u{212b}".into()),
        ("not NFC, conjoining jamo", "\u{1100}\u{1161}".into()),
        ("not NFC, excluded from composition", "\u{958}".into()),
        ("not NFC, marks in the wrong order", "a\u{301}\u{323}".into()),
        ("with a control character: NUL", b"An\0na".to_vec()),
        ("with a control character: line feed", b"An\nna".to_vec()),
        ("with a control character: escape", b"\x1b[2J".to_vec()),
        ("with a control character: DEL", b"An\x7fna".to_vec()),
        ("with a control character: C1", "An\u{9b}na".into()),
        ("with a format character: soft hyphen", "An\u{ad}na".into()),
        ("with a format character: zero width space", "An\u{200b}na".into()),
        ("with a joiner in front", "\u{200d}Anna".into()),
        ("with a joiner at the end", "Anna\u{200c}".into()),
        ("with two joiners in a row", "An\u{200d}\u{200c}na".into()),
        ("with a joiner beside a space", "An\u{200d} na".into()),
        ("of joiners alone", "\u{200c}".into()),
        ("with a space in front", " Anna".into()),
        ("with a space at the end", "Anna ".into()),
        ("with two spaces in a row", "An  na".into()),
        ("of a space alone", " ".into()),
        ("with another space: no-break", "An\u{a0}na".into()),
        ("with another space: ideographic", "An\u{3000}na".into()),
        ("with another space: thin", "An\u{2009}na".into()),
        ("with a filler: Hangul", "\u{3164}".into()),
        ("with a filler: Hangul Choseong", "An\u{115f}na".into()),
        ("with a filler: half width Hangul", "An\u{ffa0}na".into()),
        ("with what is drawn as nothing: Braille blank", "\u{2800}".into()),
        ("with what is drawn as nothing: null notehead", "An\u{1d159}na".into()),
        ("with what is drawn as nothing: object replacement", "An\u{fffc}na".into()),
        ("with what is ignored: combining grapheme joiner", "An\u{34f}na".into()),
        ("with what is ignored: variation selector", "Anna\u{fe0f}".into()),
        ("with what is ignored: Mongolian vowel separator", "An\u{180e}na".into()),
        ("with what is ignored: variation selector 17", "Anna\u{e0100}".into()),
        ("with a private character", "An\u{e000}na".into()),
        ("with a private character of plane 16", "An\u{10fffd}na".into()),
        ("with a noncharacter", "An\u{fdd0}na".into()),
        ("with a noncharacter: FFFE", "An\u{fffe}na".into()),
        ("with a noncharacter: 1FFFF", "An\u{1ffff}na".into()),
        ("with a format character: byte order mark", "\u{feff}Anna".into()),
        ("with a format character: word joiner", "An\u{2060}na".into()),
        ("with a format character: tag letter", "Anna\u{e0041}".into()),
        ("with a bidi character: right-to-left mark", "Anna\u{200f}".into()),
        ("with a bidi character: override", "An\u{202e}na".into()),
        ("with a bidi character: isolate", "An\u{2067}na".into()),
        ("with a bidi character: Arabic letter mark", "An\u{61c}na".into()),
        ("with a line separator", "An\u{2028}na".into()),
        ("with a paragraph separator", "An\u{2029}na".into()),
        ("not UTF-8, stray byte", b"An\xffna".to_vec()),
        ("not UTF-8, cut short", b"Ann\xc3".to_vec()),
        ("not UTF-8, overlong", b"An\xc1\xa1".to_vec()),
        ("not UTF-8, surrogate", b"An\xed\xa0\x80".to_vec()),
    ];
    for (name, key) in [("name", NAME), ("place", PLACE)] {
        for (defect, value) in &both {
            book.approach(&format!("{name} {defect}"), NotGenuine, |approach| approach.set(key, raw_text(value)));
        }
        for (defect, value) in
            [("as bytes", bytes(b"Anna")), ("as number", int(1)), ("null", vec![0xf6]), ("in an array", array(&[text("Anna")]))]
        {
            book.approach(&format!("{name} {defect}"), NotGenuine, |approach| approach.set(key, value));
        }
    }
    book.approach("name of 25 bytes", NotGenuine, |approach| approach.set(NAME, text(&"x".repeat(25))));
    book.approach("name of 25 bytes in 13 characters", NotGenuine, |approach| approach.set(NAME, text(&format!("{}x", "é".repeat(12)))));
    book.approach("place of 33 bytes", NotGenuine, |approach| approach.set(PLACE, text(&"x".repeat(33))));
    book.approach("place of 33 bytes in 11 characters", NotGenuine, |approach| approach.set(PLACE, text(&"王".repeat(11))));
}

fn numbers(book: &mut Book) {
    for (name, key, over) in [("number", CHALLENGE, 1_000_000), ("dialled", DIALLED, 1_000)] {
        let values = [
            ("one too big", int(over)),
            ("2^32", int(1 << 32)),
            ("2^16", int(1 << 16)),
            ("negative", int(-1)),
            ("as text", text("417092")),
            ("as bytes", bytes(&[1, 2, 3])),
            ("as float", vec![0xfb, 0x40, 0x59, 0, 0, 0, 0, 0, 0]),
            ("null", vec![0xf6]),
            ("as bignum", tag(2, &bytes(&[100]))),
        ];
        for (defect, value) in values {
            // 2^16 is a fine number to be read out, only never three digits.
            if key == DIALLED || defect != "2^16" {
                book.approach(&format!("{name} {defect}"), NotGenuine, |approach| approach.set(key, value));
            }
        }
    }
    book.draft("prepared with a number", NotGenuine, |draft| {
        draft.prepared(NOW - 60, NOW - 30, NOW + 200);
        draft.approach.set(CHALLENGE, int(417_092));
    });
}
