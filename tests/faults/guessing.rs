//! Ten thousand addresses guess spoken codes as fast as they are answered, while people check what their officers read out to them:
//! nobody finds anything, and everybody is answered. The addresses are named by a proxy that the service trusts.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use countersign::token::{SpokenCode, SpokenSize, Token};
use futures_util::{StreamExt as _, stream};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use crate::{Outcome, Run, dice::Dice, filling::fill, journal::now, station::Station};

const ADDRESSES: usize = 10_000;
const CONNECTIONS: usize = 64;
/// Codes of one officer.
const OF_ONE: usize = 8;
/// How long new codes are.
const WORDS: &str = "6";

pub fn story(run: &Run) -> Outcome {
    let officers = run.pick(3, 30);
    let (usual, force) = (deployment(run, officers, 256), deployment(run, officers, 50_000));
    let head = [
        "| live codes | honest codes answered | p50 | p99 | guesses answered | places taken | chance of a hit |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ];
    Outcome::Done(head.map(str::to_owned).into_iter().chain([usual, force]).collect())
}

/// An attack on a deployment that is as full as it may be.
fn deployment(run: &Run, officers: usize, live: usize) -> String {
    let station = Station::sqlite();
    let credentials: Vec<String> = (0..officers).map(|n| officer(&station, n)).collect();
    let mut service = station.command("all");
    service.args(["--forwarded-from", "127.0.0.1/32", "--spoken-words", WORDS, "--max-live", &live.to_string()]);
    let serving = crate::station::Serving::of(vec![crate::running::Service::spawn(service)]);
    let field = Field {
        http: crate::running::http::client().build().unwrap(),
        public: serving.public.clone(),
        private: serving.private.clone(),
        over: AtomicBool::new(false),
        guesses: AtomicUsize::new(0),
    };
    let row = run.block_on(async {
        let field = Arc::new(field);
        let mut codes = vec![];
        for credential in &credentials {
            let authorisation = field.authorised(&station, credential).await;
            codes.extend(stream::iter(0..OF_ONE).then(|_| field.issue(credential, &authorisation)).collect::<Vec<_>>().await);
        }
        let mut sql = rusqlite::Connection::open(station.folder.path().join("store.sqlite")).unwrap();
        sql.busy_timeout(Duration::from_secs(20)).unwrap();
        fill(&mut sql, live - codes.len());
        field.attacked(run, &codes, live).await
    });
    serving.terminate();
    row
}

fn officer(station: &Station, n: usize) -> String {
    let callsign = format!("officer{n}");
    station.folder.ok(&["officers", "enrol", &callsign, "--role", "officer"]);
    station.folder.ok(&["officers", "credential", &callsign]).trim().to_owned()
}

struct Field {
    http: Client,
    public: String,
    private: String,
    over: AtomicBool,
    guesses: AtomicUsize,
}

impl Field {
    async fn inside(&self, credential: &str, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.private)).bearer_auth(credential).json(body);
        let response = request.send().await.unwrap();
        let (status, said) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{status} {said}");
        serde_json::from_str(&said).unwrap()
    }

    async fn authorised(&self, station: &Station, credential: &str) -> String {
        let ask = json!({"reference": "CALLS", "purpose": "Return a lost bag", "channels": ["telephone"], "until": now() + 86_400, "max_tokens": 100});
        let asked = self.inside(credential, "/v1/authorisations", &ask).await;
        let id = asked["id"].as_str().unwrap().to_owned();
        let approve = self.http.post(format!("{}/v1/authorisations/{id}/approve", self.private)).bearer_auth(&station.approver);
        assert!(approve.send().await.unwrap().status().is_success());
        id
    }

    async fn issue(&self, credential: &str, authorisation: &str) -> String {
        let body = json!({"channel": "telephone", "authorisation": authorisation, "lifetime": 600});
        self.inside(credential, "/v1/tokens", &body).await["spoken"]["words"].as_str().unwrap().to_owned()
    }

    /// Status and verdict of a check from an address.
    async fn check(&self, from: usize, words: &str, attempt: &str) -> (u16, String) {
        let [_, a, b, c] = u32::try_from(from).unwrap().to_be_bytes();
        let request = self.http.post(format!("{}/v1/verify", self.public)).header("x-forwarded-for", format!("10.{a}.{b}.{c}"));
        let request = request.json(&json!({"code": words, "attempt": attempt}));
        // The service ends each connection after a minute, maybe at the moment when it is used again.
        let response = match request.try_clone().unwrap().send().await {
            Ok(response) => response,
            Err(_) => request.send().await.unwrap(),
        };
        let status = response.status().as_u16();
        let said: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        (status, said["verdict"].as_str().unwrap_or_default().to_owned())
    }

    /// One address after another tries what names nothing.
    async fn guess(&self, mut dice: Dice) {
        while !self.over.load(Ordering::Relaxed) {
            let n = self.guesses.fetch_add(1, Ordering::Relaxed);
            let token = Token::from_bytes([Token::BEGINNING.as_slice(), &dice.next().to_be_bytes()].concat()).unwrap();
            let size = if n.is_multiple_of(4) { SpokenSize::Five } else { SpokenSize::Six };
            let (_, said) = self.check(n % ADDRESSES, &SpokenCode::of(&token, size).words(), &dice.attempt()).await;
            assert!(["unknown_code", "cannot_check", ""].contains(&said.as_str()), "a guess is answered with {said}");
        }
    }

    #[allow(clippy::disallowed_methods, reason = "how long people wait is printed")]
    async fn attacked(self: Arc<Self>, run: &Run, codes: &[String], live: usize) -> String {
        let mut dice = Dice::of(run.seed, &[11]);
        let mut attackers = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (field, dice) = (self.clone(), Dice::of(dice.next(), &[]));
            attackers.spawn(async move { field.guess(dice).await });
        }
        let apart = Duration::from_secs(run.pick(4, 30)) / u32::try_from(codes.len()).unwrap();
        let mut honest = JoinSet::new();
        for (n, words) in codes.iter().enumerate() {
            sleep(apart).await;
            let (field, words, attempt) = (self.clone(), words.clone(), dice.attempt());
            honest.spawn(async move {
                let begun = Instant::now();
                let said = field.check(ADDRESSES + n, &words, &attempt).await;
                (said == (200, "genuine".into()), begun.elapsed())
            });
        }
        let heard = honest.join_all().await;
        let answered = heard.iter().filter(|(answered, _)| *answered).count();
        let mut took: Vec<Duration> = heard.into_iter().map(|(_, took)| took).collect();
        self.over.store(true, Ordering::Relaxed);
        drop(attackers.join_all().await);
        assert!(answered * 1_000 >= codes.len() * 999, "{answered} of {} honest codes were answered", codes.len());
        let taken = self.taken().await;
        // No code of this deployment is found by five words.
        let chance = taken[2] * f64::from(u32::try_from(live).unwrap()) / 2_f64.powi(50);
        assert!(chance <= 1e-6, "{chance}");
        took.sort();
        let at = |percent: usize| took[(took.len() - 1) * percent / 100].as_secs_f64() * 1e3;
        let guesses = self.guesses.load(Ordering::Relaxed);
        format!("| {live} | {answered} of {} | {:.1} ms | {:.1} ms | {guesses} | {taken:?} | {chance:.1e} |", codes.len(), at(50), at(99))
    }

    /// Places taken of the budgets for five words, five with a number, and six.
    async fn taken(&self) -> [f64; 3] {
        let figures = self.http.get(format!("{}/metrics", self.private)).send().await.unwrap().text().await.unwrap();
        ["five", "number", "six"].map(|pool| {
            let series = format!("countersign_guesses_taken{{pool=\"{pool}\"}} ");
            let line = figures.lines().find_map(|line| line.strip_prefix(&series)).unwrap();
            line.parse().unwrap()
        })
    }
}
