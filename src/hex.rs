//! Lower-case hexadecimal, the one spelling of ids in JSON, on the command line and in the ledger.

use std::fmt::Write as _;

/// Writes bytes.
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Reads exactly eight bytes; capitals are refused, so that an id has one spelling.
pub fn decode_8(text: &str) -> Option<[u8; 8]> {
    let well_formed = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    well_formed.then(|| u64::from_str_radix(text, 16).ok()).flatten().map(u64::to_be_bytes)
}
