//! The pages are embedded in the binary; without them there is nothing to serve. So is the commit that it was built from.

use std::process::Command;

fn main() {
    println!("cargo::rustc-env=COUNTERSIGN_COMMIT={}", commit().unwrap_or_default());
    let page = ["enter.js", "page.css", "page.js", "scan.js", "sw.js"].map(|name| format!("web/public/dist/{name}"));
    let console = ["console.css", "console.js", "sw.js"].map(|name| format!("web/officer/dist/{name}"));
    for file in page.into_iter().chain(console) {
        println!("cargo::rerun-if-changed={file}");
        if !std::path::Path::new(&file).exists() {
            println!("cargo::error={file} is missing: run `make web` once to build the pages");
            return;
        }
    }
}

/// What `COUNTERSIGN_COMMIT` says, for builds from an archive and for builds that must be the same everywhere; otherwise what git
/// says of a release build, if it says something. A development build would have to be made again with every commit.
#[allow(clippy::disallowed_methods, reason = "what cargo and whoever builds say to a build script")]
fn commit() -> Option<String> {
    println!("cargo::rerun-if-env-changed=COUNTERSIGN_COMMIT");
    if let Ok(given) = std::env::var("COUNTERSIGN_COMMIT")
        && !given.is_empty()
    {
        return Some(given);
    }
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    // An archive that was unpacked inside of another repository is not of that one's commit.
    let at_the_top = || git(&["rev-parse", "--show-prefix"]).is_some_and(|prefix| prefix.is_empty());
    if !is_release || !at_the_top() {
        return None;
    }
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}
