//! Bytes of live tokens whose code is not meant to be spoken, so that they can still be made speakable. In memory only:
//! the store never has them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::token::{Claims, Cti, Token};

/// How often tokens that ran out are forgotten. Seconds.
const SWEEP_EVERY: i64 = 60;

/// Live tokens that nobody may speak yet.
#[derive(Default)]
pub(super) struct SilentTokens(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    tokens: HashMap<Cti, (i64, Token)>,
    swept_at: i64,
}

impl SilentTokens {
    /// Keeps a token until it runs out.
    pub(super) fn keep(&self, claims: &Claims, token: &Token, now: i64) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !(kept.swept_at..kept.swept_at + SWEEP_EVERY).contains(&now) {
            kept.tokens.retain(|_, (expires_at, _)| *expires_at > now);
            kept.swept_at = now;
        }
        kept.tokens.insert(claims.cti(), (claims.window().expires_at(), token.clone()));
    }

    /// The bytes of a token, if this process issued it.
    pub(super) fn find(&self, cti: Cti) -> Option<Token> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.tokens.get(&cti).map(|(_, token)| token.clone())
    }
}
