//! Who uses the service: people inside with a credential, and anyone outside with a code.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign::authority::Officer;
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

/// Nothing here takes this long; a test that waits longer has failed.
pub const LONG: Duration = Duration::from_secs(20);

/// An answer that was read whole.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Reply {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.timeout(LONG).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.text().await.unwrap() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The verdict of an answer of `/v1/verify`; whatever it is, its status and length are right.
    pub fn verdict(&self) -> String {
        let verdict = self.json()["verdict"].as_str().unwrap_or_else(|| panic!("no verdict: {self:?}")).to_owned();
        assert_eq!(self.status, if verdict == "cannot_check" { 503 } else { 200 }, "{self:?}");
        assert_eq!(self.body.len(), 2_048, "{self:?}");
        verdict
    }

    /// RFC 9457: status and kind of the problem, which has every member that it must have.
    pub fn problem(&self) -> (u16, String) {
        let json = self.json();
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(json["status"], self.status, "{self:?}");
        assert!(!json["title"].as_str().unwrap().is_empty() && !json["detail"].as_str().unwrap().is_empty(), "{self:?}");
        let kind = json["type"].as_str().unwrap().strip_prefix("urn:countersign:problem:").unwrap().to_owned();
        (self.status, kind)
    }
}

/// Somebody with a code. Each has an attempt of their own, unless it is taken away.
#[derive(Clone)]
pub struct Asker {
    http: Client,
    public: SocketAddr,
    pub attempt: Option<String>,
    number: Option<String>,
    /// As a proxy names them, where one is believed.
    address: Option<String>,
}

impl Asker {
    pub fn at(public: SocketAddr) -> Self {
        Self { http: crate::http::client().build().unwrap(), public, attempt: Some(fresh_attempt()), number: None, address: None }
    }

    /// The same person with another attempt, as after closing the page.
    pub fn another(&self) -> Self {
        Self { attempt: Some(fresh_attempt()), ..self.clone() }
    }

    pub fn without_attempt(&self) -> Self {
        Self { attempt: None, ..self.clone() }
    }

    pub fn with_number(&self, number: &str) -> Self {
        Self { number: Some(number.to_owned()), ..self.clone() }
    }

    /// The same from any address, where the service believes whom its proxy names.
    pub fn from(&self, address: &str) -> Self {
        Self { address: Some(address.to_owned()), ..self.clone() }
    }

    /// The same over another address of this machine.
    pub fn at_address(&self, last: u8) -> Self {
        let local: IpAddr = Ipv4Addr::new(127, 0, 0, last).into();
        Self { http: crate::http::client().local_address(local).build().unwrap(), ..self.clone() }
    }

    /// What would be sent for a token (`"token"`) or a spoken code (`"code"`).
    pub fn body(&self, member: &str, shown: &str) -> Value {
        let mut body = json!({ member: shown });
        for (name, value) in [("attempt", &self.attempt), ("challenge", &self.number)] {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        body
    }

    pub async fn token(&self, token: &str) -> Reply {
        self.verify(&self.body("token", token)).await
    }

    pub async fn code(&self, code: &str) -> Reply {
        self.verify(&self.body("code", code)).await
    }

    pub async fn verify(&self, body: &Value) -> Reply {
        Reply::of(self.request(Method::POST, "/v1/verify").json(body)).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::GET, path)).await
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("http://{}{path}", self.public));
        match &self.address {
            Some(address) => request.header("x-forwarded-for", address),
            None => request,
        }
    }
}

fn fresh_attempt() -> String {
    static DRAWN: AtomicU64 = AtomicU64::new(1);
    let number = DRAWN.fetch_add(1, Ordering::Relaxed);
    URL_SAFE_NO_PAD.encode([number.to_be_bytes(), (!number).to_be_bytes()].concat())
}

/// Somebody inside, or who pretends to be.
#[derive(Clone)]
pub struct Person {
    http: Client,
    private: SocketAddr,
    pub officer: Officer,
    credential: Option<String>,
}

/// A token as its officer got it.
#[derive(Debug)]
pub struct Issued {
    pub id: String,
    pub token: String,
    pub link: String,
    /// Empty if it may not be spoken.
    pub words: String,
    pub digits: String,
    pub expires_at: i64,
}

/// Reads the answer to an issue, which must have succeeded.
pub fn issued(reply: &Reply) -> Issued {
    assert_eq!(reply.status, 201, "{reply:?}");
    let json = reply.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Issued {
        id: text(&json["id"]),
        token: text(&json["token"]),
        link: text(&json["link"]),
        words: text(&json["spoken"]["words"]),
        digits: text(&json["spoken"]["digits"]),
        expires_at: json["expires_at"].as_i64().unwrap(),
    }
}

impl Person {
    pub fn new(private: SocketAddr, officer: Officer, credential: Option<String>) -> Self {
        Self { http: crate::http::client().build().unwrap(), private, officer, credential }
    }

    /// Somebody at the private listener of whom nothing is known.
    pub fn anybody(&self) -> Asker {
        Asker::at(self.private)
    }

    /// The same person with another credential, or with none.
    pub fn with_credential(&self, credential: Option<&str>) -> Self {
        Self { credential: credential.map(str::to_owned), ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("http://{}{path}", self.private));
        match &self.credential {
            Some(credential) => request.bearer_auth(credential),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        let request = self.request(Method::POST, path);
        Reply::of(if body.is_null() { request } else { request.json(body) }).await
    }

    /// Issues a token, which must succeed.
    pub async fn issue(&self, body: Value) -> Issued {
        issued(&self.post("/v1/tokens", &body).await)
    }

    /// Asks for the words of a token, of which these are the bytes.
    pub async fn speak(&self, id: &str, token: &str) -> Reply {
        self.post(&format!("/v1/tokens/{id}/spoken"), &json!({ "token": token })).await
    }

    /// An in-person token without anything else.
    pub async fn issue_plain(&self) -> Issued {
        self.issue(json!({"channel": "in-person"})).await
    }

    /// A token whose code may be spoken.
    pub async fn issue_spoken(&self) -> Issued {
        self.issue(json!({"channel": "telephone"})).await
    }

    pub async fn withdraw(&self, id: &str) {
        assert_eq!(self.delete(&format!("/v1/tokens/{id}")).await.status, 204);
    }

    pub async fn status(&self, id: &str) -> Value {
        self.get(&format!("/v1/tokens/{id}")).await.json()
    }
}
