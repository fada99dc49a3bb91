//! Answers to checks have one length behind proxies that compress (threat 13).

use std::{collections::BTreeSet, fs};

use countersign::token::{SpokenCode, SpokenSize, Token};
use serde_json::{Value, json};

use super::{
    cached::Varnish,
    compression::{VARNISH, VARNISH_INSISTING, compressing, inattentive, insisting},
    front::{Behind, CONSOLE, Front, Kind, PUBLIC, address, eventually},
    raw::{Answer, Place},
};
use crate::running::{
    Folder, PATIENCE, Service,
    faketime::{FakeTime, MISSING},
    get, post,
};

/// By so much the clock is ahead of when the expired token was issued.
const AHEAD: i64 = 3_600;
/// Longer than any key set lasts.
const AGES: i64 = 400 * 86_400;

/// By what a client asks.
const GZIP: &str = "accept-encoding: gzip\r\n";
const BROWSER: &str = "accept-encoding: gzip, deflate, br, zstd\r\n";
const NEITHER: &str = "";
const MASKED: &str = "accept: application/octet-stream\r\naccept-encoding: gzip, deflate, br, zstd\r\n";
const MASKED_NEITHER: &str = "accept: application/octet-stream\r\n";

/// Every form of an answer.
const WAYS: [(Form, &str, usize); 8] = [
    (Form::Json, GZIP, 2_071),
    (Form::Json, BROWSER, 2_071),
    (Form::Json, NEITHER, 2_048),
    (Form::Json, MASKED, 4_023),
    (Form::Json, MASKED_NEITHER, 4_000),
    (Form::Page, GZIP, 24_599),
    (Form::Page, BROWSER, 24_599),
    (Form::Page, NEITHER, 24_576),
];

/// What is asked, and what it comes to.
type Question = (Value, &'static str);

/// A deployment with two verifiers: for proxies that name clients in a header, and for one that does by the PROXY protocol.
struct World {
    _folder: Folder,
    time: FakeTime,
    /// Each for one first check.
    fresh: Vec<Value>,
    /// Words that somebody checked.
    spoken: Value,
    withdrawn: Value,
    expired: Value,
    verifiers: [Service; 2],
    visitors: u8,
}

impl World {
    fn start(first_checks: usize) -> Option<Self> {
        let folder = Folder::ready();
        let time = FakeTime::in_file(folder.path().join("clock"), AHEAD)?;
        let credential = fs::read_to_string(folder.path().join("officer.credential")).unwrap();
        let issue = |issuer: &Service, body: Value| issued(&issuer.private, credential.trim(), &body);
        let earlier = Service::start(&folder, &["--role", "issuer"]);
        let expired = issue(&earlier, json!({"channel": "in-person"}));
        assert!(earlier.terminate().0.success());
        let issuer = Service::spawn(time.under(folder.command(&["serve", "--role", "issuer"])));
        let withdrawn = issue(&issuer, json!({"channel": "in-person"}));
        folder.ok(&["withdraw", withdrawn["id"].as_str().unwrap(), "--private-url", &issuer.private]);
        let spoken = issue(&issuer, json!({"channel": "telephone"}));
        let name = |n: usize| n.is_multiple_of(2).then(|| "\u{e9}\"".repeat(1 + n % 8));
        let fresh = |n| issue(&issuer, json!({"channel": "online", "challenge": "739216", "name": name(n)}));
        let fresh = (0..first_checks).map(fresh).collect();
        assert!(issuer.terminate().0.success());
        let verifiers = [Kind::Nginx, Kind::Haproxy].map(|kind| {
            let [flag, from] = kind.named();
            Service::spawn(time.under(folder.command(&["serve", "--role", "verifier", flag, from])))
        });
        let checked = post(&format!("{}/v1/verify", verifiers[0].public), &json!({"code": spoken["spoken"]["words"]}));
        assert_eq!(checked.unwrap().1["verdict"], "genuine");
        let spoken = spoken["spoken"]["words"].clone();
        Some(Self { _folder: folder, time, fresh, spoken, withdrawn, expired, verifiers, visitors: 10 })
    }

    /// A proxy of each kind with these changes to its file, and Varnish.
    fn fronts(&self, test: &str, changes: impl Fn(Kind) -> Vec<(&'static str, &'static str)>, rules: &str) -> Vec<Proxy> {
        let start = |kind| {
            let at = address(&self.verifiers[usize::from(kind == Kind::Haproxy)].public);
            let front = Front::changed(kind, Behind { verifiers: [at; 2], issuer: Behind::NOBODY }, [PUBLIC, CONSOLE], &changes(kind));
            Proxy { name: format!("{kind:?}"), place: Place::of(&front), _runs: Runs::Front(front) }
        };
        let varnish = Varnish::start(test, address(&self.verifiers[0].public), rules);
        let varnish = varnish.map(|varnish| Proxy {
            name: "Varnish".into(),
            place: Place::plain(address(&varnish.url)),
            _runs: Runs::Varnish(varnish),
        });
        Kind::here(test).into_iter().map(start).chain(varnish).collect()
    }

    /// Every sort of answer that needs neither a limit nor a fault, by questions that nobody has asked.
    fn questions(&mut self) -> Vec<Question> {
        let token = self.fresh.pop().unwrap();
        let signed = token["token"].as_str().unwrap();
        vec![
            (json!({"token": signed, "challenge": "739217"}), "other_challenge"),
            (json!({"token": signed}), "challenge_needed"),
            (json!({"token": signed, "challenge": "739216"}), "genuine"),
            (json!({"token": signed, "challenge": "739216"}), "already_checked"),
            (json!({"code": self.spoken}), "already_checked"),
            (json!({"token": self.withdrawn["token"]}), "withdrawn"),
            (json!({"token": self.expired["token"]}), "expired"),
            (json!({"token": forged(signed)}), "not_genuine"),
            (json!({"code": nothing(self.fresh.len())}), "unknown_code"),
            (json!({"token": "certainly"}), "mistyped"),
        ]
    }

    /// An address that did nothing yet.
    fn visitor(&mut self) -> u8 {
        self.visitors += 1;
        self.visitors
    }

    /// What a proxy makes of all that can be asked in this way.
    async fn ask(&mut self, proxy: &Proxy, form: Form, way: &str) -> Vec<Answer> {
        let (visitor, mut answers) = (self.visitor(), vec![]);
        for (question, verdict) in self.questions() {
            let answer = proxy.ask(visitor, form, way, &question).await;
            if let Some(body) = answer.unwrapped().filter(|_| form == Form::Json) {
                let said: Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(said["verdict"], verdict, "{} {way}{question}", proxy.name);
            }
            answers.push(answer);
        }
        answers.push(proxy.ask(visitor, form, way, &json!({})).await);
        answers
    }
}

/// A proxy that runs.
struct Proxy {
    name: String,
    place: Place,
    _runs: Runs,
}

enum Runs {
    Front(#[allow(dead_code, reason = "it ends with the proxy")] Front),
    Varnish(#[allow(dead_code, reason = "it ends with the proxy")] Varnish),
}

/// By which address it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Page,
}

impl Proxy {
    async fn ask(&self, visitor: u8, form: Form, way: &str, question: &Value) -> Answer {
        match form {
            Form::Json => {
                let headers = format!("content-type: application/json\r\n{way}");
                self.place.post(visitor, "/v1/verify", &headers, &question.to_string()).await
            }
            Form::Page => {
                let headers = format!("content-type: application/x-www-form-urlencoded\r\nsec-fetch-site: same-origin\r\n{way}");
                let of = |name: &str| question[name].as_str().unwrap_or_default().replace(' ', "+");
                let code = if question["code"].is_string() { of("code") } else { of("token") };
                self.place.post(visitor, "/check", &headers, &format!("code={code}&challenge={}", of("challenge"))).await
            }
        }
    }
}

/// A token as the issuer gives it.
fn issued(private: &str, credential: &str, body: &Value) -> Value {
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
    let request = ureq::Agent::from(config).post(format!("{private}/v1/tokens")).header("Authorization", format!("Bearer {credential}"));
    let mut response = request.send_json(body).unwrap();
    let said: Value = response.body_mut().read_json().unwrap();
    assert_eq!(response.status(), 201, "{said}");
    said
}

/// With another signature.
fn forged(token: &str) -> String {
    let (kept, last) = token.split_at(token.len() - 3);
    format!("{kept}{}", if last == "AAA" { "BBB" } else { "AAA" })
}

/// Words that name nothing.
fn nothing(n: usize) -> String {
    let token = Token::from_bytes([Token::BEGINNING.as_slice(), &[7], &n.to_le_bytes()].concat()).unwrap();
    SpokenCode::of(&token, SpokenSize::Six).words()
}

fn lengths(answers: &[Answer]) -> BTreeSet<usize> {
    answers.iter().map(|answer| answer.body.len()).collect()
}

/// Of heads without what Varnish counts with, and without the framing, which hangs on how much of a body has come when it begins to pass it on.
fn heads(answers: &[Answer]) -> BTreeSet<usize> {
    const CHANCE: [&str; 4] = ["age", "content-length", "transfer-encoding", "x-varnish"];
    let is_fixed = |line: &&str| !CHANCE.iter().any(|name| line.starts_with(&format!("{name}: ")));
    answers.iter().map(|answer| answer.head.lines().filter(is_fixed).map(|line| line.len() + 2).sum()).collect()
}

#[tokio::test]
async fn what_a_client_takes_keeps_its_length_behind_proxies_that_compress() {
    let test = "what_a_client_takes_keeps_its_length_behind_proxies_that_compress";
    let Some(mut world) = World::start(40) else { return eprintln!("NOT RUN: {test}: {MISSING}") };
    let proxies = world.fronts(test, |kind| [compressing(kind)].into_iter().chain(inattentive(kind)).collect(), VARNISH);
    let mut seen = vec![];
    for proxy in &proxies {
        for (form, way, length) in WAYS {
            let mut answers = world.ask(proxy, form, way).await;
            let guesser = world.visitor();
            while way == GZIP && answers.last().unwrap().status() != "429" {
                answers.push(proxy.ask(guesser, form, way, &json!({"code": nothing(seen.len())})).await);
            }
            seen.push((proxy, form, way, length, answers));
        }
    }
    world.time.set(AGES);
    eventually("its clock is not doubted", || get(&format!("{}/health/ready", world.verifiers[0].public)).0 == 503);
    for (proxy, form, way, length, mut answers) in seen {
        answers.push(proxy.ask(9, form, way, &json!({"token": world.expired["token"]})).await);
        let what = format!("{} {form:?} {way:?}", proxy.name);
        let statuses: BTreeSet<&str> = answers.iter().map(Answer::status).collect();
        let wrong = if form == Form::Json { "400" } else { "422" };
        let expected = ["200", wrong, "429", "503"].into_iter().filter(|status| way == GZIP || *status != "429");
        assert_eq!(statuses, expected.collect(), "{what}");
        assert_eq!(Vec::from_iter(lengths(&answers)), [length], "{what}");
        assert_eq!(heads(&answers).len(), 1, "{what}");
    }
}

/// What is asked for in gzip gets the length that such a proxy makes of it; what is masked, or asked for without gzip, keeps its own.
#[tokio::test]
async fn what_is_masked_keeps_its_length_behind_proxies_that_insist() {
    let test = "what_is_masked_keeps_its_length_behind_proxies_that_insist";
    let Some(mut world) = World::start(40) else { return eprintln!("NOT RUN: {test}: {MISSING}") };
    let rules = format!("{VARNISH}\n{VARNISH_INSISTING}");
    let proxies = world.fronts(test, |kind| vec![compressing(kind), insisting(kind)], &rules);
    for proxy in &proxies {
        for (form, way, length) in WAYS {
            let answers = world.ask(proxy, form, way).await;
            let (answered, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status() == "200");
            let (lengths, refused) = (lengths(&answered), lengths(&refused));
            let what = format!("{} {form:?} {way:?} {lengths:?}, refused {refused:?}", proxy.name);
            // HAProxy does as it is bidden by no-transform.
            let differs = way.starts_with("accept-encoding") && proxy.name != "Haproxy";
            assert_eq!(lengths.len() > 1, differs, "{what}");
            if [MASKED, MASKED_NEITHER].contains(&way) {
                assert!(lengths.iter().chain(&refused).all(|found| *found >= 4_000), "{what}");
                // nginx compresses no refusal.
                assert!(lengths == refused || (proxy.name == "Nginx" && way == MASKED), "{what}");
            }
            if way == NEITHER {
                assert_eq!(Vec::from_iter(lengths), [length], "{what}");
            }
        }
    }
}
