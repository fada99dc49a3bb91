//! What may stand where people are given a number or an address to turn to.

use axum::http::Uri;

use super::{ConfigError, Organisation};

/// The longest number of ITU-T E.164; the shortest that anybody has for emergencies.
const MOST_DIGITS: usize = 15;
const FEWEST_DIGITS: usize = 2;
/// An address is shown, so it should fit a screen.
const LONGEST_ADDRESS: usize = 200;

/// Checks what people in danger ring, and where they report.
pub(super) fn check(organisation: &Organisation) -> Result<(), ConfigError> {
    let Organisation { emergency, report, .. } = organisation;
    let wrong = |flag, value: &str, wanted| Err(ConfigError::Wrong { flag, value: value.into(), wanted });
    if !emergency.is_empty() && !is_telephone(emergency) {
        return wrong(
            "organisation.emergency",
            emergency,
            "a telephone number such as 999: 2 to 15 digits, with single spaces between and perhaps + before them",
        );
    }
    if !report.is_empty() && !is_telephone(report) && !is_address(report) {
        return wrong(
            "organisation.report",
            report,
            "a telephone number such as 01632 960 124, or an address of at most 200 characters such as https://www.example.org/report",
        );
    }
    Ok(())
}

fn is_telephone(text: &str) -> bool {
    let national = text.strip_prefix('+').unwrap_or(text);
    let digits = national.bytes().filter(u8::is_ascii_digit).count();
    let whole = national.split(' ').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    whole && (FEWEST_DIGITS..=MOST_DIGITS).contains(&digits)
}

fn is_address(text: &str) -> bool {
    let host = |uri: &Uri| uri.authority().is_some_and(|authority| !authority.as_str().contains('@') && !authority.host().is_empty());
    // A browser would read a backslash as a slash, so that the host that it asks is another than the one that stands here. Signs that
    // are not ASCII could turn the line around.
    let is_plain = text.is_ascii() && !text.contains('\\');
    is_plain && text.starts_with("https://") && text.len() <= LONGEST_ADDRESS && text.parse::<Uri>().is_ok_and(|uri| host(&uri))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_and_single_spaces() {
        for fits in ["999", "112", "17", "143", "+44 20 7946 0000", "01632 960 124", "123456789012345"] {
            assert!(is_telephone(fits), "{fits}");
        }
        for wrong in
            ["", "9", "999 ", " 999", "99  9", "+", "+ 44 1", "++44", "999a", "९९९", "(0) 999", "999;ext=1", "1234567890123456", "tel:999"]
        {
            assert!(!is_telephone(wrong), "{wrong}");
        }
    }

    #[test]
    fn an_address_is_https_with_a_host() {
        for fits in ["https://www.example.org", "https://www.example.org/report?from=check", "https://xn--bcher-kva.example:8443/a"] {
            assert!(is_address(fits), "{fits}");
        }
        let long = format!("https://www.example.org/{}", "a".repeat(LONGEST_ADDRESS));
        for wrong in [
            "http://www.example.org",
            "HTTPS://www.example.org",
            "www.example.org",
            "https://",
            "https:///report",
            "https://us@evil.example/",
            "https://www.example.org/a b",
            "https://evil.example\\@www.example.org/",
            "javascript:alert(1)",
            "https://www.example.org/\u{202e}",
            &long,
        ] {
            assert!(!is_address(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_setting_that_is_wrong_is_named() {
        let emergency = Organisation { emergency: "nine".into(), ..Organisation::default() };
        let report = Organisation { report: "report@example.org".into(), ..Organisation::default() };
        for (organisation, named) in
            [(emergency, "organisation.emergency \"nine\" is not a telephone number"), (report, "organisation.report \"report@")]
        {
            let said = check(&organisation).unwrap_err().to_string();
            assert!(said.starts_with(named), "{said}");
        }
        assert!(check(&Organisation::default()).is_ok());
    }
}
