//! Honest signatures, and S in all its spellings.

use ed25519_dalek::Signer as _;

use super::{Book, curve::Signed};
use crate::vectors::world;

/// The order of the base point, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0x10,
];

pub fn honest(label: &str, message: &[u8]) -> Signed {
    let key = world::key(label);
    let signature = key.sign(message);
    Signed { key: key.verifying_key().to_bytes(), message: message.to_vec(), r: *signature.r_bytes(), s: *signature.s_bytes() }
}

/// Adds L to S, the second half of a signature.
pub fn add_order(signature: &mut [u8; 64]) {
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        [*byte, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "S + L fits");
}

fn with_orders(signed: &Signed, times: usize) -> Signed {
    let mut signature = [0; 64];
    signature[32..].copy_from_slice(&signed.s);
    (0..times).for_each(|_| add_order(&mut signature));
    let mut s = [0; 32];
    s.copy_from_slice(&signature[32..]);
    Signed { s, ..signed.clone() }
}

pub fn add(book: &mut Book) {
    good(book);
    too_big(book);
    not_its_own(book);
}

fn good(book: &mut Book) {
    let long = vec![0x5a; 1_023];
    let messages: [(&str, &[u8]); 5] =
        [("empty message", b""), ("one byte", b"\0"), ("a sentence", b"an approach"), ("128 bytes", &long[..128]), ("1,023 bytes", &long)];
    for key in ["first", "second", "third", "fourth"] {
        for (name, message) in messages {
            book.accept(&format!("honest, {key} key, {name}"), &honest(key, message));
        }
    }
}

fn too_big(book: &mut Book) {
    let honest = honest("first", b"an approach");
    for times in [1, 2, 3, 7, 8, 14] {
        book.refuse(&format!("S + {times} L"), &with_orders(&honest, times));
    }
    for (name, bit) in [("bit 253", 0x20), ("bit 254", 0x40), ("bit 255", 0x80), ("the top three bits", 0xe0)] {
        let mut high = honest.clone();
        high.s[31] |= bit;
        book.refuse(&format!("S with {name} set"), &high);
    }
    book.refuse("S equal to L", &Signed { s: ORDER, ..honest.clone() });
    book.refuse("S all ones", &Signed { s: [0xff; 32], ..honest.clone() });
    book.refuse("S zero", &Signed { s: [0; 32], ..honest });
}

fn not_its_own(book: &mut Book) {
    let honest_one = honest("first", b"an approach");
    let other = honest("second", b"an approach");
    book.refuse("another message", &Signed { message: b"an Approach".to_vec(), ..honest_one.clone() });
    book.refuse("another key", &Signed { key: other.key, ..honest_one.clone() });
    book.refuse("R of another signature", &Signed { r: other.r, ..honest_one.clone() });
    book.refuse("S of another signature", &Signed { s: other.s, ..honest_one.clone() });
    book.refuse("R and S swapped", &Signed { r: honest_one.s, s: honest_one.r, ..honest_one.clone() });
    book.refuse("all zeros", &Signed { r: [0; 32], s: [0; 32], ..honest_one.clone() });
    for (name, index, bit) in [("first bit", 0, 1), ("sign", 31, 0x80)] {
        let (mut r, mut key) = (honest_one.clone(), honest_one.clone());
        r.r[index] ^= bit;
        key.key[index] ^= bit;
        book.refuse(&format!("R with its {name} flipped"), &r);
        book.refuse(&format!("A with its {name} flipped"), &key);
    }
}
