//! Media types of requests (RFC 9110, 8.3).

use axum::http::{HeaderMap, header};

/// Whether the body says that it is of this type, given in lower case, and in UTF-8 if it says in what. One that says it
/// twice says nothing.
pub fn is(headers: &HeaderMap, essence: &str) -> bool {
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    line.to_str().is_ok_and(|text| fits(text, essence))
}

fn fits(text: &str, essence: &str) -> bool {
    let end = text.find(';').unwrap_or(text.len());
    let (said, parameters) = text.split_at(end);
    said.trim_matches(BLANK).eq_ignore_ascii_case(essence) && are_utf8(parameters)
}

/// Optional white space (RFC 9110, 5.6.3).
pub const BLANK: [char; 2] = [' ', '\t'];

/// Whether these are parameters (RFC 9110, 5.6.6), of which none names another character encoding.
fn are_utf8(mut rest: &str) -> bool {
    loop {
        rest = rest.trim_start_matches(BLANK);
        if rest.is_empty() {
            return true;
        }
        let Some(after) = rest.strip_prefix(';') else { return false };
        rest = after.trim_start_matches(BLANK);
        if rest.is_empty() || rest.starts_with(';') {
            continue;
        }
        let Some((name, value, after)) = parameter(rest) else { return false };
        if name.eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") {
            return false;
        }
        rest = after;
    }
}

/// Name, value and what follows.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let (name, rest) = text.split_once('=').filter(|(name, _)| is_token(name))?;
    if let Some(quoted) = rest.strip_prefix('"') {
        let (value, rest) = unquoted(quoted)?;
        return Some((name, value, rest));
    }
    let end = rest.find(|c| c == ';' || BLANK.contains(&c)).unwrap_or(rest.len());
    let (value, rest) = rest.split_at(end);
    is_token(value).then(|| (name, value.to_owned(), rest))
}

/// A quoted string without its first quote, and what follows its last.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut chars) = (String::new(), text.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

/// RFC 9110, 5.6.2.
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_parameters_and_blanks_do_not_matter() {
        for text in [
            "application/json",
            "Application/Json",
            "APPLICATION/JSON;CHARSET=UTF-8",
            "application/json; charset=utf-8",
            "application/json ;\tcharset=\"utf-8\" ",
            "application/json;charset=\"\\utf-8\"",
            "application/json;",
            "application/json; ; charset=utf-8;",
            "application/json; version=1; q=\"a;b=\\\"c\"; charset=Utf-8",
        ] {
            assert!(fits(text, "application/json"), "{text}");
        }
    }

    #[test]
    fn what_is_another_type_or_none() {
        for text in [
            "",
            "application",
            "application/",
            "application/jsonx",
            "application/json+x",
            "application/vnd.api+json",
            "text/json",
            "application /json",
            "application/json, text/plain",
            "application/json charset=utf-8",
            "application/json; charset=latin1",
            "application/json; charset=utf-16",
            "application/json; charset=utf-8; charset=utf-7",
            "application/json; charset",
            "application/json; charset =utf-8",
            "application/json; charset=",
            "application/json; =utf-8",
            "application/json; charset=\"utf-8",
            "application/json; charset=\"utf-8\"x",
            "application/json; a=b c",
        ] {
            assert!(!fits(text, "application/json"), "{text}");
        }
    }

    #[test]
    fn one_line_says_it() {
        let of = |lines: &[&str]| is(&lines.iter().map(|line| (header::CONTENT_TYPE, line.parse().unwrap())).collect(), "a/b");
        assert!(of(&["a/b"]));
        assert!(!of(&[]) && !of(&["a/b", "a/b"]) && !of(&["a/b", "c/d"]));
    }
}
