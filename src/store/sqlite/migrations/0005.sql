-- Which deployment this store belongs to. Written once, when the store is bound to a key folder; `epoch` rises when an older
-- copy is restored, `ledger_key` changes with a recorded `ledger_key_changed`.
CREATE TABLE deployment (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    id         BLOB NOT NULL CHECK (length(id) = 16),
    epoch      INTEGER NOT NULL CHECK (epoch > 0),
    issuer     TEXT NOT NULL,
    root       BLOB NOT NULL CHECK (length(root) = 32),
    ledger_key TEXT NOT NULL
) STRICT;

-- One row a successful health probe: a store that reads and does not write is not ready. Kept for an hour.
CREATE TABLE heartbeats (
    at INTEGER NOT NULL
) STRICT;

CREATE INDEX heartbeats_by_time ON heartbeats (at);

-- The passkey or program credential with which a token was issued, by the first eight bytes of its hash; NULL for tokens from
-- before this was recorded. Revoking it withdraws the token.
ALTER TABLE tokens ADD COLUMN access BLOB CHECK (length(access) = 8);

-- Where the entries that name another key of the ledger are. An index over what is in them would be asked at every entry.
CREATE TABLE ledger_key_changes (
    seq INTEGER PRIMARY KEY
) STRICT;

-- Columns in the order in which SQLite keeps them, the key first: in a table without rowid in any other order, SQLite 3.40 (that
-- of Debian 12) finds NULL in a wrong column, and calls a sound store damaged.
ALTER TABLE marks RENAME TO old_marks;

-- One row a used token: the primary key is what makes a use single.
CREATE TABLE marks (
    expires_at       INTEGER NOT NULL,
    cti              BLOB NOT NULL,
    first_checked_at INTEGER NOT NULL CHECK (first_checked_at % 60 = 0),
    attempt          BLOB CHECK (length(attempt) = 32),
    PRIMARY KEY (expires_at, cti),
    FOREIGN KEY (expires_at, cti) REFERENCES tokens
) STRICT, WITHOUT ROWID;

INSERT INTO marks (expires_at, cti, first_checked_at, attempt)
    SELECT expires_at, cti, first_checked_at, attempt FROM old_marks ORDER BY expires_at, cti;

DROP TABLE old_marks;

-- The newest time that an issuer believed. Written twice a minute while its clock agrees with all that it is compared with; 0
-- where it never did.
CREATE TABLE issuer_time (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    at       INTEGER NOT NULL
) STRICT;

INSERT INTO issuer_time (only_row, at) VALUES (1, 0);
