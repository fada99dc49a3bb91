-- References that people quote on the telephone are ranges of a token's hash.
CREATE INDEX tokens_by_hash ON tokens (sha256);

-- How often somebody looked one up, for a day.
CREATE TABLE look_ups (
    callsign TEXT NOT NULL REFERENCES officers,
    at       BIGINT NOT NULL
);

CREATE INDEX look_ups_by_person ON look_ups (callsign, at);
CREATE INDEX look_ups_by_time ON look_ups (at);
