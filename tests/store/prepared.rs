//! `deploy/postgresql.sql`, run as often as wanted, over what an earlier version of it left too; and what the issuer says where it
//! was not.

use countersign::store::{PostgresStore, VerifierStore as _};
use tokio_postgres::Client;

use crate::{
    Backend as _,
    acts::{NOW, World, entry},
    postgres::Postgres,
};

/// Whether an issuer that starts now finds the database prepared.
async fn is_prepared(backend: &Postgres) -> bool {
    let opened = PostgresStore::open_for_issuer(backend.address("countersign_issuer"), &crate::world::deployment_keys()).await.unwrap();
    crate::hostile::looked_at(&opened).await.is_prepared
}

/// All that the script is about: roles, memberships, rights.
async fn prepared(admin: &Client) -> Vec<String> {
    let all = "SELECT format('%s %s %s', rolname, rolcanlogin, rolconnlimit) FROM pg_roles WHERE rolname LIKE 'countersign%'
         UNION ALL SELECT format('%s in %s', member::regrole, roleid::regrole) FROM pg_auth_members
         UNION ALL SELECT format('%s %s', datname, datacl) FROM pg_database
         UNION ALL SELECT format('%s %s', oid::regprocedure, proacl) FROM pg_proc WHERE proacl IS NOT NULL
         UNION ALL SELECT format('%s %s', nspname, nspacl) FROM pg_namespace
         UNION ALL SELECT format('%s %s', relname, relacl) FROM pg_class
         UNION ALL SELECT evtname FROM pg_event_trigger ORDER BY 1";
    admin.query(all, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_script_changes_nothing_when_it_is_run_again_and_adds_a_verifier_when_it_is_asked_to() {
    let test = "prepared::the_script_changes_nothing_when_it_is_run_again_and_adds_a_verifier_when_it_is_asked_to";
    let Some(backend) = Postgres::alone(test, &[]).await else { return };
    let (world, admin) = (World::new(&backend).await, backend.client("postgres").await);
    let before = prepared(&admin).await;
    assert_eq!(backend.0.cluster.prepare(&[]).unwrap(), "");
    assert_eq!(prepared(&admin).await, before);
    backend.0.cluster.prepare(&["verifiers=countersign_verifier_3 countersign_verifier_4"]).unwrap();
    for login in ["countersign_verifier_1", "countersign_verifier_2", "countersign_verifier_3", "countersign_verifier_4"] {
        let store = PostgresStore::open_for_verifier(backend.address(login), &crate::world::deployment_keys()).await.unwrap();
        store.heartbeat(NOW).await.unwrap();
    }
    assert!(is_prepared(&backend).await);
    let nobody = tokio_postgres::connect(&backend.0.cluster.url("countersign_verifier", "countersign"), tokio_postgres::NoTls).await;
    assert!(nobody.is_err(), "the group is nobody's login");
    world.stores.issuer.record(entry()).await.unwrap();
}

/// What the first version of the script made.
const FIRST: &str = "DROP EVENT TRIGGER countersign_verifiers_define_nothing; DROP FUNCTION countersign_refuse_definition();
     REVOKE countersign_verifier_1, countersign_verifier_2 FROM countersign_issuer;
     DROP ROLE countersign_verifier_1; DROP ROLE countersign_verifier_2;
     ALTER ROLE countersign_verifier LOGIN PASSWORD 'shared';
     GRANT CONNECT ON DATABASE postgres, template1 TO PUBLIC;
     GRANT UPDATE ON pg_settings TO PUBLIC;
     DO $$ DECLARE function regprocedure; BEGIN
         FOR function IN SELECT oid FROM pg_proc WHERE proname LIKE 'pg%advisory%' OR proname IN ('nextval', 'currval', 'setval', 'pg_sequence_last_value')
         LOOP EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', function); END LOOP; END $$";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_the_first_script_is_prepared_by_this_one() {
    let Some(backend) = Postgres::alone("prepared::a_database_of_the_first_script_is_prepared_by_this_one", &[]).await else { return };
    let admin = backend.client("postgres").await;
    admin.batch_execute(FIRST).await.unwrap();
    // Issuer and verifiers of this version start first, with the login that there is.
    assert!(!is_prepared(&backend).await);
    let shared = || backend.address("countersign_verifier");
    PostgresStore::open_for_verifier(shared(), &crate::world::deployment_keys()).await.unwrap().heartbeat(NOW).await.unwrap();
    // Verifiers of the version before would stop where the script is run too soon: it says so, and leaves them what they need.
    let present: i64 = admin.query_one("SELECT version::bigint FROM schema_version", &[]).await.unwrap().get(0);
    backend.sql("UPDATE schema_version SET version = 2").await.unwrap();
    let refused = backend.0.cluster.prepare(&[]).unwrap_err();
    assert!(refused.contains("start issuer and verifiers of this version first"), "{refused}");
    let may = "SELECT has_function_privilege('countersign_verifier', 'pg_advisory_xact_lock(bigint)', 'EXECUTE')";
    assert!(admin.query_one(may, &[]).await.unwrap().get::<_, bool>(0));
    backend.sql(&format!("UPDATE schema_version SET version = {present}")).await.unwrap();
    let said = backend.0.cluster.prepare(&[]).unwrap();
    assert!(said.contains("countersign_verifier still logs in"), "{said}");
    // Until each has its own, all go on with the one.
    PostgresStore::open_for_verifier(shared(), &crate::world::deployment_keys()).await.unwrap().heartbeat(NOW).await.unwrap();
    assert!(!is_prepared(&backend).await);
    admin.batch_execute("ALTER ROLE countersign_verifier NOLOGIN PASSWORD NULL").await.unwrap();
    assert!(is_prepared(&backend).await);
    assert_eq!(backend.0.cluster.prepare(&[]).unwrap(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_guard_that_is_missing_is_missed() {
    let Some(backend) = Postgres::alone("prepared::each_guard_that_is_missing_is_missed", &[]).await else { return };
    let admin = backend.client("postgres").await;
    assert!(is_prepared(&backend).await);
    for (gone, back) in [
        ("ALTER ROLE countersign_verifier LOGIN", "ALTER ROLE countersign_verifier NOLOGIN"),
        ("REVOKE countersign_verifier_2 FROM countersign_issuer", "GRANT countersign_verifier_2 TO countersign_issuer"),
        (
            "ALTER EVENT TRIGGER countersign_verifiers_define_nothing DISABLE",
            "ALTER EVENT TRIGGER countersign_verifiers_define_nothing ENABLE",
        ),
        (
            "GRANT EXECUTE ON FUNCTION pg_try_advisory_lock_shared(integer, integer) TO PUBLIC",
            "REVOKE EXECUTE ON FUNCTION pg_try_advisory_lock_shared(integer, integer) FROM PUBLIC",
        ),
        ("GRANT EXECUTE ON FUNCTION nextval(regclass) TO PUBLIC", "REVOKE EXECUTE ON FUNCTION nextval(regclass) FROM PUBLIC"),
    ] {
        admin.batch_execute(gone).await.unwrap();
        assert!(!is_prepared(&backend).await, "{gone}");
        admin.batch_execute(back).await.unwrap();
        assert!(is_prepared(&backend).await, "{back}");
    }
    let prepares = "prepared::each_guard_that_is_missing_is_missed";
    let Some(backend) = Postgres::alone(prepares, &["max_prepared_transactions=2"]).await else { return };
    assert!(!is_prepared(&backend).await, "a transaction can be left behind");
}
