//! Lists that are searched and sorted.

use tokio_postgres::types::ToSql;

use super::{
    rows::{AUTHORISATION, OFFICER, authorisation, officer},
    session::Session,
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
    given: Vec<&'a (dyn ToSql + Sync)>,
}

impl<'a> Query<'a> {
    /// `?` stands for the value.
    fn and(&mut self, condition: &str, value: &'a (dyn ToSql + Sync)) -> &mut Self {
        self.given.push(value);
        self.conditions.push(condition.replace('?', &format!("${}", self.given.len())));
        self
    }

    fn and_has(&mut self, column: &str, parts: &'a [String]) -> &mut Self {
        parts.iter().fold(self, |query, part| query.and(&format!("strpos({column}, ?) > 0"), part))
    }

    fn whole(&self, select: &str, order: &str) -> String {
        let whole = if self.conditions.is_empty() { "true".to_owned() } else { self.conditions.join(" AND ") };
        format!("{select} WHERE {whole} ORDER BY {order} LIMIT ${}", self.given.len() + 1)
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

pub(super) async fn authorisations(
    db: &Session,
    asked_by: Option<&Callsign>,
    wanted: &Wanted<AuthorisationId>,
) -> Result<Vec<Authorisation>, StoreError> {
    let (column, beyond, order) = ordered(wanted.sort, ["asked_at", "ends_at", "search"], false);
    let (range, parts, most) = (wanted.search.as_ref().map(Search::range), wanted.parts(), i64::from(wanted.page.most));
    let mut query = Query::default();
    let mut from = "authorisations".to_owned();
    if let Some((first, end)) = &range
        && !is_common(db, first, end).await?
    {
        // From the few that have such a word; what is common is met soon enough on the way through the order.
        query.given.extend([first as &(dyn ToSql + Sync), end]);
        from = "(SELECT DISTINCT authorisation FROM authorisation_words WHERE word >= $1 AND word < $2 OFFSET 0) AS found
             JOIN authorisations ON id = authorisation"
            .into();
    }
    if let Some(asked_by) = &asked_by {
        query.and("asked_by = ?", asked_by);
    }
    query.and_has("search", &parts);
    if let Some(after) = &wanted.page.after {
        query.and(&format!("({column}, id) {beyond} (SELECT {column}, id FROM authorisations WHERE id = ?)"), after);
    }
    let statement = query.whole(&format!("SELECT {AUTHORISATION} FROM {from}"), &format!("{column} {order}, id {order}"));
    query.given.push(&most);
    db.rows(&statement, &query.given).await?.iter().map(authorisation).collect()
}

async fn is_common(db: &Session, first: &str, end: &str) -> Result<bool, StoreError> {
    let count = "SELECT count(*) FROM (SELECT 1 FROM authorisation_words WHERE word >= $1 AND word < $2 LIMIT $3) AS hits";
    Ok(db.one(count, &[&first, &end, &COMMON]).await?.try_get::<_, i64>(0)? == COMMON)
}

pub(super) async fn tokens(db: &Session, of: Option<&Callsign>, wanted: &Wanted<Cti>, now: i64) -> Result<Vec<LiveToken>, StoreError> {
    let (column, beyond, order) = ordered(wanted.sort, ["issued_at", "expires_at", "search"], true);
    let (parts, listed_after, most) = (wanted.parts(), now - KEEP_LISTED, i64::from(wanted.page.most));
    let mut query = Query::default();
    if let Some(of) = &of {
        query.given.extend([of as &(dyn ToSql + Sync), &listed_after]);
    }
    query.and("expires_at > ?", &now).and_has("search", &parts);
    if let Some(after) = &wanted.page.after {
        query.and(
            &format!("({column}, cti) {beyond} (SELECT {column}, cti FROM tokens JOIN authorisations ON id = authorisation WHERE cti = ?)"),
            after,
        );
    }
    let select = if of.is_some() { LIVE_OF_SOMEBODY } else { LIVE };
    let statement = query.whole(select, &format!("{column} {order}, cti {order}"));
    query.given.push(&most);
    db.rows(&statement, &query.given).await?.iter().map(live_token).collect()
}

pub(super) async fn officers(db: &Session, wanted: &Wanted<Callsign>) -> Result<Vec<Officer>, StoreError> {
    let (made, most) = (wanted.sort == Sort::Made, i64::from(wanted.page.most));
    let text = wanted.search.as_ref().map(Search::text);
    let mut query = Query::default();
    if let Some(text) = &text {
        query.and("strpos(lower(callsign), ?) > 0", text);
    }
    if let Some(after) = &wanted.page.after {
        let newer = "(enrolled_at, callsign) < (SELECT enrolled_at, callsign FROM officers WHERE callsign = ?)";
        query.and(if made { newer } else { "callsign > ?" }, after);
    }
    let order = if made { "enrolled_at DESC, callsign DESC" } else { "callsign" };
    let statement = query.whole(&format!("SELECT {OFFICER} FROM officers"), order);
    query.given.push(&most);
    db.rows(&statement, &query.given).await?.iter().map(officer).collect()
}
