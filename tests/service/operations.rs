//! `docs/operations.md`, command by command, with the times that they took.
//!
//! In its `console` blocks a line that begins with `$ ` is given to one shell in one folder; the lines behind it are what it
//! says on both streams. `[..]` stands for anything in a line, `...` for any lines.

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use crate::running::{BINARY, Folder, PATIENCE, SETTINGS};

const DOCUMENT: &str = include_str!("../../docs/operations.md");
/// What no command prints.
const END: &str = "-- end of command --";

/// A command as documented.
struct Step {
    section: String,
    command: String,
    says: Vec<String>,
}

fn steps() -> Vec<Step> {
    let (mut steps, mut section, mut inside) = (Vec::<Step>::new(), String::new(), false);
    for line in DOCUMENT.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut section);
        } else if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            steps.push(Step { section: section.clone(), command: command.to_owned(), says: vec![] });
        } else if let Some(step) = steps.last_mut().filter(|_| inside) {
            step.says.push(line.to_owned());
        }
    }
    steps
}

/// Whether `said` is what the document says; `...` takes as many lines as it must.
fn fits(says: &[String], said: &[String]) -> bool {
    match says.split_first() {
        None => said.is_empty(),
        Some((any, rest)) if any == "..." => (0..=said.len()).any(|n| fits(rest, &said[n..])),
        Some((line, rest)) => said.split_first().is_some_and(|(first, others)| line_fits(line, first) && fits(rest, others)),
    }
}

fn line_fits(line: &str, said: &str) -> bool {
    let mut parts = line.split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(mut left) = said.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return left.is_empty() };
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

/// One shell for all commands, so that what one sets the next can use. Ends, with all that it started, with the test.
struct Shell {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    public: String,
}

impl Shell {
    fn start(folder: &Folder) -> Self {
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(BINARY, bin.join("countersign")).unwrap();
        let [public, private] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [public, private] = [public, private].map(|listener| listener.local_addr().unwrap().to_string());
        let mut command = Command::new("sh");
        command.current_dir(folder.path()).env_clear().env("TZ", "UTC");
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()));
        for (name, value) in [("PUBLIC", &public), ("PRIVATE", &private)] {
            command.env(format!("COUNTERSIGN_{name}"), value).env(format!("COUNTERSIGN_{name}_URL"), format!("http://{value}"));
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        writeln!(input, "exec 2>&1").unwrap();
        Self { child, input, lines: BufReader::new(output).lines(), public }
    }

    /// Runs one command; gives back its lines and its exit code.
    fn run(&mut self, command: &str) -> (Vec<String>, String) {
        writeln!(self.input, "{command}\necho \"{END}$?\"").unwrap();
        let mut said = vec![];
        let code = loop {
            let line = self.lines.next().unwrap_or_else(|| panic!("the shell ended: {said:?}")).unwrap();
            // What was printed last may not have ended its line.
            match line.split_once(END) {
                Some((rest, code)) => {
                    said.extend((!rest.is_empty()).then(|| rest.to_owned()));
                    break code.to_owned();
                }
                None => said.push(line),
            }
        };
        if command.contains("serve") && command.ends_with('&') {
            self.until_served();
        }
        (said, code)
    }

    /// A service in the background tells nobody that it is there; a person would see it in its log.
    fn until_served(&self) {
        let pause = Duration::from_millis(20);
        let tries = PATIENCE.as_millis() / pause.as_millis();
        let answers = |_| TcpStream::connect(&self.public).inspect_err(|_| thread::sleep(pause)).is_ok();
        assert!((0..tries).any(answers), "the service does not listen");
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = writeln!(self.input, "kill $(jobs -p) 2>/dev/null; exit");
        let _ = self.child.wait();
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the drill is timed, for people to read; nothing is asserted about it")]
fn the_handbook_does_what_it_says() {
    let folder = Folder::empty();
    // Where each side listens comes from the environment, so that other tests can run beside this one.
    let settings: Vec<&str> = SETTINGS.lines().filter(|line| !line.starts_with("pu") && !line.starts_with("private")).collect();
    folder.write("countersign.toml", &settings.join("\n"));
    let mut shell = Shell::start(&folder);
    let (steps, mut drill) = (steps(), Duration::ZERO);
    assert!(steps.len() > 40, "only {} commands were found", steps.len());
    for Step { section, command, says } in &steps {
        let begun = std::time::Instant::now();
        let (said, code) = shell.run(command);
        assert_eq!(code, "0", "{section}: {command}: {said:#?}");
        assert!(fits(says, &said), "{section}: {command}\nsays {says:#?}\nsaid {said:#?}");
        if section == "Compromise drill" {
            drill += begun.elapsed();
        }
    }
    println!("the compromise drill took {drill:.1?} of commands");
}
