//! The officers' console through a proxy: what it is handed, sign-in by passkey, and events that come at once.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    sync::mpsc::{Receiver, channel},
    thread,
};

use reqwest::{Method, RequestBuilder, Response, header::HeaderMap};
use serde_json::{Value, json};

use super::front::{Behind, CONSOLE, Front, Kind, PUBLIC, address};
use crate::{
    authenticator::{ORIGIN, Passkey},
    running::{Folder, PATIENCE, SETTINGS, Service},
};

fn settings() -> String {
    SETTINGS.replace("private =", "console_url = \"https://console.example.org\"\nforwarded_from = [\"127.0.0.1\"]\nprivate =")
}

/// Answers everything with nothing, and gives the heads of the requests that it got.
fn recorder() -> (String, Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap().to_string();
    let (sender, heads) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let head: Vec<String> = reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let _ = reader.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
            if sender.send(head).is_err() {
                return;
            }
        }
    });
    (here, heads)
}

#[tokio::test]
async fn the_console_is_handed_what_browsers_send() {
    for kind in Kind::here("the_console_is_handed_what_browsers_send") {
        let (here, heads) = recorder();
        let front = Front::start(kind, Behind { verifiers: [Behind::NOBODY; 2], issuer: &here });
        let sent = [
            ("cookie", "__Host-session=session_x"),
            ("origin", ORIGIN),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-mode", "cors"),
            ("authorization", "Bearer x"),
        ];
        for builder in [front.visitor(5), front.visitor(5).http1_only()] {
            let request = builder.build().unwrap().post(front.console("/v1/session?x=%2F")).header("x-forwarded-for", "192.0.2.1");
            let request = sent.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            assert_eq!(request.body("{}").send().await.unwrap().status().as_u16(), 204, "{kind:?}");
            let head = heads.recv_timeout(PATIENCE).unwrap();
            assert_eq!(head[0], "POST /v1/session?x=%2F HTTP/1.1", "{kind:?}");
            let values = |name: &str| -> Vec<String> {
                let fields = head[1..].iter().filter_map(|line| line.split_once(": "));
                fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).collect()
            };
            assert_eq!(values("host"), [format!("{CONSOLE}:{}", front.secure.port())], "{kind:?}");
            assert_eq!(values("x-forwarded-for"), ["127.0.0.5"], "{kind:?}");
            for (name, value) in sent {
                assert_eq!(values(name), [value], "{kind:?} {name}");
            }
        }
    }
}

/// As the console's own page asks.
fn of_the_page(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header("origin", ORIGIN).header("sec-fetch-site", "same-origin").json(body)
}

async fn done(status: u16, request: RequestBuilder) -> (HeaderMap, Value) {
    let reply = request.send().await.unwrap();
    let (given, headers) = (reply.status().as_u16(), reply.headers().clone());
    let body = reply.text().await.unwrap();
    assert_eq!(given, status, "{body}");
    (headers, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn an_officer_registers_signs_in_and_issues() {
    for kind in Kind::here("an_officer_registers_signs_in_and_issues") {
        let folder = Folder::ready_with(&settings());
        let issuer = Service::start(&folder, &["--role", "issuer"]);
        let front = Front::start(kind, Behind { verifiers: [Behind::NOBODY; 2], issuer: address(&issuer.private) });
        let (browser, mut passkey) = (front.visitor(5).build().unwrap(), Passkey::new(1));
        let post = |path: &str, body: &Value| of_the_page(browser.post(front.console(path)), body);
        let link = folder.json(&["officers", "link", "falcon"])["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
        let (_, options) = done(200, post("/v1/passkeys/options", &json!({"link": link}))).await;
        let credential = passkey.create(&options["options"]);
        done(201, post("/v1/passkeys", &json!({"link": link, "ceremony": options["ceremony"], "credential": credential}))).await;
        let (_, options) = done(200, post("/v1/session/options", &json!({}))).await;
        let credential = passkey.get(&options["options"]);
        let (opened, _) = done(201, post("/v1/session", &json!({"ceremony": options["ceremony"], "credential": credential}))).await;
        let cookie = opened["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let (_, options) = done(200, post("/v1/confirmations", &json!({})).header("cookie", &cookie)).await;
        let confirmation = json!({"ceremony": options["ceremony"], "credential": passkey.get(&options["options"])});
        let issue = json!({"channel": "in-person", "confirmation": confirmation});
        let (_, made) = done(201, post("/v1/tokens", &issue).header("cookie", &cookie)).await;
        assert!(made["token"].is_string(), "{kind:?} {made}");
    }
}

/// Reads until this is said, and gives back how often the stream has only shown before that it lives.
async fn beats_until(stream: &mut Response, said: &str) -> usize {
    let mut read = String::new();
    while !read.contains(said) {
        let chunk = stream.chunk().await.unwrap().unwrap_or_else(|| panic!("{said} was not said: {read}"));
        read.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    read.matches("event: beat").count()
}

#[tokio::test]
async fn events_come_at_once() {
    for kind in Kind::here("events_come_at_once") {
        // Where nginx's own line is missing, the header of the service does it.
        let without: &[(&str, &str)] = if kind == Kind::Nginx { &[("            proxy_buffering off;\n", "")] } else { &[] };
        for changes in [&[][..], without] {
            let folder = Folder::ready_with(&settings());
            let issuer = Service::start(&folder, &["--role", "issuer"]);
            let verifier = Service::start(&folder, &[&["--role", "verifier"], &kind.named()[..]].concat());
            let behind = Behind { verifiers: [address(&verifier.public); 2], issuer: address(&issuer.private) };
            let front = Front::changed(kind, behind, [PUBLIC, CONSOLE], changes);
            let made = folder.json(&["issue", "--channel", "in-person", "--private-url", &issuer.private]);
            let credential = std::fs::read_to_string(folder.path().join("officer.credential")).unwrap();
            let url = front.console(&format!("/v1/tokens/{}/events", made["id"].as_str().unwrap()));
            for builder in [front.visitor(5), front.visitor(5).http1_only()] {
                let request = builder.build().unwrap().request(Method::GET, &url).bearer_auth(credential.trim());
                let mut stream = request.send().await.unwrap();
                assert_eq!(stream.status().as_u16(), 200, "{kind:?}");
                // The first beat comes after five seconds: what comes before it was not held back.
                assert_eq!(beats_until(&mut stream, "\"live\"").await, 0, "{kind:?}");
            }
            let request = front.visitor(5).build().unwrap().request(Method::GET, &url).bearer_auth(credential.trim());
            let mut stream = request.send().await.unwrap();
            beats_until(&mut stream, "\"live\"").await;
            let check = front.visitor(6).build().unwrap().post(front.public("/v1/verify")).json(&json!({"token": made["token"]}));
            let answer: Value = check.send().await.unwrap().json().await.unwrap();
            assert_eq!(answer["verdict"], "genuine", "{kind:?}");
            assert!(beats_until(&mut stream, "\"checked\"").await <= 1, "{kind:?}");
            let all = front.visitor(5).build().unwrap().get(front.console("/v1/changes")).bearer_auth(credential.trim());
            let mut changes = all.send().await.unwrap();
            assert_eq!(beats_until(&mut changes, "\"tokens\"]}\n\n").await, 0, "{kind:?}");
            folder.ok(&["officers", "suspend", "heron"]);
            assert!(beats_until(&mut changes, "\"tokens\"").await <= 1, "{kind:?}, by the command line");
        }
    }
}
