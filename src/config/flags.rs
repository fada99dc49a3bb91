//! Flags with their environment variables, and the settings file behind them.

use std::{
    path::{Path, PathBuf},
    str::FromStr as _,
};

use clap::Args;
use serde::Deserialize;

use super::{ConfigError, Settings, mistyped, number, rotation::Rotation};
use crate::{
    files::{self, Kind},
    store::PostgresAddress,
    token::{ReaderLevel, SpokenWords},
    words::{Language, Zone},
};

/// Who runs the service, as people see it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Organisation {
    /// Its name.
    pub name: String,
    /// The number that it publishes.
    pub telephone: String,
    /// Its address.
    pub address: String,
    /// The number that people in danger ring; none if empty.
    pub emergency: String,
    /// Where people report somebody false: a telephone number, or an address that begins with `https://`; nowhere if empty.
    pub report: String,
    /// Where "Exit this page" leads: a harmless public page.
    pub exit_url: Option<String>,
    /// The zone in which its pages tell the time; UTC if not set.
    pub time_zone: Option<Zone>,
    /// Languages of the page, the first for those who ask for none of them.
    pub languages: Vec<Language>,
}

impl Organisation {
    /// All of it in a line.
    pub(super) fn summary(&self) -> String {
        let Self { name, telephone, address, emergency, report, exit_url, time_zone, languages } = self;
        let languages = languages.iter().map(|language| language.tag()).collect::<Vec<_>>().join(",");
        let exit = exit_url.as_deref().unwrap_or_default();
        let zone = time_zone.clone().unwrap_or_default();
        format!(
            "name {name:?}, telephone {telephone:?}, address {address:?}, emergency {emergency:?}, report {report:?}, exit_url {exit:?}, \
             time_zone {zone}, languages {languages}"
        )
    }

    /// What people would miss on the pages, a sentence each.
    pub fn gaps(&self) -> Vec<String> {
        let gaps = [
            (
                self.telephone.is_empty(),
                "no telephone number is set, so people have nobody to ring; write one under [organisation] in countersign.toml",
            ),
            (
                self.exit_url.is_none(),
                "no exit_url is set, so the pages have no \"Exit this page\"; write a harmless address under [organisation] in countersign.toml",
            ),
            (
                self.time_zone.is_none(),
                "no time_zone is set, so the pages tell the time in UTC; write the name of yours, such as \"Europe/London\", under [organisation] in countersign.toml",
            ),
        ];
        let drafts = self.languages.iter().filter(|language| language.is_draft());
        let unread = drafts.map(|language| {
            let tag = language.tag();
            format!("the {language:?} pages are a draft that no native speaker has reviewed; take {tag} out of organisation.languages until one has")
        });
        gaps.into_iter().filter(|(gap, _)| *gap).map(|(_, sentence)| sentence.to_owned()).chain(unread).collect()
    }
}

/// The settings that every command takes.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Settings")]
pub struct Flags {
    /// Settings file; countersign.toml in this folder if it is there
    #[arg(long, global = true, env = "COUNTERSIGN_CONFIG", hide_env_values = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where everything is kept: `sqlite:PATH` or `postgres://USER@HOST/DATABASE`
    #[arg(long, global = true, env = "COUNTERSIGN_STORE", hide_env_values = true, value_name = "ADDRESS")]
    pub store: Option<String>,
    /// Who signed the certificate of a PostgreSQL server, as PEM; those whom this machine trusts if not set
    #[arg(long, global = true, env = "COUNTERSIGN_STORE_CA", hide_env_values = true, value_name = "FILE")]
    pub store_ca: Option<PathBuf>,
    /// Folder with root.jwk, keyset.jwt and private/
    #[arg(long, global = true, env = "COUNTERSIGN_KEYS", hide_env_values = true, value_name = "FOLDER")]
    pub keys: Option<PathBuf>,
    /// Opens encrypted private keys
    #[arg(long, global = true, env = "COUNTERSIGN_PASSPHRASE_FILE", hide_env_values = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Issuer name, such as verify.example.org
    #[arg(long, global = true, env = "COUNTERSIGN_ISSUER", hide_env_values = true, value_name = "NAME")]
    pub issuer: Option<String>,
    /// Where people reach the page; https:// and the issuer name if not set
    #[arg(long, global = true, env = "COUNTERSIGN_PUBLIC_URL", hide_env_values = true, value_name = "URL")]
    pub public_url: Option<String>,
    /// What links and QR codes begin with, where that is shorter than --public-url and leads to the same page
    #[arg(long, global = true, env = "COUNTERSIGN_LINK_URL", hide_env_values = true, value_name = "URL")]
    pub link_url: Option<String>,
    /// Listener for the public
    #[arg(long, global = true, env = "COUNTERSIGN_PUBLIC", hide_env_values = true, value_name = "ADDRESS:PORT")]
    pub public: Option<String>,
    /// Listener for officers, and for metrics where --metrics is not set; a verifier has one, for metrics alone, where this is set
    #[arg(long, global = true, env = "COUNTERSIGN_PRIVATE", hide_env_values = true, value_name = "ADDRESS:PORT")]
    pub private: Option<String>,
    /// Listener for metrics alone; they are on the private one if not set
    #[arg(long, global = true, env = "COUNTERSIGN_METRICS", hide_env_values = true, value_name = "ADDRESS:PORT")]
    pub metrics: Option<String>,
    /// Where programs reach the private listener
    #[arg(long, global = true, env = "COUNTERSIGN_PRIVATE_URL", hide_env_values = true, value_name = "URL")]
    pub private_url: Option<String>,
    /// Where people reach the officers' console; localhost at the port of --private if not set
    #[arg(long, global = true, env = "COUNTERSIGN_CONSOLE_URL", hide_env_values = true, value_name = "URL")]
    pub console_url: Option<String>,
    /// File with the credential of `officers credential`
    #[arg(long, global = true, env = "COUNTERSIGN_CREDENTIAL_FILE", hide_env_values = true, value_name = "FILE")]
    pub credential_file: Option<PathBuf>,
    /// Words of a spoken code: 5, 6 or auto
    #[arg(long, global = true, env = "COUNTERSIGN_SPOKEN_WORDS", hide_env_values = true, value_name = "N", value_parser = SpokenWords::from_str)]
    pub spoken_words: Option<SpokenWords>,
    /// What every page reads that was exported or kept: 1, or 2 once all were exported by this version
    #[arg(long, global = true, env = "COUNTERSIGN_READER_LEVEL", hide_env_values = true, value_name = "N", value_parser = ReaderLevel::from_str)]
    pub reader_level: Option<ReaderLevel>,
    /// Spoken codes that may be live at once
    #[arg(long, global = true, env = "COUNTERSIGN_MAX_LIVE", hide_env_values = true, value_name = "N", value_parser = number::<u32>)]
    pub max_live: Option<u32>,
    /// Wrong guesses that are answered per longest token lifetime
    #[arg(long, global = true, env = "COUNTERSIGN_GUESSES", hide_env_values = true, value_name = "N", value_parser = number::<u32>)]
    pub guesses: Option<u32>,
    /// Origins of pages hosted elsewhere that may ask
    #[arg(long, global = true, env = "COUNTERSIGN_PAGE_ORIGINS", hide_env_values = true, value_name = "ORIGIN", value_delimiter = ',')]
    pub page_origins: Vec<String>,
    /// Proxies whose X-Forwarded-For is believed
    #[arg(long, global = true, env = "COUNTERSIGN_FORWARDED_FROM", hide_env_values = true, value_name = "NETWORK", value_delimiter = ',')]
    pub forwarded_from: Vec<String>,
    /// Proxies that begin each connection to the public side with a PROXY protocol header
    #[arg(
        long,
        global = true,
        env = "COUNTERSIGN_PROXY_PROTOCOL_FROM",
        hide_env_values = true,
        value_name = "NETWORK",
        value_delimiter = ','
    )]
    pub proxy_protocol_from: Vec<String>,
    /// How long `serve` goes on, no longer ready, once it is asked to stop: 0s if not set
    #[arg(long, global = true, env = "COUNTERSIGN_DRAIN", hide_env_values = true, value_name = "DURATION")]
    pub drain: Option<String>,
    /// How much is logged: off, error, warn, info, debug or trace; warn if not set
    #[arg(long, global = true, env = "COUNTERSIGN_LOG", hide_env_values = true, value_name = "LEVEL")]
    pub log: Option<String>,
    /// How a line of the log is written: text or json; text if not set
    #[arg(long, global = true, env = "COUNTERSIGN_LOG_FORMAT", hide_env_values = true, value_name = "FORM")]
    pub log_format: Option<String>,
    /// Who runs the service; from the settings file alone
    #[arg(skip)]
    pub organisation: Option<Organisation>,
    /// How signing keys are rotated; from the settings file alone
    #[arg(skip)]
    pub rotation: Option<Rotation>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_field_names, reason = "the entries are named as their flags are")]
struct File {
    store: Option<String>,
    store_ca: Option<PathBuf>,
    keys: Option<PathBuf>,
    passphrase_file: Option<PathBuf>,
    issuer: Option<String>,
    public_url: Option<String>,
    link_url: Option<String>,
    public: Option<String>,
    private: Option<String>,
    metrics: Option<String>,
    private_url: Option<String>,
    console_url: Option<String>,
    credential_file: Option<PathBuf>,
    spoken_words: Option<SpokenWords>,
    reader_level: Option<ReaderLevel>,
    max_live: Option<u32>,
    guesses: Option<u32>,
    page_origins: Vec<String>,
    forwarded_from: Vec<String>,
    proxy_protocol_from: Vec<String>,
    drain: Option<String>,
    log: Option<String>,
    log_format: Option<String>,
    organisation: Option<Organisation>,
    rotation: Option<Rotation>,
}

impl Flags {
    /// Adds what the settings file says where neither flag nor environment did.
    pub fn resolve(self) -> Result<Settings, ConfigError> {
        mistyped::variable()?;
        let usual = Path::new("countersign.toml");
        let file: File = match &self.config {
            Some(path) => parse(path)?,
            None if usual.exists() => parse(usual)?,
            None => File::default(),
        };
        Ok(Settings(Self {
            config: self.config,
            store: self.store.or(file.store),
            store_ca: self.store_ca.or(file.store_ca),
            keys: self.keys.or(file.keys),
            passphrase_file: self.passphrase_file.or(file.passphrase_file),
            issuer: self.issuer.or(file.issuer),
            public_url: self.public_url.or(file.public_url),
            link_url: self.link_url.or(file.link_url),
            public: self.public.or(file.public),
            private: self.private.or(file.private),
            metrics: self.metrics.or(file.metrics),
            private_url: self.private_url.or(file.private_url),
            console_url: self.console_url.or(file.console_url),
            credential_file: self.credential_file.or(file.credential_file),
            spoken_words: self.spoken_words.or(file.spoken_words),
            reader_level: self.reader_level.or(file.reader_level),
            max_live: self.max_live.or(file.max_live),
            guesses: self.guesses.or(file.guesses),
            page_origins: if self.page_origins.is_empty() { file.page_origins } else { self.page_origins },
            forwarded_from: if self.forwarded_from.is_empty() { file.forwarded_from } else { self.forwarded_from },
            proxy_protocol_from: if self.proxy_protocol_from.is_empty() { file.proxy_protocol_from } else { self.proxy_protocol_from },
            drain: self.drain.or(file.drain),
            log: self.log.filter(|text| !text.trim().is_empty()).or(file.log),
            log_format: self.log_format.filter(|text| !text.trim().is_empty()).or(file.log_format),
            organisation: self.organisation.or(file.organisation),
            rotation: self.rotation.or(file.rotation),
        }))
    }
}

fn parse(path: &Path) -> Result<File, ConfigError> {
    let text = files::read(path, Kind::Trusted)?;
    let file: File = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text.bytes().take(span.start).filter(|b| *b == b'\n').count());
        let what = mistyped::entry(error.message()).unwrap_or_else(|| error.message().to_owned());
        ConfigError::File { path: path.to_owned(), reason: format!("{what} (line {line})") }
    })?;
    // Only with a password in it is it a secret.
    if file.store.as_deref().is_some_and(PostgresAddress::has_password) {
        files::check(path, Kind::Secret)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_set_to_nothing_hides_nothing_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("countersign.toml");
        files::replace(&config, b"log = \"debug\"\nlog_format = \"json\"\n", files::PUBLIC).unwrap();
        let resolved = |text: Option<&str>| {
            let text = text.map(str::to_owned);
            let flags = Flags { config: Some(config.clone()), log: text.clone(), log_format: text, ..Flags::default() };
            let Settings(Flags { log, log_format, .. }) = flags.resolve().unwrap();
            (log.unwrap(), log_format.unwrap())
        };
        for nothing in [None, Some(""), Some(" "), Some("\t\n")] {
            assert_eq!(resolved(nothing), ("debug".into(), "json".into()), "{nothing:?}");
        }
        assert_eq!(resolved(Some("text")), ("text".into(), "text".into()));
    }
}
