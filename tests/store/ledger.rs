//! The ledger as it is kept: a tree that grows with the entries, proofs from it, and checkpoints that only grow.

use countersign::{
    authority::Role,
    ledger::{Frontier, Hash, includes, leaf_hash, tree},
    store::PAGE,
    token::Cti,
};
use tokio::task::JoinSet;

use crate::{
    Backend, Stores,
    acts::{World, entry, new_token, officer},
};

async fn grown(world: &World, size: u64) -> Vec<Hash> {
    let mut n = 0;
    while world.entries().await < size {
        world.stores.issuer.enrol(officer(&format!("p{n}"), Role::Officer), entry()).await.unwrap();
        n += 1;
    }
    let rows = world.stores.ledger.entries(0).await.unwrap();
    rows.iter().map(|row| leaf_hash(&row.leaf)).collect()
}

fn root(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.push(*leaf);
    }
    frontier.root()
}

pub async fn the_tree_grows_with_the_entries(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let leaves = grown(&world, 70).await;
    let ledger = backend.open().await.ledger;
    for size in 0..=leaves.len() {
        assert_eq!(ledger.root(size as u64).await.unwrap(), root(&leaves[..size]), "{size}");
    }
    assert_eq!(ledger.node_count().await.unwrap(), 70 - u64::from(70_u64.count_ones()));
    assert!(ledger.root(71).await.is_err(), "nothing is made up");
}

pub async fn proofs_hold_for_every_entry_and_size(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let leaves = grown(&world, 40).await;
    let ledger = &world.stores.ledger;
    for size in 1..=leaves.len() {
        let whole = root(&leaves[..size]);
        for (index, leaf) in leaves[..size].iter().enumerate() {
            let proof = ledger.inclusion(index as u64, size as u64).await.unwrap();
            assert!(includes(&whole, size as u64, index as u64, *leaf, &proof), "{index} of {size}");
        }
        for first in 1..=size {
            let proof = ledger.consistency(first as u64, size as u64).await.unwrap();
            let (old, new) = (root(&leaves[..first]), (size as u64, &whole));
            assert!(tree::extends((first as u64, &old), new, &proof), "{first} of {size}");
        }
    }
}

pub async fn entries_written_at_once_stand_in_one_tree(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let second = backend.open().await;
    let mut racing = JoinSet::new();
    for n in 0..100 {
        let issuer = if n % 2 == 0 { world.stores.issuer.clone() } else { second.issuer.clone() };
        racing.spawn(async move { issuer.enrol(officer(&format!("p{n}"), Role::Officer), entry()).await.unwrap() });
    }
    racing.join_all().await;
    let leaves = grown(&world, 0).await;
    assert_eq!(world.stores.ledger.root(leaves.len() as u64).await.unwrap(), root(&leaves));
}

pub async fn checkpoints_only_grow(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let Stores { ledger, .. } = &world.stores;
    let size = world.entries().await;
    assert_eq!(ledger.head().await.unwrap().checkpoint, None);
    for (covers, kept) in [(0, false), (size + 1, false), (size - 1, true), (size - 1, false), (size - 2, false), (size, true)] {
        assert_eq!(ledger.keep_checkpoint(covers, format!("of {covers}")).await.unwrap(), kept, "{covers} of {size}");
    }
    let rows = backend.open().await.ledger.checkpoints(0).await.unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (row.number, row.size.cast_unsigned(), row.note.clone())).collect();
    assert_eq!(rows, [(1, size - 1, format!("of {}", size - 1)), (2, size, format!("of {size}"))]);
    assert_eq!(ledger.head().await.unwrap().checkpoint.unwrap().number, 2);
}

pub async fn the_entry_that_issued_a_token_is_found(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let Stores { issuer, ledger, .. } = &world.stores;
    for cti in 1..=5 {
        let token = new_token(cti);
        let event = countersign::ledger::Event::TokenIssued {
            cti: token.cti,
            kid: token.kid,
            sha256: token.hash,
            channel: token.channel,
            iat: token.issued_at,
            nbf: None,
            exp: token.expires_at,
            by: token.officer.clone(),
            authorisation: token.authorisation,
        };
        issuer.issue_and_record(token, event.at(entry().at)).await.unwrap();
        let issued = world.entries().await;
        let event = countersign::ledger::Event::TokenWithdrawn { cti: Cti([cti; 8]), by: "falcon".parse().unwrap() };
        issuer.withdraw_token(Cti([cti; 8]), event.at(entry().at)).await.unwrap();
        assert_eq!(ledger.issued(Cti([cti; 8])).await.unwrap(), Some(issued));
    }
    assert_eq!(ledger.issued(Cti([9; 8])).await.unwrap(), None);
}

pub async fn a_long_ledger_comes_in_pages(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let mut writing = JoinSet::new();
    for n in 0..PAGE + 300 {
        let issuer = world.stores.issuer.clone();
        writing.spawn(async move { issuer.enrol(officer(&format!("p{n}"), Role::Officer), entry()).await.unwrap() });
    }
    writing.join_all().await;
    let (ledger, mut after, mut seen) = (&world.stores.ledger, 0, vec![]);
    loop {
        let page = ledger.entries(after).await.unwrap();
        assert!(page.len() <= PAGE);
        let Some(last) = page.last() else { break };
        after = last.number;
        seen.extend(page.iter().map(|row| row.number.cast_unsigned()));
    }
    assert_eq!(seen, (1..=world.entries().await).collect::<Vec<_>>());
}
