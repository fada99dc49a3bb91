//! Work of one kind that arrives together is done together: while one group is on its way to the disk the next one
//! gathers, so a single one waits for nothing and a thousand share one round trip and one sync.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use super::session::{Link, Session};
use crate::store::StoreError;

/// What may wait; more is refused at once, so that a stalled database cannot pile it up.
const QUEUE: usize = 4_096;
/// What is done in one transaction.
const GROUP: usize = 256;

/// How a group is worked off.
#[async_trait]
pub(super) trait Together: Send + 'static {
    /// What each asks.
    type Asked: Send + Sync + 'static;
    /// What each is answered.
    type Answer: Send + 'static;

    /// Answers all, in their order, once it is durable; or fails, and nothing happened to any.
    async fn answer(session: &Session, group: &[Self::Asked]) -> Result<Vec<Self::Answer>, StoreError>;
}

type Waiting<W> = (<W as Together>::Asked, oneshot::Sender<Result<<W as Together>::Answer, StoreError>>);

/// A queue with its own connection.
pub(super) struct Lane<W: Together>(mpsc::Sender<Waiting<W>>);

impl<W: Together> Lane<W> {
    pub fn start(link: Arc<Link>) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE);
        tokio::spawn(attend::<W>(link, queue));
        Self(sender)
    }

    pub async fn ask(&self, asked: W::Asked) -> Result<W::Answer, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send((asked, answer)).map_err(|_| StoreError::Busy)?;
        answered.await.map_err(|_| StoreError::Failed("its lane ended".into()))?
    }
}

/// Until nobody can ask any more.
async fn attend<W: Together>(link: Arc<Link>, mut queue: mpsc::Receiver<Waiting<W>>) {
    let mut group = Vec::with_capacity(GROUP);
    while queue.recv_many(&mut group, GROUP).await > 0 {
        let (asked, waiting): (Vec<_>, Vec<_>) = group.drain(..).unzip();
        // Nobody may be waiting any more; what was done stands all the same.
        match in_one::<W>(&link, &asked).await {
            Ok(answers) => answers.into_iter().zip(waiting).for_each(|(answer, waiting)| drop(waiting.send(Ok(answer)))),
            Err(error) => waiting.into_iter().for_each(|waiting| drop(waiting.send(Err(error.clone())))),
        }
    }
}

async fn in_one<W: Together>(link: &Link, asked: &[W::Asked]) -> Result<Vec<W::Answer>, StoreError> {
    let session: Arc<Session> = link.session().await?;
    let answered = W::answer(&session, asked).await;
    if answered.is_err() {
        // Whatever it left open goes with it.
        session.close();
    }
    answered
}
