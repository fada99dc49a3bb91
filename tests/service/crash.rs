//! Sudden ends: whatever was answered genuine stays used, for everybody but the attempt that was first.

use std::{
    sync::{
        Arc,
        mpsc::{Sender, channel},
    },
    thread,
};

use countersign::entropy::{Entropy as _, SystemEntropy};
use serde_json::{Value, json};

use crate::running::{Folder, Service, post};

const ROUNDS: usize = 8;
const TOKENS: usize = 24;
const CHECKERS: usize = 4;

/// Sixteen bytes as base64url that differ between checkers.
fn attempt(checker: usize) -> String {
    format!("{}{}", ["A", "B", "C", "D", "E"][checker], "A".repeat(21))
}

fn body(token: &str, checker: usize) -> Value {
    json!({"token": token, "attempt": attempt(checker)})
}

/// Every checker tries every token, from a place of its own, until nobody answers; tells of each first use.
fn check(public: &str, tokens: &Arc<Vec<String>>, answered: &Sender<(String, usize)>) {
    for checker in 0..CHECKERS {
        let (url, tokens, answered) = (format!("{public}/v1/verify"), tokens.clone(), answered.clone());
        thread::spawn(move || {
            for n in 0..TOKENS {
                let token = &tokens[(n + checker * TOKENS / CHECKERS) % TOKENS];
                let Some((_, answer)) = post(&url, &body(token, checker)) else { return };
                if answer["verdict"] == "genuine" {
                    let _ = answered.send((token.clone(), checker));
                }
            }
        });
    }
}

#[test]
fn what_was_genuine_once_survives_a_kill() {
    let folder = Folder::ready();
    for _ in 0..ROUNDS {
        let service = Service::start(&folder, &["--role", "all"]);
        let issue = || folder.json(&["issue", "--channel", "in-person", "--private-url", &service.private]);
        let tokens = Arc::new((0..TOKENS).map(|_| issue()["token"].as_str().unwrap().to_owned()).collect::<Vec<_>>());
        let (answered, firsts) = channel();
        check(&service.public, &tokens, &answered);
        drop(answered);
        // Killed after a random number of first uses, in the middle of the others.
        let mut byte = [0];
        SystemEntropy.fill(&mut byte).unwrap();
        let mut seen: Vec<_> = firsts.iter().take(1 + usize::from(byte[0]) % TOKENS).collect();
        service.kill();
        // Answers that were on their way.
        seen.extend(firsts.iter());

        let service = Service::start(&folder, &["--role", "all"]);
        let url = format!("{}/v1/verify", service.public);
        for (token, first) in &seen {
            assert_eq!(seen.iter().filter(|(other, _)| other == token).count(), 1, "one first use");
            let verdict = |checker| post(&url, &body(token, checker)).unwrap().1["verdict"].clone();
            assert_eq!(verdict(CHECKERS), "already_checked", "another attempt after the kill");
            assert_eq!(verdict(*first), "genuine", "the same attempt after the kill");
        }
        assert_eq!(service.terminate().0.code(), Some(0));
    }
}
