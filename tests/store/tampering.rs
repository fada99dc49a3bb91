//! Every row of a real ledger changed, removed, repeated and exchanged in the database: an inspection tells of all of it.
//!
//! Changes that leave their traces in one place are made in forty places at once, and each has to be reported on its own; with
//! each row alone it takes too long for every day: `make exhaustive`.

use countersign::{
    issuer::inspect,
    ledger::{Entry, NodeId},
};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    attack::{Attack, Tally},
    world,
};

/// How many rows are tampered with at once, far apart.
const TOGETHER: usize = 40;

/// Of how many rows one is taken where all would take too long.
pub const SAMPLE: usize = 20;

/// Of every entry, or of one in so many.
fn numbers(every: usize) -> Vec<i64> {
    (1..=1_000).step_by(every).collect()
}

fn leaf(sql: &Connection, number: i64) -> Vec<u8> {
    sql.prepare_cached("SELECT leaf FROM ledger_entries WHERE seq = ?1").unwrap().query_row([number], |row| row.get(0)).unwrap()
}

fn write(sql: &Connection, number: i64, leaf: &[u8]) {
    let changed = sql.prepare_cached("UPDATE ledger_entries SET leaf = ?2 WHERE seq = ?1").unwrap().execute((number, leaf));
    assert_eq!(changed, Ok(1));
}

/// Runs statements whose `?1` is a number.
pub fn run(sql: &Connection, statement: &str, number: i64) {
    assert!(sql.prepare_cached(statement).unwrap().execute([number]).unwrap() > 0, "{statement} {number}");
}

fn one_byte_flipped(sql: &Connection, number: i64) {
    let mut leaf = leaf(sql, number);
    let at = usize::try_from(number * 7).unwrap() % leaf.len();
    leaf[at] ^= 1 << (number % 7);
    write(sql, number, &leaf);
}

/// Another event in its canonical form, which nobody could tell from a true one.
fn rewritten(sql: &Connection, number: i64, change: impl FnOnce(&mut Value)) {
    let before = leaf(sql, number);
    let mut event: Value = serde_json::from_slice(&before).unwrap();
    change(&mut event);
    let after = serde_json::from_value::<Entry>(event).unwrap().canonical_bytes();
    assert!(Entry::parse(&after).is_ok() && after != before);
    write(sql, number, &after);
}

pub fn another_time(sql: &Connection, number: i64) {
    rewritten(sql, number, |event| event["at"] = json!(event["at"].as_i64().unwrap() + 1));
}

/// Somebody else did it; or it was about another token, key, person or set where nobody is named.
pub fn another_name(sql: &Connection, number: i64) {
    rewritten(sql, number, |event| {
        if event["by"].is_string() {
            event["by"] = json!("magpie");
        } else if event["cti"].is_string() {
            event["cti"] = json!("0123456789abcdef");
        } else if event["key"].is_string() {
            event["key"] = json!(world::key(12).public().id());
        } else if event["callsign"].is_string() {
            event["callsign"] = json!("magpie");
        } else {
            event["version"] = json!(2);
        }
    });
}

/// Of this entry and the next one.
pub fn exchanged(sql: &Connection, number: i64) {
    let (this, next) = (leaf(sql, number), leaf(sql, number + 1));
    write(sql, number, &next);
    write(sql, number + 1, &this);
}

fn repeated_over_the_next(sql: &Connection, number: i64) {
    write(sql, number + 1, &leaf(sql, number));
}

pub fn taken_out_without_a_gap(sql: &Connection, number: i64) {
    run(sql, "DELETE FROM ledger_entries WHERE seq = ?1", number);
    // In two steps, since a key may not be taken even for a moment.
    sql.prepare_cached("UPDATE ledger_entries SET seq = 1 - seq WHERE seq > ?1").unwrap().execute([number]).unwrap();
    sql.prepare_cached("UPDATE ledger_entries SET seq = -seq WHERE seq < 0").unwrap().execute([]).unwrap();
}

pub fn repeated_in_between(sql: &Connection, number: i64) {
    sql.prepare_cached("UPDATE ledger_entries SET seq = -1 - seq WHERE seq > ?1").unwrap().execute([number]).unwrap();
    sql.prepare_cached("UPDATE ledger_entries SET seq = -seq WHERE seq < 0").unwrap().execute([]).unwrap();
    run(sql, "INSERT INTO ledger_entries SELECT seq + 1, leaf FROM ledger_entries WHERE seq = ?1", number);
}

const MOVED: &str = "UPDATE ledger_entries SET seq = seq + 1000 WHERE seq = ?1";
const MOVED_BEFORE: &str = "UPDATE ledger_entries SET seq = -seq WHERE seq = ?1";
const DELETED: &str = "DELETE FROM ledger_entries WHERE seq = ?1";
const REPEATED_AT_THE_END: &str = "INSERT INTO ledger_entries (leaf) SELECT leaf FROM ledger_entries WHERE seq = ?1";

/// The smallest subtree over an entry tells of it.
fn pair(number: i64, _: usize) -> String {
    let last = number + number % 2;
    format!("the tree over entries {} to {last} ", last - 1)
}

async fn entries_changed(together: usize) -> Tally {
    let (attack, numbers, mut tally) = (Attack::begin().await, numbers(1), Tally::default());
    for change in [one_byte_flipped, another_time, another_name] {
        tally += attack.every(&numbers, together, change, pair).await;
    }
    tally += attack.every(&numbers[..999], together, exchanged, pair).await;
    tally += attack.every(&numbers[..999], together, repeated_over_the_next, |number, many| pair(number + 1, many)).await;
    tally
}

#[tokio::test]
async fn an_entry_that_was_changed_or_exchanged_is_found() {
    assert_eq!(entries_changed(TOGETHER).await, Tally::all(4_998));
}

#[tokio::test]
async fn an_entry_that_is_missing_or_was_moved_is_found() {
    let (attack, numbers, mut tally) = (Attack::begin().await, numbers(1), Tally::default());
    for statement in [DELETED, MOVED, MOVED_BEFORE] {
        tally += attack.each(&numbers, false, |sql, number| run(sql, statement, number)).await;
    }
    assert_eq!(tally, Tally::all(3_000));
}

#[tokio::test]
async fn an_entry_that_is_repeated_at_the_end_is_found() {
    let attack = Attack::begin().await;
    let tally = attack.each(&numbers(1), false, |sql, number| run(sql, REPEATED_AT_THE_END, number)).await;
    assert_eq!(tally, Tally::all(1_000));
}

async fn entries_shifted(every: usize) -> Tally {
    let (attack, numbers) = (Attack::begin().await, numbers(every));
    let mut tally = attack.each(&numbers, false, taken_out_without_a_gap).await;
    tally += attack.each(&numbers, false, repeated_in_between).await;
    tally
}

#[tokio::test]
async fn entries_that_close_a_gap_or_make_room_are_found() {
    assert_eq!(entries_shifted(SAMPLE).await, Tally::all(100));
}

/// Runs a statement whose `?1` and `?2` name a node.
fn at(statement: &'static str) -> impl Fn(&Connection, NodeId) {
    move |sql, NodeId { level, index }| {
        let changed = sql.prepare_cached(statement).unwrap().execute((level, index.cast_signed()));
        assert_eq!(changed, Ok(1), "{statement} {level} {index}");
    }
}

fn hash_flipped(sql: &Connection, NodeId { level, index }: NodeId) {
    let find = "SELECT hash FROM ledger_nodes WHERE level = ?1 AND idx = ?2";
    let mut hash: [u8; 32] = sql.prepare_cached(find).unwrap().query_row((level, index.cast_signed()), |row| row.get(0)).unwrap();
    hash[usize::try_from(index % 32).unwrap()] ^= 1 << (index % 8);
    let write = "UPDATE ledger_nodes SET hash = ?3 WHERE level = ?1 AND idx = ?2";
    sql.prepare_cached(write).unwrap().execute((level, index.cast_signed(), hash)).unwrap();
}

/// With the next node of all.
fn hashes_exchanged(sql: &Connection, NodeId { level, index }: NodeId) {
    let exchange = "WITH pair AS (SELECT * FROM ledger_nodes WHERE (level, idx) >= (?1, ?2) ORDER BY level, idx LIMIT 2)
                    UPDATE ledger_nodes SET hash = (SELECT hash FROM pair WHERE (pair.level, pair.idx) <> (ledger_nodes.level, ledger_nodes.idx))
                    WHERE (level, idx) IN (SELECT level, idx FROM pair)";
    assert_eq!(sql.prepare_cached(exchange).unwrap().execute((level, index.cast_signed())), Ok(2));
}

fn stretch(NodeId { level, index }: NodeId, _: usize) -> String {
    format!("the tree over entries {} to {} ", (index << level) + 1, (index + 1) << level)
}

async fn nodes_changed(together: usize) -> Tally {
    let attack = Attack::begin().await;
    let nodes = attack.nodes();
    let mut tally = attack.every(&nodes, together, hash_flipped, stretch).await;
    tally += attack.every(&nodes[..nodes.len() - 1], together, hashes_exchanged, stretch).await;
    for statement in [
        "UPDATE ledger_nodes SET level = level + 20 WHERE level = ?1 AND idx = ?2",
        "UPDATE ledger_nodes SET level = level - 20 WHERE level = ?1 AND idx = ?2",
        "UPDATE ledger_nodes SET idx = idx + 100000 WHERE level = ?1 AND idx = ?2",
        "UPDATE ledger_nodes SET idx = -1 - idx WHERE level = ?1 AND idx = ?2",
        "DELETE FROM ledger_nodes WHERE level = ?1 AND idx = ?2",
    ] {
        tally += attack.every(&nodes, together, at(statement), stretch).await;
    }
    // Those that are there twice are reported by their number.
    let repeat = "INSERT INTO ledger_nodes SELECT level, idx + 100000, hash FROM ledger_nodes WHERE level = ?1 AND idx = ?2";
    tally += attack.every(&nodes, together, at(repeat), |_, many| format!("the tree has {} nodes instead of 994", 994 + many)).await;
    tally
}

#[tokio::test]
async fn a_node_that_is_not_as_it_grew_is_found() {
    assert_eq!(nodes_changed(TOGETHER).await, Tally::all(8 * 994 - 1));
}

#[tokio::test]
async fn what_cannot_even_be_read_is_not_passed_over() {
    let attack = Attack::begin().await;
    for statement in [
        "UPDATE ledger_nodes SET hash = x'00' WHERE level = 3 AND idx = 5",
        "UPDATE ledger_nodes SET hash = zeroblob(1000000) WHERE level = 3 AND idx = 5",
        "UPDATE ledger_checkpoints SET note = CAST(x'ff' AS TEXT) WHERE number = 5",
    ] {
        attack.at_once(|sql| sql.execute_batch(statement).unwrap());
        let inspected = inspect(&*attack.store, world::ledger().0, vec![]).await;
        assert!(inspected.is_err(), "{statement}");
        attack.undo();
    }
    attack.is_undone().await;
}

#[tokio::test]
#[ignore = "with each row alone it takes minutes; see the top of this file"]
async fn every_change_is_found_when_it_is_made_alone() {
    let (mut tally, shifted) = (entries_changed(1).await, entries_shifted(1).await);
    tally += shifted;
    tally += nodes_changed(1).await;
    assert_eq!(tally, Tally::all(4_998 + 2_000 + 8 * 994 - 1));
}
