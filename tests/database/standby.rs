//! A server that follows another, and takes its place.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::{net::TcpListener, process::Stdio, time::Duration};

use tempfile::TempDir;

use super::{Cluster, Server, programs};

impl Cluster {
    /// A server that follows this one from now on, at a port of its own or at one that was another's.
    pub async fn standby(&self, port: Option<u16>) -> Self {
        let folder = TempDir::new_in(self.folder.path().parent().unwrap()).unwrap();
        let port = port.unwrap_or_else(|| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let mut copy = Server::new(&programs().unwrap(), folder.path()).command("pg_basebackup");
        copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--username=postgres", "--host=127.0.0.1", "--port"]);
        let done = copy.arg(self.port.to_string()).arg("--pgdata").arg(folder.path().join("data")).status().unwrap();
        assert!(done.success(), "pg_basebackup failed");
        Self::run(folder, port, self.settings.clone()).await
    }

    /// From now on a commit waits until every standby there is has it on disk, or for none.
    pub async fn commit_on(&self, standbys: &str) {
        let admin = self.client("postgres", "postgres").await;
        admin.batch_execute(&format!("ALTER SYSTEM SET synchronous_standby_names = '{standbys}'")).await.unwrap();
        admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        let state = if standbys.is_empty() { "async" } else { "sync" };
        let follows = format!("SELECT 1 FROM pg_stat_replication WHERE sync_state = '{state}' AND state = 'streaming'");
        while admin.query_opt(&follows, &[]).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Cancels whatever waits for a standby, again and again.
    pub async fn cancel_waits(&self) {
        let admin = self.client("postgres", "postgres").await;
        loop {
            admin.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", &[]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Makes a standby the primary, whose commits wait for nobody yet.
    pub async fn promote(&self) {
        let admin = self.client("postgres", "postgres").await;
        admin.batch_execute("ALTER SYSTEM SET synchronous_standby_names = ''").await.unwrap();
        admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        self.control(&["promote"]);
    }

    /// Ends the server as its administrator does; those who are connected are sent away.
    pub fn stop(&self) {
        self.control(&["stop", "--mode=fast"]);
    }

    fn control(&self, what: &[&str]) {
        let mut control = Server::new(&programs().unwrap(), self.folder.path()).command("pg_ctl");
        let done = control.args(what).arg("--pgdata").arg(self.folder.path().join("data")).stdout(Stdio::null()).status().unwrap();
        assert!(done.success(), "pg_ctl {what:?}");
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// It ended on its own, or was stopped; not if it was killed.
    pub fn has_ended(&self) -> bool {
        !self.pid_file().exists()
    }
}
