//! What a client takes of content codings (RFC 9110 section 12.5.3).

use axum::http::{HeaderMap, header};

/// Whether the client takes gzip, and would not rather have the body as it is.
pub fn takes_gzip(request: &HeaderMap) -> bool {
    let (mut gzip, mut identity, mut others) = (None, None, None);
    let lines = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    for entry in lines.flat_map(|line| line.split(',')) {
        let (name, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let weight = weight(parameters);
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => gzip = Some(weight),
            "identity" => identity = Some(weight),
            "*" => others = Some(weight),
            _ => {}
        }
    }
    let gzip = gzip.or(others).unwrap_or(0);
    gzip > 0 && gzip >= identity.unwrap_or(0)
}

/// In thousandths; what is no weight weighs nothing.
fn weight(parameters: &str) -> u16 {
    let Some((name, value)) = parameters.trim().split_once('=') else { return if parameters.trim().is_empty() { 1_000 } else { 0 } };
    let (whole, part) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let digits = part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    match (name.trim().eq_ignore_ascii_case("q"), whole) {
        (true, "1") if digits && part.bytes().all(|byte| byte == b'0') => 1_000,
        (true, "0") if digits => format!("{part:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_where_it_is_wanted_at_least_as_much_as_nothing() {
        for (said, takes) in [
            (&["gzip"][..], true),
            (&["deflate, GZIP ;q=0.5, br"], true),
            (&["br", "x-gzip"], true),
            (&["*"], true),
            (&["*;q=0.1"], true),
            (&["gzip;Q=1.000"], true),
            (&["gzip;q=0.5, identity;q=0.5"], true),
            (&["identity;q=0, gzip;q=0.001"], true),
            (&[], false),
            (&[""], false),
            (&["br, deflate"], false),
            (&["gzip;q=0"], false),
            (&["gzip;q=0.000, *"], false),
            (&["*;q=0"], false),
            (&["gzip;q=0.5, identity"], false),
            (&["gzip;q=2"], false),
            (&["gzip;q=0.1234"], false),
            (&["gzip;level=9"], false),
            (&["gzippy"], false),
        ] {
            let headers = said.iter().map(|line| (header::ACCEPT_ENCODING, line.parse().unwrap())).collect();
            assert_eq!(takes_gzip(&headers), takes, "{said:?}");
        }
    }
}
