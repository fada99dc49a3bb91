//! Tokens that are accepted, of every shape.

use super::{
    Book, Draft,
    Expect::Good,
    draft::{CHALLENGE, CHANNEL, CTI, DIALLED, NAME, PLACE},
};
use crate::vectors::{
    cbor::{bytes, int, text},
    world::{DAY, NOW},
};

const CHANNELS: [(&str, i64); 3] = [("in person", 1), ("telephone", 2), ("online", 3)];

pub fn add(book: &mut Book) {
    every_subset(book);
    texts(book);
    numbers(book);
    ids(book);
    prepared(book);
}

fn optional() -> [(&'static str, i64, Vec<u8>); 4] {
    [
        ("name", NAME, text("Anna")),
        ("place", PLACE, text("Bridge Street")),
        ("number", CHALLENGE, int(417_092)),
        ("dialled", DIALLED, int(143)),
    ]
}

fn every_subset(book: &mut Book) {
    for (channel, code) in CHANNELS {
        for subset in 0..16 {
            let chosen: Vec<_> = optional().into_iter().enumerate().filter(|(i, _)| subset >> i & 1 == 1).map(|(_, o)| o).collect();
            let names: Vec<&str> = chosen.iter().map(|(name, ..)| *name).collect();
            let with = if names.is_empty() { "nothing else".into() } else { names.join(" and ") };
            book.approach(&format!("{channel}, {with}"), Good, |approach| {
                approach.set(CHANNEL, int(code));
                for (_, key, value) in chosen {
                    approach.set(key, value);
                }
            });
        }
    }
}

fn texts(book: &mut Book) {
    let names = [
        ("name of one byte", "A".into()),
        ("name of 24 bytes", "Abcdefghijklmnopqrstuvwx".to_owned()),
        ("name of 24 bytes in 12 accented letters", "é".repeat(12)),
        ("name of 24 bytes in 8 ideographs", "王".repeat(8)),
        ("name of 24 bytes beyond the basic plane", "𠮷".repeat(6)),
        ("name of 23 bytes", "Abcdefghijklmnopqrstuvw".into()),
        ("name in NFC", "Zoë Łukasiewicz".into()),
        ("name right to left", "أحمد".into()),
        ("name with a joiner after a virama", "\u{d9a}\u{dca}\u{200d}\u{dbb}".into()),
        ("name with a non-joiner between letters", "\u{646}\u{6cc}\u{200c}\u{645}".into()),
        ("name of single letters and spaces", "A B C".into()),
        ("name with a combining mark that NFC keeps", "n\u{308}a".into()),
        ("name that looks like markup", "<b onclick=x>&amp;".into()),
        ("name with quotes and backslash", "O'Brien \"\\u0041\"".into()),
    ];
    for (name, value) in names {
        book.approach(name, Good, |approach| approach.set(NAME, text(&value)));
    }
    let places = [
        ("place of 32 bytes", "Abcdefghijklmnopqrstuvwxyz 01234".to_owned()),
        ("place of 32 bytes in 16 Cyrillic letters", "ж".repeat(16)),
        ("place of 25 bytes", "Abcdefghijklmnopqrstuvwxy".into()),
    ];
    for (name, value) in places {
        book.approach(name, Good, |approach| approach.set(PLACE, text(&value)));
    }
    book.approach("longest name and place, number and dialled", Good, |approach| {
        approach.set(CHANNEL, int(2));
        approach.set(NAME, text(&"ł".repeat(12)));
        approach.set(PLACE, text(&"王é".repeat(6)));
        approach.set(CHALLENGE, int(999_999));
        approach.set(DIALLED, int(999));
    });
}

fn numbers(book: &mut Book) {
    for number in [0, 23, 24, 255, 256, 65_535, 65_536, 999_999] {
        book.approach(&format!("number {number:06}"), Good, |approach| approach.set(CHALLENGE, int(number)));
    }
    for dialled in [0, 7, 23, 24, 255, 256, 999] {
        book.approach(&format!("dialled {dialled:03}"), Good, |approach| approach.set(DIALLED, int(dialled)));
    }
}

fn ids(book: &mut Book) {
    book.claims("cti of zeros", Good, |claims| claims.set(CTI, bytes(&[0; 8])));
    book.claims("cti of ones", Good, |claims| claims.set(CTI, bytes(&[0xff; 8])));
}

fn prepared(book: &mut Book) {
    for (channel, code) in CHANNELS {
        for with_all in [false, true] {
            let name = format!("prepared, {channel}, {}", if with_all { "name and place and dialled" } else { "nothing else" });
            book.draft(&name, Good, |draft: &mut Draft| {
                draft.prepared(NOW - 40_000, NOW - 10, NOW + 290);
                draft.approach.set(CHANNEL, int(code));
                if with_all {
                    optional()
                        .into_iter()
                        .filter(|(_, key, _)| *key != CHALLENGE)
                        .for_each(|(_, key, value)| draft.approach.set(key, value));
                }
            });
        }
    }
    book.draft("prepared one second ahead", Good, |draft| draft.prepared(NOW - 10, NOW - 9, NOW + 200));
    book.draft("prepared 24 hours ahead", Good, |draft| draft.prepared(NOW - DAY, NOW, NOW + 300));
    book.draft("prepared, 10 minutes long", Good, |draft| draft.prepared(NOW - 3_600, NOW - 300, NOW + 300));
}
