//! The whole main job by the command line: in one process, and in two that share a store.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use countersign::token::Token;
use serde_json::Value;

use crate::{
    forms,
    running::{Folder, PUBLIC_URL, SETTINGS, Service},
    scanner,
    sheet::Sheet,
};

const NUMBER: &str = "417092";

/// An officer and a person, who know where the service is.
pub struct Job<'a> {
    pub folder: &'a Folder,
    pub private: &'a str,
    pub public: &'a str,
}

impl Job<'_> {
    pub fn issue(&self, args: &[&str]) -> Sheet {
        Sheet::read(&self.folder.ok(&[&["issue", "--private-url", self.private], args].concat()))
    }

    /// Verdict and exit code, which must agree between both formats of the same answer.
    fn check(&self, code: &str, args: &[&str]) -> (i32, Value) {
        let said = self.folder.run(&[&["verify", code, "--server", self.public, "--format", "json"], args].concat());
        assert_eq!(said.stderr, "");
        (said.code, serde_json::from_str(&said.stdout).unwrap())
    }

    pub fn verdict(&self, code: &str, args: &[&str]) -> (i32, String) {
        let (exit, answer) = self.check(code, args);
        (exit, answer["verdict"].as_str().unwrap().to_owned())
    }

    pub fn run(&self) {
        self.by_link_with_a_number();
        self.by_words_digits_and_text();
        self.withdrawn();
        self.symbol_as_svg();
    }

    fn by_link_with_a_number(&self) {
        let sheet = self.issue(&["--channel", "in-person", "--name", "Anna", "--place", "Bridge Street", "--challenge", NUMBER]);
        assert!(sheet.link.starts_with(&format!("{PUBLIC_URL}/#")), "{}", sheet.link);
        assert_eq!((&sheet.words, &sheet.digits), (&None, &None), "in person nothing is spoken unless it is asked for");
        assert_eq!(self.verdict(&sheet.link, &[]), (1, "challenge_needed".into()));
        assert_eq!(self.verdict(&sheet.link, &["--challenge", "417093"]), (1, "other_challenge".into()));
        let (exit, answer) = self.check(&sheet.link, &["--challenge", NUMBER]);
        assert_eq!((exit, &answer["verdict"], &answer["challenge"]), (0, &"genuine".into(), &"matched".into()));
        let approach = &answer["approach"];
        assert_eq!((&approach["name"], &approach["place"], &approach["id"]), (&"Anna".into(), &"Bridge Street".into(), &sheet.id.into()));
        assert!(answer.get("pad").is_none());
        assert_eq!(self.verdict(&sheet.link, &["--challenge", NUMBER]), (1, "already_checked".into()));
    }

    fn by_words_digits_and_text(&self) {
        let sheet = self.issue(&["--channel", "telephone", "--dialled", "143"]);
        let (exit, answer) = self.check(&sheet.words.unwrap(), &[]);
        assert_eq!((exit, &answer["verdict"]), (0, &"genuine".into()));
        assert_eq!(Token::parse(answer["token"].as_str().unwrap()), Token::parse(&sheet.link));
        assert_eq!(self.verdict(&sheet.digits.unwrap(), &[]), (1, "already_checked".into()));

        let sheet = self.issue(&["--channel", "online", "--spoken"]);
        assert_eq!(self.verdict(&sheet.digits.unwrap(), &[]), (0, "genuine".into()));

        let sheet = self.issue(&["--channel", "online"]);
        assert_eq!(self.verdict(&Token::parse(&sheet.link).unwrap().text(), &[]), (0, "genuine".into()));
    }

    fn withdrawn(&self) {
        let sheet = self.issue(&["--channel", "telephone"]);
        assert_eq!(self.folder.ok(&["withdraw", &sheet.id, "--private-url", self.private]), "Withdrawn.\n");
        assert_eq!(self.verdict(&sheet.link, &[]), (1, "withdrawn".into()));
        assert_eq!(self.verdict(&sheet.words.unwrap(), &[]), (1, "withdrawn".into()));
    }

    fn symbol_as_svg(&self) {
        let issued = self.folder.json(&["issue", "--private-url", self.private, "--channel", "online"]);
        assert_eq!(scanner::svg(issued["qr_svg"].as_str().unwrap()), issued["link"].as_str().unwrap());
    }
}

/// What a process tells Prometheus.
fn figures(private: &str) -> String {
    ureq::get(format!("{private}/metrics")).call().unwrap().body_mut().read_to_string().unwrap()
}

/// Every file below, with its mode.
fn modes(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        if entry.file_type().unwrap().is_dir() {
            found.extend(modes(&entry.path()));
        } else {
            found.push((entry.path(), mode));
        }
    }
    found
}

/// Nobody else reads the store or a private key. Gives back how many such files there are.
pub fn assert_private(folder: &Path, secret: impl Fn(&str) -> bool) -> usize {
    let secrets: Vec<_> = modes(folder).into_iter().filter(|(path, _)| secret(path.to_str().unwrap())).collect();
    assert!(secrets.iter().all(|(_, mode)| *mode == 0o600), "{secrets:?}");
    secrets.len()
}

#[test]
fn one_process_does_the_whole_main_job() {
    let folder = Folder::ready();
    let service = Service::start(&folder, &["--role", "all"]);
    Job { folder: &folder, private: &service.private, public: &service.public }.run();
    let secrets = assert_private(folder.path(), |path| path.contains("/private/") || path.contains(".sqlite"));
    assert_eq!(secrets, 7 + 1 + 3, "seven keys, the last checkpoint; the store with its log and index");
    let (status, log) = service.terminate();
    let lines = ["version=", "private side on", "public side on", "asked to stop", "stopped"];
    assert_eq!((status.code(), log.lines().count()), (Some(0), lines.len()), "{log}");
}

#[test]
fn two_processes_share_a_store_and_the_verifier_needs_no_private_key() {
    let folder = Folder::ready();
    folder.publish_root();
    let issuer = Service::start(&folder, &["--role", "issuer"]);
    let verifier = Service::start(&folder, &["--role", "verifier", "--keys", "public"]);
    assert_eq!(issuer.public, "", "it listens on its own side only");
    Job { folder: &folder, private: &issuer.private, public: &verifier.public }.run();
    let (acts, checks) = (figures(&issuer.private), figures(&verifier.private));
    assert!(!acts.contains("countersign_housekeeping_timestamp_seconds 0\n"), "its first round is over long since: {acts}");
    assert!(checks.contains("countersign_checks_total{form=\"code\",verdict=\"genuine\"} 2\n"), "{checks}");
    assert!(checks.contains("countersign_signing_keys{stage=\"active\"} 1\n") && !checks.contains("_ledger_"), "{checks}");
    assert!(acts.contains("countersign_signing_keys{stage=\"active\"} 1\n"), "{acts}");
    assert!(acts.contains("countersign_marks_overdue 0\n") && acts.contains("countersign_housekeeping_"), "{acts}");
    assert!(!acts.contains("_guesses_taken"), "{acts}");
    let second = Service::start(&folder, &["--role", "verifier", "--keys", "public"]);
    let job = Job { folder: &folder, private: &issuer.private, public: &verifier.public };
    forms::sent_twice_at_once(&job, [&verifier.public, &second.public]);
    assert_eq!(second.terminate().0.code(), Some(0));
    assert_eq!(verifier.terminate().0.code(), Some(0));
    assert_eq!(issuer.terminate().0.code(), Some(0));
}

#[test]
fn a_verifier_has_a_private_side_only_where_a_setting_names_one() {
    let folder = Folder::ready();
    let issuer = Service::start(&folder, &["--role", "issuer"]);
    folder.write("bare.toml", &SETTINGS.replace("private = \"127.0.0.1:0\"\n", ""));
    let bare = ["--role", "verifier", "--config", "bare.toml"];
    let verifier = Service::start(&folder, &bare);
    assert_eq!(verifier.private, "");
    assert_eq!(verifier.terminate().1.matches(" side on ").count(), 1, "it has a public side alone");
    let verifier = Service::start(&folder, &[&bare[..], &["--private", "127.0.0.1:0"]].concat());
    assert!(figures(&verifier.private).contains("countersign_store_up 1\n"));
    assert_eq!((verifier.terminate().0.code(), issuer.terminate().0.code()), (Some(0), Some(0)));
}
