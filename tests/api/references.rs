//! References that people quote on the telephone, looked up by those who answer it.

use countersign::{
    store::MOST_LOOK_UPS,
    token::{Reference, Token},
};
use serde_json::{Value, json};

use crate::{actors::Person, app::TestApp, world::NOW};

fn reference(token: &str) -> String {
    Reference::of(Token::parse(token).unwrap().hash()).to_string()
}

async fn found(person: &Person, reference: &str) -> Vec<Value> {
    let reply = person.get(&format!("/v1/references/{reference}")).await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{reply:?}");
    let body = reply.json();
    assert_eq!(body["reference"].as_str().unwrap().replace(' ', ""), reference.replace(['-', ' '], "").replace("%20", ""));
    body["tokens"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_reference_says_how_its_token_stands_and_names_nobody() {
    let app = TestApp::start().await;
    let [used, gone, old] = [app.officer.issue_plain().await, app.officer.issue_spoken().await, app.officer.issue_plain().await];
    assert_eq!(app.anyone().token(&used.token).await.verdict(), "genuine");
    app.officer.withdraw(&gone.id).await;
    app.clock.set(old.expires_at + 60);
    let before = app.entries().await;
    for (issued, state) in [(&used, "checked"), (&gone, "withdrawn"), (&old, "expired")] {
        for asker in [&app.approver, &app.administrator] {
            let quoted = reference(&issued.token);
            let as_written = [quoted.replace(' ', ""), quoted.replace(' ', "%20"), quoted.replace(' ', "-")];
            for quoted in as_written {
                let [token] = &found(asker, &quoted).await[..] else { panic!("{quoted}") };
                assert_eq!((&token["id"], &token["state"]), (&json!(issued.id), &json!(state)));
                let names: Vec<&String> = token.as_object().unwrap().keys().collect();
                let shown = ["channel", "expires_at", "first_checked_at", "id", "issued_at", "not_before", "state", "withdrawn_at"];
                assert_eq!(names, shown);
                assert_eq!(token["withdrawn_at"].is_null(), state != "withdrawn");
                assert_eq!(token["first_checked_at"].is_null(), state != "checked");
                assert!(token["first_checked_at"].as_i64().is_none_or(|minute| minute % 60 == 0));
            }
        }
    }
    // The digits of another script, as the caller's screen may show them.
    let zero = char::from_u32(0x966).unwrap();
    let quoted: String = reference(&used.token).chars().filter_map(|c| char::from_u32(u32::from(zero) + c.to_digit(10)?)).collect();
    let reply = app.approver.get(&format!("/v1/references/{quoted}")).await;
    assert_eq!((reply.status, &reply.json()["tokens"][0]["id"]), (200, &json!(used.id)), "{reply:?}");
    assert_eq!(found(&app.approver, "00000000").await, Vec::<Value>::new(), "of another's making, or long gone");
    assert_eq!(app.entries().await, before, "reading is no act");
    assert_eq!(app.anyone().get("/v1/references/12345678").await.status, 404, "not on the public side");
    for wrong in ["1234567", "123456789", "12x45678", "OP-1"] {
        assert_eq!(app.approver.get(&format!("/v1/references/{wrong}")).await.problem(), (422, "invalid".into()), "{wrong}");
    }
}

#[tokio::test]
async fn each_look_up_counts_for_its_person_for_a_day() {
    let app = TestApp::start().await;
    for n in 0..MOST_LOOK_UPS {
        found(&app.approver, &format!("{n:08}")).await;
    }
    let issued = app.officer.issue_plain().await;
    let quoted = reference(&issued.token).replace(' ', "");
    let refused = app.approver.get(&format!("/v1/references/{quoted}")).await;
    assert_eq!(refused.problem(), (409, "too-many-look-ups".into()));
    assert_eq!(found(&app.administrator, &quoted).await.len(), 1, "another person");
    app.clock.set(NOW + 24 * 3_600 - 1);
    assert_eq!(app.approver.get(&format!("/v1/references/{quoted}")).await.status, 409);
    app.clock.set(NOW + 24 * 3_600);
    assert_eq!(found(&app.approver, &quoted).await.len(), 1, "a day later");
}
