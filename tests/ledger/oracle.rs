//! Trees beside those of another implementation: the same roots and proofs, and each accepts the other's.

use countersign::ledger::{Hash, includes, leaf_hash, tree::extends};
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash, mem_backed_tree::MemoryBackedTree};
use proptest::prelude::*;
use sha2::Sha256;

use crate::grove::Tree;

type Leaves = Vec<Vec<u8>>;

/// Another implementation's tree, and its roots at every size from one on.
struct Theirs {
    tree: MemoryBackedTree<Sha256, Vec<u8>>,
    roots: Vec<RootHash<Sha256>>,
}

impl Theirs {
    fn of(leaves: &[Vec<u8>]) -> Self {
        let (mut tree, mut roots) = (MemoryBackedTree::new(), vec![MemoryBackedTree::<Sha256, Vec<u8>>::new().root()]);
        for leaf in leaves {
            tree.push(leaf.clone());
            roots.push(tree.root());
        }
        Self { tree, roots }
    }

    fn root(&self, size: usize) -> Hash {
        (*self.roots[size].as_bytes()).into()
    }
}

/// The other implementation's verdict.
fn they_include(root: &Hash, size: u64, index: u64, leaf: &Vec<u8>, proof: &[Hash]) -> bool {
    let root = RootHash::<Sha256>::new((*root).into(), size);
    root.verify_inclusion(leaf, index, &InclusionProof::from_bytes(proof.concat())).is_ok()
}

fn they_extend(old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]) -> bool {
    let root = |(size, root): (u64, &Hash)| RootHash::<Sha256>::new((*root).into(), size);
    let proof = ConsistencyProof::try_from_bytes(proof.concat()).unwrap();
    root(new).verify_consistency(&root(old), &proof).is_ok()
}

fn numbered(count: u64) -> Leaves {
    (0..count).map(|n| format!("leaf {n}").into_bytes()).collect()
}

/// The proofs of one size: made alike, and accepted by both.
fn compare(leaves: &[Vec<u8>]) {
    let (ours, theirs) = (Tree::of(leaves), Theirs::of(leaves));
    let (count, size) = (leaves.len(), leaves.len() as u64);
    let root = theirs.root(count);
    assert_eq!((ours.root(size), ours.frontier.root()), (root, root), "{size} leaves");
    for (at, index) in (0..count).zip(0..) {
        let proof = ours.inclusion(index, size);
        assert_eq!(proof.concat(), theirs.tree.prove_inclusion(at).as_bytes(), "{index} of {size}");
        assert!(includes(&root, size, index, leaf_hash(&leaves[at]), &proof), "{index} of {size}");
        assert!(they_include(&root, size, index, &leaves[at], &proof), "{index} of {size}");
    }
    for (at, first) in (1..=count).zip(1..) {
        let proof = ours.consistency(first, size);
        assert_eq!(proof.concat(), theirs.tree.prove_consistency(count - at).as_bytes(), "{first} to {size}");
        let old = theirs.root(at);
        assert!(extends((first, &old), (size, &root), &proof), "{first} to {size}");
        assert!(they_extend((first, &old), (size, &root), &proof), "{first} to {size}");
    }
}

#[test]
fn roots_and_proofs_are_those_of_another_implementation() {
    let around = [6, 7, 8].map(|power| 1_u64 << power).into_iter().flat_map(|size| size - 1..=size + 2);
    for size in (0..=40).chain(around).chain([100, 200]) {
        compare(&numbered(size));
    }
}

#[test]
fn of_a_right_proof_with_a_wrong_index_or_size_both_say_the_same() {
    let leaves = numbered(20);
    let tree = Tree::of(&leaves);
    for size in 1..=20 {
        for index in 0..size {
            let (root, proof, leaf) = (tree.root(size), tree.inclusion(index, size), &leaves[usize::try_from(index).unwrap()]);
            for (other_size, other_index) in (0..=40).flat_map(|size| (0..size + 2).map(move |index| (size, index))) {
                let ours = includes(&root, other_size, other_index, leaf_hash(leaf), &proof);
                // Some lead along the same path. That is why a checkpoint signs root and size together.
                assert_eq!(
                    ours,
                    they_include(&root, other_size, other_index, leaf, &proof),
                    "{index} of {size} as {other_index} of {other_size}"
                );
            }
        }
        for first in 1..=size {
            let (old, new, proof) = (tree.root(first), tree.root(size), tree.consistency(first, size));
            for (other_first, other_size) in (1..=40).flat_map(|first| (0..=40).map(move |size| (first, size))) {
                let ours = extends((other_first, &old), (other_size, &new), &proof);
                let theirs = they_extend((other_first, &old), (other_size, &new), &proof);
                assert_eq!(ours, theirs, "{first} to {size} as {other_first} to {other_size}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 25, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_leaves_give_the_same_tree(leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..100)) {
        compare(&leaves);
    }

    #[test]
    fn no_invented_proof_is_accepted_or_ends_the_program(
        (first, second) in (any::<u64>(), any::<u64>()),
        shift in 0_u32..64,
        proof in prop::collection::vec(any::<[u8; 32]>(), 0..70),
        root in any::<[u8; 32]>(),
    ) {
        for (first, second) in [(first, second), (first >> shift, second >> shift), (u64::MAX - 1, u64::MAX), (u64::MAX, u64::MAX)] {
            prop_assert!(!includes(&root, second, first, [1; 32], &proof));
            prop_assert!(!extends((first.max(1), &[1; 32]), (second, &root), &proof));
        }
    }
}

#[test]
fn an_empty_tree_and_the_same_tree_need_no_proof_and_a_larger_tree_has_none() {
    let tree = Tree::of(&numbered(9));
    let root = |size| tree.root(size);
    assert!(extends((0, &root(0)), (9, &root(9)), &[]));
    assert!(extends((9, &root(9)), (9, &root(9)), &[]));
    for (first, second, proof) in
        [(0, 9, vec![root(9)]), (9, 9, vec![root(9)]), (9, 8, vec![]), (8, 9, vec![]), (7, 9, vec![]), (1, 0, vec![])]
    {
        assert!(!extends((first, &root(first)), (second, &root(second)), &proof), "{first} to {second} by {}", proof.len());
    }
    assert!(!extends((9, &root(8)), (9, &root(9)), &[]));
    for (size, index) in [(0, 0), (9, 9), (9, u64::MAX), (1, 1)] {
        assert!(!includes(&root(size), size, index, leaf_hash(b"leaf 0"), &[]), "{index} of {size}");
    }
}
