//! Store and key folder of one deployment, one of them from before the ledger's key was replaced: everything is refused and
//! says what to do, and that leads out of it.

use std::{fs, path::Path, process::Command};

use crate::{
    binding::{files, rows},
    database::{Cluster, not_run},
    running::{Folder, SETTINGS, Service},
};

const COMMANDS: &[&[&str]] = &[
    &["serve", "--role", "all"],
    &["serve", "--role", "verifier"],
    &["keys", "show"],
    &["withdraw", "--all"],
    &["ledger", "verify"],
    &["keys", "ledger", "renew"],
    &["keys", "ledger", "renew", "--lost"],
    &["keys", "ledger", "renew", "--stolen"],
];

fn use_store(folder: &Folder, store: &str) {
    folder.write("countersign.toml", &SETTINGS.replace("sqlite:store.sqlite", store));
}

/// The service runs, somebody is enrolled, and all of it is signed.
fn works(folder: &Folder, callsign: &str) {
    let service = Service::start(folder, &["--role", "all"]);
    folder.ok(&["officers", "enrol", callsign, "--role", "officer"]);
    assert!(service.terminate().0.success());
}

fn key(folder: &Folder) -> String {
    fs::read_to_string(folder.path().join("keys/ledger.vkey")).unwrap().trim().to_owned()
}

/// Each command, and nothing changes.
fn all_is_refused(folder: &Folder, store: &str, its: &str, theirs: &str) {
    let (rows_before, files_before) = (rows(store), files(&folder.path().join("keys")));
    for command in COMMANDS {
        let said = folder.run(command);
        assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{command:?}: {}", said.stderr);
        let why = format!("is of another time than the keys in keys: its ledger key is {its}, theirs is {theirs}; nothing was changed; ");
        for part in [&why, "write the store's key into its ledger.vkey", "run `countersign keys ledger renew --restored`"] {
            assert!(said.stderr.contains(part), "{command:?}: {}", said.stderr);
        }
    }
    assert_eq!((rows(store), files(&folder.path().join("keys"))), (rows_before, files_before));
}

/// The ledger is in order under the key that is here.
fn is_in_order(folder: &Folder, callsign: &str) {
    folder.ok(&["withdraw", "--all"]);
    works(folder, callsign);
    folder.ok(&["ledger", "verify"]);
}

fn the_store_is_older(store: &str, copy: &str, copied: impl Fn()) {
    let folder = Folder::empty();
    use_store(&folder, store);
    folder.ok(&["keys", "init"]);
    folder.people();
    works(&folder, "robin");
    let first = key(&folder);
    copied();
    folder.ok(&["keys", "ledger", "renew"]);
    works(&folder, "wren");
    let second = key(&folder);

    use_store(&folder, copy);
    all_is_refused(&folder, copy, &first, &second);
    let done = folder.json(&["keys", "ledger", "renew", "--restored", "--reason", "disk failed"]);
    assert_eq!((done["old"].as_str(), done["vouched"].as_bool()), (Some(first.as_str()), Some(false)));
    assert!(![&first, &second].contains(&&key(&folder)), "the second one signed what was lost");
    is_in_order(&folder, "wren");
}

fn copy_folder(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

fn the_keys_are_older(store: &str) {
    let folder = Folder::empty();
    use_store(&folder, store);
    folder.ok(&["keys", "init"]);
    folder.people();
    works(&folder, "robin");
    let [keys, before] = ["keys", "before"].map(|name| folder.path().join(name));
    copy_folder(&keys, &before);
    let first = key(&folder);
    folder.ok(&["keys", "ledger", "renew"]);
    works(&folder, "wren");
    let second = key(&folder);

    copy_folder(&before, &keys);
    all_is_refused(&folder, store, &second, &first);
    let refused = |args: &[&str], says: &str| {
        let said = folder.run(args);
        assert!(said.code == 2 && said.stderr.contains(says), "{args:?}: {}", said.stderr);
    };
    refused(&["keys", "ledger", "renew", "--restored"], "if the key folder is the older one, bring the newest ledger.vkey to it");
    fs::write(keys.join("ledger.vkey"), format!("{second}\n")).unwrap();
    refused(
        &["keys", "ledger", "renew"],
        &format!("private/ledger.pem is not the ledger's key {second}; put that one back, or name --lost"),
    );
    let done = folder.json(&["keys", "ledger", "renew", "--lost"]);
    assert_eq!(done["old"], second.as_str());
    is_in_order(&folder, "heron2");
}

#[test]
fn a_file_from_before_a_change_of_the_key_or_keys_from_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let store = |name: &str| format!("sqlite:{}", path(name).display());
    the_store_is_older(&store("store.sqlite"), &store("copy.sqlite"), || {
        let copied = Command::new("sqlite3").arg(path("store.sqlite")).arg(format!(".backup {}", path("copy.sqlite").display())).status();
        assert!(copied.unwrap().success());
        assert!(Command::new("chmod").arg("600").arg(path("copy.sqlite")).status().unwrap().success());
    });
    the_keys_are_older(&store("other.sqlite"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_from_before_a_change_of_the_key_or_keys_from_before_it() {
    let Some(cluster) = Cluster::shared().await else {
        return not_run("restored::a_database_from_before_a_change_of_the_key_or_keys_from_before_it");
    };
    let [store, copy] = [cluster.database().await, cluster.database().await];
    let (first, second) = (cluster.url("countersign_issuer", &store.name), cluster.url("countersign_issuer", &copy.name));
    let admin = cluster.url("postgres", "postgres");
    let statements =
        [format!("DROP DATABASE {}", copy.name), format!("CREATE DATABASE {} TEMPLATE {} OWNER countersign_issuer", copy.name, store.name)];
    let other = cluster.database().await;
    let third = cluster.url("countersign_issuer", &other.name);
    let work = move || {
        the_store_is_older(&first, &second, || {
            for statement in &statements {
                let done = Command::new("psql").args(["--quiet", "--no-psqlrc", "-c", statement, &admin]).output().unwrap();
                assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            }
        });
        the_keys_are_older(&third);
    };
    tokio::task::spawn_blocking(work).await.unwrap();
}
