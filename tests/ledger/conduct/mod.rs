//! What may be done and what may not: a sound ledger, and for every rule one that breaks it.
//!
//! Each story goes on where [`Book::opened`] ends, and only its last entry is found.

mod extremes;
mod faults;
mod sound;
mod unusual;

use countersign::ledger::{Finding, Report};

use crate::book::Book;

/// What happens, what an audit says of it, and how it comes to pass.
type Story = (&'static str, &'static str, fn(&mut Book));

/// The report of a ledger that ends with this story.
fn judged((_, _, story): &Story) -> (Report, u64) {
    let mut book = Book::opened();
    story(&mut book);
    (book.report(), book.entries.len() as u64)
}

/// A finding at the last entry and nothing else.
fn found(story: &Story, findings: &[Finding], last: u64) -> String {
    let [Finding { entry, what }] = findings else { panic!("{}: {findings:#?}", story.0) };
    assert_eq!(*entry, Some(last), "{}: {what}", story.0);
    assert!(what.contains(story.1), "{}: {what:?} does not say {:?}", story.0, story.1);
    what.clone()
}

/// What can be said about an entry, taken from the source: the fixed parts of each text.
fn sayings() -> Vec<Vec<&'static str>> {
    let source = concat!(
        include_str!("../../../src/ledger/conduct/mod.rs"),
        include_str!("../../../src/ledger/conduct/keys.rs"),
        include_str!("../../../src/ledger/conduct/ledger_key.rs"),
        include_str!("../../../src/ledger/conduct/tokens.rs"),
        include_str!("../../../src/ledger/conduct/ways.rs"),
    );
    let literals = source.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| line.split('"').skip(1).step_by(2));
    let fixed = |text: &'static str| text.split(['{', '}']).step_by(2).filter(|part| !part.is_empty()).collect();
    literals.map(fixed).collect()
}

fn says(what: &str, parts: &[&str]) -> bool {
    let mut rest = what;
    parts.iter().all(|part| {
        let found = rest.split_once(part);
        rest = found.map_or("", |(_, behind)| behind);
        found.is_some()
    })
}

#[test]
fn every_rule_has_a_story_that_breaks_it() {
    let said: Vec<String> = faults::all().into_iter().chain(unusual::all()).collect();
    let sayings = sayings();
    assert!(sayings.len() > 35, "only {} texts were found in the source", sayings.len());
    for parts in sayings {
        assert!(said.iter().any(|what| says(what, &parts)), "no story ends with {parts:?}");
    }
}
