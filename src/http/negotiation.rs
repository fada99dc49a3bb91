//! What a client accepts (RFC 9110, 12.5).

use axum::http::{HeaderMap, header};

use super::media::BLANK;

/// Whether gzip may be sent (12.5.3): by its name, which counts before `*`, and with a weight above nothing.
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let (mut named, mut any) = (None, None);
    for (coding, wanted) in lines.flat_map(|line| line.split(',')).map(weighted) {
        // Two names of one coding (8.4.1.3).
        if ["gzip", "x-gzip"].iter().any(|name| coding.eq_ignore_ascii_case(name)) {
            named = Some(named.unwrap_or(false) | wanted);
        } else if coding == "*" {
            any = Some(wanted);
        }
    }
    named.or(any).unwrap_or(false)
}

/// A value, and whether its weight (12.4.2) is above nothing. One that cannot be read is none.
fn weighted(item: &str) -> (&str, bool) {
    let (value, parameter) = item.split_once(';').map_or((item, None), |(value, parameter)| (value, Some(parameter)));
    (value.trim_matches(BLANK), parameter.is_none_or(|parameter| is_above_nothing(parameter.trim_matches(BLANK))))
}

fn is_above_nothing(parameter: &str) -> bool {
    let Some(("q" | "Q", weight)) = parameter.split_once('=') else { return false };
    let (whole, thousandths) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = thousandths.len() <= 3 && thousandths.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "0" => digits && thousandths.bytes().any(|byte| byte != b'0'),
        "1" => digits && thousandths.bytes().all(|byte| byte == b'0'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(lines: &[&str]) -> bool {
        accepts_gzip(&lines.iter().map(|line| (header::ACCEPT_ENCODING, line.parse().unwrap())).collect())
    }

    #[test]
    fn gzip_by_name_or_by_whatever_there_is() {
        for line in [
            "gzip",
            "GZIP",
            "x-gzip",
            "br, gzip",
            "deflate;q=1, gzip;q=0.001",
            "gzip ; q=1.000",
            "gzip;Q=1",
            "*",
            "*;q=0.5",
            "br;q=1.0,*;q=0.1",
            "*;q=0,gzip",
            "identity;q=0, gzip;q=1.",
        ] {
            assert!(accepts(&[line]), "{line}");
        }
        assert!(accepts(&["br", "gzip"]));
        for line in [
            "",
            "br",
            "identity",
            "gzip;q=0",
            "gzip;q=0.0",
            "gzip;q=0.000",
            "gzip;q=0,*",
            "*;q=0",
            "gzipped",
            "xgzip",
            "gzip;q=2",
            "gzip;q=-1",
            "gzip;q=0.0001",
            "gzip;q=x",
            "gzip;level=9",
        ] {
            assert!(!accepts(&[line]), "{line}");
        }
        assert!(!accepts(&[]));
    }
}
