//! What commands leave on disk when the disk is full, the umask is odd, a link is in the way or another command runs.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io::Write as _,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::Barrier,
    thread,
};

use serde_json::Value;

use crate::running::{Folder, Said};

const SETTINGS: &str = "issuer = \"verify.example.org\"\nstore = \"sqlite:store.sqlite\"\n";

/// A folder with the root offline and the issuer's keys still to be made.
pub fn ceremony() -> Folder {
    let folder = Folder::empty();
    folder.write("countersign.toml", SETTINGS);
    folder.ok(&["keys", "init", "--root-only", "--keys", "offline"]);
    issuer(&folder, "keys");
    folder
}

pub fn issuer(folder: &Folder, name: &str) {
    let keys = folder.path().join(name);
    fs::create_dir(&keys).unwrap();
    fs::copy(folder.path().join("offline/root.jwk"), keys.join("root.jwk")).unwrap();
}

fn chmod(folder: &Folder, name: &str, mode: u32) {
    fs::set_permissions(folder.path().join(name), Permissions::from_mode(mode)).unwrap();
}

/// All files and folders below, with their bytes.
pub fn tree(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
        }
        found.insert(path.clone(), fs::read(&path).unwrap_or_default());
    }
    found
}

/// A small file system in memory, which only root may mount; gone when dropped.
struct Small(PathBuf);

impl Small {
    fn mount(at: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("mode=700,size={size}"), "tmpfs"]).arg(&at).output();
        mounted.is_ok_and(|said| said.status.success()).then_some(Self(at))
    }

    /// Leaves room for so many pages.
    fn fill(&self, pages: u64) {
        let mut ballast = fs::File::create(self.0.join("ballast")).unwrap();
        while ballast.write_all(&[0; 4_096]).is_ok() {}
        ballast.set_len(ballast.metadata().unwrap().len() / 4_096 * 4_096 - pages * 4_096).unwrap();
    }

    fn empty(&self) {
        fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn of_two_commands_that_make_keys_one_does_and_says_whose() {
    let folder = Folder::empty();
    for round in 0..30 {
        let (name, start) = (format!("keys{round}"), Barrier::new(3));
        let said: Vec<Said> = thread::scope(|scope| {
            let init = |root_only: bool| {
                let (folder, name, start) = (&folder, &name, &start);
                scope.spawn(move || {
                    let mut args = vec!["keys", "init", "--format", "json", "--issuer", "verify.example.org", "--keys", name];
                    args.extend(root_only.then_some("--root-only"));
                    start.wait();
                    folder.run(&args)
                })
            };
            let all = [init(false), init(false), init(round % 2 == 0)];
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let (made, refused): (Vec<_>, Vec<_>) = said.into_iter().partition(|said| said.code == 0);
        assert_eq!((made.len(), refused.len()), (1, 2), "{:?}", refused.iter().map(|said| &said.stderr).collect::<Vec<_>>());
        assert!(refused.iter().all(|said| said.stderr.contains("holds keys already")), "{}", refused[0].stderr);
        let root: Value = serde_json::from_slice(&fs::read(folder.path().join(&name).join("root.jwk")).unwrap()).unwrap();
        let printed: Value = serde_json::from_str(&made[0].stdout).unwrap();
        assert_eq!(printed["kid"], root["kid"], "the fingerprint is that of the root key that is there");
        assert!(!folder.path().join(&name).join(".new").exists());
    }
}

#[test]
fn requests_at_once_ask_for_the_same_keys() {
    let folder = ceremony();
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for n in 0..4 {
            let (folder, start) = (&folder, &start);
            scope.spawn(move || {
                start.wait();
                folder.ok(&["keys", "publish", "--request", &format!("{n}.request")]);
            });
        }
    });
    // Five keys for five turns, and the ledger's.
    assert_eq!(fs::read_dir(folder.path().join("keys/private")).unwrap().count(), 6);
}

/// Keys are whole or not there, and once there is room the same command does what it should.
#[test]
fn a_full_disk_leaves_nothing_half_written_behind() {
    let folder = ceremony();
    let Some(small) = Small::mount(folder.path().join("small"), "256k") else { return eprintln!("not run: no file system can be mounted") };
    for pages in 0..20 {
        let name = format!("small/{pages}");
        issuer(&folder, &name);
        small.fill(pages);
        let store = format!("sqlite:{pages}.sqlite");
        let request = ["keys", "publish", "--request", "next.request", "--keys", &name, "--store", &store];
        let said = folder.run(&request);
        let private = folder.path().join(&name).join("private");
        for (path, bytes) in if private.exists() { tree(&private) } else { BTreeMap::new() } {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.ends_with("-----END PRIVATE KEY-----\n"), "{pages}: {}", path.display());
        }
        assert!(said.code == 0 || said.stderr.contains("No space left on device"), "{pages}: {}", said.stderr);
        assert_eq!(folder.path().join("next.request").exists(), said.code == 0, "{pages}");
        small.empty();
        folder.ok(&request);
        fs::remove_file(folder.path().join("next.request")).unwrap();
        fs::remove_dir_all(folder.path().join(&name)).unwrap();
    }
    for pages in 0..14 {
        small.fill(pages);
        let said = folder.run(&["keys", "init", "--keys", "small/made"]);
        let made = folder.path().join("small/made");
        assert_eq!(made.exists(), said.code == 0, "{pages}: {}", said.stderr);
        let _ = fs::remove_dir_all(made);
        small.empty();
    }
}

#[test]
fn a_full_stick_or_disk_uses_no_version_up() {
    let folder = ceremony();
    let Some(small) = Small::mount(folder.path().join("small"), "256k") else { return eprintln!("not run: no file system can be mounted") };
    for name in ["first", "second"] {
        folder.ok(&["keys", "publish", "--request", &format!("{name}.request"), "--fresh"]);
    }
    let before = tree(&folder.path().join("offline"));
    let sign = |request: &str, out: &str, keys: &str| folder.run(&["keys", "publish", "--sign", request, "--out", out, "--keys", keys]);
    // The stick is full.
    small.fill(0);
    let refused = sign("first.request", "small/next.jwt", "offline");
    assert!(refused.code == 2 && refused.stderr.contains("small/next.jwt cannot be written (No space left"), "{}", refused.stderr);
    // Nothing is shown: private keys are among it.
    assert!(tree(&folder.path().join("offline")) == before, "nothing is used up");
    assert_eq!(fs::read_dir(&small.0).unwrap().count(), 1, "nothing is left on the stick");
    small.empty();
    // The disk of the machine that signs is full: no answer either, for which there would be no record.
    Command::new("cp").args(["-r", "offline", "small/offline"]).current_dir(folder.path()).status().unwrap();
    small.fill(0);
    let refused = sign("first.request", "first.jwt", "small/offline");
    assert!(refused.code == 2 && refused.stderr.contains("small/offline (No space left"), "{}", refused.stderr);
    assert!(!folder.path().join("first.jwt").exists());
    small.empty();
    // Another request of the same version is fine now; then it alone is, and gives the same bytes.
    assert_eq!(sign("second.request", "second.jwt", "offline").code, 0);
    assert_eq!(sign("first.request", "first.jwt", "offline").code, 2);
    assert_eq!(sign("second.request", "again.jwt", "offline").code, 0);
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("second.jwt"), read("again.jwt"));
    // The answer is there and its record is not, as after a loss of power between the two.
    fs::remove_file(folder.path().join("offline/keyset.jwt")).unwrap();
    assert_eq!(sign("second.request", "lost.jwt", "offline").code, 0);
    assert_eq!(read("second.jwt"), read("lost.jwt"));
}

/// The mode of everything that commands make.
fn modes(umask: &str) -> BTreeMap<String, u32> {
    let folder = Folder::empty();
    folder.write("countersign.toml", SETTINGS);
    let run = |args: &str| {
        let script = format!("umask {umask}; exec {} {args}", crate::running::BINARY);
        let said = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).env_clear().output().unwrap();
        assert!(said.status.success(), "{args}: {}", String::from_utf8_lossy(&said.stderr));
    };
    run("keys init --root-only --keys offline");
    run("keys init --keys a/b/keys");
    run("keys init");
    run("keys publish --request next.request");
    fs::remove_dir_all(folder.path().join("keys")).unwrap();
    fs::create_dir(folder.path().join("keys")).unwrap();
    fs::copy(folder.path().join("offline/root.jwk"), folder.path().join("keys/root.jwk")).unwrap();
    chmod(&folder, "keys", 0o700);
    fs::remove_file(folder.path().join("store.sqlite")).unwrap();
    run("keys publish --request next.request");
    run("keys publish --sign next.request --out next.jwt --keys offline");
    run("keys publish --set next.jwt");
    run("officers enrol falcon --role officer");
    run("ledger export ledger.jsonl");
    run("page export page/exported");
    let mut modes = BTreeMap::new();
    // SQLite gives its log and index the mode of the store, and may have removed them.
    let lasts = |path: &PathBuf| ["-wal", "-shm"].iter().all(|end| !path.to_str().unwrap().ends_with(end));
    for path in tree(folder.path()).into_keys().filter(lasts) {
        let name = path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned();
        let name = match name.rsplit_once('/') {
            Some((folder, file)) if file.len() == 47 => format!("{folder}/KID.pem"),
            _ => name,
        };
        modes.insert(name, fs::metadata(&path).unwrap().mode() & 0o7777);
    }
    modes
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    let usual = modes("022");
    for umask in ["000", "077", "027", "007"] {
        assert_eq!(modes(umask), usual, "{umask}");
    }
    for (name, mode) in &usual {
        let expected = match name.as_str() {
            "page" | "page/exported" => 0o755,
            name if name.starts_with("page/") => 0o644,
            "next.request" | "next.jwt" => 0o644,
            name if ["root.jwk", "keyset.jwt", "ledger.vkey"].iter().any(|public| name.ends_with(public)) => 0o644,
            "offline" | "keys" | "a" => 0o700,
            name if name.ends_with("private") || name.starts_with("a/b") && !name.contains('.') => 0o700,
            _ => 0o600,
        };
        assert_eq!(*mode, expected, "{name}");
    }
}

/// A link at each place where a command writes: refused, and the file behind it stays as it is.
#[test]
fn no_command_writes_through_a_link() {
    let folder = ceremony();
    folder.ok(&["keys", "publish", "--request", "next.request"]);
    folder.write("precious", "precious");
    let link = |name: &str| {
        let path = folder.path().join(name);
        let _ = fs::remove_file(&path);
        symlink(folder.path().join("precious"), &path).unwrap();
        path
    };
    let refused = |args: &[&str]| {
        let said = folder.run(args);
        assert!(said.code != 0 && said.stderr.contains("it is a link"), "{args:?}: {}", said.stderr);
        assert_eq!(fs::read_to_string(folder.path().join("precious")).unwrap(), "precious", "{args:?}");
    };
    link("link");
    refused(&["keys", "publish", "--request", "link"]);
    refused(&["ledger", "export", "link"]);
    refused(&["keys", "publish", "--sign", "next.request", "--out", "link", "--keys", "offline"]);
    folder.ok(&["keys", "publish", "--sign", "next.request", "--out", "next.jwt", "--keys", "offline"]);
    folder.ok(&["keys", "publish", "--set", "next.jwt"]);
    // The record of what was signed, as a link to the right file.
    fs::rename(folder.path().join("offline/keyset.jwt"), folder.path().join("elsewhere.jwt")).unwrap();
    symlink("../elsewhere.jwt", folder.path().join("offline/keyset.jwt")).unwrap();
    folder.ok(&["keys", "publish", "--request", "more.request"]);
    refused(&["keys", "publish", "--sign", "more.request", "--out", "more.jwt", "--keys", "offline"]);
    assert!(!folder.path().join("more.jwt").exists());
    fs::create_dir(folder.path().join("page")).unwrap();
    let page = folder.run(&["page", "export", "other"]).stdout.lines().next().unwrap().split_once("  ").unwrap().1.to_owned();
    link(&format!("page/{page}"));
    refused(&["page", "export", "page"]);
    assert_eq!(fs::read_dir(folder.path().join("page")).unwrap().count(), 1, "nothing is left behind");
    // A key that is to be destroyed.
    let kid = folder.json(&["keys", "show"])["keys"][0]["kid"].as_str().unwrap().to_owned();
    let key = link(&format!("keys/private/{kid}.pem"));
    refused(&["keys", "revoke", "--reason", "stolen", "--", &kid]);
    assert!(key.is_symlink());
    // A folder that is to be made.
    symlink(folder.path().join("nowhere"), folder.path().join("dangling")).unwrap();
    assert_ne!(folder.run(&["keys", "init", "--keys", "dangling"]).code, 0);
    assert!(!folder.path().join("nowhere").exists());
}
