//! Lists over HTTP: in pages, each with a link to the next.

use std::collections::BTreeSet;

use countersign::{authority::Role, issuer::Ask};
use serde_json::json;

use crate::{
    actors::{Person, Reply},
    app::{TestApp, wide},
    world::NOW,
};

/// Where the answer says that the next page is.
fn next(reply: &Reply) -> Option<String> {
    let link = reply.headers.get("link")?.to_str().unwrap();
    Some(link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned())
}

/// What one member of everything listed says, by the links; and on how many pages.
async fn followed(person: &Person, first: &str, member: &str) -> (Vec<String>, usize) {
    let (mut seen, mut pages, mut path) = (vec![], 0, Some(first.to_owned()));
    while let Some(page) = path {
        let reply = person.get(&page).await;
        assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{page}");
        seen.extend(reply.json().as_array().unwrap().iter().map(|one| one[member].as_str().unwrap().to_owned()));
        (pages, path) = (pages + 1, next(&reply));
    }
    (seen, pages)
}

#[tokio::test]
async fn the_links_lead_to_everything_once() {
    let app = TestApp::start().await;
    let mut asked = BTreeSet::from([app.authorisation.to_string()]);
    for n in 0..7 {
        app.clock.set(NOW + n / 2);
        asked.insert(app.asked(&app.officer.officer, Ask { reference: format!("OP-{n}"), ..wide() }).await.id.to_string());
    }
    let mut live = BTreeSet::new();
    for _ in 0..5 {
        live.insert(app.officer.issue(json!({"channel": "online", "authorisation": app.authorisation.to_string()})).await.id);
    }
    let people = ["falcon", "heron", "otter"].map(str::to_owned).into();
    for (who, path, member, all) in [
        (&app.approver, "/v1/authorisations", "id", &asked),
        (&app.officer, "/v1/authorisations", "id", &asked),
        (&app.officer, "/v1/tokens", "id", &live),
        (&app.administrator, "/v1/tokens", "id", &live),
        (&app.administrator, "/v1/people", "callsign", &people),
    ] {
        let (whole, pages) = followed(who, path, member).await;
        assert_eq!((whole.len(), pages), (all.len(), 1), "{path}");
        for limit in [1, 2, 3, 200] {
            let (seen, _) = followed(who, &format!("{path}?limit={limit}"), member).await;
            assert_eq!(seen, whole, "{path}, {limit} a page");
        }
        assert_eq!(&BTreeSet::from_iter(whole), all, "{path}");
    }
    let keys = app.administrator.get("/v1/people?limit=1").await.json()[0]["keys"].as_array().unwrap().len();
    assert_eq!(keys, 1, "each comes with their ways in");
}

#[tokio::test]
async fn a_page_that_there_cannot_be() {
    let app = TestApp::start().await;
    for path in ["/v1/authorisations", "/v1/tokens", "/v1/people"] {
        for query in ["limit=0", "limit=201", "limit=-1", "limit=many", "after=", "after=%2e", "after=waiting.1.~", "after=-1"] {
            let reply = app.administrator.get(&format!("{path}?{query}")).await;
            assert_eq!(reply.problem(), (422, "invalid".into()), "{path}?{query}");
        }
    }
}

#[tokio::test]
async fn nobody_fills_the_lists_of_those_who_decide() {
    let app = TestApp::start().await;
    let kite = app.person("kite", Role::Officer).await;
    let ask =
        |until: i64| json!({"reference": "OP-7", "purpose": "Return a lost bag", "channels": ["online"], "until": until, "max_tokens": 1});
    for n in 0..60 {
        let reply = app.officer.post("/v1/authorisations", &ask(NOW + 1 + n)).await;
        if n < 50 {
            assert_eq!(reply.status, 201, "{n}");
        } else {
            assert_eq!(reply.problem(), (409, "too-many-asked".into()), "{n}");
            let said = "50 of your requests wait for a decision, or 200 of the last 24 hours never got one, and no more may; ask again when \
                        some of them are decided, or tomorrow";
            assert_eq!(reply.json()["detail"], said);
        }
    }
    assert_eq!(kite.post("/v1/authorisations", &ask(NOW + 60)).await.status, 201, "others ask as before");
    let (waiting, _) = followed(&app.approver, "/v1/authorisations?limit=7", "id").await;
    assert_eq!(waiting.len(), 52, "with kite's, and the approved one");
    let id = &waiting[0];
    assert_eq!(app.approver.post(&format!("/v1/authorisations/{id}/refuse"), &json!({"reason": "Not now"})).await.status, 200);
    app.clock.set(NOW + 30);
    let states = app.approver.get("/v1/authorisations?limit=200").await.json();
    let states: Vec<_> =
        states.as_array().unwrap().iter().map(|one| (one["state"] == "asked") && one["until"].as_i64() > Some(NOW + 30)).collect();
    assert!(states.is_sorted_by(|before, after| before >= after), "what waits comes first: {states:?}");
}

#[tokio::test]
async fn a_list_is_searched_and_sorted_and_its_links_ask_for_the_same() {
    let app = TestApp::start().await;
    for (n, reference) in ["Bridge 7", "Ärzte 7", "bridge 12"].into_iter().enumerate() {
        app.clock.set(NOW + i64::try_from(n).unwrap());
        let purpose = "Заберём сумку".into();
        app.asked(&app.officer.officer, Ask { reference: reference.into(), purpose, ..wide() }).await;
    }
    for (query, wanted) in [
        ("search=BRIDGE&sort=name", vec!["bridge 12", "Bridge 7"]),
        ("search=bridge", vec!["bridge 12", "Bridge 7"]),
        ("search=7&sort=made", vec!["Ärzte 7", "Bridge 7"]),
        ("search=%C3%A4rz&sort=until", vec!["Ärzte 7"]),
        ("search=%D1%81%D1%83%D0%BC+falcon+12", vec!["bridge 12"]),
        ("sort=name", vec!["bridge 12", "Bridge 7", "OP-1", "Ärzte 7"]),
        ("search=nothing", vec![]),
    ] {
        for limit in [1, 200] {
            let path = format!("/v1/authorisations?{query}&limit={limit}");
            assert_eq!(followed(&app.approver, &path, "reference").await.0, wanted, "{path}");
        }
    }
    for (query, wanted) in [
        ("only=waiting&sort=oldest", vec!["Bridge 7", "Ärzte 7", "bridge 12"]),
        ("only=waiting", vec!["bridge 12", "Ärzte 7", "Bridge 7"]),
        ("search=bridge&only=waiting&sort=name", vec!["bridge 12", "Bridge 7"]),
        ("o%6Ely=waiting&s%6Frt=name&se%61rch=bridge", vec!["bridge 12", "Bridge 7"]),
        ("only=in-force&sort=until", vec!["OP-1"]),
        ("only=in-force&search=bridge", vec![]),
    ] {
        for limit in [1, 2, 200] {
            let path = format!("/v1/authorisations?{query}&limit={limit}");
            assert_eq!(followed(&app.approver, &path, "reference").await.0, wanted, "{path}");
        }
    }
    let ids = [app.officer.issue(json!({"channel": "online", "authorisation": app.authorisation.to_string()})).await.id];
    let shown = app.officer.get("/v1/tokens?search=op+1&sort=name").await.json();
    assert_eq!((&shown[0]["id"], &shown[0]["reference"]), (&json!(ids[0]), &json!("OP-1")));
    for limit in [1, 2] {
        assert_eq!(followed(&app.administrator, &format!("/v1/tokens?search=FALCON&sort=made&limit={limit}"), "id").await.0, ids);
    }
    assert_eq!(app.officer.get("/v1/tokens?search=bridge").await.json(), json!([]));
    assert_eq!(followed(&app.administrator, "/v1/people?search=RON&limit=1", "callsign").await.0, ["heron"]);
    for (path, query) in [
        ("/v1/authorisations", "sort=size"),
        ("/v1/authorisations", "search=a&search=b"),
        ("/v1/authorisations", "sort=name&after=waiting.1.0000000000000000"),
        ("/v1/authorisations", "only=over"),
        ("/v1/authorisations", "only=waiting&only=in-force"),
        ("/v1/authorisations", "only=waiting&after=waiting.1.0000000000000000"),
        ("/v1/tokens", "only=in-force"),
        ("/v1/people", "only=waiting"),
        ("/v1/tokens", "sort=made&after=x"),
        ("/v1/people", "sort=until"),
    ] {
        assert_eq!(app.administrator.get(&format!("{path}?{query}")).await.problem(), (422, "invalid".into()), "{path}?{query}");
    }
    let long = app.approver.get(&format!("/v1/authorisations?search={}", "x".repeat(101))).await;
    assert_eq!(long.problem(), (422, "invalid".into()));
    assert_eq!(app.approver.get("/v1/authorisations?search=%22%3E%3C&sort=name&limit=1").await.status, 200);
    let many = format!(
        "WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 999)
         INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at)
         SELECT randomblob(8), zeroblob(32), zeroblob(4), unhex('{}'), 'online', {NOW}, {NOW}, {NOW} + 600 FROM n",
        app.authorisation
    );
    app.sql().execute_batch(&many).unwrap();
    for who in [&app.administrator, &app.officer, &app.approver] {
        assert_eq!(who.get("/v1/tokens?search=op&sort=made").await.problem(), (409, "too-many-to-sort".into()));
        assert_eq!(who.get("/v1/tokens?search=op&sort=until").await.status, 200);
        assert_eq!(who.get("/v1/tokens?sort=name&search=nothing").await.json(), json!([]));
    }
}
