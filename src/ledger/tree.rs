//! The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1) over SHA-256. Pure: anybody who keeps the nodes hands
//! them in.
//!
//! Kept are the roots of complete subtrees, which never change. Everything else is put together from those, so that
//! appending, a root and a proof each take a number of steps that grows with the logarithm of the size.

use sha2::{Digest as _, Sha256};

/// SHA-256 of a node.
pub type Hash = [u8; 32];

/// Names the complete subtree of `2^level` leaves that begins with leaf `index << level`; both count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId {
    /// 0 for a leaf.
    pub level: u32,
    /// Which one of its level.
    pub index: u64,
}

/// The hash of a leaf. The prefix keeps a leaf from passing for an inner node.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

/// The hash of an inner node.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The inner nodes that the leaf at `index` completes, lowest first. `node` gives nodes that were complete before.
pub fn completed<E>(index: u64, leaf: Hash, mut node: impl FnMut(NodeId) -> Result<Hash, E>) -> Result<Vec<(NodeId, Hash)>, E> {
    let mut hash = leaf;
    (0..index.trailing_ones())
        .map(|level| {
            let left = node(NodeId { level, index: (index >> level) - 1 })?;
            hash = node_hash(&left, &hash);
            Ok((NodeId { level: level + 1, index: index >> (level + 1) }, hash))
        })
        .collect()
}

/// MTH(D\[begin:end\]) of RFC 6962 for one of its recursion's own ranges, which is not empty.
fn subtree<E>(begin: u64, end: u64, node: &mut impl FnMut(NodeId) -> Result<Hash, E>) -> Result<Hash, E> {
    let count = end - begin;
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return node(NodeId { level, index: begin >> level });
    }
    let middle = begin + split(count);
    let (left, right) = (subtree(begin, middle, node)?, subtree(middle, end, node)?);
    Ok(node_hash(&left, &right))
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// PATH(index, D\[size\]) of RFC 6962 section 2.1.1, from the leaf's sibling upwards; `index < size`.
pub fn inclusion_proof<E>(index: u64, size: u64, mut node: impl FnMut(NodeId) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
    let (mut begin, mut end, mut path) = (0, size, Vec::new());
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if index < middle {
            path.push(subtree(middle, end, &mut node)?);
            end = middle;
        } else {
            path.push(subtree(begin, middle, &mut node)?);
            begin = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// PROOF(first, D\[second\]) of RFC 6962 section 2.1.2; `0 < first <= second`.
pub fn consistency_proof<E>(first: u64, second: u64, mut node: impl FnMut(NodeId) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
    let (mut begin, mut end, mut proof) = (0, second, Vec::new());
    while first < end {
        let middle = begin + split(end - begin);
        if first <= middle {
            proof.push(subtree(middle, end, &mut node)?);
            end = middle;
        } else {
            proof.push(subtree(begin, middle, &mut node)?);
            begin = middle;
        }
    }
    // The old tree itself is known to the one who asks; only a part of it has to be named.
    if begin > 0 {
        proof.push(subtree(begin, end, &mut node)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks an inclusion proof (RFC 9162 section 2.1.3.2).
pub fn includes(root: &Hash, size: u64, index: u64, leaf: Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// Checks a consistency proof between two sizes and their roots (RFC 9162 section 2.1.4.2).
pub fn extends((first, first_root): (u64, &Hash), (second, second_root): (u64, &Hash), proof: &[Hash]) -> bool {
    if first == 0 || first >= second {
        // Anything extends the empty tree; a tree extends itself and nothing that is larger.
        return first <= second && proof.is_empty() && (first == 0 || first_root == second_root);
    }
    // Where the old tree is complete, its root is the first node of the proof.
    let (seed, rest) = match proof.split_first() {
        _ if first.is_power_of_two() => (*first_root, proof),
        Some((seed, rest)) => (*seed, rest),
        None => return false,
    };
    let (mut at, mut last) = (first - 1, second - 1);
    let ones = at.trailing_ones();
    (at, last) = (at >> ones, last >> ones);
    let (mut old, mut new) = (seed, seed);
    for node in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            (old, new) = (node_hash(node, &old), node_hash(node, &new));
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            new = node_hash(&new, node);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old == *first_root && new == *second_root
}

/// The right edge of a growing tree: enough to know its root, in the memory of its logarithm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees, largest first, one for each bit of the size.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The edge of the first `size` leaves, of kept nodes.
    pub fn read<E>(size: u64, node: impl FnMut(NodeId) -> Result<Hash, E>) -> Result<Self, E> {
        let levels = (0..u64::BITS).rev().filter(|level| size >> level & 1 == 1);
        // Before each peak there are as many leaves as the larger ones hold.
        let peaks = levels.map(|level| NodeId { level, index: (size >> level) - 1 }).map(node).collect::<Result<_, _>>()?;
        Ok(Self { size, peaks })
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; gives the inner nodes that it completes, lowest first.
    pub fn push(&mut self, leaf: Hash) -> Vec<(NodeId, Hash)> {
        let (index, mut hash) = (self.size, leaf);
        let merges = index.trailing_ones();
        let lefts = self.peaks.split_off(self.peaks.len() - merges as usize);
        let done = lefts.iter().rev().zip(1..).map(|(left, level)| {
            hash = node_hash(left, &hash);
            (NodeId { level, index: index >> level }, hash)
        });
        let done: Vec<_> = done.collect();
        self.peaks.push(hash);
        self.size += 1;
        done
    }

    /// The root.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let last = peaks.next().copied().unwrap_or_else(|| Sha256::digest(b"").into());
        peaks.fold(last, |right, left| node_hash(left, &right))
    }
}
