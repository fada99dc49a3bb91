-- Which deployment this store belongs to. Written once, when the store is bound to a key folder; `epoch` rises when an older
-- copy is restored, `ledger_key` changes with a recorded `ledger_key_changed`.
CREATE TABLE deployment (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    id         BYTEA NOT NULL CHECK (length(id) = 16),
    epoch      BIGINT NOT NULL CHECK (epoch > 0),
    issuer     TEXT NOT NULL,
    root       BYTEA NOT NULL CHECK (length(root) = 32),
    ledger_key TEXT NOT NULL
);

-- One row a successful health probe: a store that reads and does not write is not ready. Kept for an hour. A verifier only
-- ever adds, so it holds no row that another process waits for.
CREATE TABLE heartbeats (
    at BIGINT NOT NULL
);

CREATE INDEX heartbeats_by_time ON heartbeats (at);

-- Where the entries that name another key of the ledger are. An index over what is in them would be asked at every entry.
CREATE TABLE ledger_key_changes (
    seq BIGINT PRIMARY KEY
);

-- The newest time that an issuer believed. Written twice a minute while its clock agrees with all that it is compared with; 0
-- where it never did.
CREATE TABLE issuer_time (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    at       BIGINT NOT NULL
);

INSERT INTO issuer_time (only_row, at) VALUES (1, 0);

GRANT SELECT ON deployment TO countersign_verifier;
GRANT INSERT ON heartbeats TO countersign_verifier;

-- The passkey or program credential with which a token was issued, by the first eight bytes of its hash; NULL for tokens from
-- before this was recorded. Revoking it withdraws the token.
--
-- Last, because it keeps every check waiting until the end of the transaction. NOT VALID: no row has to be read for it, since none
-- says anything yet. While somebody reads the table for long, all checks would wait behind this; it gives up before they do.
SET LOCAL lock_timeout = '500ms';
ALTER TABLE tokens ADD COLUMN access BYTEA, ADD CONSTRAINT tokens_access_check CHECK (length(access) = 8) NOT VALID;
