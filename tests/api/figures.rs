//! Figures as Prometheus scrapes them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{actors::Reply, app::TestApp};

/// Every label that there is, with every value that it may have. Written out here too: that a list of the service grows or shrinks
/// must be noticed.
pub const LABELS: [(&str, &[&str]); 11] = [
    ("pool", &["five", "number", "six"]),
    ("form", &["token", "code"]),
    (
        "verdict",
        &[
            "genuine",
            "already_checked",
            "challenge_needed",
            "other_challenge",
            "not_yet_valid",
            "expired",
            "withdrawn",
            "not_genuine",
            "unknown_code",
            "mistyped",
            "cannot_check",
        ],
    ),
    (
        "operation",
        &[
            "key_set",
            "token_for_code",
            "take_guess",
            "guesses_taken",
            "give_back",
            "try_number",
            "wrong_numbers",
            "first_attempt",
            "deployment",
            "standing",
            "use_once",
            "ready",
            "heartbeat",
        ],
    ),
    ("outcome", &["done", "failed", "busy", "given_up"]),
    ("side", &["verifier", "issuer"]),
    ("listener", &["public", "private"]),
    ("fault", &["proxy_not_named", "client_not_named"]),
    ("part", &["clock", "store", "key_set", "signing_keys", "ledger", "purge", "first_checks", "spoken_words"]),
    ("stage", &["pending", "active", "retired"]),
    ("version", &[env!("CARGO_PKG_VERSION")]),
];
pub const BOUNDS: [&str; 12] = ["0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"];

/// Series, named with their labels as they are written, and their values.
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    pub fn read(reply: &Reply) -> Self {
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        assert_eq!((reply.header("cache-control"), reply.header("set-cookie")), ("no-store", ""));
        let lines = reply.body.lines().filter(|line| !line.starts_with('#'));
        let mut figures = BTreeMap::new();
        for line in lines {
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(figures.insert(series.to_owned(), value.parse().unwrap()).is_none(), "{line} is there twice");
        }
        Self(figures)
    }

    pub fn get(&self, series: &str) -> Option<f64> {
        self.0.get(&format!("countersign_{series}")).copied()
    }

    #[track_caller]
    pub fn is(&self, series: &str, value: i64) {
        #[expect(clippy::cast_precision_loss, reason = "times and counts are far below 2^53")]
        let wanted = Some(value as f64);
        assert_eq!(self.get(series), wanted, "{series}");
    }

    pub fn series(&self) -> BTreeSet<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// The names of all, without labels.
    pub fn names(&self) -> BTreeSet<&str> {
        self.0.keys().map(|series| series.split('{').next().unwrap()).collect()
    }
}

impl TestApp {
    pub async fn figures(&self) -> Figures {
        Figures::read(&self.scraped().await)
    }

    pub async fn scraped(&self) -> Reply {
        self.officer.with_credential(None).get("/metrics").await
    }
}
