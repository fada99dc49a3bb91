//! Lower-case hexadecimal, the one spelling of ids in JSON, on the command line and in the ledger.

use std::fmt::Write as _;

use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

/// Writes bytes.
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Reads exactly `N` bytes; capitals are refused, so that an id has one spelling.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |b: &u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let bytes: Vec<u8> = text.as_bytes().chunks(2).map(|pair| Some(digit(&pair[0])? << 4 | digit(pair.get(1)?)?)).collect::<Option<_>>()?;
    bytes.try_into().ok()
}

/// For `#[serde(with = "hex")]`.
pub fn serialize<S: Serializer, const N: usize>(bytes: &[u8; N], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&encode(bytes))
}

/// For `#[serde(with = "hex")]`.
pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
    let text = String::deserialize(deserializer)?;
    decode(&text).ok_or_else(|| D::Error::custom("not lower-case hexadecimal of the right length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_of_one_length() {
        assert_eq!(decode("00ff7f"), Some([0, 0xff, 0x7f]));
        assert_eq!(encode(&[0, 0xff, 0x7f]), "00ff7f");
        for bad in ["", "00ff7", "00ff7f0", "00ff7f00", "00FF7f", "00 f7f", "00ff7é"] {
            assert_eq!(decode::<3>(bad), None, "{bad}");
        }
    }
}
