//! The officer's stream: live, then checked at once.

use countersign::{
    store::{GuessPool, SqliteStore, VerifierStore as _},
    token::SpokenWords,
};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    actors::{LONG, Person},
    app::{Setup, TestApp},
    world::{self, MINUTE, NOW},
};

/// A stream of server-sent events, read one by one.
pub struct Events {
    response: Response,
    read: String,
}

impl Events {
    pub async fn of(person: &Person, id: &str) -> Self {
        Self::open(person.request(Method::GET, &format!("/v1/tokens/{id}/events"))).await
    }

    pub async fn open(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self { response, read: String::new() }
    }

    /// The next event, or `None` once the stream has ended. Beats alone are no event, so a stream that does not end when it
    /// must is noticed.
    pub async fn next(&mut self) -> Option<Value> {
        timeout(LONG, self.read_on()).await.expect("neither an event nor an end")
    }

    async fn read_on(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.read.find("\n\n") {
                let event: String = self.read.drain(..end + 2).collect();
                if let Some(data) = event.strip_prefix("data: ") {
                    return Some(serde_json::from_str(data).unwrap());
                }
                continue;
            }
            // One that had to give way ends without its last chunk.
            let chunk = self.response.chunk().await.ok()??;
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

pub fn status(state: &str, first_checked_at: Option<i64>) -> Value {
    json!({"state": state, "first_checked_at": first_checked_at, "wrong_numbers": 0, "spoken_words": null})
}

/// Of a code of five words.
pub fn spoken_status(state: &str, first_checked_at: Option<i64>) -> Value {
    json!({"state": state, "first_checked_at": first_checked_at, "wrong_numbers": 0, "spoken_words": 5})
}

#[tokio::test]
async fn live_then_checked() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    let mut events = Events::of(&app.officer, &issued.id).await;
    assert_eq!(events.next().await, Some(status("live", None)));
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
    assert_eq!(events.next().await, Some(status("checked", Some(MINUTE))));
    app.officer.withdraw(&issued.id).await;
    assert_eq!(events.next().await, Some(status("withdrawn", Some(MINUTE))));
    assert_eq!(events.next().await, None, "nothing can change any more");
}

#[tokio::test]
async fn a_check_in_another_process_is_seen_as_well() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    let mut events = Events::of(&app.officer, &issued.id).await;
    assert_eq!(events.next().await, Some(status("live", None)));
    assert_eq!(app.second_verifier().await.token(&issued.token).await.verdict(), "genuine");
    assert_eq!(events.next().await, Some(status("checked", Some(MINUTE))));
}

#[tokio::test]
async fn several_may_watch_and_checks_of_other_tokens_say_nothing() {
    let app = TestApp::start().await;
    let (issued, other) = (app.officer.issue_plain().await, app.officer.issue_plain().await);
    let mut watching = [Events::of(&app.officer, &issued.id).await, Events::of(&app.approver, &issued.id).await];
    for events in &mut watching {
        assert_eq!(events.next().await, Some(status("live", None)));
    }
    assert_eq!(app.anyone().token(&other.token).await.verdict(), "genuine");
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
    for events in &mut watching {
        assert_eq!(events.next().await, Some(status("checked", Some(MINUTE))));
    }
}

#[tokio::test]
async fn a_stream_lasts_for_as_long_as_a_check_may_come() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    let mut events = Events::of(&app.officer, &issued.id).await;
    assert_eq!(events.next().await, Some(status("live", None)));
    app.clock.set(issued.expires_at + 59);
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
    let minute = issued.expires_at + 59 - (issued.expires_at + 59) % 60;
    assert_eq!(events.next().await, Some(status("checked", Some(minute))));
    app.clock.set(issued.expires_at + 60);
    assert_eq!(events.next().await, None, "a checked token is watched until its time is over");
    app.begins_again_at(NOW);
    let unchecked = app.officer.issue_plain().await;
    let mut events = Events::of(&app.officer, &unchecked.id).await;
    assert_eq!(events.next().await, Some(status("live", None)));
    app.clock.set(unchecked.expires_at + 60);
    assert_eq!(events.next().await, Some(status("expired", None)));
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn what_may_not_be_seen_is_refused_before_the_stream() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    let stranger = app.person("kite", countersign::authority::Role::Officer).await;
    let path = format!("/v1/tokens/{}/events", issued.id);
    assert_eq!(stranger.get(&path).await.problem(), (404, "unknown".into()));
    assert_eq!(app.officer.with_credential(None).get(&path).await.problem().0, 401);
}

/// It is somebody's phone or program that was lost: anybody who holds it sees nothing more from that moment.
#[tokio::test]
async fn a_program_whose_credential_is_revoked_or_over_watches_no_more() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    let people = app.administrator.get("/v1/people").await.json();
    let falcon = people.as_array().unwrap().iter().find(|person| person["callsign"] == "falcon").unwrap();
    let key = falcon["keys"][0]["id"].as_str().unwrap();
    let mut events = Events::of(&app.officer, &issued.id).await;
    assert_eq!(events.next().await, Some(status("live", None)));
    assert_eq!(app.administrator.delete(&format!("/v1/keys/{key}")).await.status, 200);
    assert_eq!(events.next().await, None);
}

/// Who reads a code out has to learn at once that all six words are needed.
#[tokio::test]
async fn a_stream_tells_of_six_words_while_the_code_is_on_the_screen() {
    let app = Setup { words: SpokenWords::Auto, guesses: 4, ..Setup::default() }.start().await;
    let (issued, silent) = (app.officer.issue_spoken().await, app.officer.issue_plain().await);
    let words = |state: &str, words: Value| json!({"state": state, "first_checked_at": null, "wrong_numbers": 0, "spoken_words": words});
    let mut watching = [Events::of(&app.officer, &issued.id).await, Events::of(&app.approver, &issued.id).await];
    let mut plain = Events::of(&app.officer, &silent.id).await;
    for events in &mut watching {
        assert_eq!(events.next().await, Some(words("live", json!(5))));
    }
    assert_eq!(plain.next().await, Some(words("live", Value::Null)));
    // As another process counts them.
    let verifier = SqliteStore::open_for_verifier(&app.path(), &world::deployment_keys()).unwrap();
    for _ in 0..2 {
        assert!(verifier.take_guess(GuessPool::Five, 4, NOW).await.unwrap().is_some());
    }
    for events in &mut watching {
        assert_eq!(events.next().await, Some(words("live", json!(6))));
    }
    assert_eq!(app.officer.status(&issued.id).await, words("live", json!(6)));
    let list = app.officer.get("/v1/tokens").await.json();
    let mut listed: Vec<&Value> = list.as_array().unwrap().iter().map(|token| &token["spoken_words"]).collect();
    listed.sort_by_key(|words| words.is_null());
    assert_eq!(listed, [&json!(6), &Value::Null]);
    // What was read out is as good as it was; what is issued now has six.
    assert_eq!(app.anyone().code(&issued.words).await.verdict(), "genuine");
    for events in &mut watching {
        assert_eq!(events.next().await.unwrap()["state"], "checked");
    }
    let next = app.officer.issue_spoken().await;
    assert_eq!(next.words.split(' ').count(), 6);
    assert_eq!(app.officer.status(&next.id).await, words("live", json!(6)));
    let speak = app.officer.speak(&silent.id, &silent.token).await.json();
    let spoken = &speak["spoken"];
    assert_eq!((&spoken["words"], &spoken["digits"]), (&spoken["six_words"], &spoken["six_digits"]));
    assert_eq!(spoken["words"].as_str().unwrap().split(' ').count(), 6);
    app.officer.withdraw(&silent.id).await;
    assert_eq!(plain.next().await.unwrap()["spoken_words"], 6);
}
