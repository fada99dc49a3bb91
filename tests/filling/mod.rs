//! A store as full as it may be.

/// So many live codes that nobody asks for, like the first token that is there.
pub fn fill(sql: &mut rusqlite::Connection, codes: usize) {
    let sql = sql.transaction().unwrap();
    sql.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at, code, bytes, access)
         SELECT randomblob(8), randomblob(32), kid, authorisation, channel, issued_at, starts_at, expires_at,
                abs(random()) % 1125899906842624, randomblob(180), access
         FROM n, (SELECT * FROM tokens LIMIT 1)",
        [i64::try_from(codes).unwrap()],
    )
    .unwrap();
    sql.commit().unwrap();
}
