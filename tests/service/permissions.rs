//! What commands and the service refuse to read because other users of the machine could read or change it.

use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    process::Command,
};

use crate::running::{Folder, Service};

const SETTINGS: &str = "issuer = \"verify.example.org\"\nstore = \"sqlite:store.sqlite\"\n";

fn chmod(folder: &Folder, name: &str, mode: u32) {
    fs::set_permissions(folder.path().join(name), Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_other_users_can_touch_is_refused() {
    let folder = Folder::ready();
    folder.write("passphrase", "correct horse\n");
    let file = |name: &str| folder.path().join(name);
    let root = ["keys", "fingerprint"];
    let show = ["keys", "show"];
    let serve = ["serve", "--role", "all", "--private", "192.0.2.1:80"];
    let issue = ["issue", "--channel", "online", "--private-url", "http://127.0.0.1:9"];
    let secret = ["keys", "init", "--keys", "others", "--passphrase-file", "passphrase"];
    let kid = folder.json(&show)["keys"][0]["kid"].as_str().unwrap().to_owned();
    let key = format!("keys/private/{kid}.pem");
    for (name, wrong, command, remedy) in [
        ("keys", 0o777, &root[..], "go-w"),
        ("keys", 0o770, &root, "go-w"),
        ("keys/root.jwk", 0o666, &root, "go-w"),
        ("keys/root.jwk", 0o664, &root, "go-w"),
        ("keys/keyset.jwt", 0o646, &show, "go-w"),
        ("keys/private", 0o770, &serve, "go-w"),
        (&key, 0o640, &serve, "600"),
        (&key, 0o620, &serve, "go-w"),
        ("keys/private/ledger.pem", 0o604, &serve, "600"),
        ("officer.credential", 0o644, &issue, "600"),
        ("passphrase", 0o640, &secret, "600"),
        ("countersign.toml", 0o666, &show, "go-w"),
        ("store.sqlite", 0o644, &show, "600"),
        ("store.sqlite", 0o602, &serve, "600"),
    ] {
        let right = fs::metadata(file(name)).unwrap().mode() & 0o7777;
        chmod(&folder, name, wrong);
        let said = folder.run(command);
        assert!(said.code == 2 && said.stderr.contains(&format!("chmod {remedy} ")), "{name} {wrong:o}: {}", said.stderr);
        assert!(said.stderr.contains(name.rsplit('/').next().unwrap()), "{name}: {}", said.stderr);
        chmod(&folder, name, right);
    }
    // With a password in them settings are a secret, and without one they are not.
    chmod(&folder, "countersign.toml", 0o644);
    folder.ok(&show);
    for store in ["postgres://a:hunter2@127.0.0.1:9/b", "postgres://a@127.0.0.1:9/b?password=hunter2"] {
        folder.write("secret.toml", &format!("issuer = \"verify.example.org\"\nstore = \"{store}\"\n"));
        chmod(&folder, "secret.toml", 0o644);
        let said = folder.run(&["keys", "show", "--config", "secret.toml"]);
        assert_eq!((said.code, said.stderr.contains("chmod 600 secret.toml")), (2, true), "{}", said.stderr);
        chmod(&folder, "secret.toml", 0o600);
        assert_eq!(folder.run(&["keys", "show", "--config", "secret.toml"]).code, 3, "no database there");
    }
}

/// A store that is shared with a verifier of another user, by its group.
#[test]
fn a_shared_store_is_warned_of() {
    let folder = Folder::ready();
    chmod(&folder, "store.sqlite", 0o660);
    let service = Service::start(&folder, &["--role", "all"]);
    let (_, log) = service.terminate();
    let line = log.lines().find(|line| line.contains("store.sqlite is shared with its group")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("kind=\"files\""), "{line}");
}

/// As systemd, Docker and Kubernetes give secrets to a service: root owns them.
#[test]
fn secrets_that_root_gives_to_a_service_are_taken() {
    let folder = Folder::empty();
    folder.write("countersign.toml", SETTINGS);
    folder.write("passphrase", "correct horse\n");
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    if chown(&home, Some(65_534), Some(65_534)).is_err() {
        return eprintln!("not run: only root can run a command as another user");
    }
    chmod(&folder, ".", 0o755);
    chmod(&folder, "countersign.toml", 0o644);
    // Where another user can reach it.
    let binary = folder.path().join("countersign");
    fs::copy(crate::running::BINARY, &binary).unwrap();
    let init = |keys: &str| {
        let mut command = Command::new(&binary);
        command.args(["keys", "init", "--passphrase-file", "passphrase", "--keys", keys]).current_dir(folder.path()).env_clear();
        let said = command.uid(65_534).gid(65_534).output().unwrap();
        (said.status.code().unwrap(), String::from_utf8(said.stderr).unwrap())
    };
    for (mode, group, taken, warned) in
        [(0o440, 65_534, true, false), (0o444, 0, true, true), (0o462, 65_534, false, false), (0o446, 0, false, false)]
    {
        chmod(&folder, "passphrase", mode);
        chown(folder.path().join("passphrase"), None, Some(group)).unwrap();
        let (code, said) = init(&format!("home/{mode:o}"));
        assert_eq!((code == 0, said.contains("can be read by every user")), (taken, warned), "{mode:o}: {said}");
    }
    // Of a third user.
    chown(folder.path().join("passphrase"), Some(65_533), Some(65_534)).unwrap();
    chmod(&folder, "passphrase", 0o440);
    let (code, said) = init("home/third");
    assert!(code == 2 && said.contains("passphrase belongs to another user"), "{said}");
}
