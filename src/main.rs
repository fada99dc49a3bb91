//! The one binary: parse, run, exit code.

use std::{
    io::{Write as _, stderr},
    process::ExitCode,
};

use clap::Parser as _;
use countersign::cli::{Cli, run};

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(sentence) = failure.sentence() {
                // Where even this cannot be written, the exit code still says it.
                let _ = writeln!(stderr(), "countersign: {sentence}");
            }
            failure.into()
        }
    }
}
