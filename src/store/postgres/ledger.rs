//! The ledger's tables.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use tokio_postgres::Row;

use super::{
    PostgresStore,
    rows::{number, signed},
    session::Session,
};
use crate::{
    ledger::{Entry, Frontier, Hash, NodeId, VerifierKey, leaf_hash, tree},
    store::{CheckpointRow, CheckpointSigner, EntryRow, Head, LedgerStore, PAGE, StoreError, not_another_key},
    token::Cti,
};

/// How the tree asks for its nodes.
type Ask<'a> = &'a mut dyn FnMut(NodeId) -> Result<Hash, StoreError>;

/// The ledger's next line and the nodes that it completes, in the transaction of the act that it records.
pub(super) async fn append(db: &Session, entry: &Entry) -> Result<(), StoreError> {
    let leaf = entry.canonical_bytes();
    let next = "INSERT INTO ledger_entries (seq, leaf) SELECT coalesce(max(seq), 0) + 1, $1 FROM ledger_entries RETURNING seq";
    let seq: i64 = db.one(next, &[&leaf]).await?.try_get(0)?;
    let (index, leaf) = (seq.cast_unsigned() - 1, leaf_hash(&leaf));
    db.appended().push(leaf);
    let completed = with_nodes(db, |node| tree::completed(index, leaf, node)).await?;
    if completed.is_empty() {
        return Ok(());
    }
    let levels: Vec<i64> = completed.iter().map(|(id, _)| id.level.into()).collect();
    let indices = completed.iter().map(|(id, _)| signed(id.index)).collect::<Result<Vec<_>, _>>()?;
    let hashes: Vec<&[u8]> = completed.iter().map(|(_, hash)| hash.as_slice()).collect();
    let keep = "INSERT INTO ledger_nodes (level, idx, hash) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])";
    db.execute(keep, &[&levels, &indices, &hashes]).await?;
    Ok(())
}

/// Appends only if the act changed something.
pub(super) async fn recorded(db: &Session, changed: u64, entry: &Entry) -> Result<bool, StoreError> {
    if changed > 0 {
        append(db, entry).await?;
    }
    Ok(changed > 0)
}

/// Works on nodes of the tree. Which ones does not depend on what they are, so that they are all read by one statement,
/// which is of one moment.
pub(super) async fn with_nodes<T>(db: &Session, work: impl Fn(Ask<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let mut wanted = Vec::new();
    work(&mut |id| {
        wanted.push(id);
        Ok([0; 32])
    })?;
    let nodes = read(db, &wanted).await?;
    work(&mut |id| nodes.get(&id).copied().ok_or_else(|| StoreError::Failed("a node of the ledger is missing".into())))
}

async fn read(db: &Session, wanted: &[NodeId]) -> Result<HashMap<NodeId, Hash>, StoreError> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let levels: Vec<i64> = wanted.iter().map(|id| id.level.into()).collect();
    let indices = wanted.iter().map(|id| signed(id.index)).collect::<Result<Vec<_>, _>>()?;
    let rows = db
        .rows(
            "WITH wanted AS (SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS wanted (level, idx))
             SELECT level, idx, hash FROM wanted JOIN ledger_nodes USING (level, idx)
             UNION ALL SELECT level, idx, leaf FROM wanted JOIN ledger_entries ON seq = idx + 1 WHERE level = 0",
            &[&levels, &indices],
        )
        .await?;
    let node = |row: &Row| {
        let id = NodeId { level: number(row, 0)?, index: number(row, 1)? };
        let bytes: &[u8] = row.try_get(2)?;
        Ok((id, if id.level == 0 { leaf_hash(bytes) } else { hash(bytes)? }))
    };
    rows.iter().map(node).collect()
}

fn hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|_| StoreError::Failed("a node of the ledger is damaged".into()))
}

/// Keeps a checkpoint, under the number that it gives; `None` where it is not kept.
pub(super) async fn keep(db: &Session, size: i64, note: &str, by: &str) -> Result<Option<i64>, StoreError> {
    // Each covers more entries than the one before, also where two sign at once, and none that is not there. A key that was
    // replaced meanwhile keeps none.
    let keep = "INSERT INTO ledger_checkpoints (number, size, note)
         SELECT coalesce(max(number), 0) + 1, $1::bigint, $2::text FROM ledger_checkpoints
         HAVING $1 > coalesce(max(size), 0) AND $1 <= (SELECT max(seq) FROM ledger_entries)
            AND (SELECT ledger_key FROM deployment) = $3
         RETURNING number";
    db.maybe(keep, &[&size, &note, &by]).await?.map(|row| Ok(row.try_get(0)?)).transpose()
}

#[async_trait]
impl LedgerStore for PostgresStore {
    async fn head(&self) -> Result<Head, StoreError> {
        let db = self.reading().await?;
        // The checkpoint first: what is appended meanwhile makes the size larger, never smaller.
        let newest = "SELECT number, size, note FROM ledger_checkpoints ORDER BY number DESC LIMIT 1";
        let checkpoint = db.maybe(newest, &[]).await?.as_ref().map(|row| checkpoint_row(row, 0)).transpose()?;
        let last = db.one("SELECT coalesce(max(seq), 0) FROM ledger_entries", &[]).await?;
        Ok(Head { size: number(&last, 0)?, checkpoint })
    }

    fn sign_with(&self, signer: Arc<dyn CheckpointSigner>) -> Result<(), StoreError> {
        self.acts.signed().by(signer)
    }

    async fn frontier(&self, size: u64) -> Result<Frontier, StoreError> {
        with_nodes(&*self.reading().await?, |node| Frontier::read(size, node)).await
    }

    async fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, StoreError> {
        with_nodes(&*self.reading().await?, |node| tree::inclusion_proof(index, size, node)).await
    }

    async fn consistency(&self, first: u64, second: u64) -> Result<Vec<Hash>, StoreError> {
        with_nodes(&*self.reading().await?, |node| tree::consistency_proof(first, second, node)).await
    }

    async fn issued(&self, cti: Cti) -> Result<Option<u64>, StoreError> {
        // The very expressions of the index ledger_issued.
        let by_token = "SELECT seq FROM ledger_entries
            WHERE substring(encode(leaf, 'escape') FROM '\"cti\":\"([0-9a-f]{16})\"') = $1
              AND position('\"event\":\"token_issued\"'::bytea IN leaf) > 0";
        let row = self.reading().await?.maybe(by_token, &[&cti.to_string()]).await?;
        row.as_ref().map(|row| number(row, 0)).transpose()
    }

    async fn keep_checkpoint(&self, size: u64, note: String, by: &VerifierKey) -> Result<bool, StoreError> {
        let (size, by) = (signed(size)?, by.to_string());
        self.acts
            .run(move |db| {
                Box::pin(async move {
                    let kept = keep(db, size, &note, &by).await?.is_some();
                    if !kept {
                        let in_force = db.one("SELECT ledger_key FROM deployment", &[]).await?;
                        not_another_key(in_force.try_get(0)?, &by)?;
                    }
                    Ok(kept)
                })
            })
            .await
    }

    async fn ledger_key_changes(&self) -> Result<Vec<EntryRow>, StoreError> {
        // What no checkpoint covers is read through: nothing is signed behind a change that somebody else wrote there.
        let all = r#"SELECT seq, leaf FROM ledger_entries WHERE seq IN (SELECT seq FROM ledger_key_changes)
             UNION SELECT seq, leaf FROM ledger_entries
             WHERE seq > coalesce((SELECT size FROM ledger_checkpoints ORDER BY number DESC LIMIT 1), 0)
               AND position('"event":"ledger_key_changed"'::bytea IN leaf) > 0
             ORDER BY seq"#;
        self.reading().await?.rows(all, &[]).await?.iter().map(entry_row).collect()
    }

    async fn change_ledger_key(&self, old: &VerifierKey, new: &VerifierKey, size: u64, entry: Entry) -> Result<bool, StoreError> {
        let (old, new, size) = (old.to_string(), new.to_string(), signed(size)?);
        let change = "UPDATE deployment SET ledger_key = $1
             WHERE ledger_key = $2 AND (SELECT coalesce(max(size), 0) FROM ledger_checkpoints) = $3";
        self.acts
            .run(move |db| {
                Box::pin(async move {
                    let changed = recorded(db, db.execute(change, &[&new, &old, &size]).await?, &entry).await?;
                    if changed {
                        db.execute("INSERT INTO ledger_key_changes (seq) SELECT max(seq) FROM ledger_entries", &[]).await?;
                    }
                    Ok(changed)
                })
            })
            .await
    }

    async fn entries(&self, after: i64) -> Result<Vec<EntryRow>, StoreError> {
        let page = "SELECT seq, leaf FROM ledger_entries WHERE seq > $1 ORDER BY seq LIMIT $2";
        let rows = self.reading().await?.rows(page, &[&after, &signed(PAGE as u64)?]).await?;
        rows.iter().map(entry_row).collect()
    }

    async fn checkpoints(&self, after: i64) -> Result<Vec<CheckpointRow>, StoreError> {
        let page = "SELECT number, size, note FROM ledger_checkpoints WHERE number > $1 ORDER BY number LIMIT $2";
        self.reading().await?.rows(page, &[&after, &signed(PAGE as u64)?]).await?.iter().map(|row| checkpoint_row(row, 0)).collect()
    }

    async fn first_checkpoint(&self, covers: i64) -> Result<Option<CheckpointRow>, StoreError> {
        let first = "SELECT number, size, note FROM ledger_checkpoints WHERE size >= $1 ORDER BY size LIMIT 1";
        self.reading().await?.maybe(first, &[&covers]).await?.as_ref().map(|row| checkpoint_row(row, 0)).transpose()
    }

    async fn nodes(&self, level: u32, from: u64, until: u64) -> Result<Vec<(NodeId, Hash)>, StoreError> {
        let range = "SELECT idx, hash FROM ledger_nodes WHERE level = $1 AND idx >= $2 AND idx < $3 ORDER BY idx";
        let rows = self.reading().await?.rows(range, &[&i64::from(level), &signed(from)?, &signed(until)?]).await?;
        rows.iter().map(|row| Ok((NodeId { level, index: number(row, 0)? }, hash(row.try_get(1)?)?))).collect()
    }

    async fn node_count(&self) -> Result<u64, StoreError> {
        number(&self.reading().await?.one("SELECT count(*) FROM ledger_nodes", &[]).await?, 0)
    }
}

fn entry_row(row: &Row) -> Result<EntryRow, StoreError> {
    Ok(EntryRow { number: row.try_get(0)?, leaf: row.try_get(1)? })
}

/// Of its three columns, the first of which is the one at `at`.
pub(super) fn checkpoint_row(row: &Row, at: usize) -> Result<CheckpointRow, StoreError> {
    Ok(CheckpointRow { number: row.try_get(at)?, size: row.try_get(at + 1)?, note: row.try_get(at + 2)? })
}
