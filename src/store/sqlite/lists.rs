//! Lists that are searched and sorted.

use rusqlite::{Connection, Row, ToSql};

use super::{
    rows::{AUTHORISATION, OFFICER, authorisation, officer},
    tokens::{LIVE, LIVE_OF_SOMEBODY, live_token},
};
use crate::{
    authority::{Authorisation, AuthorisationId, Callsign, Officer},
    store::{KEEP_LISTED, LiveToken, Search, Sort, StoreError, Wanted, search::COMMON},
    token::Cti,
};

/// A statement and what is put into it.
#[derive(Default)]
struct Query<'a> {
    conditions: Vec<String>,
    given: Vec<&'a dyn ToSql>,
}

impl<'a> Query<'a> {
    /// `?` stands for the value.
    fn and(&mut self, condition: &str, value: &'a dyn ToSql) -> &mut Self {
        self.given.push(value);
        self.conditions.push(condition.replace('?', &format!("?{}", self.given.len())));
        self
    }

    fn and_has(&mut self, column: &str, parts: &'a [String]) -> &mut Self {
        parts.iter().fold(self, |query, part| query.and(&format!("instr({column}, ?) > 0"), part))
    }

    fn read<T>(
        mut self,
        db: &Connection,
        (select, order): (&str, &str),
        most: &'a u16,
        row: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let whole = if self.conditions.is_empty() { "true".to_owned() } else { self.conditions.join(" AND ") };
        self.given.push(most);
        let mut statement = db.prepare_cached(&format!("{select} WHERE {whole} ORDER BY {order} LIMIT ?{}", self.given.len()))?;
        let rows = statement.query_map(&*self.given, row)?.collect::<Result<_, _>>()?;
        #[cfg(test)]
        tests::STEPS.set(statement.reset_status(rusqlite::StatementStatus::VmStep));
        Ok(rows)
    }
}

/// The column of an order, with which the id is compared, and whether it is read from its end.
fn ordered(sort: Sort, [made, until, name]: [&'static str; 3], soonest_first: bool) -> (&'static str, &'static str, &'static str) {
    match sort {
        Sort::Made => (made, "<", "DESC"),
        Sort::Until if soonest_first => (until, ">", "ASC"),
        Sort::Until => (until, "<", "DESC"),
        Sort::Name => (name, ">", "ASC"),
    }
}

pub(super) fn authorisations(
    db: &Connection,
    asked_by: Option<&Callsign>,
    wanted: &Wanted<AuthorisationId>,
) -> Result<Vec<Authorisation>, StoreError> {
    let (column, beyond, order) = ordered(wanted.sort, ["asked_at", "ends_at", "search"], false);
    let (range, parts) = (wanted.search.as_ref().map(Search::range), wanted.parts());
    let mut query = Query::default();
    let mut from = "authorisations".to_owned();
    if let Some((first, end)) = &range
        && !is_common(db, first, end)?
    {
        // From the few that have such a word; what is common is met soon enough on the way through the order.
        query.given.extend([first as &dyn ToSql, end]);
        from = "(SELECT DISTINCT authorisation FROM authorisation_words WHERE word >= ?1 AND word < ?2)
             CROSS JOIN authorisations ON id = authorisation"
            .into();
    }
    if let Some(asked_by) = &asked_by {
        query.and("asked_by = ?", asked_by);
    }
    query.and_has("search", &parts);
    if let Some(after) = &wanted.page.after {
        query.and(&format!("({column}, id) {beyond} (SELECT {column}, id FROM authorisations WHERE id = ?)"), after);
    }
    let order = format!("{column} {order}, id {order}");
    query.read(db, (&format!("SELECT {AUTHORISATION} FROM {from}"), &order), &wanted.page.most, authorisation)
}

fn is_common(db: &Connection, first: &str, end: &str) -> Result<bool, StoreError> {
    let mut count =
        db.prepare_cached("SELECT count(*) FROM (SELECT 1 FROM authorisation_words WHERE word >= ?1 AND word < ?2 LIMIT ?3)")?;
    Ok(count.query_row((first, end, COMMON), |row| row.get::<_, i64>(0))? == COMMON)
}

pub(super) fn tokens(db: &Connection, of: Option<&Callsign>, wanted: &Wanted<Cti>, now: i64) -> Result<Vec<LiveToken>, StoreError> {
    let (column, beyond, order) = ordered(wanted.sort, ["issued_at", "expires_at", "search"], true);
    let (parts, listed_after) = (wanted.parts(), now - KEEP_LISTED);
    let mut query = Query::default();
    if let Some(of) = &of {
        query.given.extend([of as &dyn ToSql, &listed_after]);
    }
    query.and("expires_at > ?", &now).and_has("search", &parts);
    if let Some(after) = &wanted.page.after {
        query.and(
            &format!("({column}, cti) {beyond} (SELECT {column}, cti FROM tokens JOIN authorisations ON id = authorisation WHERE cti = ?)"),
            after,
        );
    }
    let select = if of.is_some() { LIVE_OF_SOMEBODY } else { LIVE };
    query.read(db, (select, &format!("{column} {order}, cti {order}")), &wanted.page.most, live_token)
}

pub(super) fn officers(db: &Connection, wanted: &Wanted<Callsign>) -> Result<Vec<Officer>, StoreError> {
    let made = wanted.sort == Sort::Made;
    let text = wanted.search.as_ref().map(Search::text);
    let mut query = Query::default();
    if let Some(text) = &text {
        query.and("instr(lower(callsign), ?) > 0", text);
    }
    if let Some(after) = &wanted.page.after {
        let newer = "(enrolled_at, callsign) < (SELECT enrolled_at, callsign FROM officers WHERE callsign = ?)";
        query.and(if made { newer } else { "callsign > ?" }, after);
    }
    let order = if made { "enrolled_at DESC, callsign DESC" } else { "callsign" };
    query.read(db, (&format!("SELECT {OFFICER} FROM officers"), order), &wanted.page.most, officer)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::store::{Page, SqliteStore, deployment::tests::keys};

    thread_local! {
        /// What the last list took, in steps of the virtual machine: the same in every run.
        pub static STEPS: Cell<i32> = const { Cell::new(0) };
    }

    /// So many people, five times as many authorisations and live tokens.
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
                 SELECT unhex(printf('%016x', n)), printf('OP %06d', n), 'online', 0, 900000 + n, 9, printf('p%06d', (n - 1) / 5 + 1), n,
                        'approved', 'heron', printf(' op %06d p%06d', n, (n - 1) / 5 + 1) FROM n;
             INSERT INTO authorisation_words (word, authorisation) SELECT 'op', id FROM authorisations
                 UNION ALL SELECT substr(reference, 4), id FROM authorisations UNION ALL SELECT asked_by, id FROM authorisations;
             INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at)
                 SELECT id, zeroblob(32), zeroblob(4), id, 'online', 0, 0, 900000 FROM authorisations;
             ANALYZE"
        ))
        .unwrap();
        db
    }

    fn wanted<I>(search: &str, sort: Sort, after: Option<I>) -> Wanted<I> {
        Wanted { search: Search::of(search), sort, page: Page { after, most: 20 } }
    }

    /// What each list takes.
    fn costs(db: &Connection) -> Vec<(String, i32, usize)> {
        let (mut all, own, after) = (vec![], "p000003".parse().unwrap(), AuthorisationId(300_u64.to_be_bytes()));
        let mut note = |what: String, listed: usize| all.push((what, STEPS.get(), listed));
        for sort in [Sort::Made, Sort::Until, Sort::Name] {
            for (search, of, after) in [
                ("", None, None),
                ("", None, Some(after)),
                ("", Some(&own), None),
                ("op", None, None),
                ("000217", None, None),
                ("p000044 op", None, None),
            ] {
                let listed = authorisations(db, of, &wanted(search, sort, after)).unwrap();
                note(format!("authorisations {search:?} {sort:?} {of:?} {after:?}"), listed.len());
            }
            let listed = tokens(db, Some(&own), &wanted("op", sort, None), 0).unwrap();
            note(format!("tokens of one {sort:?}"), listed.len());
            let listed = officers(db, &wanted("", sort, None)).unwrap();
            note(format!("people {sort:?}"), listed.len());
        }
        note(format!("all tokens {}", tokens(db, None, &wanted("", Sort::Until, None), 0).unwrap().len()), 20);
        all
    }

    #[test]
    fn a_page_costs_no_more_where_there_is_ten_times_as_much() {
        let folder = tempfile::tempdir().unwrap();
        let (few, many) = (costs(&filled(&folder, 100)), costs(&filled(&folder, 1_000)));
        for ((what, before, listed), (_, after, listed_after)) in few.into_iter().zip(many) {
            assert!(listed > 0 && listed == listed_after, "{what}: {listed} {listed_after}");
            // A word that few have is found by the index; one that many have is met on the way.
            assert!(after <= before * 5 / 4 + 300, "{what}: {before} steps, and {after} with ten times as much");
        }
    }
}
