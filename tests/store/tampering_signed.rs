//! Checkpoints changed in the database, and a ledger that was forged with its own key: anybody who kept a checkpoint finds it.

use rusqlite::Connection;

use crate::{
    attack::{Attack, Tally, forge},
    tampering::{SAMPLE, another_name, another_time, exchanged, repeated_in_between, run, taken_out_without_a_gap},
};

/// At how many of its places a note is changed where all would take too long.
const PLACES: usize = 16;

/// A change of the row with the number `?1`.
const CHANGED: [&str; 7] = [
    "UPDATE ledger_checkpoints SET number = number + 100 WHERE number = ?1",
    "UPDATE ledger_checkpoints SET number = -number WHERE number = ?1",
    "UPDATE ledger_checkpoints SET size = size + 1 WHERE number = ?1",
    "UPDATE ledger_checkpoints SET size = -size WHERE number = ?1",
    "DELETE FROM ledger_checkpoints WHERE number = ?1",
    // A size may not be there twice.
    "INSERT INTO ledger_checkpoints SELECT 11, size + 1, note FROM ledger_checkpoints WHERE number = ?1",
    "DELETE FROM ledger_checkpoints WHERE number >= ?1",
];

/// A change of the rows with the numbers `?1` and `?1 + 1`.
const EXCHANGED: [&str; 3] = [
    "UPDATE ledger_checkpoints SET note = (SELECT note FROM honest.ledger_checkpoints AS other WHERE other.number = 2 * ?1 + 1 - ledger_checkpoints.number)
     WHERE number IN (?1, ?1 + 1)",
    "UPDATE ledger_checkpoints SET note = (SELECT note FROM honest.ledger_checkpoints WHERE number = ?1) WHERE number = ?1 + 1",
    "UPDATE ledger_checkpoints SET note = (SELECT note FROM honest.ledger_checkpoints WHERE number = ?1 + 1) WHERE number = ?1",
];

fn numbers_exchanged(sql: &Connection, number: i64) {
    run(sql, "UPDATE ledger_checkpoints SET number = -number WHERE number IN (?1, ?1 + 1)", number);
    run(sql, "UPDATE ledger_checkpoints SET number = 2 * ?1 + 1 + number WHERE number IN (-?1, -?1 - 1)", number);
}

fn repeated_after_itself(sql: &Connection, number: i64) {
    sql.execute("UPDATE ledger_checkpoints SET number = -1 - number WHERE number > ?1", [number]).unwrap();
    sql.execute("UPDATE ledger_checkpoints SET number = -number WHERE number < 0", []).unwrap();
    run(sql, "INSERT INTO ledger_checkpoints SELECT number + 1, size + 1, note FROM ledger_checkpoints WHERE number = ?1", number);
}

/// Another character at one place of a note, in its text or in its signature.
fn one_character(sql: &Connection, (number, at): (i64, usize)) {
    let read = "SELECT note FROM ledger_checkpoints WHERE number = ?1";
    let note: String = sql.query_row(read, [number], |row| row.get(0)).unwrap();
    let other = |c: char| char::from_u32(u32::from(c) ^ 1).unwrap();
    let note: String = note.chars().enumerate().map(|(i, c)| if i == at { other(c) } else { c }).collect();
    sql.execute("UPDATE ledger_checkpoints SET note = ?2 WHERE number = ?1", (number, note)).unwrap();
}

#[tokio::test]
async fn a_checkpoint_that_was_changed_is_found_by_those_who_kept_the_newest() {
    let (attack, mut tally) = (Attack::begin().await, Tally::default());
    let all: Vec<i64> = (1..=10).collect();
    for statement in CHANGED {
        tally += attack.each(&all, true, |sql, number| run(sql, statement, number)).await;
    }
    for statement in EXCHANGED {
        tally += attack.each(&all[..9], true, |sql, number| run(sql, statement, number)).await;
    }
    tally += attack.each(&all[..9], true, numbers_exchanged).await;
    tally += attack.each(&all, true, repeated_after_itself).await;
    assert_eq!(tally, Tally::all(7 * 10 + 4 * 9 + 10));
}

/// By who looks at the store alone: only the newest can go without a trace, and the machine's own last checkpoint tells of that.
#[tokio::test]
async fn a_checkpoint_that_is_missing_or_was_moved_is_found_by_its_number() {
    let (attack, mut tally) = (Attack::begin().await, Tally::default());
    let all: Vec<i64> = (1..=10).collect();
    for statement in &CHANGED[..2] {
        tally += attack.each(&all, false, |sql, number| run(sql, statement, number)).await;
    }
    tally += attack.each(&all[..9], false, |sql, number| run(sql, "DELETE FROM ledger_checkpoints WHERE number = ?1", number)).await;
    tally += attack.each(&all[..9], false, numbers_exchanged).await;
    let [alone, with_last] = attack.reports(|sql| run(sql, "DELETE FROM ledger_checkpoints WHERE number = ?1", 10), [false, true]).await;
    assert_eq!((alone.faults, with_last.faults.len()), (vec![], 1));
    assert_eq!(tally, Tally::all(2 * 10 + 2 * 9));
}

/// The places of all notes, or some of each.
fn places(attack: &Attack, most: usize) -> Vec<(i64, usize)> {
    let of_note = |((number, other), note): ((i64, usize), String)| {
        let length = note.chars().count();
        let places = most.min(length);
        // Others in each note.
        (0..places).map(move |n| (number, (length * n / places + other) % length))
    };
    (1..).zip((0..).step_by(7)).zip(attack.notes()).flat_map(of_note).collect()
}

async fn notes_changed(most: usize) -> (usize, Tally) {
    let attack = Attack::begin().await;
    let places = places(&attack, most);
    (places.len(), attack.each(&places, true, one_character).await)
}

#[tokio::test]
async fn one_character_of_a_note_is_found() {
    let (places, tally) = notes_changed(PLACES).await;
    assert_eq!((places, tally), (10 * PLACES, Tally::all(10 * PLACES)));
}

/// The entries changed, the tree grown again, every checkpoint signed with the true key.
fn forged(change: fn(&Connection, i64)) -> impl Fn(&Connection, i64) {
    move |sql, number| {
        change(sql, number);
        forge(sql);
    }
}

/// By anybody who brings the checkpoint that was kept.
async fn every_forgery(every: usize) -> Tally {
    let (attack, mut tally) = (Attack::begin().await, Tally::default());
    let numbers: Vec<i64> = (1..1_000).step_by(every).collect();
    for change in [another_time, another_name, exchanged, taken_out_without_a_gap, repeated_in_between] {
        tally += attack.each(&numbers, true, forged(change)).await;
    }
    tally
}

#[tokio::test]
async fn a_ledger_that_was_forged_with_its_own_key_is_found_by_those_who_kept_a_checkpoint() {
    assert_eq!(every_forgery(SAMPLE).await, Tally::all(250));
    let attack = Attack::begin().await;
    let [alone, with_kept] = attack.reports(|sql| forged(another_time)(sql, 500), [false, true]).await;
    assert_eq!(alone.faults, [], "nothing in the store tells of it any more");
    assert_eq!(with_kept.faults.len(), 1, "{:?}", with_kept.faults);
    assert!(with_kept.faults[0].what.starts_with("the first 1000 entries are not those of the checkpoint that was kept"));
}

#[tokio::test]
#[ignore = "it takes minutes, as the others of each row alone"]
async fn every_forgery_and_every_character_is_found_by_those_who_kept_a_checkpoint() {
    let (places, notes) = notes_changed(usize::MAX).await;
    assert_eq!(notes, Tally::all(places));
    assert_eq!(every_forgery(1).await, Tally::all(5 * 999));
}
