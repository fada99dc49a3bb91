//! Bytes as decimal digits, for the numeric segment of a QR symbol: each 7 bytes, little-endian, to 17 digits,
//! a last chunk of 1 to 6 bytes to 3, 5, 8, 10, 13 or 15 (as CTAP 2.2 hybrid transports do).

use std::fmt::Write as _;

/// Digits for a chunk of as many bytes as the index.
const WIDTH: [usize; 8] = [0, 3, 5, 8, 10, 13, 15, 17];

/// Writes bytes as digits.
pub(super) fn encode(bytes: &[u8]) -> String {
    bytes.chunks(7).fold(String::new(), |mut digits, chunk| {
        let mut le = [0; 8];
        le[..chunk.len()].copy_from_slice(chunk);
        // Writing to a String cannot fail.
        let _ = write!(digits, "{:0width$}", u64::from_le_bytes(le), width = WIDTH[chunk.len()]);
        digits
    })
}

/// Reads digits. `Err` holds the bytes of the chunks before the first bad one, to tell a damaged token from no token.
pub(super) fn decode(digits: &str) -> Result<Vec<u8>, Vec<u8>> {
    let mut bytes = Vec::with_capacity(digits.len() / 17 * 7 + 6);
    for chunk in digits.as_bytes().chunks(17) {
        let Some(value) = chunk_value(chunk) else { return Err(bytes) };
        let Some(len) = WIDTH.iter().position(|width| *width == chunk.len()) else { return Err(bytes) };
        // A value too big for its bytes would give one token several spellings.
        if value >> (8 * len) != 0 {
            return Err(bytes);
        }
        bytes.extend_from_slice(&value.to_le_bytes()[..len]);
    }
    Ok(bytes)
}

fn chunk_value(chunk: &[u8]) -> Option<u64> {
    chunk.iter().try_fold(0_u64, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u64::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_round_trips() {
        for len in 0..200 {
            for fill in [0x00, 0x5a, 0xff] {
                let bytes = vec![fill; len];
                assert_eq!(decode(&encode(&bytes)), Ok(bytes));
            }
        }
    }

    #[test]
    fn chunks_that_are_too_big_or_too_short_are_refused() {
        assert_eq!(decode("256"), Err(vec![]), "256 does not fit one byte");
        assert_eq!(decode("72057594037927936"), Err(vec![]), "2^56 does not fit seven bytes");
        assert_eq!(decode("72057594037927935"), Ok(vec![0xff; 7]));
        assert_eq!(decode("1"), Err(vec![]), "no chunk has one digit");
        let whole = encode(&[1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(decode(&format!("{whole}9")), Err(vec![1, 2, 3, 4, 5, 6, 7]), "the whole chunks before the bad one");
    }
}
