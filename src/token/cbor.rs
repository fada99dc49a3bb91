//! The few forms of CBOR (RFC 8949) that a token is made of. The reader takes every spelling of them and the writer knows
//! one, the deterministic one (section 4.2.1); [`super::cose`] compares the two. Nothing here nests or allocates by what
//! the bytes claim.

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

/// Reads one item after the other; `None` where the next one is another than the one that is asked for.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn integer(&mut self) -> Option<i64> {
        if self.0.first()? >> 5 == NEGATIVE {
            return i64::try_from(self.head(NEGATIVE)?).ok().map(|n| -1 - n);
        }
        self.head(UNSIGNED)?.try_into().ok()
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        self.string(BYTES)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        str::from_utf8(self.string(TEXT)?).ok()
    }

    /// The number of items that follow.
    pub(super) fn array(&mut self) -> Option<u64> {
        self.head(ARRAY)
    }

    /// The number of pairs that follow.
    pub(super) fn map(&mut self) -> Option<u64> {
        self.head(MAP)
    }

    /// The tag of the item that follows.
    pub(super) fn tag(&mut self) -> Option<u64> {
        self.head(TAG)
    }

    fn string(&mut self, major: u8) -> Option<&'a [u8]> {
        let length = self.head(major)?.try_into().ok()?;
        self.take(length)
    }

    /// Major type and argument (section 3); lengths that are not given at the beginning are none of ours.
    fn head(&mut self, major: u8) -> Option<u64> {
        let first = self.take(1)?[0];
        let wide = match first & 0x1f {
            _ if first >> 5 != major => return None,
            small @ 0..=23 => return Some(small.into()),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return None,
        };
        Some(self.take(wide)?.iter().fold(0, |argument, byte| argument << 8 | u64::from(*byte)))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

/// Writes one item after the other, each in its shortest form.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    #[must_use]
    pub(super) fn integer(self, value: i64) -> Self {
        // For a negative one, -1 - value, which is what the complement is.
        let (major, argument) = if value < 0 { (NEGATIVE, !value) } else { (UNSIGNED, value) };
        self.head(major, argument.cast_unsigned())
    }

    #[must_use]
    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        self.string(BYTES, bytes)
    }

    #[must_use]
    pub(super) fn text(self, text: &str) -> Self {
        self.string(TEXT, text.as_bytes())
    }

    /// So many items follow.
    #[must_use]
    pub(super) fn array(self, items: u64) -> Self {
        self.head(ARRAY, items)
    }

    /// So many pairs follow.
    #[must_use]
    pub(super) fn map(self, pairs: u64) -> Self {
        self.head(MAP, pairs)
    }

    /// The next item has this tag.
    #[must_use]
    pub(super) fn tag(self, tag: u64) -> Self {
        self.head(TAG, tag)
    }

    /// What was written.
    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }

    fn string(self, major: u8, bytes: &[u8]) -> Self {
        let mut head = self.head(major, bytes.len() as u64);
        head.0.extend_from_slice(bytes);
        head
    }

    fn head(mut self, major: u8, argument: u64) -> Self {
        let wide = argument.to_be_bytes();
        let (info, from) = match argument {
            0..=23 => (wide[7], 8),
            24..=0xff => (24, 7),
            0x100..=0xffff => (25, 6),
            0x1_0000..=0xffff_ffff => (26, 4),
            _ => (27, 0),
        };
        self.0.push(major << 5 | info);
        self.0.extend_from_slice(&wide[from..]);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8949, appendix A.
    #[test]
    fn integers_are_those_of_the_rfc() {
        for (value, bytes) in [
            (0, "00"),
            (23, "17"),
            (24, "1818"),
            (100, "1864"),
            (1_000, "1903e8"),
            (1_000_000, "1a000f4240"),
            (1_000_000_000_000, "1b000000e8d4a51000"),
            (-1, "20"),
            (-100, "3863"),
            (-1_000, "3903e7"),
            (i64::MAX, "1b7fffffffffffffff"),
            (i64::MIN, "3b7fffffffffffffff"),
        ] {
            let written = Writer::default().integer(value).done();
            assert_eq!(crate::hex::encode(&written), bytes);
            assert_eq!(Reader::new(&written).integer(), Some(value), "{bytes}");
        }
    }

    #[test]
    fn what_is_too_large_too_short_or_of_another_kind_is_nothing() {
        for bytes in
            [&[][..], &[0x18], &[0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0], &[0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0], &[0x1c], &[0x1f], &[0x40], &[0xf6]]
        {
            assert_eq!(Reader::new(bytes).integer(), None, "{bytes:x?}");
        }
        for bytes in [&[0x42, 1][..], &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], &[0x5f, 0x41, 1, 0xff], &[0x61, b'a']] {
            assert_eq!(Reader::new(bytes).bytes(), None, "{bytes:x?}");
        }
        assert_eq!(Reader::new(&[0x61, 0xff]).text(), None, "not UTF-8");
    }
}
