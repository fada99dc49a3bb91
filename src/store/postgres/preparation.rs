//! Whether the database's administrator prepared it as this version asks for. What a role may do is not the issuer's to say.

use super::session::Session;
use crate::store::StoreError;

/// Each guard against a verifier that somebody took over, and what it is for. `verifiers` are the roles in their group.
const GUARDS: [(&str, &str); 5] = [
    (
        "SELECT NOT rolcanlogin FROM pg_roles WHERE rolname = 'countersign_verifier'",
        "countersign_verifier can log in, so verifiers share a password that any of them may change",
    ),
    (
        "SELECT bool_and(pg_has_role(member, 'USAGE')) IS NOT false FROM pg_auth_members WHERE roleid = 'countersign_verifier'::regrole",
        "the issuer may not end the sessions of every verifier",
    ),
    (
        "SELECT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'countersign_verifiers_define_nothing' AND evtenabled IN ('O', 'A'))",
        "a verifier can keep everybody waiting for a table with a command that it may not do",
    ),
    (
        "SELECT NOT bool_or(has_function_privilege('countersign_verifier', oid, 'EXECUTE'))
         FROM pg_proc WHERE proname LIKE 'pg%advisory%' OR proname IN ('nextval', 'currval', 'setval')",
        "a verifier can use up the memory for locks",
    ),
    (
        "SELECT current_setting('max_prepared_transactions') = '0'",
        "a verifier can leave a transaction behind that nobody ends; set max_prepared_transactions = 0",
    ),
];

/// The guards that are missing, as one sentence; empty if there is none.
pub(super) async fn missing(db: &Session) -> Result<String, StoreError> {
    let mut missing = Vec::new();
    for (stands, otherwise) in GUARDS {
        if !db.one(stands, &[]).await?.try_get::<_, bool>(0)? {
            missing.push(otherwise);
        }
    }
    Ok(missing.join("; "))
}
