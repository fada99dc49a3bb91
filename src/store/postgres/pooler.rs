//! A pooler that hands one connection of the server to several of ours (PgBouncer's transaction and statement modes)
//! loses settings, prepared statements and notifications, and with the settings that a commit is durable before it is answered.
//!
//! It is recognised by what only such a pooler can do: while one connection is open, another one is served by the same process
//! of the database, or the first is served by another process than before. Both are impossible on direct connections and through
//! a pooler that pools whole sessions, so neither is ever refused; and, unlike a setting that is made on one and read on the
//! other, nothing is left behind in a connection that belongs to somebody else next.

use super::{CHECKING, PostgresAddress, session::Session};
use crate::store::StoreError;

/// A process of the database, by its id and its start: ids repeat, also on the two hosts of a pair.
const PROCESS: &str = "SELECT pid || ' ' || backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()";

/// How often both are asked. A pooler may keep several connections to the server and hand them out in any order.
const ROUNDS: usize = 6;

/// Fails, with what to do, if connections to the database are shared.
pub(super) async fn refuse(address: &PostgresAddress, session: &Session) -> Result<(), StoreError> {
    let other = Session::open(address, CHECKING, None).await?;
    let process = async |session: &Session| session.text(PROCESS).await;
    let first = process(session).await?;
    for round in 0..ROUNDS {
        // Once and twice by turns, so that no number of server connections, handed out in a circle, fits.
        let mut shared = false;
        for _ in 0..=round % 2 {
            shared |= process(&other).await? == first;
        }
        if shared || process(session).await? != first {
            return Err(StoreError::Unusable(
                "is behind a pooler that shares connections (PgBouncer in transaction or statement mode); set its pool_mode to session, or write the database's own address into --store".into(),
            ));
        }
    }
    Ok(())
}
