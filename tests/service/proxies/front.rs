//! Real proxies, by the very files in deploy/: only addresses, ports, host names, certificates and paths are replaced.

use std::{
    fs::{self, File},
    io::{Write as _, stderr},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use reqwest::{Certificate, ClientBuilder};
use tempfile::TempDir;

use crate::running::{PATIENCE, http};

pub const PUBLIC: &str = "verify.example.org";
pub const CONSOLE: &str = "console.example.org";
const PAUSE: Duration = Duration::from_millis(20);

/// The proxies of Debian for which deploy/ has a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Apache,
    Caddy,
    Haproxy,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Nginx, Self::Apache, Self::Caddy, Self::Haproxy];

    /// Those that are installed. Says of each other that the test did not run with it.
    pub fn here(test: &str) -> Vec<Self> {
        Self::ALL.into_iter().filter(|kind| kind.is_here(test)).collect()
    }

    pub fn is_here(self, test: &str) -> bool {
        let (program, package) = self.program();
        is_installed(program, package, test)
    }

    fn program(self) -> (&'static str, &'static str) {
        match self {
            Self::Nginx => ("/usr/sbin/nginx", "nginx-light"),
            Self::Apache => ("/usr/sbin/apache2", "apache2"),
            Self::Caddy => ("/usr/bin/caddy", "caddy"),
            Self::Haproxy => ("/usr/sbin/haproxy", "haproxy"),
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Nginx => include_str!("../../../deploy/nginx.conf"),
            Self::Apache => include_str!("../../../deploy/apache.conf"),
            Self::Caddy => include_str!("../../../deploy/Caddyfile"),
            Self::Haproxy => include_str!("../../../deploy/haproxy.cfg"),
        }
    }

    /// What a verifier on this machine has to know of a proxy of this kind.
    pub fn named(self) -> [&'static str; 2] {
        [if self == Self::Haproxy { "--proxy-protocol-from" } else { "--forwarded-from" }, "127.0.0.1"]
    }
}

/// Whether a program of Debian is here; where it is not, says so past the test's captured output, so that it is seen.
pub fn is_installed(program: &str, package: &str, test: &str) -> bool {
    let there = Path::new(program).exists();
    if !there {
        let _ = writeln!(stderr(), "NOT RUN: {test}: install Debian's {package}");
    }
    there
}

pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let tries = PATIENCE.as_millis() / PAUSE.as_millis();
    assert!((0..tries).any(|_| done() || (thread::sleep(PAUSE), false).1), "{what}");
}

/// An address of this machine where nothing listens.
pub fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Host and port of a URL.
pub fn address(url: &str) -> &str {
    url.trim_start_matches("http://")
}

/// What stands behind a proxy, each as host and port.
#[derive(Clone, Copy)]
pub struct Behind<'a> {
    pub verifiers: [&'a str; 2],
    pub issuer: &'a str,
}

impl Behind<'_> {
    /// Somewhere that nobody answers.
    pub const NOBODY: &'static str = "127.0.0.1:9";
}

/// A running proxy, which ends with the test.
pub struct Front {
    kind: Kind,
    child: Child,
    folder: TempDir,
    pub secure: SocketAddr,
    pub plain: SocketAddr,
}

/// In a file of deploy/ and in what it becomes.
type Change<'a> = (&'a str, &'a str);

impl Front {
    /// By the file as it is.
    pub fn start(kind: Kind, behind: Behind) -> Self {
        Self::changed(kind, behind, [PUBLIC, CONSOLE], &[])
    }

    /// Under these names, and with these changes, each of which the file must have a place for.
    pub fn changed(kind: Kind, behind: Behind, names: [&str; 2], changes: &[Change]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path(), names);
        let (secure, plain) = (free(), free());
        let at = |path: &str| folder.path().join(path).display().to_string();
        let mut config = kind.example().to_owned();
        let mut change = |from: &str, to: &str| {
            assert!(config.contains(from), "{kind:?} has no {from:?}");
            config = config.replace(from, to);
        };
        for (from, to) in changes {
            change(from, to);
        }
        change("10.0.0.11:8080", behind.verifiers[0]);
        change("10.0.0.12:8080", behind.verifiers[1]);
        change("10.0.0.21:8081", behind.issuer);
        place(kind, &at, [secure, plain], names, &mut change);
        let file = at(if kind == Kind::Caddy { "Caddyfile" } else { "proxy.cfg" });
        let whole = if kind == Kind::Apache { format!("{}{config}", debians_apache(&at, [secure, plain])) } else { config };
        fs::write(&file, whole).unwrap();
        let child = run(kind, folder.path(), &file);
        let front = Self { kind, child, folder, secure, plain };
        eventually(&format!("{kind:?} does not listen: {}", front.written()), || {
            TcpStream::connect(secure).is_ok() && TcpStream::connect(plain).is_ok()
        });
        front
    }

    /// Changes the file of nginx while it runs, and has it read.
    pub fn reload(&self, from: &str, to: &str) {
        let file = self.folder.path().join("proxy.cfg");
        let config = fs::read_to_string(&file).unwrap();
        assert!(config.contains(from), "{from}");
        fs::write(&file, config.replace(from, to)).unwrap();
        assert!(Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap().success());
    }

    /// A visitor at this address of the machine, who knows this proxy under its names.
    pub fn visitor(&self, last: u8) -> ClientBuilder {
        let local: IpAddr = Ipv4Addr::new(127, 0, 0, last).into();
        let authority = Certificate::from_pem(&fs::read(self.authority()).unwrap()).unwrap();
        let builder = http::client().local_address(local).tls_certs_only([authority]).timeout(PATIENCE).no_proxy();
        let builder = [PUBLIC, CONSOLE].into_iter().fold(builder, |builder, name| builder.resolve(name, self.secure));
        builder.redirect(reqwest::redirect::Policy::none())
    }

    /// The certificate of who signed that of this proxy.
    pub fn authority(&self) -> std::path::PathBuf {
        self.folder.path().join("authority.pem")
    }

    pub fn public(&self, path: &str) -> String {
        format!("https://{PUBLIC}:{}{path}", self.secure.port())
    }

    pub fn console(&self, path: &str) -> String {
        format!("https://{CONSOLE}:{}{path}", self.secure.port())
    }

    /// All that it wrote until now: its logs and what it said, without the files that it was given.
    pub fn written(&self) -> String {
        let given = ["Caddyfile", "proxy.cfg", "extensions"];
        let mut written = String::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !given.iter().any(|name| path.ends_with(name))
                    && path.extension().is_none_or(|kind| !["pem", "key", "srl"].iter().any(|of| kind == *of))
                {
                    written += &String::from_utf8_lossy(&fs::read(path).unwrap_or_default());
                }
            }
        }
        written
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // nginx and Apache end their workers only if they may.
        if matches!(self.kind, Kind::Nginx | Kind::Apache) {
            let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        } else {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("{:?} wrote: {}", self.kind, self.written());
        }
    }
}

/// Starts the program, which writes what it says into the folder.
fn run(kind: Kind, folder: &Path, file: &str) -> Child {
    let mut command = Command::new(kind.program().0);
    match kind {
        Kind::Nginx => command.arg("-p").arg(folder).arg("-e").arg(folder.join("start.log")).args(["-c", file, "-g", "daemon off;"]),
        Kind::Apache => command.args(["-DFOREGROUND", "-f", file]),
        Kind::Caddy => command.args(["run", "--adapter", "caddyfile", "--config", file]),
        Kind::Haproxy => command.args(["-db", "-f", file]),
    };
    for home in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        command.env(home, folder);
    }
    let [out, error] = ["out.log", "error.out.log"].map(|name| File::create(folder.join(name)).unwrap());
    command.stdin(Stdio::null()).stdout(out).stderr(error).spawn().unwrap()
}

/// Where this one listens, under which names, with which certificate, and where it keeps what it keeps.
fn place(
    kind: Kind,
    at: &impl Fn(&str) -> String,
    [secure, plain]: [SocketAddr; 2],
    [public, console]: [&str; 2],
    change: &mut impl FnMut(&str, &str),
) {
    match kind {
        Kind::Haproxy => {
            change("/etc/haproxy/example.org.pem", &at("both.pem"));
            change("bind :443", &format!("bind {secure}"));
            change("bind :80", &format!("bind {plain}"));
            change(&format!("-i {CONSOLE}"), &format!("-i {console}"));
            return;
        }
        Kind::Nginx => {
            change("listen 443", &format!("listen {secure}"));
            change("listen 80 ", &format!("listen {plain} "));
            change("/run/nginx.pid", &at("pid"));
            change("/var/log/nginx/", &at(""));
            let kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| format!("    {name}_temp_path {};\n", at(name)));
            change("http {\n", &format!("http {{\n{}", kept.concat()));
            change(&format!("server_name {PUBLIC}"), &format!("server_name {public}"));
            change(&format!("server_name {CONSOLE}"), &format!("server_name {console}"));
        }
        Kind::Apache => {
            change("*:443", &secure.to_string());
            change("*:80>", &format!("{plain}>"));
            change(&format!("ServerName {PUBLIC}"), &format!("ServerName {public}"));
            change(&format!("ServerName {CONSOLE}"), &format!("ServerName {console}"));
        }
        Kind::Caddy => {
            let (secure, plain) = (secure.port(), plain.port());
            let redirected = format!("http://{public}:{plain}, http://{console}:{plain} {{\n\tbind 127.0.0.1");
            change(&format!("http://{PUBLIC}, http://{CONSOLE} {{"), &redirected);
            change(&format!("https://{PUBLIC} {{"), &format!("https://{public}:{secure} {{\n\tbind 127.0.0.1"));
            change(&format!("https://{CONSOLE} {{"), &format!("https://{console}:{secure} {{\n\tbind 127.0.0.1"));
        }
    }
    change("/etc/ssl/countersign/fullchain.pem", &at("fullchain.pem"));
    change("/etc/ssl/countersign/key.pem", &at("key.pem"));
}

/// What Debian's own configuration of Apache has around a site: its usual modules, those that the file names, and logs.
fn debians_apache(at: &impl Fn(&str) -> String, listens: [SocketAddr; 2]) -> String {
    let named = Kind::Apache.example().split_once("a2enmod ").unwrap().1.lines().next().unwrap();
    let modules = ["mpm_event", "authz_core", "alias", "reqtimeout"].into_iter().chain(named.split_whitespace());
    let modules: Vec<String> = modules.map(|name| format!("LoadModule {name}_module modules/mod_{name}.so\n")).collect();
    let listens = listens.map(|address| format!("Listen {address}\n")).concat();
    let places = format!("DefaultRuntimeDir {}\nPidFile {}\nErrorLog {}\n", at(""), at("pid"), at("error.log"));
    let logs = format!("CustomLog {} \"%h %r %{{User-Agent}}i\"\n", at("access.log"));
    format!("ServerRoot /usr/lib/apache2\nServerName localhost\nUser www-data\nGroup www-data\n{places}{listens}{}{logs}", modules.concat())
}

/// An authority, and a certificate of it for these names.
fn certificates(folder: &Path, names: [&str; 2]) {
    let openssl = |args: &str| {
        let done = Command::new("openssl").args(args.split(' ')).current_dir(folder).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout authority.key -out authority.pem -days 2 -subj /CN=Authority"));
    openssl(&format!("req {key} -keyout key.pem -out request.pem -subj /CN=Proxy"));
    let names = names.map(|name| if name.parse::<IpAddr>().is_ok() { format!("IP:{name}") } else { format!("DNS:{name}") });
    fs::write(folder.join("extensions"), format!("subjectAltName={}\nbasicConstraints=CA:FALSE\n", names.join(","))).unwrap();
    openssl(
        "x509 -req -in request.pem -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 -extfile extensions -out fullchain.pem",
    );
    let both = ["fullchain.pem", "key.pem"].map(|name| fs::read(folder.join(name)).unwrap()).concat();
    fs::write(folder.join("both.pem"), both).unwrap();
}
