//! Writes the shared vectors to `tests/vectors/`: `cargo run --example make_vectors`.
//!
//! Rust tests and the page's TypeScript read them. Everything comes from fixed seeds, so a second run changes nothing.

use std::{fs, io, path::Path};

mod vectors;

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    for (name, content) in vectors::files() {
        fs::write(folder.join(name), content)?;
        println!("tests/vectors/{name}");
    }
    Ok(())
}
