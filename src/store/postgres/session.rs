//! Connections, made when they are needed and made again when they are lost. A statement that is not answered in time
//! costs its connection: what queues behind it would only wait as well.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::{poll_fn, select_ok};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::AbortHandle,
    time::{Instant, timeout},
};
use tokio_postgres::{
    AsyncMessage, Client, Config, Connection, NoTls, Row, SimpleQueryMessage, Socket, Statement, error::SqlState, types::ToSql,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    PostgresAddress,
    heard::Heard,
    settings::{Manner, as_options, as_statements},
    unreached::{only_reads, unreached},
};
use crate::{ledger::Hash, store::StoreError};

/// For a connection to be made and set up, with whichever host is first.
const CONNECT_WAIT: Duration = Duration::from_secs(1);
/// Until the first new attempt after one that failed; twice as long after each, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest time between two attempts, and so about how long a recovery goes unnoticed.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A primary that started again shows what it finds in its log, though no standby may have it yet. A commit that writes waits until
/// the standby has all that was before it, so that what is answered outlives the primary (threat 19).
pub(super) const WAIT_FOR_STANDBY: &str =
    "SELECT pg_logical_emit_message(true, 'countersign', '')::text WHERE current_setting('synchronous_standby_names') <> ''";

pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// One connection.
pub(super) struct Session {
    client: Client,
    patience: Duration,
    /// By their text, as prepared on this connection.
    statements: Mutex<HashMap<String, Statement>>,
    connection: AbortHandle,
    /// Leaves that the open transaction appended to the ledger, as they were handed in and not as they are read again.
    appended: Mutex<Vec<Hash>>,
    /// Set when it is given up: the connection itself ends a moment later, and nobody may get it meanwhile.
    closed: AtomicBool,
}

impl Session {
    /// Connects. Notifications go to `heard`.
    pub async fn open(address: &PostgresAddress, manner: Manner, heard: Option<&Arc<Heard>>) -> Result<Self, StoreError> {
        // All at once: who hangs, or only reads, is left behind by the primary.
        let hosts = address.hosts.iter().map(|host| Box::pin(Self::open_on(host, address.tls.as_ref(), manner, heard.cloned())));
        let opened = timeout(CONNECT_WAIT, select_ok(hosts)).await;
        let (session, _) = opened.map_err(|_| StoreError::Failed("the database did not take a connection in time".into()))??;
        Ok(session)
    }

    async fn open_on(
        host: &Config,
        tls: Option<&MakeRustlsConnect>,
        manner: Manner,
        heard: Option<Arc<Heard>>,
    ) -> Result<Self, StoreError> {
        // With the first message, because a setting of the role's may end the connection before there is another.
        let mut set = host.clone();
        set.options(format!("{} {}", host.get_options().unwrap_or_default(), as_options(manner)));
        let (client, connection) = match Self::connect(&set, tls, heard.clone()).await {
            // A pooler that does not know options. What is said below reaches the server all the same.
            Err(error) if error.code() == Some(&SqlState::PROTOCOL_VIOLATION) => Self::connect(host, tls, heard).await,
            connected => connected,
        }
        .map_err(|error| unreached(&error))?;
        let session = Self {
            client,
            patience: manner.patience,
            statements: Mutex::default(),
            connection,
            appended: Mutex::default(),
            closed: AtomicBool::default(),
        };
        session.client.batch_execute(&as_statements(manner)).await?;
        // A copy that only reads takes no mark, and one that was left behind would answer from the past (threat 19).
        match session.text("SHOW transaction_read_only").await?.as_deref() {
            Some("off") => Ok(session),
            _ => Err(only_reads()),
        }
    }

    async fn connect(
        host: &Config,
        tls: Option<&MakeRustlsConnect>,
        heard: Option<Arc<Heard>>,
    ) -> Result<(Client, AbortHandle), tokio_postgres::Error> {
        if let Some(tls) = tls {
            let (client, connection) = host.connect(tls.clone()).await?;
            return Ok((client, attend(connection, heard)));
        }
        let (client, connection) = host.connect(NoTls).await?;
        Ok((client, attend(connection, heard)))
    }

    /// What the open transaction appended to the ledger.
    pub fn appended(&self) -> MutexGuard<'_, Vec<Hash>> {
        self.appended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Relaxed) && !self.client.is_closed() && !self.connection.is_finished()
    }

    /// Gives the connection up. A statement is never cancelled: a commit that waits for its standby would then be answered
    /// as done (PostgreSQL, `SyncRepWaitForLSN`).
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.connection.abort();
    }

    /// Waits as long as a statement may take. Nothing is sent any more on a connection that was given up.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, StoreError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(StoreError::Failed("the connection was given up".into()));
        }
        let Ok(done) = timeout(self.patience, work).await else {
            self.close();
            return Err(StoreError::Failed("the database did not answer in time".into()));
        };
        Ok(done?)
    }

    async fn prepared(&self, sql: &str) -> Result<Statement, StoreError> {
        let known = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.in_time(self.client.prepare(sql)).await?;
        self.statements.lock().unwrap_or_else(PoisonError::into_inner).insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// A statement that failed is prepared again the next time: what it names may have changed its type, and the server then
    /// refuses it for as long as the connection lasts.
    fn or_forgotten<T>(&self, sql: &str, done: Result<T, StoreError>) -> Result<T, StoreError> {
        done.inspect_err(|_| drop(self.statements.lock().unwrap_or_else(PoisonError::into_inner).remove(sql)))
    }

    /// How many rows it changed.
    pub async fn execute(&self, sql: &str, params: Params<'_>) -> Result<u64, StoreError> {
        let statement = self.prepared(sql).await?;
        let done = self.in_time(self.client.execute(&statement, params)).await;
        self.or_forgotten(sql, done)
    }

    /// All rows.
    pub async fn rows(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepared(sql).await?;
        let done = self.in_time(self.client.query(&statement, params)).await;
        self.or_forgotten(sql, done)
    }

    /// The row, if there is one.
    pub async fn maybe(&self, sql: &str, params: Params<'_>) -> Result<Option<Row>, StoreError> {
        let statement = self.prepared(sql).await?;
        let done = self.in_time(self.client.query_opt(&statement, params)).await;
        self.or_forgotten(sql, done)
    }

    /// The row that there always is.
    pub async fn one(&self, sql: &str, params: Params<'_>) -> Result<Row, StoreError> {
        let statement = self.prepared(sql).await?;
        let done = self.in_time(self.client.query_one(&statement, params)).await;
        self.or_forgotten(sql, done)
    }

    /// The one text that a statement without parameters gives, without preparing it.
    pub async fn text(&self, sql: &str) -> Result<Option<String>, StoreError> {
        let said = self.in_time(self.client.simple_query(sql)).await?;
        Ok(said.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }))
    }

    /// Statements without parameters.
    pub async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.in_time(self.client.batch_execute(sql)).await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close();
    }
}

/// Moves bytes for as long as there is a connection.
fn attend<T>(mut connection: Connection<Socket, T>, heard: Option<Arc<Heard>>) -> AbortHandle
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let moving = async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            match (message, &heard) {
                // Somebody cancelled a commit that waited for the standby. It would be answered as done; without the connection
                // it is not.
                (AsyncMessage::Notice(notice), _) if notice.routine() == Some("SyncRepWaitForLSN") => return,
                (AsyncMessage::Notification(notification), Some(heard)) => heard.note(notification.channel(), notification.payload()),
                _ => {}
            }
        }
        heard.inspect(|heard| heard.end());
    };
    tokio::spawn(moving).abort_handle()
}

/// A connection that is there when it can be.
pub(super) struct Link {
    address: Arc<PostgresAddress>,
    manner: Manner,
    state: tokio::sync::Mutex<State>,
}

#[derive(Default)]
struct State {
    session: Option<Arc<Session>>,
    failures: u32,
    again_at: Option<Instant>,
}

impl Link {
    pub fn new(address: Arc<PostgresAddress>, manner: Manner) -> Self {
        Self { address, manner, state: tokio::sync::Mutex::default() }
    }

    /// The connection, made again if it was lost; fails at once while it is too early to try again.
    pub async fn session(&self) -> Result<Arc<Session>, StoreError> {
        let mut state = self.state.lock().await;
        if let Some(session) = state.session.as_ref().filter(|session| session.is_open()) {
            return Ok(session.clone());
        }
        state.session = None;
        if state.again_at.is_some_and(|at| Instant::now() < at) {
            return Err(StoreError::Failed("the database cannot be reached".into()));
        }
        match Session::open(&self.address, self.manner, None).await {
            Ok(session) => {
                let session = Arc::new(session);
                *state = State { session: Some(session.clone()), ..State::default() };
                Ok(session)
            }
            Err(error) => {
                state.again_at = Some(Instant::now() + pause(state.failures));
                state.failures += 1;
                Err(error)
            }
        }
    }
}

/// How long to wait after so many failures before the one that just was.
pub(super) fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_PAUSE)
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        // The message alone: its detail may hold what is in a row.
        let said = error.as_db_error().map(|said| format!("{} ({})", said.message(), said.code().code()));
        Self::Failed(said.unwrap_or_else(|| error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_come_less_and_less_often_but_never_cease() {
        let pauses: Vec<_> = [0, 1, 2, 5, 6, 100, u32::MAX].map(|failures| pause(failures).as_millis()).into();
        assert_eq!(pauses, [50, 100, 200, 1_600, 2_000, 2_000, 2_000]);
    }
}
