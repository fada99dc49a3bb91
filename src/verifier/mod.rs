//! The public side: is this code genuine? Holds public keys only; no type in here can sign.

mod keys;
mod readiness;
mod verdict;

pub use keys::{FRESH, KeyWatch, Seen, WatchError};
pub use readiness::Readiness;
pub use verdict::{Answer, ChallengeResult, Verdict};

use std::{fmt::Display, sync::Arc, time::Duration};

use sha2::{Digest as _, Sha256};

use crate::{
    clock::ClockWatch,
    health::Recurring,
    keyring::{IssuerName, KidPrefix, PublicKeys},
    store::{AttemptHash, Guess, GuessPool, Marked, Presented, Standing, StoreError, VerifierStore},
    token::{Challenge, Cti, InputError, Mistyped, SpokenCode, SpokenSize, Token, Unverified, Verified},
};

/// A store that takes longer is as good as none: the person is told that we cannot check.
const PATIENCE: Duration = Duration::from_secs(2);

/// Sixteen random bytes from the page's memory, by which a retry is told from somebody else.
#[derive(Clone, Copy)]
pub struct Attempt(pub [u8; 16]);

/// What somebody wants to know.
pub struct Check {
    /// The code they were given.
    pub shown: Shown,
    /// The number that they read out.
    pub challenge: Option<Challenge>,
    /// Their attempt.
    pub attempt: Option<Attempt>,
}

/// A code in one of its two forms, as far as it could be read.
pub enum Shown {
    /// Text, link or digits of a token.
    Token(Result<Token, InputError>),
    /// Words or digits of a spoken code.
    Code(Result<SpokenCode, Mistyped>),
}

/// What a deployment fixes.
#[derive(Clone, Debug)]
pub struct VerifierSettings {
    /// The name bound into every signature.
    pub issuer: IssuerName,
    /// Wrong guesses that are answered.
    pub budgets: Budgets,
}

/// Wrong guesses that are answered in any [`crate::store::GUESS_WINDOW`], by what they guess at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Five words without a number.
    pub five: u32,
    /// Five words with a number.
    pub number: u32,
    /// Six words, with a number or without.
    pub six: u32,
}

impl Budgets {
    /// One of them.
    pub fn of(&self, pool: GuessPool) -> u32 {
        match pool {
            GuessPool::Five => self.five,
            GuessPool::Number => self.number,
            GuessPool::Six => self.six,
        }
    }
}

/// Answers checks.
pub struct Verifier {
    store: Arc<dyn VerifierStore>,
    watch: Arc<ClockWatch>,
    keys: Arc<KeyWatch>,
    settings: VerifierSettings,
    failures: Failures,
}

/// What may fail with every check.
struct Failures {
    checks: Recurring,
    give_back: Recurring,
    no_record: Recurring,
}

impl Verifier {
    /// Works on a store, the clock that `watch` watches and the key set that `keys` watches.
    pub fn new(store: Arc<dyn VerifierStore>, watch: Arc<ClockWatch>, keys: Arc<KeyWatch>, settings: VerifierSettings) -> Self {
        let failures =
            Failures { checks: Recurring::new("checks"), give_back: Recurring::new("give_back"), no_record: Recurring::new("no_record") };
        Self { store, watch, keys, settings, failures }
    }

    /// Answers. Never fails: whatever goes wrong on our side is `cannot_check`.
    pub async fn verify(&self, check: Check) -> Answer {
        // First of all: by a wrong clock nothing is judged, and no guess is counted. [`Readiness`] reports it.
        let Ok(now) = self.watch.now() else { return self.cannot_check() };
        let answer = match tokio::time::timeout(PATIENCE, self.judge(&check, now)).await {
            Ok(Ok(answer)) => {
                self.failures.checks.ok();
                answer
            }
            Ok(Err(error)) => self.failed(&error),
            Err(_) => self.failed(&"the store is too slow"),
        };
        Answer { server_time: now, ..answer }
    }

    fn failed(&self, error: &dyn Display) -> Answer {
        self.failures.checks.failed(&format!("a check could not be answered: {error}"));
        Answer::only(Verdict::CannotCheck)
    }

    /// The answer where nothing was looked at.
    pub fn cannot_check(&self) -> Answer {
        Answer::cannot_check(self.watch.expected())
    }

    async fn judge(&self, check: &Check, now: i64) -> Result<Answer, StoreError> {
        match &check.shown {
            Shown::Token(Ok(token)) => self.token(token, check, now).await,
            Shown::Token(Err(InputError::Damaged)) => Ok(Answer::only(Verdict::NotGenuine)),
            Shown::Token(Err(InputError::NoToken)) | Shown::Code(Err(Mistyped)) => Ok(Answer::only(Verdict::Mistyped)),
            Shown::Code(Ok(code)) => self.code(*code, check, now).await,
        }
    }

    /// By spoken code. A place in the guess budget is taken before anything is looked up, and given back only for a hit.
    async fn code(&self, code: SpokenCode, check: &Check, now: i64) -> Result<Answer, StoreError> {
        if !self.has_keys(now).await {
            return Ok(Answer::only(Verdict::CannotCheck));
        }
        let pool = match (code.size(), check.challenge) {
            (SpokenSize::Six, _) => GuessPool::Six,
            (SpokenSize::Five, Some(_)) => GuessPool::Number,
            (SpokenSize::Five, None) => GuessPool::Five,
        };
        let guess = self.store.take_guess(pool, self.settings.budgets.of(pool), now).await?;
        let Some(token) = self.store.token_for_code(code).await? else {
            return Ok(Answer::only(if guess.is_some() { Verdict::UnknownCode } else { Verdict::CannotCheck }));
        };
        // With the budget spent only code and number together are believed: 60 bits instead of 40.
        if guess.is_none() && !self.carries(&token, check.challenge, now) {
            return Ok(Answer::only(Verdict::CannotCheck));
        }
        let answer = self.token(&token, check, now).await?;
        match answer.verdict {
            Verdict::Genuine | Verdict::AlreadyChecked => {
                self.give_back(guess).await;
                Ok(Answer { token: Some(token), ..answer })
            }
            Verdict::NotYetValid => Ok(Answer::only(Verdict::UnknownCode)),
            verdict => Ok(Answer::only(verdict)),
        }
    }

    /// Whether anything could be genuine. The next set may have been published a moment ago.
    async fn has_keys(&self, now: i64) -> bool {
        let current = || self.keys.current(now).is_some();
        current() || (self.keys.look_again(&*self.store, now).await && current())
    }

    /// The use is already marked: a place that is lost costs one miss, and is no reason to hide the answer.
    async fn give_back(&self, guess: Option<Guess>) {
        let Some(guess) = guess else { return };
        match self.store.give_back(guess).await {
            Ok(()) => self.failures.give_back.ok(),
            Err(error) => self.failures.give_back.failed(&format!("a right code counts as a wrong guess: {error}")),
        }
    }

    fn carries(&self, token: &Token, number: Option<Challenge>, now: i64) -> bool {
        let verified = self.keys.current(now).and_then(|keys| {
            let unverified = Unverified::decode(token).ok()?;
            unverified.verify(&keys, &self.settings.issuer, now).ok()
        });
        number.is_some() && verified.is_some_and(|v| v.claims().approach().challenge == number)
    }

    /// In the protocol's order: shape, signature, key status, lifetime, window, record, withdrawal, number, use.
    async fn token(&self, token: &Token, check: &Check, now: i64) -> Result<Answer, StoreError> {
        let Ok(unverified) = Unverified::decode(token) else {
            return Ok(Answer::only(Verdict::NotGenuine));
        };
        // Without a current set nothing can be said, least of all `genuine`.
        let Some(keys) = self.keys_for(unverified.kid(), now).await else {
            return Ok(Answer::only(Verdict::CannotCheck));
        };
        match unverified.verify(&keys, &self.settings.issuer, now) {
            Ok(verified) => self.verified(verified, check, now).await,
            Err(rejection) => Ok(Answer::only(rejection.into())),
        }
    }

    /// The current keys, after another look into the store if this one is not among them: a key that was published since we last
    /// looked is unknown here, and its tokens may be genuine. `None` also where that look failed.
    async fn keys_for(&self, kid: KidPrefix, now: i64) -> Option<Arc<PublicKeys>> {
        let known = self.keys.current(now).filter(|keys| keys.find(kid).is_some());
        if known.is_none() && self.keys.look_again(&*self.store, now).await { self.keys.current(now) } else { known }
    }

    async fn verified(&self, verified: Verified, check: &Check, now: i64) -> Result<Answer, StoreError> {
        let claims = verified.claims();
        let presented = Presented { cti: claims.cti(), hash: verified.hash(), expires_at: claims.window().expires_at() };
        let number = match (claims.approach().challenge, check.challenge) {
            (Some(carried), Some(given)) if carried == given => Ok(ChallengeResult::Matched),
            (None, None) => Ok(ChallengeResult::Absent),
            (_, Some(_)) => Err(Verdict::OtherChallenge),
            (Some(_), None) => Err(Verdict::ChallengeNeeded),
        };
        let answer = match number {
            // The number does not fit, so the token is not used up; record and withdrawal still come first.
            Err(verdict) => match self.store.standing(presented).await? {
                Standing::Live => Answer::only(verdict),
                standing => Answer::only(self.stands(standing)),
            },
            Ok(number) => {
                let attempt = check.attempt.map(|attempt| attempt_hash(claims.cti(), attempt));
                match self.store.use_once(presented, attempt, now).await? {
                    Marked::First => Answer { challenge: Some(number), ..Answer::only(Verdict::Genuine) },
                    Marked::Before(minute) => {
                        Answer { challenge: Some(number), first_checked_at: Some(minute), ..Answer::only(Verdict::AlreadyChecked) }
                    }
                    Marked::Not(standing) => Answer::only(self.stands(standing)),
                }
            }
        };
        let shows = !matches!(answer.verdict, Verdict::NotGenuine | Verdict::CannotCheck);
        Ok(Answer { approach: shows.then(|| verified.into_claims()), ..answer })
    }

    fn stands(&self, standing: Standing) -> Verdict {
        match standing {
            Standing::NoRecord => {
                // Whoever made it has a signing key and no access to the ledger, or went around it (threat 30).
                self.failures.no_record.alarm(&"a well-signed token has no record; treat the signing key as stolen");
                Verdict::NotGenuine
            }
            Standing::Purged => Verdict::Expired,
            Standing::Withdrawn => Verdict::Withdrawn,
            // The store marks every live token that it is asked to mark.
            Standing::Live => Verdict::CannotCheck,
        }
    }

    /// The signed key set as the store has it, for publishing.
    pub fn keys(&self) -> &KeyWatch {
        &self.keys
    }

    /// The clock, watched.
    pub fn watch(&self) -> &ClockWatch {
        &self.watch
    }
}

/// Bound to the token, so that one attempt value cannot be looked for across tokens.
fn attempt_hash(cti: Cti, attempt: Attempt) -> AttemptHash {
    let hash = Sha256::new().chain_update("countersign/1 attempt").chain_update(cti.0).chain_update(attempt.0);
    AttemptHash(hash.finalize().into())
}
