//! The ledger's tables.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::{SqliteStore, signing};
use crate::{
    ledger::{Entry, Frontier, Hash, NodeId, VerifierKey, leaf_hash, tree},
    store::{CheckpointRow, CheckpointSigner, EntryRow, Head, LedgerStore, PAGE, StoreError, not_another_key},
    token::Cti,
};

/// The ledger's next line and the nodes that it completes, in the transaction of the act that it records.
pub(super) fn append(db: &Connection, entry: &Entry) -> Result<(), StoreError> {
    let leaf = entry.canonical_bytes();
    db.prepare_cached("INSERT INTO ledger_entries (leaf) VALUES (?1)")?.execute([&leaf])?;
    grow(db, db.last_insert_rowid(), &leaf)?;
    signing::appended(leaf_hash(&leaf));
    Ok(())
}

/// Appends only if the act changed something.
pub(super) fn recorded(db: &Connection, changed: usize, entry: &Entry) -> Result<bool, StoreError> {
    if changed > 0 {
        append(db, entry)?;
    }
    Ok(changed > 0)
}

/// Builds the tree over entries that were appended before it was kept.
pub(super) fn plant(db: &Connection) -> Result<(), StoreError> {
    let mut all = db.prepare("SELECT seq, leaf FROM ledger_entries ORDER BY seq")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let leaf: Vec<u8> = row.get(1)?;
        grow(db, row.get(0)?, &leaf)?;
    }
    Ok(())
}

fn grow(db: &Connection, number: i64, leaf: &[u8]) -> Result<(), StoreError> {
    let index = unsigned(number - 1)?;
    for (id, hash) in tree::completed(index, leaf_hash(leaf), |id| node(db, id))? {
        let mut keep = db.prepare_cached("INSERT INTO ledger_nodes (level, idx, hash) VALUES (?1, ?2, ?3)")?;
        keep.execute((id.level, signed(id.index)?, hash))?;
    }
    Ok(())
}

fn node(db: &Connection, id: NodeId) -> Result<Hash, StoreError> {
    if id.level == 0 {
        let leaf: Vec<u8> =
            db.prepare_cached("SELECT leaf FROM ledger_entries WHERE seq = ?1")?.query_row([signed(id.index)? + 1], |row| row.get(0))?;
        return Ok(leaf_hash(&leaf));
    }
    let mut kept = db.prepare_cached("SELECT hash FROM ledger_nodes WHERE level = ?1 AND idx = ?2")?;
    Ok(kept.query_row((id.level, signed(id.index)?), |row| row.get(0))?)
}

pub(super) fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Failed("a number of the ledger is too large".into()))
}

/// Where the ledger stands.
pub(super) fn head(db: &Connection) -> Result<Head, StoreError> {
    // The checkpoint first: what is appended meanwhile makes the size larger, never smaller.
    let newest = "SELECT number, size, note FROM ledger_checkpoints ORDER BY number DESC LIMIT 1";
    let checkpoint = db.prepare_cached(newest)?.query_row([], checkpoint_row).optional()?;
    let mut last = db.prepare_cached("SELECT coalesce(max(seq), 0) FROM ledger_entries")?;
    Ok(Head { size: unsigned(last.query_row([], |row| row.get(0))?)?, checkpoint })
}

/// The tree of the first `size` entries.
pub(super) fn frontier(db: &Connection, size: u64) -> Result<Frontier, StoreError> {
    Frontier::read(size, |id| node(db, id))
}

/// The bytes of the `count` entries behind the first `after`.
pub(super) fn leaves(db: &Connection, after: u64, count: u64) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut leaves = db.prepare_cached("SELECT leaf FROM ledger_entries WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
    Ok(leaves.query_map((signed(after)?, signed(count)?), |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Keeps a checkpoint, under the number that it gives; `None` where it is not kept.
pub(super) fn keep(db: &Connection, size: i64, note: &str, by: &str) -> Result<Option<i64>, StoreError> {
    // Each covers more entries than the one before, also where two sign at once, and none that is not there. A key that was
    // replaced meanwhile keeps none.
    let mut keep = db.prepare_cached(
        "INSERT INTO ledger_checkpoints (number, size, note)
         SELECT coalesce(max(number), 0) + 1, :size, :note FROM ledger_checkpoints
         HAVING :size > coalesce(max(size), 0) AND :size <= (SELECT max(seq) FROM ledger_entries)
            AND (SELECT ledger_key FROM deployment) = :by
         RETURNING number",
    )?;
    Ok(keep.query_row(named_params! {":size": size, ":note": note, ":by": by}, |row| row.get(0)).optional()?)
}

pub(super) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Failed("a number of the ledger is negative".into()))
}

#[async_trait]
impl LedgerStore for SqliteStore {
    async fn head(&self) -> Result<Head, StoreError> {
        self.read(head).await
    }

    fn sign_with(&self, signer: Arc<dyn CheckpointSigner>) -> Result<(), StoreError> {
        self.signed.by(signer)
    }

    async fn frontier(&self, size: u64) -> Result<Frontier, StoreError> {
        self.snapshot(move |db| frontier(db, size)).await
    }

    async fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, StoreError> {
        self.snapshot(move |db| tree::inclusion_proof(index, size, |id| node(db, id))).await
    }

    async fn consistency(&self, first: u64, second: u64) -> Result<Vec<Hash>, StoreError> {
        self.snapshot(move |db| tree::consistency_proof(first, second, |id| node(db, id))).await
    }

    async fn issued(&self, cti: Cti) -> Result<Option<u64>, StoreError> {
        self.read(move |db| {
            // The very expressions of the index ledger_issued.
            let mut by_token = db.prepare_cached(
                "SELECT seq FROM ledger_entries
                 WHERE CASE WHEN json_valid(CAST(leaf AS TEXT)) THEN json_extract(CAST(leaf AS TEXT), '$.cti') END = ?1
                   AND instr(CAST(leaf AS TEXT), '\"event\":\"token_issued\"') > 0",
            )?;
            by_token.query_row([cti.to_string()], |row| row.get(0)).optional()?.map(unsigned).transpose()
        })
        .await
    }

    async fn keep_checkpoint(&self, size: u64, note: String, by: &VerifierKey) -> Result<bool, StoreError> {
        let (size, by) = (signed(size)?, by.to_string());
        self.write(move |db| {
            let kept = keep(db, size, &note, &by)?;
            if kept.is_none() {
                let in_force: String = db.prepare_cached("SELECT ledger_key FROM deployment")?.query_row([], |row| row.get(0))?;
                not_another_key(&in_force, &by)?;
            }
            Ok(kept.is_some())
        })
        .await
    }

    async fn ledger_key_changes(&self) -> Result<Vec<EntryRow>, StoreError> {
        self.read(|db| {
            // What no checkpoint covers is read through: nothing is signed behind a change that somebody else wrote there.
            let mut all = db.prepare_cached(
                r#"SELECT seq, leaf FROM ledger_entries WHERE seq IN (SELECT seq FROM ledger_key_changes)
                 UNION SELECT seq, leaf FROM ledger_entries
                 WHERE seq > coalesce((SELECT size FROM ledger_checkpoints ORDER BY number DESC LIMIT 1), 0)
                   AND instr(CAST(leaf AS TEXT), '"event":"ledger_key_changed"') > 0
                 ORDER BY seq"#,
            )?;
            Ok(all.query_map([], entry_row)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn change_ledger_key(&self, old: &VerifierKey, new: &VerifierKey, size: u64, entry: Entry) -> Result<bool, StoreError> {
        let (old, new, size) = (old.to_string(), new.to_string(), signed(size)?);
        self.write(move |db| {
            let changed = db
                .prepare_cached(
                    "UPDATE deployment SET ledger_key = :new
                     WHERE ledger_key = :old AND (SELECT coalesce(max(size), 0) FROM ledger_checkpoints) = :size",
                )?
                .execute(named_params! {":new": new, ":old": old, ":size": size})?;
            if recorded(db, changed, &entry)? {
                db.prepare_cached("INSERT INTO ledger_key_changes (seq) SELECT max(seq) FROM ledger_entries")?.execute([])?;
            }
            Ok(changed > 0)
        })
        .await
    }

    async fn entries(&self, after: i64) -> Result<Vec<EntryRow>, StoreError> {
        self.read(move |db| {
            let mut page = db.prepare_cached("SELECT seq, leaf FROM ledger_entries WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
            Ok(page.query_map((after, PAGE.cast_signed()), entry_row)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn checkpoints(&self, after: i64) -> Result<Vec<CheckpointRow>, StoreError> {
        self.read(move |db| {
            let page = "SELECT number, size, note FROM ledger_checkpoints WHERE number > ?1 ORDER BY number LIMIT ?2";
            let mut page = db.prepare_cached(page)?;
            Ok(page.query_map((after, PAGE.cast_signed()), checkpoint_row)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn first_checkpoint(&self, covers: i64) -> Result<Option<CheckpointRow>, StoreError> {
        self.read(move |db| {
            let first = "SELECT number, size, note FROM ledger_checkpoints WHERE size >= ?1 ORDER BY size LIMIT 1";
            Ok(db.prepare_cached(first)?.query_row([covers], checkpoint_row).optional()?)
        })
        .await
    }

    async fn nodes(&self, level: u32, from: u64, until: u64) -> Result<Vec<(NodeId, Hash)>, StoreError> {
        let (from, until) = (signed(from)?, signed(until)?);
        self.read(move |db| {
            let range = "SELECT idx, hash FROM ledger_nodes WHERE level = ?1 AND idx >= ?2 AND idx < ?3 ORDER BY idx";
            let mut range = db.prepare_cached(range)?;
            let rows = range.query_map((level, from, until), |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.map(|row| row.map_err(StoreError::from).and_then(|(idx, hash)| Ok((NodeId { level, index: unsigned(idx)? }, hash))))
                .collect()
        })
        .await
    }

    async fn node_count(&self) -> Result<u64, StoreError> {
        self.read(|db| unsigned(db.query_row("SELECT count(*) FROM ledger_nodes", [], |row| row.get(0))?)).await
    }
}

fn entry_row(row: &Row<'_>) -> rusqlite::Result<EntryRow> {
    Ok(EntryRow { number: row.get(0)?, leaf: row.get(1)? })
}

fn checkpoint_row(row: &Row<'_>) -> rusqlite::Result<CheckpointRow> {
    Ok(CheckpointRow { number: row.get(0)?, size: row.get(1)?, note: row.get(2)? })
}
