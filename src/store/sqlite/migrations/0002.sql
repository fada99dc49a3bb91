-- Signing keys that a published set named. They move pending > active > retired > removed, and never back.
CREATE TABLE signing_keys (
    kid        BLOB PRIMARY KEY CHECK (length(kid) = 32),
    stage      TEXT NOT NULL CHECK (stage IN ('pending', 'active', 'retired', 'removed')),
    since      INTEGER NOT NULL,
    revoked_at INTEGER,
    reason     TEXT,
    CHECK ((revoked_at IS NULL) = (reason IS NULL)),
    -- A revoked key signs nothing, whichever way it is asked to.
    CHECK (revoked_at IS NULL OR stage IN ('retired', 'removed'))
) STRICT, WITHOUT ROWID;

-- One key signs for everybody: two would tell tokens apart.
CREATE UNIQUE INDEX one_active_key ON signing_keys (stage) WHERE stage = 'active';

-- Roots of complete subtrees of the ledger's Merkle tree (RFC 6962), of two leaves and more. They never change, so an
-- entry adds one row on average and a proof reads as many as the tree is high.
CREATE TABLE ledger_nodes (
    level INTEGER NOT NULL CHECK (level > 0),
    idx   INTEGER NOT NULL CHECK (idx >= 0),
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- Signed notes, numbered without a gap, so that one that is taken out of their row is missed.
CREATE TABLE ledger_checkpoints (
    number INTEGER PRIMARY KEY,
    size   INTEGER NOT NULL UNIQUE,
    note   TEXT NOT NULL
) STRICT;

-- Finds the entry that issued a token. An entry that somebody broke is no reason to fail here; the audit tells of it.
CREATE INDEX ledger_issued ON ledger_entries
    (CASE WHEN json_valid(CAST(leaf AS TEXT)) THEN json_extract(CAST(leaf AS TEXT), '$.cti') END)
    WHERE instr(CAST(leaf AS TEXT), '"event":"token_issued"') > 0;
