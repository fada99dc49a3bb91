-- Prepares a database for Countersign. Run once, by the database's administrator:
--
--     psql --file deploy/postgresql.sql postgres
--
-- Then give both roles a password (\password countersign_issuer) or another way in (pg_hba.conf). The issuer makes the
-- tables when it starts, and gives the verifier what it needs of them and nothing else.
\set ON_ERROR_STOP on

-- Owns everything; the issuer and the commands on its machine.
CREATE ROLE countersign_issuer LOGIN;
-- Adds marks, misses and numbers that were tried, and reads what it needs for that; every verifier.
CREATE ROLE countersign_verifier LOGIN;

CREATE DATABASE countersign OWNER countersign_issuer TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE countersign FROM PUBLIC;
GRANT CONNECT ON DATABASE countersign TO countersign_verifier;

\connect countersign
ALTER SCHEMA public OWNER TO countersign_issuer;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO countersign_verifier;

-- Anybody may make large objects, and fill the disk with them, unless it is forbidden.
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea), lo_put(oid, bigint, bytea), lowrite(integer, bytea)
    FROM PUBLIC;
