-- Numbers that were given with the words of a token, right ones too: at most five are compared. Dropped with the token. A verifier
-- only ever adds.
CREATE TABLE number_tries (
    expires_at BIGINT NOT NULL,
    cti        BYTEA NOT NULL CHECK (length(cti) = 8),
    n          BIGINT NOT NULL CHECK (n BETWEEN 1 AND 5),
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
