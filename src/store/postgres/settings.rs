//! What every connection is set to, whatever its role says. A role may change its own settings, and anybody who took a verifier over
//! may have done so: what is sent with the connection goes before all of them.

use std::{fmt::Write as _, time::Duration};

/// How statements are done on a connection.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    /// For one statement. On the server a little less, so that it gives up first and the connection lives on.
    pub patience: Duration,
    /// More settings, each with its value.
    pub settings: &'static [(&'static str, &'static str)],
}

/// What a role set for itself goes back to what the program came with. What the database's administrator set for the server or
/// for the database stands. Not from `pg_settings`, which anybody may lock.
const FORGET: &str = "SELECT pg_catalog.set_config(name, boot_val, false) FROM pg_catalog.pg_show_all_settings()
     WHERE source IN ('user', 'database user') AND boot_val IS NOT NULL";

/// The same for all.
const ALWAYS: [(&str, &str); 9] = [
    // A commit is on disk, also of a synchronous standby, before it is answered (threats 18 and 19).
    ("synchronous_commit", "on"),
    // Nobody who is stopped in the middle of a transaction keeps the others out: its time ends well before that of those who
    // wait for it.
    ("idle_in_transaction_session_timeout", "1000"),
    ("idle_session_timeout", "0"),
    // Each statement sees what was committed before it.
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_deferrable", "off"),
    // One that is not there would end the connection as soon as it is made.
    ("local_preload_libraries", ""),
    // A role may become another one as soon as it comes in.
    ("role", "none"),
    ("search_path", "public, pg_temp"),
    ("client_min_messages", "warning"),
];

fn all(manner: Manner) -> impl Iterator<Item = (&'static str, String)> {
    let limit = (manner.patience.as_millis() * 9 / 10).to_string();
    let limits = ["statement_timeout", "lock_timeout"].map(|name| (name, limit.clone()));
    let owned = |&(name, value): &(&'static str, &'static str)| (name, value.to_owned());
    limits.into_iter().chain(ALWAYS.iter().chain(manner.settings).map(owned))
}

/// For the message that opens a connection (PostgreSQL, `options` of the start-up message: a space in a value has a backslash
/// before it).
pub(super) fn as_options(manner: Manner) -> String {
    all(manner).fold(String::new(), |mut options, (name, value)| {
        let _ = write!(options, "-c {name}={} ", value.replace(' ', r"\ "));
        options
    })
}

/// For a connection that is there: a pooler may have kept the options to itself.
pub(super) fn as_statements(manner: Manner) -> String {
    all(manner).fold(FORGET.to_owned(), |mut statements, (name, value)| {
        let _ = write!(statements, "; SELECT pg_catalog.set_config('{name}', '{value}', false)");
        statements
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANNER: Manner = Manner { patience: Duration::from_secs(1), settings: &[("jit", "off")] };

    #[test]
    fn options_and_statements_say_the_same() {
        let (options, statements) = (as_options(MANNER), as_statements(MANNER));
        assert!(options.starts_with("-c statement_timeout=900 -c lock_timeout=900 "), "{options}");
        assert!(options.contains(r"-c default_transaction_isolation=read\ committed "), "{options}");
        assert!(options.ends_with("-c jit=off "), "{options}");
        for (name, value) in all(MANNER) {
            assert!(statements.contains(&format!("set_config('{name}', '{value}', false)")), "{name}");
        }
    }
}
