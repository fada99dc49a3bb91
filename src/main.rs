//! The one binary: parse, run, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use countersign::cli::{Cli, run};

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(sentence) = failure.sentence() {
                eprintln!("countersign: {sentence}");
            }
            failure.into()
        }
    }
}
