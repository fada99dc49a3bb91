//! The QR symbol of a link: byte segment for the prefix, numeric segment for the digits, error correction M.

use qrcode::{Color, EcLevel, QrCode, Version, bits::Bits, render::svg};

use super::Token;

/// Light modules on every side (ISO/IEC 18004 asks for four).
const QUIET_ZONE: usize = 4;

/// The link does not fit any QR symbol; only an absurdly long public URL can cause it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the link is too long for a QR code; use a shorter link URL")]
pub struct TooLong;

/// A QR symbol that holds a token's link.
pub struct Symbol(QrCode);

/// The largest version that old phones still read from another screen in the street, at arm's length.
pub const READS_WELL: usize = 9;

/// Bytes of a token that carries a number, without name and place and with all there may be.
const USUAL: usize = 121;
const LONGEST: usize = 186;

/// The versions of the symbols of a usual and of the longest token, where links begin so.
pub fn versions(link_url: &str) -> Result<(usize, usize), TooLong> {
    // Digits come by bytes, whatever these are.
    let version = |bytes: usize| Symbol::of(&Token::from_signed(vec![0; bytes]), link_url).map(|symbol| symbol.version());
    Ok((version(USUAL)?, version(LONGEST)?))
}

impl Symbol {
    /// Makes the smallest symbol that fits. The library's own segmentation is not used: it may split differently
    /// between versions, and we know where the digits begin.
    pub fn of(token: &Token, link_url: &str) -> Result<Self, TooLong> {
        let prefix = format!("{link_url}/#");
        let digits = token.digits();
        let fits = |version: i16| {
            let mut bits = Bits::new(Version::Normal(version));
            bits.push_byte_data(prefix.as_bytes()).ok()?;
            bits.push_numeric_data(digits.as_bytes()).ok()?;
            bits.push_terminator(EcLevel::M).ok()?;
            QrCode::with_bits(bits, EcLevel::M).ok()
        };
        (1..=40).find_map(fits).map(Self).ok_or(TooLong)
    }

    /// The version of ISO/IEC 18004, from 1 to 40: four modules more along each side for each.
    pub fn version(&self) -> usize {
        (self.modules() - 17) / 4
    }

    /// Modules along one side, without the quiet zone.
    pub fn modules(&self) -> usize {
        self.0.width()
    }

    /// Dark on light, as SVG.
    pub fn svg(&self) -> String {
        self.0.render::<svg::Color<'_>>().quiet_zone(true).min_dimensions(240, 240).build()
    }

    /// Dark on light for a terminal: two rows of modules a line, drawn as half blocks in explicit black and white,
    /// so that it reads the same on a dark terminal.
    pub fn terminal(&self) -> String {
        let side = self.modules() + 2 * QUIET_ZONE;
        let mut text = String::new();
        for y in (0..side).step_by(2) {
            text.push_str("\x1b[38;5;16;48;5;231m");
            for x in 0..side {
                text.push(match (self.dark(x, y), self.dark(x, y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            text.push_str("\x1b[0m\n");
        }
        text
    }

    fn dark(&self, x: usize, y: usize) -> bool {
        let inside = QUIET_ZONE..QUIET_ZONE + self.modules();
        inside.contains(&x) && inside.contains(&y) && self.0[(x - QUIET_ZONE, y - QUIET_ZONE)] == Color::Dark
    }
}
