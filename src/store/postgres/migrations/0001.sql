CREATE TABLE officers (
    callsign     TEXT COLLATE "C" PRIMARY KEY,
    role         TEXT NOT NULL CHECK (role IN ('officer', 'approver', 'administrator', 'overseer')),
    enrolled_at  BIGINT NOT NULL,
    suspended_at BIGINT
);

-- Program credentials, by SHA-256 alone: a copy of the store opens nothing.
CREATE TABLE credentials (
    hash       BYTEA PRIMARY KEY CHECK (length(hash) = 32),
    callsign   TEXT COLLATE "C" NOT NULL REFERENCES officers,
    scopes     TEXT[] NOT NULL,
    added_at   BIGINT,
    expires_at BIGINT NOT NULL
);

-- One-time links, by SHA-256 alone. The row goes when the link is used.
CREATE TABLE links (
    hash       BYTEA PRIMARY KEY CHECK (length(hash) = 32),
    callsign   TEXT COLLATE "C" NOT NULL REFERENCES officers,
    expires_at BIGINT NOT NULL
);

-- Public keys of people's passkeys, by SHA-256 of the credential id.
CREATE TABLE passkeys (
    hash     BYTEA PRIMARY KEY CHECK (length(hash) = 32),
    callsign TEXT COLLATE "C" NOT NULL REFERENCES officers,
    handle   BYTEA NOT NULL CHECK (length(handle) = 16),
    record   TEXT NOT NULL,
    added_at BIGINT NOT NULL
);

CREATE INDEX passkeys_by_person ON passkeys (callsign);

-- Sessions, by SHA-256 of the cookie alone: a copy of the store opens nothing. They end with their passkey.
CREATE TABLE sessions (
    hash      BYTEA PRIMARY KEY CHECK (length(hash) = 32),
    passkey   BYTEA NOT NULL REFERENCES passkeys ON DELETE CASCADE,
    opened_at BIGINT NOT NULL,
    seen_at   BIGINT NOT NULL
);

CREATE INDEX sessions_by_passkey ON sessions (passkey);

CREATE TABLE authorisations (
    id            BYTEA PRIMARY KEY CHECK (length(id) = 8),
    reference     TEXT NOT NULL,
    channels      TEXT[] NOT NULL,
    starts_at     BIGINT NOT NULL,
    ends_at       BIGINT NOT NULL,
    max_tokens    BIGINT NOT NULL,
    tokens_issued BIGINT NOT NULL DEFAULT 0 CHECK (tokens_issued <= max_tokens),
    asked_by      TEXT COLLATE "C" NOT NULL REFERENCES officers,
    asked_at      BIGINT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('asked', 'approved', 'refused', 'withdrawn')),
    decided_by    TEXT COLLATE "C" REFERENCES officers,
    decided_at    BIGINT,
    -- The asker never decides, whichever way the request comes.
    CHECK (decided_by IS NULL OR decided_by <> asked_by),
    CHECK (state <> 'approved' OR decided_by IS NOT NULL)
);

CREATE INDEX authorisations_by_asker ON authorisations (asked_by);
CREATE INDEX authorisations_by_decider ON authorisations (decided_by);

-- By the second in which they run out: those that live lie together in the index, however many that ran out are still kept.
-- A check knows that second from what was signed.
CREATE TABLE tokens (
    cti           BYTEA NOT NULL UNIQUE CHECK (length(cti) = 8),
    sha256        BYTEA NOT NULL CHECK (length(sha256) = 32),
    kid           BYTEA NOT NULL CHECK (length(kid) = 4),
    authorisation BYTEA NOT NULL REFERENCES authorisations,
    channel       TEXT NOT NULL,
    issued_at     BIGINT NOT NULL,
    starts_at     BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    withdrawn_at  BIGINT,
    -- Kept only while the code is meant to be spoken.
    code          BIGINT UNIQUE,
    bytes         BYTEA,
    PRIMARY KEY (expires_at, cti),
    CHECK ((code IS NULL) = (bytes IS NULL))
);

CREATE INDEX tokens_speakable ON tokens (expires_at) WHERE code IS NOT NULL;
CREATE INDEX tokens_by_authorisation ON tokens (authorisation);

-- How many codes run out in each second: counting their rows takes longer the more of them live.
CREATE TABLE speakable (
    expires_at BIGINT PRIMARY KEY,
    count      BIGINT NOT NULL
);

-- One row a used token: the primary key is what makes a use single, since a cti has one end.
CREATE TABLE marks (
    expires_at       BIGINT NOT NULL,
    cti              BYTEA NOT NULL,
    attempt          BYTEA CHECK (length(attempt) = 32),
    first_checked_at BIGINT NOT NULL CHECK (first_checked_at % 60 = 0),
    -- Whether the ledger knows. Verifiers may not say so.
    reported         BOOLEAN NOT NULL DEFAULT false,
    PRIMARY KEY (expires_at, cti),
    FOREIGN KEY (expires_at, cti) REFERENCES tokens
);

CREATE INDEX marks_unreported ON marks (expires_at, cti) WHERE NOT reported;

-- Misses of a minute are the sum of its rows: a verifier only ever adds.
CREATE TABLE misses (
    minute BIGINT NOT NULL,
    count  BIGINT NOT NULL CHECK (count <> 0)
);

CREATE INDEX misses_by_minute ON misses (minute) INCLUDE (count);

CREATE TABLE key_sets (
    version BIGINT PRIMARY KEY,
    jwt     TEXT NOT NULL
);

-- Signing keys that a published set named. They move pending > active > retired > removed, and never back.
CREATE TABLE signing_keys (
    kid        BYTEA PRIMARY KEY CHECK (length(kid) = 32),
    stage      TEXT NOT NULL CHECK (stage IN ('pending', 'active', 'retired', 'removed')),
    since      BIGINT NOT NULL,
    revoked_at BIGINT,
    reason     TEXT,
    CHECK ((revoked_at IS NULL) = (reason IS NULL)),
    -- A revoked key signs nothing, whichever way it is asked to.
    CHECK (revoked_at IS NULL OR stage IN ('retired', 'removed'))
);

-- One key signs for everybody: two would tell tokens apart.
CREATE UNIQUE INDEX one_active_key ON signing_keys (stage) WHERE stage = 'active';

CREATE TABLE purged (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    through  BIGINT NOT NULL
);

INSERT INTO purged VALUES (1, 0);

CREATE TABLE ledger_entries (
    seq  BIGINT PRIMARY KEY,
    leaf BYTEA NOT NULL
);

-- Finds the entry that issued a token. An entry that somebody broke is no reason to fail here; the audit tells of it.
CREATE INDEX ledger_issued ON ledger_entries (substring(encode(leaf, 'escape') FROM '"cti":"([0-9a-f]{16})"'))
    WHERE position('"event":"token_issued"'::bytea IN leaf) > 0;

-- Roots of complete subtrees of the ledger's Merkle tree (RFC 6962), of two leaves and more. They never change, so an
-- entry adds one row on average and a proof reads as many as the tree is high.
CREATE TABLE ledger_nodes (
    level BIGINT NOT NULL CHECK (level > 0),
    idx   BIGINT NOT NULL CHECK (idx >= 0),
    hash  BYTEA NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, idx)
);

-- Signed notes, numbered without a gap, so that one that is taken out of their row is missed.
CREATE TABLE ledger_checkpoints (
    number BIGINT PRIMARY KEY,
    size   BIGINT NOT NULL UNIQUE,
    note   TEXT NOT NULL
);

-- All that a verifier sees of tokens: neither whose nor under which authorisation. Written as a difference, and without a
-- security barrier, so that no plan begins with all that live: what is kept from being seen is only older, and nothing else.
CREATE VIEW live_tokens AS
    SELECT cti, sha256, expires_at, withdrawn_at, code, bytes FROM tokens
    WHERE expires_at - (SELECT through FROM purged WHERE only_row = 1) > 0;

-- All that a verifier may do (threat 14).
GRANT SELECT ON live_tokens, key_sets, signing_keys, purged, misses, schema_version TO countersign_verifier;
GRANT SELECT (expires_at, cti, attempt, first_checked_at), INSERT (expires_at, cti, attempt, first_checked_at) ON marks
    TO countersign_verifier;
GRANT INSERT ON misses TO countersign_verifier;
