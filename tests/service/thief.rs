//! The compromise drill against a thief who had a copy of all of `private/` at some moment of a ceremony, command by command.

use std::{collections::BTreeSet, fs, os::unix::fs::symlink, process::Command};

use countersign::{
    keyring::SigningKey,
    ledger::{Checkpoint, ledger_key},
};
use serde_json::Value;

use crate::running::{Folder, ISSUER};

const SETTINGS: &str = "issuer = \"verify.example.org\"\nstore = \"sqlite:store.sqlite\"\n";

/// What happens on the issuer's machine and offline, in this order; a set that is signed and not published yet is on a stick.
const STORY: &[(&str, &[&str])] = &[
    ("asked", &["keys", "publish", "--request", "1.request"]),
    ("asked again", &["keys", "publish", "--request", "1.request"]),
    ("signed", &["keys", "publish", "--keys", "offline", "--sign", "1.request", "--out", "1.jwt"]),
    ("published", &["keys", "publish", "--set", "1.jwt"]),
    ("lost a key", &["revoke one that waits"]),
    ("asked for more", &["keys", "publish", "--request", "2.request"]),
    ("signed more", &["keys", "publish", "--keys", "offline", "--sign", "2.request", "--out", "2.jwt"]),
    ("published more", &["keys", "publish", "--set", "2.jwt"]),
];

fn shown(folder: &Folder) -> Vec<Value> {
    folder.json(&["keys", "show"])["keys"].as_array().unwrap().clone()
}

/// Ids of the keys that are listed at these stages and not revoked.
fn listed(folder: &Folder, stages: &[&str]) -> BTreeSet<String> {
    let is_listed = |key: &&Value| stages.contains(&key["stage"].as_str().unwrap()) && key["revoked"] == false;
    shown(folder).iter().filter(is_listed).map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn signing_keys(folder: &Folder) -> BTreeSet<String> {
    let names = fs::read_dir(folder.path().join("keys/private")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(".pem").filter(|name| name.len() == 43).map(str::to_owned)).collect()
}

fn revoke(folder: &Folder, kid: &str) {
    let said = folder.run(&["keys", "revoke", "--reason", "machine stolen", "--", kid]);
    // With the last one no key is left that signs.
    assert!(said.stdout.starts_with(&format!("Revoked {kid}")), "{}", said.stderr);
}

/// As the handbook has it.
fn drill(folder: &Folder) {
    for kid in listed(folder, &["active", "pending", "unpublished"]) {
        revoke(folder, &kid);
    }
    folder.ok(&["keys", "publish", "--request", "drill.request", "--fresh"]);
    let sign = ["keys", "publish", "--keys", "offline", "--sign", "drill.request", "--out", "drill.jwt"];
    let said = folder.run(&sign);
    if said.code != 0 {
        // A set was signed that never came back.
        let after = said.stderr.trim().rsplit_once("--after ").expect(&said.stderr).1;
        folder.ok(&["keys", "publish", "--request", "drill.request", "--after", after]);
        folder.ok(&sign);
    }
    folder.ok(&["keys", "publish", "--set", "drill.jwt"]);
}

#[test]
fn a_copy_of_all_private_keys_at_any_moment_is_worth_nothing_after_the_drill() {
    for moment in 0..STORY.len() {
        let folder = Folder::empty();
        folder.write("countersign.toml", SETTINGS);
        folder.ok(&["keys", "init", "--root-only", "--keys", "offline"]);
        fs::create_dir(folder.path().join("keys")).unwrap();
        fs::copy(folder.path().join("offline/root.jwk"), folder.path().join("keys/root.jwk")).unwrap();
        let mut loot = BTreeSet::new();
        for (_, command) in &STORY[..=moment] {
            match command {
                ["revoke one that waits"] => revoke(&folder, &listed(&folder, &["pending"]).pop_first().unwrap()),
                command => drop(folder.ok(command)),
            }
            loot.extend(signing_keys(&folder));
        }
        let what = STORY[moment].0;
        let usable = listed(&folder, &["active", "pending", "unpublished"]);
        assert!(!loot.is_empty() && loot.is_superset(&usable), "{what}: the thief has every key");

        drill(&folder);
        for stick in ["1.jwt", "2.jwt"].into_iter().filter(|stick| folder.path().join(stick).exists()) {
            assert_eq!(folder.run(&["keys", "publish", "--set", stick]).code, 2, "{what}: {stick} came back");
        }
        folder.ok(&["keys", "rotate"]);
        let usable = listed(&folder, &["active", "pending", "unpublished"]);
        assert!(usable.len() == 5 && usable.is_disjoint(&loot), "{what}: {usable:?} {loot:?}");
        assert!(signing_keys(&folder).is_disjoint(&loot), "{what}: destroyed");
        let set = fs::read_to_string(folder.path().join("keys/keyset.jwt")).unwrap();
        assert!(set.len() > 100, "{what} of {ISSUER}");
    }
}

/// The set with a stolen key was signed, and comes back before the drill's own set.
#[test]
fn a_signed_set_that_names_a_stolen_key_is_not_published_any_more() {
    let folder = Folder::empty();
    folder.write("countersign.toml", SETTINGS);
    folder.ok(&["keys", "init", "--root-only", "--keys", "offline"]);
    fs::create_dir(folder.path().join("keys")).unwrap();
    fs::copy(folder.path().join("offline/root.jwk"), folder.path().join("keys/root.jwk")).unwrap();
    for (_, command) in &STORY[..3] {
        folder.ok(command);
    }
    let stolen = signing_keys(&folder).pop_first().unwrap();
    revoke(&folder, &stolen);
    let refused = folder.run(&["keys", "publish", "--set", "1.jwt"]);
    let why = format!("countersign: 1.jwt: the key set forgets that {stolen} was revoked; make a new request on the issuer's machine\n");
    assert_eq!((refused.code, refused.stderr), (2, why));
    drill(&folder);
    assert!(!listed(&folder, &["active", "pending", "unpublished"]).contains(&stolen));
}

/// The ledger's keys with their private halves in `private/`.
fn ledger_keys(folder: &Folder) -> BTreeSet<String> {
    let names = ["ledger", "ledger.next", "ledger.old"].map(|name| folder.path().join(format!("keys/private/{name}.pem")));
    let pems = names.iter().filter_map(|path| fs::read_to_string(path).ok());
    let name = |pem: String| ledger_key(&ISSUER.parse().unwrap(), SigningKey::from_pem(&pem, None).unwrap().public()).unwrap();
    pems.map(|pem| name(pem).to_string()).collect()
}

fn sql(folder: &Folder, statement: &str) {
    let done = Command::new("sqlite3").arg(folder.path().join("store.sqlite")).arg(statement).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A renewal that failed.
fn interrupted(folder: &Folder) {
    let said = folder.run(&["keys", "ledger", "renew"]);
    assert_ne!(said.code, 0, "{}", said.stdout);
}

/// Where a change of the ledger's key was, long before anybody knew of a thief.
type Moment = (&'static str, fn(&Folder));

const MOMENTS: [Moment; 6] = [
    ("before any", |_| {}),
    ("made, and not recorded", |folder| {
        let other = Folder::with_keys();
        fs::copy(other.path().join("keys/private/ledger.pem"), folder.path().join("keys/private/ledger.next.pem")).unwrap();
    }),
    ("recorded, and not signed", |folder| {
        // It can be read and not be written.
        let [last, beside] = ["last.checkpoint", "beside"].map(|name| folder.path().join("keys/private").join(name));
        fs::rename(&last, &beside).unwrap();
        symlink("beside", &last).unwrap();
        interrupted(folder);
        fs::rename(beside, last).unwrap();
    }),
    ("signed on this machine alone", |folder| {
        sql(folder, "CREATE TRIGGER full BEFORE INSERT ON ledger_checkpoints BEGIN SELECT RAISE(ABORT, 'full'); END");
        interrupted(folder);
        sql(folder, "DROP TRIGGER full");
    }),
    ("signed, and not in its place", |folder| {
        let old = folder.path().join("keys/private/ledger.old.pem");
        fs::create_dir(&old).unwrap();
        interrupted(folder);
        fs::remove_dir(old).unwrap();
    }),
    ("done", |folder| drop(folder.ok(&["keys", "ledger", "renew"]))),
];

#[test]
fn a_copy_of_the_ledgers_keys_at_any_moment_signs_nothing_after_the_drill() {
    for (n, (moment, happens)) in MOMENTS.into_iter().enumerate() {
        let folder = Folder::empty();
        folder.write("countersign.toml", SETTINGS);
        folder.ok(&["keys", "init"]);
        folder.ok(&["officers", "enrol", "falcon", "--role", "officer"]);
        happens(&folder);
        let loot = ledger_keys(&folder);
        assert_eq!(loot.len(), if (1..=4).contains(&n) { 2 } else { 1 }, "{moment}");
        let done = folder.json(&["keys", "ledger", "renew", "--stolen", "--reason", "machine stolen"]);
        assert_eq!((&done["cause"], &done["vouched"]), (&"stolen".into(), &false.into()), "{moment}");
        let here = ledger_keys(&folder);
        assert_eq!(here, BTreeSet::from([done["new"].as_str().unwrap().to_owned()]), "{moment}");
        assert!(here.is_disjoint(&loot), "{moment}");
        let published = fs::read_to_string(folder.path().join("keys/ledger.vkey")).unwrap();
        assert!(here.contains(published.trim()), "{moment}");
        let last = fs::read_to_string(folder.path().join("keys/private/last.checkpoint")).unwrap();
        assert!(Checkpoint::open(&last, &published.trim().parse().unwrap()).is_ok(), "{moment}");
        folder.ok(&["ledger", "verify"]);
    }
}
