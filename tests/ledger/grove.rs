//! A tree whose complete subtrees are kept, as the store keeps them.

use std::{collections::HashMap, convert::Infallible};

use countersign::ledger::{Frontier, Hash, NodeId, leaf_hash, tree};

#[derive(Default)]
pub struct Tree {
    pub frontier: Frontier,
    pub nodes: HashMap<NodeId, Hash>,
}

impl Tree {
    pub fn of<L: AsRef<[u8]>>(leaves: &[L]) -> Self {
        let mut tree = Self::default();
        for leaf in leaves {
            tree.push(leaf.as_ref());
        }
        tree
    }

    pub fn push(&mut self, leaf: &[u8]) {
        let hash = leaf_hash(leaf);
        self.nodes.insert(NodeId { level: 0, index: self.frontier.size() }, hash);
        self.nodes.extend(self.frontier.push(hash));
    }

    /// Anybody who asks for a node that is not complete has a mistake.
    pub fn node(&self, id: NodeId) -> Hash {
        *self.nodes.get(&id).unwrap_or_else(|| panic!("{id:?} of a tree of {}", self.frontier.size()))
    }

    fn read(&self) -> impl Fn(NodeId) -> Result<Hash, Infallible> {
        |id| Ok(self.node(id))
    }

    pub fn root(&self, size: u64) -> Hash {
        Frontier::read(size, self.read()).unwrap().root()
    }

    pub fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        tree::inclusion_proof(index, size, self.read()).unwrap()
    }

    pub fn consistency(&self, first: u64, second: u64) -> Vec<Hash> {
        tree::consistency_proof(first, second, self.read()).unwrap()
    }
}
