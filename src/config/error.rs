//! What can be wrong with a setting or a file, said to the reader.

use std::path::PathBuf;

use crate::{
    files::FileError,
    keyring::IssuerNameError,
    token::{SpokenSize, SpokenWords},
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
        /// As it is set.
        name: String,
        /// The variable of a setting.
        meant: String,
    },
    /// Where everything is kept does not fit. It is not shown, because it may hold a password.
    #[error("--store is neither sqlite: and a path, such as sqlite:countersign.sqlite, nor postgres://user@host/database")]
    Store,
    /// The address of the database does not fit.
    #[error("{0}")]
    Database(String),
    /// A file cannot be read, or others could touch it.
    #[error(transparent)]
    Unusable(#[from] FileError),
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
         lower --guesses or --max-live{}", if matches!(words, SpokenWords::Fixed(SpokenSize::Six)) { "" } else { ", or set --spoken-words 6" }
    )]
    GuessBudget {
        /// Misses per window.
        guesses: u32,
        /// Live codes.
        max_live: u32,
        /// Words of a code.
        words: SpokenWords,
    },
}
