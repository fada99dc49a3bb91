//! What is logged, and how.

use super::ConfigError;

/// How much is logged. Alarms are logged whatever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Alarms alone.
    Off,
    /// Failures too.
    Error,
    /// Warnings too, and start, stop and recovery.
    Warn,
    /// What is refused too.
    Info,
    /// What is tried too.
    Debug,
    /// Everything, also of the libraries.
    Trace,
}

impl LogLevel {
    /// Every level, from the least to the most.
    pub const ALL: [Self; 6] = [Self::Off, Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// As settings write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    /// Where nothing is said, warnings: silence must be asked for. A word that is no level must not pass for silence.
    pub(super) fn of(text: Option<&str>) -> Result<Self, ConfigError> {
        let Some(text) = said(text) else { return Ok(Self::Warn) };
        let wrong = || ConfigError::Wrong { flag: LOG, value: text.to_owned(), wanted: "one of off, error, warn, info, debug and trace" };
        Self::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(text)).ok_or_else(wrong)
    }
}

/// The form of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// An object of JSON.
    Json,
}

impl LogFormat {
    /// As settings write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    pub(super) fn of(text: Option<&str>) -> Result<Self, ConfigError> {
        let Some(text) = said(text) else { return Ok(Self::Text) };
        let wrong = || ConfigError::Wrong { flag: "--log-format", value: text.to_owned(), wanted: "text or json" };
        [Self::Text, Self::Json].into_iter().find(|format| format.as_str() == text).ok_or_else(wrong)
    }
}

/// All ways in which a level can be given, since nobody who set the variable thinks of the flag.
const LOG: &str = "--log (COUNTERSIGN_LOG, or log in countersign.toml)";

/// A variable that is set to nothing says nothing.
fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_the_default_and_an_unknown_word_is_refused() {
        for nothing in [None, Some(""), Some("  ")] {
            assert_eq!(LogLevel::of(nothing).unwrap(), LogLevel::Warn);
            assert_eq!(LogFormat::of(nothing).unwrap(), LogFormat::Text);
        }
        for level in LogLevel::ALL {
            assert_eq!(LogLevel::of(Some(level.as_str())).unwrap(), level);
        }
        assert_eq!(LogLevel::of(Some("WARN")).unwrap(), LogLevel::Warn);
        for bad in ["waring", "debgu", "0", "warn,", "countersign=debug", "none", "alarm"] {
            let sentence = LogLevel::of(Some(bad)).unwrap_err().to_string();
            assert!(sentence.contains("COUNTERSIGN_LOG") && sentence.contains("off, error, warn"), "{sentence}");
        }
        assert!(LogFormat::of(Some("JSON5")).is_err());
    }
}
