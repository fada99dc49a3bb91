-- Who took an authorisation back; NULL also for those from before this was kept, of which the ledger alone says it.
ALTER TABLE authorisations ADD COLUMN withdrawn_by TEXT REFERENCES officers;
