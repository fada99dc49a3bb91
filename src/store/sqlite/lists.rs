//! Lists that are searched and sorted. A page goes through an index in the list's order, or looks at no more than [`MOST_READ`] rows.

use rusqlite::{Connection, Params, Row, ToSql, types::FromSql};

use super::{
    rows::{AUTHORISATION, OFFICER, authorisation, officer},
    tokens::{JOINED, LIVE, live_token},
};
use crate::{
    authority::{Authorisation, AuthorisationId, Callsign, LAST_END, Officer},
    store::{KEEP_LISTED, Listed, LiveToken, Only, Search, Sort, StoreError, Wanted, search::MOST_READ},
    token::Cti,
};

/// What is listed.
struct List<T, I> {
    select: String,
    table: &'static str,
    joined: &'static str,
    order: String,
    row: fn(&Row<'_>) -> rusqlite::Result<T>,
    id: &'static str,
    id_of: fn(&T) -> I,
}

/// Conditions and what is put into them.
#[derive(Default)]
struct Query<'a> {
    /// Those that an index in the list's order answers.
    places: Vec<String>,
    placed: usize,
    /// Those that each row is looked at for.
    conditions: Vec<String>,
    given: Vec<&'a dyn ToSql>,
}

impl<'a> Query<'a> {
    /// `?` stands for the value.
    fn with(&mut self, condition: &str, value: &'a dyn ToSql) -> String {
        self.given.push(value);
        condition.replace('?', &format!("?{}", self.given.len()))
    }

    /// Comes before any [`Self::and`].
    fn within(&mut self, place: &str, value: &'a dyn ToSql) {
        let place = self.with(place, value);
        self.places.push(place);
        self.placed = self.given.len();
    }

    fn and(&mut self, condition: &str, value: &'a dyn ToSql) {
        let condition = self.with(condition, value);
        self.conditions.push(condition);
    }

    fn and_has(&mut self, column: &str, parts: &'a [String]) {
        for part in parts {
            self.and(&format!("instr({column}, ?) > 0"), part);
        }
    }

    /// A page of these `few` rows, or of the whole table.
    fn page<T, I: FromSql>(
        mut self,
        db: &Connection,
        list: &List<T, I>,
        few: Option<String>,
        most: &'a u16,
    ) -> Result<Listed<T, I>, StoreError> {
        let List { select, table, joined, order, id, .. } = list;
        let is_walked = few.is_none() && !self.conditions.is_empty();
        let walk = format!("FROM {table} WHERE {} ORDER BY {order}", all(&self.places));
        let (from, whole) = match few {
            None if is_walked => (format!("(SELECT * {walk} LIMIT {MOST_READ}) AS {table}"), all(&self.conditions)),
            few => (few.unwrap_or_else(|| (*table).to_owned()), all(&[self.places, self.conditions].concat())),
        };
        let placed = self.given[..self.placed].to_vec();
        self.given.push(most);
        let page = format!("{select} {from} {joined} WHERE {whole} ORDER BY {order} LIMIT ?{}", self.given.len());
        let items = rows(db, &page, &*self.given, list.row)?;
        let next = match items.last() {
            Some(final_item) if items.len() == usize::from(*most) => Some((list.id_of)(final_item)),
            // The next page looks further from here.
            _ if is_walked => rows(db, &format!("SELECT {id} {walk} LIMIT 1 OFFSET {}", MOST_READ - 1), &*placed, |row| row.get(0))?.pop(),
            _ => None,
        };
        Ok(Listed { items, next })
    }
}

pub(super) fn rows<T>(
    db: &Connection,
    statement: &str,
    given: impl Params,
    row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = db.prepare_cached(statement)?;
    let rows = statement.query_map(given, row)?.collect::<Result<_, _>>()?;
    #[cfg(test)]
    tests::STEPS.set(tests::STEPS.get() + statement.reset_status(rusqlite::StatementStatus::VmStep));
    Ok(rows)
}

fn all(conditions: &[String]) -> String {
    if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") }
}

/// The column of an order, with which the id is compared, and whether it is read from its end.
fn ordered(sort: Sort, [made, until, name]: [&'static str; 3], soonest_first: bool) -> (&'static str, &'static str, &'static str) {
    match sort {
        Sort::Made => (made, "<", "DESC"),
        Sort::Oldest => (made, ">", "ASC"),
        Sort::Until if soonest_first => (until, ">", "ASC"),
        Sort::Until => (until, "<", "DESC"),
        Sort::Name => (name, ">", "ASC"),
    }
}

/// The word that fewest authorisations have, if they are few.
fn rarest<'a>(db: &Connection, ranges: &'a [(String, String)]) -> Result<Option<&'a (String, String)>, StoreError> {
    let count = format!("SELECT count(*) FROM (SELECT 1 FROM authorisation_words WHERE word >= ?1 AND word < ?2 LIMIT {MOST_READ})");
    let mut rarest = (MOST_READ, None);
    for range in ranges {
        let found: Vec<i64> = rows(db, &count, [&range.0, &range.1], |row| row.get(0))?;
        rarest = found.into_iter().filter(|found| *found < rarest.0).map(|found| (found, Some(range))).next().unwrap_or(rarest);
    }
    Ok(rarest.1)
}

const WITH_WORD: &str = "SELECT DISTINCT authorisation AS found FROM authorisation_words WHERE word >= ?1 AND word < ?2";

pub(super) fn authorisations(
    db: &Connection,
    asked_by: Option<&Callsign>,
    only: Option<Only>,
    wanted: &Wanted<AuthorisationId>,
    now: i64,
) -> Result<Listed<Authorisation, AuthorisationId>, StoreError> {
    let (column, beyond, order) = ordered(wanted.sort, ["asked_at", "ends_at", "search"], false);
    let (ranges, parts, first_asked) = (wanted.ranges(), wanted.parts(), now - LAST_END);
    let mut query = Query::default();
    let mut few = rarest(db, &ranges)?.map(|(first, end)| {
        query.given.extend([first as &dyn ToSql, end]);
        format!("({WITH_WORD}) CROSS JOIN authorisations ON id = found")
    });
    if let Some(only) = only {
        if few.is_none()
            && let Some(open) = few_open(db, only, now)?
        {
            query.given.push(&now);
            few = Some(open);
        }
        match wanted.sort {
            Sort::Until => query.within("ends_at > ?", &now),
            Sort::Made | Sort::Oldest => query.within("asked_at > ?", &first_asked),
            Sort::Name => {}
        }
    }
    if let Some(asked_by) = &asked_by {
        query.within("asked_by = ?", asked_by);
    }
    if let Some(after) = &wanted.page.after {
        query.within(&format!("({column}, id) {beyond} (SELECT {column}, id FROM authorisations WHERE id = ?)"), after);
    }
    if let Some(only) = only {
        query.and(only.condition(), &now);
    }
    query.and_has("search", &parts);
    let list = List {
        select: format!("SELECT {AUTHORISATION} FROM"),
        table: "authorisations",
        joined: "",
        order: format!("{column} {order}, id {order}"),
        row: authorisation,
        id: "id",
        id_of: |last: &Authorisation| last.id,
    };
    query.page(db, &list, few, &wanted.page.most)
}

/// What has not ended at `?1`, where it is few. What waits always is: so much of each person may.
fn few_open(db: &Connection, only: Only, now: i64) -> Result<Option<String>, StoreError> {
    let open = "FROM authorisations INDEXED BY authorisations_by_end WHERE ends_at > ?1";
    let (open, are_few) = match only {
        Only::Waiting => ("FROM authorisations INDEXED BY authorisations_waiting WHERE state = 'asked' AND ends_at > ?1", true),
        Only::InForce => {
            let are_few = format!("SELECT count(*) < {MOST_READ} FROM (SELECT 1 {open} LIMIT {MOST_READ})");
            (open, rows(db, &are_few, [now], |row| row.get::<_, bool>(0))? == [true])
        }
    };
    Ok(are_few.then(|| format!("(SELECT * {open}) AS authorisations")))
}

/// Authorisations under which all tokens of a list are, by what is `?1` and `?2`. Tokens end after `?3`.
struct Under<'a> {
    ids: String,
    given: [&'a dyn ToSql; 3],
}

impl Under<'_> {
    /// The tokens, where they and the authorisations are few.
    fn few(&self, db: &Connection) -> Result<Option<String>, StoreError> {
        let Self { ids, given } = self;
        let tokens = format!("FROM ({ids}) CROSS JOIN tokens ON authorisation = found AND expires_at > ?3");
        let are_few = format!(
            "SELECT (SELECT count(*) FROM ({ids})) < {MOST_READ} AND (SELECT count(*) FROM (SELECT 1 {tokens} LIMIT {MOST_READ})) < {MOST_READ}"
        );
        let are_few = rows(db, &are_few, given, |row| row.get::<_, bool>(0))? == [true];
        Ok(are_few.then(|| format!("(SELECT tokens.* {tokens}) AS tokens")))
    }
}

/// Of a person's own and of those that they approved, as many as a page may look at of each: none that ended long ago has a token.
fn of_somebody() -> String {
    let of =
        |whose| format!("SELECT id AS found FROM (SELECT id FROM authorisations WHERE {whose} = ?1 AND ends_at > ?2 LIMIT {MOST_READ})");
    format!("{} UNION {}", of("asked_by"), of("decided_by"))
}

pub(super) fn tokens(
    db: &Connection,
    of: Option<&Callsign>,
    wanted: &Wanted<Cti>,
    now: i64,
) -> Result<Option<Listed<LiveToken, Cti>>, StoreError> {
    let (column, beyond, order) = ordered(wanted.sort, ["issued_at", "expires_at", "search"], true);
    let (ranges, parts, listed_after) = (wanted.ranges(), wanted.parts(), now - KEEP_LISTED);
    let own = of.as_ref().map(|of| Under { ids: of_somebody(), given: [of, &listed_after, &now] });
    let with_word = rarest(db, &ranges)?.map(|(first, end)| Under { ids: WITH_WORD.into(), given: [first, end, &now] });
    let (mut query, mut few) = (Query::default(), None);
    for under in own.iter().chain(&with_word) {
        few = under.few(db)?;
        if few.is_some() {
            query.given.extend(under.given);
            break;
        }
    }
    if few.is_none() && wanted.sort != Sort::Until {
        if !are_few_live(db, now)? {
            return Ok(None);
        }
        few = Some("tokens".into());
    }
    query.within("expires_at > ?", &now);
    if let Some(after) = &wanted.page.after {
        let last = format!("SELECT {column}, cti FROM tokens JOIN authorisations ON id = authorisation WHERE cti = ?");
        query.within(&format!("({column}, cti) {beyond} ({last})"), after);
    }
    if let Some(of) = &of {
        query.and("? IN (asked_by, decided_by)", of);
    }
    query.and_has("search", &parts);
    let list = List {
        select: LIVE.into(),
        table: "tokens",
        joined: JOINED,
        order: format!("{column} {order}, cti {order}"),
        row: live_token,
        id: "cti",
        id_of: |last: &LiveToken| last.cti,
    };
    query.page(db, &list, few, &wanted.page.most).map(Some)
}

/// Whether so few tokens are live that a page may look at them all.
fn are_few_live(db: &Connection, now: i64) -> Result<bool, StoreError> {
    let live = format!("SELECT count(*) < {MOST_READ} FROM (SELECT 1 FROM tokens WHERE expires_at > ?1 LIMIT {MOST_READ})");
    Ok(rows(db, &live, [&now], |row| row.get::<_, bool>(0))? == [true])
}

pub(super) fn officers(db: &Connection, wanted: &Wanted<Callsign>) -> Result<Listed<Officer, Callsign>, StoreError> {
    let (_, beyond, order) = ordered(wanted.sort, ["enrolled_at", "callsign", "callsign"], true);
    let by_name = !matches!(wanted.sort, Sort::Made | Sort::Oldest);
    let text = wanted.search.as_ref().map(Search::text);
    let mut query = Query::default();
    if let Some(after) = &wanted.page.after {
        let by_time = format!("(enrolled_at, callsign) {beyond} (SELECT enrolled_at, callsign FROM officers WHERE callsign = ?)");
        query.within(if by_name { "callsign > ?" } else { &by_time }, after);
    }
    if let Some(text) = &text {
        query.and("instr(lower(callsign), ?) > 0", text);
    }
    let list = List {
        select: format!("SELECT {OFFICER} FROM"),
        table: "officers",
        joined: "",
        order: if by_name { "callsign".into() } else { format!("enrolled_at {order}, callsign {order}") },
        row: officer,
        id: "callsign",
        id_of: |last: &Officer| last.callsign.clone(),
    };
    query.page(db, &list, None, &wanted.page.most)
}

#[cfg(test)]
mod tests;
