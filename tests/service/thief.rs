//! The compromise drill against a thief who had a copy of all of `private/` at some moment of a ceremony, command by command.

use std::{collections::BTreeSet, fs};

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
