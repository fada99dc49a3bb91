//! `countersign page`

use std::{
    io::{self, Write as _, stderr},
    path::{Path, PathBuf},
};

use clap::Subcommand;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Failure, Format, place::Place};
use crate::{
    config::Settings,
    files::{self, Draft, Finished},
    hex,
    key_folder::KeyFolder,
    page::{Deployment, ExportedFile, Pages, Poster, export},
    words::Language,
};

/// The subcommands.
#[derive(Subcommand)]
pub enum Command {
    /// Write the page as static files for any host, and print their SHA-256
    Export {
        /// Folder for the files; made if it is not there
        dir: PathBuf,
    },
    /// Print a sheet with the address, the root key's fingerprint and how to check safely
    Poster {
        /// Language of the sheet, one of `organisation.languages`; their first if not given
        #[arg(long, value_enum)]
        language: Option<Language>,
        /// As an HTML page to print, on standard output
        #[arg(long)]
        html: bool,
    },
}

/// Runs one.
pub fn run(command: &Command, settings: &Settings, format: Format) -> Result<(), Failure> {
    let pages = pages(settings)?;
    match command {
        Command::Export { dir } => {
            for gap in settings.organisation()?.gaps() {
                // A closed stderr is no reason not to write the page.
                let _ = writeln!(stderr(), "countersign: {gap}");
            }
            let exported = export(&pages);
            let written = write(dir, &exported)?;
            format.print(&written, |written| {
                written.iter().map(|file| format!("{}  {}", file.sha256, file.name)).collect::<Vec<_>>().join("\n")
            })
        }
        Command::Poster { language, html } => {
            let poster = Poster::new(match language {
                Some(language) => pages.in_language(*language).ok_or_else(|| not_spoken(*language))?,
                None => pages.for_reader(""),
            });
            format.print(&poster, |poster| if *html { poster.html() } else { poster.text() })
        }
    }
}

fn not_spoken(language: Language) -> Failure {
    let tag = language.tag();
    Failure::wrong(format!("your pages are not in {tag}; add \"{tag}\" to organisation.languages in countersign.toml"))
}

/// The pages for another host: they ask the service at its public URL, and believe no key set older than today's.
fn pages(settings: &Settings) -> Result<Pages, Failure> {
    let (issuer, public_url) = (settings.issuer()?, settings.public_url()?);
    let folder = KeyFolder::at(settings.keys());
    let root = folder.root()?;
    let minimum_key_set = folder.public_keys(&issuer, Place::here()?.clock.now())?.set().version();
    let organisation = settings.organisation()?;
    let link_url = settings.link_url()?;
    Ok(Pages::new(Deployment { issuer, api: public_url.clone(), public_url, link_url, root, minimum_key_set, organisation }))
}

#[derive(Serialize)]
struct Written<'a> {
    name: &'a str,
    sha256: String,
}

/// Writes every file aside first: a page that is being served is never half old and half new for longer than a rename.
fn write<'a>(dir: &Path, exported: &'a [ExportedFile]) -> Result<Vec<Written<'a>>, Failure> {
    let unwritable = |error: io::Error| Failure::unwritable(dir, &error);
    let draft = |file: &ExportedFile| Draft::of(&dir.join(&file.name), file.content.as_bytes(), files::PUBLIC);
    files::make_folder(dir, 0o755).map_err(unwritable)?;
    let drafts = exported.iter().map(draft).collect::<Result<Vec<_>, _>>().map_err(unwritable)?;
    drafts.into_iter().try_for_each(Finished::replace).map_err(unwritable)?;
    Ok(exported.iter().map(|file| Written { name: &file.name, sha256: hex::encode(&Sha256::digest(&file.content)) }).collect())
}
