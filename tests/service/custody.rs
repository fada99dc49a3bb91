//! Keys that are left over, a folder that somebody holds, and what people see before the root signs.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use countersign::{
    clock::{Clock as _, SystemClock},
    key_folder::KeyFolder,
    keyring::KeySet,
};
use serde_json::{Value, json};

use crate::running::{Folder, ISSUER, Service};

const SETTINGS: &str = "issuer = \"verify.example.org\"\nstore = \"sqlite:store.sqlite\"\n";

/// A folder with the root offline and a request of the issuer.
fn asked() -> Folder {
    let folder = Folder::empty();
    folder.write("countersign.toml", SETTINGS);
    folder.ok(&["keys", "init", "--root-only", "--keys", "offline"]);
    fs::create_dir(folder.path().join("keys")).unwrap();
    fs::copy(folder.path().join("offline/root.jwk"), folder.path().join("keys/root.jwk")).unwrap();
    folder.ok(&["keys", "publish", "--request", "next.request"]);
    folder
}

fn private(folder: &Folder, kid: &str) -> PathBuf {
    folder.path().join(format!("keys/private/{kid}.pem"))
}

fn shown(folder: &Folder) -> Vec<Value> {
    folder.json(&["keys", "show"])["keys"].as_array().unwrap().clone()
}

/// What `keys show` says of a key: its stage and whether it is revoked.
fn of(folder: &Folder, kid: &str) -> Option<(Value, Value)> {
    shown(folder).into_iter().find(|key| key["kid"] == kid).map(|key| (key["stage"].clone(), key["revoked"].clone()))
}

fn first_at(folder: &Folder, stage: &str) -> String {
    shown(folder).iter().find(|key| key["stage"] == stage).unwrap()["kid"].as_str().unwrap().to_owned()
}

/// Revokes a key, and puts its private half back as if the machine had lost its power before it was destroyed.
fn revoke_half(folder: &Folder, kid: &str) {
    let (file, copy) = (private(folder, kid), folder.path().join("copy.pem"));
    fs::copy(&file, &copy).unwrap();
    folder.ok(&["keys", "revoke", "--reason", "stolen", "--", kid]);
    assert!(!file.exists());
    fs::rename(copy, file).unwrap();
}

#[test]
fn a_revocation_that_ended_half_way_is_listed_and_finished_by_the_same_command() {
    for stage in ["unpublished", "pending"] {
        let folder = asked();
        if stage == "pending" {
            folder.ok(&["keys", "publish", "--sign", "next.request", "--out", "next.jwt", "--keys", "offline"]);
            folder.ok(&["keys", "publish", "--set", "next.jwt"]);
        }
        let kid = first_at(&folder, stage);
        revoke_half(&folder, &kid);
        let (is, revoked) = of(&folder, &kid).expect("it is here, so it is listed");
        assert_eq!((is, revoked), (json!(if stage == "pending" { "retired" } else { "removed" }), json!(true)), "{stage}");
        let text = folder.ok(&["keys", "show"]);
        assert!(text.lines().any(|line| line.starts_with(&kid) && line.ends_with("revoked")), "{text}");

        let again = folder.json(&["keys", "revoke", &kid, "--reason", "stolen"]);
        assert_eq!((&again["withdrawn"], &again["rotated"]["destroyed"]), (&json!(0), &json!([kid])), "{stage}");
        assert!(!private(&folder, &kid).exists());
        if stage == "unpublished" {
            assert_eq!(of(&folder, &kid), None, "nothing of it is here any more");
        }
        assert_eq!(folder.run(&["keys", "revoke", "--reason", "stolen", "--", &kid]).code, 1, "{stage}: nothing is left to do");
    }
}

/// The root signs another set than the one that was asked for.
#[test]
fn a_key_that_waited_and_that_the_newest_set_leaves_out_is_listed() {
    let folder = asked();
    folder.ok(&["keys", "publish", "--sign", "next.request", "--out", "next.jwt", "--keys", "offline"]);
    folder.ok(&["keys", "publish", "--set", "next.jwt"]);
    let set = KeySet::read_request(fs::read_to_string(folder.path().join("next.request")).unwrap().trim_end()).unwrap();
    let waits = first_at(&folder, "pending");
    let kept = set.keys().iter().filter(|key| key.key.id().to_string() != waits).cloned().collect();
    let next = KeySet::new(ISSUER.parse().unwrap(), 2, SystemClock.now(), set.expires_at(), kept).unwrap();
    folder.write("less.jwt", &next.sign(&KeyFolder::at(folder.path().join("offline")).private_root(None).unwrap()));
    folder.ok(&["keys", "publish", "--set", "less.jwt"]);
    assert_eq!(of(&folder, &waits), Some((json!("removed"), json!(false))));
    assert!(private(&folder, &waits).exists());
    let said = folder.json(&["keys", "revoke", &waits, "--reason", "of no use"]);
    assert_eq!(said["rotated"]["destroyed"], json!([waits]));
    assert_eq!(of(&folder, &waits), None);
}

#[test]
fn the_service_starts_while_a_command_holds_the_keys() {
    let folder = Folder::ready();
    // The store learns of the keys.
    Service::start(&folder, &["--role", "all"]).terminate();
    let active = first_at(&folder, "active");
    revoke_half(&folder, &active);
    let held = KeyFolder::at(folder.path().join("keys")).hold().unwrap();
    let service = Service::start(&folder, &["--role", "all"]);
    assert!(private(&folder, &active).exists());
    drop(held);
    // With its last round at the latest.
    let (status, log) = service.terminate();
    assert!(status.success() && log.lines().any(|line| line.contains("failed") && line.contains("signing_keys")), "{log}");
    assert!(!private(&folder, &active).exists(), "{log}");
}

fn sign(folder: &Folder, format: &str, stderr: &Path) -> (i32, String) {
    let args = ["keys", "publish", "--sign", "next.request", "--out", "next.jwt", "--keys", "offline", "--format", format];
    let output = folder.command(&args).stderr(File::create(stderr).unwrap()).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_a_request_changes_is_shown_before_it_is_signed_in_json_too() {
    let folder = asked();
    let is_signed = || folder.path().join("next.jwt").exists() || folder.path().join("offline/keyset.jwt").exists();
    let (code, _) = sign(&folder, "json", Path::new("/dev/full"));
    assert_eq!((code, is_signed()), (3, false), "nobody could see it");
    let said = folder.path().join("said");
    let (code, stdout) = sign(&folder, "json", &said);
    assert!(code == 0 && is_signed());
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    let seen = fs::read_to_string(said).unwrap();
    assert_eq!((&answer["signed"], answer["changes"]["new"].as_array().unwrap().len()), (&json!(true), 5));
    for key in answer["changes"]["new"].as_array().unwrap() {
        assert!(seen.contains(&format!("new     {}", key.as_str().unwrap())), "{seen}");
    }
    assert!(seen.contains(answer["fingerprint"]["words"].as_str().unwrap()), "{seen}");
    // Without --out nothing is signed, so the answer is enough.
    folder.json(&["keys", "publish", "--sign", "next.request", "--keys", "offline"]);
}
