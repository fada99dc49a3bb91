//! Lists in pages. Each has an order in which nothing moves forward, so anybody who reads page after page misses nothing that was there
//! when they began.

use std::{fmt, str::FromStr};

use super::Search;
use crate::authority::{Authorisation, AuthorisationId, Callsign, State};

/// The most that a page holds.
pub const MOST_LISTED: u16 = 200;

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page<P> {
    /// The place of what was listed last; from the beginning where it is absent.
    pub after: Option<P>,
    /// How many at most.
    pub most: u16,
}

impl<P> Default for Page<P> {
    fn default() -> Self {
        Self { after: None, most: MOST_LISTED }
    }
}

/// What stands on a page.
#[derive(Clone, Debug)]
pub struct Listed<T, P> {
    /// In the list's order.
    pub items: Vec<T>,
    /// Where the next page begins, unless this is the last.
    pub next: Option<P>,
}

impl<P> Page<P> {
    /// A page with these on it. One that is full may have another behind it.
    pub fn with<T>(&self, items: Vec<T>, place: impl FnOnce(&T) -> P) -> Listed<T, P> {
        let next = if items.len() < usize::from(self.most) { None } else { items.last().map(place) };
        Listed { items, next }
    }
}

/// In which order a list comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// What was made last first.
    Made,
    /// What was made first.
    Oldest,
    /// Of authorisations the last to end first, of tokens the soonest.
    Until,
    /// By name: of authorisations the reference, of people the callsign.
    Name,
}

impl FromStr for Sort {
    type Err = SortError;

    fn from_str(text: &str) -> Result<Self, SortError> {
        match text {
            "made" => Ok(Self::Made),
            "oldest" => Ok(Self::Oldest),
            "until" => Ok(Self::Until),
            "name" => Ok(Self::Name),
            _ => Err(SortError),
        }
    }
}

/// The text names no order.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`sort` is made, oldest, until or name")]
pub struct SortError;

/// A part of all authorisations, at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// Those that wait for a decision.
    Waiting,
    /// Those that were approved, and neither ran out nor were withdrawn.
    InForce,
}

impl Only {
    /// Which authorisations are of it, as SQL of either database. `?` is the moment.
    pub(super) const fn condition(self) -> &'static str {
        match self {
            Self::Waiting => "state = 'asked' AND ends_at > ?",
            Self::InForce => "state = 'approved' AND ends_at > ?",
        }
    }
}

impl FromStr for Only {
    type Err = OnlyError;

    fn from_str(text: &str) -> Result<Self, OnlyError> {
        match text {
            "waiting" => Ok(Self::Waiting),
            "in-force" => Ok(Self::InForce),
            _ => Err(OnlyError),
        }
    }
}

/// The text names no part.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`only` is waiting or in-force")]
pub struct OnlyError;

/// A page of a list that is searched or sorted. Its place is the id of what was listed last, or looked at last: where a search meets
/// little, a page ends before it is full, and the next one looks further.
#[derive(Clone, Debug)]
pub struct Wanted<I> {
    /// What is looked for; everything where it is absent.
    pub search: Option<Search>,
    /// In which order.
    pub sort: Sort,
    /// Which page.
    pub page: Page<I>,
}

impl<I> Wanted<I> {
    pub(super) fn parts(&self) -> Vec<String> {
        self.search.as_ref().map(Search::parts).unwrap_or_default()
    }

    pub(super) fn ranges(&self) -> Vec<(String, String)> {
        self.search.as_ref().map(Search::ranges).unwrap_or_default()
    }
}

/// Reads page after page.
pub async fn all_pages<T, P, E>(list: impl AsyncFn(Page<P>) -> Result<Listed<T, P>, E>) -> Result<Vec<T>, E> {
    let (mut page, mut all) = (Page::default(), Vec::new());
    loop {
        let Listed { items, next } = list(page).await?;
        all.extend(items);
        let Some(after) = next else { return Ok(all) };
        page = Page { after: Some(after), ..Page::default() };
    }
}

/// The text is no place in a list.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`after` is not from the link to a next page; begin again without it")]
pub struct PlaceError;

/// Among authorisations: those that wait for a decision come first, of both parts the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthorisationPlace {
    /// In the first part.
    pub waits: bool,
    /// When it was asked for. Seconds since 1970.
    pub asked_at: i64,
    /// Which.
    pub id: AuthorisationId,
}

impl AuthorisationPlace {
    /// Where an authorisation stands at `now`. Decided, withdrawn or run out, it goes to the second part and stays there.
    pub fn of(a: &Authorisation, now: i64) -> Self {
        Self { waits: a.state == State::Asked && a.until > now, asked_at: a.asked_at, id: a.id }
    }
}

impl fmt::Display for AuthorisationPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { waits, asked_at, id } = self;
        write!(f, "{}.{asked_at}.{id}", if *waits { "waiting" } else { "other" })
    }
}

impl FromStr for AuthorisationPlace {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let (part, rest) = text.split_once('.').ok_or(PlaceError)?;
        let (asked_at, id) = rest.split_once('.').ok_or(PlaceError)?;
        let waits = match part {
            "waiting" => true,
            "other" => false,
            _ => return Err(PlaceError),
        };
        Ok(Self { waits, asked_at: whole(asked_at)?, id: id.parse().map_err(|_| PlaceError)? })
    }
}

impl Page<AuthorisationPlace> {
    /// The times and ids before which what is listed stands, in the first part and in the second.
    pub(super) fn before(&self) -> [(i64, AuthorisationId); 2] {
        let (all, none) = ((i64::MAX, AuthorisationId([0xff; 8])), (i64::MIN, AuthorisationId([0; 8])));
        match self.after {
            None => [all, all],
            Some(AuthorisationPlace { waits: true, asked_at, id }) => [(asked_at, id), all],
            Some(AuthorisationPlace { waits: false, asked_at, id }) => [none, (asked_at, id)],
        }
    }
}

/// Among people: by callsign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonPlace(pub Callsign);

impl fmt::Display for PersonPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PersonPlace {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        text.parse().map(Self).map_err(|_| PlaceError)
    }
}

fn whole(text: &str) -> Result<i64, PlaceError> {
    text.parse().map_err(|_| PlaceError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_as_it_was_written_and_nothing_else_is_one() {
        for waits in [true, false] {
            let place = AuthorisationPlace { waits, asked_at: 1_795_000_000, id: AuthorisationId([0xab; 8]) };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        let person = PersonPlace("j.doe-1".parse().unwrap());
        assert_eq!(person.to_string().parse(), Ok(person));
        for wrong in ["", ".", "waiting", "waiting.1", "waiting.x.abababababababab", "some.1.abababababababab", "other.1.abab", "other.1.x"]
        {
            assert_eq!(wrong.parse::<AuthorisationPlace>(), Err(PlaceError), "{wrong}");
        }
        assert_eq!("two words".parse::<PersonPlace>(), Err(PlaceError));
    }

    #[test]
    fn only_a_full_page_has_one_behind_it() {
        let page: Page<u8> = Page { after: None, most: 2 };
        assert_eq!(page.with(vec![1], |last| *last).next, None);
        assert_eq!(page.with(vec![1, 2], |last| *last).next, Some(2));
        assert_eq!(page.with(vec![], |last| *last).next, None);
    }

    #[tokio::test]
    async fn every_page_is_read_once() {
        let list = async |page: Page<u16>| {
            let from = page.after.map_or(0, |last| last + 1);
            let items: Vec<u16> = (from..450).take(page.most.into()).collect();
            Ok::<_, PlaceError>(page.with(items, |last| *last))
        };
        assert_eq!(all_pages(list).await.unwrap(), (0..450).collect::<Vec<_>>());
    }
}
