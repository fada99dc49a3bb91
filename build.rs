//! The pages are embedded in the binary; without them there is nothing to serve.

fn main() {
    let page = ["page.css", "page.js", "scan.js", "sw.js"].map(|name| format!("web/public/dist/{name}"));
    let console = ["console.css", "console.js", "sw.js"].map(|name| format!("web/officer/dist/{name}"));
    for file in page.into_iter().chain(console) {
        println!("cargo::rerun-if-changed={file}");
        if !std::path::Path::new(&file).exists() {
            println!("cargo::error={file} is missing: run `make web` once to build the pages");
            return;
        }
    }
}
