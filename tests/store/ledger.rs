//! The ledger as it is kept: a tree that grows with the entries, proofs from it, and checkpoints that only grow.

use countersign::{
    authority::{ActorName, Role},
    ledger::{Event, Frontier, Hash, KeyCause, includes, leaf_hash, ledger_key, tree},
    store::{EntryRow, PAGE, StoreError},
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
        assert_eq!(
            ledger.keep_checkpoint(covers, format!("of {covers}"), &crate::world::ledger().0).await.unwrap(),
            kept,
            "{covers} of {size}"
        );
    }
    let rows = backend.open().await.ledger.checkpoints(0).await.unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (row.number, row.size.cast_unsigned(), row.note.clone())).collect();
    assert_eq!(rows, [(1, size - 1, format!("of {}", size - 1)), (2, size, format!("of {size}"))]);
    assert_eq!(ledger.head().await.unwrap().checkpoint.unwrap().number, 2);
}

pub async fn the_ledgers_key_changes_once_and_from_there_on_it_alone_keeps_checkpoints(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let Stores { ledger, .. } = &world.stores;
    let named = |seed| ledger_key(&"verify.example.org".parse().unwrap(), crate::world::key(seed).public()).unwrap();
    let change = move |old: u8, new: u8| {
        let (old, new, by) = (Box::new(named(old)), Box::new(named(new)), ActorName::Operator);
        // A reason that tries to pass for another event.
        let reason = Some(r#""event":"ledger_key_changed","new":"x""#.to_owned());
        Event::LedgerKeyChanged { old, new, size: 0, cause: KeyCause::Renewed, reason, by }.at(entry().at)
    };
    assert_eq!(ledger.ledger_key_changes().await.unwrap(), []);
    let signed = world.entries().await;
    assert!(ledger.keep_checkpoint(signed, "first".into(), &named(5)).await.unwrap());
    assert!(!ledger.change_ledger_key(&named(5), &named(6), signed - 1, change(5, 6)).await.unwrap(), "of an older checkpoint");
    let mut racing = JoinSet::new();
    // Opened before, since a store is bound to the key in force.
    let mut ledgers = Vec::new();
    for _ in 0..10 {
        ledgers.push(backend.open().await.ledger);
    }
    for (new, ledger) in (20..30).zip(ledgers) {
        racing.spawn(async move { ledger.change_ledger_key(&named(5), &named(new), signed, change(5, new)).await.unwrap().then_some(new) });
    }
    let changed: Vec<u8> = racing.join_all().await.into_iter().flatten().collect();
    let [new] = changed[..] else { panic!("one of many at once: {changed:?}") };
    let size = world.entries().await;
    assert_eq!(size, signed + 1, "with one entry");
    assert_eq!(
        ledger.ledger_key_changes().await.unwrap(),
        [EntryRow { number: size.cast_signed(), leaf: change(5, new).canonical_bytes() }]
    );
    let refused = ledger.keep_checkpoint(size, "by the old one".into(), &named(5)).await;
    assert!(matches!(refused, Err(StoreError::Failed(why)) if why.contains(&named(new).to_string())), "and says which one is in force");
    assert!(ledger.keep_checkpoint(size, "by the new one".into(), &named(new)).await.unwrap());
    for (old, signed) in [(5, size), (new, signed)] {
        assert!(!ledger.change_ledger_key(&named(old), &named(9), signed, change(old, 9)).await.unwrap());
    }
    assert!(ledger.change_ledger_key(&named(new), &named(9), size, change(new, 9)).await.unwrap());
    assert_eq!(ledger.ledger_key_changes().await.unwrap().len(), 2);
    for (covers, note) in
        [(1, Some("first")), (signed.cast_signed(), Some("first")), (size.cast_signed(), Some("by the new one")), (99, None)]
    {
        assert_eq!(ledger.first_checkpoint(covers).await.unwrap().map(|row| row.note).as_deref(), note, "{covers}");
    }
}

pub async fn a_deployment_that_names_another_ledger_key_keeps_it(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ledger = &world.stores.ledger;
    let named = |seed| ledger_key(&"verify.example.org".parse().unwrap(), crate::world::key(seed).public()).unwrap();
    let change = |old: u8, new: u8| {
        let (old, new, by) = (Box::new(named(old)), Box::new(named(new)), ActorName::Operator);
        Event::LedgerKeyChanged { old, new, size: 0, cause: KeyCause::Lost, reason: None, by }.at(entry().at)
    };
    assert!(!ledger.change_ledger_key(&named(6), &named(7), 0, change(6, 7)).await.unwrap());
    assert!(ledger.change_ledger_key(&named(5), &named(7), 0, change(5, 7)).await.unwrap());
    let agrees = |seed| {
        format!("INSERT INTO heartbeats (at) SELECT NULL WHERE NOT EXISTS (SELECT 1 FROM deployment WHERE ledger_key = '{}')", named(seed))
    };
    backend.sql(&agrees(7)).await.expect("the deployment names the new key");
    assert!(backend.sql(&agrees(5)).await.is_err());
}

pub async fn a_change_of_the_key_that_no_checkpoint_covers_is_found_wherever_it_came_from(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let Stores { ledger, issuer, .. } = &world.stores;
    let named = |seed| ledger_key(&"verify.example.org".parse().unwrap(), crate::world::key(seed).public()).unwrap();
    let (old, new, by) = (Box::new(named(5)), Box::new(named(6)), ActorName::Operator);
    let change = Event::LedgerKeyChanged { old, new, size: 0, cause: KeyCause::Renewed, reason: None, by }.at(entry().at);
    // As somebody writes it who edits the database, before anything was signed and behind a checkpoint.
    for _ in 0..2 {
        issuer.record(change.clone()).await.unwrap();
        let number = world.entries().await.cast_signed();
        issuer.record(entry()).await.unwrap();
        let found = ledger.ledger_key_changes().await.unwrap();
        assert_eq!(found, [EntryRow { number, leaf: change.canonical_bytes() }]);
        assert!(ledger.keep_checkpoint(world.entries().await, "signed".into(), &named(5)).await.unwrap(), "the deployment's key stays");
    }
    assert_eq!(ledger.ledger_key_changes().await.unwrap(), []);
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
            access: Some(token.access.id()),
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
