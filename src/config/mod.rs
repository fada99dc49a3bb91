//! Settings: flag, then environment variable, then `countersign.toml`. Read here and nowhere else.

mod contact;
mod error;
mod flags;
mod guessing;
mod in_force;
mod logs;
mod mistyped;
mod networks;
mod rotation;

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use ipnet::IpNet;
use secrecy::SecretString;

pub use self::{
    error::ConfigError,
    flags::{Flags, Organisation},
    guessing::Guessing,
    logs::{LogFormat, LogLevel},
    rotation::{LONGEST_KEY, duration},
};
use crate::{
    files::{self, Kind},
    issuer::Credential,
    keyring::{IssuerName, rotation::Policy},
    store::PostgresAddress,
    token::{ReaderLevel, SpokenWords},
    words::Language,
};

/// Settings after flags, environment and file were put together; each value is checked where it is asked for.
#[derive(Clone, Debug)]
pub struct Settings(Flags);

/// Where everything is kept.
#[derive(Clone, Debug)]
pub enum StoreAddress {
    /// In a file of this machine.
    Sqlite(PathBuf),
    /// In a database that others may share.
    Postgres(PostgresAddress),
}

impl Settings {
    /// Where everything is kept.
    pub fn store(&self) -> Result<StoreAddress, ConfigError> {
        let value = self.0.store.as_deref().unwrap_or("sqlite:countersign.sqlite");
        let authorities = self.0.store_ca.as_deref();
        match value.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(StoreAddress::Sqlite(path.into())),
            Some(("postgres" | "postgresql", _)) => {
                authorities.map_or(Ok(()), |path| files::check(path, Kind::Trusted))?;
                PostgresAddress::parse(value, authorities).map(StoreAddress::Postgres).map_err(ConfigError::Database)
            }
            _ => Err(ConfigError::Store),
        }
    }

    /// The folder of keys.
    pub fn keys(&self) -> PathBuf {
        self.0.keys.clone().unwrap_or_else(|| "keys".into())
    }

    /// The passphrase of the private keys, if a file with one was named.
    pub fn passphrase(&self) -> Result<Option<SecretString>, ConfigError> {
        let Some(path) = &self.0.passphrase_file else { return Ok(None) };
        let text = zeroize::Zeroizing::new(files::read(path, Kind::Secret)?);
        let passphrase = text.trim_end_matches(['\r', '\n']);
        if passphrase.is_empty() {
            return Err(ConfigError::File { path: path.clone(), reason: "it is empty; put the passphrase on its first line".into() });
        }
        Ok(Some(SecretString::from(passphrase)))
    }

    /// The issuer name, if a setting has it.
    pub fn issuer_if_named(&self) -> Result<Option<IssuerName>, ConfigError> {
        self.0.issuer.is_some().then(|| self.issuer()).transpose()
    }

    /// The issuer name.
    pub fn issuer(&self) -> Result<IssuerName, ConfigError> {
        let missing = ConfigError::Missing { what: "the issuer name", flag: "--issuer", variable: "COUNTERSIGN_ISSUER" };
        Ok(self.0.issuer.as_deref().ok_or(missing)?.parse()?)
    }

    /// Where people reach the page: scheme and host, without a slash at the end.
    pub fn public_url(&self) -> Result<String, ConfigError> {
        match &self.0.public_url {
            Some(url) => base_url("--public-url", url),
            None => Ok(self.issuer()?.url()),
        }
    }

    /// What links and QR codes begin with: scheme and host, without a slash at the end.
    pub fn link_url(&self) -> Result<String, ConfigError> {
        match &self.0.link_url {
            Some(url) => base_url("--link-url", url),
            None => self.public_url(),
        }
    }

    /// What every page that is out there can read.
    pub fn reader_level(&self) -> ReaderLevel {
        self.0.reader_level.unwrap_or_default()
    }

    /// The public listener.
    pub fn public(&self) -> Result<SocketAddr, ConfigError> {
        address("--public", self.0.public.as_deref().unwrap_or("127.0.0.1:8080"))
    }

    /// The private listener.
    pub fn private(&self) -> Result<SocketAddr, ConfigError> {
        address("--private", self.0.private.as_deref().unwrap_or("127.0.0.1:8081"))
    }

    /// The private listener, if a setting names it: a verifier has none unless it is asked for.
    pub fn private_if_named(&self) -> Result<Option<SocketAddr>, ConfigError> {
        self.0.private.is_some().then(|| self.private()).transpose()
    }

    /// The listener for metrics, if a setting names it.
    pub fn metrics_if_named(&self) -> Result<Option<SocketAddr>, ConfigError> {
        self.0.metrics.as_deref().map(|value| address("--metrics", value)).transpose()
    }

    /// Where programs reach the private listener.
    pub fn private_url(&self) -> Result<String, ConfigError> {
        base_url("--private-url", self.0.private_url.as_deref().unwrap_or("http://127.0.0.1:8081"))
    }

    /// Where people reach the officers' console: scheme and host, without a slash at the end. Passkeys belong to this host.
    pub fn console_url(&self) -> Result<String, ConfigError> {
        match &self.0.console_url {
            Some(url) => base_url("--console-url", url),
            None => Ok(format!("http://localhost:{}", self.private()?.port())),
        }
    }

    /// The same, if a setting names it.
    pub fn console_url_if_named(&self) -> Result<Option<String>, ConfigError> {
        self.0.console_url.is_some().then(|| self.console_url()).transpose()
    }

    /// The credential of a program.
    pub fn credential(&self) -> Result<Credential, ConfigError> {
        let missing = ConfigError::Missing { what: "the credential", flag: "--credential-file", variable: "COUNTERSIGN_CREDENTIAL_FILE" };
        let path = self.0.credential_file.as_ref().ok_or(missing)?;
        let text = zeroize::Zeroizing::new(files::read(path, Kind::Secret)?);
        let wrong =
            |error| ConfigError::File { path: path.clone(), reason: format!("{error}; make one with `countersign officers credential`") };
        Credential::parse(text.trim()).map_err(wrong)
    }

    /// The same settings in a store where new spoken codes have this length if no setting says otherwise.
    #[must_use]
    pub fn with_usual_words(mut self, usual: SpokenWords) -> Self {
        self.0.spoken_words.get_or_insert(usual);
        self
    }

    /// How codes are guarded. Refused where a guesser's chance per token lifetime would be over one in a million. Until the store is
    /// known, as for a new one.
    pub fn guessing(&self) -> Result<Guessing, ConfigError> {
        Guessing::new(self.0.spoken_words.unwrap_or(SpokenWords::Auto), self.0.max_live, self.0.guesses)
    }

    /// Origins of pages hosted elsewhere.
    pub fn page_origins(&self) -> Result<Vec<axum::http::HeaderValue>, ConfigError> {
        let origin = |text: &String| {
            let wrong =
                || ConfigError::Wrong { flag: "--page-origins", value: text.clone(), wanted: "an origin such as https://www.example.org" };
            base_url("--page-origins", text)?.parse().map_err(|_| wrong())
        };
        self.0.page_origins.iter().map(origin).collect()
    }

    /// Proxies whose `X-Forwarded-For` is believed.
    pub fn forwarded_from(&self) -> Result<Vec<IpNet>, ConfigError> {
        networks::networks("--forwarded-from", &self.0.forwarded_from)
    }

    /// Proxies that begin each connection with a PROXY protocol header.
    pub fn proxy_protocol_from(&self) -> Result<Vec<IpNet>, ConfigError> {
        networks::networks("--proxy-protocol-from", &self.0.proxy_protocol_from)
    }

    /// How long everything is still served once the service was asked to stop.
    pub fn drain(&self) -> Result<Duration, ConfigError> {
        let text = self.0.drain.as_deref().unwrap_or("0s");
        let wrong = || ConfigError::Wrong { flag: "--drain", value: text.into(), wanted: "between 0s and 10m, such as 10s" };
        let seconds = rotation::seconds(text).and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds <= 600);
        seconds.map(Duration::from_secs).ok_or_else(wrong)
    }

    /// How much is logged.
    pub fn log(&self) -> Result<LogLevel, ConfigError> {
        LogLevel::of(self.0.log.as_deref())
    }

    /// The form of a line of the log.
    pub fn log_format(&self) -> Result<LogFormat, ConfigError> {
        LogFormat::of(self.0.log_format.as_deref())
    }

    /// When signing keys begin and cease to sign.
    pub fn rotation(&self) -> Result<Policy, ConfigError> {
        self.0.rotation.clone().unwrap_or_default().policy()
    }

    /// Who runs the service; by the issuer's name where it has no other. The telephone number may be empty.
    pub fn organisation(&self) -> Result<Organisation, ConfigError> {
        let mut organisation = self.0.organisation.clone().unwrap_or_default();
        if organisation.name.is_empty() {
            organisation.name = self.issuer()?.to_string();
        }
        contact::check(&organisation)?;
        if organisation.languages.is_empty() {
            organisation.languages = Language::USUAL.into();
        }
        Ok(organisation)
    }
}

fn address(flag: &'static str, value: &str) -> Result<SocketAddr, ConfigError> {
    value.parse().map_err(|_| ConfigError::Wrong { flag, value: value.into(), wanted: "an address and port such as 127.0.0.1:8080" })
}

/// Reads a count of things.
pub fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not a whole number that fits"))
}

/// Scheme and host; anything after them would end up in every link.
pub fn base_url(flag: &'static str, value: &str) -> Result<String, ConfigError> {
    let wrong = || ConfigError::Wrong { flag, value: value.into(), wanted: "a URL such as https://verify.example.org, without a path" };
    let bare = value.strip_suffix('/').unwrap_or(value);
    let uri: axum::http::Uri = bare.parse().map_err(|_| wrong())?;
    let plain = matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some_and(|a| !a.as_str().contains('@'));
    if plain && uri.path() == "/" && !bare.ends_with('/') && uri.query().is_none() && !bare.contains('#') {
        Ok(bare.to_owned())
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_scheme_and_host() {
        assert_eq!(base_url("--public-url", "http://localhost:8080/").unwrap(), "http://localhost:8080");
        for bad in ["", "localhost:8080", "ftp://a", "https://a/b", "https://a?b", "https://a#b", "https://u@a", "https://a//"] {
            assert!(base_url("--public-url", bad).is_err(), "{bad}");
        }
    }
}
