//! Proofs of real trees, damaged in every way: none is accepted.

use countersign::ledger::{Hash, includes, leaf_hash, tree::extends};

use crate::grove::Tree;

/// Complete trees, trees with one leaf more or less, and ones with several peaks.
const SIZES: [u64; 11] = [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 21];
/// Somewhat larger than the largest of them.
const LEAVES: u64 = 24;

fn leaf(index: u64) -> Hash {
    leaf_hash(format!("leaf {index}").as_bytes())
}

fn tree() -> Tree {
    Tree::of(&(0..LEAVES).map(|index| format!("leaf {index}")).collect::<Vec<_>>())
}

/// Every proof that is one step away: a bit flipped, a hash missing, too many or at another place.
fn damaged(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Vec<Hash>)| {
        let mut other = proof.to_vec();
        change(&mut other);
        if other != proof {
            all.push(other);
        }
    };
    for at in 0..proof.len() {
        for bit in 0..256 {
            with(&|proof| proof[at][bit / 8] ^= 1 << (bit % 8));
        }
        with(&|proof| {
            proof.remove(at);
        });
        with(&|proof| proof.truncate(at));
        for other in 0..at {
            with(&|proof| proof.swap(at, other));
        }
    }
    for at in 0..=proof.len() {
        for extra in [[0; 32], leaf(0)].iter().chain(proof) {
            with(&|proof| proof.insert(at, *extra));
        }
    }
    with(&|proof| proof.reverse());
    all
}

fn flipped(hash: &Hash) -> impl Iterator<Item = Hash> {
    let hash = *hash;
    (0..256).map(move |bit| {
        let mut other = hash;
        other[bit / 8] ^= 1 << (bit % 8);
        other
    })
}

#[test]
fn every_damaged_inclusion_proof_is_refused() {
    let tree = tree();
    for size in SIZES {
        let root = tree.root(size);
        for index in 0..size {
            let proof = tree.inclusion(index, size);
            for other in damaged(&proof) {
                assert!(!includes(&root, size, index, leaf(index), &other), "{index} of {size}: {other:02x?}");
            }
        }
        let (index, proof) = (size / 2, tree.inclusion(size / 2, size));
        assert!(flipped(&root).all(|other| !includes(&other, size, index, leaf(index), &proof)), "{size}");
        assert!(flipped(&leaf(index)).all(|other| !includes(&root, size, index, other, &proof)), "{size}");
    }
}

#[test]
fn an_inclusion_proof_is_good_for_its_own_index_leaf_and_tree_only() {
    let tree = tree();
    for size in SIZES {
        for index in 0..size {
            let (root, proof) = (tree.root(size), tree.inclusion(index, size));
            for other in (0..=LEAVES).filter(|other| *other != index) {
                assert!(!includes(&root, size, other, leaf(index), &proof), "{index} as {other} of {size}");
                assert!(!includes(&root, size, index, leaf(other), &proof), "leaf {other} as {index} of {size}");
            }
            for other in (0..=LEAVES).filter(|other| *other != size) {
                assert!(!includes(&tree.root(other), other, index, leaf(index), &proof), "{index} of {size} in {other}");
            }
        }
    }
}

#[test]
fn a_node_does_not_pass_for_a_leaf() {
    let tree = tree();
    for (id, hash) in tree.nodes.iter().filter(|(id, _)| id.level > 0 && (id.index + 1) << id.level <= 16) {
        // Were leaves not marked, the upper part of a leaf's path would show this node as a leaf of a smaller tree.
        let path = tree.inclusion(id.index << id.level, 16).split_off(id.level as usize);
        assert!(includes(&tree.root(16), 16 >> id.level, id.index, *hash, &path), "{id:?}");
        let children: Vec<u8> = [2 * id.index, 2 * id.index + 1]
            .into_iter()
            .flat_map(|index| tree.node(countersign::ledger::NodeId { level: id.level - 1, index }))
            .collect();
        assert!(!includes(&tree.root(16), 16 >> id.level, id.index, leaf_hash(&children), &path), "{id:?}");
    }
}

#[test]
fn every_damaged_consistency_proof_is_refused() {
    let tree = tree();
    for second in SIZES {
        for first in 1..=second {
            let (old, new, proof) = (tree.root(first), tree.root(second), tree.consistency(first, second));
            for other in damaged(&proof) {
                assert!(!extends((first, &old), (second, &new), &other), "{first} to {second}: {other:02x?}");
            }
        }
        let first = second.div_ceil(2);
        let (old, new, proof) = (tree.root(first), tree.root(second), tree.consistency(first, second));
        assert!(flipped(&old).all(|other| !extends((first, &other), (second, &new), &proof)), "{first} to {second}");
        assert!(flipped(&new).all(|other| !extends((first, &old), (second, &other), &proof)), "{first} to {second}");
    }
}

#[test]
fn a_consistency_proof_is_good_for_its_own_two_trees_only() {
    let tree = tree();
    for second in SIZES {
        for first in 1..second {
            let (old, new, proof) = (tree.root(first), tree.root(second), tree.consistency(first, second));
            for other in (1..=LEAVES).filter(|other| *other != first) {
                assert!(!extends((other, &tree.root(other)), (second, &new), &proof), "{first} as {other} to {second}");
            }
            for other in (0..=LEAVES).filter(|other| *other != second) {
                assert!(!extends((first, &old), (other, &tree.root(other)), &proof), "{first} to {second} as {other}");
            }
            assert!(!extends((second, &new), (first, &old), &proof), "{second} back to {first}");
        }
    }
}
