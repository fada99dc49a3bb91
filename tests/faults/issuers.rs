//! One of two issuers is killed under load, again and again. Who got no answer asks the other one with the same `Idempotency-Key`, and
//! has the one token that there is for it: none is lost, none is doubled, and of none the answer is missing.
//!
//! It goes on until an issuer was killed between a commit and its answer, which proves that the other one gave what was there.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::{
    sync::{RwLock, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    Outcome, Run,
    client::World,
    database::{Cluster, MISSING},
    dice::Dice,
    journal::{Journal, Key},
    kills::{audit, probe},
    running::{PATIENCE, Service},
    station::{Serving, Station},
};

const CLIENTS: usize = 8;
/// Kills after which at least one must have come between a commit and its answer.
const BOUND: usize = 90;
/// Kills under one authorisation, which allows a thousand tokens.
const OF_ONE: usize = 10;
/// Of a hundred requests that were answered, so many are sent once more.
const AGAIN: u64 = 20;
const LONG: Duration = Duration::from_secs(20);

/// Two issuers, and what their clients were given.
struct Pair {
    station: Station,
    cluster: Cluster,
    processes: [Option<Service>; 2],
    office: Arc<Office>,
    journal: Arc<Journal>,
}

/// What the clients share.
struct Office {
    http: Client,
    credential: String,
    /// Where each issuer listens.
    issuers: Mutex<[String; 2]>,
    authorisation: Mutex<String>,
    /// The tokens in the store right after a kill. Nobody asks again before they are known.
    gate: RwLock<Arc<HashSet<String>>>,
    answers: Semaphore,
    stop: AtomicBool,
    /// The token of each key.
    given: Mutex<HashMap<String, Value>>,
    /// Requests that got no answer from the first who was asked.
    unanswered: AtomicUsize,
    /// Of these, done all the same.
    rescued: AtomicUsize,
}

impl Office {
    /// One try; `None` where no answer comes, or one that it cannot be done now.
    async fn ask(&self, at: usize, key: &str, body: &Value) -> Option<Value> {
        let url = self.issuers.lock().unwrap()[at].clone();
        let request = self.http.post(format!("{url}/v1/tokens")).bearer_auth(&self.credential).json(body).timeout(LONG);
        let request = request.header("idempotency-key", format!("\"{key}\""));
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let said = response.bytes().await.ok()?;
        if status == 503 {
            return None;
        }
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&said));
        Some(serde_json::from_slice(&said).unwrap())
    }

    /// After one that did not answer.
    async fn ask_others(&self, mut at: usize, key: &str, body: &Value) -> Value {
        self.unanswered.fetch_add(1, Ordering::Relaxed);
        loop {
            // From a time when nobody had asked again.
            let done = self.gate.read().await.clone();
            at = 1 - at;
            if let Some(answer) = self.ask(at, key, body).await {
                self.rescued.fetch_add(usize::from(done.contains(answer["id"].as_str().unwrap())), Ordering::Relaxed);
                return answer;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Asks one issuer and then the other, until there is an answer.
    async fn issue(&self, dice: &mut Dice) {
        let body = json!({"channel": "in-person", "authorisation": *self.authorisation.lock().unwrap(), "lifetime": 600});
        let (key, at) = (dice.attempt(), dice.below(2));
        let answer = if let Some(answer) = self.ask(at, &key, &body).await { answer } else { self.ask_others(at, &key, &body).await };
        let again = if dice.chance(AGAIN) { self.ask(1 - at, &key, &body).await } else { None };
        assert!(again.is_none_or(|again| again == answer), "the same key got another answer");
        self.given.lock().unwrap().insert(key, answer);
        self.answers.add_permits(1);
    }
}

impl Pair {
    async fn start() -> Option<Self> {
        let cluster = Cluster::start(&[]).await?;
        let station = Station::postgres(&cluster);
        let processes = [(); 2].map(|()| Service::spawn(station.command("issuer")));
        let office = Office {
            http: crate::running::http::client().build().unwrap(),
            credential: station.officer.clone(),
            issuers: Mutex::new(processes.each_ref().map(|process| process.private.clone())),
            authorisation: Mutex::default(),
            gate: RwLock::default(),
            answers: Semaphore::new(0),
            stop: AtomicBool::new(false),
            given: Mutex::default(),
            unanswered: AtomicUsize::new(0),
            rescued: AtomicUsize::new(0),
        };
        Some(Self { station, cluster, processes: processes.map(Some), office: Arc::new(office), journal: Arc::default() })
    }

    fn authorise(&self) {
        let folder = &self.station.folder;
        let ask = [
            "authorisations",
            "ask",
            "--as",
            "falcon",
            "--reference",
            "LOAD",
            "--purpose",
            "Visit",
            "--channel",
            "in-person",
            "--max-tokens",
            "1000",
        ];
        let id = folder.json(&ask)["id"].as_str().unwrap().to_owned();
        folder.ok(&["authorisations", "approve", &id, "--as", "heron"]);
        *self.office.authorisation.lock().unwrap() = id;
    }

    fn clients(&self, dice: &mut Dice) -> JoinSet<()> {
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let (office, mut dice) = (self.office.clone(), Dice::of(dice.next(), &[]));
            clients.spawn(async move {
                while !office.stop.load(Ordering::Relaxed) {
                    office.issue(&mut dice).await;
                }
            });
        }
        clients
    }

    /// Kills one at any moment, while the other works on, and starts it again.
    async fn kill(&mut self, kill: usize, dice: &mut Dice) {
        if kill.is_multiple_of(OF_ONE) {
            self.authorise();
        }
        let answers = 1 + u32::try_from(dice.below(40)).unwrap();
        timeout(PATIENCE, self.office.answers.acquire_many(answers)).await.expect("answers come").unwrap().forget();
        sleep(Duration::from_micros(dice.next() % 3_000)).await;
        let mut gate = self.office.gate.write().await;
        self.processes[kill % 2].take().unwrap().kill();
        *gate = Arc::new(self.issued().await);
        drop(gate);
        let service = Service::spawn(self.station.command("issuer"));
        self.office.issuers.lock().unwrap()[kill % 2].clone_from(&service.private);
        self.processes[kill % 2] = Some(service);
    }

    /// The ids of all tokens in the store.
    async fn issued(&self) -> HashSet<String> {
        let sql = self.cluster.client("postgres", "countersign").await;
        let rows = sql.query("SELECT encode(cti, 'hex') FROM tokens", &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn end(&self, mut clients: JoinSet<()>) -> Ended {
        self.office.stop.store(true, Ordering::Relaxed);
        while let Some(client) = clients.join_next().await {
            client.unwrap();
        }
        let given = self.office.given.lock().unwrap().clone();
        let ids: HashSet<String> = given.values().map(|answer| answer["id"].as_str().unwrap().to_owned()).collect();
        Ended { keys: given.len(), ids, issued: self.issued().await }
    }

    /// Each token that was given is on record with both issuers, and in the ledger.
    async fn settle(self) {
        for answer in self.office.given.lock().unwrap().values() {
            self.journal.issued(answer);
        }
        let keys: Vec<Key> = (0..self.journal.len()).collect();
        for process in self.processes.into_iter().flatten() {
            let serving = Serving::of(vec![process]);
            probe(&World::of(&self.station, &serving, &self.journal), &keys, &mut Dice::of(0, &[])).await;
            serving.terminate();
        }
        self.journal.assert_sound("both issuers were killed");
        audit(&self.station, &self.journal);
    }
}

/// What clients asked for, and what there is.
struct Ended {
    keys: usize,
    ids: HashSet<String>,
    issued: HashSet<String>,
}

pub fn story(run: &Run) -> Outcome {
    let kills = run.pick(10, 30);
    run.block_on(async {
        let Some(mut pair) = Pair::start().await else { return Outcome::NotRun(MISSING.into()) };
        let mut dice = Dice::of(run.seed, &[12]);
        pair.authorise();
        let clients = pair.clients(&mut dice);
        let rescued = |pair: &Pair| pair.office.rescued.load(Ordering::Relaxed);
        let mut done = 0;
        while done < kills || rescued(&pair) == 0 {
            assert!(done < BOUND, "no issuer was killed before it answered what it had done: this proves nothing");
            pair.kill(done, &mut dice).await;
            done += 1;
        }
        let Ended { keys, ids, issued } = pair.end(clients).await;
        assert_eq!((ids.len(), issued.len()), (keys, keys), "one token for each request");
        assert!(ids == issued, "the answer of each");
        let (unanswered, rescued) = (pair.office.unanswered.load(Ordering::Relaxed), rescued(&pair));
        pair.settle().await;
        let line = format!("{done} kills of one of two issuers, {keys} requests, as many tokens, each with its answer");
        Outcome::Done(vec![format!("{line}; {unanswered} were not answered by the first asked, which had done {rescued} of them")])
    })
}
