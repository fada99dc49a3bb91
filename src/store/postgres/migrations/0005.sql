-- What those who decide are shown, and why they decided so.
ALTER TABLE authorisations ADD COLUMN purpose TEXT, ADD COLUMN reason TEXT;

-- Words by which authorisations are found, those of the reference first. One row a word and authorisation, because a search asks for
-- how a word begins. What is kept is printable ASCII.
ALTER TABLE authorisations ADD COLUMN search TEXT COLLATE "C" NOT NULL DEFAULT '';

UPDATE authorisations
    SET search = ' ' || btrim(regexp_replace(lower(reference || ' ' || asked_by), '[^a-z0-9]+', ' ', 'g'));

CREATE TABLE authorisation_words (
    word          TEXT COLLATE "C" NOT NULL,
    authorisation BYTEA NOT NULL REFERENCES authorisations,
    PRIMARY KEY (word, authorisation)
);

INSERT INTO authorisation_words (word, authorisation)
    SELECT DISTINCT left(word, 32), id FROM authorisations, regexp_split_to_table(btrim(search), ' ') AS word;

-- Lists in other orders, of all and of one person.
DROP INDEX authorisations_by_decider;
CREATE INDEX authorisations_by_decider ON authorisations (decided_by, ends_at);
CREATE INDEX authorisations_by_end ON authorisations (ends_at, id);
CREATE INDEX authorisations_by_asker_and_end ON authorisations (asked_by, ends_at, id);
CREATE INDEX authorisations_by_name ON authorisations (search, id);
CREATE INDEX authorisations_by_asker_and_name ON authorisations (asked_by, search, id);
CREATE INDEX officers_by_time ON officers (enrolled_at, callsign);

-- What waits for a decision, without what ran out before anybody decided.
DROP INDEX authorisations_waiting;
CREATE INDEX authorisations_waiting ON authorisations (ends_at) WHERE state = 'asked';

-- What a person calls a passkey.
ALTER TABLE passkeys ADD COLUMN name TEXT;

-- Whose way in a request revoked.
ALTER TABLE requests ADD COLUMN callsign TEXT COLLATE "C";

-- Live tokens of an authorisation, without those that are over. From here on checks wait until the end of the transaction. While
-- somebody reads the table for long, all would wait behind this; it gives up before they do.
SET LOCAL lock_timeout = '500ms';
DROP INDEX tokens_by_authorisation;
CREATE INDEX tokens_by_authorisation ON tokens (authorisation, expires_at);
