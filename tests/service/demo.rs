//! `countersign demo`, from an empty folder to the answer, twice.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::mpsc::Receiver,
    time::Duration,
};

use countersign::{
    clock::{Clock as _, SystemClock},
    entropy::SystemEntropy,
    key_folder::KeyFolder,
};

use crate::{
    roles::assert_private,
    running::{Folder, lines},
    sheet::Sheet,
};

const PATIENCE: Duration = Duration::from_mins(1);

/// A running demo, killed at the latest when the test ends.
pub struct Demo {
    child: Child,
    pub text: String,
    rest: Receiver<String>,
}

impl Demo {
    pub fn start(folder: &Folder, public: u16, private: u16) -> Self {
        let addresses = [format!("127.0.0.1:{public}"), format!("127.0.0.1:{private}")];
        let mut command = folder.command(&["demo", "--public", &addresses[0], "--private", &addresses[1]]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let rest = lines(child.stdout.take().unwrap());
        let mut text = String::new();
        while !text.contains("Press Control-C") {
            text += &rest.recv_timeout(PATIENCE).unwrap();
            text.push('\n');
        }
        Self { child, text, rest }
    }

    pub fn terminate(mut self) {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
        assert!(self.rest.recv_timeout(PATIENCE).is_err(), "nothing more is said");
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two ports that were free a moment ago: what the demo prints names them, so they must be known before.
pub fn free_ports() -> (u16, u16) {
    let [a, b] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    (a.local_addr().unwrap().port(), b.local_addr().unwrap().port())
}

#[test]
fn a_demo_that_was_left_for_long_publishes_its_next_set() {
    let folder = Folder::empty();
    let keys = KeyFolder::at(folder.path().join(".countersign-demo/keys"));
    let issuer = "verify.example.org".parse().unwrap();
    keys.init(&issuer, SystemClock.now() - 40 * 86_400, &SystemEntropy, None).unwrap();
    let (public, private) = free_ports();
    for _ in 0..2 {
        let demo = Demo::start(&folder, public, private);
        let sheet = Sheet::read(&demo.text);
        folder.ok(&["verify", &sheet.words.unwrap(), "--server", &format!("http://127.0.0.1:{public}")]);
        demo.terminate();
        assert_eq!(keys.public_keys(&issuer, SystemClock.now()).unwrap().set().version(), 2);
        // It ran then for the last time.
        let store = rusqlite::Connection::open(folder.path().join(".countersign-demo/store.sqlite")).unwrap();
        store.execute("UPDATE issuer_time SET at = at - 40 * 86400", []).unwrap();
    }
}

/// What a line that the demo prints prints, run in the folder that it speaks of.
fn shell(folder: &Folder, line: &str) -> String {
    let ran = Command::new("sh").args(["-c", line]).current_dir(folder.path()).output().unwrap();
    assert!(ran.status.success(), "{line}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn the_demo_shows_the_whole_main_job() {
    let folder = Folder::empty();
    let (public, private) = free_ports();
    let server = format!("http://127.0.0.1:{public}");
    for _ in 0..2 {
        let demo = Demo::start(&folder, public, private);
        let sheet = Sheet::read(&demo.text);
        assert!(sheet.link.starts_with(&format!("http://localhost:{public}/#")), "{}", sheet.link);
        let genuine = folder.ok(&["verify", &sheet.words.unwrap(), "--server", &server]);
        assert!(genuine.starts_with("This code is genuine\n"), "{genuine}");

        let printed = |part: &str| demo.text.lines().find(|line| line.starts_with("  ") && line.contains(part)).unwrap();
        let sheet = Sheet::read(&shell(&folder, printed(" issue --channel ")));
        let verify = printed(" verify ").replace("the words that it printed", &sheet.words.unwrap());
        assert!(shell(&folder, &verify).starts_with("This code is genuine\n"), "{verify}");
        assert!(shell(&folder, printed(" officers list")).contains("falcon"));
        demo.terminate();
    }
    let secrets = assert_private(folder.path(), |path| ["/private/", ".sqlite", ".credential"].iter().any(|part| path.contains(part)));
    assert!(secrets > 7 + 1, "keys, store and credential");
}
