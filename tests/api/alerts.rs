//! The rules by which operators are woken: they ask for figures that there are, and fire when they should.

use std::{
    collections::BTreeSet,
    fs,
    io::{Write as _, stderr},
    path::Path,
    process::Command,
};

use crate::{app::TestApp, world::NOW};

const RULES: &str = "deploy/alerts.yml";

/// Figures that there are only where verifiers share a database; `service/shared` sees that they are scraped there.
const OF_SHARED_DATABASES: [&str; 2] = ["countersign_verifier_sessions_ended_total", "countersign_store_prepared"];

/// Words that begin as our figures do.
fn figures_named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("countersign_")).collect()
}

/// With the figures that there are only where the store has a clock.
async fn with_a_stores_time() -> TestApp {
    let app = TestApp::start().await;
    app.faults.store_time(Some(NOW));
    app.readiness.look().await;
    app
}

#[tokio::test]
async fn every_figure_that_a_rule_asks_for_is_scraped() {
    let rules = fs::read_to_string(RULES).unwrap();
    let named = figures_named(&rules);
    assert!(named.len() > 10, "{named:?}");
    let app = with_a_stores_time().await;
    let figures = app.figures().await;
    let scraped = figures.names();
    for name in named {
        assert!(scraped.contains(name) || OF_SHARED_DATABASES.contains(&name), "{RULES} asks for {name}, which is not scraped");
    }
}

#[test]
fn every_rule_is_explained_to_operators() {
    let (rules, handbook) = (fs::read_to_string(RULES).unwrap(), fs::read_to_string("docs/operations.md").unwrap());
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 10, "{alerts:?}");
    for alert in alerts {
        assert!(handbook.contains(&format!("| `{alert}` |")), "{alert} has no row in docs/operations.md");
    }
}

#[tokio::test]
async fn every_figure_is_explained_to_operators() {
    let handbook = fs::read_to_string("docs/operations.md").unwrap();
    let app = with_a_stores_time().await;
    for name in app.figures().await.names() {
        let family = ["_bucket", "_count", "_sum"].iter().fold(name, |name, end| name.strip_suffix(end).unwrap_or(name));
        assert!(handbook.contains(&format!("`{family}`")), "{family} is not in docs/operations.md");
    }
}

#[test]
fn every_rule_fires_when_it_should_and_not_before() {
    // Debian's package would start a service, so make test takes this one program out of it.
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/promtool");
    let promtool = if unpacked.exists() { unpacked } else { "promtool".into() };
    let asked = Command::new(promtool).args(["test", "rules", "deploy/alerts.test.yml"]).output();
    let Ok(said) = asked else {
        let _ =
            writeln!(stderr(), "NOT RUN: alerts::every_rule_fires_when_it_should_and_not_before: promtool is not there; make test gets it");
        return;
    };
    assert!(said.status.success(), "{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
}
