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

-- Numbers that were given with the words of a token, right ones too: at most five are compared. Dropped with the token.
CREATE TABLE number_tries (
    expires_at INTEGER NOT NULL,
    cti        BLOB NOT NULL CHECK (length(cti) = 8),
    n          INTEGER NOT NULL CHECK (n BETWEEN 1 AND 5),
    PRIMARY KEY (expires_at, cti, n)
) STRICT, WITHOUT ROWID;
