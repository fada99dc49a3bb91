-- What a program may do with its credential; those made before could do all that their person may.
ALTER TABLE credentials ADD COLUMN scopes TEXT NOT NULL DEFAULT 'authorisations,ledger,people,tokens';
ALTER TABLE credentials ADD COLUMN added_at INTEGER;

-- One-time links, by SHA-256 alone. The row goes when the link is used.
CREATE TABLE links (
    hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
    callsign   TEXT NOT NULL REFERENCES officers,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Public keys of people's passkeys, by SHA-256 of the credential id.
CREATE TABLE passkeys (
    hash     BLOB PRIMARY KEY CHECK (length(hash) = 32),
    callsign TEXT NOT NULL REFERENCES officers,
    handle   BLOB NOT NULL CHECK (length(handle) = 16),
    record   TEXT NOT NULL,
    added_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX passkeys_by_person ON passkeys (callsign);

-- Sessions, by SHA-256 of the cookie alone: a copy of the store opens nothing. They end with their passkey.
CREATE TABLE sessions (
    hash      BLOB PRIMARY KEY CHECK (length(hash) = 32),
    passkey   BLOB NOT NULL REFERENCES passkeys ON DELETE CASCADE,
    opened_at INTEGER NOT NULL,
    seen_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_passkey ON sessions (passkey);
