//! Who uses the service: an officer's program, its approver, and anyone outside with a token.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::{sync::Mutex, time::sleep};

use crate::{
    dice::Dice,
    journal::{Finding, Journal, Key, now},
    station::{Serving, Station},
};

/// The documented longest wait for the store, and room for a busy machine to notice that it is over.
pub const ANSWERED: Duration = Duration::from_millis(2_000 + 1_500);
/// Acts of officers wait for the store longer; nothing here takes this long.
const LONG: Duration = Duration::from_secs(20);
/// As many tokens as one authorisation can allow.
const ALLOWED: u32 = 1_000;

/// The service as it listens now, its people, and the record of all that they were answered.
#[derive(Clone)]
pub struct World {
    http: Client,
    pub public: String,
    private: String,
    officer: String,
    approver: String,
    pub journal: Arc<Journal>,
    authorisation: Arc<Mutex<Authorisation>>,
}

/// What an authorisation still allows.
#[derive(Default)]
pub struct Authorisation {
    id: String,
    left: u32,
}

/// What came of asking for something.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<T> {
    Said(T),
    /// Our side fails, and says so.
    Unavailable,
    /// Nobody answers, or not to the end.
    Nothing,
}

impl World {
    pub fn of(station: &Station, serving: &Serving, journal: &Arc<Journal>) -> Self {
        Self {
            http: crate::running::http::client().build().unwrap(),
            public: serving.public.clone(),
            private: serving.private.clone(),
            officer: station.officer.clone(),
            approver: station.approver.clone(),
            journal: journal.clone(),
            authorisation: Arc::default(),
        }
    }

    /// The same people with the processes that serve now, and what was authorised before.
    pub fn again(&self, serving: &Serving) -> Self {
        Self {
            http: crate::running::http::client().build().unwrap(),
            public: serving.public.clone(),
            private: serving.private.clone(),
            ..self.clone()
        }
    }

    /// The same service through another public side.
    pub fn through(&self, public: &str) -> Self {
        Self { http: crate::running::http::client().build().unwrap(), public: public.to_owned(), ..self.clone() }
    }

    /// Until the public side says that it is ready, or that it is not, and the figures say the same of the store.
    pub async fn until_ready(&self, is_ready: bool) {
        let (status, up) = if is_ready { (204, "countersign_store_up 1\n") } else { (503, "countersign_store_up 0\n") };
        let get = async |url: String| self.http.get(url).send().await.unwrap();
        while get(format!("{}/health/ready", self.public)).await.status() != status
            || !get(format!("{}/metrics", self.private)).await.text().await.unwrap().contains(up)
        {
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn inside(request: RequestBuilder, credential: &str) -> RequestBuilder {
        request.bearer_auth(credential).timeout(LONG)
    }

    /// Issues a token under an authorisation that still has room. Kept in the journal before anybody hears of it.
    pub async fn issue(&self) -> Heard<Key> {
        self.issue_for(600).await
    }

    /// The same for another lifetime, in seconds.
    pub async fn issue_for(&self, lifetime: i64) -> Heard<Key> {
        let authorisation = match self.authorised().await {
            Heard::Said(id) => id,
            Heard::Unavailable => return Heard::Unavailable,
            Heard::Nothing => return Heard::Nothing,
        };
        let body = json!({"channel": "in-person", "authorisation": authorisation, "lifetime": lifetime});
        let request = self.http.post(format!("{}/v1/tokens", self.private)).json(&body);
        match answer(Self::inside(request, &self.officer)).await {
            Heard::Said((201, issued)) => Heard::Said(self.journal.issued(&issued)),
            Heard::Said((403, _)) if self.journal.clocks_step.load(Ordering::Relaxed) => {
                // Asked for at another time; the next issue asks again.
                self.authorisation.lock().await.left = 0;
                Heard::Unavailable
            }
            other => self.otherwise("an issue", other),
        }
    }

    async fn authorised(&self) -> Heard<String> {
        let mut current = self.authorisation.lock().await;
        if current.left == 0 {
            match self.authorise().await {
                Heard::Said(id) => *current = Authorisation { id, left: ALLOWED },
                other => return other,
            }
        }
        // An issue whose answer was lost has taken one too.
        current.left -= 1;
        Heard::Said(current.id.clone())
    }

    async fn authorise(&self) -> Heard<String> {
        let until = now() + 10 * 86_400;
        let ask =
            json!({"reference": "LOAD", "purpose": "Return a lost bag", "channels": ["in-person"], "until": until, "max_tokens": ALLOWED});
        let request = self.http.post(format!("{}/v1/authorisations", self.private)).json(&ask);
        let id = match answer(Self::inside(request, &self.officer)).await {
            Heard::Said((201, asked)) => asked["id"].as_str().unwrap().to_owned(),
            other => return self.otherwise("a request", other),
        };
        let request = self.http.post(format!("{}/v1/authorisations/{id}/approve", self.private));
        match answer(Self::inside(request, &self.approver)).await {
            Heard::Said((200, _)) => Heard::Said(id),
            other => self.otherwise("an approval", other),
        }
    }

    /// What the issuer has on record of a token; `None` if nothing.
    pub async fn state(&self, key: Key) -> Heard<Option<String>> {
        let request = self.http.get(format!("{}/v1/tokens/{}", self.private, self.journal.id(key)));
        match answer(Self::inside(request, &self.officer)).await {
            Heard::Said((200, status)) => Heard::Said(Some(status["state"].as_str().unwrap().to_owned())),
            Heard::Said((404, _)) => Heard::Said(None),
            other => self.otherwise("the state of a token", other),
        }
    }

    /// Withdraws a token.
    pub async fn withdraw(&self, key: Key) -> Heard<()> {
        let request = self.http.delete(format!("{}/v1/tokens/{}", self.private, self.journal.id(key)));
        match answer(Self::inside(request, &self.officer)).await {
            Heard::Said((204, _)) => Heard::Said(()),
            other => self.otherwise("a withdrawal", other),
        }
    }

    /// So many tokens, of a service that has nothing wrong with it.
    pub async fn issue_many(&self, n: usize) -> Vec<Key> {
        let one = |_| async {
            let Heard::Said(key) = self.issue().await else { panic!("nothing can be issued") };
            key
        };
        stream::iter(0..n).map(one).buffer_unordered(16).collect().await
    }

    /// Checks a token. The journal judges the answer before it is given back.
    #[allow(clippy::disallowed_methods, reason = "an answer that comes too late is none")]
    pub async fn check(&self, key: Key, attempt: &str) -> Heard<String> {
        self.journal.sent(key, attempt);
        let body = json!({"token": self.journal.token(key), "attempt": attempt});
        let begun = Instant::now();
        let heard = answer(self.http.post(format!("{}/v1/verify", self.public)).json(&body).timeout(LONG)).await;
        if begun.elapsed() > ANSWERED {
            self.journal.late(key);
        }
        match heard {
            Heard::Said((200, answer)) => {
                let verdict = answer["verdict"].as_str().unwrap().to_owned();
                self.journal.heard(key, attempt, &verdict);
                Heard::Said(verdict)
            }
            other => self.otherwise("a check", other),
        }
    }

    /// What a proxy asks the public side.
    pub async fn is_ready(&self) -> bool {
        let asked = self.http.get(format!("{}/health/ready", self.public)).timeout(LONG).send().await;
        asked.is_ok_and(|response| response.status().is_success())
    }

    /// A status that nobody may get here means that the store has lost what it rests on.
    fn otherwise<T>(&self, what: &str, heard: Heard<(u16, Value)>) -> Heard<T> {
        match heard {
            // Credentials have run out a month later, and what is asked for until then is over.
            Heard::Said((401 | 403 | 409 | 422, _)) if self.journal.clocks_step.load(Ordering::Relaxed) => Heard::Unavailable,
            Heard::Said((status, said)) => {
                self.journal.found(Finding::Unusable(format!("{what} was answered with {status} {}", said["type"])));
                Heard::Unavailable
            }
            Heard::Unavailable => Heard::Unavailable,
            Heard::Nothing => Heard::Nothing,
        }
    }

    /// Somebody checks who never did before.
    pub async fn check_again(&self, key: Key, dice: &mut Dice) -> Heard<String> {
        self.check(key, &dice.attempt()).await
    }
}

async fn answer(request: RequestBuilder) -> Heard<(u16, Value)> {
    // The service may end a connection that was idle at the moment when it is used again; clients then ask once more.
    let again = request.try_clone().expect("its body is in memory");
    let sent = match request.send().await {
        Ok(response) => Ok(response),
        Err(_) => again.send().await,
    };
    let Ok(response) = sent else { return Heard::Nothing };
    let status = response.status().as_u16();
    let Ok(body) = response.bytes().await else { return Heard::Nothing };
    if status == 204 {
        return Heard::Said((status, Value::Null));
    }
    // A store that fails is 503 on both sides; on the public one its verdict must say so too.
    let json: Value = serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{status} without JSON"));
    if status == 503 {
        let verdict = json.get("verdict").is_none_or(|verdict| verdict == "cannot_check");
        assert!(verdict, "503 with {json}");
        return Heard::Unavailable;
    }
    Heard::Said((status, json))
}
