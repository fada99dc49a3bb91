-- Prepares a database for Countersign. Run by the database's administrator, as often as wanted: what is there stays.
--
--     psql --file deploy/postgresql.sql postgres
--
-- Then give the issuer and each verifier a password (\password countersign_verifier_1) or another way in (pg_hba.conf). The issuer
-- makes the tables when it starts, and gives the verifiers what they need of them and nothing else. One more verifier:
--
--     psql --variable verifiers=countersign_verifier_3 --file deploy/postgresql.sql postgres
\set ON_ERROR_STOP on
SET client_min_messages = warning;

-- A login for each verifier, with spaces between them. A role may always change its own password and settings and end its own
-- sessions, so two verifiers never share one.
\if :{?verifiers}
\else
    \set verifiers 'countersign_verifier_1 countersign_verifier_2'
\endif

-- Owns everything; the issuer and the commands on its machine.
SELECT 'CREATE ROLE countersign_issuer LOGIN' WHERE to_regrole('countersign_issuer') IS NULL \gexec
-- Adds marks, misses and numbers that were tried, and reads what it needs for that. A group: nobody logs in with it.
SELECT 'CREATE ROLE countersign_verifier NOLOGIN' WHERE to_regrole('countersign_verifier') IS NULL \gexec
SELECT format('CREATE ROLE %I LOGIN', name) FROM regexp_split_to_table(:'verifiers', ' +') AS name WHERE to_regrole(name) IS NULL \gexec
-- Twice what one process needs, so that the next may start while the last one stops, and no verifier takes all that there are. The
-- issuer may end the sessions of a verifier that keeps others waiting.
SELECT format('ALTER ROLE %1$I CONNECTION LIMIT 16', name), format('GRANT countersign_verifier TO %1$I', name),
       format('GRANT %1$I TO countersign_issuer', name)
    FROM regexp_split_to_table(:'verifiers', ' +') AS name \gexec

SELECT 'CREATE DATABASE countersign OWNER countersign_issuer TEMPLATE template0 ENCODING ''UTF8'''
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'countersign') \gexec
REVOKE ALL ON DATABASE countersign FROM PUBLIC;
GRANT CONNECT ON DATABASE countersign TO countersign_verifier;
-- From another database a verifier could still keep everybody waiting. Where others use this server too, leave this out and
-- let pg_hba.conf admit each verifier to the database countersign alone.
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;

\connect countersign
SET client_min_messages = warning;
DO $$
DECLARE
    is_older boolean := false;
BEGIN
    IF to_regclass('public.schema_version') IS NOT NULL THEN
        SELECT version < 3 INTO is_older FROM public.schema_version;
    END IF;
    IF is_older THEN
        RAISE 'the database is of an older version; start issuer and verifiers of this version first, then run this again';
    END IF;
END $$;

ALTER SCHEMA public OWNER TO countersign_issuer;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO countersign_verifier;

-- Anybody may make large objects, and fill the disk with them, or hold locks without end, of nothing or of whatever table has a
-- number, and use up the memory for them, unless it is forbidden.
SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', oid::regprocedure) FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace
      AND (proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lowrite')
           OR proname IN ('nextval', 'currval', 'setval', 'pg_sequence_last_value')
           OR proname LIKE 'pg%advisory%') \gexec
-- Until the release after this one, for issuers from before it.
GRANT EXECUTE ON FUNCTION pg_advisory_xact_lock(bigint), pg_try_advisory_xact_lock(bigint) TO countersign_issuer;

-- Anybody who may change a table may lock it, and this one is everybody's.
REVOKE UPDATE ON pg_settings FROM PUBLIC;

-- Many a command waits for its table before it finds that it may not be done, and all others wait behind it. A verifier's
-- is refused before that.
CREATE OR REPLACE FUNCTION countersign_refuse_definition() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF session_user = 'countersign_verifier' OR EXISTS (
        SELECT FROM pg_auth_members JOIN pg_roles ON pg_roles.oid = member
        WHERE roleid = 'countersign_verifier'::regrole AND rolname = session_user
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = 'a verifier defines nothing';
    END IF;
END $$;
SELECT 'CREATE EVENT TRIGGER countersign_verifiers_define_nothing ON ddl_command_start EXECUTE FUNCTION countersign_refuse_definition()'
    WHERE NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'countersign_verifiers_define_nothing') \gexec

DO $$
BEGIN
    IF (SELECT rolcanlogin FROM pg_roles WHERE rolname = 'countersign_verifier') THEN
        RAISE WARNING 'countersign_verifier still logs in; give each verifier a login of its own, then: ALTER ROLE countersign_verifier NOLOGIN PASSWORD NULL';
    END IF;
END $$;
