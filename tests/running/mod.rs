//! The real binary in a folder of its own: commands that run to their end, and services that end with the test.
#![allow(dead_code, reason = "each test program uses its own part")]

pub mod faketime;
pub mod http;

use std::{
    fs::{self, Permissions},
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

pub const BINARY: &str = env!("CARGO_BIN_EXE_countersign");
pub const ISSUER: &str = "verify.example.org";
/// Where links lead; no test opens it.
pub const PUBLIC_URL: &str = "http://localhost:8080";

/// Longer than any start or end takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

pub const SETTINGS: &str = r#"
issuer = "verify.example.org"
store = "sqlite:store.sqlite"
public_url = "http://localhost:8080"
public = "127.0.0.1:0"
private = "127.0.0.1:0"
credential_file = "officer.credential"

[organisation]
name = "Example Organisation"
telephone = "01632 960 123"
exit_url = "https://www.example.com/"
time_zone = "Europe/London"
address = "1 Example Street"
"#;

/// A folder with a settings file, gone after the test.
pub struct Folder(TempDir);

/// What a command said, and how it ended.
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Folder {
    pub fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With an issuer name and keys.
    pub fn with_keys() -> Self {
        let folder = Self::empty();
        folder.write("countersign.toml", "issuer = \"verify.example.org\"");
        folder.ok(&["keys", "init"]);
        folder
    }

    /// With settings, keys, an officer with a credential, an approver and an approved authorisation.
    pub fn ready() -> Self {
        Self::ready_with(SETTINGS)
    }

    /// The same with settings of one's own.
    pub fn ready_with(settings: &str) -> Self {
        let folder = Self::empty();
        folder.write("countersign.toml", settings);
        folder.ok(&["keys", "init"]);
        folder.people();
        folder
    }

    /// The folder `public`, with all that a verifier needs of the keys.
    pub fn publish_root(&self) {
        fs::create_dir(self.path().join("public")).unwrap();
        fs::copy(self.path().join("keys/root.jwk"), self.path().join("public/root.jwk")).unwrap();
    }

    /// Ready on one store, with `verifier.toml` and `public` for verifiers that reach it by an address of their own.
    pub fn ready_for_verifiers(issuer_store: &str, verifier_store: &str) -> Self {
        let on = |store| SETTINGS.replace("sqlite:store.sqlite", store);
        let folder = Self::ready_with(&on(issuer_store));
        folder.publish_root();
        folder.write("verifier.toml", &on(verifier_store));
        folder
    }

    /// An officer with a credential, an approver and an approved authorisation.
    pub fn people(&self) {
        self.ok(&["officers", "enrol", "falcon", "--role", "officer"]);
        self.ok(&["officers", "enrol", "heron", "--role", "approver"]);
        self.write("officer.credential", &self.ok(&["officers", "credential", "falcon"]));
        let channels = ["--channel", "in-person", "telephone", "online", "--max-tokens", "1000"];
        let asked =
            self.json(&[&["authorisations", "ask", "--as", "falcon", "--reference", "OP-1", "--purpose", "Visit"], &channels[..]].concat());
        self.ok(&["authorisations", "approve", asked["id"].as_str().unwrap(), "--as", "heron"]);
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file for its owner alone, as credentials and passphrases have to be.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    }

    /// The binary in this folder, with nothing of the machine's own settings.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(args).current_dir(self.path()).env_clear().env("TZ", "UTC").stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Said {
        let output = self.command(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs what must succeed.
    pub fn ok(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{args:?}");
        said.stdout
    }

    /// Runs what must succeed and print JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[args, &["--format", "json"]].concat())).unwrap()
    }
}

/// A running service, killed at the latest when the test ends.
pub struct Service {
    child: Child,
    lines: Receiver<String>,
    log: Vec<String>,
    /// Where the public side listens.
    pub public: String,
    /// Where the private side listens.
    pub private: String,
    /// Where the figures have a listener of their own.
    pub metrics: String,
}

impl Service {
    /// Starts `serve` and waits until each side of the role listens.
    pub fn start(folder: &Folder, args: &[&str]) -> Self {
        Self::spawn(folder.command(&[&["serve"], args].concat()))
    }

    pub fn spawn(command: Command) -> Self {
        Self::try_spawn(command).unwrap_or_else(|log| panic!("it does not listen: {log}"))
    }

    /// Starts it, or gives back what it said instead.
    pub fn try_spawn(mut command: Command) -> Result<Self, String> {
        // The public side is the last to listen.
        let last = if command.get_args().any(|arg| arg.to_string_lossy().ends_with("issuer")) { "private" } else { "public" };
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = lines(BufReader::new(child.stderr.take().unwrap()));
        let mut service = Self { child, lines, log: vec![], public: String::new(), private: String::new(), metrics: String::new() };
        while service.listens()?.as_deref() != Some(last) {}
        Ok(service)
    }

    /// Which side listens, if the next line of its log says so; all of the log where there is no more.
    fn listens(&mut self) -> Result<Option<String>, String> {
        let Ok(line) = self.lines.recv_timeout(PATIENCE) else { return Err(self.log.join("\n")) };
        let said = in_text(&line).or_else(|| in_json(&line));
        self.log.push(line);
        let Some((side, url)) = said else { return Ok(None) };
        *match side.as_str() {
            "public" => &mut self.public,
            "metrics" => &mut self.metrics,
            _ => &mut self.private,
        } = url;
        Ok(Some(side))
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, as a service manager does, and does not wait.
    pub fn signal(&self) {
        self.send("TERM");
    }

    /// Sends it a signal by its name or number.
    pub fn send(&self, signal: &str) {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success(), "{signal}");
    }

    /// Waits for the next line of its log with this in it.
    pub fn logs(&mut self, part: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{part:?} is not logged: {:?}", self.log));
            self.log.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Asks it to end; gives back its exit status and all that it logged.
    pub fn terminate(self) -> (ExitStatus, String) {
        self.signal();
        self.ends()
    }

    /// Waits for its end; gives back its exit status and all that it logged.
    pub fn ends(mut self) -> (ExitStatus, String) {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.log.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it did not end: {:?}", self.log),
            }
        }
        (self.child.wait().unwrap(), self.log.join("\n"))
    }

    /// Ends it as a loss of power would, but for the disk.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Side and address.
fn in_text(line: &str) -> Option<(String, String)> {
    let (side, url) = line.strip_prefix("countersign: ")?.split_once(" side on ")?;
    Some((side.to_owned(), url.to_owned()))
}

fn in_json(line: &str) -> Option<(String, String)> {
    let line: Value = serde_json::from_str(line).ok().filter(|line: &Value| line["kind"] == "listening")?;
    Some((line["side"].as_str()?.to_owned(), format!("http://{}", line["address"].as_str()?)))
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            // What it said is most of what can be known of a test that failed.
            self.lines.iter().for_each(|line| eprintln!("{line}"));
        }
    }
}

/// Lines as they come; the channel closes when the process ends.
pub fn lines(reader: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || BufReader::new(reader).lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    lines
}

/// Gets status and text.
pub fn get(url: &str) -> (u16, String) {
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
    let mut response = ureq::Agent::from(config).get(url).call().unwrap();
    (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
}

/// Posts JSON and gives back status and answer; `None` where nobody answers.
pub fn post(url: &str, body: &Value) -> Option<(u16, Value)> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
    let mut response = ureq::Agent::from(config).post(url).send_json(body).ok()?;
    Some((response.status().as_u16(), response.body_mut().read_json().ok()?))
}
