//! Conditional requests (RFC 9110, 13).

use axum::http::{HeaderMap, HeaderName, StatusCode, header};

use super::media::BLANK;

/// What a GET or HEAD of a representation with this strong entity tag is answered with instead of it.
pub fn instead(headers: &HeaderMap, tag: &str) -> Option<StatusCode> {
    if headers.contains_key(header::IF_MATCH) && !names(headers, header::IF_MATCH, tag, Compare::Strongly) {
        return Some(StatusCode::PRECONDITION_FAILED);
    }
    names(headers, header::IF_NONE_MATCH, tag, Compare::Weakly).then_some(StatusCode::NOT_MODIFIED)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Compare {
    Strongly,
    Weakly,
}

/// Whether the header is `*` or has the tag in its list.
fn names(headers: &HeaderMap, name: HeaderName, tag: &str, compare: Compare) -> bool {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.into_iter().any(|line| line.trim_matches(BLANK) == "*" || lists(line, tag, compare))
}

/// A comma may stand within a tag, so the list is walked from tag to tag; what is no tag ends it.
fn lists(mut rest: &str, tag: &str, compare: Compare) -> bool {
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (weak, after) = rest.strip_prefix("W/").map_or((false, rest), |after| (true, after));
        let Some(end) = after.strip_prefix('"').and_then(|opaque| opaque.find('"')) else { return false };
        let (listed, after) = after.split_at(end + 2);
        if listed == tag && (!weak || compare == Compare::Weakly) {
            return true;
        }
        rest = after.trim_start_matches(BLANK);
        if !rest.starts_with(',') {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[(HeaderName, &str)]) -> Option<StatusCode> {
        let headers = lines.iter().map(|(name, line)| (name.clone(), line.parse().unwrap())).collect();
        instead(&headers, "\"a,b\"")
    }

    #[test]
    fn a_copy_that_is_known_is_not_sent_again() {
        for line in ["*", " * ", "\"a,b\"", "W/\"a,b\"", "\"x\", \"a,b\"", ",, \"\" ,\tW/\"y\",\"a,b\"", "\"a,b\" , junk"] {
            assert_eq!(of(&[(header::IF_NONE_MATCH, line)]), Some(StatusCode::NOT_MODIFIED), "{line}");
        }
        assert_eq!(of(&[(header::IF_NONE_MATCH, "\"x\""), (header::IF_NONE_MATCH, "\"a,b\"")]), Some(StatusCode::NOT_MODIFIED));
        for line in
            ["", "**", "\"*\"", "a,b", "\"a", "b\"", "\"A,B\"", "w/\"a,b\"", "W/ \"a,b\"", "junk, \"a,b\"", "\"x\" \"a,b\"", "\"x\",*"]
        {
            assert_eq!(of(&[(header::IF_NONE_MATCH, line)]), None, "{line}");
        }
    }

    #[test]
    fn a_copy_that_must_be_the_current_one() {
        for line in ["*", "\"a,b\"", "\"x\",\"a,b\""] {
            assert_eq!(of(&[(header::IF_MATCH, line)]), None, "{line}");
        }
        for line in ["", "\"x\"", "W/\"a,b\"", "junk"] {
            assert_eq!(of(&[(header::IF_MATCH, line)]), Some(StatusCode::PRECONDITION_FAILED), "{line}");
        }
        let both = |if_match| of(&[(header::IF_MATCH, if_match), (header::IF_NONE_MATCH, "*")]);
        assert_eq!(both("\"a,b\""), Some(StatusCode::NOT_MODIFIED));
        assert_eq!(both("\"x\""), Some(StatusCode::PRECONDITION_FAILED), "it is asked first (13.2.2)");
    }
}
