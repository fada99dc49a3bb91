//! Times of the wrong kind, lifetimes out of bounds, and the edges of the window at every second that matters.

use super::{
    Book,
    Expect::{Expired, Good, NotGenuine, NotYetValid, Withdrawn},
    draft::{CHALLENGE, EXP, IAT, NBF},
};
use crate::vectors::{
    cbor::{bytes, int, tag, text, wide},
    world::{DAY, ENDING, ENDING_UNTIL, NEW, NEW_FROM, NOW, REVOKED},
};

/// The first integer that JavaScript cannot tell from its neighbour.
const TOO_BIG: i64 = 1 << 53;

pub fn add(book: &mut Book) {
    kinds(book);
    lifetimes(book);
    preparations(book);
    windows(book);
    keys(book);
    order(book);
}

fn kinds(book: &mut Book) {
    for (name, key, time) in [("exp", EXP, NOW + 240), ("nbf", NBF, NOW - 30), ("iat", IAT, NOW - 60)] {
        #[expect(clippy::cast_precision_loss, reason = "the times are far below 2^53")]
        let float = time as f64;
        let values = [
            ("as float", [vec![0xfb], float.to_be_bytes().to_vec()].concat()),
            ("as half float infinity", vec![0xf9, 0x7c, 0x00]),
            ("as NaN", vec![0xf9, 0x7e, 0x00]),
            ("tagged as date", tag(1, &int(time))),
            ("negative", int(-time)),
            ("-1", int(-1)),
            ("as text", text(&time.to_string())),
            ("as RFC 3339", tag(0, &text("2026-11-18T11:06:40Z"))),
            ("as bytes", bytes(&time.to_be_bytes())),
            ("null", vec![0xf6]),
            ("2^53", int(TOO_BIG)),
            ("2^63", wide(0, 1 << 63, 8)),
            ("2^64 - 1", wide(0, u64::MAX, 8)),
            ("-2^64", wide(1, u64::MAX, 8)),
        ];
        for (kind, value) in values {
            book.draft(&format!("{name} {kind}"), NotGenuine, |draft| {
                if key == NBF {
                    draft.prepared(NOW - 60, NOW - 30, NOW + 200);
                }
                draft.claims.set(key, value);
            });
        }
    }
    book.draft("all times beyond 2^53", NotGenuine, |draft| draft.window(TOO_BIG, TOO_BIG + 300));
    book.draft("all times zero and one", NotGenuine, |draft| draft.window(0, 1));
}

fn lifetimes(book: &mut Book) {
    for (seconds, expect) in
        [(1, Good), (300, Good), (600, Good), (601, NotGenuine), (3_600, NotGenuine), (0, NotGenuine), (-1, NotGenuine), (-300, NotGenuine)]
    {
        book.draft(&format!("lifetime {seconds}"), expect, |draft| draft.window(NOW, NOW + seconds));
        book.draft(&format!("lifetime {seconds}, prepared"), expect, |draft| draft.prepared(NOW - 1_000, NOW, NOW + seconds));
    }
}

fn preparations(book: &mut Book) {
    for (name, ahead, expect) in [
        ("nbf equal to iat", 0, NotGenuine),
        ("nbf before iat", -1, NotGenuine),
        ("nbf 24 hours after iat, to the second", DAY, Good),
        ("nbf 24 hours and a second after iat", DAY + 1, NotGenuine),
    ] {
        book.draft(name, expect, |draft| draft.prepared(NOW - ahead, NOW, NOW + 300));
    }
}

fn windows(book: &mut Book) {
    let starts = [(61, NotYetValid), (60, Good), (59, Good), (0, Good)];
    let ends = [(-61, Expired), (-60, Expired), (-59, Good), (0, Good), (1, Good)];
    for (until, expect) in starts {
        book.draft(&format!("{until} s before start"), expect, |draft| draft.window(NOW + until, NOW + until + 300));
        book.draft(&format!("{until} s before start, prepared"), expect, |draft| {
            draft.prepared(NOW - 3_600, NOW + until, NOW + until + 300);
        });
    }
    for (left, expect) in ends {
        let name = if left > 0 { format!("{left} s before exp") } else { format!("{} s after exp", -left) };
        book.draft(&name, expect, |draft| draft.window(NOW + left - 300, NOW + left));
        book.draft(&format!("{name}, prepared"), expect, |draft| draft.prepared(NOW - 3_600, NOW + left - 300, NOW + left));
    }
    book.draft("a day too early", NotYetValid, |draft| draft.window(NOW + DAY, NOW + DAY + 300));
    book.draft("prepared for tomorrow", NotYetValid, |draft| draft.prepared(NOW, NOW + DAY, NOW + DAY + 300));
    book.draft("a day too late", Expired, |draft| draft.window(NOW - DAY, NOW - DAY + 300));
}

fn keys(book: &mut Book) {
    let by = |book: &mut Book, name: &str, expect, key, iat, exp| {
        book.draft(name, expect, |draft| {
            draft.by(key);
            draft.window(iat, exp);
        });
    };
    by(book, "key not yet in use at iat", NotGenuine, NEW, NEW_FROM - 1, NOW + 200);
    by(book, "key in use since iat", Good, NEW, NEW_FROM, NOW + 200);
    by(book, "token lives beyond its key", NotGenuine, ENDING, NOW - 10, ENDING_UNTIL + 1);
    by(book, "token ends with its key", Good, ENDING, NOW - 10, ENDING_UNTIL);
    by(book, "key revoked", Withdrawn, REVOKED, NOW - 60, NOW + 240);
    by(book, "key revoked since, expired since", Withdrawn, REVOKED, NOW - 3_700, NOW - 3_610);
    book.draft("prepared token signed before its key is in use", NotGenuine, |draft| {
        draft.by(NEW);
        draft.prepared(NEW_FROM - 1, NEW_FROM, NOW + 200);
    });
}

/// Two things wrong: the earlier check answers.
fn order(book: &mut Book) {
    book.draft("key revoked and expired", Withdrawn, |draft| {
        draft.by(REVOKED);
        draft.window(NOW - 2_000, NOW - 1_700);
    });
    book.draft("key revoked and not yet valid", Withdrawn, |draft| {
        draft.by(REVOKED);
        draft.window(NOW + 1_000, NOW + 1_300);
    });
    book.draft("key revoked and lifetime 601", Withdrawn, |draft| {
        draft.by(REVOKED);
        draft.window(NOW, NOW + 601);
    });
    book.draft("key revoked and not in use at iat", Withdrawn, |draft| {
        draft.by(REVOKED);
        draft.window(NOW - 5 * DAY, NOW - 5 * DAY + 300);
    });
    book.draft("lifetime 601 and expired", NotGenuine, |draft| draft.window(NOW - 2_000, NOW - 1_399));
    book.draft("lifetime 601 and not yet valid", NotGenuine, |draft| draft.window(NOW + 1_000, NOW + 1_601));
    book.draft("key not yet in use at iat and expired", NotGenuine, |draft| {
        draft.by(NEW);
        draft.window(NOW - 2_000, NOW - 1_700);
    });
    book.draft("prepared with a number and expired", NotGenuine, |draft| {
        draft.prepared(NOW - 3_000, NOW - 2_000, NOW - 1_700);
        draft.approach.set(CHALLENGE, int(0));
    });
    book.draft("channel 4 and expired", NotGenuine, |draft| {
        draft.window(NOW - 2_000, NOW - 1_700);
        draft.approach.set(1, int(4));
    });
}
