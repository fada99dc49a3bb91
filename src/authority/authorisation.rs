//! What a second person allows: the frame in which one officer may issue tokens.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};

use super::Callsign;
use crate::{
    hex,
    token::{Channel, Window},
};

/// The longest an authorisation may last. Seconds.
const MAX_DURATION: i64 = 31 * 86_400;
/// The furthest ahead it may begin. Seconds.
const MAX_AHEAD: i64 = 31 * 86_400;
/// The most tokens it may allow.
const MAX_TOKENS: u32 = 1_000;

/// Whether people inside may write this where others read it: 1 to 64 printable ASCII characters.
pub fn is_short_text(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

/// An authorisation cannot be asked for like this.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AuthorisationError {
    /// The reference is empty, too long or not plain text.
    #[error("the reference must be 1 to 64 printable ASCII characters, and never name the person approached")]
    Reference,
    /// No channel.
    #[error("an authorisation needs at least one channel: in-person, telephone or online")]
    NoChannel,
    /// It ends before it begins, is over, or lasts too long.
    #[error("an authorisation must end after it begins and after now, begin within 31 days and last at most 31 days")]
    Period,
    /// No tokens, or too many.
    #[error("an authorisation allows between 1 and 1000 tokens, not {0}")]
    Tokens(u32),
    /// Not an id.
    #[error("the authorisation id {0:?} is not 16 hexadecimal digits")]
    Id(String),
}

/// Eight random bytes in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, SerializeDisplay, DeserializeFromStr)]
pub struct AuthorisationId(pub [u8; 8]);

impl fmt::Display for AuthorisationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for AuthorisationId {
    type Err = AuthorisationError;

    fn from_str(text: &str) -> Result<Self, AuthorisationError> {
        hex::decode(text).map(Self).ok_or_else(|| AuthorisationError::Id(text.to_owned()))
    }
}

/// What is asked for. Built only by [`Request::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    reference: String,
    channels: BTreeSet<Channel>,
    from: i64,
    until: i64,
    max_tokens: u32,
}

impl Request {
    /// Checks the frame. Times are seconds since 1970.
    pub fn new(
        reference: &str,
        channels: BTreeSet<Channel>,
        (from, until): (i64, i64),
        max_tokens: u32,
        now: i64,
    ) -> Result<Self, AuthorisationError> {
        if !is_short_text(reference) {
            return Err(AuthorisationError::Reference);
        }
        check_frame(&channels, (from, until), max_tokens, now)?;
        Ok(Self { reference: reference.to_owned(), channels, from, until, max_tokens })
    }
}

/// The bounds of what may be allowed, at first and at each review.
fn check_frame(channels: &BTreeSet<Channel>, (from, until): (i64, i64), max_tokens: u32, now: i64) -> Result<(), AuthorisationError> {
    if channels.is_empty() {
        return Err(AuthorisationError::NoChannel);
    }
    let lasts = until.saturating_sub(from);
    if !(1..=MAX_DURATION).contains(&lasts) || until <= now || from > now.saturating_add(MAX_AHEAD) {
        return Err(AuthorisationError::Period);
    }
    if (1..=MAX_TOKENS).contains(&max_tokens) { Ok(()) } else { Err(AuthorisationError::Tokens(max_tokens)) }
}

/// What an approved authorisation is changed to while it lasts. Built only by [`Review::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    channels: BTreeSet<Channel>,
    until: i64,
    max_tokens: u32,
}

impl Review {
    /// Checks the new frame of an authorisation that begins at `from`, by the rules of a request.
    pub fn new(from: i64, channels: BTreeSet<Channel>, until: i64, max_tokens: u32, now: i64) -> Result<Self, AuthorisationError> {
        check_frame(&channels, (from, until), max_tokens, now)?;
        Ok(Self { channels, until, max_tokens })
    }

    /// By which channels from now on.
    pub fn channels(&self) -> &BTreeSet<Channel> {
        &self.channels
    }

    /// Until when. Seconds since 1970.
    pub fn until(&self) -> i64 {
        self.until
    }

    /// How many tokens in all, those before included.
    pub fn max_tokens(&self) -> u32 {
        self.max_tokens
    }

    /// Whether an authorisation is just this already, and by this person's decision.
    pub fn changes_nothing(&self, a: &Authorisation, by: &Callsign) -> bool {
        let Self { channels, until, max_tokens } = self;
        (&a.channels, a.until, a.max_tokens, a.decided_by.as_ref()) == (channels, *until, *max_tokens, Some(by))
    }
}

/// Where an authorisation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waiting for a second person.
    Asked,
    /// A second person said yes.
    Approved,
    /// A second person said no.
    Refused,
    /// It was taken back.
    Withdrawn,
}

impl State {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Asked, Self::Approved, Self::Refused, Self::Withdrawn].into_iter().find(|state| state.as_str() == word)
    }
}

/// What a second person says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Approve,
    /// No.
    Refuse,
}

impl Decision {
    /// The state that follows.
    pub fn state(self) -> State {
        match self {
            Self::Approve => State::Approved,
            Self::Refuse => State::Refused,
        }
    }
}

/// An authorisation with its history. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Authorisation {
    /// Its id.
    pub id: AuthorisationId,
    /// The organisation's own file number.
    pub reference: String,
    /// By which channels the officer may approach.
    pub channels: BTreeSet<Channel>,
    /// From when.
    pub from: i64,
    /// Until when.
    pub until: i64,
    /// How many tokens in all.
    pub max_tokens: u32,
    /// How many were issued.
    pub tokens_issued: u32,
    /// Who asked; the only one who may issue under it.
    pub asked_by: Callsign,
    /// When.
    pub asked_at: i64,
    /// Where it stands.
    pub state: State,
    /// Who decided.
    pub decided_by: Option<Callsign>,
    /// When.
    pub decided_at: Option<i64>,
}

impl Authorisation {
    /// A request that waits for a second person.
    pub fn asked(id: AuthorisationId, request: Request, by: Callsign, now: i64) -> Self {
        let Request { reference, channels, from, until, max_tokens } = request;
        Self {
            id,
            reference,
            channels,
            from,
            until,
            max_tokens,
            tokens_issued: 0,
            asked_by: by,
            asked_at: now,
            state: State::Asked,
            decided_by: None,
            decided_at: None,
        }
    }

    /// Whether its officer may issue under it by this channel at `now`.
    pub fn is_live_for(&self, channel: Channel, now: i64) -> bool {
        self.state == State::Approved
            && self.channels.contains(&channel)
            && (self.from..self.until).contains(&now)
            && self.tokens_issued < self.max_tokens
    }

    /// Whether a token's whole window lies inside.
    pub fn contains(&self, window: &Window) -> bool {
        self.from <= window.start() && window.expires_at() <= self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_a_bounded_frame() {
        let now = 1_795_000_000;
        let all: BTreeSet<_> = Channel::ALL.into();
        let ask = |reference: &str, channels: &BTreeSet<Channel>, from, until, tokens| {
            Request::new(reference, channels.clone(), (from, until), tokens, now).map(|_| ())
        };
        assert_eq!(ask("OP-1", &all, now, now + 1, 1), Ok(()));
        assert_eq!(ask("", &all, now, now + 1, 1), Err(AuthorisationError::Reference));
        assert_eq!(ask("a\nb", &all, now, now + 1, 1), Err(AuthorisationError::Reference));
        assert_eq!(ask("OP-1", &BTreeSet::new(), now, now + 1, 1), Err(AuthorisationError::NoChannel));
        for (from, until) in
            [(now, now), (now - 10, now), (now, now + MAX_DURATION + 1), (i64::MIN, i64::MAX), (now + MAX_AHEAD + 1, now + MAX_AHEAD + 2)]
        {
            assert_eq!(ask("OP-1", &all, from, until, 1), Err(AuthorisationError::Period), "{from} {until}");
        }
        assert_eq!(ask("OP-1", &all, now, now + 1, 0), Err(AuthorisationError::Tokens(0)));
        assert_eq!(ask("OP-1", &all, now, now + 1, 1_001), Err(AuthorisationError::Tokens(1_001)));
    }
}
