//! Which nodes are kept, and how many of them have to be read.

use std::{cell::Cell, convert::Infallible};

use countersign::ledger::{Frontier, Hash, NodeId, leaf_hash, tree};

use crate::grove::Tree;

fn leaf(index: u64) -> Hash {
    leaf_hash(&index.to_be_bytes())
}

#[test]
fn what_a_leaf_completes_is_the_same_from_kept_nodes_and_from_the_right_edge() {
    let (mut grown, mut frontier) = (Tree::default(), Frontier::default());
    for index in 0..1_100 {
        let completed = tree::completed(index, leaf(index), |id| Ok::<_, Infallible>(grown.node(id))).unwrap();
        assert_eq!(completed, frontier.push(leaf(index)), "leaf {index}");
        grown.push(&index.to_be_bytes());
        assert_eq!((frontier.size(), frontier.root()), (index + 1, grown.root(index + 1)), "leaf {index}");
    }
}

#[test]
fn exactly_the_complete_subtrees_are_kept_and_each_is_the_root_of_its_leaves() {
    for size in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32, 33, 300] {
        let grown = Tree::of(&(0..size).map(u64::to_be_bytes).collect::<Vec<_>>());
        let complete = |level: u32| size >> level;
        assert_eq!(grown.nodes.len() as u64, (0..64).map(complete).sum::<u64>(), "{size} leaves");
        for (id, hash) in &grown.nodes {
            let begin = id.index << id.level;
            let own: Vec<_> = (begin..begin + (1 << id.level)).map(u64::to_be_bytes).collect();
            assert!(begin + (1 << id.level) <= size, "{id:?} of {size}");
            assert_eq!(*hash, Tree::of(&own).frontier.root(), "{id:?} of {size}");
        }
    }
}

#[test]
fn a_store_that_fails_ends_the_work_with_its_error() {
    let fails = |id: NodeId| Err(id);
    assert!(Frontier::read(5, fails).is_err());
    assert!(tree::inclusion_proof(2, 5, fails).is_err());
    assert!(tree::consistency_proof(2, 5, fails).is_err());
    assert_eq!(tree::completed(3, leaf(3), fails), Err(NodeId { level: 0, index: 2 }));
    assert_eq!(tree::completed(4, leaf(4), fails), Ok(vec![]));
}

/// Nodes of a tree that is too large to be built; counts how often one is read, and holds that it is complete.
struct Counted {
    size: u64,
    reads: Cell<u32>,
}

impl Counted {
    fn read(&self) -> impl FnMut(NodeId) -> Result<Hash, Infallible> {
        self.reads.set(0);
        |NodeId { level, index }| {
            assert!((index + 1) << level <= self.size, "level {level}, node {index} of {}", self.size);
            self.reads.set(self.reads.get() + 1);
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&index.to_be_bytes());
            hash[8] = level.to_be_bytes()[3];
            Ok(hash)
        }
    }

    /// All that is made of the tree at one of its indices, which is also the one before which an older tree ended.
    fn hold(&self, index: u64) {
        let (size, limit) = (self.size, 2 * self.size.ilog2() + 2);
        let count = |what: &str| assert!(self.reads.get() <= limit, "{what} at {index} of {size}: {} reads", self.reads.get());
        Frontier::read(size, self.read()).unwrap();
        assert_eq!(self.reads.get(), size.count_ones(), "one read for each peak of {size}");
        tree::inclusion_proof(index, size, self.read()).unwrap();
        count("inclusion");
        tree::consistency_proof(index + 1, size, self.read()).unwrap();
        count("consistency");
        let completed = tree::completed(index, [0; 32], self.read()).unwrap();
        assert_eq!(self.reads.get() as usize, completed.len(), "one read for each node that {index} completes");
        count("completed");
    }
}

#[test]
fn the_nodes_that_are_read_grow_with_the_logarithm() {
    for size in 1..=300 {
        let tree = Counted { size, reads: Cell::default() };
        (0..size).for_each(|index| tree.hold(index));
    }
    let around = (9..20).map(|power| 1 << power).flat_map(|size| [size - 1, size, size + 1]);
    for size in around.chain([1_000_000]) {
        let tree = Counted { size, reads: Cell::default() };
        let edges = (0..20).flat_map(|power| [1 << power, (1 << power) - 1, size.saturating_sub(1 << power)]);
        // Steps of a prime meet every kind of place.
        let spread = (0..size).step_by(9_973);
        edges.chain(spread).filter(|index| *index < size).for_each(|index| tree.hold(index));
    }
}
