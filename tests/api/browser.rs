//! The console's page in a browser: what a person with a passkey sends.

use std::net::SocketAddr;

use countersign::authority::{Actor, Callsign, Officer, Role};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    actors::{Issued, Reply, issued},
    app::{CONSOLE_URL, TestApp},
    authenticator::Passkey,
};

/// The cookie's name and what stands between it and its value.
pub const COOKIE: &str = "__Host-session=";

/// What a browser with Fetch Metadata sends from our own page.
pub const OWN: [(&str, &str); 2] = [("sec-fetch-site", "same-origin"), ("origin", CONSOLE_URL)];

#[derive(Clone)]
pub struct Browser {
    http: Client,
    private: SocketAddr,
    /// The value of the session's cookie.
    pub session: Option<String>,
}

impl Browser {
    pub fn at(private: SocketAddr) -> Self {
        Self { http: crate::http::client().build().unwrap(), private, session: None }
    }

    /// The same over another address of this machine.
    pub fn at_address(&self, last: u8) -> Self {
        let local: std::net::IpAddr = [127, 0, 0, last].into();
        Self { http: crate::http::client().local_address(local).build().unwrap(), ..self.clone() }
    }

    /// The same browser with another cookie.
    pub fn holding(&self, session: &str) -> Self {
        Self { session: Some(session.to_owned()), ..self.clone() }
    }

    /// As another page would send it, which cannot keep the cookie from going along.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("http://{}{path}", self.private));
        match &self.session {
            Some(session) => request.header("cookie", format!("{COOKIE}{session}")),
            None => request,
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        OWN.into_iter().fold(self.bare(method, path), |request, (name, value)| request.header(name, value))
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

    /// Ceremony and options of a registration, which must begin.
    pub async fn begin_registration(&self, link: &str) -> Value {
        begun(&self.post("/v1/passkeys/options", &json!({"link": link})).await)
    }

    pub async fn end_registration(&self, link: &str, challenge: &Value, credential: Value) -> Reply {
        self.post("/v1/passkeys", &json!({"link": link, "ceremony": challenge["ceremony"], "credential": credential})).await
    }

    pub async fn register(&self, link: &str, passkey: &mut Passkey) -> Reply {
        let challenge = self.begin_registration(link).await;
        let credential = passkey.create(&challenge["options"]);
        self.end_registration(link, &challenge, credential).await
    }

    pub async fn begin_sign_in(&self) -> Value {
        begun(&self.post("/v1/session/options", &Value::Null).await)
    }

    pub async fn end_sign_in(&self, answer: &Value) -> Reply {
        self.post("/v1/session", answer).await
    }

    /// The answer of a passkey to a new sign-in.
    pub async fn sign_in_answer(&self, passkey: &mut Passkey) -> Value {
        answer(&self.begin_sign_in().await, passkey)
    }

    pub async fn try_sign_in(&self, passkey: &mut Passkey) -> Reply {
        self.end_sign_in(&self.sign_in_answer(passkey).await).await
    }

    /// The same browser after a sign-in, which must succeed.
    pub async fn signed_in(&self, passkey: &mut Passkey) -> Self {
        let reply = self.try_sign_in(passkey).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let cookie = reply.header("set-cookie").split(';').next().unwrap();
        self.holding(cookie.strip_prefix(COOKIE).unwrap())
    }

    pub async fn begin_confirmation(&self) -> Value {
        begun(&self.post("/v1/confirmations", &Value::Null).await)
    }

    /// A confirmation that is good for one issue.
    pub async fn confirmation(&self, passkey: &mut Passkey) -> Value {
        answer(&self.begin_confirmation().await, passkey)
    }

    /// Tries to issue an in-person token.
    pub async fn try_issue(&self, confirmation: &Value) -> Reply {
        self.post("/v1/tokens", &json!({"channel": "in-person", "confirmation": confirmation})).await
    }

    pub async fn issue(&self, passkey: &mut Passkey) -> Issued {
        issued(&self.try_issue(&self.confirmation(passkey).await).await)
    }
}

/// What a passkey answers to the challenge of a ceremony.
pub fn answer(challenge: &Value, passkey: &mut Passkey) -> Value {
    json!({"ceremony": challenge["ceremony"], "credential": passkey.get(&challenge["options"])})
}

fn begun(reply: &Reply) -> Value {
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{reply:?}");
    reply.json()
}

impl TestApp {
    pub fn browser(&self) -> Browser {
        Browser::at(self.private)
    }

    /// The secret of a new one-time link.
    pub async fn link(&self, callsign: &Callsign) -> String {
        self.registry.make_link(&Actor::Operator, callsign).await.unwrap().link.expose().to_owned()
    }

    /// Registers a passkey for somebody who is enrolled.
    pub async fn registers(&self, officer: &Officer, passkey: &mut Passkey) {
        let reply = self.browser().register(&self.link(&officer.callsign).await, passkey).await;
        assert_eq!(reply.status, 201, "{reply:?}");
    }

    /// Somebody new who has signed in, with their passkey.
    pub async fn comes_in(&self, callsign: &str, role: Role, seed: u8) -> (Browser, Passkey) {
        let officer = self.registry.enrol(&Actor::Operator, callsign.parse().unwrap(), role).await.unwrap();
        self.signs_in(&officer, seed).await
    }

    /// Somebody who is enrolled and has now signed in, with a new passkey.
    pub async fn signs_in(&self, officer: &Officer, seed: u8) -> (Browser, Passkey) {
        let mut passkey = Passkey::new(seed);
        self.registers(officer, &mut passkey).await;
        (self.browser().signed_in(&mut passkey).await, passkey)
    }
}
