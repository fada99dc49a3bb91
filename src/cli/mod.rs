//! The command line: one file a subcommand. Only here is a concrete store built.

mod authorisations;
mod client;
mod config;
mod demo;
mod failure;
mod files;
mod issue;
mod keys;
mod ledger;
mod ledger_key;
mod lifecycle;
mod listing;
mod officers;
mod outside;
mod oversee;
mod page;
mod place;
mod proofs;
mod publish;
mod reference;
mod reload;
mod report;
mod serve;
mod sides;
mod sign;
mod signals;
mod store;
mod terms;
mod verify;
mod withdraw;

use std::io::Write;

use clap::{Parser, Subcommand, ValueEnum};
use serde::Serialize;

pub use self::failure::Failure;
use crate::{config::Flags, files::reason, telemetry};

/// Lets a person who is approached check that the approach is genuine.
#[derive(Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 success, 1 the answer is no, 2 wrong usage or input, 3 cannot check.")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How data is printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Show the whole main job on this machine, with keys and store in .countersign-demo/
    Demo,
    /// Run the service
    Serve(serve::Args),
    /// Check the settings, and the service as it is seen from outside
    #[command(subcommand)]
    Config(config::Command),
    /// Make, show, publish, rotate and revoke keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Enrol, list and suspend people, and make credentials for their programs
    #[command(subcommand)]
    Officers(officers::Command),
    /// Ask for authorisations, and decide about them
    #[command(subcommand)]
    Authorisations(authorisations::Command),
    /// Issue a token under an approved authorisation
    Issue(issue::Args),
    /// Check a token or spoken code
    Verify(verify::Args),
    /// Withdraw a token at once, or many
    Withdraw(withdraw::Args),
    /// Look up the reference that somebody quotes who saw an answer of the page
    Reference(reference::Args),
    /// Show, export, check and prove what is in the ledger
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Undo what a wrong clock left in the store
    #[command(subcommand)]
    Store(store::Command),
    /// Write the page for another host, or a sheet for the wall
    #[command(subcommand)]
    Page(page::Command),
}

/// Runs the command.
pub fn run(cli: Cli) -> Result<(), Failure> {
    let Cli { command, format, flags } = cli;
    let settings = flags.clone().resolve()?;
    telemetry::start(settings.log()?, settings.log_format()?);
    match command {
        Command::Demo => demo::run(flags),
        Command::Serve(args) => serve::run(&args, flags, settings),
        Command::Config(command) => config::run(&command, &settings, format),
        Command::Keys(command) => keys::run(&command, &settings, format),
        Command::Officers(command) => officers::run(command, &settings, format),
        Command::Authorisations(command) => authorisations::run(command, &settings, format),
        Command::Issue(args) => issue::run(args, &settings, format),
        Command::Verify(args) => verify::run(&args, &settings, format),
        Command::Withdraw(args) => withdraw::run(args, &settings, format),
        Command::Reference(args) => reference::run(&args, &settings, format),
        Command::Ledger(command) => ledger::run(command, &settings, format),
        Command::Store(command) => store::run(&command, &settings, format),
        Command::Page(command) => page::run(&command, &settings, format),
    }
}

impl Format {
    /// Prints data in this format; `text` makes the form for people.
    fn print<T: Serialize>(self, data: &T, text: impl FnOnce(&T) -> String) -> Result<(), Failure> {
        match self {
            Self::Text => say(&text(data)),
            // Our own types of strings and integers always serialize.
            Self::Json => say(&serde_json::to_string_pretty(data).unwrap_or_default()),
        }
    }
}

/// Prints lines. A full disk or a closed pipe must not pass for success: what was to be seen here is often seen once.
fn say(lines: &str) -> Result<(), Failure> {
    write("standard output", std::io::stdout().lock(), lines)
}

/// The same where standard output is for programs.
fn say_beside(lines: &str) -> Result<(), Failure> {
    write("standard error", std::io::stderr().lock(), lines)
}

fn write(what: &str, mut to: impl Write, lines: &str) -> Result<(), Failure> {
    let written = writeln!(to, "{lines}").and_then(|()| to.flush());
    written.map_err(|error| Failure::cannot_check(format!("{what} cannot be written ({}); see where it goes", reason(&error))))
}
