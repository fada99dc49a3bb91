-- Numbers that were given with the words of a token: the n-th is n before it is compared, and also -n once it was right, so that
-- the sum of signs is how many were wrong. Dropped with the token. A verifier only ever adds.
CREATE TABLE number_tries (
    expires_at BIGINT NOT NULL,
    cti        BYTEA NOT NULL CHECK (length(cti) = 8),
    n          BIGINT NOT NULL CHECK (n <> 0),
    PRIMARY KEY (expires_at, cti, n)
);

GRANT SELECT, INSERT ON number_tries TO countersign_verifier;

-- Misses by what was guessed at: 'five' words, five words with a 'number', 'six' words. A verifier of the version before, which
-- names no budget, guesses at five.
SET LOCAL lock_timeout = '500ms';
ALTER TABLE misses ADD COLUMN pool TEXT NOT NULL DEFAULT 'five' CHECK (pool IN ('five', 'number', 'six'));
DROP INDEX misses_by_minute;
CREATE INDEX misses_by_minute ON misses (pool, minute) INCLUDE (count);

-- Spoken codes of both sizes: `code` is 50 bits, and `five` its first 40 where five words may find the token.
ALTER TABLE tokens ADD COLUMN five BIGINT;
UPDATE tokens SET code = six, five = CASE WHEN code = six >> 10 THEN code END
    FROM (SELECT cti AS id, ('x' || encode(substring(sha256('countersign/1 spoken'::bytea || bytes) FOR 8), 'hex'))::bit(64)::bigint >> 14
                            & 1125899906842623 AS six
          FROM tokens WHERE code IS NOT NULL) AS codes
    WHERE cti = id;
CREATE UNIQUE INDEX tokens_by_five ON tokens (five) WHERE five IS NOT NULL;

CREATE OR REPLACE VIEW live_tokens AS
    SELECT cti, sha256, expires_at, withdrawn_at, code, bytes, five FROM tokens
    WHERE expires_at - (SELECT through FROM purged WHERE only_row = 1) > 0;

-- How many spoken codes can be checked in each minute, those by five words and all; withdrawn ones not. Counting rows takes longer the
-- more codes live. A row is written for every code of its minute: with room in its page the old ones cost little.
CREATE TABLE live_codes (
    minute BIGINT PRIMARY KEY,
    five   BIGINT NOT NULL,
    spoken BIGINT NOT NULL
) WITH (fillfactor = 20);

INSERT INTO live_codes
    SELECT minute, count(five), count(code)
    FROM tokens, generate_series((starts_at - 60) / 60, (expires_at + 59) / 60) AS minute
    WHERE code IS NOT NULL AND withdrawn_at IS NULL GROUP BY minute;

DROP TABLE speakable;

-- Whose code it is, for as long as it is kept: how many of one person's are live is counted when another is issued.
ALTER TABLE tokens ADD COLUMN spoken_by TEXT COLLATE "C";
UPDATE tokens SET spoken_by = asked_by FROM authorisations WHERE id = authorisation AND code IS NOT NULL;
CREATE INDEX tokens_by_speaker ON tokens (spoken_by, expires_at) WHERE spoken_by IS NOT NULL;

-- How long new codes are where no setting says so: as before in a database of an earlier version. `busy_at` is when five words were
-- last seen to be guessed at; 0 for never.
CREATE TABLE spoken (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    usual    TEXT NOT NULL CHECK (usual IN ('5', 'auto')),
    busy_at  BIGINT NOT NULL
);

INSERT INTO spoken (only_row, usual, busy_at)
    SELECT 1, CASE WHEN EXISTS (SELECT 1 FROM ledger_entries) THEN '5' ELSE 'auto' END, 0;

GRANT SELECT (only_row, usual) ON spoken TO countersign_verifier;
