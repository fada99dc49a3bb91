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

-- What a person calls a passkey.
ALTER TABLE passkeys ADD COLUMN name TEXT;

-- Whose way in a request revoked.
ALTER TABLE requests ADD COLUMN callsign TEXT COLLATE "C";
