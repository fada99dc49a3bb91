//! The pages for the person approached, in each language of a deployment: what they say, and the policy under which
//! alone they may run. HTML first: every page is of use before, or without, its script.

mod console;
mod deployment;
mod document;
mod ear;
mod export;
mod form;
mod index;
mod plain;
mod poster;
mod shell;

pub use self::{
    console::{CONSOLE, CONSOLE_HEADERS, CONSOLE_POLICY, ConsoleFile},
    deployment::Deployment,
    document::Document,
    export::{ExportedFile, export},
    form::Fields,
    poster::Poster,
    shell::{Page, Pages},
};

/// The style that all pages share.
const STYLE: &str = include_str!("../../web/public/dist/page.css");
/// The page's script.
const SCRIPT: &str = include_str!("../../web/public/dist/page.js");
/// The decoder, loaded when scanning starts, by its digest.
pub const SCAN: &str = include_str!("../../web/public/dist/scan.js");
/// The screens for those who type a code, loaded by its digest when they are chosen.
pub const ENTER: &str = include_str!("../../web/public/dist/enter.js");
/// The service worker of those who asked to keep the page.
pub const WORKER: &str = include_str!("../../web/public/dist/sw.js");
/// The worker that takes the place of another's, clears what it left and goes.
pub const CLEANING_WORKER: &str = include_str!("../../web/public/dist/clean.js");
/// What it may do: ask its own host.
pub const CLEANING_POLICY: &str = "default-src 'none'; connect-src 'self'";
/// A plain shape that says nothing to somebody who looks over a shoulder or into a history.
pub const ICON: &str = include_str!("../../web/public/icon.svg");

/// `Strict-Transport-Security`, where people come by HTTPS: two years, for this host alone.
pub const STRICT_TRANSPORT: &str = "max-age=63072000";

/// The headers that every file of a page must come with, besides its policy.
pub const HEADERS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(self)"),
    // For browsers that do not know frame-ancestors.
    ("x-frame-options", "DENY"),
];
