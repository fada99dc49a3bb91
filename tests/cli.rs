//! The command line as data files: what is typed, what comes back on which stream, and the exit code.
//!
//! Every file of `tests/cli/*.trycmd` runs in a folder of its own. `! ` marks lines of standard error; `[..]` stands for
//! what is random or a time. `TRYCMD=overwrite cargo test --test cli` writes what comes back into the files.

#[path = "cli/fixtures.rs"]
mod fixtures;
mod running;

use std::{net::TcpListener, path::Path};

use running::{BINARY, Folder, Service};

/// Runs one file in `folder`, with more environment if a case needs it.
fn case(name: &str, folder: &Folder, environment: &[(&str, &str)]) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let streams = tempfile::tempdir().unwrap();
    let path = format!("{}:/usr/bin:/bin", here.join("bin").display());
    let cases = trycmd::TestCases::new();
    for program in ["countersign", "own-help", "sh"] {
        cases.register_bin(program, here.join("bin").join(program));
    }
    for (name, value) in [
        ("CASE_FOLDER", folder.path().to_str().unwrap()),
        ("CASE_STREAMS", streams.path().to_str().unwrap()),
        ("COUNTERSIGN", BINARY),
        ("PATH", &path),
        ("TZ", "UTC"),
        ("COLUMNS", "100"),
    ]
    .into_iter()
    .chain(environment.iter().copied())
    {
        cases.env(name, value);
    }
    cases.case(here.join(format!("{name}.trycmd"))).run();
}

#[test]
fn help() {
    case("help", &Folder::empty(), &[]);
}

#[test]
fn usage() {
    case("usage", &Folder::empty(), &[]);
}

#[test]
fn settings() {
    case("settings", &Folder::empty(), &[]);
}

#[test]
fn checking_settings() {
    case("config", &fixtures::folder(), &[]);
}

#[test]
fn keys() {
    case("keys", &fixtures::folder(), &[]);
}

#[test]
fn encrypted_keys() {
    case("encrypted", &fixtures::folder(), &[]);
}

#[test]
fn publishing_keys() {
    case("publish", &fixtures::folder(), &[]);
}

#[test]
fn ledger() {
    case("ledger", &fixtures::folder(), &[("COUNTERSIGN_ISSUER", running::ISSUER)]);
}

#[test]
fn page() {
    case("page", &fixtures::folder(), &[]);
}

#[test]
fn store() {
    case("store", &fixtures::with_keys(), &[]);
}

#[test]
fn people() {
    case("people", &Folder::with_keys(), &[]);
}

#[test]
fn authorisations() {
    case("authorisations", &Folder::with_keys(), &[]);
}

#[test]
fn serve() {
    // Held until the case is over, so that the port is in use.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    case("serve", &fixtures::folder(), &[("TAKEN", &taken.local_addr().unwrap().to_string())]);
}

#[test]
fn issuing_without_a_service() {
    case("issue", &fixtures::with_keys(), &[]);
}

#[test]
fn checking_offline() {
    case("offline", &fixtures::folder(), &[]);
}

#[test]
fn checking_online() {
    let folder = Folder::ready();
    let service = Service::start(&folder, &["--role", "all"]);
    case("online", &folder, &[("COUNTERSIGN_PRIVATE_URL", &service.private), ("SERVER", &service.public)]);
}
