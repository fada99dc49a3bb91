CREATE TABLE officers (
    callsign     TEXT PRIMARY KEY,
    role         TEXT NOT NULL CHECK (role IN ('officer', 'approver', 'administrator', 'overseer')),
    enrolled_at  INTEGER NOT NULL,
    suspended_at INTEGER
) STRICT, WITHOUT ROWID;

-- Program credentials, by SHA-256 alone: a copy of the store opens nothing.
CREATE TABLE credentials (
    hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
    callsign   TEXT NOT NULL REFERENCES officers,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE authorisations (
    id            BLOB PRIMARY KEY CHECK (length(id) = 8),
    reference     TEXT NOT NULL,
    channels      TEXT NOT NULL,
    starts_at     INTEGER NOT NULL,
    ends_at       INTEGER NOT NULL,
    max_tokens    INTEGER NOT NULL,
    tokens_issued INTEGER NOT NULL DEFAULT 0 CHECK (tokens_issued <= max_tokens),
    asked_by      TEXT NOT NULL REFERENCES officers,
    asked_at      INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('asked', 'approved', 'refused', 'withdrawn')),
    decided_by    TEXT REFERENCES officers,
    decided_at    INTEGER,
    -- The asker never decides, whichever way the request comes.
    CHECK (decided_by IS NULL OR decided_by <> asked_by),
    CHECK (state <> 'approved' OR decided_by IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX authorisations_by_asker ON authorisations (asked_by);

CREATE TABLE tokens (
    cti           BLOB PRIMARY KEY CHECK (length(cti) = 8),
    sha256        BLOB NOT NULL CHECK (length(sha256) = 32),
    kid           BLOB NOT NULL CHECK (length(kid) = 4),
    authorisation BLOB NOT NULL REFERENCES authorisations,
    channel       TEXT NOT NULL,
    issued_at     INTEGER NOT NULL,
    starts_at     INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    withdrawn_at  INTEGER,
    -- Kept only while the code is meant to be spoken.
    code          INTEGER UNIQUE,
    bytes         BLOB,
    CHECK ((code IS NULL) = (bytes IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX tokens_by_end ON tokens (expires_at);
CREATE INDEX tokens_speakable ON tokens (expires_at) WHERE code IS NOT NULL;
CREATE INDEX tokens_by_authorisation ON tokens (authorisation);

-- One row a used token: the primary key is what makes a use single.
CREATE TABLE marks (
    cti              BLOB PRIMARY KEY REFERENCES tokens,
    attempt          BLOB CHECK (length(attempt) = 32),
    first_checked_at INTEGER NOT NULL CHECK (first_checked_at % 60 = 0)
) STRICT, WITHOUT ROWID;

-- Marks that the ledger does not know yet. Appended, because an index on marks would change a second page at random for
-- every mark, which is a good part of what it costs. The order of checks is gone when the ledger knows them.
CREATE TABLE unreported (
    seq INTEGER PRIMARY KEY,
    cti BLOB NOT NULL
) STRICT;

CREATE TABLE misses (
    minute INTEGER PRIMARY KEY,
    count  INTEGER NOT NULL CHECK (count >= 0)
) STRICT;

CREATE TABLE key_sets (
    version INTEGER PRIMARY KEY,
    jwt     TEXT NOT NULL
) STRICT;

CREATE TABLE purged (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    through  INTEGER NOT NULL
) STRICT;

INSERT INTO purged VALUES (1, 0);

CREATE TABLE ledger_entries (
    seq  INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL
) STRICT;
