//! `countersign verify`

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Failure, Format, client, client::Client, place::Place};
use crate::{
    config::{Organisation, Settings, base_url, number},
    http::public::answer_json,
    key_folder::{KeyFolder, read_key_set, read_root},
    keyring::{IssuerName, PublicKey, PublicKeys},
    token::{Challenge, Claims, InputError, SpokenCode, Token, Unverified, correct},
    verifier::{Answer, Cost, Verdict},
    words::{Catalogue, Language},
};

/// What to check, and against what.
#[derive(clap::Args)]
pub struct Args {
    /// The token, its link, its words or its digits
    #[arg(value_name = "TOKEN|LINK|WORDS", required = true)]
    code: Vec<String>,
    /// The six digits that you read out from your own screen
    #[arg(long, value_name = "NUMBER")]
    challenge: Option<Challenge>,
    /// The service to ask; the public URL if not given
    #[arg(long, value_name = "URL", conflicts_with_all = ["key_set", "root"])]
    server: Option<String>,
    /// Check the signature alone, against this signed key set
    #[arg(long, value_name = "FILE", requires = "root")]
    key_set: Option<PathBuf>,
    /// The root key that must have signed the set
    #[arg(long, value_name = "FILE", requires = "key_set")]
    root: Option<PathBuf>,
    /// Refuse a key set of a lower version than this
    #[arg(long, value_name = "N", requires = "key_set", default_value_t = 0, value_parser = number::<u64>)]
    at_least: u64,
}

/// Checks, prints the answer, and ends with its exit code.
pub fn run(args: &Args, settings: &Settings, format: Format) -> Result<(), Failure> {
    let code = args.code.join(" ");
    if code.trim().is_empty() {
        return Err(Failure::wrong(Catalogue::of(Language::English).text("check.empty", &[])));
    }
    let answer = match (&args.key_set, &args.root) {
        (Some(key_set), Some(root)) => offline(&code, key_set, root, args.at_least, settings)?,
        _ => online(&code, args, settings)?,
    };
    let verdict = answer["verdict"].as_str().unwrap_or("cannot_check").to_owned();
    format.print(&answer, |answer| sheet(answer, &verdict, args, settings))?;
    match verdict.as_str() {
        "genuine" => Ok(()),
        "cannot_check" => Err(Failure::CannotCheck(None)),
        _ => Err(Failure::No(None)),
    }
}

fn online(code: &str, args: &Args, settings: &Settings) -> Result<Value, Failure> {
    let server = args.server.as_deref().map_or_else(|| settings.public_url(), |url| base_url("--server", url))?;
    let member = if Token::find(code) == Err(InputError::NoToken) { "code" } else { "token" };
    let mut body = json!({member: code});
    if let Some(challenge) = args.challenge {
        body["challenge"] = challenge.to_string().into();
    }
    match Client::new(server).post("/v1/verify", &body)? {
        (_, Value::Object(mut answer)) if answer.contains_key("verdict") => {
            answer.remove("pad");
            Ok(Value::Object(answer))
        }
        (status @ (400 | 413 | 415 | 422), problem) => Err(client::refused(status, &problem)),
        // Whatever else comes back is no verdict, and so no "no" either.
        (status, problem) => Err(Failure::cannot_check(client::said(status, &problem, "--server"))),
    }
}

/// What the signature alone can show. Never `genuine`: only the service knows of records, withdrawals and uses.
fn offline(code: &str, key_set: &Path, root: &Path, at_least: u64, settings: &Settings) -> Result<Value, Failure> {
    let (now, issuer, root) = (Place::here()?.clock.now(), &settings.issuer()?, read_root(root)?);
    let keys = read_key_set(key_set, &root, issuer, now, at_least.max(seen(&root, settings)))?;
    let (verdict, claims) = match Token::find(code) {
        Ok(token) => judge(&token, &keys, issuer, now),
        Err(InputError::Damaged) => (Verdict::NotGenuine, None),
        Err(InputError::Several) => (Verdict::Mistyped, None),
        Err(InputError::NoToken) => {
            return Err(Failure::wrong(
                "without the service only a whole token or link can be checked; leave out --key-set and --root to ask it",
            ));
        }
    };
    let answer = Answer {
        verdict,
        challenge: None,
        approach: claims,
        first_checked_at: None,
        by_this_form: false,
        token: None,
        server_time: now,
        cost: Cost::Nothing,
    };
    Ok(json!(answer_json(&answer)))
}

/// The version of the set in this machine's own key folder, if it is of the same root.
fn seen(root: &PublicKey, settings: &Settings) -> u64 {
    let folder = KeyFolder::at(settings.keys());
    let own = folder.root().is_ok_and(|own| own == *root);
    let set = settings.issuer().ok().filter(|_| own).and_then(|issuer| folder.last_set(&issuer).ok()).flatten();
    set.map_or(0, |set| set.version())
}

fn judge(token: &Token, keys: &PublicKeys, issuer: &IssuerName, now: i64) -> (Verdict, Option<Claims>) {
    let Ok(unverified) = Unverified::decode(token) else { return (Verdict::NotGenuine, None) };
    match unverified.verify(keys, issuer, now) {
        Ok(verified) => (Verdict::CannotCheck, Some(verified.claims().clone())),
        Err(rejection) => (rejection.into(), None),
    }
}

/// The answer in the words that people see on the page.
fn sheet(answer: &Value, verdict: &str, args: &Args, settings: &Settings) -> String {
    let words = Catalogue::of(Language::English);
    let named = settings.organisation().unwrap_or_else(|_| Organisation { name: "The organisation".into(), ..Organisation::default() });
    let telephone = words.telephone(&named.telephone);
    let say = |key: &str| words.text(key, &[("organisation", &named.name), ("telephone", &telephone)]);
    let mut lines = vec![say(&format!("verdict.{verdict}.title")), say(&format!("verdict.{verdict}.means"))];
    if verdict == "cannot_check" && answer["approach"].is_object() {
        lines.push("The signature is good and the time is right; only the service knows whether it was used or withdrawn.".into());
    }
    if let (Some(minute), Some(now)) = (answer["first_checked_at"].as_i64(), answer["server_time"].as_i64()) {
        lines.push(words.text("verdict.already_checked.when", &[("ago", &words.ago(now - minute))]));
    }
    if verdict == "mistyped" {
        lines.extend(hint(&words, args, settings));
    }
    let now = answer["server_time"].as_i64().unwrap_or_default();
    let time = |seconds| words.time(seconds, now, &named.time_zone.clone().unwrap_or_default());
    lines.extend(said(&answer["approach"], time));
    lines.extend(answer["challenge"].as_str().map(|result| say(&format!("number.{result}"))));
    lines.push(say(&format!("verdict.{verdict}.do")));
    if words.icon(verdict).tone == "stop" {
        lines.push(say("stop.ring"));
    }
    lines.join("\n")
}

fn said(approach: &Value, time: impl Fn(i64) -> String) -> Option<String> {
    let made = time(approach["issued_at"].as_i64()?);
    let until = time(approach["expires_at"].as_i64()?);
    let parts: Vec<&str> = ["channel", "name", "place"].iter().filter_map(|member| approach[member].as_str()).collect();
    let dialled = approach["dialled"].as_str().map(|digits| format!(", a number ending {digits}")).unwrap_or_default();
    Some(format!("Made at {made} for: {}{dialled}. Runs out at {until}.", parts.join(", ")))
}

/// What may be wrong with words that do not fit; a question, never a correction.
fn hint(words: &Catalogue, args: &Args, settings: &Settings) -> Option<String> {
    let code = args.code.join(" ");
    let own: Vec<String> = [args.server.clone(), settings.public_url().ok(), settings.link_url().ok()].into_iter().flatten().collect();
    SpokenCode::parse(&code).is_err().then(|| words.hint(&correct(&code, &own)))
}
