//! One length on the wire for every answer, head and body apart, by each way to ask (threat 13).

use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use libdeflater::Decompressor;
use serde_json::{Value, json};

use crate::{
    app::{Setup, TestApp},
    faults::Fault,
    world::unknown_code,
};

/// An answer as it came: its head with the empty line, and its body.
struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn status(&self) -> &str {
        &self.head[9..12]
    }

    fn has(&self, line: &str) -> bool {
        self.head.lines().any(|found| found.eq_ignore_ascii_case(line))
    }
}

async fn ask(address: SocketAddr, path: &str, headers: &str, body: &str) -> Answer {
    let request = format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let body = answer.split_off(end);
        Answer { head: String::from_utf8(answer).unwrap(), body }
    })
    .await
    .unwrap()
}

/// Every outcome that there is, as a JSON body for `/v1/verify` and with what it comes to.
async fn outcomes(app: &TestApp) -> Vec<(Value, &'static str)> {
    let long = json!({"channel": "telephone", "name": format!("a{}", "\"".repeat(23)), "place": format!("b{}", "\"".repeat(31)), "dialled": "123", "challenge": "123456"});
    let (long, plain) = (app.officer.issue(long).await, app.officer.issue_spoken().await);
    let numbered = app.officer.issue(json!({"channel": "in-person", "challenge": "123456"})).await;
    let gone = app.officer.issue_plain().await;
    app.officer.withdraw(&gone.id).await;
    vec![
        (json!({"code": long.words, "challenge": "123456"}), "genuine"),
        (json!({"code": long.words, "challenge": "123456"}), "already_checked"),
        (json!({"token": plain.token, "challenge": "123456"}), "other_challenge"),
        (json!({"token": numbered.token}), "challenge_needed"),
        (json!({"token": plain.token}), "genuine"),
        (json!({"token": gone.token}), "withdrawn"),
        (json!({"token": format!("{}A", &plain.token[..plain.token.len() - 1])}), "not_genuine"),
        (json!({"code": unknown_code(1).words()}), "unknown_code"),
        (json!({"token": "hello"}), "mistyped"),
    ]
}

fn unwrapped(answer: &Answer) -> Vec<u8> {
    let mut body = answer.body.clone();
    if answer.has("content-encoding: gzip") {
        let mut plain = vec![0; 100_000];
        let length = Decompressor::new().gzip_decompress(&body, &mut plain).unwrap();
        plain.truncate(length);
        body = plain;
    }
    if answer.has("content-type: application/octet-stream") {
        let (mask, covered) = body.split_at(body.len() / 2);
        return covered.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    }
    body
}

#[tokio::test]
async fn every_answer_of_verify_has_one_head_and_one_body() {
    for (wanted, length) in [
        ("", 2_048),
        ("accept-encoding: gzip\r\n", 2_071),
        ("accept-encoding: br, gzip;q=0\r\n", 2_048),
        ("accept: application/octet-stream\r\n", 4_000),
        ("accept: application/octet-stream\r\naccept-encoding: gzip\r\n", 4_023),
    ] {
        let app = Setup { guesses: 100, ..Setup::default() }.start().await;
        let address = app.public;
        let headers = format!("content-type: application/json\r\n{wanted}");
        let mut answers = Vec::new();
        for (body, verdict) in outcomes(&app).await {
            let answer = ask(address, "/v1/verify", &headers, &body.to_string()).await;
            let said: Value = serde_json::from_slice(&unwrapped(&answer)).unwrap();
            assert_eq!(said["verdict"], verdict, "{body}");
            answers.push(answer);
        }
        for wrong in ["{}", "[", r#"{"token": 1}"#, r#"{"code": "a", "token": "b"}"#] {
            answers.push(ask(address, "/v1/verify", &headers, wrong).await);
        }
        app.faults.set(Fault::Fails("use_once"));
        let token = app.officer.issue_plain().await.token;
        answers.push(ask(address, "/v1/verify", &headers, &json!({"token": token}).to_string()).await);
        app.faults.set(Fault::None);
        for _ in 0..60 {
            let answer = ask(address, "/v1/verify", &headers, &json!({"code": unknown_code(2).words()}).to_string()).await;
            let over = answer.status() == "429";
            answers.push(answer);
            if over {
                break;
            }
        }
        let statuses: BTreeSet<&str> = answers.iter().map(Answer::status).collect();
        assert_eq!(Vec::from_iter(statuses), ["200", "400", "422", "429", "503"]);
        for answer in &answers {
            // Lengths are those of the whole first line and all headers.
            assert_eq!((answer.head.len(), answer.body.len()), (answers[0].head.len(), length), "{wanted} {}", answer.head);
            assert!(answer.has("cache-control: no-store, no-transform"), "{}", answer.head);
        }
    }
}

#[tokio::test]
async fn every_answer_of_the_plain_form_has_one_head_and_one_body() {
    for language in ["en", "cy", "ur"] {
        for (wanted, length) in [("", 24_576), ("accept-encoding: gzip\r\n", 24_599)] {
            let app = Setup { guesses: 100, ..Setup::default() }.start().await;
            let address = app.public;
            let own = "content-type: application/x-www-form-urlencoded\r\n";
            let headers = format!("sec-fetch-site: same-origin\r\n{own}{wanted}");
            let mut answers = vec![];
            for (body, _) in outcomes(&app).await {
                let code = body["code"].as_str().or(body["token"].as_str()).unwrap();
                let number = body["challenge"].as_str().unwrap_or_default();
                let form = format!("lang={language}&code={}&challenge={number}", code.replace(' ', "+"));
                let answer = ask(address, "/check", &headers, &form).await;
                answers.push(answer);
            }
            let long = format!("code={}", "%22".repeat(2_000));
            for form in ["", "code=", "code=a&challenge=x", &long, "%"] {
                answers.push(ask(address, "/check", &headers, form).await);
            }
            answers.push(ask(address, "/check", &format!("{own}{wanted}"), "code=a").await);
            app.faults.set(Fault::Fails("use_once"));
            let token = app.officer.issue_plain().await.token;
            answers.push(ask(address, "/check", &headers, &format!("code={token}")).await);
            let statuses: BTreeSet<&str> = answers.iter().map(Answer::status).collect();
            assert_eq!(Vec::from_iter(statuses), ["200", "403", "422", "503"]);
            for answer in &answers {
                assert_eq!((answer.head.len(), answer.body.len()), (answers[0].head.len(), length), "{wanted} {}", answer.head);
            }
        }
    }
}
