//! What is wrong around the claims: tag, array, headers, payload, length.

use super::{
    Book, Draft,
    Expect::{Mistyped, NotGenuine},
    Make,
    draft::{ALG, ED25519, KID, PLACE, sealed},
};
use crate::vectors::{
    cbor::{self, Entries, array, bytes, int, text},
    world::{self, ACTIVE, NEW},
};

pub fn add(book: &mut Book) {
    tags(book);
    algorithms(book);
    key_names(book);
    protected(book);
    unprotected(book);
    payloads(book);
    arrays(book);
    sizes(book);
}

fn tags(book: &mut Book) {
    let untagged = |draft: &Draft| draft.bytes()[1..].to_vec();
    book.bytes("no tag", NotGenuine, |draft| untagged(&draft));
    book.bytes("CWT tag 61 outside", NotGenuine, |draft| cbor::tag(61, &draft.bytes()));
    book.bytes("doubled tag 18", NotGenuine, |draft| cbor::tag(18, &draft.bytes()));
    book.bytes("CWT tag 61 inside", NotGenuine, |draft| cbor::tag(18, &cbor::tag(61, &untagged(&draft))));
    book.bytes("tag 17, COSE_Mac0", Mistyped, |draft| cbor::tag(17, &untagged(&draft)));
    book.bytes("tag 98, COSE_Sign", Mistyped, |draft| cbor::tag(98, &untagged(&draft)));
    book.bytes("tag 61 without tag 18", Mistyped, |draft| cbor::tag(61, &untagged(&draft)));
    book.bytes("self-described CBOR tag outside", Mistyped, |draft| cbor::tag(55_799, &draft.bytes()));
}

/// A breach of the protected header, once signed as it is sent and once signed as it should have been: whether a
/// verifier takes the header from the token or rebuilds it, only the breach is left to refuse.
fn header(book: &mut Book, name: &str, change: impl Fn(&mut Draft)) {
    book.draft(name, NotGenuine, &change);
    book.draft(&format!("{name}, strict header signed"), NotGenuine, |draft| {
        change(draft);
        draft.signs_strict_header = true;
    });
}

fn algorithms(book: &mut Book) {
    for (name, alg) in [("alg -8, EdDSA", -8), ("alg -7, ES256", -7), ("alg -53, Ed448", -53), ("alg 5, HMAC", 5), ("alg 0", 0)] {
        header(book, name, |draft| draft.protected.set(ALG, int(alg)));
    }
    header(book, "alg as text", |draft| draft.protected.set(ALG, text("Ed25519")));
    header(book, "alg null", |draft| draft.protected.set(ALG, vec![0xf6]));
    header(book, "alg missing", |draft| draft.protected.remove(ALG));
    header(book, "alg unprotected", |draft| {
        draft.protected.remove(ALG);
        draft.unprotected = Entries::new(&[(ALG, int(ED25519))]).encode();
    });
}

fn key_names(book: &mut Book) {
    let digest = world::thumbprint(&world::key(ACTIVE));
    header(book, "kid missing", |draft| draft.protected.remove(KID));
    header(book, "kid unprotected", |draft| {
        draft.protected.remove(KID);
        draft.unprotected = Entries::new(&[(KID, bytes(&digest[..4]))]).encode();
    });
    for length in [0, 3, 5, 8, 32] {
        header(book, &format!("kid of {length} bytes"), |draft| draft.protected.set(KID, bytes(&digest[..length])));
    }
    header(book, "kid as text", |draft| draft.protected.set(KID, text("kid1")));
    header(book, "kid as number", |draft| draft.protected.set(KID, int(1)));
    header(book, "kid unknown", |draft| draft.protected.set(KID, bytes(&[0; 4])));
    header(book, "kid with its last bit flipped", |draft| {
        draft.protected.set(KID, bytes(&[digest[0], digest[1], digest[2], digest[3] ^ 1]));
    });
    header(book, "kid of another published key", |draft| {
        draft.protected.set(KID, bytes(&world::prefix(&world::key(NEW))));
    });
}

fn protected(book: &mut Book) {
    header(book, "extra protected parameter: content type", |draft| draft.protected.set(3, int(61)));
    header(book, "extra protected parameter: critical", |draft| draft.protected.set(2, array(&[int(4)])));
    header(book, "extra protected parameter: type", |draft| draft.protected.set(16, int(61)));
    header(book, "extra protected parameter: unknown number", |draft| draft.protected.set(-70_000, int(0)));
    header(book, "extra protected parameter: text", |draft| draft.protected.0.push((text("x"), int(0))));
    header(book, "protected header empty", |draft| draft.protected_bytes = Some(vec![]));
    header(book, "protected header an empty map", |draft| draft.protected_bytes = Some(vec![0xa0]));
    header(book, "protected header an array", |draft| draft.protected_bytes = Some(array(&[int(ALG), int(ED25519)])));
    header(book, "protected header with a trailing byte", |draft| {
        draft.protected_bytes = Some([draft.protected(), vec![0]].concat());
    });
    header(book, "protected header wrapped twice", |draft| draft.protected_bytes = Some(bytes(&draft.protected())));
    book.bytes("protected header not wrapped", NotGenuine, |draft| draft.with_part(0, draft.protected()));
    book.bytes("protected header as text", NotGenuine, |draft| draft.with_part(0, text("x")));
}

fn unprotected(book: &mut Book) {
    let maps = [
        ("unprotected content type", Entries::new(&[(3, int(61))])),
        ("unprotected alg beside the protected one", Entries::new(&[(ALG, int(ED25519))])),
        ("unprotected kid beside the protected one", Entries::new(&[(KID, bytes(&world::prefix(&world::key(ACTIVE))))])),
        ("unprotected counter signature", Entries::new(&[(11, array(&[bytes(&[]), vec![0xa0], bytes(&[0; 8])]))])),
        ("unprotected unknown number", Entries::new(&[(-70_000, int(0))])),
        ("unprotected text", Entries(vec![(text("x"), int(0))])),
    ];
    for (name, map) in maps {
        book.draft(name, NotGenuine, |draft| draft.unprotected = map.encode());
    }
    book.draft("unprotected header an array", NotGenuine, |draft| draft.unprotected = array(&[]));
    book.draft("unprotected header nil", NotGenuine, |draft| draft.unprotected = vec![0xf6]);
    book.draft("unprotected header wrapped", NotGenuine, |draft| draft.unprotected = bytes(&[0xa0]));
}

fn payloads(book: &mut Book) {
    book.bytes("payload detached", NotGenuine, |draft| draft.with_part(2, vec![0xf6]));
    book.bytes("payload undefined", NotGenuine, |draft| draft.with_part(2, vec![0xf7]));
    book.bytes("payload not wrapped", NotGenuine, |draft| draft.with_part(2, draft.payload()));
    book.bytes("payload as text", NotGenuine, |draft| draft.with_part(2, cbor::raw_text(&draft.payload())));
    let payloads: [(&str, Make); 6] = [
        ("payload empty", |_| vec![]),
        ("payload with a trailing byte", |draft| [draft.payload(), vec![0]].concat()),
        ("payload tagged 61", |draft| cbor::tag(61, &draft.payload())),
        ("payload an array of claims", |draft| array(&[draft.payload()])),
        ("payload another token", Draft::bytes),
        ("payload a JSON object", |_| br#"{"exp":1795000240,"iat":1794999940}"#.to_vec()),
    ];
    for (name, payload) in payloads {
        book.draft(name, NotGenuine, |draft| draft.payload = Some(payload(draft)));
    }
}

fn arrays(book: &mut Book) {
    book.bytes("array of three, no signature", NotGenuine, |draft| sealed(&draft.parts()[..3]));
    book.bytes("array of five", NotGenuine, |draft| sealed(&[draft.parts().as_slice(), &[int(0)]].concat()));
    book.bytes("array of none", NotGenuine, |_| sealed(&[]));
    book.bytes("map in place of the array", NotGenuine, |draft| {
        cbor::tag(18, &Entries(draft.parts().into_iter().zip(1..).map(|(item, key)| (int(key), item)).collect()).encode())
    });
    book.bytes("array in a byte string", NotGenuine, |draft| cbor::tag(18, &bytes(&draft.bytes()[1..])));
    book.bytes("tag around nothing", NotGenuine, |_| vec![0xd2]);
}

fn sizes(book: &mut Book) {
    book.approach("place of 140 bytes, 257 bytes and more in all", NotGenuine, |approach| {
        approach.set(PLACE, text(&"x".repeat(140)));
    });
    book.draft("unprotected padding, 8 KiB in all", NotGenuine, |draft| {
        draft.unprotected = Entries::new(&[(5, bytes(&[0; 8_000]))]).encode();
    });
    for depth in [16, 100, 10_000] {
        book.draft(&format!("unprotected value nested {depth} deep"), NotGenuine, |draft| {
            draft.unprotected = Entries::new(&[(-70_000, cbor::nested(depth))]).encode();
        });
    }
    book.draft("payload nested 100 deep", NotGenuine, |draft| draft.payload = Some(cbor::nested(100)));
    book.bytes("tags nested 200 deep", NotGenuine, |_| [vec![0xd2; 200], vec![0]].concat());
    book.bytes("byte string longer than the token", NotGenuine, |draft| {
        let bytes = draft.bytes();
        [&bytes[..2], &cbor::wide(cbor::BYTES, u64::MAX, 8), &bytes[3..]].concat()
    });
    book.bytes("array of 2^64 - 1", NotGenuine, |draft| [&[0xd2], &*cbor::wide(cbor::ARRAY, u64::MAX, 8), &draft.bytes()[2..]].concat());
}
