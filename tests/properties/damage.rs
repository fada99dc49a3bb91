//! A changed token is never accepted.

use std::{collections::HashSet, thread};

use crate::world::{NOW, Numbers, World};

/// How many random changes are tried. (Threat 1: none may be accepted.)
const CHANGES: usize = 1_000_000;

fn accepted(world: &World, bytes: Vec<u8>) -> bool {
    world.judge(bytes, NOW).is_ok()
}

#[test]
fn every_bit_flip_truncation_and_extension_is_refused() {
    let world = World::new();
    for token in world.samples() {
        assert!(accepted(&world, token.clone()));
        for bit in 0..token.len() * 8 {
            let mut flipped = token.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!accepted(&world, flipped), "bit {bit} of {token:02x?}");
        }
        for length in 0..token.len() {
            assert!(!accepted(&world, token[..length].to_vec()), "{length} bytes of {token:02x?}");
            assert!(!accepted(&world, token[length + 1..].to_vec()), "without the first {} of {token:02x?}", length + 1);
        }
        for byte in 0..=255 {
            assert!(!accepted(&world, [token.as_slice(), &[byte]].concat()), "{byte} behind {token:02x?}");
            assert!(!accepted(&world, [&[byte], token.as_slice()].concat()), "{byte} before {token:02x?}");
        }
    }
}

#[test]
fn a_million_random_changes_are_refused() {
    let threads: Vec<_> = (0..2).map(|seed| thread::spawn(move || changes(seed, CHANGES / 2))).collect();
    let well_formed: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    // Otherwise this would say little about the signature.
    assert!(well_formed > CHANGES / 10, "only {well_formed} of {CHANGES} reached the signature");
}

/// Tries `count` changed tokens and gives how many of them had the shape of a token; changes that end in a sample
/// again are not tried.
fn changes(seed: u64, count: usize) -> usize {
    let (world, mut numbers) = (World::new(), Numbers(seed << 32));
    let samples = world.samples();
    let known: HashSet<&Vec<u8>> = samples.iter().collect();
    let (mut tried, mut well_formed) = (0, 0);
    while tried < count {
        let mut bytes = samples[numbers.below(samples.len())].clone();
        for _ in 0..=numbers.below(3) {
            change(&mut bytes, &samples, &mut numbers);
        }
        if !known.contains(&bytes) {
            let verdict = world.judge(bytes.clone(), NOW);
            assert!(verdict.is_err(), "{bytes:02x?}");
            tried += 1;
            well_formed += usize::from(matches!(verdict, Err(Some(_))));
        }
    }
    well_formed
}

fn change(bytes: &mut Vec<u8>, samples: &[Vec<u8>], numbers: &mut Numbers) {
    let at = numbers.below(bytes.len());
    match numbers.below(9) {
        0 => bytes[at] ^= 1 << numbers.below(8),
        1 => bytes[at] = numbers.byte(),
        2 => bytes[at] = bytes[at].wrapping_add(1),
        3 => bytes.insert(at, numbers.byte()),
        4 if bytes.len() > 1 => drop(bytes.remove(at)),
        5 => {
            let other = numbers.below(bytes.len());
            bytes.swap(at, other);
        }
        // A piece of the token once more.
        6 => {
            let piece = bytes[at..bytes.len().min(at + 1 + numbers.below(16))].to_vec();
            let to = numbers.below(bytes.len());
            bytes.splice(to..to, piece);
        }
        // A piece of another token in the same place.
        7 => {
            let other = &samples[numbers.below(samples.len())];
            let end = bytes.len().min(other.len()).min(at + 1 + numbers.below(32));
            if at < end {
                bytes[at..end].copy_from_slice(&other[at..end]);
            }
        }
        // The head of this and the tail of another.
        _ => {
            let other = &samples[numbers.below(samples.len())];
            let tail = other[at.min(other.len())..].to_vec();
            bytes.truncate(at);
            bytes.extend(tail);
            if bytes.is_empty() {
                bytes.push(0xd2);
            }
        }
    }
}
