//! The page is embedded in the binary; without it there is nothing to serve.

fn main() {
    for file in ["page.css", "page.js", "scan.js", "sw.js"].map(|name| format!("web/public/dist/{name}")) {
        println!("cargo::rerun-if-changed={file}");
        if !std::path::Path::new(&file).exists() {
            println!("cargo::error={file} is missing: run `make web` once to build the page");
            return;
        }
    }
}
