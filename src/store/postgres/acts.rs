//! The issuer's writes. Every act grows the ledger, so they happen one after the other, whichever process does them; those
//! that arrive together share one commit.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::{
    session::{Link, Session, WAIT_FOR_STANDBY},
    signing, turn,
};
use crate::{
    health::Recurring,
    store::{
        KeptCheckpoint, StoreError,
        signing::{Answer, Done, Signed, Signing, answer_all},
    },
};

/// Acts that may wait.
const QUEUE: usize = 4_096;
/// Acts in one transaction.
const GROUP: usize = 64;

/// An act that waits.
struct Job {
    /// Whether it may not be without a checkpoint over what it appends, where the ledger is signed at all.
    is_signed: bool,
    run: Run,
}

/// Runs inside the transaction, or gets the reason why there is none; what it returns is called once the transaction has ended.
type Run = Box<dyn for<'a> FnOnce(Result<&'a Session, &'a StoreError>) -> BoxFuture<'a, Answer> + Send>;

/// The queue of acts, with its own connection.
pub(super) struct Acts {
    queue: mpsc::Sender<Job>,
    signed: Arc<Signed>,
}

impl Acts {
    pub fn start(link: Arc<Link>) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let signed = Arc::<Signed>::default();
        tokio::spawn(attend(link, jobs, signed.clone()));
        Self { queue, signed }
    }

    /// Who signs what they append.
    pub fn signed(&self) -> &Signed {
        &self.signed
    }

    /// Runs an act; answers once it is durable. An act that fails or is refused takes back its own statements and no others.
    pub async fn run<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        act: impl for<'a> FnOnce(&'a Session) -> BoxFuture<'a, Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        self.submit(false, act).await
    }

    /// The same for what may not be without a checkpoint over it.
    pub async fn run_signed<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        act: impl for<'a> FnOnce(&'a Session) -> BoxFuture<'a, Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        self.submit(true, act).await
    }

    async fn submit<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        is_signed: bool,
        act: impl for<'a> FnOnce(&'a Session) -> BoxFuture<'a, Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        let (answer, answered) = oneshot::channel();
        let run: Run = Box::new(move |db| {
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
        self.queue.try_send(Job { is_signed, run }).map_err(|_| StoreError::Busy)?;
        answered.await.map_err(|_| StoreError::Failed("its lane ended".into()))?
    }
}

/// Until nobody can act any more.
async fn attend(link: Arc<Link>, mut queue: mpsc::Receiver<Job>, signed: Arc<Signed>) {
    let mut group = Vec::with_capacity(GROUP);
    while queue.recv_many(&mut group, GROUP).await > 0 {
        commit_together(&link, signed.now().as_ref(), group.drain(..)).await;
    }
}

static COMMITS: Recurring = Recurring::new("store_commit");

/// One transaction for all; answers are given only after it is durable, or after it is known to have failed.
async fn commit_together(link: &Link, signing: Option<&Signing>, jobs: impl Iterator<Item = Job>) {
    let begun = async {
        let session = link.session().await?;
        session.appended().clear();
        // The server may have begun the transaction and aborted it: nothing could be done on this connection any more.
        turn::begin_acts(&session).await.inspect_err(|_| session.close())?;
        Ok(session)
    };
    let begun = begun.await;
    // Those that need a checkpoint last, so that they alone can be taken back.
    let (signed, others): (Vec<Job>, Vec<Job>) = jobs.partition(|job| job.is_signed);
    let mut done = run_all(begun.as_deref(), others).await;
    let (signed, kept) = run_signed(begun.as_deref(), signing, signed).await;
    done.extend(signed);
    let committed = match &begun {
        // An act that finds itself already done writes nothing of its own to wait for.
        Ok(session) => session.batch(&format!("{WAIT_FOR_STANDBY}; COMMIT")).await.inspect_err(|_| session.close()),
        Err(error) => Err(error.clone()),
    };
    match &committed {
        Ok(()) => COMMITS.ok(),
        Err(error) => COMMITS.failed(&format!("a group of acts was not committed: {error}")),
    }
    answer_all(&committed, done, signing.zip(kept));
}

async fn run_all(begun: Result<&Session, &StoreError>, jobs: Vec<Job>) -> Vec<Done> {
    let count = || begun.map_or(0, |db| db.appended().len());
    let mut done = Vec::with_capacity(jobs.len());
    for job in jobs {
        let before = count();
        let answer = (job.run)(begun).await;
        done.push(Done { appended: count() > before, is_unsigned: false, answer });
    }
    done
}

/// Runs what needs a checkpoint, and has all signed that the transaction appended. Where that fails, the rest goes on unsigned: what
/// takes something back is never held up.
async fn run_signed(
    begun: Result<&Session, &StoreError>,
    signing: Option<&Signing>,
    jobs: Vec<Job>,
) -> (Vec<Done>, Option<KeptCheckpoint>) {
    let (Ok(db), Some(signing)) = (begun, signing) else { return (run_all(begun, jobs).await, None) };
    let before = db.appended().len();
    if before == 0 && jobs.is_empty() {
        return (Vec::new(), None);
    }
    let begun = db.batch("SAVEPOINT checkpoint").await.inspect_err(|_| db.close());
    let mut done = run_all(begun.as_ref().map(|()| db), jobs).await;
    if db.appended().is_empty() {
        return (done, None);
    }
    if let Ok(kept) = signing::sign(db, &*signing.signer).await {
        return (done, Some(kept));
    }
    signing.signer.give_up();
    db.appended().truncate(before);
    for act in &mut done {
        act.is_unsigned = act.appended;
    }
    if db.batch("ROLLBACK TO checkpoint").await.is_err() {
        // As with an act: nothing of it may be committed.
        db.close();
    }
    (done, None)
}

async fn in_savepoint<T, E: From<StoreError>>(
    db: &Session,
    act: impl for<'a> FnOnce(&'a Session) -> BoxFuture<'a, Result<T, E>>,
) -> Result<T, E> {
    db.batch("SAVEPOINT operation").await.inspect_err(|_| db.close())?;
    let appended = db.appended().len();
    let result = act(db).await;
    if result.is_err() {
        db.appended().truncate(appended);
    }
    let ended = db.batch(if result.is_ok() { "RELEASE operation" } else { "ROLLBACK TO operation" }).await;
    if ended.is_err() {
        // COMMIT of a transaction that failed says nothing and keeps nothing; without the connection it cannot be said.
        db.close();
    }
    ended.map_err(E::from).and(result)
}
