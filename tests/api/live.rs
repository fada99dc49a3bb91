//! The list of live tokens: what was issued and can still be checked, for those whom it concerns.

use countersign::authority::Role;
use serde_json::{Value, json};

use crate::{
    actors::Person,
    app::{TestApp, wide},
    world::{MINUTE, NOW},
};

async fn listed(person: &Person) -> Value {
    let reply = person.get("/v1/tokens").await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{reply:?}");
    reply.json()
}

async fn ids(person: &Person) -> Vec<String> {
    listed(person).await.as_array().unwrap().iter().map(|token| token["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_sent_of_each_and_in_which_order() {
    let app = TestApp::start().await;
    assert_eq!(listed(&app.officer).await, json!([]));
    let body = json!({"channel": "online", "not_before": NOW + 600, "lifetime": 60, "name": "Quillfeather", "place": "Zanzibar"});
    let prepared = app.officer.issue(body).await;
    let (face, phone, gone) = (app.officer.issue_plain().await, app.officer.issue_spoken().await, app.officer.issue_plain().await);
    app.anyone().code(&phone.words).await.verdict();
    app.officer.withdraw(&gone.id).await;
    let token = |id: &str, channel: &str, expires_at: i64, state: &str| {
        json!({"id": id, "officer": "falcon", "authorisation": app.authorisation.to_string(), "reference": "OP-1", "channel": channel,
               "issued_at": NOW, "not_before": null, "expires_at": expires_at, "state": state, "first_checked_at": null, "wrong_numbers": 0, "spoken_words": null})
    };
    let mut first = [token(&face.id, "in-person", NOW + 300, "live"), token(&gone.id, "in-person", NOW + 300, "withdrawn")];
    first.sort_by_key(|token| token["id"].to_string());
    let [one, two] = first;
    let mut expected = [one, two, token(&phone.id, "telephone", NOW + 600, "checked"), token(&prepared.id, "online", NOW + 660, "live")];
    (expected[2]["first_checked_at"], expected[3]["not_before"]) = (json!(MINUTE), json!(NOW + 600));
    expected[2]["spoken_words"] = json!(5);
    let reply = listed(&app.officer).await;
    assert_eq!(reply, json!(expected), "the soonest to end first");
    for canary in ["Quillfeather", "Zanzibar", prepared.token.as_str(), phone.words.as_str()] {
        assert!(!reply.to_string().contains(canary), "what somebody was shown stays between them: {canary}");
    }
}

#[tokio::test]
async fn a_token_is_listed_for_as_long_as_it_can_be_genuine() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    for (passed, count) in [(59, 1), (60, 0), (61, 0)] {
        app.clock.set(issued.expires_at + passed);
        assert_eq!(ids(&app.officer).await.len(), count, "{passed} seconds after its end");
    }
}

#[tokio::test]
async fn each_sees_what_concerns_them() {
    let app = TestApp::start().await;
    let (kite, second) = (app.person("kite", Role::Officer).await, app.person("stork", Role::Approver).await);
    let kites = app.asked(&kite.officer, wide()).await.id;
    second.post(&format!("/v1/authorisations/{kites}/approve"), &Value::Null).await;
    let storks = app.approved(&second.officer, wide()).await;
    let issue = async |person: &Person, id: String| person.issue(json!({"channel": "in-person", "authorisation": id})).await.id;
    let by_falcon = issue(&app.officer, app.authorisation.to_string()).await;
    let by_kite = issue(&kite, kites.to_string()).await;
    let by_stork = issue(&second, storks.to_string()).await;
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    for (person, theirs) in [
        (&app.officer, vec![&by_falcon]),
        (&kite, vec![&by_kite]),
        (&app.approver, vec![&by_falcon, &by_stork]),
        (&second, vec![&by_kite, &by_stork]),
        (&app.administrator, vec![&by_falcon, &by_kite, &by_stork]),
    ] {
        let expected = sorted(theirs.into_iter().cloned().collect());
        assert_eq!(sorted(ids(person).await), expected, "{}", person.officer.callsign);
    }
}
