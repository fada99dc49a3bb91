//! Keys and store that do not belong together: every command and role refuses, and neither loses anything.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use crate::{
    database::{Cluster, not_run},
    running::{Folder, SETTINGS},
};

/// Everything that opens a store; `{kid}`, `{authorisation}` and `{access}` stand for what production has.
const COMMANDS: &[&[&str]] = &[
    &["serve", "--role", "all"],
    &["serve", "--role", "issuer"],
    &["serve", "--role", "verifier"],
    &["keys", "show"],
    &["keys", "rotate"],
    &["keys", "revoke", "{kid}", "--reason", "a mistake"],
    &["keys", "publish"],
    &["keys", "publish", "--request", "next.request"],
    &["keys", "publish", "--set", "keys/keyset.jwt"],
    &["keys", "ledger", "renew"],
    &["keys", "ledger", "renew", "--lost"],
    &["keys", "ledger", "renew", "--stolen"],
    &["officers", "list"],
    &["officers", "enrol", "robin", "--role", "officer"],
    &["officers", "link", "falcon"],
    &["officers", "suspend", "falcon"],
    &["officers", "credential", "falcon"],
    &["officers", "revoke", "{access}"],
    &["authorisations", "list"],
    &["authorisations", "ask", "--as", "falcon", "--reference", "OP-2", "--purpose", "Visit", "--channel", "online"],
    &["authorisations", "approve", "{authorisation}", "--as", "heron"],
    &["authorisations", "refuse", "{authorisation}", "--as", "heron", "--reason", "Not now"],
    &["authorisations", "withdraw", "{authorisation}", "--as", "falcon"],
    &["ledger", "show"],
    &["ledger", "export", "ledger.jsonl"],
    &["ledger", "verify"],
    &["ledger", "prove", "0123456789abcdef"],
];

/// The only one that a copy of the store from before a change of the ledger's key is opened by.
const RESTORED: &[&str] = &["keys", "ledger", "renew", "--restored"];

/// Every row of a store.
pub fn rows(store: &str) -> String {
    let dump = match store.strip_prefix("sqlite:") {
        Some(file) => Command::new("sqlite3").args([file, ".dump"]).output(),
        None => Command::new("pg_dump").args(["--data-only", "--inserts", "--dbname", store]).output(),
    };
    let dump = dump.unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    // Newer versions of pg_dump begin and end with a random word.
    String::from_utf8(dump.stdout).unwrap().lines().filter(|line| !line.starts_with('\\')).collect::<Vec<_>>().join("\n")
}

/// Names and bytes of all files of a key folder.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else {
            found.push((entry.display().to_string(), fs::read(&entry).unwrap()));
        }
    }
    found.sort();
    found
}

/// Ways in which a folder belongs elsewhere, and what the refusal names.
fn strangers(production: &Folder, store: &str) -> [(Folder, &'static str); 3] {
    let folder = |issuer: &str| {
        let folder = Folder::empty();
        folder.write("countersign.toml", &SETTINGS.replace("sqlite:store.sqlite", store).replace("verify.example.org", issuer));
        folder.ok(&["keys", "init"]);
        folder
    };
    let copied = folder("verify.example.org");
    for (path, bytes) in files(&production.path().join("keys")).into_iter().filter(|(path, _)| !path.contains("ledger")) {
        let name = Path::new(&path).strip_prefix(production.path()).unwrap();
        fs::write(copied.path().join(name), bytes).unwrap();
        fs::set_permissions(copied.path().join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    [
        (folder("verify.example.org"), "its root key is "),
        (folder("staging.example.org"), "it is of verify.example.org, not of staging.example.org, and its root key is "),
        (copied, "its ledger key is "),
    ]
}

fn nothing_is_lost(store: &str) {
    let production = Folder::ready_with(&SETTINGS.replace("sqlite:store.sqlite", store));
    production.ok(&["keys", "publish"]);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let kid = text(&production.json(&["keys", "show"])["keys"][0]["kid"]);
    let authorisation = text(&production.json(&["authorisations", "list"])[0]["id"]);
    let access = text(&production.json(&["officers", "list"])[0]["keys"][0]["id"]);
    let known = |word: &&str| word.replace("{kid}", &kid).replace("{authorisation}", &authorisation).replace("{access}", &access);

    for (folder, what) in strangers(&production, store) {
        let (before, ours, theirs) = (rows(store), files(&production.path().join("keys")), files(&folder.path().join("keys")));
        let is_same_but_for_the_ledger_key = what.contains("ledger key");
        let head = if is_same_but_for_the_ledger_key { "is of another time" } else { "belongs to another deployment" };
        for command in COMMANDS.iter().chain((!is_same_but_for_the_ledger_key).then_some(&RESTORED)) {
            let words: Vec<String> = command.iter().map(known).collect();
            let said = folder.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
            let name = store.strip_prefix("sqlite:").unwrap_or("the store");
            assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{what} {command:?}: {}", said.stderr);
            for part in [name, &format!("{head} than the keys in keys"), what] {
                assert!(said.stderr.contains(part), "{what} {command:?}: {}", said.stderr);
            }
        }
        assert_eq!(rows(store), before, "{what}");
        assert_eq!(files(&production.path().join("keys")), ours, "{what}");
        assert_eq!(files(&folder.path().join("keys")), theirs, "{what}");
    }
    production.ok(&["keys", "rotate"]);
    production.ok(&["ledger", "show"]);
}

/// What a folder of an early version lacks is published only behind the comparison.
#[test]
fn a_strangers_folder_without_its_ledgers_name_gets_none() {
    let production = Folder::ready();
    production.ok(&["keys", "publish"]);
    let store = format!("sqlite:{}", production.path().join("store.sqlite").display());
    let stranger = Folder::empty();
    stranger.write("countersign.toml", &SETTINGS.replace("sqlite:store.sqlite", &store));
    stranger.ok(&["keys", "init"]);
    fs::remove_file(stranger.path().join("keys/ledger.vkey")).unwrap();
    let (before, keys) = (rows(&store), files(&stranger.path().join("keys")));
    for role in ["all", "issuer"] {
        let said = stranger.run(&["serve", "--role", role]);
        assert!(said.code == 2 && said.stderr.contains("belongs to another deployment"), "{}", said.stderr);
        assert!(rows(&store) == before && files(&stranger.path().join("keys")) == keys, "{role}");
    }
    // Without the private half no store is made either.
    stranger.write("countersign.toml", SETTINGS);
    fs::remove_file(stranger.path().join("keys/private/ledger.pem")).unwrap();
    let said = stranger.run(&["serve", "--role", "issuer"]);
    assert!(said.code == 2 && said.stderr.contains("ledger.pem"), "{}", said.stderr);
    assert!(!stranger.path().join("store.sqlite").exists());
}

#[test]
fn another_folders_keys_change_nothing_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    nothing_is_lost(&format!("sqlite:{}", folder.path().join("production.sqlite").display()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_folders_keys_change_nothing_in_a_database() {
    let Some(cluster) = Cluster::start(&[]).await else {
        return not_run("binding::another_folders_keys_change_nothing_in_a_database");
    };
    let store = cluster.url("countersign_issuer", "countersign");
    tokio::task::spawn_blocking(move || nothing_is_lost(&store)).await.unwrap();
}

#[test]
fn a_second_machine_is_refused_until_it_has_the_keys() {
    let shared = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", shared.path().join("store.sqlite").display());
    let settings = SETTINGS.replace("sqlite:store.sqlite", &store);
    let first = Folder::ready_with(&settings);
    first.ok(&["keys", "publish"]);
    let active = |folder: &Folder| {
        let keys = folder.json(&["keys", "show"]);
        let mut keys = keys["keys"].as_array().unwrap().iter();
        keys.find(|key| key["stage"] == "active").unwrap()["kid"].as_str().unwrap().to_owned()
    };
    let kid = active(&first);

    let second = Folder::empty();
    second.write("countersign.toml", &settings);
    fs::create_dir(second.path().join("keys")).unwrap();
    let bring = |name: &str| fs::copy(first.path().join("keys").join(name), second.path().join("keys").join(name)).unwrap();
    bring("root.jwk");
    bring("keyset.jwt");
    // All but the newest time, which any issuer of this deployment writes.
    let rows = |store: &str| rows(store).lines().filter(|line| !line.contains("issuer_time")).collect::<Vec<_>>().join("\n");
    let refused = |args: &[&str], says: &[&str]| {
        let (rows_before, files_before) = (rows(&store), files(&first.path().join("keys")));
        let said = second.run(args);
        assert_eq!(said.code, 2, "{args:?}: {}", said.stderr);
        assert!(says.iter().all(|part| said.stderr.contains(part)), "{args:?}: {}", said.stderr);
        assert_eq!((rows(&store), files(&first.path().join("keys"))), (rows_before, files_before), "{args:?}");
    };
    refused(&["keys", "publish", "--request", "next.request"], &["ledger.pem is not there", "bring the key"]);
    assert!(!second.path().join("keys/private").exists(), "no second ledger key is made");
    bring("ledger.vkey");
    let elsewhere: [&str; 2] = [&format!("the private half of {kid} is not on this machine"), "revoke the key if it is lost"];
    refused(&["keys", "publish", "--request", "next.request"], &elsewhere);
    refused(&["keys", "rotate"], &elsewhere);

    // All keys but the one that signs.
    let private = second.path().join("keys/private");
    fs::create_dir_all(&private).unwrap();
    for entry in fs::read_dir(first.path().join("keys/private")).unwrap().map(|entry| entry.unwrap()) {
        if !entry.file_name().to_str().unwrap().starts_with(&kid) {
            fs::copy(entry.path(), private.join(entry.file_name())).unwrap();
        }
    }
    let here = files(&private);
    for args in [&["serve", "--role", "issuer"][..], &["keys", "rotate"], &["keys", "publish", "--request", "next.request"]] {
        refused(args, &elsewhere);
    }
    assert_eq!(files(&private), here, "nothing is made or destroyed here either");
    assert_eq!(active(&first), kid);

    fs::copy(first.path().join(format!("keys/private/{kid}.pem")), private.join(format!("{kid}.pem"))).unwrap();
    assert_eq!(second.ok(&["keys", "rotate"]), "Nothing to do.\n");
    second.ok(&["keys", "publish", "--request", "next.request"]);
}
