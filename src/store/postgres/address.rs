//! Where the database is, and how to speak to it: TLS unless it is on this machine, the primary alone.

use std::{fmt, net::IpAddr, path::Path, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::parameters::refusal;

/// For one host to take the connection.
const CONNECT_WAIT: Duration = Duration::from_millis(900);
/// For what was sent to be acknowledged by the other machine, before the connection counts as lost.
const UNHEARD: Duration = Duration::from_secs(5);

/// A database, with whatever opens it. Nothing of it is shown.
#[derive(Clone)]
pub struct PostgresAddress {
    /// One for each host, because one that hangs must not keep anybody from the next.
    pub(super) hosts: Vec<Config>,
    pub(super) tls: Option<MakeRustlsConnect>,
}

impl PostgresAddress {
    /// Reads `postgres://user:password@host:port/database`; `authorities` is a PEM file with who signed the database's
    /// certificate, in place of those that this machine trusts. `Err` is a sentence that does not show the address: it may
    /// hold a password.
    pub fn parse(url: &str, authorities: Option<&Path>) -> Result<Self, String> {
        let mut config: Config = url.parse().map_err(|_| refusal(url))?;
        if config.get_hosts().is_empty() {
            return Err("--store names no host; write postgres://user@host/database".into());
        }
        if config.get_ssl_mode() == SslMode::Prefer {
            // `prefer` would go on in the clear with a server that says it has no TLS.
            config.ssl_mode(if config.get_hosts().iter().all(is_here) { SslMode::Disable } else { SslMode::Require });
        }
        let tls = (config.get_ssl_mode() != SslMode::Disable).then(|| encrypted(authorities)).transpose()?;
        Ok(Self { hosts: each_host(&config), tls })
    }

    /// Whether an address has a password in it, which opens the database to its readers.
    pub fn has_password(url: &str) -> bool {
        url.parse::<Config>().is_ok_and(|config| config.get_password().is_some())
    }
}

/// The same for each of the hosts alone.
fn each_host(all: &Config) -> Vec<Config> {
    let ports = all.get_ports();
    let alone = |(place, host): (usize, &Host)| {
        let mut alone = Config::new();
        match host {
            Host::Tcp(name) => alone.host(name),
            Host::Unix(folder) => alone.host_path(folder),
        };
        // One port is that of all hosts.
        ports.get(place).or(ports.first()).map(|port| alone.port(*port));
        all.get_hostaddrs().get(place).map(|address| alone.hostaddr(*address));
        all.get_user().map(|user| alone.user(user));
        all.get_password().map(|password| alone.password(password));
        all.get_dbname().map(|name| alone.dbname(name));
        all.get_options().map(|options| alone.options(options));
        alone.ssl_mode(all.get_ssl_mode()).ssl_negotiation(all.get_ssl_negotiation()).channel_binding(all.get_channel_binding());
        alone.connect_timeout(CONNECT_WAIT).tcp_user_timeout(UNHEARD).keepalives_idle(UNHEARD);
        alone.application_name("countersign");
        alone
    };
    all.get_hosts().iter().enumerate().map(alone).collect()
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresAddress")
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        Host::Unix(_) => true,
    }
}

/// Certificate and name of the database are always checked.
fn encrypted(authorities: Option<&Path>) -> Result<MakeRustlsConnect, String> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(file) => {
            let unreadable =
                || format!("--store-ca {} holds no certificate in PEM form; name the file with the authority's", file.display());
            let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).map_err(|_| unreadable())?.collect();
            for certificate in read.map_err(|_| unreadable())? {
                roots.add(certificate).map_err(|_| unreadable())?;
            }
            if roots.is_empty() {
                return Err(unreadable());
            }
        }
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    let versions = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let config = versions.map_err(|_| "--store cannot be spoken to by TLS".to_owned())?.with_root_certificates(roots).with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> SslMode {
        PostgresAddress::parse(url, None).unwrap().hosts[0].get_ssl_mode()
    }

    #[test]
    fn another_machine_is_spoken_to_by_tls_alone_unless_somebody_says_otherwise() {
        assert_eq!(mode("postgres://a@db.example.org/c"), SslMode::Require);
        assert_eq!(mode("postgres://a@db.example.org/c?sslmode=prefer"), SslMode::Require);
        assert_eq!(mode("postgres://a@db.example.org/c?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgres://a@127.0.0.1,db.example.org/c"), SslMode::Require, "one of them is elsewhere");
        for here in ["postgres://a@localhost/c", "postgres://a@127.0.0.1:5433/c", "postgres://a@%2Frun%2Fpostgresql/c"] {
            assert_eq!(mode(here), SslMode::Disable, "{here}");
        }
    }

    #[test]
    fn each_host_has_its_own_port_or_the_one_of_all() {
        let ports = |url: &str| -> Vec<u16> {
            PostgresAddress::parse(url, None).unwrap().hosts.iter().flat_map(|host| host.get_ports().to_vec()).collect()
        };
        assert_eq!(ports("postgres://a@127.0.0.1:5433,127.0.0.1:5434/c"), [5433, 5434]);
        assert_eq!(ports("host=127.0.0.1,127.0.0.2 port=5433 user=a"), [5433, 5433]);
    }

    #[test]
    fn what_opens_it_is_not_shown() {
        let address = PostgresAddress::parse("postgres://anna:hunter2@localhost/c", None).unwrap();
        assert_eq!(format!("{address:?}"), "PostgresAddress");
        let wrong = PostgresAddress::parse("postgres://anna:hunter2@localhost/c?nonsense=1", None).unwrap_err();
        assert!(!wrong.contains("hunter2"), "{wrong}");
    }

    #[test]
    fn authorities_that_are_none_are_refused() {
        for file in ["Cargo.toml", "missing.pem"] {
            let wrong = PostgresAddress::parse("postgres://a@db.example.org/c", Some(Path::new(file))).unwrap_err();
            assert!(wrong.contains(file), "{wrong}");
        }
    }
}
