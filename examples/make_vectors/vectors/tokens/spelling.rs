//! Longer, unordered and repeated spellings of what would be right: decoded leniently, each would be accepted.

use super::{
    Book, Draft,
    Expect::{Mistyped, NotGenuine},
    Make,
    draft::{ALG, APPROACH, CHALLENGE, CHANNEL, CTI, ED25519, EXP, IAT, KID, NAME, NBF, sealed},
};
use crate::vectors::{
    cbor::{self, ARRAY, BYTES, Entries, MAP, NEGATIVE, TAG, TEXT, UNSIGNED, bytes, chunked, endless, int, long_length, text, wide},
    world::{self, ACTIVE, NOW},
};

pub fn add(book: &mut Book) {
    envelope(book);
    header(book);
    payload(book);
    claims(book);
    approach(book);
    repeated(book);
    counts(book);
}

fn envelope(book: &mut Book) {
    for width in [1, 2, 4, 8] {
        book.bytes(&format!("tag in {width} more bytes"), Mistyped, |draft| [&wide(TAG, 18, width), &draft.bytes()[1..]].concat());
        book.bytes(&format!("array length in {width} more bytes"), NotGenuine, |draft| {
            [&[0xd2], &*wide(ARRAY, 4, width), &draft.bytes()[2..]].concat()
        });
    }
    book.bytes("array of indefinite length", NotGenuine, |draft| cbor::tag(18, &endless(ARRAY, &draft.parts().concat())));
    book.bytes("untagged array of indefinite length", Mistyped, |draft| endless(ARRAY, &draft.parts().concat()));
    book.draft("unprotected header length in one more byte", NotGenuine, |draft| draft.unprotected = wide(MAP, 0, 1));
    book.draft("unprotected header of indefinite length", NotGenuine, |draft| draft.unprotected = endless(MAP, &[]));
    let parts: [(&str, usize, Make); 3] =
        [("protected header", 0, Draft::protected), ("payload", 2, Draft::payload), ("signature", 3, |draft| draft.signature().to_vec())];
    for (name, index, content) in parts {
        book.bytes(&format!("{name} length in 2 bytes"), NotGenuine, |draft| {
            draft.with_part(index, long_length(BYTES, &content(&draft), 2))
        });
        book.bytes(&format!("{name} length in 8 bytes"), NotGenuine, |draft| {
            draft.with_part(index, long_length(BYTES, &content(&draft), 8))
        });
        book.bytes(&format!("{name} in chunks"), NotGenuine, |draft| draft.with_part(index, chunked(BYTES, &content(&draft))));
    }
}

fn header(book: &mut Book) {
    let kid = world::prefix(&world::key(ACTIVE));
    let headers = [
        ("kid before alg", Entries::new(&[(KID, bytes(&kid)), (ALG, int(ED25519))]).encode()),
        ("alg label in two bytes", Entries(vec![(wide(UNSIGNED, 1, 1), int(ED25519)), (int(KID), bytes(&kid))]).encode()),
        ("alg in two bytes", Entries::new(&[(ALG, wide(NEGATIVE, 18, 1)), (KID, bytes(&kid))]).encode()),
        ("alg as bignum", Entries::new(&[(ALG, cbor::tag(3, &bytes(&[18]))), (KID, bytes(&kid))]).encode()),
        ("kid length in two bytes", Entries::new(&[(ALG, int(ED25519)), (KID, long_length(BYTES, &kid, 1))]).encode()),
        ("kid in chunks", Entries::new(&[(ALG, int(ED25519)), (KID, chunked(BYTES, &kid))]).encode()),
        ("alg twice", Entries::new(&[(ALG, int(ED25519)), (ALG, int(ED25519)), (KID, bytes(&kid))]).encode()),
        ("kid twice", Entries::new(&[(ALG, int(ED25519)), (KID, bytes(&kid)), (KID, bytes(&kid))]).encode()),
        ("protected map length in one more byte", {
            let strict = Entries::new(&[(ALG, int(ED25519)), (KID, bytes(&kid))]);
            [wide(MAP, 2, 1), strict.content()].concat()
        }),
        ("protected map of indefinite length", endless(MAP, &Entries::new(&[(ALG, int(ED25519)), (KID, bytes(&kid))]).content())),
    ];
    for (name, header) in headers {
        book.draft(name, NotGenuine, |draft| draft.protected_bytes = Some(header.clone()));
        book.draft(&format!("{name}, strict header signed"), NotGenuine, |draft| {
            draft.protected_bytes = Some(header.clone());
            draft.signs_strict_header = true;
        });
    }
}

fn payload(book: &mut Book) {
    book.draft("claims length in one more byte", NotGenuine, |draft| {
        draft.payload = Some([wide(MAP, 4, 1), draft.all_claims().content()].concat());
    });
    book.draft("claims of indefinite length", NotGenuine, |draft| draft.payload = Some(endless(MAP, &draft.all_claims().content())));
    let orders: [(&str, [usize; 4]); 5] = [
        ("iat before exp", [1, 0, 2, 3]),
        ("cti before iat", [0, 2, 1, 3]),
        ("approach first", [3, 0, 1, 2]),
        ("approach before cti", [0, 1, 3, 2]),
        ("claims in reverse", [3, 2, 1, 0]),
    ];
    for (name, order) in orders {
        book.draft(name, NotGenuine, |draft| {
            let all = draft.all_claims();
            draft.payload = Some(Entries(order.map(|i| all.0[i].clone()).to_vec()).encode());
        });
    }
    book.draft("iat before nbf", NotGenuine, |draft| {
        draft.prepared(NOW - 60, NOW - 30, NOW + 200);
        draft.claims.0.swap(1, 2);
    });
}

fn claims(book: &mut Book) {
    for (name, key) in [("exp", EXP), ("iat", IAT), ("cti", CTI)] {
        book.claims(&format!("{name} label in two bytes"), NotGenuine, |claims| {
            claims.rename(key, &wide(UNSIGNED, key.unsigned_abs(), 1));
        });
    }
    book.claims("exp in 8 bytes", NotGenuine, |claims| claims.set(EXP, wide(UNSIGNED, (NOW + 240).unsigned_abs(), 8)));
    book.claims("iat in 8 bytes", NotGenuine, |claims| claims.set(IAT, wide(UNSIGNED, (NOW - 60).unsigned_abs(), 8)));
    book.draft("nbf in 8 bytes", NotGenuine, |draft| {
        draft.prepared(NOW - 60, NOW - 30, NOW + 200);
        draft.claims.set(NBF, wide(UNSIGNED, (NOW - 30).unsigned_abs(), 8));
    });
    book.claims("exp as bignum", NotGenuine, |claims| {
        let bytes = (NOW + 240).to_be_bytes();
        claims.set(EXP, cbor::tag(2, &cbor::bytes(&bytes[4..])));
    });
    book.claims("cti length in two bytes", NotGenuine, |claims| claims.set(CTI, long_length(BYTES, &[7; 8], 1)));
    book.claims("cti in chunks", NotGenuine, |claims| claims.set(CTI, chunked(BYTES, &[7; 8])));
    book.draft("approach label in 8 bytes", NotGenuine, |draft| {
        let mut all = draft.all_claims();
        all.rename(APPROACH, &wide(NEGATIVE, 65_536, 8));
        draft.payload = Some(all.encode());
    });
}

fn approach(book: &mut Book) {
    let with_approach = |draft: &mut Draft, approach: Vec<u8>| {
        let mut all = draft.claims.clone();
        all.set(APPROACH, approach);
        draft.payload = Some(all.encode());
    };
    book.draft("approach length in one more byte", NotGenuine, |draft| {
        with_approach(draft, [wide(MAP, 1, 1), draft.approach.content()].concat());
    });
    book.draft("approach of indefinite length", NotGenuine, |draft| with_approach(draft, endless(MAP, &draft.approach.content())));
    book.approach("name before channel", NotGenuine, |approach| approach.0.insert(0, (int(NAME), text("Anna"))));
    book.approach("number before name", NotGenuine, |approach| {
        approach.0.push((int(CHALLENGE), int(417_092)));
        approach.0.push((int(NAME), text("Anna")));
    });
    book.approach("channel label in two bytes", NotGenuine, |approach| approach.rename(CHANNEL, &wide(UNSIGNED, 1, 1)));
    book.approach("channel in two bytes", NotGenuine, |approach| approach.set(CHANNEL, wide(UNSIGNED, 1, 1)));
    book.approach("number in 8 bytes", NotGenuine, |approach| approach.set(CHALLENGE, wide(UNSIGNED, 417_092, 8)));
    book.approach("number 000005 in two bytes", NotGenuine, |approach| approach.set(CHALLENGE, wide(UNSIGNED, 5, 1)));
    book.approach("name length in two bytes", NotGenuine, |approach| approach.set(NAME, long_length(TEXT, b"Anna", 1)));
    book.approach("name in chunks", NotGenuine, |approach| approach.set(NAME, chunked(TEXT, b"Anna")));
}

fn repeated(book: &mut Book) {
    for (name, index) in [("exp twice", 0), ("iat twice", 1), ("cti twice", 2)] {
        book.claims(name, NotGenuine, |claims| claims.0.insert(index, claims.0[index].clone()));
    }
    book.claims("exp twice with different times", NotGenuine, |claims| claims.0.insert(0, (int(EXP), int(NOW - 1_000))));
    book.draft("approach twice", NotGenuine, |draft| {
        let mut all = draft.all_claims();
        all.0.push(all.0[3].clone());
        draft.payload = Some(all.encode());
    });
    book.approach("channel twice", NotGenuine, |approach| approach.0.push((int(CHANNEL), int(1))));
    book.approach("channel twice with different channels", NotGenuine, |approach| approach.0.push((int(CHANNEL), int(2))));
    book.approach("name twice", NotGenuine, |approach| {
        approach.0.push((int(NAME), text("Anna")));
        approach.0.push((int(NAME), text("Anna")));
    });
}

/// Heads that promise another number of items than follow.
fn counts(book: &mut Book) {
    book.bytes("array that says five and holds four", NotGenuine, |draft| [&[0xd2, 0x85], &draft.bytes()[2..]].concat());
    book.bytes("array that says three and holds four", NotGenuine, |draft| [&[0xd2, 0x83], &draft.bytes()[2..]].concat());
    for (name, count) in [("claims that say five and hold four", 5), ("claims that say three and hold four", 3)] {
        book.draft(name, NotGenuine, |draft| draft.payload = Some([cbor::head(MAP, count), draft.all_claims().content()].concat()));
    }
    book.bytes("array with a break and no beginning", NotGenuine, |draft| {
        sealed(&[draft.parts().as_slice(), &[vec![cbor::BREAK]]].concat())
    });
}
