//! The ledger's key replaced after something went wrong: an older copy put back, a damaged disk, a thief, a command that was
//! interrupted and cannot be finished as it was begun.

use countersign::{
    issuer::{LedgerVault as _, NotaryError, RenewalError, Renewed},
    ledger::{
        Checkpoint, Handover,
        KeyCause::{self, Lost, Renewed as InOrder, Restored, Stolen},
        KeyChange, Lineage, Proof, VerifierKey,
    },
    store::LedgerStore as _,
};

use crate::{
    faulty::Ends,
    renewal::{Scene, old},
    world,
};

/// Something was signed by the key in force alone.
async fn goes_on(scene: &mut Scene) {
    scene.acts(1).await;
    scene.notary().sign().await.unwrap().unwrap();
}

/// What is left behind by a command of this cause that ended at its steps, each with a scene of its own, until it ends no more.
async fn ended(cause: KeyCause, begin: impl AsyncFn() -> Scene, check: impl AsyncFn(Scene, &str)) {
    let mut steps = 0;
    loop {
        let mut is_over = false;
        for done in [false, true] {
            let scene = begin().await;
            is_over = !scene.killed(cause, Ends::at(steps, done)).await;
            if !is_over {
                check(scene, &format!("{cause:?} ended at step {steps}, done: {done}")).await;
            }
        }
        if is_over {
            break;
        }
        steps += 1;
    }
    assert!(steps >= 5, "{cause:?}: a new key, an entry, the machine's file, the store, its place");
}

/// What the service shows an overseer.
async fn handovers(scene: &Scene) -> Vec<Handover> {
    let mut proofs = Vec::new();
    for row in scene.store.ledger_key_changes().await.unwrap() {
        let covering = scene.store.first_checkpoint(row.number).await.unwrap().unwrap();
        let (index, size) = (row.number.cast_unsigned() - 1, covering.size.cast_unsigned());
        let path = scene.store.inclusion(index, size).await.unwrap();
        proofs.push(Proof { leaf: row.leaf, index, path, checkpoint: covering.note });
    }
    Handover::all(&proofs).unwrap()
}

/// The ledger is in order and signed under one key, which is the only one here.
async fn is_in_order(scene: &mut Scene, changes: u64, what: &str) -> VerifierKey {
    goes_on(scene).await;
    let new = scene.machine.published().unwrap().unwrap();
    let report = scene.audited(&new, vec![]).await;
    assert_eq!((report.faults, report.counts["ledger_key_changed"]), (vec![], changes), "{what}");
    assert_eq!(scene.machine.loot(), std::slice::from_ref(&new), "{what}");
    new
}

/// A copy of three entries where five were signed.
async fn restored() -> Scene {
    let mut scene = Scene::begin().await;
    let backup = scene.backup();
    scene.acts(1).await;
    goes_on(&mut scene).await;
    scene.put_back(&backup, None)
}

#[tokio::test]
async fn an_older_copy_of_the_store_is_signed_under_a_new_key_alone() {
    let mut scene = restored().await;
    let kept = Checkpoint::open(&scene.machine.last().unwrap().unwrap(), &old()).unwrap();
    for acts in [0, 1, 1, 5] {
        // However far it has grown since.
        scene.acts(acts).await;
        let notary = scene.notary();
        assert!(matches!(notary.sign().await, Err(NotaryError::Changed(_))));
        assert!(notary.can_sign().await.is_err(), "and nothing is issued");
        for cause in [InOrder, Stolen] {
            assert!(matches!(scene.renew(cause).await, Err(RenewalError::Ledger(NotaryError::Changed(_)))));
        }
    }
    scene.renew(Restored).await.unwrap();
    let new = is_in_order(&mut scene, 1, "restored").await;
    let report = scene.audited(&new, vec![]).await;
    assert!(report.unusual.iter().any(|found| found.what.contains("behind a checkpoint of 5 entries, because entries were lost")));
    assert!(!scene.audited(&new, vec![kept]).await.faults.is_empty(), "who kept what was lost still finds it");
    assert!(scene.audited(&old(), vec![]).await.faults[0].what.contains("name it with --key"));
    let again = scene.renew(Restored).await;
    assert!(matches!(&again, Err(RenewalError::NotRestored(key)) if *key == new.to_string()), "{again:?}");
    ended(Restored, restored, async |mut scene, what| {
        let Renewed { change, vouched, .. } = scene.renew(Restored).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(!vouched && change.cause == Restored, "{what}");
        assert_eq!(is_in_order(&mut scene, 1, what).await, change.new, "{what}");
    })
    .await;
}

/// A copy from before the key was replaced, on a machine that has the new one alone.
async fn restored_from_before_a_change() -> Scene {
    let mut scene = Scene::begin().await;
    let backup = scene.backup();
    scene.acts(1).await;
    scene.renew(InOrder).await.unwrap();
    goes_on(&mut scene).await;
    assert!(Checkpoint::open(&scene.machine.last().unwrap().unwrap(), &old()).is_err(), "by the new key alone");
    scene.put_back(&backup, Some(old()))
}

#[tokio::test]
async fn a_copy_from_before_a_change_of_the_key_leads_on_to_a_third_one() {
    let lost = restored_from_before_a_change().await.machine.published().unwrap().unwrap();
    ended(Restored, restored_from_before_a_change, async |mut scene, what| {
        let Renewed { change, vouched, .. } = scene.renew(Restored).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!((&change.old, vouched), (&old(), false), "{what}");
        assert_ne!(is_in_order(&mut scene, 1, what).await, lost, "{what}: which signed what was lost");
    })
    .await;
    // The key of the copy's time was brought back, and its name is found in the folder.
    let mut scene = restored_from_before_a_change().await;
    scene.bound_to = None;
    assert!(matches!(scene.renew(Restored).await, Err(RenewalError::OtherName(_))));
    scene.machine.publish(Some(old()));
    scene.acts(1).await;
    assert!(matches!(scene.notary().sign().await, Err(NotaryError::OtherKey(_))));
    assert!(matches!(scene.renew(InOrder).await, Err(RenewalError::Lost(_))));
    assert!(matches!(scene.renew(Lost).await, Err(RenewalError::Ledger(NotaryError::Changed(_)))));
    scene.renew(Restored).await.unwrap();
    is_in_order(&mut scene, 1, "named again").await;
}

#[tokio::test]
async fn a_key_that_signed_for_what_was_lost_is_not_used_again() {
    // The change was signed, and not yet in its place, when the disk failed.
    let scene = Scene::begin().await;
    let backup = scene.backup();
    assert!(scene.killed(InOrder, Ends::at(3, true)).await);
    let signed = scene.machine.next().unwrap().unwrap().name().clone();
    let mut scene = scene.put_back(&backup, None);
    scene.renew(Restored).await.unwrap();
    assert_ne!(is_in_order(&mut scene, 1, "restored").await, signed);
}

#[tokio::test]
async fn a_copy_with_a_change_and_without_its_checkpoint_is_led_on() {
    let with_entry = async |acts: usize| {
        let mut scene = Scene::begin().await;
        assert!(scene.killed(InOrder, Ends::at(1, true)).await);
        let backup = scene.backup();
        let done = scene.renew(InOrder).await.unwrap();
        assert!(done.vouched);
        for _ in 0..acts {
            goes_on(&mut scene).await;
        }
        (scene.put_back(&backup, None), done.change)
    };
    // What both keys signed is still on this machine.
    let (mut scene, change) = with_entry(0).await;
    assert!(matches!(scene.notary().sign().await, Err(NotaryError::Unfinished)));
    assert_eq!(scene.renew(InOrder).await.unwrap(), Renewed { change, vouched: true, resumed: true });
    is_in_order(&mut scene, 1, "nothing was lost").await;
    // More was signed, so the new key has to go as well; it signed nothing that is in this copy.
    let (mut scene, change) = with_entry(2).await;
    let kept = scene.store.head().await.unwrap().checkpoint.unwrap().note;
    for cause in [InOrder, Lost, Stolen] {
        assert!(matches!(scene.renew(cause).await, Err(RenewalError::Ledger(NotaryError::Changed(_)))), "{cause:?}");
    }
    let done = scene.renew(Restored).await.unwrap();
    assert_eq!((&done.change.old, done.vouched), (&change.new, false));
    let new = is_in_order(&mut scene, 2, "more was lost").await;
    // An overseer is not left without a word.
    let shown = handovers(&scene).await;
    assert_eq!(shown.iter().map(|shown| (&shown.by, shown.vouched)).collect::<Vec<_>>(), [(&new, false), (&new, false)]);
    assert_eq!(Lineage::of(&old(), &shown).stopped.unwrap().change, change);
    assert!(Lineage::of(&new, &shown).open_kept(&kept).is_some(), "what was kept under the first key still counts");
}

#[tokio::test]
async fn a_change_that_was_begun_after_a_loss_is_not_finished_after_another_one() {
    let mut scene = restored().await;
    assert!(scene.killed(Restored, Ends::at(1, true)).await);
    let begun = scene.machine.next().unwrap().unwrap();
    // It was finished, and more was signed; then the copy with its entry alone was put back.
    scene.machine.remember(&begun.sign(&Checkpoint { size: 50, root: [0; 32] })).unwrap();
    assert!(matches!(scene.renew(InOrder).await, Err(RenewalError::Ledger(NotaryError::Changed(_)))));
    let done = scene.renew(Restored).await.unwrap();
    assert_eq!((&done.change.old, done.resumed), (begun.name(), false));
    is_in_order(&mut scene, 2, "lost twice").await;
}

#[tokio::test]
async fn what_a_disk_made_of_the_last_checkpoint_is_set_aside_when_entries_count_as_lost() {
    let note = Scene::begin().await.machine.last().unwrap().unwrap();
    let foreign = Checkpoint { size: 3, root: [0; 32] }.sign(&world::ledger().0, &world::key(9));
    for damaged in ["", "\0\0\0\0", &note[..note.len() / 2], &note[..note.len() - 1], "a letter\n", &foreign] {
        let mut scene = Scene::begin().await;
        scene.acts(1).await;
        scene.machine.remember(damaged).unwrap();
        let says = scene.notary().sign().await.unwrap_err();
        assert!(matches!(says, NotaryError::ForeignLast(_)) && says.to_string().contains("ledger renew --restored"), "{damaged:?}: {says}");
        for cause in [InOrder, Stolen] {
            let refused = scene.renew(cause).await.unwrap_err();
            assert!(matches!(&refused, RenewalError::Ledger(NotaryError::ForeignLast(_))), "{damaged:?}: {refused}");
        }
        scene.renew(Restored).await.unwrap();
        assert_eq!(scene.machine.aside().as_deref(), Some(damaged));
        is_in_order(&mut scene, 1, damaged).await;
    }
    let damaged = async || {
        let scene = Scene::begin().await;
        scene.machine.remember("").unwrap();
        scene
    };
    ended(Restored, damaged, async |mut scene, what| {
        assert!(scene.notary().sign().await.is_err() || scene.machine.last().unwrap().is_some_and(|last| !last.is_empty()), "{what}");
        scene.renew(Restored).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        is_in_order(&mut scene, 1, what).await;
    })
    .await;
}

#[tokio::test]
async fn a_stolen_key_is_replaced_by_one_that_no_copy_has() {
    for before in [InOrder, Lost, Stolen] {
        let begin = async || {
            let scene = Scene::begin().await;
            if before == Lost {
                scene.machine.put(None);
            }
            scene
        };
        ended(before, begin, async |mut scene, what| {
            let loot = scene.machine.loot();
            let in_ledger = scene.store.ledger_key_changes().await.unwrap().len() as u64;
            let Renewed { change, vouched, resumed } = scene.renew(Stolen).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!((change.cause, vouched, resumed), (Stolen, false, false), "{what}");
            let new = is_in_order(&mut scene, in_ledger + 1, what).await;
            assert!(!loot.contains(&new), "{what}");
        })
        .await;
    }
    // Also a second time, after another theft, though nothing happened in between.
    let mut scene = Scene::begin().await;
    let keys = [scene.renew(Stolen).await.unwrap().change.new, scene.renew(Stolen).await.unwrap().change.new];
    assert_ne!(keys[0], keys[1]);
    assert_eq!(is_in_order(&mut scene, 2, "twice").await, keys[1]);
    // A thief may leave nothing behind.
    scene.machine.put(None);
    scene.renew(Stolen).await.unwrap();
    is_in_order(&mut scene, 3, "taken away").await;
}

#[tokio::test]
async fn where_the_old_key_goes_before_it_has_signed_the_change_is_finished_without_it() {
    for (asked, changes) in [(Lost, 1), (Stolen, 2)] {
        let mut scene = Scene::begin().await;
        assert!(scene.killed(InOrder, Ends::at(1, true)).await);
        scene.machine.put(None);
        assert!(matches!(scene.renew(InOrder).await, Err(RenewalError::Lost(key)) if key == old().to_string()));
        let done = scene.renew(asked).await.unwrap();
        assert_eq!((done.vouched, done.resumed), (false, asked == Lost), "{asked:?}");
        is_in_order(&mut scene, changes, "gone").await;
        let KeyChange { cause, .. } = handovers(&scene).await[0].change;
        assert_eq!(cause, InOrder, "as it was begun");
    }
}

#[tokio::test]
async fn a_change_that_is_done_is_not_made_again_until_something_was_signed_under_it() {
    for cause in [InOrder, Lost, Restored] {
        let mut scene = if cause == Restored { restored().await } else { Scene::begin().await };
        if cause == Lost {
            scene.machine.put(None);
        }
        let done = scene.renew(cause).await.unwrap();
        for _ in 0..2 {
            let again = scene.renew(cause).await.unwrap();
            assert_eq!((&again.change, again.vouched, again.resumed), (&done.change, done.vouched, true), "{cause:?}");
        }
        goes_on(&mut scene).await;
        let later = scene.renew(cause).await;
        let key = done.change.new.to_string();
        match cause {
            Lost => assert!(matches!(&later, Err(RenewalError::NotLost(held)) if *held == key), "{later:?}"),
            Restored => assert!(matches!(&later, Err(RenewalError::NotRestored(held)) if *held == key), "{later:?}"),
            _ => assert_eq!(later.unwrap().change.old, done.change.new),
        }
    }
}

#[tokio::test]
async fn a_key_that_was_made_and_not_recorded_is_taken_by_the_next() {
    for (cause, is_taken) in [(InOrder, true), (Stolen, false)] {
        let mut scene = Scene::begin().await;
        assert!(scene.killed(InOrder, Ends::at(0, true)).await);
        let made = scene.machine.next().unwrap().unwrap().name().clone();
        scene.renew(cause).await.unwrap();
        assert_eq!(is_in_order(&mut scene, 1, "one change").await == made, is_taken, "{cause:?}");
    }
}
