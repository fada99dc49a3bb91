//! Section 2.1 of RFC 6962, word for word: every range is hashed again, nothing is kept.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::super::world::hex;

type Hash = [u8; 32];

#[derive(Serialize)]
pub struct Trees {
    leaves_hex: Vec<String>,
    /// Of the first 0, 1, 2, ... leaves.
    roots_hex: Vec<String>,
    inclusion: Vec<Inclusion>,
    consistency: Vec<Consistency>,
}

#[derive(Serialize)]
struct Inclusion {
    index: usize,
    size: usize,
    proof_hex: Vec<String>,
}

#[derive(Serialize)]
struct Consistency {
    first: usize,
    second: usize,
    proof_hex: Vec<String>,
}

/// The leaves with which implementations of certificate transparency test themselves.
fn leaves() -> Vec<Vec<u8>> {
    vec![
        vec![],
        vec![0x00],
        vec![0x10],
        vec![0x20, 0x21],
        vec![0x30, 0x31],
        (0x40..=0x43).collect(),
        (0x50..=0x57).collect(),
        (0x60..=0x6f).collect(),
    ]
}

pub fn all() -> Trees {
    let d = leaves();
    let sizes = 1..=d.len();
    let inclusion = |size| {
        let d = &d[..size];
        (0..size).map(move |index| Inclusion { index, size, proof_hex: hexes(&path(index, d)) })
    };
    let consistency = |second| {
        let d = &d[..second];
        (1..=second).map(move |first| Consistency { first, second, proof_hex: hexes(&subproof(first, d, true)) })
    };
    Trees {
        leaves_hex: d.iter().map(|leaf| hex(leaf)).collect(),
        roots_hex: (0..=d.len()).map(|size| hex(&mth(&d[..size]))).collect(),
        inclusion: sizes.clone().flat_map(inclusion).collect(),
        consistency: sizes.flat_map(consistency).collect(),
    }
}

fn hexes(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| hex(hash)).collect()
}

/// MTH(D), the Merkle Tree Hash.
pub fn mth(d: &[Vec<u8>]) -> Hash {
    match d {
        [] => Sha256::digest(b"").into(),
        [leaf] => Sha256::digest([&[0x00], leaf.as_slice()].concat()).into(),
        _ => {
            let (left, right) = d.split_at(k(d.len()));
            Sha256::digest([&[0x01], mth(left).as_slice(), &mth(right)].concat()).into()
        }
    }
}

/// The largest power of two smaller than n.
fn k(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// PATH(m, D), the audit path.
fn path(m: usize, d: &[Vec<u8>]) -> Vec<Hash> {
    if d.len() == 1 {
        return vec![];
    }
    let (left, right) = d.split_at(k(d.len()));
    let (mut path, other) = if m < left.len() { (path(m, left), right) } else { (path(m - left.len(), right), left) };
    path.push(mth(other));
    path
}

/// SUBPROOF(m, D, b); PROOF(m, D) is SUBPROOF(m, D, true).
fn subproof(m: usize, d: &[Vec<u8>], b: bool) -> Vec<Hash> {
    if m == d.len() {
        return if b { vec![] } else { vec![mth(d)] };
    }
    let (left, right) = d.split_at(k(d.len()));
    let (mut proof, other) = if m <= left.len() { (subproof(m, left, b), right) } else { (subproof(m - left.len(), right, false), left) };
    proof.push(mth(other));
    proof
}
