-- Tokens and marks by the second in which they run out: those that live lie together, however many that ran out are still
-- kept, and those that are over are dropped from one end. A check knows that second from what was signed.
ALTER TABLE tokens RENAME TO old_tokens;
ALTER TABLE marks RENAME TO old_marks;
ALTER TABLE unreported RENAME TO old_unreported;
DROP INDEX tokens_by_end;
DROP INDEX tokens_speakable;
DROP INDEX tokens_by_authorisation;

CREATE TABLE tokens (
    cti           BLOB NOT NULL CHECK (length(cti) = 8),
    sha256        BLOB NOT NULL CHECK (length(sha256) = 32),
    kid           BLOB NOT NULL CHECK (length(kid) = 4),
    authorisation BLOB NOT NULL REFERENCES authorisations,
    channel       TEXT NOT NULL,
    issued_at     INTEGER NOT NULL,
    starts_at     INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    withdrawn_at  INTEGER,
    -- Kept only while the code is meant to be spoken.
    code          INTEGER,
    bytes         BLOB,
    PRIMARY KEY (expires_at, cti),
    CHECK ((code IS NULL) = (bytes IS NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO tokens SELECT * FROM old_tokens ORDER BY expires_at, cti;

-- One token a cti, so that one mark a token is one mark a cti.
CREATE UNIQUE INDEX tokens_by_cti ON tokens (cti);
CREATE UNIQUE INDEX tokens_by_code ON tokens (code) WHERE code IS NOT NULL;
CREATE INDEX tokens_speakable ON tokens (expires_at) WHERE code IS NOT NULL;
CREATE INDEX tokens_by_authorisation ON tokens (authorisation);

-- One row a used token: the primary key is what makes a use single.
CREATE TABLE marks (
    cti              BLOB NOT NULL,
    attempt          BLOB CHECK (length(attempt) = 32),
    first_checked_at INTEGER NOT NULL CHECK (first_checked_at % 60 = 0),
    expires_at       INTEGER NOT NULL,
    PRIMARY KEY (expires_at, cti),
    FOREIGN KEY (expires_at, cti) REFERENCES tokens
) STRICT, WITHOUT ROWID;

INSERT INTO marks
    SELECT cti, attempt, first_checked_at, expires_at FROM old_marks JOIN old_tokens USING (cti) ORDER BY expires_at, cti;

-- Marks that the ledger does not know yet. Appended, because an index on marks would change a second page at random for
-- every mark, which is a good part of what it costs. The order of checks is gone when the ledger knows them.
CREATE TABLE unreported (
    seq        INTEGER PRIMARY KEY,
    cti        BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

INSERT INTO unreported SELECT seq, cti, expires_at FROM old_unreported JOIN old_tokens USING (cti);

DROP TABLE old_unreported;
DROP TABLE old_marks;
DROP TABLE old_tokens;

-- How many codes run out in each second: counting their rows takes longer the more of them live.
CREATE TABLE speakable (
    expires_at INTEGER PRIMARY KEY,
    count      INTEGER NOT NULL
) STRICT;

INSERT INTO speakable SELECT expires_at, count(*) FROM tokens WHERE code IS NOT NULL GROUP BY expires_at;
