//! The checkpoint over what a group of acts appended, in their transaction.

use super::{
    ledger::{self, checkpoint_row, with_nodes},
    rows::{number, signed},
    session::Session,
};
use crate::{
    ledger::Frontier,
    store::{CheckpointRow, CheckpointSigner, Growth, KeptCheckpoint, NewCheckpoint, PAGE, StoreError},
};

/// Has what the transaction appended signed, and keeps the checkpoint.
pub(super) async fn sign(db: &Session, signer: &dyn CheckpointSigner) -> Result<KeptCheckpoint, StoreError> {
    let known = signer.known().ok_or(StoreError::Unsigned)?;
    let NewCheckpoint { note, by, tree } = signer.sign(&growth(db, known).await?).ok_or(StoreError::Unsigned)?;
    let size = signed(tree.size())?;
    let number = ledger::keep(db, size, &note, &by.to_string()).await?.ok_or(StoreError::Unsigned)?;
    Ok(KeptCheckpoint { row: CheckpointRow { number, size, note }, tree })
}

async fn growth(db: &Session, known: u64) -> Result<Growth, StoreError> {
    let head = "SELECT (SELECT coalesce(max(seq), 0) FROM ledger_entries), newest.number, newest.size, newest.note
         FROM (SELECT 1) AS one
         LEFT JOIN (SELECT number, size, note FROM ledger_checkpoints ORDER BY number DESC LIMIT 1) AS newest ON true";
    let (head, own) = (db.one(head, &[]).await?, db.appended().clone());
    let size: u64 = number(&head, 0)?;
    let newest = if head.try_get::<_, Option<i64>>(1)?.is_some() { Some(checkpoint_row(&head, 1)?) } else { None };
    let covered = newest.as_ref().map_or(Ok(0), |_| number(&head, 2))?;
    let others = size.checked_sub(own.len() as u64).and_then(|before| before.checked_sub(covered));
    // Entries are missing; or there are so many that a transaction is no place to read them.
    let others = others.filter(|others| *others <= PAGE as u64).ok_or(StoreError::Unsigned)?;
    let (between, whole) = with_nodes(db, |node| {
        let between = if covered > known { Some((Frontier::read(known, &mut *node)?, Frontier::read(covered, &mut *node)?)) } else { None };
        Ok((between, Frontier::read(size, node)?))
    })
    .await?;
    let others = if others == 0 { Vec::new() } else { leaves(db, covered, others).await? };
    Ok(Growth { newest, between, others, own, whole })
}

/// The bytes of the `count` entries behind the first `after`.
async fn leaves(db: &Session, after: u64, count: u64) -> Result<Vec<Vec<u8>>, StoreError> {
    let leaves = "SELECT leaf FROM ledger_entries WHERE seq > $1 ORDER BY seq LIMIT $2";
    db.rows(leaves, &[&signed(after)?, &signed(count)?]).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
