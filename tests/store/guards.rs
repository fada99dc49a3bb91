//! Rules that hold inside the store's own statements, for any caller and however many at once.

use countersign::{
    authority::{AuthorisationId, Decision, State},
    store::{AttemptHash, Decided, GUESS_WINDOW, GuessPool, IssueRefusal, KEEP_ROWS, Marked, NewToken, Presented},
    token::Channel,
};
use tokio::task::JoinSet;

use crate::{
    Backend,
    acts::{END, NOW, World, authorisation, entry, new_token, speakable},
};

const ID: AuthorisationId = AuthorisationId([2; 8]);

pub async fn the_asker_never_decides(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    issuer.ask(authorisation(2, 5), None, entry()).await.unwrap();
    let before = world.entries().await;
    for decision in [Decision::Approve, Decision::Refuse] {
        let own = issuer.decide(ID, decision, "falcon".parse().unwrap(), entry()).await.unwrap();
        assert_eq!(own, Decided::OwnRequest);
    }
    assert_eq!(world.entries().await, before);
    assert_eq!(issuer.authorisation(ID).await.unwrap().unwrap().state, State::Asked);
    // Nor around the contract: the table itself does not take it.
    for statement in [
        "UPDATE authorisations SET state = 'approved', decided_by = 'falcon', decided_at = 0 WHERE state = 'asked'",
        "UPDATE authorisations SET state = 'refused', decided_by = 'falcon', decided_at = 0 WHERE state = 'asked'",
        "UPDATE authorisations SET state = 'approved' WHERE state = 'asked'",
        "UPDATE authorisations SET decided_by = asked_by WHERE state = 'approved'",
        "UPDATE authorisations SET asked_by = decided_by WHERE state = 'approved'",
    ] {
        assert!(backend.sql(statement).await.is_err(), "{statement}");
    }
}

pub async fn who_is_suspended_meanwhile_does_not_decide(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    issuer.ask(authorisation(2, 5), None, entry()).await.unwrap();
    assert!(issuer.suspend("heron".parse().unwrap(), entry()).await.unwrap());
    let before = world.entries().await;
    let decided = issuer.decide(ID, Decision::Approve, "heron".parse().unwrap(), entry()).await.unwrap();
    assert_eq!(decided, Decided::Suspended);
    assert_eq!(world.entries().await, before);
    assert_eq!(issuer.authorisation(ID).await.unwrap().unwrap().state, State::Asked);
}

pub async fn nothing_of_somebody_suspended_is_approved(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    let by = || "heron".parse().unwrap();
    for id in [2, 3] {
        issuer.ask(authorisation(id, 5), None, entry()).await.unwrap();
    }
    assert!(issuer.suspend("falcon".parse().unwrap(), entry()).await.unwrap());
    let before = world.entries().await;
    assert_eq!(issuer.decide(ID, Decision::Approve, by(), entry()).await.unwrap(), Decided::AskerSuspended("falcon".parse().unwrap()));
    assert_eq!(world.entries().await, before);
    let found = issuer.authorisation(ID).await.unwrap().unwrap();
    assert_eq!((found.state, found.asker_suspended), (State::Asked, true));
    let refused = issuer.decide(ID, Decision::Refuse, by(), entry()).await.unwrap();
    assert!(matches!(refused, Decided::Done(a) if a.asker_suspended));
}

pub async fn a_decision_stands(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    let by = || "heron".parse().unwrap();
    issuer.ask(authorisation(2, 5), None, entry()).await.unwrap();
    assert!(matches!(issuer.decide(ID, Decision::Refuse, by(), entry()).await.unwrap(), Decided::Done(_)));
    assert_eq!(issuer.decide(ID, Decision::Approve, by(), entry()).await.unwrap(), Decided::AlreadyIs(State::Refused));
    assert_eq!(issuer.withdraw_authorisation(ID, "heron".parse().unwrap(), entry()).await.unwrap(), Decided::AlreadyIs(State::Refused));
    let unknown = AuthorisationId([9; 8]);
    assert_eq!(issuer.decide(unknown, Decision::Approve, by(), entry()).await.unwrap(), Decided::Unknown);
    let first = AuthorisationId([1; 8]);
    let withdrawn = issuer.withdraw_authorisation(first, "falcon".parse().unwrap(), entry()).await.unwrap();
    assert!(matches!(withdrawn, Decided::Done(a) if a.withdrawn_by == Some("falcon".parse().unwrap())));
    let again = issuer.withdraw_authorisation(first, by(), entry()).await.unwrap();
    assert!(matches!(again, Decided::Done(a) if a.withdrawn_by == Some("falcon".parse().unwrap())), "the first one stands");
    assert_eq!(issuer.decide(first, Decision::Approve, by(), entry()).await.unwrap(), Decided::AlreadyIs(State::Withdrawn));
}

pub async fn the_statement_that_issues_checks_everything_itself(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    issuer.ask(authorisation(2, 5), None, entry()).await.unwrap();
    let good = || new_token(1);
    for (wrong, bad) in [
        ("unknown authorisation", NewToken { authorisation: AuthorisationId([9; 8]), ..good() }),
        ("not approved", NewToken { authorisation: ID, ..good() }),
        ("another officer", NewToken { officer: "heron".parse().unwrap(), ..good() }),
        ("another channel", NewToken { channel: Channel::Telephone, ..good() }),
        ("starts before", NewToken { starts_at: NOW - 1, ..good() }),
        ("ends after", NewToken { expires_at: NOW + 3_601, ..good() }),
    ] {
        assert!(matches!(world.issue(bad).await, Err(IssueRefusal::NotAuthorised)), "{wrong}");
    }
    world.issue(NewToken { expires_at: NOW + 3_600, ..good() }).await.unwrap();
    issuer.suspend("heron".parse().unwrap(), entry()).await.unwrap();
    assert!(matches!(world.issue(new_token(2)).await, Err(IssueRefusal::NotAuthorised)), "approver suspended");
    let other = World { stores: backend.open().await };
    assert!(matches!(other.issue(new_token(2)).await, Err(IssueRefusal::NotAuthorised)), "in another process too");
    issuer.withdraw_authorisation(AuthorisationId([1; 8]), "heron".parse().unwrap(), entry()).await.unwrap();
    assert!(matches!(world.issue(new_token(2)).await, Err(IssueRefusal::NotAuthorised)), "withdrawn");
}

pub async fn a_quota_holds_against_many_at_once(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.approved(2, 10).await;
    let second = backend.open().await;
    let mut racing = JoinSet::new();
    for cti in 1..=60 {
        let issuer = if cti % 2 == 0 { world.stores.issuer.clone() } else { second.issuer.clone() };
        let token = NewToken { authorisation: ID, ..new_token(cti) };
        racing.spawn(async move { issuer.issue_and_record(token, entry()).await });
    }
    let (issued, refused): (Vec<_>, Vec<_>) = racing.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((issued.len(), refused.len()), (10, 50));
    assert!(refused.iter().all(|refused| matches!(refused, Err(IssueRefusal::NotAuthorised))), "the statement says so, not the table");
    assert_eq!(world.stores.issuer.authorisation(ID).await.unwrap().unwrap().tokens_issued, 10);
}

pub async fn codes_and_ids_are_taken_once(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let spoken = |cti, code| NewToken { speakable: Some(speakable(code, 100)), ..new_token(cti) };
    world.issue(spoken(1, 1)).await.unwrap();
    assert!(matches!(world.issue(spoken(2, 1)).await, Err(IssueRefusal::CodeTaken)), "another token's code");
    assert!(matches!(world.issue(spoken(1, 2)).await, Err(IssueRefusal::CodeTaken)), "another token's id");
    world.issue(new_token(2)).await.unwrap();
    world.issue(new_token(3)).await.unwrap();
    let code = speakable(1, 100).code;
    assert_eq!(world.stores.verifier.token_for_code(code).await.unwrap(), Some(crate::acts::token(1)));
    assert_eq!(world.stores.verifier.token_for_code(speakable(2, 100).code).await.unwrap(), None, "silent");
}

pub async fn live_codes_are_bounded(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let mut racing = JoinSet::new();
    for cti in 1..=20 {
        let issuer = world.stores.issuer.clone();
        let token = NewToken { speakable: Some(speakable(cti, 5)), ..new_token(cti) };
        racing.spawn(async move { issuer.issue_and_record(token, entry()).await.is_ok() });
    }
    assert_eq!(racing.join_all().await.into_iter().filter(|issued| *issued).count(), 5);
    world.issue(new_token(100)).await.unwrap();
    let full = world.stores.issuer.make_speakable(new_token(100).cti, speakable(100, 5), entry()).await;
    assert!(matches!(full, Err(IssueRefusal::TooManyLive)));
}

pub async fn guesses_at_once_never_exceed_the_budget(backend: &dyn Backend) {
    let stores = backend.open().await;
    let second = backend.open().await;
    let mut racing = JoinSet::new();
    for n in 0..200 {
        let verifier = if n % 2 == 0 { stores.verifier.clone() } else { second.verifier.clone() };
        // Over several minutes, so that no single row is the whole count.
        racing.spawn(async move { verifier.take_guess(GuessPool::Five, 30, NOW + 60 * (n % 4)).await.unwrap().is_some() });
    }
    assert_eq!(racing.join_all().await.into_iter().filter(|taken| *taken).count(), 30);
    drop((stores, second));
    let restarted = backend.open().await.verifier;
    assert!(restarted.take_guess(GuessPool::Five, 30, NOW + 180).await.unwrap().is_none());
    assert!(restarted.take_guess(GuessPool::Five, 31, NOW + 180).await.unwrap().is_some());
    assert!(restarted.take_guess(GuessPool::Five, 30, NOW + 180 + GUESS_WINDOW + 60).await.unwrap().is_some());
}

pub async fn a_place_can_be_given_back_once_it_was_taken(backend: &dyn Backend) {
    let verifier = backend.open().await.verifier;
    assert!(verifier.take_guess(GuessPool::Five, 0, NOW).await.unwrap().is_none());
    for _ in 0..5 {
        let guess = verifier.take_guess(GuessPool::Five, 1, NOW).await.unwrap().unwrap();
        assert!(verifier.take_guess(GuessPool::Five, 1, NOW).await.unwrap().is_none());
        verifier.give_back(guess, None).await.unwrap();
    }
    let guess = verifier.take_guess(GuessPool::Five, 1, NOW).await.unwrap().unwrap();
    // At once, too, so that they are done together.
    futures_util::future::try_join_all((0..20).map(|_| verifier.give_back(guess, None))).await.unwrap();
    assert!(verifier.take_guess(GuessPool::Five, 1, NOW).await.unwrap().is_some());
    assert!(verifier.take_guess(GuessPool::Five, 1, NOW).await.unwrap().is_none(), "nobody gives back more than was taken");
}

pub async fn taken_places_are_counted_by_their_window(backend: &dyn Backend) {
    let stores = backend.open().await;
    let (verifier, second) = (&stores.verifier, backend.open().await.verifier);
    let taken = async |now| verifier.guesses_taken(GuessPool::Five, now).await.unwrap();
    assert_eq!(taken(NOW).await, 0);
    for (n, now) in [(3, NOW), (2, NOW + 60)] {
        for _ in 0..n {
            second.take_guess(GuessPool::Five, 10, now).await.unwrap().unwrap();
        }
    }
    let back = verifier.take_guess(GuessPool::Five, 10, NOW + 60).await.unwrap().unwrap();
    assert_eq!(taken(NOW + 60).await, 6);
    second.give_back(back, None).await.unwrap();
    let minute = NOW - NOW % 60;
    for (now, count) in [(NOW, 5), (minute + GUESS_WINDOW + 59, 5), (minute + GUESS_WINDOW + 60, 2), (minute + GUESS_WINDOW + 120, 0)] {
        assert_eq!(taken(now).await, count, "{now}");
        // As the statement that takes a place sees it.
        assert!(verifier.take_guess(GuessPool::Five, count, now).await.unwrap().is_none(), "{now}");
    }
    // What purging does with the rows changes nothing.
    stores.issuer.purge(NOW + 600).await.unwrap();
    assert_eq!(taken(NOW + 600).await, 5);
}

/// As the verifier counts, and as its officer reads.
async fn wrong(world: &World, token: Presented) -> u32 {
    let wrong = world.stores.verifier.wrong_numbers(token).await.unwrap();
    let record = world.stores.issuer.token(token.cti).await.unwrap().unwrap();
    let live = world.live_tokens(None, NOW).await;
    let live = live.iter().find(|live| live.cti == token.cti).unwrap();
    assert_eq!((record.wrong_numbers, live.record.wrong_numbers), (wrong, wrong));
    wrong
}

pub async fn numbers_at_once_never_exceed_five_wrong_ones(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let second = backend.open().await;
    let (token, other) = (world.issued(1).await, world.issued(2).await);
    let mut racing = JoinSet::new();
    for n in 0..60_u8 {
        let verifier = if n % 2 == 0 { world.stores.verifier.clone() } else { second.verifier.clone() };
        racing.spawn(async move { verifier.try_number(token, Some(AttemptHash([n; 32]))).await.unwrap().is_some() });
    }
    assert_eq!(racing.join_all().await.into_iter().filter(|tried| *tried).count(), 5);
    drop(second);
    let restarted = backend.open().await.verifier;
    assert!(restarted.try_number(token, None).await.unwrap().is_none());
    assert_eq!((wrong(&world, token).await, wrong(&world, other).await), (5, 0));
    assert!(restarted.try_number(other, None).await.unwrap().is_some(), "each token has its own");
    assert_eq!(wrong(&world, other).await, 1);
}

pub async fn a_right_number_is_given_back(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let verifier = &world.stores.verifier;
    let token = world.issued(1).await;
    let right = async || {
        let guess = verifier.take_guess(GuessPool::Number, 100, NOW).await.unwrap().unwrap();
        let number = verifier.try_number(token, None).await.unwrap();
        assert!(number.is_some());
        (guess, number)
    };
    for _ in 0..12 {
        let (guess, number) = right().await;
        assert_eq!(wrong(&world, token).await, 1, "until it was compared");
        verifier.give_back(guess, number).await.unwrap();
    }
    assert_eq!(wrong(&world, token).await, 0);
    // One that is given back twice, or at once with others, is one.
    let ((guess, first), (_, second)) = (right().await, right().await);
    for number in [first, first, first] {
        verifier.give_back(guess, number).await.unwrap();
    }
    assert!(wrong(&world, token).await <= 1);
    verifier.give_back(guess, second).await.unwrap();
    assert_eq!(wrong(&world, token).await, 0);
    for _ in 0..5 {
        assert!(verifier.try_number(token, None).await.unwrap().is_some());
    }
    assert!(verifier.try_number(token, None).await.unwrap().is_none(), "five wrong ones, however many were right");
}

pub async fn who_was_right_is_not_counted_again(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let verifier = &world.stores.verifier;
    let (token, other) = (world.issued(1).await, world.issued(2).await);
    let attempt = |n| Some(AttemptHash([n; 32]));
    assert_eq!(verifier.use_once(token, attempt(1), NOW).await.unwrap(), Marked::First);
    assert_eq!(verifier.use_once(other, None, NOW).await.unwrap(), Marked::First);
    for _ in 0..20 {
        let again = verifier.try_number(token, attempt(1)).await.unwrap();
        assert!(again.is_some());
        let guess = verifier.take_guess(GuessPool::Number, 100, NOW).await.unwrap().unwrap();
        verifier.give_back(guess, again).await.unwrap();
        assert_eq!(wrong(&world, token).await, 0);
    }
    for (presented, attempt) in [(token, attempt(2)), (other, None)] {
        for _ in 0..5 {
            assert!(verifier.try_number(presented, attempt).await.unwrap().is_some());
        }
        assert!(verifier.try_number(presented, attempt).await.unwrap().is_none(), "{attempt:?}");
    }
    assert!(verifier.try_number(token, attempt(1)).await.unwrap().is_some(), "its own answer is still there");
    // With the token go its tries.
    world.stores.issuer.report_first_checks(NOW).await.unwrap();
    world.stores.issuer.purge(END + KEEP_ROWS).await.unwrap();
    for gone in [token, other] {
        assert_eq!(verifier.wrong_numbers(gone).await.unwrap(), 0);
    }
}
