-- Spoken codes of both sizes: `code` is 50 bits, and `five` its first 40 where five words may find the token. The statement behind
-- this one computes both for the codes that are kept.
ALTER TABLE tokens ADD COLUMN five INTEGER;

CREATE UNIQUE INDEX tokens_by_five ON tokens (five) WHERE five IS NOT NULL;

-- Misses by what was guessed at: 'five' words, five words with a 'number', 'six' words.
ALTER TABLE misses RENAME TO old_misses;

CREATE TABLE misses (
    pool   TEXT NOT NULL,
    minute INTEGER NOT NULL,
    count  INTEGER NOT NULL CHECK (count >= 0),
    PRIMARY KEY (pool, minute)
) STRICT, WITHOUT ROWID;

INSERT INTO misses (pool, minute, count) SELECT 'five', minute, count FROM old_misses;

DROP TABLE old_misses;

-- Wrong numbers that were given with the words of a token: counted before they are compared, and given back when they are right.
-- Dropped with the token.
CREATE TABLE number_tries (
    expires_at INTEGER NOT NULL,
    cti        BLOB NOT NULL CHECK (length(cti) = 8),
    wrong      INTEGER NOT NULL CHECK (wrong BETWEEN 0 AND 5),
    PRIMARY KEY (expires_at, cti)
) STRICT, WITHOUT ROWID;

-- Spoken codes by the first and the last minute that touch the time in which they can be checked: how many five words find, and all;
-- withdrawn ones not. Filled behind this from the codes that are kept. Counting their rows takes longer the more codes live.
CREATE TABLE live_codes (
    last   INTEGER NOT NULL,
    first  INTEGER NOT NULL,
    five   INTEGER NOT NULL,
    spoken INTEGER NOT NULL,
    PRIMARY KEY (last, first)
) STRICT, WITHOUT ROWID;

DROP TABLE speakable;

-- Whose code it is, for as long as it is kept: how many of one person's are live is counted when another is issued.
ALTER TABLE tokens ADD COLUMN spoken_by TEXT;

UPDATE tokens SET spoken_by = (SELECT asked_by FROM authorisations WHERE id = authorisation) WHERE code IS NOT NULL;

CREATE INDEX tokens_by_speaker ON tokens (spoken_by, expires_at) WHERE spoken_by IS NOT NULL;

-- How long new codes are where no setting says so: as before in a store of an earlier version. `busy_at` is when five words were last
-- seen to be guessed at; 0 for never.
CREATE TABLE spoken (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    usual    TEXT NOT NULL CHECK (usual IN ('5', 'auto')),
    busy_at  INTEGER NOT NULL
) STRICT;

INSERT INTO spoken (only_row, usual, busy_at)
    SELECT 1, CASE WHEN EXISTS (SELECT 1 FROM ledger_entries) THEN '5' ELSE 'auto' END, 0;

-- Lists of authorisations in pages, and what waits for a decision, by person and for all who decide.
DROP INDEX authorisations_by_asker;
CREATE INDEX authorisations_by_asker ON authorisations (asked_by, asked_at, id);
CREATE INDEX authorisations_by_time ON authorisations (asked_at, id);
CREATE INDEX authorisations_waiting ON authorisations (asked_at, id) WHERE state = 'asked';
CREATE INDEX authorisations_waiting_by_asker ON authorisations (asked_by, asked_at, id) WHERE state = 'asked';

-- Ceremonies of passkeys that wait two minutes for their answers, and acts that are done once under a key.
CREATE TABLE ceremonies (
    -- Of two the later one is the higher.
    seq       INTEGER PRIMARY KEY,
    hash      BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    kind      TEXT NOT NULL CHECK (kind IN ('register', 'sign-in', 'confirm')),
    -- Who began it, as hashes: a link, session or address, and the person or site of which it is one.
    share     BLOB NOT NULL CHECK (length(share) = 32),
    together  BLOB NOT NULL CHECK (length(together) = 32),
    bound     BLOB CHECK (length(bound) = 32),
    challenge BLOB NOT NULL CHECK (length(challenge) = 32),
    counters  BLOB NOT NULL CHECK (length(counters) % 36 = 0),
    begun_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX ceremonies_by_share ON ceremonies (share);
CREATE INDEX ceremonies_together ON ceremonies (together, share);
CREATE INDEX ceremonies_by_kind ON ceremonies (kind, share);
CREATE INDEX ceremonies_by_time ON ceremonies (begun_at);

CREATE TABLE requests (
    hash    BLOB PRIMARY KEY CHECK (length(hash) = 32),
    act     TEXT NOT NULL,
    body    BLOB NOT NULL CHECK (length(body) = 32),
    subject BLOB NOT NULL CHECK (length(subject) = 8),
    made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX requests_by_time ON requests (made_at);
