//! What is kept, as whole operations of the domain. The contracts are written on the traits; every backend keeps them all.
//!
//! Nothing about the person who checks is ever stored: no address, no attempt in the clear, no time finer than a minute.
//! The number that they read out is in the bytes of a token, which are kept only while its code is meant to be spoken.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{broadcast, watch};

use crate::{
    authority::{AccessHash, ActorName, Authorisation, AuthorisationId, Callsign, Decision, Officer, Review, State, TokenSelection},
    keyring::{KeyId, KidPrefix, PublicKeys, Revocation, rotation::KeyRecord},
    ledger::Entry,
    token::{Channel, Cti, Reference, SpokenCode, SpokenSize, Token, TokenHash},
};

mod access;
mod ceremonies;
mod deployment;
mod ledger;
mod paging;
mod people;
mod postgres;
mod requests;
mod search;
mod signing;
mod spoken;
mod sqlite;
mod time;

use access::SEEN_EVERY;
pub use access::{
    AccessStore, Confirmation, NewCredential, NewLink, OpenSession, PasskeyRow, PasskeyUse, Revoked, SESSION_IDLE, SESSION_LONGEST,
    SESSION_SKEW,
};
pub use ceremonies::{CEREMONY_LASTS, Ceremony, CeremonyKind, CeremonyStore, MOST_CEREMONIES, NewCeremony, Share};
pub use deployment::{Deployment, DeploymentKeys, Found};
use ledger::not_another_key;
pub use ledger::{CheckpointRow, EntryRow, Head, LedgerStore, PAGE};
pub use paging::{
    AuthorisationPlace, Listed, MOST_LISTED, Only, OnlyError, Page, PersonPlace, PlaceError, Sort, SortError, Wanted, all_pages,
};
pub use people::{Answered, Ended, Follows, Reinstated};
pub use postgres::{PostgresAddress, PostgresStore};
pub use requests::{Earlier, IssuedToken, KEEP_REQUESTS, Once};
pub use search::Search;
pub use signing::{CheckpointSigner, Growth, KeptCheckpoint, NewCheckpoint};
pub use spoken::{QUIET, Room, Speakable, SpokenRules, SpokenStore};
pub use sqlite::SqliteStore;
use time::may_end_after;
pub use time::{Corrected, StoreTime, TimeStore};

/// Token bytes and codes are dropped this long after `exp`. Seconds.
pub const KEEP_CODES: i64 = 30 * 60;
/// Rows and marks are dropped this long after `exp`. Seconds.
pub const KEEP_ROWS: i64 = 24 * 3_600;
/// No token outlives the end of its authorisation by so much: it was prepared for a day ahead at most. Seconds.
const KEEP_LISTED: i64 = 2 * 24 * 3_600;
/// Heartbeats are dropped after this. Seconds.
pub const KEEP_HEARTBEATS: i64 = 3_600;
/// Requests of one person that may wait for a decision at once. One that ran out undecided counts for [`KEEP_ASKED`] longer, so
/// that short ones do not make room for more.
pub const MOST_ASKED: u32 = 50;
/// Requests of one person within [`KEEP_ASKED`] that nobody decided, withdrawn ones included: who asks and withdraws without end
/// would fill ledger and lists all the same.
pub const MOST_UNDECIDED: u32 = 200;
/// Seconds, from when it was asked.
pub const KEEP_ASKED: i64 = 24 * 3_600;
/// References that one person may look up within [`KEEP_LOOK_UPS`], found or not: who could ask without end would learn of all
/// tokens how they stand.
pub const MOST_LOOK_UPS: u32 = 100;
/// Seconds.
pub const KEEP_LOOK_UPS: i64 = 24 * 3_600;
/// Tokens of one reference that are shown. Even two are rare.
const MOST_FOUND: u32 = 10;
/// Misses count for as long as any token can be guessed: the longest lifetime and the leeway on both sides. Seconds.
pub const GUESS_WINDOW: i64 = crate::token::MAX_LIFETIME + 2 * crate::token::LEEWAY;

/// Wrong numbers that are compared with a token's own, for who has its words: beyond them no number is right.
pub const WRONG_NUMBERS: u32 = 5;

/// The store did not do what was asked; nothing of it happened, unless the answer was lost after the commit.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened or is of the wrong kind. Shown to the operator at start.
    #[error("the store {0}")]
    Unusable(String),
    /// It failed at work. The text is for the log alone.
    #[error("the store failed: {0}")]
    Failed(String),
    /// More operations wait than it can take.
    #[error("the store has too much to do")]
    Busy,
    /// The act was done before under its key.
    #[error("it was done before")]
    Repeated,
    /// The act needs a checkpoint over it, and none could be signed.
    #[error("nothing was done, because no checkpoint could be signed over it")]
    Unsigned,
}

impl StoreError {
    /// `place` (with a space behind it, or empty) has schema `found`, and this program works with `known`.
    fn of_schema(place: &str, found: u32, known: u32) -> Self {
        Self::Unusable(if found > known {
            format!(
                "{place}was made by a newer version (schema {found}, this program knows {known}); install that version, or restore the backup from before"
            )
        } else {
            format!(
                "{place}is of an older version (schema {found}, this program needs {known}); start the issuer of this version first, which brings it up to date"
            )
        })
    }
}

/// A signed key set, and its keys as they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKeySet {
    /// As the root signed it.
    pub jwt: String,
    /// Every key that this or an earlier set named.
    pub keys: Vec<KeyRecord>,
}

/// SHA-256 of a label, the cti and the attempt, so that a copy of the store cannot repeat a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptHash(pub [u8; 32]);

/// A verified token, as the store looks for it.
#[derive(Clone, Copy, Debug)]
pub struct Presented {
    /// Which token.
    pub cti: Cti,
    /// SHA-256 of the very bytes that were verified.
    pub hash: TokenHash,
    /// When it runs out, seconds since 1970: one that expired at or before the last purge is gone, whatever the clock says.
    pub expires_at: i64,
}

/// What the issuer's record says about a verified token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The issuer has no record of this cti with this hash.
    NoRecord,
    /// It is so old that the record is gone.
    Purged,
    /// It was withdrawn.
    Withdrawn,
    /// It is on record and not withdrawn.
    Live,
}

/// What came of marking a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marked {
    /// This was the first use.
    First,
    /// A retry of the first use: the same attempt.
    Again,
    /// Another attempt was first, in the minute that starts then (seconds since 1970).
    Before(i64),
    /// No mark was made, for this reason; never [`Standing::Live`].
    Not(Standing),
}

/// What a wrong guess was a guess at; each has a budget of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuessPool {
    /// Five words without a number.
    Five,
    /// Five words with a number.
    Number,
    /// Six words.
    Six,
}

impl GuessPool {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Five, Self::Number, Self::Six];

    /// The word for it in the store and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Five => "five",
            Self::Number => "number",
            Self::Six => "six",
        }
    }
}

/// A place in the guess budget that was taken before looking up a code.
#[derive(Clone, Copy, Debug)]
pub struct Guess {
    /// Which budget.
    pub(crate) pool: GuessPool,
    /// The minute it counts in.
    pub(crate) minute: i64,
}

/// A number that may be compared with a token's own. It counts as wrong until it is given back.
#[derive(Clone, Copy, Debug)]
pub struct NumberTry {
    /// The token, whose words were given with it.
    pub(crate) token: Presented,
    /// Which of all numbers for it this is, where that has to be known to give it back; nothing was taken where it is 0.
    pub(crate) n: i64,
}

/// What the public verifier may do: read live tokens and key sets, add marks and misses.
#[async_trait]
pub trait VerifierStore: Send + Sync {
    /// The key set with the highest version, and what became of its keys.
    async fn key_set(&self) -> Result<Option<StoredKeySet>, StoreError>;

    /// Tells that the set or what became of its keys may have changed. Some changes are only found by asking again.
    fn key_changes(&self) -> watch::Receiver<()>;

    /// The bytes of the token whose spoken code this is, if it is kept. By five words only what may be found by five.
    async fn token_for_code(&self, code: SpokenCode) -> Result<Option<Token>, StoreError>;

    /// Takes a place in a budget of `budget` misses per [`GUESS_WINDOW`], or says `None` when it is spent.
    /// Atomic and durable across processes, so simultaneous guesses cannot exceed it.
    async fn take_guess(&self, pool: GuessPool, budget: u32, now: i64) -> Result<Option<Guess>, StoreError>;

    /// How many places of a budget are taken in the [`GUESS_WINDOW`] that ends at `now`.
    async fn guesses_taken(&self, pool: GuessPool, now: i64) -> Result<u32, StoreError>;

    /// Gives the place back, and the number that was given with the code: both were right. If this is lost, one miss too many is
    /// counted, never one too few.
    async fn give_back(&self, guess: Guess, number: Option<NumberTry>) -> Result<(), StoreError>;

    /// Takes one of the [`WRONG_NUMBERS`] that a token has, before a number that was given with its words is compared; `None` when
    /// none is left. The attempt that made its mark had the right number and takes none. Atomic and durable across processes.
    async fn try_number(&self, token: Presented, attempt: Option<AttemptHash>) -> Result<Option<NumberTry>, StoreError>;

    /// How many wrong numbers were given with a token's words.
    async fn wrong_numbers(&self, token: Presented) -> Result<u32, StoreError>;

    /// The attempt that made a token's mark, where there is one and it gave one.
    async fn first_attempt(&self, token: Presented) -> Result<Option<AttemptHash>, StoreError>;

    /// The random id of the deployment that the store is bound to. It is shown to nobody.
    async fn deployment(&self) -> Result<[u8; 16], StoreError>;

    /// Reads how a verified token stands, without using it.
    async fn standing(&self, token: Presented) -> Result<Standing, StoreError>;

    /// Marks a use at `now` with one conditional statement that requires the issued, unwithdrawn row with this cti and
    /// hash. Durable before it returns. The same attempt again gets the same answer; without one nothing is a retry.
    async fn use_once(&self, token: Presented, attempt: Option<AttemptHash>, now: i64) -> Result<Marked, StoreError>;

    /// Fails when the store cannot answer.
    async fn ready(&self) -> Result<(), StoreError>;

    /// Writes one row as durably, and with the same rights, as a use is marked, so that a store that only reads is noticed.
    /// Returns the store's own time in seconds since 1970, where it has a clock of its own; `now` is the caller's.
    async fn heartbeat(&self, now: i64) -> Result<Option<i64>, StoreError>;
}

/// Why a token was not recorded. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum IssueRefusal {
    /// The authorisation does not allow it at this moment: state, officer, approver, channel, window or number of tokens.
    #[error("the authorisation does not allow this token now")]
    NotAuthorised,
    /// The act was done before under its key.
    #[error("it was done before")]
    Repeated,
    /// The confirmation is not one that waits in this session, or the passkey was used or revoked meanwhile.
    #[error("it was not confirmed")]
    NotConfirmed,
    /// The passkey or credential with which it was asked for opens nothing any more.
    #[error("the passkey or credential was revoked")]
    AccessRevoked,
    /// Another key signs now, or none; sign with that one.
    #[error("the signing key is not the active one")]
    KeyNotActive,
    /// The spoken code or the cti is taken; draw another cti.
    #[error("the code is taken")]
    CodeTaken,
    /// As many speakable tokens are live as the deployment allows.
    #[error("too many spoken codes are live")]
    TooManyLive,
    /// As many of this officer's are live as one person may have.
    #[error("too many spoken codes of one person are live")]
    TooManyOfOne,
    /// It would be expired from the start: everything up to a time in the future counts as purged.
    #[error("the token would be expired from the start")]
    BornExpired,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a request was not added. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum AskRefusal {
    /// The act was done before under its key.
    #[error("it was done before")]
    Repeated,
    /// As many requests of this person wait as may.
    #[error("too many requests wait")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A token that is about to be recorded. The bytes are kept only if its code is meant to be spoken.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its id.
    pub cti: Cti,
    /// SHA-256 of its bytes.
    pub hash: TokenHash,
    /// Its signing key.
    pub kid: KidPrefix,
    /// Under which authorisation.
    pub authorisation: AuthorisationId,
    /// The officer who issues, who must be the one who asked.
    pub officer: Callsign,
    /// Their passkey that confirmed it, or their program's credential.
    pub access: AccessHash,
    /// By which channel.
    pub channel: Channel,
    /// When it was signed, seconds since 1970.
    pub issued_at: i64,
    /// When it starts.
    pub starts_at: i64,
    /// When it runs out.
    pub expires_at: i64,
    /// Code and bytes, if it may be spoken.
    pub speakable: Option<Speakable>,
    /// With what its officer confirmed it, where they came in by a passkey.
    pub confirmation: Option<Confirmation>,
    /// Under which key it is issued once.
    pub once: Option<Once>,
}

/// A token as the issuer knows it. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// Who issued it.
    pub officer: Callsign,
    /// Who approved the authorisation.
    pub approver: Option<Callsign>,
    /// When it runs out.
    pub expires_at: i64,
    /// When it was withdrawn.
    pub withdrawn_at: Option<i64>,
    /// The minute of the first check.
    pub first_checked_at: Option<i64>,
    /// The shortest code that finds it, if any does.
    pub shortest: Option<SpokenSize>,
    /// How many wrong numbers were given with its words, at most [`WRONG_NUMBERS`].
    pub wrong_numbers: u32,
}

/// A token with all that the issuer knows of it. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveToken {
    /// Which token.
    pub cti: Cti,
    /// Under which authorisation.
    pub authorisation: AuthorisationId,
    /// By which channel.
    pub channel: Channel,
    /// When it was signed.
    pub issued_at: i64,
    /// When it starts.
    pub starts_at: i64,
    /// Of its authorisation.
    pub reference: String,
    /// Who issued it, and how it stands.
    pub record: TokenRecord,
}

/// What came of deciding about an authorisation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "one at a time, and looked at at once")]
pub enum Decided {
    /// It stands as it now is.
    Done(Authorisation),
    /// There is none with this id.
    Unknown,
    /// It is in another state than the act needs.
    AlreadyIs(State),
    /// The one who asked never decides.
    OwnRequest,
    /// The one who decides was suspended meanwhile.
    Suspended,
    /// The one who asked is suspended, and nothing of theirs is approved.
    AskerSuspended(Callsign),
    /// It ran out before the act.
    Over,
    /// More tokens were issued than it would allow.
    TooFew(u32),
}

/// What the issuer saw when it last looked at the sessions that verifiers have with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifierSessions {
    /// For how long the oldest transaction of a verifier was open; none is for long, since rows that were dropped stay in the files
    /// meanwhile.
    pub oldest_transaction: Duration,
    /// Sessions that were ended since the store was opened, because they held somebody up.
    pub ended: u64,
    /// Whether the store's administrator prepared it as this version asks for.
    pub is_prepared: bool,
}

/// What the issuer may do. Every act takes its ledger entry and commits it in the same transaction: no record, no act.
/// All are durable before they return.
#[async_trait]
pub trait IssuerStore: AccessStore + CeremonyStore + SpokenStore + TimeStore {
    /// Keeps a key set if its version is higher than any kept; `false` if it is not. Its new keys wait, what it revokes is
    /// revoked here, and what waits without being named any more is removed.
    async fn put_key_set(&self, keys: PublicKeys, entry: Entry) -> Result<bool, StoreError>;

    /// The key set with the highest version, and what became of its keys.
    async fn signing_keys(&self) -> Result<Option<StoredKeySet>, StoreError>;

    /// What became of every key, also of those that were revoked before any set named them.
    async fn key_records(&self) -> Result<Vec<KeyRecord>, StoreError>;

    /// A key that waits signs from now on, and the one before it retires; `false`, and nothing happened, if it does not
    /// wait. At most one key is active at any time.
    async fn activate_key(&self, id: KeyId, now: i64) -> Result<bool, StoreError>;

    /// A retired key is needed no more; `false` if it is not retired.
    async fn remove_key(&self, id: KeyId, now: i64) -> Result<bool, StoreError>;

    /// Revokes a key for good, retires it and withdraws all its live tokens; how many, or `None` if there is no such key
    /// that is not revoked.
    async fn revoke_key(&self, id: KeyId, revocation: Revocation, entry: Entry) -> Result<Option<usize>, StoreError>;

    /// Revokes a key for good that no set has named, so that none ever brings it into use; `false` if one has.
    async fn revoke_unpublished(&self, id: KeyId, revocation: Revocation, entry: Entry) -> Result<bool, StoreError>;

    /// Adds a person; `false` if the callsign is taken.
    async fn enrol(&self, officer: Officer, entry: Entry) -> Result<bool, StoreError>;

    /// Adds a person together with their first one-time link, both with their entries, or neither; `false` if the callsign
    /// is taken.
    async fn enrol_with_link_once(&self, officer: (Officer, Entry), link: (NewLink, Entry), once: Option<Once>)
    -> Result<bool, StoreError>;

    /// The same without a key.
    async fn enrol_with_link(&self, officer: Officer, entry: Entry, link: NewLink, made: Entry) -> Result<bool, StoreError> {
        self.enrol_with_link_once((officer, entry), (link, made), None).await
    }

    /// Suspends a person, ends their sessions and withdraws all live tokens that they issued or approved; `None` if there is
    /// no such person who is not suspended.
    async fn suspend_once(&self, callsign: Callsign, once: Option<Once>, entry: Entry) -> Result<Option<Ended>, StoreError>;

    /// The same without a key.
    async fn suspend(&self, callsign: Callsign, entry: Entry) -> Result<bool, StoreError> {
        Ok(self.suspend_once(callsign, None, entry).await?.is_some())
    }

    /// Lifts a suspension. What it ended stays ended. The statement itself requires that who lifts it is the operator, or another
    /// person who is an administrator and not suspended.
    async fn reinstate(&self, callsign: Callsign, by: ActorName, once: Option<Once>, entry: Entry) -> Result<Reinstated, StoreError>;

    /// What would follow if a person were suspended at `now`.
    async fn follows(&self, callsign: Callsign, now: i64) -> Result<Follows, StoreError>;

    /// How many live tokens an authorisation has at `now`.
    async fn live_tokens_under(&self, id: AuthorisationId, now: i64) -> Result<u32, StoreError>;

    /// One person.
    async fn officer(&self, callsign: Callsign) -> Result<Option<Officer>, StoreError>;

    /// A page of everybody, by callsign.
    async fn officers(&self, page: Page<PersonPlace>) -> Result<Vec<Officer>, StoreError>;

    /// Adds a request, once where it has a key. The statement itself counts what waits of its asker's.
    async fn ask(&self, authorisation: Authorisation, once: Option<Once>, entry: Entry) -> Result<(), AskRefusal>;

    /// What was done under the key with this hash, for as long as it is remembered: [`KEEP_REQUESTS`].
    async fn earlier(&self, hash: [u8; 32]) -> Result<Option<Earlier>, StoreError>;

    /// Decides about a request that waits; the same decision by the same person again is done. The statement itself requires that another person
    /// asked and that the one who decides is not suspended.
    async fn decide_once(&self, id: AuthorisationId, answer: Answered, once: Option<Once>, entry: Entry) -> Result<Decided, StoreError>;

    /// The same without a reason and a key.
    async fn decide(&self, id: AuthorisationId, decision: Decision, by: Callsign, entry: Entry) -> Result<Decided, StoreError> {
        self.decide_once(id, Answered { decision, reason: None, by }, None, entry).await
    }

    /// Changes an authorisation that is in force, and withdraws the live tokens that it no longer covers. Who reviews
    /// answers for it from then on. The statement itself requires that another person asked, that the one who reviews is
    /// not suspended, and that no fewer tokens are allowed than were issued. A review that changes nothing is done without an
    /// entry.
    async fn review_once(
        &self,
        id: AuthorisationId,
        review: Review,
        by: Callsign,
        once: Option<Once>,
        entry: Entry,
    ) -> Result<Decided, StoreError>;

    /// The same without a key.
    async fn review(&self, id: AuthorisationId, review: Review, by: Callsign, entry: Entry) -> Result<Decided, StoreError> {
        self.review_once(id, review, by, None, entry).await
    }

    /// Takes an authorisation or request back, and withdraws its live tokens. Again is as good as once.
    async fn withdraw_authorisation(&self, id: AuthorisationId, by: Callsign, entry: Entry) -> Result<Decided, StoreError>;

    /// One authorisation.
    async fn authorisation(&self, id: AuthorisationId) -> Result<Option<Authorisation>, StoreError>;

    /// A page of all authorisations, or of those that one person asked for: first those that wait for a decision at `now`, then
    /// the others; of both the newest first.
    async fn authorisations(
        &self,
        asked_by: Option<Callsign>,
        page: Page<AuthorisationPlace>,
        now: i64,
    ) -> Result<Vec<Authorisation>, StoreError>;

    /// A page of all authorisations, or of those that one person asked for, searched and sorted; where `only` is given, of that part
    /// of them at `now`.
    async fn sorted_authorisations(
        &self,
        asked_by: Option<Callsign>,
        only: Option<Only>,
        wanted: Wanted<AuthorisationId>,
        now: i64,
    ) -> Result<Listed<Authorisation, AuthorisationId>, StoreError>;

    /// A page of the tokens that have not run out at `now`: of all, or of those that one person issued or approved; searched and sorted.
    /// `None` where more are live than are sorted by anything but their end.
    async fn sorted_tokens(
        &self,
        of: Option<Callsign>,
        wanted: Wanted<Cti>,
        now: i64,
    ) -> Result<Option<Listed<LiveToken, Cti>>, StoreError>;

    /// A page of everybody, searched and sorted.
    async fn sorted_officers(&self, wanted: Wanted<Callsign>) -> Result<Listed<Officer, Callsign>, StoreError>;

    /// The newest of those that one person asked for, under which they may issue by this channel at `at`; no more than a page.
    async fn live_authorisations(&self, asked_by: Callsign, channel: Channel, at: i64) -> Result<Vec<Authorisation>, StoreError>;

    /// Records a token, once where it has a key. The confirmation ends, and the passkey's use counts, in the same transaction: of
    /// one confirmation comes at most one token, and none is lost where none came of it. One conditional statement requires the active
    /// key, an unrevoked way in of the officer's and an end after what was purged, checks and counts the authorisation, in the same
    /// transaction. There too it is decided whether there is room for its code over all the time in which it can be checked, and how
    /// long the code is: returns the shortest that finds it.
    async fn issue_and_record(&self, token: NewToken, entry: Entry) -> Result<Option<SpokenSize>, IssueRefusal>;

    /// What is needed to sign an issued token once more.
    async fn issued_token(&self, cti: Cti) -> Result<Option<IssuedToken>, StoreError>;

    /// Makes a live token's code work, if it ends after what was purged; by the same rules.
    async fn make_speakable(&self, cti: Cti, speakable: Speakable, entry: Entry) -> Result<SpokenSize, IssueRefusal>;

    /// One token.
    async fn token(&self, cti: Cti) -> Result<Option<TokenRecord>, StoreError>;

    /// The tokens on record that have a reference, the soonest to end first; `None` when the person has looked up as many as one may
    /// ([`MOST_LOOK_UPS`]). Each look-up counts, in one transaction.
    async fn look_up(&self, reference: Reference, by: Callsign, now: i64) -> Result<Option<Vec<LiveToken>>, StoreError>;

    /// Withdraws a token; `false` if it is unknown or was withdrawn before.
    async fn withdraw_token(&self, cti: Cti, entry: Entry) -> Result<bool, StoreError>;

    /// Withdraws every selected token that can still be checked, now or later; how many. The entry is written by the store, and
    /// only if there is one.
    async fn withdraw_tokens_once(&self, tokens: TokenSelection, by: ActorName, once: Option<Once>, now: i64) -> Result<u64, StoreError>;

    /// The same without a key.
    async fn withdraw_tokens(&self, tokens: TokenSelection, by: ActorName, now: i64) -> Result<u64, StoreError> {
        self.withdraw_tokens_once(tokens, by, None, now).await
    }

    /// Writes an entry about something that did not happen.
    async fn record(&self, entry: Entry) -> Result<(), StoreError>;

    /// Writes all marks that the ledger does not know yet into it. Returns how many.
    async fn report_first_checks(&self, now: i64) -> Result<usize, StoreError>;

    /// How many marks of minutes that began before `before` the ledger does not know yet.
    async fn overdue_marks(&self, before: i64) -> Result<u32, StoreError>;

    /// Drops what is past its time; never a mark that the ledger does not know. Raises `purged_through`. Where the store has a
    /// clock of its own, nothing is past its time by `now` that is not so by that clock as well.
    async fn purge(&self, now: i64) -> Result<(), StoreError>;

    /// The size of the store's write-ahead log, where it is a file beside the store. It grows for as long as somebody reads.
    fn log_bytes(&self) -> Option<u64>;

    /// What the last look at the verifiers' sessions found, where a verifier has one; `None` before the first.
    fn verifier_sessions(&self) -> Option<VerifierSessions>;

    /// Tells of uses marked through this very store object. Others are found by asking again.
    fn marks(&self) -> broadcast::Receiver<Cti>;
}
