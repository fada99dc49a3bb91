//! What a stranger sees of the service: whether it is ours, what is closed, and what a proxy in front changes. Nothing that is asked
//! costs a place in any budget.

use super::{
    Failure,
    client::{Client, Reply},
    config::{Finding, Outcome},
    serve::Side,
    terms,
};
use crate::{
    config::Settings,
    http::padding::{MASKED, PADDING},
    key_folder::KeyFolder,
    keyring::PublicKeys,
    page::HEADERS,
};

/// What a stranger may never see.
const CLOSED: [&str; 3] = ["/metrics", "/health/live", "/health/ready"];
/// By what clients compress, from none to all that there is.
const ENCODINGS: [&str; 3] = ["identity", "gzip", "gzip, deflate, br, zstd"];
/// Requests that are answered in several ways, and that are no guess: a code that cannot be one, what begins like a token and is damaged,
/// and two that are no request.
const HARMLESS: [&str; 4] =
    [r#"{"code":"no code"}"#, r#"{"token":"0oRJogEyBEQA.damaged"}"#, r#"{"code":1}"#, r#"{"code":"no code","token":"no token"}"#];
/// The same as the form without a program sends them.
const HARMLESS_FORMS: [&str; 4] = ["code=no+code", "code=0oRJogEyBEQA.damaged", "code=", "code=no+code&challenge=none"];
/// How a check is asked for: the address, headers and bodies.
type Asked = (&'static str, &'static [(&'static str, &'static str)], [&'static str; 4]);
/// By a program, by a browser without ours, and by our page.
const CHECKS: [Asked; 3] = [
    ("/v1/verify", &[("content-type", "application/json")], HARMLESS),
    ("/check", &[("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")], HARMLESS_FORMS),
    ("/v1/verify", &[("content-type", "application/json"), ("accept", MASKED)], HARMLESS),
];
/// Seconds by which two clocks may differ.
const DRIFT: u64 = 30;

/// Looks at the public side, and at the console where a setting names it.
pub fn look(role: Side, settings: &Settings, now: i64) -> Result<Vec<Finding>, Failure> {
    let mut findings = public(settings, now)?;
    if role != Side::Issuer {
        findings.push(forwarding(settings)?);
    }
    if let Some(url) = settings.console_url_if_named()?.filter(|_| role != Side::Verifier) {
        findings.extend(console(&url));
    }
    Ok(findings)
}

fn public(settings: &Settings, now: i64) -> Result<Vec<Finding>, Failure> {
    let url = settings.public_url()?;
    let client = Client::new(url.clone());
    let keys = match client.ask("GET", "/.well-known/countersign/keys.jwt", &[], "") {
        Ok(keys) => keys,
        Err(failure) => return Ok(vec![Finding::wrong("public", failure.sentence().unwrap_or_default())]),
    };
    let ours = identity(settings, &url, &keys, now)?;
    if ours.outcome == Outcome::Wrong {
        return Ok(vec![ours]);
    }
    let mut findings = vec![ours, tls(&url)];
    findings.push(closed("public", &url, &client, &[&CLOSED[..], &["/v1/tokens"]].concat()));
    findings.extend(page(&url, &client));
    findings.extend(checks(&url, &client, now));
    Ok(findings)
}

/// Whether the service there is that of these settings.
fn identity(settings: &Settings, url: &str, keys: &Reply, now: i64) -> Result<Finding, Failure> {
    let (issuer, root) = (settings.issuer()?, KeyFolder::at(settings.keys()).root()?);
    let to = keys.header("location");
    Ok(match keys.status {
        200 => {
            let text = String::from_utf8_lossy(&keys.body);
            match PublicKeys::open_even_expired(&text, &root, &issuer, now, 0) {
                Ok(set) => Finding::good("public", format!("{url} is {issuer} with this root key and key set {}", set.set().version())),
                Err(error) => {
                    Finding::wrong("public", format!("{url} does not serve the keys of {issuer}: {error}; see which service answers there"))
                }
            }
        }
        300..400 => Finding::wrong("public", format!("{url} leads to {to}; name in public_url where people end up")),
        503 => Finding::unknown("public", format!("{url} has no keys to publish now; see its log")),
        status => Finding::wrong("public", format!("{url} has no key set (status {status}); see which service answers there")),
    })
}

/// Whether nobody on the way reads along, and the next visit begins that way too.
fn tls(url: &str) -> Finding {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let is_here = ["localhost", "127.0.0.1", "[::1]"]
        .contains(&host.rsplit_once(':').filter(|(name, _)| !name.is_empty()).map_or(host, |(name, _)| name));
    if url.starts_with("https:") {
        let plain = format!("http://{host}");
        // A port of its own has no other beside it that could be guessed.
        let answer = if host.contains(':') { None } else { Client::new(plain.clone()).ask("GET", "/", &[], "").ok() };
        return match answer {
            Some(reply) if !reply.header("location").starts_with("https://") => {
                Finding::wrong("tls", format!("{plain} answers without TLS; have the proxy lead to {url} from there"))
            }
            Some(_) => Finding::good("tls", format!("{plain} leads to https")),
            None => Finding::good("tls", "nothing is answered without TLS"),
        };
    }
    if is_here {
        Finding::unknown("tls", "this machine asks itself, without TLS")
    } else {
        Finding::wrong("tls", format!("{url} has no TLS; put a proxy with TLS in front, and name it in public_url with https"))
    }
}

/// Whether none of these paths is answered.
fn closed(subject: &'static str, url: &str, client: &Client, paths: &[&str]) -> Finding {
    let open: Vec<&str> = paths
        .iter()
        .copied()
        .filter(|path| client.ask("GET", path, &[], "").is_ok_and(|reply| ![403, 404].contains(&reply.status)))
        .collect();
    match open.as_slice() {
        [] => Finding::good(subject, format!("{} are closed", paths.join(", "))),
        open => Finding::wrong(subject, format!("{} can be reached at {url}; have the proxy answer 404 there", open.join(" and "))),
    }
}

/// Whether the page arrives with what holds it in place.
fn page(url: &str, client: &Client) -> Vec<Finding> {
    let Ok(page) = client.ask("GET", "/", &[], "") else { return vec![] };
    let lost = HEADERS.iter().filter(|(name, value)| page.header(name) != *value).map(|(name, _)| *name);
    let policy = page.header("content-security-policy").is_empty().then_some("content-security-policy");
    let lost: Vec<&str> = lost.chain(policy).collect();
    let arrives = if lost.is_empty() {
        Finding::good("page", "it arrives with the headers that guard it")
    } else {
        Finding::wrong(
            "page",
            format!("it arrives without, or with another, {}; have the proxy pass them on and add no second one", lost.join(", ")),
        )
    };
    [Some(arrives), strict("public", url, &page)].into_iter().flatten().collect()
}

/// Whether browsers will not ask without TLS again (RFC 6797); nothing where there is none.
fn strict(subject: &'static str, url: &str, reply: &Reply) -> Option<Finding> {
    url.starts_with("https:").then(|| match reply.header("strict-transport-security").as_str() {
        "" => Finding::wrong("hsts", format!("{url} sends no Strict-Transport-Security; have the proxy pass it on")),
        _ => Finding::good("hsts", format!("browsers keep to TLS ({subject})")),
    })
}

/// Whether answers to checks arrive as they were given: of one length, kept nowhere, and by a clock that agrees with this one.
fn checks(url: &str, client: &Client, now: i64) -> Vec<Finding> {
    let asked = CHECKS.into_iter().flat_map(|check| ENCODINGS.map(|encoding| (check, encoding)));
    let answers: Vec<Answers> = asked.map(|(check, encoding)| Answers::to(client, check, encoding)).collect();
    let Some(first) = answers.first().and_then(|answers| answers.replies.first()) else {
        return vec![Finding::wrong("checks", format!("{url}/v1/verify does not answer; see that the proxy passes POST on"))];
    };
    let mut findings = vec![lengths(&answers)];
    if !first.header("cache-control").contains("no-store") {
        findings.push(Finding::wrong("checks", "answers arrive without Cache-Control: no-store; have the proxy pass it on"));
    }
    findings.extend(first.json()["server_time"].as_i64().map(|time| {
        let seconds = time.abs_diff(now);
        if seconds > DRIFT {
            Finding::wrong("clock", format!("it is {} there, {seconds} seconds from here; set both clocks by NTP", terms::shown(time)))
        } else {
            Finding::good("clock", "the clock there agrees with this one")
        }
    }));
    findings
}

/// What came of one way to ask.
struct Answers {
    path: &'static str,
    encoding: &'static str,
    replies: Vec<Reply>,
}

impl Answers {
    fn to(client: &Client, (path, headers, bodies): Asked, encoding: &'static str) -> Self {
        let headers = [headers, &[("accept-encoding", encoding)]].concat();
        let replies = bodies.into_iter().filter_map(|body| client.ask("POST", path, &headers, body).ok()).collect();
        Self { path, encoding, replies }
    }
}

/// Whether all answers to one sort of client have one length, which tells an eavesdropper nothing.
fn lengths(answers: &[Answers]) -> Finding {
    for Answers { path, encoding, replies } in answers {
        let lengths = || replies.iter().map(|reply| reply.body.len());
        if let (Some(shortest), Some(longest)) = (lengths().min(), lengths().max())
            && shortest != longest
        {
            let what = format!("answers of {path} have {shortest} to {longest} bytes for who accepts {encoding}");
            let why = "so their length tells the verdict; have the proxy compress nothing here, as the files in deploy/ do";
            return Finding::wrong("lengths", format!("{what}, {why}"));
        }
    }
    if answers.iter().flat_map(|answers| &answers.replies).any(|reply| reply.header(PADDING).is_empty()) {
        let what = format!("answers arrive without {PADDING}, so the length of their heads tells the verdict");
        return Finding::wrong("lengths", format!("{what}; have the proxy pass it on"));
    }
    Finding::good("lengths", "answers have one length, compressed or not")
}

/// Whether limits by address can follow the visitor.
fn forwarding(settings: &Settings) -> Result<Finding, Failure> {
    let nobody = settings.forwarded_from()?.is_empty() && settings.proxy_protocol_from()?.is_empty();
    if nobody && settings.public_url()?.starts_with("https:") {
        let what = "no proxy is named, so all visitors behind one share one limit on wrong codes";
        return Ok(Finding::wrong("forwarding", format!("{what}; name it in forwarded_from or proxy_protocol_from")));
    }
    if nobody || settings.forwarded_from()?.is_empty() {
        return Ok(Finding::good("forwarding", "no X-Forwarded-For is believed"));
    }
    let what = "whether visitors can write X-Forwarded-For themselves shows from nowhere outside";
    let lines = "nginx needs `proxy_set_header X-Forwarded-For $remote_addr;`, HAProxy `http-request del-header X-Forwarded-For` and `option forwardfor`";
    Ok(Finding::unknown("forwarding", format!("{what}: {lines}; Apache, Caddy, Varnish and Squid add the visitor as they come")))
}

fn console(url: &str) -> Vec<Finding> {
    let client = Client::new(url.to_owned());
    let session = match client.ask("GET", "/v1/session", &[], "") {
        Ok(session) => session,
        Err(failure) => {
            let why = failure.sentence().unwrap_or_default();
            return vec![Finding::unknown("console", format!("{why}; if only officers' devices reach it, check it from one"))];
        }
    };
    if session.json()["type"] != "urn:countersign:problem:no-session" {
        let what = format!("{url} is not the console (status {})", session.status);
        return vec![Finding::wrong(
            "console",
            format!("{what}; have the proxy pass that host, with its Host header, to the private listener"),
        )];
    }
    let mut findings = vec![Finding::good("console", format!("{url} is the console")), closed("console", url, &client, &CLOSED)];
    findings.extend(strict("console", url, &session));
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::token::{InputError, Token};

    #[test]
    fn what_is_asked_is_no_guess_and_one_of_it_is_not_genuine() {
        let ([no_code, damaged, ..], [typed_no_code, typed_damaged, ..]) = (HARMLESS, HARMLESS_FORMS);
        let read = |body: &str, member: &str| serde_json::from_str::<Value>(body).unwrap()[member].as_str().unwrap().to_owned();
        assert_eq!(Token::parse(&read(damaged, "token")), Err(InputError::Damaged));
        assert_eq!(Token::parse(&read(no_code, "code")), Err(InputError::NoToken));
        assert_eq!(typed_damaged, format!("code={}", read(damaged, "token")));
        assert_eq!(typed_no_code, format!("code={}", read(no_code, "code").replace(' ', "+")));
    }
}
