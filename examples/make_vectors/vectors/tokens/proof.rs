//! Signatures that do not belong, bytes cut off or added, and bytes that are no token.

use sha2::{Digest as _, Sha256};

use super::{
    Book, Draft,
    Expect::{Mistyped, NotGenuine},
    draft::{EXP, sealed},
};
use crate::vectors::{
    cbor::{bytes, int, text},
    ed25519,
    world::{ISSUER, NEW, NOW, REVOKED, UNPUBLISHED},
};

pub fn add(book: &mut Book) {
    purposes(book);
    signatures(book);
    lengths(book);
    cuts(book);
    junk(book);
}

fn purposes(book: &mut Book) {
    let aads = [
        ("signed for another issuer", "countersign/1 verify.example.net".to_owned()),
        ("signed for a longer issuer", format!("countersign/1 {ISSUER}.example.net")),
        ("signed for the issuer's parent", "countersign/1 example.org".into()),
        ("signed for no issuer", "countersign/1 ".into()),
        ("signed for another purpose", format!("countersign/1 spoken {ISSUER}")),
        ("signed for another version", format!("countersign/2 {ISSUER}")),
        ("signed without purpose", ISSUER.into()),
        ("signed without external data", String::new()),
    ];
    for (name, aad) in aads {
        book.draft(name, NotGenuine, |draft| draft.aad = aad);
    }
}

fn changed(draft: &Draft, change: impl FnOnce(&mut [u8; 64])) -> Vec<u8> {
    let mut signature = draft.signature();
    change(&mut signature);
    draft.with_part(3, bytes(&signature))
}

fn signatures(book: &mut Book) {
    for (name, key) in
        [("signed by another published key", NEW), ("signed by a revoked key", REVOKED), ("signed by a foreign key", UNPUBLISHED)]
    {
        // The kid still names the active key.
        book.draft(name, NotGenuine, |draft| draft.key = key);
    }
    book.draft("foreign key under its own kid", NotGenuine, |draft| draft.by(UNPUBLISHED));
    book.bytes("revoked key with a wrong signature", NotGenuine, |mut draft| {
        draft.by(REVOKED);
        changed(&draft, |s| s[0] ^= 1)
    });
    for (name, index, bit) in [
        ("first bit of R", 0, 1),
        ("sign bit of R", 31, 0x80),
        ("first bit of S", 32, 1),
        ("bit 252 of S", 63, 0x10),
        ("bit 253 of S", 63, 0x20),
        ("top bit of S", 63, 0x80),
    ] {
        book.bytes(&format!("signature with the {name} flipped"), NotGenuine, |draft| changed(&draft, |s| s[index] ^= bit));
    }
    book.bytes("signature with S + L", NotGenuine, |draft| changed(&draft, ed25519::add_order));
    book.bytes("signature of zeros", NotGenuine, |draft| changed(&draft, |s| *s = [0; 64]));
    book.bytes("signature of ones", NotGenuine, |draft| changed(&draft, |s| *s = [0xff; 64]));
    book.bytes("signature with R the identity and S zero", NotGenuine, |draft| {
        changed(&draft, |s| {
            *s = [0; 64];
            s[0] = 1;
        })
    });
    book.bytes("signature with its halves swapped", NotGenuine, |draft| changed(&draft, |s| s.rotate_left(32)));
    book.bytes("signature of another token", NotGenuine, |draft| draft.with_part(3, bytes(&Draft::new("another").signature())));
    book.bytes("signature of the same claims, later exp", NotGenuine, |draft| {
        let mut longer = draft.clone();
        longer.claims.set(EXP, int(NOW + 300));
        longer.with_part(3, bytes(&draft.signature()))
    });
    book.bytes("wrong signature and expired", NotGenuine, |mut draft| {
        draft.window(NOW - 2_000, NOW - 1_700);
        changed(&draft, |s| s[0] ^= 1)
    });
    book.bytes("wrong signature and not yet valid", NotGenuine, |mut draft| {
        draft.window(NOW + 1_000, NOW + 1_300);
        changed(&draft, |s| s[0] ^= 1)
    });
}

fn lengths(book: &mut Book) {
    for length in [0, 32, 63, 65, 128] {
        book.bytes(&format!("signature of {length} bytes"), NotGenuine, |draft| {
            let mut signature = [draft.signature(); 2].concat();
            signature.truncate(length);
            draft.with_part(3, bytes(&signature))
        });
    }
    book.bytes("signature nil", NotGenuine, |draft| draft.with_part(3, vec![0xf6]));
    book.bytes("signature as text", NotGenuine, |draft| draft.with_part(3, text(&"s".repeat(64))));
    book.bytes("payload and signature swapped", NotGenuine, |draft| {
        let mut parts = draft.parts();
        parts.swap(2, 3);
        sealed(&parts)
    });
}

fn cuts(book: &mut Book) {
    for (name, extra) in [("a trailing zero byte", 0), ("a trailing break", 0xff), ("a trailing null", 0xf6)] {
        book.bytes(name, NotGenuine, |draft| [draft.bytes(), vec![extra]].concat());
    }
    book.bytes("itself once more", NotGenuine, |draft| draft.bytes().repeat(2));
    for length in [1, 2, 3, 4, 7, 11, 12, 14, 20, 40] {
        book.bytes(&format!("cut to {length} bytes"), NotGenuine, |draft| draft.bytes()[..length].to_vec());
    }
    for missing in [1, 32, 64, 65, 66] {
        book.bytes(&format!("cut by {missing} bytes"), NotGenuine, |draft| {
            let bytes = draft.bytes();
            bytes[..bytes.len() - missing].to_vec()
        });
    }
    book.bytes("first byte lost", NotGenuine, |draft| draft.bytes()[1..].to_vec());
    book.bytes("first two bytes lost", Mistyped, |draft| draft.bytes()[2..].to_vec());
}

fn junk(book: &mut Book) {
    let noise: Vec<u8> = (0_u8..4).flat_map(|n| Sha256::digest([n])).collect();
    book.bytes("empty", Mistyped, |_| vec![]);
    book.bytes("one zero byte", Mistyped, |_| vec![0]);
    book.bytes("noise", Mistyped, |_| noise.clone());
    book.bytes("noise behind a token's first byte", NotGenuine, |_| [vec![0xd2], noise.clone()].concat());
    book.bytes("noise behind a token's headers", NotGenuine, |draft| [&draft.bytes()[..13], &noise].concat());
    book.bytes("zeros", Mistyped, |_| vec![0; 112]);
    book.bytes("ones", Mistyped, |_| vec![0xff; 112]);
    book.bytes("English", Mistyped, |_| b"This is no token at all, only a sentence.".to_vec());
    book.bytes("a JSON Web Token", Mistyped, |_| b"eyJhbGciOiJub25lIn0.e30.".to_vec());
}
