//! What Prometheus reads, as it scrapes it: figures that tell how the service does and of nobody.

use std::collections::BTreeSet;

use countersign::{
    clock::Clock as _,
    http::{head::Heads, hosts::Hosts, listen::Limits, metrics, proxy::Proxies},
    issuer::{Housekeeper, Notary},
    store::IssuerStore as _,
    telemetry::Scrape,
};
use reqwest::Method;
use serde_json::json;

use crate::{
    actors::{Asker, Reply},
    app::{Setup, TestApp, five_words, listen},
    faults::Fault,
    figures::{BOUNDS, Figures, LABELS},
    world::{self, DAY, NOW, unknown_code, unrecorded},
};

async fn by_form(asker: &Asker, code: &str, site: &str) -> Reply {
    let form = asker.request(Method::POST, "/check").header("content-type", "application/x-www-form-urlencoded");
    Reply::of(form.header("sec-fetch-site", site).body(format!("code={code}"))).await
}

async fn checks(app: &TestApp) {
    let with = app.officer.issue(json!({"channel": "telephone", "challenge": "837465"})).await;
    let without = app.officer.issue_spoken().await;
    let asker = app.anyone().at_address(93);
    assert_eq!(asker.token(&with.token).await.verdict(), "challenge_needed");
    assert_eq!(asker.with_number("837465").token(&with.token).await.verdict(), "genuine");
    assert_eq!(asker.code(&without.words).await.verdict(), "genuine");
    assert_eq!(asker.another().code(&without.words).await.verdict(), "already_checked");
    assert_eq!(asker.code(&unknown_code(1).words()).await.verdict(), "unknown_code");
    assert_eq!(asker.code("hello").await.verdict(), "mistyped");
    assert_eq!(by_form(&asker, &without.token, "same-origin").await.status, 200);
}

#[tokio::test]
async fn checks_are_counted_by_form_and_verdict_on_both_pages() {
    let app = TestApp::start().await;
    checks(&app).await;
    let figures = app.figures().await;
    for (form, verdict, count) in [
        ("token", "challenge_needed", 1),
        ("token", "genuine", 1),
        ("token", "already_checked", 1),
        ("token", "unknown_code", 0),
        ("code", "genuine", 1),
        ("code", "already_checked", 1),
        ("code", "unknown_code", 1),
        ("code", "mistyped", 1),
        ("code", "cannot_check", 0),
    ] {
        figures.is(&format!("checks_total{{form=\"{form}\",verdict=\"{verdict}\"}}"), count);
    }
    figures.is("check_duration_seconds_count", 7);
    figures.is("checks_unreadable_total", 0);
}

#[tokio::test]
async fn what_is_no_check_and_who_has_to_wait_are_counted_apart() {
    let app = TestApp::start().await;
    let asker = app.anyone().at_address(94);
    assert_eq!(by_form(&asker, "hello", "cross-site").await.status, 403);
    assert_eq!(asker.verify(&json!({"token": 1})).await.status, 422);
    assert_eq!(asker.get("/v1/verify").await.status, 405);
    assert_eq!(asker.get("/nothing").await.status, 404);
    let mut tries = 0;
    while asker.code(&unknown_code(tries).words()).await.status == 200 {
        tries += 1;
    }
    let figures = app.figures().await;
    figures.is("checks_unreadable_total", 3);
    figures.is("checks_limited_total", 1);
    figures.is("check_duration_seconds_count", tries.try_into().unwrap());
}

#[tokio::test]
async fn a_token_without_a_record_is_counted_whichever_way_it_is_found() {
    let app = TestApp::start().await;
    app.figures().await.is("tokens_without_record_total", 0);
    let stolen = unrecorded([9; 8], NOW, 300).text();
    assert_eq!(app.anyone().token(&stolen).await.verdict(), "not_genuine");
    app.figures().await.is("tokens_without_record_total", 1);
    assert_eq!(app.anyone().with_number("123456").token(&stolen).await.verdict(), "not_genuine");
    app.figures().await.is("tokens_without_record_total", 2);
}

#[tokio::test]
async fn the_budget_shows_what_is_taken_and_what_was_refused() {
    let app = Setup { guesses: 2, ..Setup::default() }.start().await;
    for n in 0..3 {
        app.anyone().at_address(20 + n).code(&unknown_code(n.into()).words()).await;
    }
    let figures = app.figures().await;
    for (pool, taken, refused) in [("five", 2, 1), ("number", 0, 0), ("six", 0, 0)] {
        figures.is(&format!("guesses_budget{{pool=\"{pool}\"}}"), 2);
        figures.is(&format!("guesses_taken{{pool=\"{pool}\"}}"), taken);
        figures.is(&format!("guesses_refused_total{{pool=\"{pool}\"}}"), refused);
    }
    app.clock.set(NOW + 800);
    app.figures().await.is("guesses_taken{pool=\"five\"}", 0);
}

#[tokio::test]
async fn the_store_is_measured_by_operation_and_by_what_came_of_it() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_spoken().await;
    let operated = |outcome| format!("store_operations_total{{operation=\"use_once\",outcome=\"{outcome}\"}}");
    app.faults.set(Fault::Fails("use_once"));
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "cannot_check");
    app.faults.set(Fault::Hangs("use_once"));
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "cannot_check");
    app.faults.set(Fault::None);
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
    let figures = app.figures().await;
    for (outcome, count) in [("failed", 1), ("given_up", 1), ("done", 1), ("busy", 0)] {
        figures.is(&operated(outcome), count);
    }
    figures.is("store_operation_duration_seconds_count{operation=\"use_once\"}", 3);
    figures.is("checks_total{form=\"token\",verdict=\"cannot_check\"}", 2);
}

#[tokio::test]
async fn what_the_store_does_not_say_is_left_out_alone() {
    let app = TestApp::start().await;
    app.figures().await.is("store_up", 1);
    for fault in [Fault::Fails("ready"), Fault::Hangs("ready"), Fault::Fails("guesses_taken")] {
        app.faults.set(fault);
        let figures = app.figures().await;
        figures.is("store_up", 0);
        figures.is("checks_total{form=\"code\",verdict=\"genuine\"}", 0);
        figures.is("signing_keys{stage=\"active\"}", 1);
        figures.is("guesses_budget{pool=\"five\"}", 3_000);
        assert_eq!(figures.get("guesses_taken{pool=\"five\"}").is_some(), !matches!(fault, Fault::Fails("guesses_taken")));
        assert!(figures.get("ledger_entries").is_some());
    }
    app.faults.set(Fault::None);
    app.sql().execute_batch("ALTER TABLE ledger_entries RENAME TO gone").unwrap();
    let figures = app.figures().await;
    figures.is("store_up", 0);
    assert_eq!((figures.get("ledger_entries"), figures.get("ledger_signed_entries")), (None, None));
    figures.is("marks_overdue", 0);
}

#[tokio::test]
async fn keys_tell_their_ages_on_both_sides() {
    let app = TestApp::start().await;
    let verifier = verifier_alone(&app).await;
    let issuer = issuer_alone(&app).await;
    for figures in [app.figures().await, Figures::read(&verifier.get("/metrics").await), Figures::read(&issuer.get("/metrics").await)] {
        figures.is("key_set_expires_timestamp_seconds", NOW + 34 * DAY);
        figures.is("active_key_since_timestamp_seconds", NOW);
        figures.is("active_key_expires_timestamp_seconds", world::published().expires_at);
        for (stage, count) in [("pending", 0), ("active", 1), ("retired", 0)] {
            figures.is(&format!("signing_keys{{stage=\"{stage}\"}}"), count);
        }
    }
    // Read again and the same: that counts as well, as it is what a verifier knows of revocations.
    app.keys.refresh(&*app.store, NOW + 70).await.unwrap();
    app.figures().await.is("key_set_read_timestamp_seconds", NOW + 70);
    app.custodian.revoke(&countersign::authority::Actor::Operator, world::key(3).public().id(), "stolen").await.unwrap();
    app.keys.refresh(&*app.store, NOW + 80).await.unwrap();
    for figures in [app.figures().await, Figures::read(&issuer.get("/metrics").await)] {
        figures.is("signing_keys{stage=\"active\"}", 0);
        figures.is("signing_keys{stage=\"retired\"}", 1);
        assert_eq!(figures.get("active_key_expires_timestamp_seconds"), None);
    }
}

#[tokio::test]
async fn the_ledger_tells_how_far_it_is_behind() {
    let app = TestApp::start().await;
    let entries = i64::try_from(app.count("ledger_entries")).unwrap();
    app.figures().await.is("ledger_signed_entries", entries);
    app.acted_without_the_key("plover").await;
    let figures = app.figures().await;
    figures.is("ledger_entries", entries + 1);
    figures.is("ledger_signed_entries", entries);
    figures.is("housekeeping_timestamp_seconds", 0);
    let issued = app.officer.issue_spoken().await;
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
    app.figures().await.is("marks_overdue", 0);
    app.clock.set(NOW + 200);
    app.figures().await.is("marks_overdue", 1);
    app.store.report_first_checks(NOW + 200).await.unwrap();
    let notary = std::sync::Arc::new(Notary::new(app.store.clone(), app.ledger.clone()));
    let health = app.issuer_health.clone();
    let housekeeper = Housekeeper::new(app.store.clone(), app.watch.clone(), health, app.custodian.clone(), notary, five_words(256));
    assert!(housekeeper.round().await);
    app.metrics.housekept(app.clock.now());
    let figures = app.figures().await;
    figures.is("marks_overdue", 0);
    figures.is("ledger_entries", entries + 3);
    figures.is("ledger_signed_entries", entries + 3);
    figures.is("housekeeping_timestamp_seconds", NOW + 200);
}

/// Everything that somebody could be known by, in the forms in which it goes over the wire.
async fn busy(app: &TestApp) -> Vec<String> {
    checks(app).await;
    let issued = app.officer.issue_spoken().await;
    let body = json!({"channel": "in-person", "challenge": "728192", "name": "Quillfeather", "place": "Zanzibar"});
    let named = app.officer.issue(body).await;
    let asker = app.anyone().at_address(93).with_number("837465");
    let hostile = "x\"} 1\ncountersign_hostile{x=\"Quillfeather";
    for (member, shown) in [("token", &issued.token), ("code", &issued.words), ("token", &named.token), ("code", &hostile.to_owned())] {
        asker.verify(&asker.body(member, shown)).await;
    }
    asker.get("/Quillfeather?q=Zanzibar").await;
    app.officer.delete(&format!("/v1/tokens/{}", issued.id)).await;
    let mut canaries: Vec<String> = vec![issued.id, issued.token, issued.digits, named.id, named.token, asker.attempt.unwrap()];
    canaries.extend(issued.words.split(' ').filter(|word| word.len() > 4).map(str::to_owned));
    canaries.push(app.authorisation.to_string());
    canaries.push(world::key(3).public().id().to_string());
    canaries.extend(["127.0.0.", "837465", "728192", "Quillfeather", "Zanzibar", "falcon", "heron", "OP-1", "hostile"].map(str::to_owned));
    canaries
}

#[tokio::test]
async fn no_figure_tells_of_anybody() {
    let app = TestApp::start().await;
    let (before, quiet) = (app.figures().await, app.scraped().await);
    let canaries = busy(&app).await;
    let after = app.scraped().await;
    for canary in canaries {
        assert!(!after.body.contains(&canary), "{canary} in {}", after.body);
    }
    assert_eq!(before.series(), Figures::read(&after).series(), "every series is there from the start, and nothing adds one");
    assert_ne!(quiet.body, after.body);
}

#[tokio::test]
async fn labels_are_from_closed_lists_and_each_is_used() {
    let app = TestApp::start().await;
    busy(&app).await;
    let figures = app.figures().await;
    let mut seen = BTreeSet::new();
    for series in figures.series().into_iter().filter_map(|series| series.split_once('{')).map(|(_, labels)| labels.trim_end_matches('}')) {
        for label in series.split(',') {
            let (name, value) = label.split_once('=').unwrap();
            let value = value.trim_matches('"');
            let list =
                if name == "le" { &BOUNDS } else { LABELS.iter().find(|(label, _)| *label == name).unwrap_or_else(|| panic!("{name}")).1 };
            assert!(list.contains(&value), "{name}={value}");
            seen.insert((name.to_owned(), value.to_owned()));
        }
    }
    let all = LABELS.iter().map(|(_, values)| values.len()).sum::<usize>() + BOUNDS.len();
    assert_eq!(seen.len(), all, "{seen:?}");
}

#[tokio::test]
async fn nothing_of_it_is_on_the_public_listener_and_nothing_else_on_a_verifiers_private_one() {
    let app = TestApp::start().await;
    assert_eq!(app.anyone().get("/metrics").await.problem(), (404, "not-found".into()));
    let verifier = verifier_alone(&app).await;
    let figures = Figures::read(&verifier.get("/metrics").await);
    for issuers in ["ledger_entries", "ledger_signed_entries", "marks_overdue", "housekeeping_timestamp_seconds"] {
        assert_eq!(figures.get(issuers), None, "{issuers}");
    }
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(verifier.get(path).await.status, 204, "{path}");
    }
    for path in ["/", "/v1/tokens", "/v1/verify", "/v1/session", "/check", "/metrics/"] {
        assert_eq!(verifier.get(path).await.problem(), (404, "not-found".into()), "{path}");
    }
    assert_eq!(Reply::of(verifier.request(Method::POST, "/metrics")).await.status, 405);
}

async fn verifier_alone(app: &TestApp) -> Asker {
    figures_of(app, Scrape { issuing: None, ..app.scrape_of() }).await
}

async fn issuer_alone(app: &TestApp) -> Asker {
    figures_of(app, Scrape { checking: None, ..app.scrape_of() }).await
}

/// The listener with nothing but figures and health.
async fn figures_of(app: &TestApp, scrape: Scrape) -> Asker {
    let router = metrics::router(scrape.into(), app.phase.subscribe(), Heads::of(Hosts::default()));
    Asker::at(listen(router, Limits::METRICS, Proxies::default()).await)
}
