//! Points, scalars and the two verification equations.

use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    edwards::CompressedEdwardsY,
    traits::IsIdentity as _,
};
use sha2::{Digest as _, Sha512};

/// What is checked, as it is sent.
#[derive(Clone)]
pub struct Signed {
    pub key: [u8; 32],
    pub message: Vec<u8>,
    pub r: [u8; 32],
    pub s: [u8; 32],
}

pub fn scalar(label: &str) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&Sha512::digest(format!("countersign vectors {label}")).into())
}

pub fn base(scalar: &Scalar) -> EdwardsPoint {
    scalar * ED25519_BASEPOINT_POINT
}

pub fn encoded(point: &EdwardsPoint) -> [u8; 32] {
    point.compress().0
}

/// Decodes as leniently as any verifier does.
pub fn decoded(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    CompressedEdwardsY(*bytes).decompress()
}

/// A point of order 8.
pub fn torsion() -> EdwardsPoint {
    EIGHT_TORSION[1]
}

/// SHA-512(R, A, M) modulo L; None where the reduction changes it modulo 8, because verifiers that do not reduce
/// would then see another multiple of a point of mixed order.
pub fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Option<Scalar> {
    let digest: [u8; 64] = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize().into();
    let k = Scalar::from_bytes_mod_order_wide(&digest);
    (k.as_bytes()[0] & 7 == digest[0] & 7).then_some(k)
}

/// The first of the numbered messages for which `make` finds a signature.
pub fn search(make: impl Fn(&[u8]) -> Option<Signed>) -> Signed {
    (0..10_000).find_map(|n| make(format!("message {n}").as_bytes())).expect("one in eight or more fits")
}

/// `[S]B - R - [k]A`, as a lenient verifier computes it; `hashed` is the spelling of A that it hashes.
fn difference(signed: &Signed, hashed: &[u8; 32]) -> EdwardsPoint {
    let k = challenge(&signed.r, hashed, &signed.message).expect("searched for");
    let point = |bytes| decoded(bytes).expect("on the curve");
    base(&Scalar::from_bytes_mod_order(signed.s)) - point(&signed.r) - k * point(&signed.key)
}

/// Whether the equation without cofactor holds.
pub fn exact(signed: &Signed, hashed: &[u8; 32]) -> bool {
    difference(signed, hashed).is_identity()
}

/// Whether only the equation with cofactor holds.
pub fn only_with_cofactor(signed: &Signed) -> bool {
    let difference = difference(signed, &signed.key);
    !difference.is_identity() && difference.is_small_order()
}
