//! A PostgreSQL server of the tests' own, from Debian's binaries, that ends with the process that started it.
#![allow(dead_code, reason = "each test program uses its own part")]

mod standby;

use std::{
    fs,
    io::{Write as _, stderr},
    net::TcpListener,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use countersign::store::PostgresAddress;
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio_postgres::{Client, NoTls};

/// Where Debian keeps the programs, the newest version first.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    versions.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    versions.pop().map(|version| version.join("bin")).filter(|programs| programs.join("initdb").exists())
}

/// Why what needs a server is not run.
pub const MISSING: &str = "Debian's postgresql is not installed; make test installs it";

/// Says on the terminal that a test was not run, and why.
pub fn not_run(what: &str) {
    let _ = writeln!(stderr(), "NOT RUN: {what}: {MISSING}");
}

/// A server, its files in memory where that is possible.
pub struct Cluster {
    folder: TempDir,
    port: u16,
    /// Stops the server and takes its files away when its own standard input ends, whatever ends us.
    keeper: Child,
    settings: Vec<String>,
    databases: AtomicUsize,
}

impl Cluster {
    /// The one that the tests of this process share; `None` on a machine without PostgreSQL.
    pub async fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let started = Arc::new(Self::start(&[]).await?);
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    /// Starts one with more settings, its files in memory where that is possible.
    pub async fn start(settings: &[&str]) -> Option<Self> {
        let memory = Path::new("/dev/shm");
        Self::start_in(if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap(), settings).await
    }

    /// Starts one in a folder.
    pub async fn start_in(folder: TempDir, settings: &[&str]) -> Option<Self> {
        let programs = programs()?;
        let data = folder.path().join("data");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let as_server = Server::new(&programs, folder.path());
        let mut make = as_server.command("initdb");
        make.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        let done = make.arg("--pgdata").arg(&data).stdout(Stdio::null()).status().unwrap();
        assert!(done.success(), "initdb failed");
        let cluster = Self::run(folder, port, settings.iter().map(ToString::to_string).collect()).await;
        cluster.prepare(&[]).unwrap();
        Some(cluster)
    }

    /// Runs the server whose files are in the folder.
    async fn run(folder: TempDir, port: u16, settings: Vec<String>) -> Self {
        let keeper = Server::new(&programs().unwrap(), folder.path()).keep(&folder.path().join("data"), port, &settings);
        let cluster = Self { folder, port, keeper, settings, databases: AtomicUsize::new(0) };
        cluster.is_up().await;
        cluster
    }

    /// As an administrator prepares it, with the project's own script and these variables of it. Returns what it said.
    pub fn prepare(&self, variables: &[&str]) -> Result<String, String> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/postgresql.sql");
        let mut command = Command::new("psql");
        command.args(["--quiet", "--no-psqlrc", "--file", script]);
        for variable in variables {
            command.args(["--variable", variable]);
        }
        let done = command.arg(self.url("postgres", "postgres")).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        if done.status.success() { Ok(said) } else { Err(said) }
    }

    async fn is_up(&self) {
        for _ in 0..600 {
            if tokio_postgres::connect(&self.url("postgres", "postgres"), NoTls).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the database did not start: {}", fs::read_to_string(self.folder.path().join("log")).unwrap_or_default());
    }

    /// Sends a signal to the server and all that belong to it: `STOP` to hold it, `CONT` to let it go on, `KILL` to end it on the
    /// spot.
    pub fn signal(&self, signal: &str) {
        let said = |command: &mut Command| String::from_utf8(command.output().unwrap().stdout).unwrap();
        let pid = fs::read_to_string(self.pid_file()).unwrap();
        let server = pid.lines().next().unwrap();
        // So that it starts no more of them meanwhile.
        let _ = Command::new("kill").args(["-STOP", server]).output().unwrap();
        let all = said(Command::new("pgrep").args(["--parent", server]));
        // One that ended meanwhile is no reason to fail.
        let _ = Command::new("kill").arg(format!("-{signal}")).arg(server).args(all.split_whitespace()).output().unwrap();
    }

    /// From now on it shows this certificate to anybody who asks for TLS.
    pub async fn serve_tls(&self, certificate: &Path, key: &Path, admin: &Client) {
        let data = self.folder.path().join("data");
        let own = fs::metadata(&data).unwrap();
        for (from, to) in [(certificate, "server.crt"), (key, "server.key")] {
            let to = data.join(to);
            fs::copy(from, &to).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
            chown(&to, Some(own.uid()), Some(own.gid())).unwrap();
        }
        let read_at = async || admin.query_one("SELECT pg_conf_load_time()::text", &[]).await.unwrap().get::<_, String>(0);
        let before = read_at().await;
        admin.batch_execute("ALTER SYSTEM SET ssl = on").await.unwrap();
        admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        while read_at().await == before {}
    }

    /// All that the server has logged.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("log")).unwrap()).into_owned()
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.path().join("data/postmaster.pid")
    }

    /// Starts the server again after it was ended, with its files as they are.
    pub async fn start_again(&mut self) {
        // Before its standard input ends, so that it takes nothing away.
        self.keeper.kill().unwrap();
        self.keeper.wait().unwrap();
        let _ = fs::remove_file(self.pid_file());
        let data = self.folder.path().join("data");
        self.keeper = Server::new(&programs().unwrap(), self.folder.path()).keep(&data, self.port, &self.settings);
        self.is_up().await;
    }

    /// The address of a database for a user.
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// A connection around the contracts.
    pub async fn client(&self, user: &str, database: &str) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url(user, database), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// A database as the script leaves it, for one test.
    pub async fn database(self: &Arc<Self>) -> Database {
        static ALONE: Mutex<()> = Mutex::const_new(());
        // A template may have no other visitor.
        let _alone = ALONE.lock().await;
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let admin = self.client("postgres", "postgres").await;
        admin.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE countersign OWNER countersign_issuer")).await.unwrap();
        Database { cluster: self.clone(), name }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A database of one test.
pub struct Database {
    pub cluster: Arc<Cluster>,
    pub name: String,
}

impl Database {
    /// As a user reaches it.
    pub fn address(&self, user: &str) -> PostgresAddress {
        PostgresAddress::parse(&self.cluster.url(user, &self.name), None).unwrap()
    }

    /// Runs statements as their owner, around the contracts.
    pub async fn sql(&self, statements: &str) -> Result<(), String> {
        let client = self.cluster.client("countersign_issuer", &self.name).await;
        client.batch_execute(statements).await.map_err(|error| error.to_string())
    }
}

/// Who runs the server: PostgreSQL refuses to be root.
struct Server<'a> {
    programs: &'a Path,
    folder: &'a Path,
    is_root: bool,
}

impl<'a> Server<'a> {
    fn new(programs: &'a Path, folder: &'a Path) -> Self {
        let id = |args: &[&str]| {
            Command::new("id").args(args).output().ok().and_then(|out| String::from_utf8(out.stdout).ok()?.trim().parse::<u32>().ok())
        };
        let is_root = id(&["-u"]) == Some(0);
        if is_root {
            chown(folder, id(&["-u", "postgres"]), id(&["-g", "postgres"])).unwrap();
        }
        Self { programs, folder, is_root }
    }

    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let mut command = if self.is_root { Command::new("runuser") } else { Command::new(&path) };
        if self.is_root {
            command.args(["-u", "postgres", "--"]).arg(path);
        }
        command.current_dir(self.folder);
        command
    }

    /// The server under a shell that outlives us for as long as it takes to clear up.
    fn keep(&self, data: &Path, port: u16, settings: &[String]) -> Child {
        let mut server = self.command("postgres");
        server.arg("-D").arg(data).args(["-p", &port.to_string(), "-k", "", "-h", "127.0.0.1", "-c", "max_connections=500"]);
        // Not in the memory of the machine, where a server that is killed leaves it.
        server.args(["-c", "dynamic_shared_memory_type=mmap"]);
        for setting in settings {
            server.args(["-c", setting]);
        }
        let script = r#"data=$1 log=$2; shift 2
            "$@" >"$log" 2>&1 &
            started=$!
            cat >/dev/null
            server=$(head -n 1 "$data/postmaster.pid")
            memory=$(sed -n 7p "$data/postmaster.pid" | cut -c 11-)
            kill -CONT $started $server $(pgrep --parent $server) 2>/dev/null
            kill -QUIT $server 2>/dev/null
            wait
            # Of a server that was killed it is left behind.
            ipcrm -m $memory 2>/dev/null
            rm -rf "$data""#;
        let mut keeper = Command::new("sh");
        keeper.args(["-c", script, "sh"]).arg(data).arg(self.folder.join("log")).arg(server.get_program()).args(server.get_args());
        // Not in our group: an interrupt from the terminal is for us alone.
        std::os::unix::process::CommandExt::process_group(&mut keeper, 0);
        keeper.current_dir(self.folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}
