//! Numbers that are given with the words of a token. Only ever added to, so that a verifier needs no right to change what is there.

use super::{rows::number, session::Session};
use crate::store::{AttemptHash, NumberTry, Presented, StoreError, WRONG_NUMBERS};

/// Two at once are given the same place: one gets it, and the other looks again. Each time somebody gets one, so it ends. Who sees
/// fewer right numbers than there are takes fewer places, and never one too many.
pub(super) async fn take(session: &Session, token: Presented, attempt: Option<AttemptHash>) -> Result<Option<NumberTry>, StoreError> {
    let most = i64::from(WRONG_NUMBERS);
    loop {
        let place = session
            .maybe(
                "INSERT INTO number_tries (expires_at, cti, n)
                 SELECT $1::bigint, $2::bytea, greatest(max(n), 0) + 1 FROM number_tries WHERE expires_at = $1 AND cti = $2
                 HAVING coalesce(sum(sign(n)), 0)::bigint < $3
                    AND NOT EXISTS (SELECT 1 FROM marks WHERE expires_at = $1 AND cti = $2 AND attempt = $4)
                 ON CONFLICT DO NOTHING RETURNING n",
                &[&token.expires_at, &token.cti, &most, &attempt],
            )
            .await?;
        if let Some(row) = place {
            return Ok(Some(NumberTry { token, n: row.try_get(0)? }));
        }
        let first = "SELECT EXISTS (SELECT 1 FROM marks WHERE expires_at = $1 AND cti = $2 AND attempt = $3)";
        if session.one(first, &[&token.expires_at, &token.cti, &attempt]).await?.try_get(0)? {
            return Ok(Some(NumberTry { token, n: 0 }));
        }
        if wrong(session, token).await? >= WRONG_NUMBERS {
            return Ok(None);
        }
    }
}

/// How many were wrong.
pub(super) async fn wrong(session: &Session, token: Presented) -> Result<u32, StoreError> {
    let wrong = "SELECT coalesce(sum(sign(n)), 0)::bigint FROM number_tries WHERE expires_at = $1 AND cti = $2";
    number(&session.one(wrong, &[&token.expires_at, &token.cti]).await?, 0)
}
