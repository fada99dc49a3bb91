//! The files of the officers' console. No word on them names the organisation, so that a phone in the street says nothing.

/// A file as the console's own page asks for it.
#[derive(Debug)]
pub struct ConsoleFile {
    /// Where it is found.
    pub path: &'static str,
    /// Its media type.
    pub media: &'static str,
    /// What is in it.
    pub content: &'static str,
}

const fn file(path: &'static str, media: &'static str, content: &'static str) -> ConsoleFile {
    ConsoleFile { path, media, content }
}

/// Every file.
pub const CONSOLE: [ConsoleFile; 6] = [
    file("/", "text/html; charset=utf-8", include_str!("../../web/officer/index.html")),
    file("/console.js", "text/javascript; charset=utf-8", include_str!("../../web/officer/dist/console.js")),
    file("/console.css", "text/css; charset=utf-8", include_str!("../../web/officer/dist/console.css")),
    file("/sw.js", "text/javascript; charset=utf-8", include_str!("../../web/officer/dist/sw.js")),
    file("/manifest.webmanifest", "application/manifest+json", include_str!("../../web/officer/manifest.webmanifest")),
    file("/icon.svg", "image/svg+xml", include_str!("../../web/officer/icon.svg")),
];

/// What may run and load: our own files, and the symbol of a code as a picture in the page.
pub const CONSOLE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     manifest-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types console";

/// The headers of every file, besides its policy.
pub const CONSOLE_HEADERS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "publickey-credentials-get=(self), publickey-credentials-create=(self), screen-wake-lock=(self)"),
    // For browsers that do not know frame-ancestors.
    ("x-frame-options", "DENY"),
];
