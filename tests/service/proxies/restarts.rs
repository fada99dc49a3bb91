//! Two verifiers, restarted one after the other under load or gone: no check is lost.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::{JoinHandle, spawn_blocking};

use super::front::{Behind, CONSOLE, Front, Kind, PUBLIC, address, eventually};
use crate::running::{Folder, Service, get};

const CHECKERS: u8 = 4;

type Checking = JoinHandle<Result<usize, String>>;

/// How many checks this process has answered.
fn answered(verifier: &Service) -> u64 {
    let (_, figures) = get(&format!("{}/metrics", verifier.private));
    let counts = figures.lines().filter(|line| line.starts_with("countersign_checks_total{"));
    counts.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}

/// Asks about one token with one attempt, over and over; gives back how often, or what went wrong first.
async fn check(client: Client, url: String, token: Value, checker: u8, over: Arc<AtomicBool>) -> Result<usize, String> {
    let attempt = format!("{}{}", char::from(b'A' + checker), "A".repeat(21));
    let body = json!({"token": token, "attempt": attempt});
    let mut count = 0;
    while !over.load(Ordering::Relaxed) {
        let reply = client.post(&url).json(&body).send().await.map_err(|error| format!("{error:?} after {count}"))?;
        let status = reply.status();
        let answer: Value = reply.json().await.map_err(|error| format!("{status} {error} after {count}"))?;
        if answer["verdict"] != "genuine" {
            return Err(format!("{status} {answer} after {count}"));
        }
        count += 1;
    }
    Ok(count)
}

/// By both versions of HTTP. Each check over a connection of its own, or half of them over one that is kept.
fn checkers(folder: &Folder, issuer: &Service, front: &Front, kept: bool, over: &Arc<AtomicBool>) -> Vec<Checking> {
    let checker = |n: u8| {
        let token = folder.json(&["issue", "--channel", "in-person", "--private-url", &issuer.private])["token"].clone();
        let builder = front.visitor(10 + n).pool_max_idle_per_host((kept && n.is_multiple_of(2)).into());
        let client = if n < CHECKERS / 2 { builder.http1_only() } else { builder }.build().unwrap();
        tokio::spawn(check(client, front.public("/v1/verify"), token, n, over.clone()))
    };
    (0..CHECKERS).map(checker).collect()
}

async fn restarted_one_by_one(kind: Kind, changes: &[(&str, &str)]) {
    let folder = Arc::new(Folder::ready());
    let issuer = Service::start(&folder, &["--role", "issuer"]);
    let [flag, named] = kind.named();
    let start =
        move |folder: &Folder, at: &str| Service::start(folder, &["--role", "verifier", flag, named, "--drain", "5s", "--public", at]);
    let verifiers = [(); 2].map(|()| start(&folder, "127.0.0.1:0"));
    let addresses = [0, 1].map(|n: usize| address(&verifiers[n].public).to_owned());
    let behind = Behind { verifiers: [&addresses[0], &addresses[1]], issuer: Behind::NOBODY };
    let front = Arc::new(Front::changed(kind, behind, [PUBLIC, CONSOLE], changes));
    let over = Arc::new(AtomicBool::new(false));
    // nginx closes connections that visitors keep, in whichever moment, when it reads its file.
    let checkers = checkers(&folder, &issuer, &front, kind != Kind::Nginx, &over);
    // Shared, so that neither ends with the restarts while checks go on.
    let (proxy, shared) = (front.clone(), folder.clone());
    let restarts = spawn_blocking(move || {
        let has_its_share = |verifier: &Service| eventually("a verifier is not asked", || answered(verifier) > 10);
        let mut verifiers = verifiers.map(Some);
        verifiers.iter().flatten().for_each(has_its_share);
        for (n, at) in addresses.iter().enumerate() {
            let (up, down) = (format!("{at} max_fails=1 fail_timeout=2s;"), format!("{at} max_fails=1 fail_timeout=2s down;"));
            if kind == Kind::Nginx {
                proxy.reload(&up, &down);
            }
            assert_eq!(verifiers[n].take().unwrap().terminate().0.code(), Some(0));
            verifiers[n] = Some(start(&shared, at));
            if kind == Kind::Nginx {
                proxy.reload(&down, &up);
            }
            // Found ready by the proxy, and asked, before the next one goes.
            verifiers.iter().flatten().for_each(has_its_share);
        }
        verifiers
    });
    let restarted = restarts.await.unwrap();
    over.store(true, Ordering::Relaxed);
    let mut counts = vec![];
    for checker in checkers {
        counts.push(checker.await.unwrap());
    }
    drop(restarted);
    assert!(counts.iter().all(|count| count.as_ref().is_ok_and(|count| *count > 10)), "{kind:?} {counts:?}");
    println!("{kind:?} checks answered: {counts:?}");
}

/// It has no active checks, so that it is said in its file which verifier goes.
#[tokio::test(flavor = "multi_thread")]
async fn behind_nginx_no_check_is_lost() {
    if Kind::Nginx.is_here("behind_nginx_no_check_is_lost") {
        restarted_one_by_one(Kind::Nginx, &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_apache_no_check_is_lost() {
    if Kind::Apache.is_here("behind_apache_no_check_is_lost") {
        restarted_one_by_one(Kind::Apache, &[]).await;
    }
}

/// Without the second try that the file allows where no verifier has seen the first: its checks turn away in time.
#[tokio::test(flavor = "multi_thread")]
async fn behind_caddy_no_check_is_lost() {
    if Kind::Caddy.is_here("behind_caddy_no_check_is_lost") {
        restarted_one_by_one(Kind::Caddy, &[("lb_try_duration 5s", "lb_try_duration 0s")]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_haproxy_no_check_is_lost() {
    if Kind::Haproxy.is_here("behind_haproxy_no_check_is_lost") {
        restarted_one_by_one(Kind::Haproxy, &[("retry-on conn-failure\n    option redispatch 1", "retries 0")]).await;
    }
}

/// Nobody said that it would go, and no check of the proxy's own may have found out yet.
#[tokio::test]
async fn a_verifier_that_is_gone_is_passed_over() {
    for kind in Kind::here("a_verifier_that_is_gone_is_passed_over") {
        let folder = Folder::ready();
        drop(Service::start(&folder, &["--role", "issuer"]));
        let [going, staying] = [(); 2].map(|()| Service::start(&folder, &[&["--role", "verifier"], &kind.named()[..]].concat()));
        let behind = Behind { verifiers: [address(&going.public), address(&staying.public)], issuer: Behind::NOBODY };
        let front = Front::start(kind, behind);
        going.kill();
        for _ in 0..20 {
            let visitor = front.visitor(5).build().unwrap();
            let answer: Value =
                visitor.post(front.public("/v1/verify")).json(&json!({"code": "no code"})).send().await.unwrap().json().await.unwrap();
            assert_eq!(answer["verdict"], "mistyped", "{kind:?}");
        }
    }
}
