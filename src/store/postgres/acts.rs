//! The issuer's writes. Every act grows the ledger, so they happen one after the other, whichever process does them; those
//! that arrive together share one commit.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::{
    session::{Link, Session, WAIT_FOR_STANDBY},
    turn,
};
use crate::{health::Recurring, store::StoreError};

/// Acts that may wait.
const QUEUE: usize = 4_096;
/// Acts in one transaction.
const GROUP: usize = 64;

/// Runs inside the transaction, or is told why there is none; what it returns is called once the transaction has ended.
type Job = Box<dyn for<'a> FnOnce(Result<&'a Session, &'a StoreError>) -> BoxFuture<'a, Answer> + Send>;
type Answer = Box<dyn FnOnce(Result<(), &StoreError>) + Send>;

/// The queue of acts, with its own connection.
pub(super) struct Acts(mpsc::Sender<Job>);

impl Acts {
    pub fn start(link: Arc<Link>) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE);
        tokio::spawn(attend(link, queue));
        Self(sender)
    }

    /// Runs an act; answers once it is durable. An act that fails or is refused takes back its own statements and no others.
    pub async fn run<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        act: impl for<'a> FnOnce(&'a Session) -> BoxFuture<'a, Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            Box::pin(async move {
                let result = match db {
                    Ok(db) => in_savepoint(db, act).await,
                    Err(error) => Err(error.clone().into()),
                };
                let tell: Answer = Box::new(move |committed| {
                    // Nobody may be waiting any more; the act stands all the same.
                    let _ = answer.send(committed.map_err(|error| error.clone().into()).and(result));
                });
                tell
            })
        });
        self.0.try_send(job).map_err(|_| StoreError::Busy)?;
        answered.await.map_err(|_| StoreError::Failed("its lane ended".into()))?
    }
}

/// Until nobody can act any more.
async fn attend(link: Arc<Link>, mut queue: mpsc::Receiver<Job>) {
    let mut group = Vec::with_capacity(GROUP);
    while queue.recv_many(&mut group, GROUP).await > 0 {
        commit_together(&link, group.drain(..)).await;
    }
}

static COMMITS: Recurring = Recurring::new("store_commit");

/// One transaction for all; answers are given only after it is durable, or after it is known to have failed.
async fn commit_together(link: &Link, jobs: impl Iterator<Item = Job>) {
    let begun = async {
        let session = link.session().await?;
        // The server may have begun the transaction and aborted it: nothing could be done on this connection any more.
        turn::begin_acts(&session).await.inspect_err(|_| session.close())?;
        Ok(session)
    };
    let begun = begun.await;
    let mut answers = Vec::new();
    for job in jobs {
        answers.push(job(begun.as_deref()).await);
    }
    let committed = match &begun {
        // An act that finds itself already done writes nothing of its own to wait for.
        Ok(session) => session.batch(&format!("{WAIT_FOR_STANDBY}; COMMIT")).await.inspect_err(|_| session.close()),
        Err(error) => Err(error.clone()),
    };
    match &committed {
        Ok(()) => COMMITS.ok(),
        Err(error) => COMMITS.failed(&format!("a group of acts was not committed: {error}")),
    }
    for answer in answers {
        answer(committed.as_ref().copied());
    }
}

async fn in_savepoint<T, E: From<StoreError>>(
    db: &Session,
    act: impl for<'a> FnOnce(&'a Session) -> BoxFuture<'a, Result<T, E>>,
) -> Result<T, E> {
    db.batch("SAVEPOINT operation").await.inspect_err(|_| db.close())?;
    let result = act(db).await;
    let ended = db.batch(if result.is_ok() { "RELEASE operation" } else { "ROLLBACK TO operation" }).await;
    if ended.is_err() {
        // COMMIT of a transaction that failed says nothing and keeps nothing; without the connection it cannot be said.
        db.close();
    }
    ended.map_err(E::from).and(result)
}
