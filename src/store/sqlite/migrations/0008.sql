-- What those who decide are shown, and why they decided so.
ALTER TABLE authorisations ADD COLUMN purpose TEXT;
ALTER TABLE authorisations ADD COLUMN reason TEXT;

-- Words by which authorisations are found, those of the reference first: filled behind this for those that are kept. One row a word
-- and authorisation, because a search asks for how a word begins.
ALTER TABLE authorisations ADD COLUMN search TEXT NOT NULL DEFAULT '';

CREATE TABLE authorisation_words (
    word          TEXT NOT NULL,
    authorisation BLOB NOT NULL REFERENCES authorisations,
    PRIMARY KEY (word, authorisation)
) STRICT, WITHOUT ROWID;

-- Lists in other orders, of all and of one person.
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
ALTER TABLE requests ADD COLUMN callsign TEXT;
