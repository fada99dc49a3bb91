-- Numbers that were given with the words of a token: the n-th is n before it is compared, and also -n once it was right, so that
-- the sum of signs is how many were wrong. Dropped with the token. A verifier only ever adds.
CREATE TABLE number_tries (
    expires_at BIGINT NOT NULL,
    cti        BYTEA NOT NULL CHECK (length(cti) = 8),
    n          BIGINT NOT NULL CHECK (n <> 0),
    PRIMARY KEY (expires_at, cti, n)
);

GRANT SELECT, INSERT ON number_tries TO countersign_verifier;

-- Whoever holds its row acts, one process of the issuer's after the other. No other role has any right on it.
CREATE TABLE act_turn (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1)
);

INSERT INTO act_turn VALUES (1);

-- Whoever holds its row counts guesses, one verifier after the other. A lock of the row needs the right to change it, so a rule
-- makes a change do nothing; of a column alone, which is no right to lock the table. The issuer never waits for it.
CREATE TABLE guess_turn (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1)
);

INSERT INTO guess_turn VALUES (1);

CREATE RULE guess_turn_stays AS ON UPDATE TO guess_turn DO INSTEAD NOTHING;

GRANT SELECT, UPDATE (only_row) ON guess_turn TO countersign_verifier;

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

-- From here on checks wait until the end of the transaction. While somebody reads one of these tables for long, all would wait behind this; it
-- gives up before they do.
SET LOCAL lock_timeout = '500ms';

-- Misses by what was guessed at: 'five' words, five words with a 'number', 'six' words. A verifier of the version before, which
-- names no budget, guesses at five.
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

-- Spoken codes by the first and the last minute that touch the time in which they can be checked: how many five words find, and all;
-- withdrawn ones not. Counting their rows takes longer the more codes live.
CREATE TABLE live_codes (
    last   BIGINT NOT NULL,
    first  BIGINT NOT NULL,
    five   BIGINT NOT NULL,
    spoken BIGINT NOT NULL,
    PRIMARY KEY (last, first)
);

INSERT INTO live_codes
    SELECT (expires_at + 59) / 60, (starts_at - 60) / 60, count(five), count(code)
    FROM tokens WHERE code IS NOT NULL AND withdrawn_at IS NULL GROUP BY 1, 2;

DROP TABLE speakable;

-- Whose code it is, for as long as it is kept: how many of one person's are live is counted when another is issued.
ALTER TABLE tokens ADD COLUMN spoken_by TEXT COLLATE "C";
UPDATE tokens SET spoken_by = asked_by FROM authorisations WHERE id = authorisation AND code IS NOT NULL;
CREATE INDEX tokens_by_speaker ON tokens (spoken_by, expires_at) WHERE spoken_by IS NOT NULL;

-- A mark still needs its token. A foreign key would see to it with a lock of the token's row, which a verifier could hold for as
-- long as it liked, and dropping the token or its code would wait for it; a policy only looks. It does not hold for the owner,
-- whose own statement says the same.
ALTER TABLE marks DROP CONSTRAINT marks_expires_at_cti_fkey, ENABLE ROW LEVEL SECURITY;
CREATE POLICY marks_are_seen ON marks FOR SELECT TO countersign_verifier USING (true);
CREATE POLICY marks_have_a_token ON marks FOR INSERT TO countersign_verifier
    WITH CHECK (EXISTS (SELECT FROM live_tokens WHERE live_tokens.expires_at = marks.expires_at AND live_tokens.cti = marks.cti));
