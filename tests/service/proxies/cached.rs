//! Behind Varnish, which caches what it may: health is asked for each time.

use std::{
    fs,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::front::{address, eventually, free, is_installed};
use crate::running::{Folder, Service, get};

const VARNISH: &str = "/usr/sbin/varnishd";

/// Varnish with its built-in rules and no more than its backend, which ends with the test.
pub struct Varnish {
    child: Child,
    pub url: String,
    _folder: TempDir,
}

impl Varnish {
    /// `None`, and said so, where it is not installed. `rules` are more VCL, such as a `vcl_backend_response`.
    pub fn start(test: &str, behind: &str, rules: &str) -> Option<Self> {
        if !is_installed(VARNISH, "varnish", test) {
            return None;
        }
        let (folder, here) = (tempfile::tempdir().unwrap(), free());
        let (host, port) = behind.split_once(':').unwrap();
        let file = folder.path().join("rules.vcl");
        fs::write(&file, format!("vcl 4.1;\nbackend default {{ .host = \"{host}\"; .port = \"{port}\"; }}\n{rules}\n")).unwrap();
        let mut command = Command::new(VARNISH);
        command.args(["-F", "-j", "none", "-T", "none", "-s", "malloc,16m", "-a", &here.to_string()]);
        command.arg("-f").arg(file).arg("-n").arg(folder.path().join("work"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let varnish = Self { child, url: format!("http://{here}"), _folder: folder };
        eventually("Varnish does not listen", || std::net::TcpStream::connect(here).is_ok());
        Some(varnish)
    }
}

impl Drop for Varnish {
    fn drop(&mut self) {
        // Its worker is a process of its own, which it ends if it may.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

#[test]
fn health_is_never_answered_from_a_cache() {
    let folder = Folder::ready();
    drop(Service::start(&folder, &["--role", "issuer"]));
    let verifier = Service::start(&folder, &["--role", "verifier", "--forwarded-from", "127.0.0.1", "--drain", "10m"]);
    let Some(varnish) = Varnish::start("health_is_never_answered_from_a_cache", address(&verifier.public), "") else { return };
    let status = |path: &str| get(&format!("{}{path}", varnish.url)).0;
    assert_eq!((status("/health/ready"), status("/health/live")), (204, 204));
    verifier.signal();
    eventually("it is still ready", || get(&format!("{}/health/ready", verifier.public)).0 == 503);
    assert_eq!(status("/health/ready"), 503, "as it is now");
    let (code, _) = verifier.terminate();
    assert_eq!(code.code(), Some(0));
    assert_ne!(status("/health/live"), 204, "nobody lives there");
}
