use super::{CLEANING_WORKER, Document, ENTER, HEADERS, ICON, Pages, SCAN, STRICT_TRANSPORT, WORKER};

/// A file of the page for another host.
pub struct ExportedFile {
    /// Its name in the folder.
    pub name: String,
    /// All of it.
    pub content: String,
}

/// The page as files for any host, in the first language of the deployment, with a file for each of the others. The same
/// settings and key set always give the same bytes.
pub fn export(pages: &Pages) -> Vec<ExportedFile> {
    let first = pages.for_reader("");
    let Document { html, policy } = first.static_index();
    let file = |name: &str, content| ExportedFile { name: name.to_owned(), content };
    let others = pages.each().filter(|page| page.words.language != first.words.language);
    let files = [
        file("index.html", html),
        file("scan.js", SCAN.into()),
        file("enter.js", ENTER.into()),
        file("sw.js", WORKER.into()),
        file("clean.js", CLEANING_WORKER.into()),
        file("icon.svg", ICON.into()),
        file("headers.txt", headers(&policy)),
    ];
    files.into_iter().chain(others.map(|page| file(&page.words.language.file(), page.texts()))).collect()
}

/// What the host must send with every file. A page cannot say of itself that no frame may hold it.
fn headers(policy: &str) -> String {
    let always = [("content-security-policy", policy), ("cache-control", "no-store"), ("strict-transport-security", STRICT_TRANSPORT)];
    always.iter().chain(&HEADERS).map(|(name, value)| [*name, ": ", *value, "\n"].concat()).collect()
}
