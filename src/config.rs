//! Settings: flag, then environment variable, then `countersign.toml`. Read here and nowhere else.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::Args;
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    issuer::Credential,
    keyring::{IssuerName, IssuerNameError},
    token::SpokenSize,
};

/// A setting is missing or wrong.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Nothing said it, and there is no default.
    #[error("{what} is not set; give {flag}, {variable} or an entry in countersign.toml")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// Its flag.
        flag: &'static str,
        /// Its environment variable.
        variable: &'static str,
    },
    /// People would not know whom to ring.
    #[error(
        "the organisation has no name or no telephone number; write both under [organisation] in countersign.toml or the file of --config"
    )]
    NoOrganisation,
    /// A value does not fit.
    #[error("{flag} {value:?} is not {wanted}")]
    Wrong {
        /// Its flag.
        flag: &'static str,
        /// What was given.
        value: String,
        /// What would fit.
        wanted: &'static str,
    },
    /// A file cannot be read.
    #[error("{} cannot be read ({reason}); check its path and who may read it", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The settings file does not fit.
    #[error("{} does not fit: {reason}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
    /// The issuer name is wrong.
    #[error(transparent)]
    Issuer(#[from] IssuerNameError),
    /// A guesser would have too good a chance.
    #[error(
        "{guesses} guesses at {max_live} live codes of {words} words give a guesser a better chance than one in a million; \
         lower --guesses or --max-live{}", if *words < 6 { ", or set --spoken-words 6" } else { "" }
    )]
    GuessBudget {
        /// Misses per window.
        guesses: u32,
        /// Live codes.
        max_live: u32,
        /// Words of a code.
        words: usize,
    },
}

/// Who runs the service, as people see it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Organisation {
    /// Its name.
    pub name: String,
    /// The number that it publishes.
    pub telephone: String,
    /// Its address.
    pub address: String,
    /// Where "Exit this page" leads: a harmless public page.
    pub exit_url: Option<String>,
    /// Languages of the page; English is the only one so far.
    pub languages: Vec<String>,
}

/// The settings that every command takes.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Settings")]
pub struct Flags {
    /// Settings file; countersign.toml in this folder if it is there
    #[arg(long, global = true, env = "COUNTERSIGN_CONFIG", hide_env_values = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where everything is kept
    #[arg(long, global = true, env = "COUNTERSIGN_STORE", hide_env_values = true, value_name = "sqlite:PATH")]
    pub store: Option<String>,
    /// Folder with root.jwk, keyset.jwt and private/
    #[arg(long, global = true, env = "COUNTERSIGN_KEYS", hide_env_values = true, value_name = "FOLDER")]
    pub keys: Option<PathBuf>,
    /// Opens encrypted private keys
    #[arg(long, global = true, env = "COUNTERSIGN_PASSPHRASE_FILE", hide_env_values = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Issuer name, such as verify.example.org
    #[arg(long, global = true, env = "COUNTERSIGN_ISSUER", hide_env_values = true, value_name = "NAME")]
    pub issuer: Option<String>,
    /// Where people reach the page; https://<issuer> if not set
    #[arg(long, global = true, env = "COUNTERSIGN_PUBLIC_URL", hide_env_values = true, value_name = "URL")]
    pub public_url: Option<String>,
    /// Listener for the public
    #[arg(long, global = true, env = "COUNTERSIGN_PUBLIC", hide_env_values = true, value_name = "ADDRESS:PORT")]
    pub public: Option<String>,
    /// Listener for officers
    #[arg(long, global = true, env = "COUNTERSIGN_PRIVATE", hide_env_values = true, value_name = "ADDRESS:PORT")]
    pub private: Option<String>,
    /// Where programs reach the private listener
    #[arg(long, global = true, env = "COUNTERSIGN_PRIVATE_URL", hide_env_values = true, value_name = "URL")]
    pub private_url: Option<String>,
    /// File with the credential of `officers credential`
    #[arg(long, global = true, env = "COUNTERSIGN_CREDENTIAL_FILE", hide_env_values = true, value_name = "FILE")]
    pub credential_file: Option<PathBuf>,
    /// Words of a spoken code: 5 or 6
    #[arg(long, global = true, env = "COUNTERSIGN_SPOKEN_WORDS", hide_env_values = true, value_name = "N", value_parser = number::<u8>)]
    pub spoken_words: Option<u8>,
    /// Spoken codes that may be live at once
    #[arg(long, global = true, env = "COUNTERSIGN_MAX_LIVE", hide_env_values = true, value_name = "N", value_parser = number::<u32>)]
    pub max_live: Option<u32>,
    /// Wrong guesses that are answered per longest token lifetime
    #[arg(long, global = true, env = "COUNTERSIGN_GUESSES", hide_env_values = true, value_name = "N", value_parser = number::<u32>)]
    pub guesses: Option<u32>,
    /// Origins of pages hosted elsewhere that may ask
    #[arg(long, global = true, env = "COUNTERSIGN_PAGE_ORIGINS", hide_env_values = true, value_name = "ORIGIN", value_delimiter = ',')]
    pub page_origins: Vec<String>,
    /// Who runs the service; from the settings file alone
    #[arg(skip)]
    pub organisation: Option<Organisation>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_field_names, reason = "the entries are named as their flags are")]
struct File {
    store: Option<String>,
    keys: Option<PathBuf>,
    passphrase_file: Option<PathBuf>,
    issuer: Option<String>,
    public_url: Option<String>,
    public: Option<String>,
    private: Option<String>,
    private_url: Option<String>,
    credential_file: Option<PathBuf>,
    spoken_words: Option<u8>,
    max_live: Option<u32>,
    guesses: Option<u32>,
    page_origins: Vec<String>,
    organisation: Option<Organisation>,
}

/// Settings after flags, environment and file were put together; each value is checked where it is asked for.
#[derive(Clone, Debug)]
pub struct Settings(Flags);

/// Bounds that keep guessing hopeless.
#[derive(Clone, Copy, Debug)]
pub struct Guessing {
    /// Length of codes.
    pub spoken: SpokenSize,
    /// Codes that may be live at once.
    pub max_live: u32,
    /// Misses that are answered per longest token lifetime.
    pub guesses: u32,
}

impl Flags {
    /// Adds what the settings file says where neither flag nor environment did.
    pub fn resolve(self) -> Result<Settings, ConfigError> {
        let usual = Path::new("countersign.toml");
        let file: File = match &self.config {
            Some(path) => parse(path)?,
            None if usual.exists() => parse(usual)?,
            None => File::default(),
        };
        Ok(Settings(Self {
            config: self.config,
            store: self.store.or(file.store),
            keys: self.keys.or(file.keys),
            passphrase_file: self.passphrase_file.or(file.passphrase_file),
            issuer: self.issuer.or(file.issuer),
            public_url: self.public_url.or(file.public_url),
            public: self.public.or(file.public),
            private: self.private.or(file.private),
            private_url: self.private_url.or(file.private_url),
            credential_file: self.credential_file.or(file.credential_file),
            spoken_words: self.spoken_words.or(file.spoken_words),
            max_live: self.max_live.or(file.max_live),
            guesses: self.guesses.or(file.guesses),
            page_origins: if self.page_origins.is_empty() { file.page_origins } else { self.page_origins },
            organisation: self.organisation.or(file.organisation),
        }))
    }
}

fn parse(path: &Path) -> Result<File, ConfigError> {
    let text = read(path)?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text.bytes().take(span.start).filter(|b| *b == b'\n').count());
        let reason = format!("{} (line {line})", error.message());
        ConfigError::File { path: path.to_owned(), reason }
    })
}

/// What is logged: `COUNTERSIGN_LOG`, for example `debug`; by default warnings and alarms.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment besides the flags")]
pub fn log_filter() -> String {
    std::env::var("COUNTERSIGN_LOG").unwrap_or_else(|_| "warn".into())
}

/// Reads a text file.
pub fn read(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|error| ConfigError::Unreadable { path: path.to_owned(), reason: reason(&error) })
}

/// What the operating system says, without its numbers.
pub fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        std::io::ErrorKind::AlreadyExists => "it is there already".into(),
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text".into(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_owned()
        }
    }
}

impl Settings {
    /// The path behind `sqlite:`.
    pub fn store_path(&self) -> Result<PathBuf, ConfigError> {
        let value = self.0.store.as_deref().unwrap_or("sqlite:countersign.sqlite");
        match value.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() => Ok(path.into()),
            _ => Err(ConfigError::Wrong {
                flag: "--store",
                value: value.into(),
                wanted: "sqlite: and a path, such as sqlite:countersign.sqlite",
            }),
        }
    }

    /// The folder of keys.
    pub fn keys(&self) -> PathBuf {
        self.0.keys.clone().unwrap_or_else(|| "keys".into())
    }

    /// The passphrase of the private keys, if a file with one was named.
    pub fn passphrase(&self) -> Result<Option<SecretString>, ConfigError> {
        let Some(path) = &self.0.passphrase_file else { return Ok(None) };
        let text = zeroize::Zeroizing::new(read(path)?);
        let passphrase = text.trim_end_matches(['\r', '\n']);
        if passphrase.is_empty() {
            return Err(ConfigError::File { path: path.clone(), reason: "it is empty; put the passphrase on its first line".into() });
        }
        Ok(Some(SecretString::from(passphrase)))
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

    /// The public listener.
    pub fn public(&self) -> Result<SocketAddr, ConfigError> {
        address("--public", self.0.public.as_deref().unwrap_or("127.0.0.1:8080"))
    }

    /// The private listener.
    pub fn private(&self) -> Result<SocketAddr, ConfigError> {
        address("--private", self.0.private.as_deref().unwrap_or("127.0.0.1:8081"))
    }

    /// Where programs reach the private listener.
    pub fn private_url(&self) -> Result<String, ConfigError> {
        base_url("--private-url", self.0.private_url.as_deref().unwrap_or("http://127.0.0.1:8081"))
    }

    /// The credential of a program.
    pub fn credential(&self) -> Result<Credential, ConfigError> {
        let missing = ConfigError::Missing { what: "the credential", flag: "--credential-file", variable: "COUNTERSIGN_CREDENTIAL_FILE" };
        let path = self.0.credential_file.as_ref().ok_or(missing)?;
        let text = zeroize::Zeroizing::new(read(path)?);
        let wrong =
            |error| ConfigError::File { path: path.clone(), reason: format!("{error}; make one with `countersign officers credential`") };
        Credential::parse(text.trim()).map_err(wrong)
    }

    /// How codes are guarded. Refused where a guesser's chance per token lifetime would be over one in a million.
    pub fn guessing(&self) -> Result<Guessing, ConfigError> {
        let words = self.0.spoken_words.unwrap_or(5);
        let spoken = SpokenSize::try_from(words).map_err(|()| ConfigError::Wrong {
            flag: "--spoken-words",
            value: words.to_string(),
            wanted: "5 or 6",
        })?;
        let (guesses, max_live) = (self.0.guesses.unwrap_or(3_000), self.0.max_live.unwrap_or(256));
        let chance = f64::from(guesses) * f64::from(max_live) / 2_f64.powi(spoken.bits().cast_signed());
        if chance > 1e-6 {
            return Err(ConfigError::GuessBudget { guesses, max_live, words: spoken.words() });
        }
        Ok(Guessing { spoken, max_live, guesses })
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

    /// Who runs the service.
    pub fn organisation(&self) -> Result<Organisation, ConfigError> {
        let named = self.0.organisation.clone().filter(|o| !o.name.is_empty() && !o.telephone.is_empty());
        let mut organisation = named.ok_or(ConfigError::NoOrganisation)?;
        if let Some(exit) = &organisation.exit_url
            && !exit.starts_with("https://")
        {
            return Err(ConfigError::Wrong {
                flag: "organisation.exit_url",
                value: exit.clone(),
                wanted: "an address that begins with https://",
            });
        }
        if organisation.languages.is_empty() {
            organisation.languages = vec!["en".into()];
        }
        match organisation.languages.iter().find(|language| *language != "en") {
            Some(other) => Err(ConfigError::Wrong {
                flag: "organisation.languages",
                value: other.clone(),
                wanted: "a language that this version has; it has en",
            }),
            None => Ok(organisation),
        }
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
    fn the_guess_budget_is_one_in_a_million_at_most() {
        let guessing = |words, guesses, max_live| {
            Settings(Flags { spoken_words: Some(words), guesses: Some(guesses), max_live: Some(max_live), ..Flags::default() }).guessing()
        };
        assert!(guessing(5, 3_000, 256).is_ok(), "the defaults");
        assert!(guessing(5, 4_294, 256).is_ok());
        assert!(guessing(5, 4_295, 256).is_err());
        assert!(guessing(6, 4_295, 256_000).is_ok());
        assert!(guessing(7, 1, 1).is_err());
    }

    #[test]
    fn urls_are_scheme_and_host() {
        assert_eq!(base_url("--public-url", "http://localhost:8080/").unwrap(), "http://localhost:8080");
        for bad in ["", "localhost:8080", "ftp://a", "https://a/b", "https://a?b", "https://a#b", "https://u@a", "https://a//"] {
            assert!(base_url("--public-url", bad).is_err(), "{bad}");
        }
    }
}
