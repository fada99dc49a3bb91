//! What the real service logs: every line with its time, in both forms, and never nothing by mistake.

use std::{io::BufReader, process::Stdio};

use serde_json::{Value, json};

use crate::{
    running::{Folder, PATIENCE, SETTINGS, Service, lines, post},
    secrets::without_record,
};

/// `2026-11-22T14:00:00.000000Z` at the beginning.
fn has_time(line: &str) -> bool {
    let pattern = "dddd-dd-ddTdd:dd:dd.ddddddZ";
    line.len() > pattern.len()
        && line.bytes().zip(pattern.bytes()).all(|(byte, wanted)| if wanted == b'd' { byte.is_ascii_digit() } else { byte == wanted })
}

fn started(folder: &Folder, level: Option<&str>) -> Service {
    let mut command = folder.command(&["serve", "--role", "all"]);
    level.map(|level| command.env("COUNTERSIGN_LOG", level));
    Service::spawn(command)
}

/// A token that only a stolen key can have signed is shown; what is logged after.
fn log_of_an_alarm(folder: &Folder, level: Option<&str>) -> String {
    let service = started(folder, level);
    let answer = post(&format!("{}/v1/verify", service.public), &json!({"token": without_record(folder).text()})).unwrap();
    assert_eq!(answer.1["verdict"], "not_genuine");
    service.terminate().1
}

#[test]
fn an_alarm_is_logged_at_every_level_and_silence_must_be_asked_for() {
    let folder = Folder::ready();
    for (level, starts) in [(None, true), (Some(""), true), (Some("warn"), true), (Some("error"), false), (Some("off"), false)] {
        let log = log_of_an_alarm(&folder, level);
        assert!(log.contains("ALARM: a well-signed token has no record"), "{level:?}: {log}");
        assert_eq!(log.contains("countersign started"), starts, "{level:?}: {log}");
        for line in log.lines().filter(|line| !line.contains(" side on http://")) {
            assert!(has_time(line), "{line}");
        }
    }
}

#[test]
fn a_level_that_is_none_is_refused_by_every_command() {
    let folder = Folder::ready();
    for (level, args) in [("waring", &["serve", "--role", "all"][..]), ("debgu", &["officers", "list"]), ("countersign=debug", &["demo"])] {
        let output = folder.command(args).env("COUNTERSIGN_LOG", level).output().unwrap();
        let sentence = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{sentence}");
        assert!(sentence.contains("COUNTERSIGN_LOG") && sentence.contains(level), "{sentence}");
    }
}

#[test]
fn start_and_stop_say_what_runs() {
    let folder = Folder::ready_with(&SETTINGS.replace("[organisation]", "drain = \"0s\"\n[organisation]"));
    let (_, log) = started(&folder, None).terminate();
    let line = log.lines().find(|line| line.contains("countersign started")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    for part in [
        "INFO",
        "kind=\"started\"",
        &format!("version=\"{version}\""),
        "role=\"all\"",
        "store=\"sqlite\"",
        "max_live=256",
        "guesses=3000",
        "issuer=verify.example.org",
        "drain=0s",
        "log=warn",
        "01632 960 123",
        "rotation.active=604800s",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    // Nothing is said of what is not known or not set: no settings file, no proxies, and of a development build no commit.
    for nothing in ["=;", "= ;", "\"\"", "unknown", "config="] {
        assert!(!line.contains(nothing), "{nothing} in {line}");
    }
    assert!(log.contains("kind=\"stopping\"") && log.contains("kind=\"stopped\""), "{log}");
}

#[test]
fn in_json_every_line_is_an_object_with_the_same_names() {
    let folder = Folder::ready();
    let mut command = folder.command(&["serve", "--role", "all", "--log-format", "json"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = lines(BufReader::new(child.stderr.take().unwrap()));
    let next = || -> Value { serde_json::from_str(&lines.recv_timeout(PATIENCE).unwrap()).unwrap() };
    let started = next();
    assert_eq!((&started["kind"], &started["level"], &started["role"]), (&json!("started"), &json!("INFO"), &json!("all")));
    assert!(started["settings"].as_str().unwrap().contains("max_live=256"));
    let mut public = String::new();
    for side in ["private", "public"] {
        let listening = next();
        assert_eq!((&listening["kind"], &listening["side"]), (&json!("listening"), &json!(side)));
        listening["address"].as_str().unwrap().clone_into(&mut public);
    }
    post(&format!("http://{public}/v1/verify"), &json!({"token": without_record(&folder).text()})).unwrap();
    let alarm = next();
    assert_eq!((&alarm["kind"], &alarm["alarm"], &alarm["level"]), (&json!("no_record"), &json!(true), &json!("ERROR")));
    assert!(alarm["message"].as_str().unwrap().starts_with("ALARM: "), "{alarm}");
    std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let (stopping, stopped) = (next(), next());
    assert_eq!((&stopping["kind"], &stopping["signal"], &stopped["kind"]), (&json!("stopping"), &json!("SIGTERM"), &json!("stopped")));
    assert!(child.wait().unwrap().success());
    for line in [started, alarm, stopping, stopped] {
        assert!(has_time(&format!("{} ", line["timestamp"].as_str().unwrap())), "{line}");
        assert!(line["message"].is_string(), "{line}");
    }
}
