//! The commands that ask a running service over HTTP.

use std::time::Duration;

use serde_json::Value;
use ureq::{
    Agent, Body,
    http::{HeaderMap, Request, Response},
    tls::{Certificate, RootCerts, TlsConfig},
};

use super::Failure;
use crate::{files::reason, issuer::Credential};

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often what is done once is sent before there is no answer.
const TRIES: u8 = 3;

/// Talks to one service.
pub struct Client {
    agent: Agent,
    base: String,
}

/// An answer as it arrived.
pub struct Reply {
    /// Its status.
    pub status: u16,
    headers: HeaderMap,
    /// Its body, still compressed where it was.
    pub body: Vec<u8>,
}

impl Reply {
    /// A header of text, all its lines (RFC 9110, 5.3); nothing where there is none.
    pub fn header(&self, name: &str) -> String {
        self.headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default()).collect::<Vec<_>>().join(", ")
    }

    /// The body as JSON, if it is some.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

impl Client {
    /// For the service at `base`, without a slash at the end.
    pub fn new(base: String) -> Self {
        let config = Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).max_redirects(0);
        let config = if base.starts_with("https:") { config.tls_config(trusted()) } else { config };
        Self { agent: config.build().into(), base }
    }

    /// Asks with these headers and this body, and reads whatever comes back.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &'static str) -> Result<Reply, Failure> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(body).map_err(|error| self.no_answer(&error.into()))?;
        let mut response = self.agent.run(request).map_err(|error| self.no_answer(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.body_mut().read_to_vec().map_err(|error| self.no_answer(&error))?;
        Ok(Reply { status, headers, body })
    }

    /// Posts JSON and reads the status and JSON that come back, whatever the status.
    pub fn post(&self, path: &str, body: &Value) -> Result<(u16, Value), Failure> {
        self.answer(self.agent.post(format!("{}{path}", self.base)).send_json(body))
    }

    /// Posts what is to be done once, with a key that was drawn for it: where no answer comes it is sent again, and whatever became of
    /// the first try is answered.
    pub fn post_once(&self, path: &str, credential: &Credential, key: &str, body: &Value) -> Result<(u16, Value), Failure> {
        let send = || {
            let request = self.agent.post(format!("{}{path}", self.base)).header("Authorization", bearer(credential));
            self.answer(request.header("Idempotency-Key", format!("\"{key}\"")).send_json(body))
        };
        (1..TRIES).fold(send(), |answered, _| answered.or_else(|_| send()))
    }

    /// Gets a text, with a credential, whatever the status.
    pub fn get(&self, path: &str, credential: &Credential) -> Result<(u16, String), Failure> {
        self.text(self.agent.get(format!("{}{path}", self.base)).header("Authorization", bearer(credential)).call())
    }

    /// Deletes, with a credential.
    pub fn delete(&self, path: &str, credential: &Credential) -> Result<(u16, Value), Failure> {
        let request = self.agent.delete(format!("{}{path}", self.base)).header("Authorization", bearer(credential));
        self.answer(request.call())
    }

    fn answer(&self, response: Result<Response<Body>, ureq::Error>) -> Result<(u16, Value), Failure> {
        let (status, text) = self.text(response)?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    fn text(&self, response: Result<Response<Body>, ureq::Error>) -> Result<(u16, String), Failure> {
        let mut response = response.map_err(|error| self.no_answer(&error))?;
        let status = response.status().as_u16();
        Ok((status, response.body_mut().read_to_string().map_err(|error| self.no_answer(&error))?))
    }

    fn no_answer(&self, error: &ureq::Error) -> Failure {
        let why = match error {
            ureq::Error::Io(error) => reason(error),
            error => error.to_string(),
        };
        Failure::cannot_check(format!("{} did not answer ({why}); see that the service runs there", self.base))
    }
}

/// Whom this machine trusts, an authority of one's own included; whom browsers trust where it names nobody.
fn trusted() -> TlsConfig {
    let authorities = rustls_native_certs::load_native_certs().certs;
    let authorities: Vec<_> = authorities.iter().map(|authority| Certificate::from_der(authority).to_owned()).collect();
    let roots = if authorities.is_empty() { RootCerts::WebPki } else { RootCerts::new_with_certs(&authorities) };
    TlsConfig::builder().root_certs(roots).build()
}

fn bearer(credential: &Credential) -> String {
    format!("Bearer {}", credential.expose())
}

/// Turns problem details (RFC 9457) into the sentence and the exit code.
pub fn refused(status: u16, problem: &Value) -> Failure {
    let said = said(status, problem, "--private-url");
    let choices = problem["authorisations"].as_array().into_iter().flatten().filter_map(|a| a["id"].as_str());
    let said = choices.fold(said, |said, id| format!("{said}\n  --authorisation {id}"));
    match status {
        404 if is_elsewhere(problem) => Failure::wrong(said),
        429 => Failure::cannot_check(said),
        403 | 404 | 409 => Failure::no(said),
        400..=499 => Failure::wrong(said),
        _ => Failure::cannot_check(said),
    }
}

/// The sentence; `flag` chose the address that was asked.
pub fn said(status: u16, problem: &Value, flag: &str) -> String {
    match (status, problem["detail"].as_str()) {
        (401, _) => "the service does not accept this credential; make a new one with `countersign officers credential`".into(),
        (404, _) if is_elsewhere(problem) => format!("what answers there is not the right side of the service; check {flag}"),
        (_, Some(detail)) => detail.to_owned(),
        (status, None) => format!("what answers there says {status} and no more; check {flag}"),
    }
}

/// Nothing is at this address, as opposed to: nothing has this id.
fn is_elsewhere(problem: &Value) -> bool {
    problem["type"].as_str().is_none_or(|kind| kind == "urn:countersign:problem:not-found")
}
