//! What a page of a list costs on PostgreSQL, by what EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) says of each statement that ran.

use std::cell::Cell;

use countersign::{
    authority::{AuthorisationId, Callsign},
    store::{AuthorisationPlace, IssuerStore, Only, Page, PersonPlace, Search, Sort, Wanted},
    token::{Channel, Cti},
};
use serde_json::Value;

use crate::{Backend as _, Stores, postgres::Postgres};

const NOW: i64 = 1_000;
/// In every order there is something on both sides of it.
const AFTER: [u8; 8] = 700_u64.to_be_bytes();

/// What a list read, and how many it listed.
struct Cost {
    list: String,
    rows: u64,
    buffers: u64,
    listed: usize,
}

/// A database with so many people, five times as many authorisations, most of them asked for long ago or approved, each with a live
/// token and one that is over.
struct Filled {
    backend: Postgres,
    /// How much of the server's log was read.
    read: Cell<usize>,
}

impl Filled {
    async fn new(people: u32) -> Option<Self> {
        let backend = Postgres::new("costs::a_page_costs_no_more_where_there_is_ten_times_as_much").await?;
        drop(backend.open().await);
        let fill = format!(
            "INSERT INTO officers (callsign, role, enrolled_at) SELECT 'p' || lpad(n::text, 6, '0'), 'officer', n FROM generate_series(1, {people}) AS n;
             INSERT INTO officers (callsign, role, enrolled_at) VALUES ('heron', 'approver', 0);
             INSERT INTO authorisations (id, reference, channels, starts_at, ends_at, max_tokens, asked_by, asked_at, state, decided_by, search)
                 SELECT decode(lpad(to_hex(n), 16, '0'), 'hex'), 'OP ' || lpad(n::text, 6, '0'), '{{online}}', 0,
                        CASE WHEN n % 10 = 0 AND n > 200 THEN 500 ELSE 900000 + n END, 9, 'p' || lpad(((n - 1) / 5 + 1)::text, 6, '0'), n,
                        CASE WHEN n % 10 = 0 THEN 'asked' ELSE 'approved' END, CASE WHEN n % 10 <> 0 THEN 'heron' END,
                        format(' op %s p%s %s', lpad(n::text, 6, '0'), lpad(((n - 1) / 5 + 1)::text, 6, '0'), (ARRAY['road', 'lane'])[n % 2 + 1])
                 FROM generate_series(1, {people} * 5) AS n;
             INSERT INTO authorisation_words (word, authorisation)
                 SELECT word, id FROM authorisations, regexp_split_to_table(btrim(search), ' ') AS word;
             INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at)
                 SELECT id, sha256(id), substr(id, 1, 4), id, 'online', asked_at, 0, 900000 + asked_at FROM authorisations
                 UNION ALL SELECT decode('f' || lpad(to_hex(asked_at), 15, '0'), 'hex'), sha256(id), substr(id, 1, 4), id, 'online', asked_at, 0, 500 FROM authorisations;
             INSERT INTO marks (expires_at, cti, first_checked_at) SELECT expires_at, cti, 0 FROM tokens WHERE issued_at % 2 = 0"
        );
        let client = backend.client("postgres").await;
        client.batch_execute(&fill).await.unwrap();
        client.batch_execute("VACUUM ANALYZE").await.unwrap();
        for setting in ["log_min_duration = 0", "log_analyze = on", "log_buffers = on", "log_format = json"] {
            client.batch_execute(&format!("ALTER DATABASE {} SET auto_explain.{setting}", backend.0.name)).await.unwrap();
        }
        client.batch_execute(&format!("ALTER DATABASE {} SET session_preload_libraries = auto_explain", backend.0.name)).await.unwrap();
        Some(Self { backend, read: Cell::new(0) })
    }

    /// Notes what the plans say that were logged since the last time; other databases of the server log none.
    fn note(&self, costs: &mut Vec<Cost>, list: String, listed: usize) {
        let log = self.backend.0.cluster.log();
        let said = &log[self.read.replace(log.len())..];
        let (mut rows, mut buffers) = (0, 0);
        for said in said.split(" plan:").skip(1) {
            let plan: String = said.lines().skip(1).map_while(|line| line.strip_prefix('\t')).collect();
            let plan: Value = serde_json::from_str(&plan).unwrap();
            if ["authorisation", "officers", "tokens"].iter().any(|table| plan["Query Text"].as_str().unwrap().contains(table)) {
                rows += read(&plan["Plan"]);
                buffers += number(&plan["Plan"], "Shared Hit Blocks") + number(&plan["Plan"], "Shared Read Blocks");
            }
        }
        assert!(rows + buffers > 0, "{list}: no plan was logged");
        costs.push(Cost { list, rows, buffers, listed });
    }

    /// A search of common words, which only the middle of the list has.
    async fn comes_whole_in_short_pages(&self) {
        let Stores { issuer, .. } = self.backend.open().await;
        let (mut asked, mut empty) = (vec![], 0);
        let mut next = None;
        while {
            let listed = issuer.sorted_authorisations(None, None, wanted("p001 lane", Sort::Made, next), NOW).await.unwrap();
            empty += usize::from(listed.items.is_empty());
            asked.extend(listed.items.iter().map(|one| one.asked_at));
            next = listed.next;
            next.is_some()
        } {}
        assert_eq!(asked, (4_996..=9_995).rev().filter(|n| n % 2 == 1).collect::<Vec<_>>());
        assert!(empty > 10, "{empty}");
        let (mut ctis, mut next) = (vec![], None);
        while {
            let listed = issuer.sorted_tokens(Some(callsign("heron")), wanted("p001 lane", Sort::Until, next), NOW).await.unwrap().unwrap();
            ctis.extend(listed.items.iter().map(|one| one.cti.0));
            next = listed.next;
            next.is_some()
        } {}
        assert!(ctis.is_sorted());
        // Those that were asked for and never decided have no approver.
        assert_eq!(ctis.len(), (4_996..=9_995).filter(|n| n % 2 == 1 && n % 10 != 0).count());
    }

    async fn costs(&self) -> Vec<Cost> {
        let Stores { issuer, .. } = self.backend.open().await;
        self.read.set(self.backend.0.cluster.log().len());
        let mut costs = vec![];
        for sort in [Sort::Made, Sort::Oldest, Sort::Until, Sort::Name] {
            for after in [None, Some(AFTER)] {
                self.sorted(&*issuer, sort, after, &mut costs).await;
            }
        }
        for asked_by in [None, Some("p000003")] {
            for after in [None, Some(AuthorisationPlace { waits: false, asked_at: 700, id: AuthorisationId(AFTER) })] {
                let page = Page { after, most: 20 };
                let listed = issuer.authorisations(asked_by.map(callsign), page, NOW).await.unwrap().len();
                self.note(&mut costs, format!("authorisations of {asked_by:?} after {after:?}"), listed);
            }
        }
        let listed = issuer.officers(Page { after: Some(PersonPlace(callsign("p000140"))), most: 20 }).await.unwrap().len();
        self.note(&mut costs, "people".into(), listed);
        costs
    }

    async fn sorted(&self, issuer: &dyn IssuerStore, sort: Sort, after: Option<[u8; 8]>, costs: &mut Vec<Cost>) {
        for (search, of) in [
            ("", None),
            ("", Some("p000003")),
            ("op", None),
            ("op", Some("p000003")),
            ("000217", None),
            ("p000044 op", None),
            ("op lane", None),
            ("lane road", None),
        ] {
            let wanted = wanted(search, sort, after.map(AuthorisationId));
            let listed = issuer.sorted_authorisations(of.map(callsign), None, wanted, NOW).await.unwrap();
            self.note(costs, format!("authorisations of {of:?} with {search:?} by {sort:?} after {after:?}"), listed.items.len());
        }
        for only in [Only::Waiting, Only::InForce] {
            for (search, of) in [("", None), ("", Some("p000003")), ("op", None), ("000217", None)] {
                let wanted = wanted(search, sort, after.map(AuthorisationId));
                let listed = issuer.sorted_authorisations(of.map(callsign), Some(only), wanted, NOW).await.unwrap();
                self.note(costs, format!("{only:?} of {of:?} with {search:?} by {sort:?} after {after:?}"), listed.items.len());
            }
        }
        for (search, of) in [
            ("", None),
            ("", Some("p000003")),
            ("", Some("heron")),
            ("op", Some("p000003")),
            ("p000044 op", None),
            ("p000044 op", Some("heron")),
            ("op lane", None),
            ("lane road", Some("heron")),
        ] {
            let listed = issuer.sorted_tokens(of.map(callsign), wanted(search, sort, after.map(Cti)), NOW).await.unwrap();
            let listed = listed.map_or(0, |listed| listed.items.len());
            self.note(costs, format!("tokens of {of:?} with {search:?} by {sort:?} after {after:?}"), listed);
        }
        for search in ["", "p0", "nobody"] {
            let last = after.map(|_| callsign("p000140"));
            let listed = issuer.sorted_officers(wanted(search, sort, last)).await.unwrap();
            self.note(costs, format!("people with {search:?} by {sort:?} after {after:?}"), listed.items.len());
        }
    }
}

/// What it takes to find what an officer may issue under who had so many authorisations, all but four of them over.
async fn usable(past: u32) -> Option<Vec<Cost>> {
    let filled = Filled::new(10).await?;
    let fill = format!(
        "INSERT INTO officers (callsign, role, enrolled_at) VALUES ('kite', 'officer', 0);
         INSERT INTO authorisations (id, reference, channels, starts_at, ends_at, max_tokens, asked_by, asked_at, state, decided_by)
             SELECT decode('e' || lpad(to_hex(n), 15, '0'), 'hex'), 'OP', '{{online}}', 0, CASE WHEN n % 100 = 50 AND n < 400 THEN 900000 ELSE 500 END,
                    9, 'kite', n, 'approved', 'heron'
             FROM generate_series(1, {past}) AS n"
    );
    let client = filled.backend.client("postgres").await;
    client.batch_execute(&fill).await.unwrap();
    client.batch_execute("VACUUM ANALYZE").await.unwrap();
    let Stores { issuer, .. } = filled.backend.open().await;
    filled.read.set(filled.backend.0.cluster.log().len());
    let mut costs = vec![];
    // Often enough that the database plans the statement for whatever values it is given.
    for n in 0..8 {
        let found = issuer.live_authorisations(callsign("kite"), Channel::Online, NOW).await.unwrap();
        assert_eq!(found.len(), 4);
        filled.note(&mut costs, format!("what may be used, {n}"), found.len());
    }
    Some(costs)
}

async fn what_may_be_used_costs_no_more_after_a_long_past() {
    let (Some(short), Some(long)) = (usable(400).await, usable(4_000).await) else { return };
    for (short, long) in short.iter().zip(&long) {
        assert!(long.rows <= short.rows * 5 / 4 + 20, "{}: {} rows, and {} after ten times as much", long.list, short.rows, long.rows);
    }
}

fn callsign(text: &str) -> Callsign {
    text.parse().unwrap()
}

fn wanted<I>(search: &str, sort: Sort, after: Option<I>) -> Wanted<I> {
    Wanted { search: Search::of(search), sort, page: Page { after, most: 20 } }
}

fn number(plan: &Value, name: &str) -> u64 {
    plan[name].as_u64().unwrap_or_default()
}

/// Rows that a plan read from tables and indexes, those that it then dropped among them.
fn read(plan: &Value) -> u64 {
    let own = number(plan, "Actual Rows") + number(plan, "Rows Removed by Filter") + number(plan, "Rows Removed by Index Recheck");
    let own = if plan.get("Relation Name").is_some() { own * number(plan, "Actual Loops") } else { 0 };
    own + plan["Plans"].as_array().map_or(0, |parts| parts.iter().map(read).sum())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_costs_no_more_where_there_is_ten_times_as_much() {
    let Some(few) = Filled::new(400).await else { return };
    let few = few.costs().await;
    let filled = Filled::new(4_000).await.unwrap();
    let many = filled.costs().await;
    for (before, after) in few.iter().zip(&many) {
        let Cost { list, rows, buffers, listed } = after;
        assert_eq!(*listed, before.listed, "{list}");
        // There are fewer people at first than a page looks at; it looks once for them, and once for where the next page begins, both
        // times from the one that it begins behind.
        let most = if list.contains("nobody") { 2_002 } else { before.rows * 5 / 4 + 20 };
        assert!(*rows <= most, "{list}: {} rows were read, and {rows} of ten times as many", before.rows);
        // An index of ten times as many may be a page higher.
        assert!(*buffers <= before.buffers * 3 / 2 + 50, "{list}: {} buffers, and {buffers} of ten times as many", before.buffers);
    }
    filled.comes_whole_in_short_pages().await;
    // Here and not beside it, since all databases of the server write into one log.
    what_may_be_used_costs_no_more_after_a_long_past().await;
}
