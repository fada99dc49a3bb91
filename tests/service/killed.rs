//! Ceremonies that were killed half-way, from what each of their steps leaves on disk.

use std::{fs, path::Path, process::Command};

use crate::{
    files::{ceremony, issuer, tree},
    running::{Folder, Said},
};

/// What a step leaves; whole files are those of a run that was not killed.
enum Step {
    Makes(&'static str),
    Half(&'static str),
    Gone(&'static str),
    Whole(String),
    /// A second name, as a version that made hard links left it.
    Linked(String, &'static str),
}

impl Step {
    fn leave(&self, whole: &Path, at: &Path) {
        match self {
            Self::Makes(folder) => fs::create_dir(at.join(folder)).unwrap(),
            Self::Half(file) => fs::write(at.join(file), "half").unwrap(),
            Self::Gone(file) => fs::remove_file(at.join(file)).unwrap(),
            Self::Whole(file) => assert!(fs::copy(whole.join(file), at.join(file)).is_ok()),
            Self::Linked(file, name) => fs::hard_link(at.join(file), at.join(name)).unwrap(),
        }
    }
}

/// The issuer's machine in a folder `at`, with a copy of the offline one that signed nothing yet.
struct Machine<'a> {
    folder: &'a Folder,
    at: String,
}

impl<'a> Machine<'a> {
    fn new(folder: &'a Folder, at: &str) -> Self {
        fs::create_dir(folder.path().join(at)).unwrap();
        issuer(folder, &format!("{at}/keys"));
        let copied = Command::new("cp").args(["-r", "offline", &format!("{at}/offline")]).current_dir(folder.path()).status();
        assert!(copied.unwrap().success());
        Self { folder, at: at.into() }
    }

    fn run(&self, args: &[&str], file: &str) -> Said {
        let [file, keys] = [file, "keys"].map(|name| format!("{}/{name}", self.at));
        let store = format!("sqlite:{}/store.sqlite", self.at);
        self.folder.run(&[&["keys"], args, &[file.as_str()], &["--keys", &keys, "--store", &store]].concat())
    }

    fn ask(&self) {
        let said = self.run(&["publish", "--request"], "next.request");
        assert_eq!(said.code, 0, "{}: {}", self.at, said.stderr);
    }

    fn sign(&self) {
        let [request, answer, offline] = ["next.request", "next.jwt", "offline"].map(|name| format!("{}/{name}", self.at));
        self.folder.ok(&["keys", "publish", "--sign", &request, "--out", &answer, "--keys", &offline]);
    }

    fn publish(&self) -> Said {
        self.run(&["publish", "--set"], "next.jwt")
    }
}

/// Between any two steps of a first request.
fn steps(whole: &Path) -> Vec<Step> {
    let draft = "keys/private/.countersign-1-1.new";
    let ledger = || "keys/private/ledger.pem".to_owned();
    let mut keys = fs::read_dir(whole.join("keys/private")).unwrap().map(|key| key.unwrap().file_name().into_string().unwrap());
    let key = keys.find(|key| key != "ledger.pem").unwrap();
    vec![
        Step::Makes("keys/private"),
        Step::Half(draft),
        Step::Gone(draft),
        Step::Whole(ledger()),
        Step::Linked(ledger(), "keys/private/.countersign-1-2.new"),
        Step::Half("keys/.countersign-1-3.new"),
        Step::Whole("keys/ledger.vkey".into()),
        Step::Whole("store.sqlite".into()),
        Step::Whole(format!("keys/private/{key}")),
        Step::Half(draft),
        Step::Half(".countersign-1-4.new"),
    ]
}

#[test]
fn a_first_request_that_was_killed_is_finished_by_the_same_command() {
    let folder = ceremony();
    Machine::new(&folder, "whole").ask();
    let whole = folder.path().join("whole");
    let steps = steps(&whole);
    for done in 0..=steps.len() {
        let machine = Machine::new(&folder, &done.to_string());
        let at = folder.path().join(&machine.at);
        steps[..done].iter().for_each(|step| step.leave(&whole, &at));
        machine.ask();
        let names = tree(&at.join("keys")).into_keys();
        assert_eq!(names.filter(|path| path.to_str().unwrap().contains(".countersign")).count(), 0, "{done}");
        for step in &steps[..done] {
            if let Step::Whole(file) = step
                && file.starts_with("keys")
            {
                assert_eq!(fs::read(at.join(file)).unwrap(), fs::read(whole.join(file)).unwrap(), "{done}: {file} stays");
            }
        }
        machine.sign();
        assert_eq!(machine.publish().code, 0, "{done}");
        let shown =
            machine.folder.run(&["keys", "show", "--keys", &format!("{done}/keys"), "--store", &format!("sqlite:{done}/store.sqlite")]);
        assert!(
            shown.stdout.contains(" active") && shown.stdout.contains("Ledger key  verify.example.org/ledger+"),
            "{done}: {}",
            shown.stdout
        );
    }
}

/// The store had it, and the folder did not.
#[test]
fn a_set_that_was_half_published_is_finished_by_the_same_command() {
    let folder = ceremony();
    let machine = Machine::new(&folder, "issuer");
    machine.ask();
    machine.sign();
    assert_eq!(machine.publish().code, 0);
    let kept = folder.path().join("issuer/keys/keyset.jwt");
    let set = fs::read(&kept).unwrap();
    fs::remove_file(&kept).unwrap();
    let again = machine.publish();
    assert_eq!((again.code, fs::read(&kept).unwrap()), (0, set), "{}", again.stderr);
    assert!(machine.publish().stderr.contains("was signed or published before"));
}
