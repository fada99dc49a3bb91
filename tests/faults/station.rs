//! A deployment whose processes come and go: a folder with keys and settings, a store, an officer and an approver.

use std::process::Command;

use crate::{
    database::Cluster,
    running::{Folder, SETTINGS, Service},
};

/// Where the store is unless a story says otherwise.
const SQLITE: &str = "sqlite:store.sqlite";

/// What stays when processes end.
pub struct Station {
    pub folder: Folder,
    /// As `--store` has it.
    pub store: String,
    /// May issue, and ask for authorisations.
    pub officer: String,
    /// Approves them.
    pub approver: String,
}

/// The processes that serve at one time.
pub struct Serving {
    pub public: String,
    pub private: String,
    pub processes: Vec<Service>,
}

impl Station {
    /// On SQLite, in a folder that vanishes.
    pub fn sqlite() -> Self {
        Self::in_folder(Folder::empty(), SQLITE)
    }

    /// On a server's own database, as its owner.
    pub fn postgres(cluster: &Cluster) -> Self {
        Self::in_folder(Folder::empty(), &cluster.url("countersign_issuer", "countersign"))
    }

    /// On any store.
    pub fn in_folder(folder: Folder, store: &str) -> Self {
        folder.write("countersign.toml", &SETTINGS.replace(SQLITE, store));
        folder.ok(&["keys", "init"]);
        let person = |callsign, role| {
            folder.ok(&["officers", "enrol", callsign, "--role", role]);
            folder.ok(&["officers", "credential", callsign]).trim().to_owned()
        };
        let (officer, approver) = (person("falcon", "officer"), person("heron", "approver"));
        Self { folder, store: store.to_owned(), officer, approver }
    }

    /// `serve`, not started yet.
    pub fn command(&self, role: &str) -> Command {
        self.folder.command(&["serve", "--role", role])
    }

    /// Both roles in one process.
    pub fn start(&self) -> Serving {
        Serving::of(vec![Service::spawn(self.command("all"))])
    }
}

impl Serving {
    pub fn of(processes: Vec<Service>) -> Self {
        let of = |side: fn(&Service) -> &String| processes.iter().map(side).find(|url| !url.is_empty()).cloned().unwrap_or_default();
        Self { public: of(|process| &process.public), private: of(|process| &process.private), processes }
    }

    /// kill -9, all of them.
    pub fn kill(self) {
        self.processes.into_iter().for_each(Service::kill);
    }

    /// As a service manager ends them; each must end well. What they logged.
    pub fn terminate(self) -> String {
        let ends = self.processes.into_iter().map(Service::terminate);
        let logs = ends.map(|(status, log)| {
            assert!(status.success(), "{status}: {log}");
            log
        });
        logs.collect()
    }
}
