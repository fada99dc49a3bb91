//! The clock under the real service and its commands is set wrong, by Debian's libfaketime, and right again.

use std::{
    fs,
    io::{Write as _, stderr},
    path::PathBuf,
    process::{Command, Stdio},
};

use countersign::clock::{Clock as _, SystemClock};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    running::{
        Folder, PATIENCE, Said, Service,
        faketime::{FakeTime, MISSING},
        post,
    },
    wrong_clock::until,
};

const DAY: i64 = 86_400;

/// A folder in which the wall clock can be set.
struct Place {
    folder: Folder,
    time: FakeTime,
}

impl Place {
    fn new(test: &str) -> Option<Self> {
        let folder = Folder::ready();
        let time = FakeTime::in_file(folder.path().join("clock"), 0);
        if time.is_none() {
            let _ = writeln!(stderr(), "NOT RUN: clock::{test}: {MISSING}");
        }
        Some(Self { time: time?, folder })
    }

    /// So many seconds ahead of the right time; running processes see it at once.
    fn set_clock(&self, ahead: i64) {
        self.time.set(ahead);
    }

    fn command(&self, args: &[&str]) -> Command {
        self.time.under(self.folder.command(args))
    }

    fn run(&self, args: &[&str]) -> Said {
        let output = self.command(args).stdin(Stdio::null()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn purged_through(&self) -> i64 {
        let store = Connection::open(self.folder.path().join("store.sqlite")).unwrap();
        store.busy_timeout(PATIENCE).unwrap();
        store.query_row("SELECT through FROM purged", [], |row| row.get(0)).unwrap()
    }

    fn stages(&self) -> Value {
        let shown = self.folder.json(&["keys", "show"]);
        shown["keys"].as_array().unwrap().iter().map(|key| key["stage"].clone()).collect()
    }

    /// The private halves that are left.
    fn private(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(self.folder.path().join("keys/private")).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }
}

/// A running service and its officer.
struct Office {
    public: String,
    private: String,
    credential: String,
    authorisation: Value,
}

impl Office {
    /// The answer, with a token or the kind of a problem.
    fn issue(&self, not_before: Option<i64>) -> Result<String, String> {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        let request = ureq::Agent::from(config).post(format!("{}/v1/tokens", self.private));
        let body = json!({"channel": "in-person", "authorisation": self.authorisation, "not_before": not_before});
        let answer: Value =
            request.header("Authorization", format!("Bearer {}", self.credential)).send_json(body).unwrap().body_mut().read_json().unwrap();
        answer["token"].as_str().map(str::to_owned).ok_or_else(|| answer["type"].as_str().unwrap().to_owned())
    }

    fn verdict(&self, token: &str) -> String {
        let (_, answer) = post(&format!("{}/v1/verify", self.public), &json!({"token": token})).unwrap();
        answer["verdict"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_jump_of_three_days_and_back_costs_nothing() {
    let Some(place) = Place::new("a_jump_of_three_days_and_back_costs_nothing") else { return };
    let mut service = Service::spawn(place.command(&["serve", "--role", "all"]));
    let credential = fs::read_to_string(place.folder.path().join("officer.credential")).unwrap().trim().to_owned();
    let asked = place.folder.json(&[
        "authorisations",
        "ask",
        "--as",
        "falcon",
        "--reference",
        "OP-2",
        "--purpose",
        "Visit",
        "--channel",
        "in-person",
        "--for",
        "2d",
    ]);
    place.folder.ok(&["authorisations", "approve", asked["id"].as_str().unwrap(), "--as", "heron"]);
    let authorisation = asked["id"].clone();
    let office = Office { authorisation, public: service.public.clone(), private: service.private.clone(), credential };
    let (plain, prepared) = (office.issue(None).unwrap(), office.issue(Some(SystemClock.now() + 23 * 3_600)).unwrap());
    let before = (place.stages(), place.private());

    place.set_clock(3 * DAY);
    // Two rounds of housekeeping at the wrong time.
    let alarm = service.logs("ALARM");
    assert!(alarm.contains("this machine's clock jumped forwards by 259"), "{alarm}");
    assert_eq!(office.issue(None), Err("urn:countersign:problem:clock".into()));
    assert_eq!((place.purged_through(), place.stages(), place.private()), (0, before.0.clone(), before.1.clone()));

    place.set_clock(0);
    until("codes are issued once more", || office.issue(None).is_ok_and(|token| office.verdict(&token) == "genuine"));
    assert_eq!((office.verdict(&plain), office.verdict(&prepared)), ("genuine".into(), "not_yet_valid".into()));

    place.set_clock(31 * DAY);
    // The last round, before it ends, is at the wrong time too.
    let (status, log) = service.terminate();
    assert!(status.success(), "{log}");
    assert_eq!((place.purged_through(), place.stages(), place.private()), (0, before.0, before.1));
}

#[test]
fn keys_by_hand_ask_about_a_clock_that_is_far_ahead() {
    let Some(place) = Place::new("keys_by_hand_ask_about_a_clock_that_is_far_ahead") else { return };
    // A service was there, and wrote its time.
    Service::spawn(place.command(&["serve", "--role", "all"])).terminate();
    assert_eq!(place.run(&["keys", "rotate"]).code, 0);
    let before = (place.stages(), place.private());
    place.set_clock(29 * DAY);
    for args in [&["keys", "rotate"][..], &["keys", "publish"], &["keys", "publish", "--request", "next.request"]] {
        let said = place.run(args);
        assert_eq!(said.code, 2, "{args:?}: {}", said.stdout);
        assert!(said.stderr.contains("by this machine's clock, but the newest time in the store is"), "{}", said.stderr);
        assert!(said.stderr.trim_end().ends_with("say so with --clock-is-right"), "{}", said.stderr);
    }
    assert_eq!((place.stages(), place.private()), before);

    let active = place.folder.json(&["keys", "show"])["keys"][0]["kid"].as_str().unwrap().to_owned();
    let said = place.run(&["keys", "revoke", &active, "--reason", "stolen"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(lines[0].starts_with("Revoked ") && lines[1].ends_with("signs from now on."), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("Warning: the rest of the rotation waits: it is ")), "{lines:?}");
    assert_eq!(place.private().len(), before.1.len() - 1, "the revoked one is destroyed at once, and no other");
    place.set_clock(0);
    assert_eq!(place.run(&["keys", "rotate"]).code, 0, "the time in the store is still the right one");

    let said = place.run(&["store", "clock-corrected"]);
    assert_eq!((said.code, said.stdout.as_str()), (1, ""));
    assert!(said.stderr.contains("no time in the store is in the future"), "{}", said.stderr);
    place.set_clock(-DAY);
    let said = place.run(&["keys", "rotate", "--clock-is-right"]);
    assert!(said.stderr.contains("behind the newest time in the store"), "{}", said.stderr);
    let said = place.run(&["store", "clock-corrected"]);
    assert_eq!((said.code, said.stdout.trim_end()), (0, "The newest time in the store is not in the future any more."), "{}", said.stderr);
    let said = place.run(&["keys", "rotate"]);
    assert!(!said.stderr.contains("newest time"), "what is left is a key set of tomorrow: {}", said.stderr);
}
