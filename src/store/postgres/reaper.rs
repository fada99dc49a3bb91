//! Ends sessions of verifiers that hold somebody up. A verifier that somebody took over may keep a transaction open, so that dropped
//! rows stay in the files and other verifiers wait for it; and whatever it finds to stand in the issuer's way, it does not for long.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::AbortHandle,
    time::{MissedTickBehavior, interval},
};

use super::{CHECKING, PostgresAddress, preparation, schema::VERIFIER, session::Link};
use crate::{
    health::Recurring,
    store::{StoreError, VerifierSessions},
};

/// Between two looks. With [`WAITED`] well below what an act waits for a lock.
const EVERY: Duration = Duration::from_secs(1);
/// Looks after which the preparation is looked at again.
const PREPARATION_EVERY: u64 = 60;
/// An honest verifier gives a statement up after less than 2 seconds.
const LONGEST: Duration = Duration::from_secs(5);
/// The issuer is not held up by a check that only passes.
const WAITED: Duration = Duration::from_millis(500);
/// A check needs a tenth of this.
const MOST_LOCKS: i64 = 200;

/// One row for each session of a verifier that is in the way or that may not be looked at, and one more with the oldest transaction.
/// A verifier is a direct member of the group, which nobody becomes but by an administrator. A session that waits for the standby is
/// left alone: its commit holds nobody up who does not wait for the standby too.
const LOOK: &str = "
    WITH sessions AS MATERIALIZED (
        SELECT pid, usesysid, pg_has_role(usesysid, 'USAGE') AS is_ours, wait_event, xact_start
        FROM pg_stat_get_activity(NULL)
        WHERE usesysid IN (SELECT member FROM pg_auth_members WHERE roleid = $1::text::regrole UNION SELECT $1::text::regrole::oid)
    ),
    holders AS MATERIALIZED (
        SELECT DISTINCT unnest(pg_blocking_pids(pid)) AS pid FROM pg_locks JOIN pg_stat_get_activity(NULL) AS waiting USING (pid)
        WHERE NOT granted AND waitstart < clock_timestamp() - $3::bigint * interval '1 ms'
          AND pg_get_userbyid(waiting.usesysid) = current_user
    ),
    hoarders AS MATERIALIZED (SELECT pid FROM pg_locks GROUP BY pid HAVING count(*) > $4)
    SELECT pg_get_userbyid(usesysid)::text,
           CASE WHEN is_ours THEN pg_terminate_backend(pid) END,
           NULL::bigint
    FROM sessions
    WHERE NOT is_ours
       OR wait_event IS DISTINCT FROM 'SyncRep'
          AND (xact_start < clock_timestamp() - $2::bigint * interval '1 ms' OR pid IN (SELECT pid FROM holders)
               OR pid IN (SELECT pid FROM hoarders))
    UNION ALL
    SELECT NULL, NULL, coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)) * 1000, 0)::bigint FROM sessions";

static SESSIONS: Recurring = Recurring::new("verifier_sessions");
static PREPARATION: Recurring = Recurring::new("preparation");

/// Looks for as long as it is not dropped.
pub(super) struct Reaper {
    seen: Arc<Seen>,
    looking: AbortHandle,
}

#[derive(Default)]
struct Seen {
    last: Mutex<Option<VerifierSessions>>,
    ended: AtomicU64,
}

impl Reaper {
    pub fn start(address: PostgresAddress) -> Self {
        let seen = Arc::new(Seen::default());
        // A connection that is kept: anybody who is shut out of the database with everybody else could end nothing.
        let looking = tokio::spawn(look_on(Link::new(Arc::new(address), CHECKING), seen.clone())).abort_handle();
        Self { seen, looking }
    }

    pub fn last(&self) -> Option<VerifierSessions> {
        *self.seen.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

async fn look_on(link: Link, seen: Arc<Seen>) {
    let mut looks = interval(EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // A command is done before there is anything to end.
    looks.tick().await;
    let (mut nth, mut is_prepared) = (0_u64, false);
    loop {
        looks.tick().await;
        let looked = async {
            if nth.is_multiple_of(PREPARATION_EVERY) {
                is_prepared = prepared(&link).await?;
            }
            let oldest_transaction = look(&link, &seen).await?;
            let ended = seen.ended.load(Ordering::Relaxed);
            Ok::<_, StoreError>(VerifierSessions { oldest_transaction, ended, is_prepared })
        };
        match looked.await {
            Ok(found) => {
                *seen.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
                nth += 1;
            }
            Err(error) => {
                *seen.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
                SESSIONS.failed(&format!("the sessions of verifiers cannot be looked at: {error}"));
            }
        }
    }
}

async fn prepared(link: &Link) -> Result<bool, StoreError> {
    let missing = preparation::missing(&*link.session().await?).await?;
    if missing.is_empty() {
        PREPARATION.over();
    } else {
        PREPARATION.failed(&format!(
            "the database is not guarded against a verifier that was taken over: {missing}; run deploy/postgresql.sql again"
        ));
    }
    Ok(missing.is_empty())
}

/// Ends what is in the way. Returns the age of the oldest transaction.
async fn look(link: &Link, seen: &Seen) -> Result<Duration, StoreError> {
    let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let db = link.session().await?;
    let (mut oldest, mut done) = (0_i64, true);
    for row in db.rows(LOOK, &[&VERIFIER, &millis(LONGEST), &millis(WAITED), &MOST_LOCKS]).await? {
        let Some(role) = row.try_get::<_, Option<String>>(0)? else {
            oldest = row.try_get(2)?;
            continue;
        };
        done = false;
        if row.try_get::<_, Option<bool>>(1)?.is_some() {
            seen.ended.fetch_add(1, Ordering::Relaxed);
            SESSIONS.alarm(&format!("a session of {role} was ended, because it held others up; if its machine may be taken over, shut it out as docs/operations.md says"));
        } else {
            SESSIONS.failed(&format!("the sessions of {role} cannot be ended whatever they hold up; run deploy/postgresql.sql again"));
        }
    }
    if done {
        SESSIONS.ok();
    }
    Ok(Duration::from_millis(u64::try_from(oldest).unwrap_or(0)))
}
