//! Restarts under load and behind the real HAProxy, by the example in deploy/.

use std::{
    io::{Read as _, Write as _, stderr},
    net::{Ipv4Addr, TcpListener},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use countersign::token::{SpokenCode, SpokenSize, Token};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::running::{Folder, PATIENCE, Service, post};

const HAPROXY: &str = "/usr/sbin/haproxy";
const EXAMPLE: &str = include_str!("../../deploy/haproxy.cfg");
/// From where HAProxy reaches the verifiers, so that it can be told from its clients on this one machine.
const PROXY: &str = "127.0.0.9";
const PAUSE: Duration = Duration::from_millis(20);
const CHECKERS: usize = 4;

/// Whether HAProxy is here; says that the test did not run where it is not. Past the test's captured output, so that it is seen.
fn has_haproxy(test: &str) -> bool {
    let there = Path::new(HAPROXY).exists();
    if !there {
        let _ = writeln!(stderr(), "NOT RUN: {test}: install Debian's haproxy");
    }
    there
}

fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let tries = PATIENCE.as_millis() / PAUSE.as_millis();
    assert!((0..tries).any(|_| done() || (thread::sleep(PAUSE), false).1), "{what}");
}

/// HAProxy in front of these verifiers, killed when the test ends.
struct Balancer {
    child: Child,
    url: String,
    socket: PathBuf,
    _folder: TempDir,
}

impl Balancer {
    fn start(verifiers: &[&str; 2], example: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let bind = example.lines().find(|line| line.trim().starts_with("bind ")).unwrap();
        let config = example
            .replace(bind, &format!("    bind {free}"))
            .replace("\nbackend verifiers\n", &format!("\nbackend verifiers\n    source {PROXY}\n"))
            .replace("10.0.0.11:8080", verifiers[0])
            .replace("10.0.0.12:8080", verifiers[1]);
        let (file, more, socket) = (folder.path().join("haproxy.cfg"), folder.path().join("more.cfg"), folder.path().join("socket"));
        std::fs::write(&file, config).unwrap();
        std::fs::write(&more, format!("global\n    stats socket {}\n", socket.display())).unwrap();
        let child = Command::new(HAPROXY).args(["-q", "-db"]).arg("-f").arg(file).arg("-f").arg(more).stdin(Stdio::null()).spawn().unwrap();
        let balancer = Self { child, url: format!("http://{free}"), socket, _folder: folder };
        balancer.until_up(0);
        balancer.until_up(1);
        balancer
    }

    /// Waits until a check of HAProxy's own has found the verifier ready.
    fn until_up(&self, verifier: usize) {
        let name = format!("verifiers,verifier{},", verifier + 1);
        let up = || {
            self.statistics()
                .is_some_and(|csv| csv.lines().any(|line| line.starts_with(&name) && line.contains(",UP,") && line.contains(",L7OK,")))
        };
        eventually(&name, up);
    }

    fn statistics(&self) -> Option<String> {
        let mut socket = UnixStream::connect(&self.socket).ok()?;
        socket.write_all(b"show stat\n").ok()?;
        let mut csv = String::new();
        socket.read_to_string(&mut csv).ok()?;
        Some(csv)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn verifier(folder: &Folder, address: &str, args: &[&str]) -> Service {
    Service::start(folder, &[&["--role", "verifier", "--public", address], args].concat())
}

fn address(service: &Service) -> String {
    service.public.trim_start_matches("http://").to_owned()
}

/// Asks about one token with one attempt, over and over; gives back how often, or what went wrong first.
fn check(url: &str, token: &Value, checker: usize, over: &AtomicBool) -> Result<usize, String> {
    let attempt = format!("{}{}", ["A", "B", "C", "D"][checker], "A".repeat(21));
    let body = json!({"token": token, "attempt": attempt});
    // Half of them keep their connection to HAProxy, half open one for each check.
    let idle = usize::from(checker.is_multiple_of(2));
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).max_idle_connections(idle);
    let agent = ureq::Agent::from(config.build());
    let mut count = 0;
    while !over.load(Ordering::Relaxed) {
        let mut response = agent.post(format!("{url}/v1/verify")).send_json(&body).map_err(|error| format!("{error} after {count}"))?;
        let status = response.status();
        let answer: Value = response.body_mut().read_json().map_err(|error| format!("{status} {error} after {count}"))?;
        if answer["verdict"] != "genuine" {
            return Err(format!("{status} {answer} after {count}"));
        }
        count += 1;
    }
    Ok(count)
}

#[test]
fn two_verifiers_restarted_in_turn_behind_haproxy_drop_no_check() {
    if !has_haproxy("two_verifiers_restarted_in_turn_behind_haproxy_drop_no_check") {
        return;
    }
    let folder = Folder::ready();
    let issuer = Service::start(&folder, &["--role", "issuer"]);
    let args = ["--proxy-protocol-from", PROXY, "--drain", "5s"];
    let verifiers = [(); 2].map(|()| verifier(&folder, "127.0.0.1:0", &args));
    let addresses = [address(&verifiers[0]), address(&verifiers[1])];
    // Without the second try that the example allows where no verifier has seen the first: none is needed.
    let example = EXAMPLE.replace("retry-on conn-failure\n    option redispatch 1", "retries 0");
    let balancer = Balancer::start(&[&addresses[0], &addresses[1]], &example);
    let tokens =
        [(); CHECKERS].map(|()| folder.json(&["issue", "--channel", "in-person", "--private-url", &issuer.private])["token"].clone());
    let over = AtomicBool::new(false);
    let counts = thread::scope(|scope| {
        let checkers: Vec<_> = tokens
            .iter()
            .enumerate()
            .map(|(n, token)| {
                scope.spawn({
                    let (url, over) = (&balancer.url, &over);
                    move || check(url, token, n, over)
                })
            })
            .collect();
        let restarted = verifiers.into_iter().enumerate().map(|(n, old)| {
            assert_eq!(old.terminate().0.code(), Some(0));
            let new = verifier(&folder, &addresses[n], &args);
            balancer.until_up(n);
            new
        });
        let restarted: Vec<_> = restarted.collect();
        over.store(true, Ordering::Relaxed);
        let counts: Vec<_> = checkers.into_iter().map(|checker| checker.join().unwrap()).collect();
        drop(restarted);
        counts
    });
    assert!(counts.iter().all(|count| count.as_ref().is_ok_and(|count| *count > 10)), "{counts:?}");
    println!("checks answered: {counts:?}");
}

/// A code with a right checksum that names nothing.
fn guess(n: usize) -> Value {
    let token = Token::from_bytes([&[0xd2], n.to_le_bytes().as_slice()].concat()).unwrap();
    json!({"code": SpokenCode::of(&token, SpokenSize::Five).words()})
}

/// The status of a guess from this address of the machine, with a header that its client made up.
async fn guessed(url: &str, from: u8, n: usize, spoofed: &str) -> u16 {
    let client = reqwest::Client::builder().local_address(std::net::IpAddr::from(Ipv4Addr::new(127, 0, 0, from))).build().unwrap();
    let request = client.post(format!("{url}/v1/verify")).header("x-forwarded-for", spoofed).json(&guess(n)).timeout(PATIENCE);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn behind_haproxy_the_limit_follows_the_client_and_not_what_it_claims() {
    if !has_haproxy("behind_haproxy_the_limit_follows_the_client_and_not_what_it_claims") {
        return;
    }
    let folder = Folder::ready();
    drop(Service::start(&folder, &["--role", "issuer"]));
    // One process under both names, because each counts for itself.
    let service = verifier(&folder, "127.0.0.1:0", &["--forwarded-from", PROXY]);
    let example =
        EXAMPLE.replace(" send-proxy-v2", "").replace("option http-server-close", "option http-server-close\n    option forwardfor");
    let balancer = Balancer::start(&[&address(&service); 2], &example);
    let mut tries = 0;
    while guessed(&balancer.url, 1, tries, &format!("192.0.2.{tries}, {PROXY}")).await == 200 {
        tries += 1;
    }
    assert!((20..=40).contains(&tries), "{tries}");
    for spoofed in ["192.0.2.99", PROXY, "junk", ""] {
        assert_eq!(guessed(&balancer.url, 1, 61, spoofed).await, 429, "{spoofed}");
        assert_eq!(guessed(&service.public, 1, 62, spoofed).await, 429, "around HAProxy: {spoofed}");
    }
    assert_eq!(guessed(&balancer.url, 2, 63, "127.0.0.1").await, 200, "another client");
}

#[test]
fn a_drain_is_not_ready_and_serves_until_it_is_told_again() {
    let folder = Folder::ready();
    drop(Service::start(&folder, &["--role", "issuer"]));
    let service = verifier(&folder, "127.0.0.1:0", &["--drain", "10m"]);
    let status = |path: &str| {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        ureq::Agent::from(config).get(format!("{}{path}", service.public)).call().unwrap().status().as_u16()
    };
    assert_eq!((status("/health/ready"), status("/health/live")), (204, 204));
    service.signal();
    eventually("it is still ready", || status("/health/ready") == 503);
    assert_eq!(status("/health/live"), 204);
    assert_eq!(post(&format!("{}/v1/verify", service.public), &guess(1)).unwrap().1["verdict"], "unknown_code");
    assert_eq!(service.terminate().0.code(), Some(0));
}
