//! The public side: is this code genuine? Holds public keys only; no type in here can sign.

mod budgets;
mod keys;
mod readiness;
mod verdict;

pub use budgets::{Budgets, Share};
pub use keys::{FRESH, KeyWatch, Seen, WatchError};
pub use readiness::Readiness;
pub use verdict::{Answer, ChallengeResult, Cost, Verdict};

use std::{fmt::Display, sync::Arc, time::Duration};

use sha2::{Digest as _, Sha256};

use crate::{
    clock::ClockWatch,
    health::Recurring,
    keyring::{IssuerName, KidPrefix, PublicKeys},
    store::{AttemptHash, Guess, Marked, NumberTry, Presented, Standing, StoreError, VerifierStore, WRONG_NUMBERS},
    token::{Challenge, Cti, InputError, LEEWAY, MAX_LIFETIME, Mistyped, SpokenCode, Token, Unverified, Verified},
};

/// A store that takes longer is as good as none: the answer is that we cannot check.
const PATIENCE: Duration = Duration::from_secs(2);

/// Sixteen random bytes from the page's memory, which distinguish a retry from somebody else.
#[derive(Clone, Copy)]
pub struct Attempt(pub [u8; 16]);

/// A form of ours. Who sends it again within [`SAME_FORM`] presses its button twice, and gets the same answer; later it is no retry
/// any more: a person who has its page back would have a genuine answer to show for a code that is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormAttempt {
    /// Random.
    pub nonce: [u8; 16],
    /// When the form was made, seconds since 1970.
    pub made_at: i64,
}

/// Seconds, also where a verifier whose clock differs made the mark.
pub const SAME_FORM: i64 = 10;
/// A token that can still be checked was first checked within this. Seconds.
const CHECKABLE: i64 = MAX_LIFETIME + 2 * LEEWAY;

impl FormAttempt {
    /// An attempt of its own for each second, so that the store, which knows attempts and minutes alone, can tell when.
    fn at(self, second: i64) -> Attempt {
        let hash = Sha256::new().chain_update("countersign/1 form").chain_update(self.nonce).chain_update(second.to_be_bytes());
        let hash: [u8; 32] = hash.finalize().into();
        let mut attempt = [0; 16];
        attempt.copy_from_slice(&hash[..16]);
        Attempt(attempt)
    }

    /// How long before `now` this form made the mark of an attempt, if it did. Less than no time where the clock of the verifier
    /// that made it is ahead of this one, or its second began while this check was under way.
    fn age(self, cti: Cti, first: AttemptHash, now: i64) -> Option<i64> {
        let made = |ago: &i64| attempt_hash(cti, Some(self.at(now - ago))) == Some(first);
        (-LEEWAY..=CHECKABLE.min(now - self.made_at + LEEWAY)).find(made)
    }
}

/// What somebody wants to know.
pub struct Check {
    /// The code they were given.
    pub shown: Shown,
    /// The number that they read out.
    pub challenge: Option<Challenge>,
    /// Their attempt.
    pub attempt: Option<Attempt>,
    /// The form by which they ask, which has attempts of its own.
    pub form: Option<FormAttempt>,
}

impl Check {
    fn attempt(&self, now: i64) -> Option<Attempt> {
        self.attempt.or_else(|| Some(self.form?.at(now)))
    }
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

    /// Answers. Never fails: whatever goes wrong on our side is `cannot_check`. A check by spoken code takes a place in this share
    /// of its budget.
    pub async fn verify(&self, check: Check, share: Share) -> Answer {
        // First of all: by a wrong clock nothing is judged, and no guess is counted. [`Readiness`] reports it.
        let Ok(now) = self.watch.now() else { return self.cannot_check() };
        let answer = match tokio::time::timeout(PATIENCE, self.judge(&check, share, now)).await {
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

    async fn judge(&self, check: &Check, share: Share, now: i64) -> Result<Answer, StoreError> {
        match &check.shown {
            Shown::Token(Ok(token)) => self.token(token, check, now).await,
            Shown::Token(Err(InputError::Damaged)) => Ok(Answer::only(Verdict::NotGenuine)),
            Shown::Token(Err(InputError::NoToken | InputError::Several)) | Shown::Code(Err(Mistyped)) => {
                Ok(Answer::only(Verdict::Mistyped))
            }
            Shown::Code(Ok(code)) => self.code(*code, check, share, now).await,
        }
    }

    /// By spoken code. A place in its budget is taken before anything is looked up, and given back only for a hit. Without a place
    /// nothing is looked up: a code that names something and one that names nothing cost the same work and get the same answer.
    async fn code(&self, code: SpokenCode, check: &Check, share: Share, now: i64) -> Result<Answer, StoreError> {
        if !self.has_keys(now).await {
            return Ok(Answer::only(Verdict::CannotCheck));
        }
        let pool = Budgets::pool(code, check.challenge);
        let Some(guess) = self.store.take_guess(pool, share.of(self.settings.budgets.of(pool)), now).await? else {
            return Ok(Answer::refused());
        };
        let Some(token) = self.store.token_for_code(code).await? else {
            return Ok(Answer::miss(Verdict::UnknownCode));
        };
        let answer = match self.read(&token, now).await {
            Ok(verified) => self.spoken(verified, check, guess, now).await?,
            Err(verdict) => Answer::only(verdict),
        };
        Ok(match answer.verdict {
            Verdict::Genuine | Verdict::AlreadyChecked => Answer { token: Some(token), ..answer },
            Verdict::NotYetValid => Answer::miss(Verdict::UnknownCode),
            verdict => Answer::miss(verdict),
        })
    }

    /// A token whose words were given. Who has heard them may know everything but the number, which has a million values: before
    /// one is compared it is counted, and after [`WRONG_NUMBERS`] the words name nothing any more.
    async fn spoken(&self, verified: Verified, check: &Check, guess: Guess, now: i64) -> Result<Answer, StoreError> {
        let (claims, presented) = (verified.claims(), presented(&verified));
        let number = match (claims.approach().challenge, check.challenge) {
            (Some(_), Some(_)) => {
                let Some(number) = self.store.try_number(presented, attempt_hash(claims.cti(), check.attempt(now))).await? else {
                    return Ok(Answer::miss(Verdict::UnknownCode));
                };
                Some(number)
            }
            (Some(_), None) if self.store.wrong_numbers(presented).await? >= WRONG_NUMBERS => {
                return Ok(Answer::miss(Verdict::UnknownCode));
            }
            _ => None,
        };
        let answer = self.verified(verified, check, now).await?;
        if matches!(answer.verdict, Verdict::Genuine | Verdict::AlreadyChecked) {
            self.give_back(guess, number).await;
        }
        Ok(answer)
    }

    /// Whether anything could be genuine. The next set may have been published a moment ago.
    async fn has_keys(&self, now: i64) -> bool {
        let current = || self.keys.current(now).is_some();
        current() || (self.keys.look_again(&*self.store, now).await && current())
    }

    /// The use is already marked: a place that is lost costs one miss, and is no reason to hide the answer.
    async fn give_back(&self, guess: Guess, number: Option<NumberTry>) {
        match self.store.give_back(guess, number).await {
            Ok(()) => self.failures.give_back.ok(),
            Err(error) => self.failures.give_back.failed(&format!("a right code counts as a wrong guess: {error}")),
        }
    }

    /// In the protocol's order: shape, signature, key status, lifetime, window, record, withdrawal, number, use.
    async fn token(&self, token: &Token, check: &Check, now: i64) -> Result<Answer, StoreError> {
        match self.read(token, now).await {
            Ok(verified) => self.verified(verified, check, now).await,
            Err(verdict) => Ok(Answer::only(verdict)),
        }
    }

    /// What a token says, as far as the window; `Err` where it is not believed.
    async fn read(&self, token: &Token, now: i64) -> Result<Verified, Verdict> {
        let unverified = Unverified::decode(token).map_err(|_| Verdict::NotGenuine)?;
        // Without a current set nothing can be said, least of all `genuine`.
        let keys = self.keys_for(unverified.kid(), now).await.ok_or(Verdict::CannotCheck)?;
        Ok(unverified.verify(&keys, &self.settings.issuer, now)?)
    }

    /// The current keys, after another look into the store if this one is not among them: a key that was published since we last
    /// looked is unknown here, and its tokens may be genuine. `None` also where that look failed.
    async fn keys_for(&self, kid: KidPrefix, now: i64) -> Option<Arc<PublicKeys>> {
        let known = self.keys.current(now).filter(|keys| keys.find(kid).is_some());
        if known.is_none() && self.keys.look_again(&*self.store, now).await { self.keys.current(now) } else { known }
    }

    async fn verified(&self, verified: Verified, check: &Check, now: i64) -> Result<Answer, StoreError> {
        let claims = verified.claims();
        let presented = presented(&verified);
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
                let hit = |verdict, cost| Answer { challenge: Some(number), cost, ..Answer::only(verdict) };
                match self.store.use_once(presented, attempt_hash(claims.cti(), check.attempt(now)), now).await? {
                    Marked::First => hit(Verdict::Genuine, Cost::Nothing),
                    Marked::Again => hit(Verdict::Genuine, Cost::Repeat),
                    Marked::Before(minute) => {
                        let age = self.age_of_form(check, presented, now).await?;
                        if age.is_some_and(|age| age.abs() <= SAME_FORM) {
                            hit(Verdict::Genuine, Cost::Repeat)
                        } else {
                            let answer = hit(Verdict::AlreadyChecked, Cost::Repeat);
                            Answer { first_checked_at: Some(minute), by_this_form: age.is_some(), ..answer }
                        }
                    }
                    Marked::Not(standing) => Answer::only(self.stands(standing)),
                }
            }
        };
        let shows = !matches!(answer.verdict, Verdict::NotGenuine | Verdict::CannotCheck);
        Ok(Answer { approach: shows.then(|| verified.into_claims()), ..answer })
    }

    /// How long ago the form of this check made the token's mark, if it did.
    async fn age_of_form(&self, check: &Check, token: Presented, now: i64) -> Result<Option<i64>, StoreError> {
        let Some(form) = check.form else { return Ok(None) };
        let first = self.store.first_attempt(token).await?;
        Ok(first.and_then(|first| form.age(token.cti, first, now)))
    }

    /// The random id of the deployment that the store is bound to; `None` where the store does not say.
    pub async fn deployment(&self) -> Option<[u8; 16]> {
        tokio::time::timeout(PATIENCE, self.store.deployment()).await.ok()?.ok()
    }

    fn stands(&self, standing: Standing) -> Verdict {
        match standing {
            Standing::NoRecord => {
                // Anybody who made it has a signing key and no access to the ledger, or went around it (threat 30).
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

/// As the store looks for it.
fn presented(verified: &Verified) -> Presented {
    let claims = verified.claims();
    Presented { cti: claims.cti(), hash: verified.hash(), expires_at: claims.window().expires_at() }
}

/// Bound to the token, so that one attempt value cannot be looked for across tokens.
fn attempt_hash(cti: Cti, attempt: Option<Attempt>) -> Option<AttemptHash> {
    let hash = Sha256::new().chain_update("countersign/1 attempt").chain_update(cti.0).chain_update(attempt?.0);
    Some(AttemptHash(hash.finalize().into()))
}
