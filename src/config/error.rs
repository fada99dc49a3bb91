//! What can be wrong with a setting or a file, said to the reader.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::keyring::IssuerNameError;

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
    /// A variable of the environment has nearly the name of a setting.
    #[error("the variable {name} is no setting; did you mean {meant}?")]
    Variable {
        /// Its name.
        name: String,
        /// The setting's.
        meant: String,
    },
    /// Where everything is kept does not fit. It is not shown, because it may hold a password.
    #[error("--store is neither sqlite: and a path, such as sqlite:countersign.sqlite, nor postgres://user@host/database")]
    Store,
    /// The address of the database does not fit.
    #[error("{0}")]
    Database(String),
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

/// Reads a text file.
pub fn read(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|error| ConfigError::Unreadable { path: path.to_owned(), reason: reason(&error) })
}

/// Writes a file that anybody may read, durably, in place of one that may be there: whoever reads it sees the old one or
/// the new one.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("new");
    fs::write(&aside, bytes)?;
    File::open(&aside)?.sync_all()?;
    fs::rename(&aside, path)?;
    File::open(folder_of(path))?.sync_all()
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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
