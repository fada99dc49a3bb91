//! What `issue` and `demo` print for an officer, read back.

use crate::scanner;

/// The parts of a sheet.
#[derive(Debug)]
pub struct Sheet {
    pub words: Option<String>,
    pub digits: Option<String>,
    pub link: String,
    pub id: String,
}

impl Sheet {
    /// Reads a sheet, and its QR symbol with a decoder that is not ours.
    pub fn read(text: &str) -> Self {
        let part = |label: &str| text.lines().find_map(|line| Some(line.strip_prefix(label)?.trim().to_owned()));
        let symbol: Vec<&str> = text.lines().filter(|line| line.starts_with('\x1b')).collect();
        let sheet = Self { words: part("Words "), digits: part("Digits "), link: part("Link ").unwrap(), id: part("Id ").unwrap() };
        assert!(part("Runs out ").is_some());
        assert!(symbol.iter().all(|line| scanner::visible(line).chars().count() <= 80), "whole within 80 columns");
        assert_eq!(scanner::terminal(&symbol), sheet.link);
        sheet
    }
}
