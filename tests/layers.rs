//! The house stands: imports run downward only, pure rooms stay pure, and each slow-moving library has one door.

use std::{collections::BTreeSet, fs, path::Path};

use syn::{UseTree, visit::Visit};

/// Rooms from the ground up. Rooms of one row do not know each other.
const FLOORS: &[&[&str]] = &[
    &["clock", "entropy", "files", "health", "hex", "spelling"],
    &["keyring"],
    &["token"],
    &["authority"],
    &["ledger"],
    &["store"],
    &["issuer", "verifier"],
    &["words"],
    &["config"],
    &["key_folder", "page", "telemetry"],
    &["http"],
    &["cli"],
];

/// Crates and rooms that a pure room may not touch: no store, no HTTP, no runtime, no files, no ambient time or randomness.
const IMPURE: &[&str] =
    &["tokio", "axum", "hyper", "hyper_util", "rusqlite", "tokio_postgres", "ureq", "clap", "getrandom", "jiff", "tracing"];
const PURE: &[&str] = &["keyring", "token", "authority", "ledger"];

/// Every path of a file, as its leading segments.
#[derive(Default)]
struct Paths(BTreeSet<Vec<String>>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        flatten(&item.tree, &mut Vec::new(), &mut self.0);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }
}

fn flatten(tree: &UseTree, prefix: &mut Vec<String>, paths: &mut BTreeSet<Vec<String>>) {
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            flatten(&path.tree, prefix, paths);
            prefix.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, prefix, paths)),
        UseTree::Name(syn::UseName { ident }) | UseTree::Rename(syn::UseRename { ident, .. }) => {
            paths.insert(prefix.iter().cloned().chain([ident.to_string()]).collect());
        }
        UseTree::Glob(_) => {
            paths.insert(prefix.clone());
        }
    }
}

/// Invocations of tracing's macros, as text.
#[derive(Default)]
struct LogLines(Vec<String>);

impl<'ast> Visit<'ast> for LogLines {
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let last = call.path.segments.last().unwrap().ident.to_string();
        if ["error", "warn", "info", "debug", "trace", "event"].contains(&last.as_str()) {
            self.0.push(call.tokens.to_string());
        }
    }
}

struct SourceFile {
    /// Path below src/, with slashes.
    name: String,
    paths: BTreeSet<Vec<String>>,
    log_lines: Vec<String>,
}

impl SourceFile {
    fn room(&self) -> &str {
        self.name.split('/').next().unwrap().trim_end_matches(".rs")
    }

    fn names(&self, word: &str) -> bool {
        self.paths.iter().flatten().any(|segment| segment == word)
    }
}

fn sources() -> Vec<SourceFile> {
    let mut files = Vec::new();
    collect(Path::new("src"), &mut files);
    assert!(files.len() > 40, "only {} files were found under src/", files.len());
    files
}

fn collect(folder: &Path, files: &mut Vec<SourceFile>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let (mut paths, mut log_lines) = (Paths::default(), LogLines::default());
            let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            paths.visit_file(&file);
            log_lines.visit_file(&file);
            let name = path.strip_prefix("src").unwrap().to_string_lossy().into_owned();
            files.push(SourceFile { name, paths: paths.0, log_lines: log_lines.0 });
        }
    }
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

#[test]
fn imports_run_downward_only() {
    for file in sources().iter().filter(|file| !["main.rs", "lib.rs"].contains(&file.name.as_str())) {
        let own = floor(file.room()).unwrap_or_else(|| panic!("{} is on no floor; add it to FLOORS", file.name));
        for path in file.paths.iter().filter(|path| path[0] == "crate" && path.len() > 1) {
            let other = floor(&path[1]).unwrap_or_else(|| panic!("{} names crate::{}, which is on no floor", file.name, path[1]));
            assert!(path[1] == file.room() || other < own, "{} imports upward or sideways: {}", file.name, path.join("::"));
        }
    }
}

#[test]
fn pure_rooms_touch_nothing_outside() {
    for file in sources().iter().filter(|file| PURE.contains(&file.room())) {
        for path in &file.paths {
            let outside = IMPURE.contains(&path[0].as_str())
                || path.starts_with(&["std".into(), "fs".into()])
                || path.starts_with(&["std".into(), "env".into()])
                || path.starts_with(&["std".into(), "net".into()])
                || path.starts_with(&["crate".into(), "clock".into()])
                || path.starts_with(&["crate".into(), "entropy".into()]);
            assert!(!outside, "{} is pure, but names {}", file.name, path.join("::"));
        }
    }
}

#[test]
fn each_library_has_its_door() {
    for (library, door) in [
        ("minicbor", "token/cose.rs"),
        ("rusqlite", "store/sqlite/"),
        ("tokio_postgres", "store/postgres/"),
        ("rustls", "store/postgres/"),
        ("qrcode", "token/qr.rs"),
        ("ureq", "cli/client.rs"),
        ("webauthn_rs", "issuer/relying_party.rs"),
        ("ppp", "http/proxy.rs"),
        ("strsim", "spelling.rs"),
        ("rlimit", "cli/files.rs"),
        ("prometheus_client", "telemetry/"),
    ] {
        for file in sources().iter().filter(|file| file.paths.iter().any(|path| path[0] == library)) {
            assert!(file.name.starts_with(door), "{} uses {library}, which belongs in {door}", file.name);
        }
    }
}

#[test]
fn the_verifier_has_no_type_that_can_sign() {
    for file in sources().iter().filter(|file| file.room() == "verifier" || file.name == "http/public.rs") {
        for word in ["SigningKey", "Ring", "sign", "IssuerStore"] {
            assert!(!file.names(word), "{} names {word}", file.name);
        }
    }
}

#[test]
fn only_the_command_line_builds_a_store_and_only_settings_read_the_environment() {
    for file in sources() {
        let builds = (file.names("SqliteStore") || file.names("PostgresStore")) && !["store", "cli"].contains(&file.room());
        assert!(!builds, "{} names a concrete store", file.name);
        let reads = file.paths.iter().any(|path| path.ends_with(&["env".into(), "var".into()]));
        assert!(!reads || file.room() == "config", "{} reads the environment", file.name);
    }
}

/// By it operators find their lines, as the handbook says.
#[test]
fn every_line_of_the_log_has_its_kind() {
    let files = sources();
    let lines: Vec<_> = files.iter().flat_map(|file| file.log_lines.iter().map(move |line| (&file.name, line))).collect();
    assert!(lines.len() > 15, "only {} lines were found", lines.len());
    for (name, line) in &lines {
        let has = |field: &str| line.split(',').any(|part| part.trim() == field || part.trim().starts_with(&format!("{field} =")));
        assert!(has("kind"), "a line in {name} has no kind: {line}");
    }
}
