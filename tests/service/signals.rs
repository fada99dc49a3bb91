//! The real service and the signals that a system sends: only those that ask it to stop end it.

use serde_json::json;

use crate::running::{Folder, PATIENCE, SETTINGS, Service, post};

fn page(service: &Service, path: &str) -> String {
    let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build();
    let mut page = ureq::Agent::from(config).get(format!("{}{path}", service.public)).call().unwrap();
    page.body_mut().read_to_string().unwrap()
}

fn checks(service: &Service, after: &str) {
    let (status, answer) = post(&format!("{}/v1/verify", service.public), &json!({"code": "nothing at all"})).expect(after);
    assert_eq!((status, answer["verdict"].as_str()), (200, Some("mistyped")), "{after}");
}

/// With this instead of that in its settings.
fn changed(folder: &Folder, from: &str, to: &str) {
    assert!(SETTINGS.contains(from));
    folder.write("countersign.toml", &SETTINGS.replace(from, to));
}

#[test]
fn what_asks_for_nothing_ends_nothing() {
    let folder = Folder::ready();
    let service = Service::start(&folder, &["--role", "all"]);
    let signals = "USR1 USR2 ALRM PIPE VTALRM PROF XCPU XFSZ IO PWR STKFLT WINCH URG CHLD CONT 34 50 64 HUP HUP";
    for signal in signals.split(' ') {
        service.send(signal);
        checks(&service, signal);
    }
    let (status, log) = service.terminate();
    assert!(status.success(), "{log}");
    assert!(log.contains("signal=\"SIGTERM\"") && log.trim_end().ends_with("countersign stopped kind=\"stopped\""), "{log}");
}

#[test]
fn what_asks_to_stop_stops() {
    let folder = Folder::ready();
    for signal in ["INT", "QUIT"] {
        let mut service = Service::start(&folder, &["--role", "all"]);
        service.send(signal);
        assert!(service.logs("countersign was asked to stop").contains(&format!("SIG{signal}")));
        let (status, log) = service.ends();
        assert!(status.success(), "{signal}: {log}");
    }
}

#[test]
fn a_hangup_changes_the_organisation_on_every_page() {
    let folder = Folder::ready();
    let mut service = Service::start(&folder, &["--role", "all"]);
    for path in ["/", "/check"] {
        assert!(page(&service, path).contains("01632 960 123"), "{path}");
    }
    changed(&folder, "01632 960 123", "01632 960 999");
    service.send("HUP");
    service.logs("the settings were read again");
    for path in ["/", "/check"] {
        let page = page(&service, path);
        assert!(page.contains("01632 960 999") && !page.contains("960 123"), "{path}");
    }
}

#[test]
fn settings_that_are_wrong_change_nothing() {
    let folder = Folder::ready();
    let mut service = Service::start(&folder, &["--role", "all"]);
    for (from, to, says) in [
        ("telephone =", "telefone =", "countersign.toml does not fit"),
        ("[organisation]", "log = \"waring\"\n[organisation]", "COUNTERSIGN_LOG"),
        ("https://www.example.com/", "http://www.example.com/", "organisation.exit_url"),
        ("Europe/London", "Europe/Londres", "countersign.toml does not fit"),
        ("public = \"127.0.0.1:0\"", "public = \"nowhere\"", "--public"),
    ] {
        // Good and bad in one file: the good must not be taken over alone.
        let text = SETTINGS.replace(from, to).replace("01632 960 123", "01632 960 999");
        folder.write("countersign.toml", &text);
        service.send("HUP");
        let line = service.logs("those from before stay");
        assert!(line.contains(says) && line.contains("ERROR"), "{line}");
        assert!(page(&service, "/check").contains("01632 960 123"), "{to}");
    }
    changed(&folder, "01632 960 123", "01632 960 999");
    service.send("HUP");
    service.logs("the settings were read again");
    assert!(page(&service, "/check").contains("01632 960 999"));
}

#[test]
fn what_needs_a_restart_is_named_and_left() {
    let folder = Folder::ready();
    let mut service = Service::start(&folder, &["--role", "all"]);
    changed(&folder, "[organisation]", "max_live = 100\ndrain = \"1s\"\n[organisation]");
    service.send("HUP");
    for setting in ["max_live", "drain"] {
        let line = service.logs("needs a restart");
        assert!(line.contains(setting), "{line}");
    }
    checks(&service, "a change that waits");
}

#[test]
fn a_hangup_changes_how_much_is_logged() {
    let folder = Folder::ready();
    changed(&folder, "[organisation]", "log = \"off\"\n[organisation]");
    let mut service = Service::start(&folder, &["--role", "all"]);
    changed(&folder, "[organisation]", "log = \"warn\"\n[organisation]");
    service.send("HUP");
    let line = service.logs("the settings were read again");
    assert!(line.contains("warn"), "{line}");
    let (_, log) = service.terminate();
    assert!(log.contains("countersign stopped") && !log.contains("countersign started"), "{log}");
}
