//! `countersign config`

use clap::Subcommand;
use serde::Serialize;

use super::{
    Failure, Format, outside,
    place::{Place, Stores, block_on},
    serve::Side,
    sides,
};
use crate::{config::Settings, key_folder::KeyFolder, store::Found};

/// The subcommands.
#[derive(Subcommand)]
pub enum Command {
    /// Look at the settings as `serve` would, and at the service from outside; changes nothing
    Check {
        /// The side that they are for
        #[arg(long, value_enum, default_value_t = Side::All)]
        role: Side,
    },
}

/// How something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Good,
    /// To be mended.
    Wrong,
    /// Cannot be seen from here.
    Unknown,
}

/// One thing that was looked at.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about, as one word.
    pub subject: &'static str,
    /// How it was found.
    pub outcome: Outcome,
    /// What was found, and what to do.
    pub sentence: String,
}

impl Finding {
    /// As it should be.
    pub fn good(subject: &'static str, sentence: impl Into<String>) -> Self {
        Self { subject, outcome: Outcome::Good, sentence: sentence.into() }
    }

    /// To be mended.
    pub fn wrong(subject: &'static str, sentence: impl Into<String>) -> Self {
        Self { subject, outcome: Outcome::Wrong, sentence: sentence.into() }
    }

    /// Cannot be seen from here.
    pub fn unknown(subject: &'static str, sentence: impl Into<String>) -> Self {
        Self { subject, outcome: Outcome::Unknown, sentence: sentence.into() }
    }

    fn failed(subject: &'static str, failure: &Failure) -> Self {
        Self::wrong(subject, failure.sentence().unwrap_or_default())
    }

    fn line(&self) -> String {
        let outcome = match self.outcome {
            Outcome::Good => "good",
            Outcome::Wrong => "WRONG",
            Outcome::Unknown => "unknown",
        };
        format!("{outcome:<7}  {:<10}  {}", self.subject, self.sentence)
    }
}

/// Prints each finding, and says no if anything is wrong.
pub fn run(command: &Command, settings: &Settings, format: Format) -> Result<(), Failure> {
    let Command::Check { role } = command;
    let mut findings = inside(*role, settings);
    // What is asked outside depends on the settings.
    if findings.iter().all(|finding| finding.outcome == Outcome::Good) {
        let place = Place::here()?;
        findings.push(stored(*role, settings, &place));
        findings.extend(outside::look(*role, settings, place.clock.now())?);
    }
    format.print(&findings, |findings| findings.iter().map(Finding::line).collect::<Vec<_>>().join("\n"))?;
    if findings.iter().any(|finding| finding.outcome == Outcome::Wrong) { Err(Failure::No(None)) } else { Ok(()) }
}

/// The settings, and the files that they name.
fn inside(role: Side, settings: &Settings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = sides::faults(role, settings).iter().map(|fault| Finding::failed("settings", fault)).collect();
    findings.dedup();
    if findings.is_empty() {
        findings.push(Finding::good("settings", format!("all that the role {} asks for is there", role.as_str())));
    }
    findings.push(match KeyFolder::at(settings.keys()).root() {
        Ok(root) => Finding::good("keys", format!("the root key is {}", root.id())),
        Err(error) => Finding::failed("keys", &error.into()),
    });
    findings
}

/// Whether the store is there and of this deployment. It is read and not written, as by a verifier.
fn stored(role: Side, settings: &Settings, place: &Place) -> Finding {
    let found = block_on(async {
        match Stores::found(settings).await {
            Ok(Found::Nothing) => Ok(None),
            Ok(_) => Stores::for_verifier(settings, place).await.map(Some),
            Err(failure) => Err(failure),
        }
    });
    match found {
        Ok(Some(_)) => Finding::good("store", "it is there, of this version and of these keys"),
        Ok(None) if role == Side::Verifier => Finding::wrong("store", "it is not there; start the issuer first, which makes it"),
        Ok(None) => Finding::unknown("store", "there is none yet; the issuer makes it when it starts"),
        Err(failure) => Finding::failed("store", &failure),
    }
}
