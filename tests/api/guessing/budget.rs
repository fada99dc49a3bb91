//! The budgets for all: nothing is learnt without a place, and nobody learns more when they are spent.

use std::collections::BTreeMap;

use countersign::{http::guessers::History, store::GuessPool, token::SpokenSize};
use serde_json::json;
use tokio::task::JoinSet;

use super::{address, behind_a_proxy, check, history, nothing, six_words, taken, verdict};
use crate::{
    app::{Setup, TestApp},
    world::{DAY, MINUTE, NOW, unknown_code},
};

async fn budget(guesses: u32) -> TestApp {
    behind_a_proxy(Setup { guesses, ..Setup::default() }).await
}

/// The verdict on a code that names nothing; each is tried from an address that tried nothing before.
async fn guess(app: &TestApp, n: usize) -> String {
    app.anyone().from(&address(1_000 + n).to_string()).code(&unknown_code(n).words()).await.verdict()
}

/// Everything that a code may name, in one word, and how it has to be asked for. None is a hit any more.
async fn all_kinds(app: &TestApp) -> Vec<(&'static str, String, Option<&'static str>)> {
    let numbered = app.officer.issue(json!({"channel": "telephone", "challenge": "123456"})).await;
    let (live, used, withdrawn) = (app.officer.issue_spoken().await, app.officer.issue_spoken().await, app.officer.issue_spoken().await);
    let expired = app.officer.issue(json!({"channel": "telephone", "lifetime": 1})).await;
    let early = app.officer.issue(json!({"channel": "telephone", "not_before": NOW + 3_600})).await;
    assert_eq!(app.anyone().token(&used.token).await.verdict(), "genuine");
    app.officer.withdraw(&withdrawn.id).await;
    app.clock.set(NOW + 61);
    let mut kinds = vec![
        ("dead", unknown_code(0).words(), None),
        ("dead, of six", nothing(0, SpokenSize::Six).words(), None),
        ("dead, with a number", unknown_code(0).words(), Some("123456")),
        ("wrong number", numbered.words.clone(), Some("654321")),
        ("right number", numbered.words.clone(), Some("123456")),
        ("no number", numbered.words, None),
        ("live, of six", six_words(&live), None),
        ("number not carried", live.words.clone(), Some("123456")),
        ("live", live.words, None),
        ("used", used.words, None),
    ];
    kinds.extend([("withdrawn", withdrawn), ("expired", expired), ("early", early)].map(|(kind, issued)| (kind, issued.words, None)));
    kinds
}

/// No answer, no header and no work in the store tells a live code from a dead one once no place is left.
#[tokio::test]
async fn a_spent_budget_looks_nothing_up_and_says_the_same_of_every_code() {
    let app = budget(0).await;
    let kinds = all_kinds(&app).await;
    let marks = app.count("marks");
    let mut answers = BTreeMap::new();
    for (n, (kind, words, number)) in kinds.iter().enumerate() {
        let before = app.figures().await;
        let asker = app.anyone().from(&address(n).to_string());
        let reply = number.map_or(asker.clone(), |number| asker.with_number(number)).code(words).await;
        assert_eq!(reply.verdict(), "cannot_check", "{kind}");
        let after = app.figures().await;
        for operation in ["token_for_code", "try_number", "wrong_numbers", "standing", "use_once", "give_back"] {
            let series = format!("store_operations_total{{operation=\"{operation}\",outcome=\"done\"}}");
            assert_eq!(before.get(&series), after.get(&series), "{kind}: {operation}");
        }
        let mut headers = reply.headers.clone();
        headers.remove("date");
        answers.entry((format!("{headers:?}"), reply.body)).or_insert_with(Vec::new).push(*kind);
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(app.count("marks"), marks);
}

/// What is said costs a place, whatever it is: there is no kind of answer that can be had for nothing.
#[tokio::test]
async fn every_answer_but_a_hit_costs_a_place() {
    let app = budget(100).await;
    for (n, (kind, words, number)) in all_kinds(&app).await.into_iter().enumerate() {
        let before = GuessPool::ALL.map(|pool| taken(&app, pool));
        let before: u32 = futures_util::future::join_all(before).await.iter().sum();
        let asker = app.anyone().from(&address(n).to_string());
        let verdict = number.map_or(asker.clone(), |number| asker.with_number(number)).code(&words).await.verdict();
        let after: u32 = futures_util::future::join_all(GuessPool::ALL.map(|pool| taken(&app, pool))).await.iter().sum();
        let expected = match kind {
            "live" | "right number" | "live, of six" | "used" => 0,
            _ => 1,
        };
        assert_eq!(after - before, expected, "{kind}: {verdict}");
        assert_eq!(["genuine", "already_checked"].contains(&verdict.as_str()), expected == 0, "{kind}: {verdict}");
    }
}

#[tokio::test]
async fn each_kind_of_guess_has_a_budget_of_its_own() {
    let app = budget(1).await;
    let live = app.officer.issue_spoken().await;
    assert_eq!(guess(&app, 0).await, "unknown_code");
    assert_eq!(guess(&app, 1).await, "cannot_check");
    let asker = app.anyone().from("192.0.2.1");
    assert_eq!(asker.code(&live.words).await.verdict(), "cannot_check");
    assert_eq!(asker.code(&six_words(&live)).await.verdict(), "genuine", "as the live screen shows it now");
    let numbered = app.officer.issue(json!({"channel": "telephone", "challenge": "123456"})).await;
    assert_eq!(asker.with_number("123456").code(&numbered.words).await.verdict(), "genuine");
    for (pool, count) in [(GuessPool::Five, 1), (GuessPool::Number, 0), (GuessPool::Six, 0)] {
        assert_eq!(taken(&app, pool).await, count, "{pool:?}");
    }
    assert_eq!(asker.token(&live.token).await.verdict(), "genuine", "a scan is never limited");
}

#[tokio::test]
async fn a_spent_budget_stays_spent_in_another_process() {
    let app = budget(2).await;
    assert_eq!(guess(&app, 0).await, "unknown_code");
    let other = app.second_verifier().await;
    assert_eq!(other.from("192.0.2.1").code(&unknown_code(1).words()).await.verdict(), "unknown_code");
    assert_eq!(other.from("192.0.2.2").code(&unknown_code(2).words()).await.verdict(), "cannot_check");
    assert_eq!(guess(&app, 3).await, "cannot_check");
    let restarted = app.second_verifier().await;
    assert_eq!(restarted.from("192.0.2.3").code(&unknown_code(4).words()).await.verdict(), "cannot_check");
}

#[tokio::test]
async fn the_budget_comes_back_after_the_longest_life_of_a_token() {
    let app = budget(1).await;
    assert_eq!(guess(&app, 0).await, "unknown_code");
    // Twelve minutes: ten of life and one of leeway on either side. Counted in whole minutes, never for less.
    for (n, (now, verdict)) in
        [(NOW + 719, "cannot_check"), (MINUTE + 779, "cannot_check"), (MINUTE + 780, "unknown_code")].iter().enumerate()
    {
        app.clock.set(*now);
        assert_eq!(guess(&app, 1 + n).await, *verdict, "{}", now - NOW);
    }
    app.clock.set(NOW - 3_600);
    assert_eq!(guess(&app, 9).await, "cannot_check", "a clock that was set back wins nothing");
}

#[tokio::test]
async fn a_hit_gives_its_place_back() {
    let app = budget(1).await;
    for _ in 0..3 {
        let issued = app.officer.issue_spoken().await;
        for verdict in ["genuine", "already_checked"] {
            assert_eq!(app.anyone().code(&issued.words).await.verdict(), verdict);
        }
    }
    assert_eq!(guess(&app, 0).await, "unknown_code");
    assert_eq!(guess(&app, 1).await, "cannot_check");
}

#[tokio::test]
async fn mistyped_costs_nothing() {
    let app = budget(1).await;
    for text in ["hello", "", "123456789012345", "abacus abacus abacus abacus volley"] {
        assert_eq!(app.anyone().code(text).await.verdict(), "mistyped");
    }
    assert_eq!(guess(&app, 0).await, "unknown_code");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_never_exceed_the_budget() {
    let app = budget(20).await;
    let second_process = app.second_verifier().await;
    let mut racing = JoinSet::new();
    for n in 0..100 {
        let asker = if n % 2 == 0 { app.anyone() } else { second_process.another() }.from(&address(n).to_string());
        racing.spawn(async move { asker.code(&unknown_code(n).words()).await.verdict() });
    }
    let mut verdicts = BTreeMap::new();
    for verdict in racing.join_all().await {
        *verdicts.entry(verdict).or_insert(0) += 1;
    }
    assert_eq!(verdicts, BTreeMap::from([("cannot_check".into(), 80), ("unknown_code".into(), 20)]));
}

/// Who has guessed wrong shares a quarter with all who have.
#[tokio::test]
async fn who_has_guessed_wrong_leaves_three_quarters_to_the_others() {
    let app = budget(100).await;
    let ask = async |from: usize, n: usize| verdict(app.public_side.limited(address(from), check(unknown_code(n), None, n)).await);
    for n in 0..5 {
        assert_eq!(ask(n, n).await, "unknown_code");
    }
    // They take what is left of a quarter, and no more, however many they are.
    let mut answered = 0;
    for n in 0..75 {
        answered += usize::from(ask(n % 5, 100 + n).await == "unknown_code");
    }
    assert_eq!((answered, taken(&app, GuessPool::Five).await), (20, 25));
    for n in 5..80 {
        assert_eq!(ask(n, 200 + n).await, "unknown_code", "who has not, up to the last place");
    }
    assert_eq!(ask(80, 300).await, "cannot_check");
    assert_eq!(history(&app, 80), History::Clean, "and is not taken for a guesser");
    app.clock.set(NOW + DAY);
    assert_eq!(ask(0, 400).await, "unknown_code");
}
