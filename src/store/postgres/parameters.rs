//! What the address of a database may say behind its `?`. What it may not is often right elsewhere, so each refusal says what to
//! write instead. In words of ours alone: whatever stands there may be part of a password with a `?` or `&` in it.

use tokio_postgres::Config;

use crate::spelling::nearest;

/// What the driver knows.
const KNOWN: [&str; 19] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "sslmode",
    "sslnegotiation",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];

/// Why an address that the driver does not take is refused, in one sentence.
pub(super) fn refusal(url: &str) -> String {
    // As the driver reads it, to which everything before the first @ is user and password.
    let address = url.split_once('@').map_or(url, |(_, address)| address);
    let parameters = address.split_once('?').into_iter().flat_map(|(_, all)| all.split('&'));
    let wrong = parameters.zip(1..).find_map(|(parameter, place)| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        refused(name, value, place)
    });
    wrong.unwrap_or_else(|| "--store is not an address such as postgres://user@host/database".into())
}

fn refused(name: &str, value: &str, place: usize) -> Option<String> {
    let fits = || format!("postgres://user@host/database?{name}={value}").parse::<Config>().is_ok();
    Some(match name {
        "sslmode" if ["verify-full", "verify-ca"].contains(&value) => {
            format!("--store has sslmode={value}; write sslmode=require, which always checks certificate and name, and name the authority's file with --store-ca (store_ca in countersign.toml) if this machine does not trust it")
        }
        "sslmode" if !fits() => "--store has an sslmode that is neither require nor disable; write one of the two, or take it out: another machine is spoken to by TLS anyway".into(),
        "sslrootcert" => "--store has sslrootcert; take it out, and name that file with --store-ca (store_ca in countersign.toml)".into(),
        "sslcert" | "sslkey" | "sslpassword" | "sslcertmode" => {
            format!("--store has {name}, but client certificates are not used; take it out, and let the user come in by a password")
        }
        known if KNOWN.contains(&known) => {
            if fits() {
                return None;
            }
            format!("--store has a {name} with a value that does not fit; correct it, or take it out")
        }
        unknown => match nearest(unknown, KNOWN) {
            Some(meant) => format!("parameter {place} of --store is none that there is; did you mean {meant}?"),
            None => format!("parameter {place} of --store is none that there is; take it out, or write %3F and %26 for a ? and & in a password"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_says_what_to_write_instead() {
        for (parameters, says) in [
            ("sslmode=verify-full", "sslmode=require"),
            ("sslmode=verify-full", "store_ca"),
            ("connect_timeout=5&sslmode=verify-ca", "store_ca"),
            ("sslmode=allow", "neither require nor disable"),
            ("sslmode=", "neither require nor disable"),
            ("sslrootcert=/etc/ca.pem", "store_ca"),
            ("sslmode=require&sslrootcert=system", "store_ca"),
            ("sslcert=a.pem", "client certificates"),
            ("sslkey=a.key", "client certificates"),
            ("port=five", "a port with a value that does not fit"),
            ("connect_timeout=soon", "connect_timeout"),
            ("target_session_attrs=standby", "target_session_attrs"),
            ("ssl_mode=require", "did you mean sslmode?"),
            ("conect_timeout=5", "did you mean connect_timeout?"),
            ("pool_mode=session", "parameter 1 of --store is none that there is; take it out"),
            ("connect_timeout=5&nonsense", "parameter 2 of --store is none that there is; take it out"),
        ] {
            let sentence = refusal(&format!("postgres://anna:hunter2@db.example.org/c?{parameters}"));
            assert!(sentence.contains(says), "{parameters}: {sentence}");
            for secret in ["hunter2", "five", "soon", "standby", "ca.pem", "system", "nonsense", "pool_mode", "allow"] {
                assert!(!sentence.contains(secret), "{sentence}");
            }
        }
    }

    #[test]
    fn a_question_mark_in_a_password_shows_none_of_it() {
        for url in [
            "postgres://anna:hun?ter2@db.example.org/c",
            "postgres://anna:hun?ter2=x@db.example.org/c?sslmode=allow",
            "postgres://anna:hun?ter2@db.example.org/c?ter2=hun",
            "postgres://anna:hun?ter2",
            "postgres://anna:hun?ter2=x",
            "postgres://an@na:hun?ter2",
            "postgres://anna:h@un?sslmode=require&ter2=x",
            "postgres://anna@db.example.org/c?password=hun&ter2",
            "postgres://anna@db.example.org/c?pasword=hun&ter2",
            "postgres://anna@db.example.org/c?sslpassword=hun&ter2",
            "postgres://anna@db.example.org/c?port=hun&ter2",
        ] {
            let sentence = refusal(url);
            assert!(!sentence.contains("ter2") && !sentence.contains("hun"), "{url}: {sentence}");
        }
        let sentence = refusal("postgres://anna:hun?ter2@db.example.org/c?sslmode=verify-full");
        assert!(sentence.contains("write sslmode=require"), "{sentence}");
    }
}
