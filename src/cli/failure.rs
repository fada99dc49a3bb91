//! Why a command ends without success: one sentence and an exit code.

use std::{fmt::Display, io, path::Path, process::ExitCode};

use super::terms;
use crate::{
    config::ConfigError,
    entropy::NoEntropy,
    files::{FileError, reason},
    issuer::{CustodyError, NotaryError, Refused, Untimely},
    key_folder::KeyFolderError,
    store::StoreError,
};

/// A command's end.
#[derive(Debug)]
pub enum Failure {
    /// The answer is no; exit code 1. Said already where there is no sentence.
    No(Option<String>),
    /// Wrong usage, input or settings; exit code 2.
    Wrong(String),
    /// Nothing can be said; exit code 3. Said already where there is no sentence.
    CannotCheck(Option<String>),
}

#[allow(clippy::needless_pass_by_value, reason = "errors and sentences alike are handed over")]
impl Failure {
    /// The answer is no.
    pub fn no(sentence: impl Display) -> Self {
        Self::No(Some(sentence.to_string()))
    }

    /// Wrong usage, input or settings.
    pub fn wrong(sentence: impl Display) -> Self {
        Self::Wrong(sentence.to_string())
    }

    /// Nothing can be said.
    pub fn cannot_check(sentence: impl Display) -> Self {
        Self::CannotCheck(Some(sentence.to_string()))
    }

    /// A file that cannot be written, or nothing in a folder.
    pub fn unwritable(path: &Path, error: &io::Error) -> Self {
        Self::wrong(format!("{} cannot be written ({}); check the path and who may write there", path.display(), reason(error)))
    }

    /// The same, about a file.
    #[must_use]
    pub fn about(self, file: &Path) -> Self {
        let named = |sentence: &str| format!("{}: {sentence}", file.display());
        match self {
            Self::No(sentence) => Self::No(sentence.as_deref().map(named)),
            Self::Wrong(sentence) => Self::Wrong(named(&sentence)),
            Self::CannotCheck(sentence) => Self::CannotCheck(sentence.as_deref().map(named)),
        }
    }

    /// What to tell the person, if it was not said yet.
    pub fn sentence(&self) -> Option<&str> {
        match self {
            Self::Wrong(sentence) => Some(sentence),
            Self::No(sentence) | Self::CannotCheck(sentence) => sentence.as_deref(),
        }
    }
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        Self::from(match failure {
            Failure::No(_) => 1,
            Failure::Wrong(_) => 2,
            Failure::CannotCheck(_) => 3,
        })
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::wrong(error)
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::wrong(error)
    }
}

impl From<KeyFolderError> for Failure {
    fn from(error: KeyFolderError) -> Self {
        Self::wrong(error)
    }
}

impl From<NoEntropy> for Failure {
    fn from(error: NoEntropy) -> Self {
        Self::cannot_check(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unusable(_) => Self::wrong(error),
            StoreError::Failed(_) | StoreError::Busy | StoreError::Repeated | StoreError::Unsigned => Self::cannot_check(error),
        }
    }
}

impl From<CustodyError> for Failure {
    fn from(error: CustodyError) -> Self {
        match error {
            CustodyError::Store(error) => error.into(),
            CustodyError::Entropy(error) => error.into(),
            error => Self::wrong(error),
        }
    }
}

impl From<NotaryError> for Failure {
    fn from(error: NotaryError) -> Self {
        match error {
            NotaryError::Store(error) => error.into(),
            error => Self::no(error),
        }
    }
}

impl From<Untimely> for Failure {
    fn from(error: Untimely) -> Self {
        match error {
            Untimely::Store(error) => error.into(),
            Untimely::Clock(error) => Self::wrong(error),
            Untimely::FarAhead { now, newest } => Self::wrong(format!(
                "it is {} by this machine's clock, but the newest time in the store is {}; set the clock right, or, if it is right, say so with --clock-is-right",
                terms::shown(now),
                terms::shown(newest),
            )),
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Claim(_) | Refused::Authorisation(_) | Refused::CredentialLasts | Refused::NoScope | Refused::Reason => {
                Self::wrong(refused)
            }
            Refused::Custody(error) => error.into(),
            Refused::Store(error) => error.into(),
            Refused::Entropy(error) => error.into(),
            Refused::Unknown { .. } | Refused::Hidden { .. } => Self::no(format!("{refused}; `list` shows those that there are")),
            refused => Self::no(refused),
        }
    }
}
