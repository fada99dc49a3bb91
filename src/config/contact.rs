//! What may stand where people are given a number or an address to turn to.

use axum::http::Uri;

use super::{ConfigError, Organisation};

/// The longest number of ITU-T E.164; the shortest that anybody has for emergencies.
const MOST_DIGITS: usize = 15;
const FEWEST_DIGITS: usize = 2;
/// An address is shown, so it should fit a screen.
const LONGEST_ADDRESS: usize = 200;

/// Checks what people in danger ring, where they report, and where they leave to: the page hides all before it goes there.
pub(super) fn check(organisation: &Organisation) -> Result<(), ConfigError> {
    let Organisation { telephone, emergency, report, exit_url, .. } = organisation;
    let wrong = |flag, value: &str, wanted| Err(ConfigError::Wrong { flag, value: value.into(), wanted });
    if !telephone.is_empty() && !is_dialled_as_shown(telephone) {
        return wrong(
            "organisation.telephone",
            telephone,
            "a telephone number such as 01632 960 123 or +44 1632 960123: 2 to 15 digits in groups, without an extension and without (0) after +44",
        );
    }
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
    match exit_url {
        Some(exit) if !is_address(exit) => {
            wrong("organisation.exit_url", exit, "an address of at most 200 characters such as https://www.example.org/")
        }
        _ => Ok(()),
    }
}

fn is_telephone(text: &str) -> bool {
    let national = text.strip_prefix('+').unwrap_or(text);
    let digits = national.bytes().filter(u8::is_ascii_digit).count();
    let whole = national.split(' ').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    whole && (FEWEST_DIGITS..=MOST_DIGITS).contains(&digits)
}

/// Whether the page, which dials the digits, dials what a person would who reads the number.
fn is_dialled_as_shown(text: &str) -> bool {
    let spaced = text.replace(['-', '.', '/'], " ");
    let in_brackets = spaced.strip_prefix('(').and_then(|rest| rest.split_once(')')).filter(|(area, _)| is_telephone(area));
    is_telephone(&in_brackets.map_or(spaced.clone(), |(area, rest)| format!("{area} {}", rest.trim_start())))
}

fn is_address(text: &str) -> bool {
    let host = |uri: &Uri| {
        uri.authority().filter(|authority| !authority.as_str().contains('@')).is_some_and(|authority| {
            let (host, whole) = (authority.host(), authority.as_str());
            // Browsers open no port above 65,535.
            host.contains(|c: char| c.is_ascii_alphanumeric()) && (host == whole || authority.port().is_some_and(|port| port.as_u16() > 0))
        })
    };
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
    fn a_number_is_dialled_as_it_is_shown() {
        for fits in ["0300 555 0143", "(0300) 555-0143", "(029)20872087", "+44 300 555 0143", "030/5550143", "101"] {
            assert!(is_dialled_as_shown(fits), "{fits}");
        }
        for wrong in [
            "+44 (0)300 555 0143",
            "0300 555 0143 ext 9",
            "0300 555 0143, 0300 555 0144",
            "0300 555 0143\u{202e}",
            "\u{660}300",
            "call us",
            "(0300 555 0143",
            "0300) 555",
            "()0300",
            "1",
        ] {
            assert!(!is_dialled_as_shown(wrong), "{wrong}");
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
            "https://.",
            "https://www.example.org:99999/",
            "https://www.example.org:0/",
            "https://www.example.org:",
            "https://us@evil.example/",
            "https://us@evil.example:443/",
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
        let telephone = Organisation { telephone: "0300 555 0143 ext 9".into(), ..Organisation::default() };
        let exit = Organisation { exit_url: Some("https://".into()), ..Organisation::default() };
        for (organisation, named) in [
            (emergency, "organisation.emergency \"nine\" is not a telephone number"),
            (report, "organisation.report \"report@"),
            (telephone, "organisation.telephone \"0300 555 0143 ext 9\" is not a telephone number"),
            (exit, "organisation.exit_url \"https://\" is not an address of"),
        ] {
            let said = check(&organisation).unwrap_err().to_string();
            assert!(said.starts_with(named), "{said}");
        }
        assert!(check(&Organisation::default()).is_ok());
    }
}
