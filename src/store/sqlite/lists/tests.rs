//! What a page of a list costs.

use std::cell::Cell;

use super::*;
use crate::{
    store::{
        AuthorisationPlace, Listed, Page, SqliteStore,
        deployment::tests::keys,
        sqlite::authorisations::{live, page},
    },
    token::Channel,
};

const NOW: i64 = 1_000;

thread_local! {
    /// What lists took, in steps of the virtual machine: the same in every run.
    pub static STEPS: Cell<i32> = const { Cell::new(0) };
}

/// So many people, five times as many authorisations and live tokens. One request in ten was never decided; few of those still wait.
fn filled(folder: &tempfile::TempDir, people: i64) -> Connection {
    let path = folder.path().join(format!("{people}.sqlite"));
    drop(SqliteStore::open_for_issuer(&path, &keys("verify.example.org", 1, &[2])).unwrap());
    let db = Connection::open(path).unwrap();
    db.execute_batch(&format!(
        "WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < {people})
         INSERT INTO officers (callsign, role, enrolled_at) SELECT printf('p%06d', n), 'officer', n FROM n;
         INSERT INTO officers (callsign, role, enrolled_at) VALUES ('heron', 'approver', 0);
         WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < {people} * 5)
         INSERT INTO authorisations (id, reference, channels, starts_at, ends_at, max_tokens, asked_by, asked_at, state, decided_by, search)
             SELECT unhex(printf('%016x', n)), printf('OP %06d', n), 'online', 0, iif(n % 10 = 0 AND n > 200, 500, 900000 + n), 9,
                    printf('p%06d', (n - 1) / 5 + 1), n, iif(n % 10, 'approved', 'asked'), iif(n % 10, 'heron', NULL),
                     printf(' op %06d p%06d %s', n, (n - 1) / 5 + 1, iif(n % 2, 'lane', 'road')) FROM n;
         INSERT INTO authorisation_words (word, authorisation) SELECT 'op', id FROM authorisations
             UNION ALL SELECT substr(reference, 4), id FROM authorisations UNION ALL SELECT asked_by, id FROM authorisations
             UNION ALL SELECT substr(search, -4), id FROM authorisations;
         INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at)
             SELECT id, zeroblob(32), zeroblob(4), id, 'online', 0, 0, 900000 FROM authorisations"
    ))
    .unwrap();
    db
}

fn wanted<I>(search: &str, sort: Sort, after: Option<I>) -> Wanted<I> {
    Wanted { search: Search::of(search), sort, page: Page { after, most: 20 } }
}

/// What each list takes.
fn costs(db: &Connection) -> Vec<(String, i32, usize)> {
    let mut all = vec![];
    let mut note = |what: String, listed: usize| all.push((what, STEPS.replace(0), listed));
    let (own, approver): (Callsign, Callsign) = ("p000003".parse().unwrap(), "heron".parse().unwrap());
    for sort in [Sort::Made, Sort::Oldest, Sort::Until, Sort::Name] {
        for after in [None, Some(700_u64.to_be_bytes())] {
            for (search, of) in
                [("", None), ("", Some(&own)), ("op", None), ("000217", None), ("p000044 op", None), ("op lane", None), ("lane road", None)]
            {
                let listed = authorisations(db, of, None, &wanted(search, sort, after.map(AuthorisationId)), 0).unwrap();
                note(format!("authorisations {search:?} {sort:?} {of:?} {after:?}"), listed.items.len());
            }
            for (only, search, of) in [
                (Only::Waiting, "", None),
                (Only::Waiting, "op", None),
                (Only::Waiting, "", Some(&own)),
                (Only::InForce, "", None),
                (Only::InForce, "op", None),
                (Only::InForce, "000217", None),
                (Only::InForce, "", Some(&own)),
            ] {
                let listed = authorisations(db, of, Some(only), &wanted(search, sort, after.map(AuthorisationId)), NOW).unwrap();
                note(format!("authorisations {only:?} {search:?} {sort:?} {of:?} {after:?}"), listed.items.len());
            }
            for (search, of) in [
                ("", None),
                ("", Some(&own)),
                ("", Some(&approver)),
                ("op", Some(&own)),
                ("p000044 op", None),
                ("op lane", None),
                ("lane road", Some(&approver)),
            ] {
                let listed = tokens(db, of, &wanted(search, sort, after.map(Cti)), 0).unwrap();
                let what = format!("tokens {search:?} {sort:?} {of:?} {after:?}");
                assert!(listed.is_some() || sort != Sort::Until, "{what}");
                note(what, listed.map_or(0, |listed| listed.items.len()));
            }
            for search in ["", "p0", "nobody"] {
                let after = after.map(|_| "p000140".parse().unwrap());
                let listed = officers(db, &wanted(search, sort, after.clone())).unwrap();
                note(format!("people {search:?} {sort:?} {after:?}"), listed.items.len());
            }
        }
    }
    let last_end: i64 = db.query_row("SELECT max(ends_at) FROM authorisations", (), |row| row.get(0)).unwrap();
    for sort in [Sort::Made, Sort::Oldest, Sort::Until, Sort::Name] {
        let listed = authorisations(db, None, Some(Only::InForce), &wanted("", sort, None), last_end - 100).unwrap();
        note(format!("authorisations of which few are in force {sort:?}"), listed.items.len());
    }
    for (whose, after) in [(None, None), (Some(&own), None), (None, Some(700)), (Some(&own), Some(700))] {
        let place = |asked_at: i64| AuthorisationPlace { waits: false, asked_at, id: AuthorisationId(asked_at.to_be_bytes()) };
        let listed = page(db, whose, &Page { after: after.map(place), most: 20 }, NOW).unwrap();
        note(format!("authorisations as usual {whose:?} {after:?}"), listed.len());
    }
    all
}

#[test]
fn a_page_costs_no_more_where_there_is_ten_times_as_much() {
    let folder = tempfile::tempdir().unwrap();
    let (few, many) = (costs(&filled(&folder, 400)), costs(&filled(&folder, 4_000)));
    for ((what, before, listed), (_, after, listed_after)) in few.into_iter().zip(many) {
        assert_eq!(listed, listed_after, "{what}");
        // There are fewer people at first than a page looks at. From a place on, what was made first takes more for each of them.
        let for_each = if what.contains("Oldest") { 40 } else { 20 };
        let most = if what.contains("nobody") { for_each * MOST_READ } else { i64::from(before) * 5 / 4 + 300 };
        assert!(i64::from(after) <= most, "{what}: {before} steps, and {after} with ten times as much");
    }
}

/// What it takes to find what an officer may issue under who had so many authorisations, all but four of them over.
fn usable(folder: &tempfile::TempDir, past: i64) -> i32 {
    let db = filled(folder, past / 40);
    db.execute_batch(&format!(
        "INSERT INTO officers (callsign, role, enrolled_at) VALUES ('kite', 'officer', 0);
         WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < {past})
         INSERT INTO authorisations (id, reference, channels, starts_at, ends_at, max_tokens, asked_by, asked_at, state, decided_by)
             SELECT unhex(printf('e%015x', n)), 'OP', 'online', 0, iif(n % 100 = 50 AND n < 400, 900000, 500), 9, 'kite', n, 'approved', 'heron' FROM n"
    ))
    .unwrap();
    STEPS.set(0);
    assert_eq!(live(&db, &"kite".parse().unwrap(), Channel::Online, NOW).unwrap().len(), 4);
    STEPS.replace(0)
}

#[test]
fn what_may_be_used_costs_no_more_after_a_long_past() {
    let folder = tempfile::tempdir().unwrap();
    let (short, long) = (usable(&folder, 400), usable(&folder, 4_000));
    assert!(long <= short * 5 / 4, "{short} steps, and {long} after ten times as much");
}

/// All that the pages of a list hold, and how many of them held nothing.
fn followed<T, I>(list: impl Fn(Option<I>) -> Listed<T, I>) -> (Vec<T>, usize) {
    let (mut all, mut empty, mut after) = (vec![], 0, None);
    loop {
        let Listed { items, next } = list(after);
        empty += usize::from(items.is_empty());
        all.extend(items);
        after = next;
        if after.is_none() {
            return (all, empty);
        }
    }
}

#[test]
fn a_search_of_common_words_comes_whole_in_short_pages() {
    let db = filled(&tempfile::tempdir().unwrap(), 4_000);
    // Of the middle of the list, which five thousand authorisations and more have, every other one.
    let (found, empty) = followed(|after| authorisations(&db, None, None, &wanted("p001 lane", Sort::Made, after), 0).unwrap());
    let asked: Vec<i64> = found.iter().map(|one| one.asked_at).collect();
    assert_eq!(asked, (4_996..=9_995).rev().filter(|n| n % 2 == 1).collect::<Vec<_>>());
    assert!(empty > 10, "{empty}");
    let heron = "heron".parse().unwrap();
    let (found, empty) = followed(|after| tokens(&db, Some(&heron), &wanted("p001 lane", Sort::Until, after), 0).unwrap().unwrap());
    assert_eq!((found.len(), found.is_sorted_by_key(|one| one.cti.0)), (2_500, true));
    assert!(empty > 10, "{empty}");
    assert!(tokens(&db, Some(&heron), &wanted("p001 lane", Sort::Name, None), 0).unwrap().is_none(), "too many to sort");
    let (found, empty) = followed(|after| officers(&db, &wanted("1", Sort::Name, after)).unwrap());
    assert_eq!((found.len(), empty), ((1..=4_000).filter(|n: &u32| n.to_string().contains('1')).count(), 0));
}

#[test]
fn what_is_in_force_comes_whole_and_alone_however_much_there_is() {
    let db = filled(&tempfile::tempdir().unwrap(), 4_000);
    for sort in [Sort::Made, Sort::Oldest, Sort::Until, Sort::Name] {
        for now in [NOW, 919_000, 919_900] {
            let (found, _) = followed(|after| authorisations(&db, None, Some(Only::InForce), &wanted("", sort, after), now).unwrap());
            let mut found: Vec<i64> = found.iter().map(|one| one.asked_at).collect();
            found.sort_unstable();
            let in_force = (1..=20_000).filter(|n| n % 10 != 0 && 900_000 + n > now);
            assert_eq!(found, in_force.collect::<Vec<_>>(), "{sort:?} at {now}");
        }
    }
}
