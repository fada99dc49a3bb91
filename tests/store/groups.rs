//! Writes that arrive together share a commit, and nothing else.

use countersign::{authority::Role, store::Page};
use tokio::task::JoinSet;

use crate::{
    Backend, Stores,
    access::{credential, hash},
    acts::{NOW, World, entry, officer},
};

pub async fn many_writes_at_once_are_all_answered_and_durable(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let before = world.entries().await;
    let mut racing = JoinSet::new();
    for n in 0..200 {
        let issuer = world.stores.issuer.clone();
        racing.spawn(async move { issuer.enrol(officer(&format!("p{n}"), Role::Officer), entry()).await.unwrap() });
    }
    let answers = racing.join_all().await;
    assert_eq!((answers.len(), answers.iter().all(|done| *done)), (200, true));
    drop(world);
    let Stores { issuer: again, ledger, .. } = backend.open().await;
    assert_eq!(again.officers(Page { after: None, most: 300 }).await.unwrap().len(), 202);
    assert_eq!(ledger.head().await.unwrap().size, before + 200);
}

pub async fn a_failing_operation_harms_no_other(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let before = world.entries().await;
    let mut racing = JoinSet::new();
    for n in 0..100_u8 {
        let issuer = world.stores.issuer.clone();
        // Every other credential is for somebody who does not exist, which the database itself refuses.
        let callsign = if n % 2 == 0 { "falcon" } else { "nobody" };
        racing.spawn(async move { (n, issuer.add_credential(credential(callsign, n, NOW + 60), entry()).await.is_ok()) });
    }
    for (n, done) in racing.join_all().await {
        assert_eq!(done, n % 2 == 0, "{n}");
    }
    let Stores { issuer: again, ledger, .. } = backend.open().await;
    for n in 0..100_u8 {
        assert_eq!(again.credential(hash(n), NOW).await.unwrap().is_some(), n % 2 == 0, "{n}");
    }
    assert_eq!(ledger.head().await.unwrap().size, before + 50);
}

pub async fn two_processes_write_to_one_store(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let second = backend.open().await;
    let before = world.entries().await;
    let mut racing = JoinSet::new();
    for n in 0..100 {
        let issuer = if n % 2 == 0 { world.stores.issuer.clone() } else { second.issuer.clone() };
        racing.spawn(async move { issuer.enrol(officer(&format!("p{}", n / 2), Role::Officer), entry()).await.unwrap() });
    }
    let enrolled = racing.join_all().await.into_iter().filter(|enrolled| *enrolled).count();
    assert_eq!(enrolled, 50, "each callsign once");
    assert_eq!(world.entries().await, before + 50);
}
