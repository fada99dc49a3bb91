//! A and R of small order, of mixed order, not canonical, not on the curve.

use curve25519_dalek::{EdwardsPoint, constants::EIGHT_TORSION};

use super::{
    Book,
    curve::{Signed, base, challenge, decoded, encoded, exact, only_with_cofactor, scalar, search, torsion},
    scalars::honest,
};

/// p = 2^255 - 19 plus a small number, little-endian.
fn p_plus(n: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xed + n;
    bytes[31] = 0x7f;
    bytes
}

fn with_sign(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes[31] |= 0x80;
    bytes
}

/// The 14 encodings that decode to the eight points of small order: name, bytes, whether canonical.
fn small_order() -> Vec<(String, [u8; 32], bool)> {
    let canonical = (0..).zip(&EIGHT_TORSION).map(|(i, point)| (format!("torsion point {i}"), encoded(point), true));
    let others = [
        ("y = 1, sign set", with_sign(encoded(&EIGHT_TORSION[0]))),
        ("y = -1, sign set", with_sign(encoded(&EIGHT_TORSION[4]))),
        ("y = p", p_plus(0)),
        ("y = p, sign set", with_sign(p_plus(0))),
        ("y = p + 1", p_plus(1)),
        ("y = p + 1, sign set", with_sign(p_plus(1))),
    ];
    canonical.chain(others.map(|(name, bytes)| (name.to_owned(), bytes, false))).collect()
}

pub fn add(book: &mut Book) {
    small_keys(book);
    small_commitments(book);
    small_both(book);
    mixed(book);
    not_canonical(book);
    not_on_the_curve(book);
}

/// A signature under a key T of small order, `R = rB - jT`, for a message whose challenge is j modulo the order of T.
fn under_small(key: [u8; 32], hashed: [u8; 32]) -> Signed {
    let point = decoded(&key).expect("on the curve");
    let r = scalar("nonce");
    search(|message| {
        (0..8).find_map(|j| {
            let commitment = (0..j).fold(base(&r), |sum, _| sum - point);
            let k = challenge(&encoded(&commitment), &hashed, message)?;
            let signed = Signed { key, message: message.to_vec(), r: encoded(&commitment), s: r.to_bytes() };
            (base(&r) == commitment + k * point).then_some(signed)
        })
    })
}

fn small_keys(book: &mut Book) {
    for (name, key, canonical) in small_order() {
        let signed = under_small(key, key);
        assert!(exact(&signed, &key), "a lenient verifier accepts it");
        book.refuse(&format!("A of small order, {name}"), &signed);
        if !canonical {
            let hashed = encoded(&decoded(&key).expect("on the curve"));
            let signed = under_small(key, hashed);
            assert!(exact(&signed, &hashed), "a lenient verifier that normalizes A accepts it");
            book.refuse(&format!("A of small order, {name}, hashed in its canonical form"), &signed);
        }
    }
}

/// R of small order under a key of mixed order, so that the exact equation can hold; and under an ordinary key, where
/// for most only the equation with cofactor does.
fn small_commitments(book: &mut Book) {
    let a = scalar("secret");
    for (name, r, _) in small_order() {
        let point = decoded(&r).expect("on the curve");
        let key = encoded(&(base(&a) + torsion()));
        let signed = search(|message| {
            let k = challenge(&r, &key, message)?;
            let signed = Signed { key, message: message.to_vec(), r, s: (k * a).to_bytes() };
            exact(&signed, &key).then_some(signed)
        });
        book.refuse(&format!("R of small order, {name}, mixed key"), &signed);

        let key = encoded(&base(&a));
        let signed = search(|message| {
            let k = challenge(&r, &key, message)?;
            Some(Signed { key, message: message.to_vec(), r, s: (k * a).to_bytes() })
        });
        assert!(only_with_cofactor(&signed) || point == EIGHT_TORSION[0]);
        book.refuse(&format!("R of small order, {name}, ordinary key"), &signed);
    }
}

fn small_both(book: &mut Book) {
    for (name, key, _) in small_order() {
        let point = decoded(&key).expect("on the curve");
        let signed = search(|message| {
            let negated = encoded(&-point);
            let signed = Signed { key, message: message.to_vec(), r: negated, s: [0; 32] };
            challenge(&negated, &key, message)?;
            exact(&signed, &key).then_some(signed)
        });
        book.refuse(&format!("A and R of small order, S zero, {name}"), &signed);
    }
}

/// Points with a large and a small part. They are not of small order, so the exact equation decides.
fn mixed(book: &mut Book) {
    let (a, r) = (scalar("secret"), scalar("nonce"));
    let sign = |key: EdwardsPoint, commitment: EdwardsPoint, fits: &dyn Fn(&Signed) -> bool| {
        search(|message| {
            let (key, commitment) = (encoded(&key), encoded(&commitment));
            let k = challenge(&commitment, &key, message)?;
            let signed = Signed { key, message: message.to_vec(), r: commitment, s: (r + k * a).to_bytes() };
            fits(&signed).then_some(signed)
        })
    };
    let exactly = |signed: &Signed| exact(signed, &signed.key);
    let (mixed_key, mixed_r) = (base(&a) + torsion(), base(&r) + torsion());
    book.accept("mixed A, the exact equation holds", &sign(mixed_key, base(&r), &exactly));
    book.accept("mixed A and mixed R, the exact equation holds", &sign(mixed_key, mixed_r, &exactly));
    book.refuse("mixed A, only the equation with cofactor holds", &sign(mixed_key, base(&r), &only_with_cofactor));
    book.refuse("mixed R, only the equation with cofactor holds", &sign(base(&a), mixed_r, &only_with_cofactor));
    book.refuse("mixed A and mixed R, only the equation with cofactor holds", &sign(mixed_key, mixed_r, &only_with_cofactor));
    book.refuse("A with order 2 added after signing", &{
        let honest = sign(base(&a), base(&r), &exactly);
        Signed { key: encoded(&(base(&a) + EIGHT_TORSION[4])), ..honest }
    });
}

/// y at or above p, of large order: nobody knows the private scalar, so these can only be refused for their form.
fn not_canonical(book: &mut Book) {
    let honest = honest("first", b"an approach");
    for n in 2..19 {
        for (sign, bytes) in [("", p_plus(n)), (", sign set", with_sign(p_plus(n)))] {
            if decoded(&bytes).is_some() {
                book.refuse(&format!("A with y = p + {n}{sign}"), &Signed { key: bytes, ..honest.clone() });
                book.refuse(&format!("R with y = p + {n}{sign}"), &Signed { r: bytes, ..honest.clone() });
            }
        }
    }
}

fn not_on_the_curve(book: &mut Book) {
    let honest = honest("first", b"an approach");
    let off = (0..=255).map(|n| [[n].as_slice(), &[0; 31]].concat()).find_map(|bytes| {
        let bytes: [u8; 32] = bytes.try_into().ok()?;
        decoded(&bytes).is_none().then_some(bytes)
    });
    let off = off.expect("half of all y are not on the curve");
    book.refuse("A not on the curve", &Signed { key: off, ..honest.clone() });
    book.refuse("R not on the curve", &Signed { r: off, ..honest.clone() });
    book.refuse("A all ones", &Signed { key: [0xff; 32], ..honest.clone() });
    book.refuse("R all ones", &Signed { r: [0xff; 32], ..honest });
}
