//! What a second person allows: the frame in which one officer may issue tokens.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};

use super::Callsign;
use crate::{
    hex,
    token::{Channel, Window, text_inside},
};

/// The longest an authorisation may last. Seconds.
const MAX_DURATION: i64 = 31 * 86_400;
/// The furthest ahead it may begin. Seconds.
const MAX_AHEAD: i64 = 31 * 86_400;
/// Nothing ends later than so long after it was asked for. Seconds.
pub(crate) const LAST_END: i64 = MAX_AHEAD + MAX_DURATION;
/// The most tokens it may allow.
const MAX_TOKENS: u32 = 1_000;

/// The most characters of a reference.
const REFERENCE: usize = 64;
/// The most characters of a purpose or a reason.
const SENTENCE: usize = 200;

/// Whether this may be published as the reason of a revocation: 1 to 64 printable ASCII characters.
pub fn is_short_text(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

/// An authorisation cannot be asked for like this.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AuthorisationError {
    /// The reference is empty, too long or not plain text.
    #[error("the reference must be 1 to {REFERENCE} characters in one line, and never name the person approached")]
    Reference,
    /// The purpose is empty, too long or not plain text.
    #[error("the purpose must be 1 to {SENTENCE} characters in one line: what the officer will do, and never whom they approach")]
    Purpose,
    /// A reason is missing, too long or not plain text.
    #[error("the reason must be 1 to {SENTENCE} characters in one line")]
    Reason,
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

/// Why somebody decided as they did, for people inside to read: 1 to 200 characters of any script, by the rules of names.
#[derive(Clone, Debug, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub struct Reason(String);

impl Reason {
    /// The reason as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Reason {
    type Err = AuthorisationError;

    fn from_str(text: &str) -> Result<Self, AuthorisationError> {
        text_inside(SENTENCE, text).map(Self).ok_or(AuthorisationError::Reason)
    }
}

/// What is asked for. Built only by [`Request::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    reference: String,
    purpose: Option<String>,
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
        let reference = text_inside(REFERENCE, reference).ok_or(AuthorisationError::Reference)?;
        check_frame(&channels, (from, until), max_tokens, now)?;
        Ok(Self { reference, purpose: None, channels, from, until, max_tokens })
    }

    /// The same, with what the officer will do.
    pub fn with_purpose(self, purpose: &str) -> Result<Self, AuthorisationError> {
        let purpose = text_inside(SENTENCE, purpose).ok_or(AuthorisationError::Purpose)?;
        Ok(Self { purpose: Some(purpose), ..self })
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
    /// What the officer will do; absent where it was asked for before this was.
    pub purpose: Option<String>,
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
    /// Why, where they said so.
    pub reason: Option<Reason>,
    /// Whether it was approved by somebody who is suspended now: nothing can be issued under it until another approver reviews it.
    pub approver_suspended: bool,
    /// Whether the one who asked is suspended now.
    pub asker_suspended: bool,
    /// Who took it back.
    pub withdrawn_by: Option<Callsign>,
}

impl Authorisation {
    /// A request that waits for a second person.
    pub fn asked(id: AuthorisationId, request: Request, by: Callsign, now: i64) -> Self {
        let Request { reference, purpose, channels, from, until, max_tokens } = request;
        Self {
            id,
            reference,
            purpose,
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
            reason: None,
            approver_suspended: false,
            asker_suspended: false,
            withdrawn_by: None,
        }
    }

    /// Whether its officer may issue under it by this channel at `now`.
    pub fn is_live_for(&self, channel: Channel, now: i64) -> bool {
        self.state == State::Approved
            && !self.approver_suspended
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
        assert_eq!(ask(&"ط".repeat(64), &all, now, now + 1, 1), Ok(()));
        assert_eq!(ask(&"ط".repeat(65), &all, now, now + 1, 1), Err(AuthorisationError::Reference));
        assert_eq!(ask("OP-1", &BTreeSet::new(), now, now + 1, 1), Err(AuthorisationError::NoChannel));
        for (from, until) in
            [(now, now), (now - 10, now), (now, now + MAX_DURATION + 1), (i64::MIN, i64::MAX), (now + MAX_AHEAD + 1, now + MAX_AHEAD + 2)]
        {
            assert_eq!(ask("OP-1", &all, from, until, 1), Err(AuthorisationError::Period), "{from} {until}");
        }
        assert_eq!(ask("OP-1", &all, now, now + 1, 0), Err(AuthorisationError::Tokens(0)));
        assert_eq!(ask("OP-1", &all, now, now + 1, 1_001), Err(AuthorisationError::Tokens(1_001)));
    }

    #[test]
    fn a_purpose_and_a_reason_are_one_line_of_any_script() {
        let request = Request::new("OP-1", [Channel::Online].into(), (0, 60), 1, 0).unwrap();
        let purpose = |text: &str| request.clone().with_purpose(text).map(|request| request.purpose.unwrap_or_default());
        for (typed, kept) in [
            ("  Return  a lost bag ", "Return a lost bag"),
            ("گم شدہ بیگ واپس کرنا", "گم شدہ بیگ واپس کرنا"),
            ("Ymweld â’r tŷ", "Ymweld â’r tŷ"),
        ] {
            assert_eq!(purpose(typed).as_deref(), Ok(kept));
            assert_eq!(typed.parse::<Reason>().unwrap().as_str(), kept);
        }
        assert_eq!(purpose(&"я".repeat(200)).unwrap().chars().count(), 200);
        for bad in ["", " ", "a\nb", "a\u{202e}b", "a\0b", &"я".repeat(201), &"x".repeat(9_000)] {
            assert_eq!(purpose(bad), Err(AuthorisationError::Purpose), "{bad:?}");
            assert_eq!(bad.parse::<Reason>(), Err(AuthorisationError::Reason), "{bad:?}");
        }
    }
}
