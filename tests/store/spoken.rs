//! Spoken codes: how many may be live together, and how long a new one is.

use countersign::{
    authority::{ActorName, Authorisation, AuthorisationId, Decision, Request, Role, TokenSelection},
    ledger::Entry,
    store::{GUESS_WINDOW, GuessPool, IssueRefusal, NewToken, QUIET, Room, Speakable, SpokenRules},
    token::{Channel, Cti, SpokenCode, SpokenSize, SpokenWords},
};
use tokio::task::JoinSet;

use crate::{
    Backend, Stores,
    access::{credential, hash},
    acts::{END, NOW, World, entry, five_words, narrowed, new_token, officer, speakable, token},
    keys::{key, set, stolen},
};

/// A minute begins, so long before codes that are prepared that nothing else is live with them.
const MINUTE: i64 = NOW + 20;

/// Three wrong guesses of six at five words, or two of four with a number, are half.
const AUTO: SpokenRules =
    SpokenRules { words: SpokenWords::Auto, room: Room { five: 3, all: 100, person: 100 }, five_guesses: 6, number_guesses: 4 };

fn room(all: u32, person: u32) -> SpokenRules {
    SpokenRules { room: Room { five: all, all, person }, ..five_words(all) }
}

fn spoken(cti: u8, rules: SpokenRules) -> NewToken {
    NewToken { speakable: Some(Speakable { rules, ..speakable(cti, 0) }), ..new_token(cti) }
}

/// With a window that begins and ends so many seconds after [`MINUTE`].
fn within(cti: u8, rules: SpokenRules, (starts, ends): (i64, i64)) -> NewToken {
    NewToken { starts_at: MINUTE + starts, expires_at: MINUTE + ends, ..spoken(cti, rules) }
}

fn at(second: i64) -> Entry {
    Entry { at: second, ..entry() }
}

/// Issued at a time, by how many words it is found.
async fn shortest(stores: &Stores, token: NewToken, now: i64) -> SpokenSize {
    stores.issuer.issue_and_record(token, at(now)).await.unwrap().unwrap()
}

impl World {
    /// Another officer with a credential and an authorisation of this number, which somebody approved.
    async fn officer(&self, callsign: &str, number: u8, approver: &str) {
        let issuer = &self.stores.issuer;
        issuer.enrol(officer(callsign, Role::Officer), entry()).await.unwrap();
        issuer.enrol(officer(approver, Role::Approver), entry()).await.unwrap();
        issuer.add_credential(credential(callsign, number, i64::MAX), entry()).await.unwrap();
        let request = Request::new("OP", [Channel::InPerson, Channel::Telephone].into(), (NOW, NOW + 3_600), 9, NOW).unwrap();
        let id = AuthorisationId([number; 8]);
        issuer.ask(Authorisation::asked(id, request, callsign.parse().unwrap(), NOW), None, entry()).await.unwrap();
        issuer.decide(id, Decision::Approve, approver.parse().unwrap(), entry()).await.unwrap();
    }

    async fn is_found(&self, cti: u8, size: SpokenSize) -> bool {
        self.stores.verifier.token_for_code(SpokenCode::of(&token(cti), size)).await.unwrap().is_some()
    }
}

/// By another officer, with the authorisation of this number.
fn by(callsign: &str, number: u8, token: NewToken) -> NewToken {
    NewToken { officer: callsign.parse().unwrap(), authorisation: AuthorisationId([number; 8]), access: hash(number), ..token }
}

pub async fn room_is_kept_over_all_the_time_of_a_code(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let two = room(2, 100);
    // They can be checked from 19:00 until 26:00.
    for cti in [1, 2] {
        world.issue(within(cti, two, (20 * 60, 25 * 60))).await.unwrap();
    }
    for (window, fits) in [
        ((20 * 60, 25 * 60), false),
        ((10 * 60, 35 * 60), false),
        ((22 * 60, 22 * 60 + 1), false),
        ((10 * 60, 18 * 60), true),
        ((10 * 60, 18 * 60 + 1), false),
        ((27 * 60, 35 * 60), true),
        ((27 * 60 - 1, 35 * 60), false),
    ] {
        match world.issue(within(3, two, window)).await {
            Ok(_) => assert!(fits, "{window:?}"),
            Err(refused) => assert!(!fits && matches!(refused, IssueRefusal::TooManyLive), "{window:?}"),
        }
        if fits {
            world.withdraw(3).await;
            backend.sql("DELETE FROM tokens WHERE withdrawn_at IS NOT NULL").await.unwrap();
        }
    }
    // By whole minutes, so rather too few than too many: this one is over ten seconds before the others begin.
    let late = (20 * 60 + 30, 25 * 60);
    world.withdraw(1).await;
    world.withdraw(2).await;
    for cti in [5, 6] {
        world.issue(within(cti, two, late)).await.unwrap();
    }
    assert!(matches!(world.issue(within(7, two, (10 * 60, 18 * 60 + 20))).await, Err(IssueRefusal::TooManyLive)));
    // What is live now has nothing to do with them.
    world.issue(spoken(8, two)).await.unwrap();
}

pub async fn one_person_has_no_more_than_their_share(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.officer("kite", 5, "wren").await;
    let two = room(100, 2);
    // They can be checked from 19:30 until 26:10.
    let window = (20 * 60 + 30, 25 * 60 + 10);
    for cti in [1, 2] {
        world.issue(within(cti, two, window)).await.unwrap();
    }
    for (cti, window, fits) in [
        (3, window, false),
        (3, (10 * 60, 40 * 60), false),
        (3, (10 * 60, 18 * 60 + 31), false),
        (3, (10 * 60, 18 * 60 + 30), true),
        (4, (27 * 60 + 9, 40 * 60), false),
        (4, (27 * 60 + 10, 40 * 60), true),
    ] {
        match world.issue(within(cti, two, window)).await {
            Ok(_) => assert!(fits, "{window:?}"),
            Err(refused) => assert!(!fits && matches!(refused, IssueRefusal::TooManyOfOne), "{window:?}"),
        }
    }
    world.issue(by("kite", 5, within(5, two, window))).await.unwrap();
    // Made speakable later, by the same rule: whose it is, and not who asks.
    for (cti, token) in [(6, within(6, two, window)), (7, by("kite", 5, within(7, two, window)))] {
        world.issue(NewToken { speakable: None, ..token }).await.unwrap();
        let switched_on = world.stores.issuer.make_speakable(Cti([cti; 8]), Speakable { rules: two, ..speakable(cti, 0) }, entry()).await;
        match switched_on {
            Ok(_) => assert_eq!(cti, 7),
            Err(refused) => assert!(cti == 6 && matches!(refused, IssueRefusal::TooManyOfOne)),
        }
    }
    // The third is not live with those, so with one of them withdrawn there is room beside both.
    world.withdraw(1).await;
    world.issue(within(8, two, (10 * 60, 40 * 60))).await.unwrap();
    assert!(matches!(world.issue(within(9, two, (10 * 60, 40 * 60))).await, Err(IssueRefusal::TooManyOfOne)));
}

pub async fn every_withdrawal_gives_room_back(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    let one = room(1, 100);
    world.officer("witness", 100, "stork").await;
    for (number, how) in (1_u8..).zip(["token", "authorisation", "selection", "officer", "approver", "review", "access", "key"]) {
        let (callsign, approver) = (format!("{how}-by"), format!("{how}-for"));
        world.officer(&callsign, number + 1, &approver).await;
        let (cti, kid) = (number * 10, key(1).public().id().prefix());
        let token = by(&callsign, number + 1, NewToken { channel: Channel::Telephone, kid, ..spoken(cti, one) });
        world.issue(token).await.unwrap();
        let witness = |nth: u8| by("witness", 100, spoken(cti + nth, one));
        assert!(matches!(world.issue(witness(1)).await, Err(IssueRefusal::TooManyLive)), "{how}");
        match how {
            "token" => assert!(issuer.withdraw_token(Cti([cti; 8]), entry()).await.unwrap()),
            "authorisation" => {
                drop(issuer.withdraw_authorisation(AuthorisationId([number + 1; 8]), "heron".parse().unwrap(), entry()).await.unwrap());
            }
            "selection" => {
                let telephone = TokenSelection::Channel(Channel::Telephone);
                assert_eq!(issuer.withdraw_tokens(telephone, ActorName::Operator, NOW).await.unwrap(), 1);
            }
            "officer" => assert!(issuer.suspend(callsign.parse().unwrap(), entry()).await.unwrap()),
            "approver" => assert!(issuer.suspend(approver.parse().unwrap(), entry()).await.unwrap()),
            "review" => {
                let id = AuthorisationId([number + 1; 8]);
                drop(issuer.review(id, narrowed(), approver.parse().unwrap(), entry()).await.unwrap());
            }
            "access" => drop(issuer.revoke_access(hash(number + 1).id(), ActorName::Operator, NOW).await.unwrap()),
            _ => {
                issuer.put_key_set(set(2, &[1, 2]), entry()).await.unwrap();
                assert_eq!(issuer.revoke_key(key(1).public().id(), stolen(), entry()).await.unwrap(), Some(1));
                assert!(issuer.activate_key(key(2).public().id(), NOW).await.unwrap());
            }
        }
        let signed_now = if how == "key" { key(2) } else { key(1) }.public().id().prefix();
        world.issue(NewToken { kid: signed_now, ..witness(2) }).await.unwrap_or_else(|refused| panic!("{how}: {refused}"));
        assert!(world.record(cti).await.withdrawn_at.is_some(), "{how}");
        // Once, and not again for one that was withdrawn before.
        assert!(!issuer.withdraw_token(Cti([cti; 8]), entry()).await.unwrap());
        assert!(matches!(world.issue(witness(3)).await, Err(IssueRefusal::TooManyLive)), "{how}");
        world.withdraw(cti + 2).await;
    }
}

pub async fn of_codes_and_withdrawals_at_once_none_is_counted_wrongly(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let second = backend.open().await;
    let mut racing = JoinSet::new();
    for cti in 1..=60 {
        let stores = if cti % 2 == 0 { world.stores.clone() } else { second.clone() };
        racing.spawn(async move {
            let issued = stores.issuer.issue_and_record(within(cti, room(5, 100), (20 * 60, 25 * 60)), entry()).await.is_ok();
            if issued && cti % 3 == 0 {
                assert!(stores.issuer.withdraw_token(Cti([cti; 8]), entry()).await.unwrap());
            }
            issued && cti % 3 != 0
        });
    }
    let live = racing.join_all().await.into_iter().filter(|live| *live).count();
    assert!(live <= 5, "{live}");
    let mut more = 0;
    for cti in 100..110 {
        match world.issue(within(cti, room(5, 100), (20 * 60, 25 * 60))).await {
            Ok(_) => more += 1,
            Err(refused) => assert!(matches!(refused, IssueRefusal::TooManyLive)),
        }
    }
    assert_eq!(live + more, 5);
}

pub async fn counts_are_forgotten_with_the_codes_and_not_before(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let one = room(1, 100);
    let clock = world.stores.issuer.act_heartbeat(None).await.unwrap();
    backend.sql("UPDATE authorisations SET starts_at = 0, ends_at = 9000000000").await.unwrap();
    let end = clock.unwrap_or(NOW) - 60;
    let live = |cti| NewToken { starts_at: end - 600, expires_at: end, ..spoken(cti, one) };
    world.issue(live(1)).await.unwrap();
    // Long after the first minute of the code, and while it is still kept.
    world.stores.issuer.purge(end + 1_200).await.unwrap();
    assert!(matches!(world.issue(live(2)).await, Err(IssueRefusal::TooManyLive)));
}

pub async fn six_words_come_into_force_at_half_of_a_budget(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let second = backend.open().await;
    let guess = async |pool| assert!(second.verifier.take_guess(pool, 100, NOW).await.unwrap().is_some());
    for _ in 0..10 {
        guess(GuessPool::Six).await;
    }
    guess(GuessPool::Five).await;
    guess(GuessPool::Number).await;
    guess(GuessPool::Five).await;
    assert_eq!(shortest(&world.stores, spoken(1, AUTO), NOW).await, SpokenSize::Five);
    assert_eq!(world.stores.issuer.words_in_force(AUTO, NOW).await.unwrap(), SpokenSize::Five);
    let last = second.verifier.take_guess(GuessPool::Five, 100, NOW).await.unwrap().unwrap();
    assert_eq!(world.stores.issuer.words_in_force(AUTO, NOW).await.unwrap(), SpokenSize::Six);
    assert_eq!(shortest(&second, spoken(2, AUTO), NOW).await, SpokenSize::Six);
    // A code that was read out is found as before, and by six words too; a new one by those alone.
    for (cti, size, found) in
        [(1, SpokenSize::Five, true), (1, SpokenSize::Six, true), (2, SpokenSize::Five, false), (2, SpokenSize::Six, true)]
    {
        assert_eq!(world.is_found(cti, size).await, found, "{cti} {size:?}");
    }
    assert_eq!((world.record(1).await.shortest, world.record(2).await.shortest), (Some(SpokenSize::Five), Some(SpokenSize::Six)));
    // The guess was none; but who swings it once swings it for a day.
    second.verifier.give_back(last, None).await.unwrap();
    drop(second);
    let restarted = backend.open().await;
    for (cti, later, expected) in [(3, 1, SpokenSize::Six), (4, QUIET - 1, SpokenSize::Six), (5, QUIET, SpokenSize::Five)] {
        assert_eq!(restarted.issuer.words_in_force(AUTO, NOW + later).await.unwrap(), expected, "{later}");
        assert_eq!(shortest(&restarted, spoken(cti, AUTO), NOW + later).await, expected, "{later}");
    }
    for words in SpokenSize::ALL {
        let fixed = SpokenRules { words: SpokenWords::Fixed(words), ..AUTO };
        assert_eq!(restarted.issuer.words_in_force(fixed, NOW + 1).await.unwrap(), words);
    }
}

pub async fn numbers_bring_six_words_into_force_too(backend: &dyn Backend) {
    let world = World::new(backend).await;
    for (cti, expected) in [(1, SpokenSize::Five), (2, SpokenSize::Six)] {
        assert!(world.stores.verifier.take_guess(GuessPool::Number, 4, NOW).await.unwrap().is_some());
        assert_eq!(shortest(&world.stores, spoken(cti, AUTO), NOW).await, expected);
    }
}

pub async fn a_burst_of_guesses_is_remembered_by_a_round_of_the_housekeeper(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    for _ in 0..3 {
        assert!(world.stores.verifier.take_guess(GuessPool::Five, 6, NOW).await.unwrap().is_some());
    }
    let forgotten = NOW + GUESS_WINDOW + 60;
    assert_eq!(issuer.words_in_force(AUTO, forgotten).await.unwrap(), SpokenSize::Five);
    for words in SpokenSize::ALL {
        issuer.note_guesses(SpokenRules { words: SpokenWords::Fixed(words), ..AUTO }, NOW + 30).await.unwrap();
        assert_eq!(issuer.words_in_force(AUTO, forgotten).await.unwrap(), SpokenSize::Five, "nobody asked");
    }
    issuer.note_guesses(AUTO, NOW + 30).await.unwrap();
    issuer.note_guesses(AUTO, forgotten).await.unwrap();
    for (now, expected) in [(forgotten, SpokenSize::Six), (NOW + 30 + QUIET - 1, SpokenSize::Six), (NOW + 30 + QUIET, SpokenSize::Five)] {
        assert_eq!(issuer.words_in_force(AUTO, now).await.unwrap(), expected, "{now}");
    }
}

pub async fn a_clock_that_was_ahead_makes_six_words_last_a_day_at_most(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    for by_issuing in [true, false] {
        backend.sql(&format!("UPDATE spoken SET busy_at = {}", NOW + 365 * 86_400)).await.unwrap();
        assert_eq!(issuer.words_in_force(AUTO, NOW).await.unwrap(), SpokenSize::Six, "it is not shorter for it");
        if by_issuing {
            assert_eq!(shortest(&world.stores, spoken(1, AUTO), NOW).await, SpokenSize::Six);
        } else {
            issuer.note_guesses(AUTO, NOW).await.unwrap();
        }
        for (later, expected) in [(QUIET - 1, SpokenSize::Six), (QUIET, SpokenSize::Five)] {
            assert_eq!(issuer.words_in_force(AUTO, NOW + later).await.unwrap(), expected);
        }
    }
}

pub async fn where_five_words_have_no_room_this_one_has_six(backend: &dyn Backend) {
    let world = World::new(backend).await;
    for cti in 1..=3 {
        assert_eq!(shortest(&world.stores, spoken(cti, AUTO), NOW).await, SpokenSize::Five);
    }
    assert_eq!(shortest(&world.stores, spoken(4, AUTO), NOW).await, SpokenSize::Six);
    assert_eq!(world.stores.issuer.words_in_force(AUTO, NOW).await.unwrap(), SpokenSize::Five, "for this one only");
    world.issue(new_token(5)).await.unwrap();
    let silent = Speakable { rules: AUTO, ..speakable(5, 0) };
    assert_eq!(world.stores.issuer.make_speakable(Cti([5; 8]), silent, entry()).await.unwrap(), SpokenSize::Six);
    // Those with six words took no room of those with five.
    world.withdraw(2).await;
    assert_eq!(shortest(&world.stores, spoken(6, AUTO), NOW).await, SpokenSize::Five);
    world.withdraw(4).await;
    assert_eq!(shortest(&world.stores, spoken(7, AUTO), NOW).await, SpokenSize::Six);
}

pub async fn what_is_prepared_has_six_words(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let from = |cti, starts_at, rules| NewToken { starts_at, expires_at: END + 60, ..spoken(cti, rules) };
    assert_eq!(shortest(&world.stores, from(1, NOW, AUTO), NOW).await, SpokenSize::Five);
    assert_eq!(shortest(&world.stores, from(2, NOW + 1, AUTO), NOW).await, SpokenSize::Six);
    assert_eq!(shortest(&world.stores, from(3, NOW + 1, five_words(9)), NOW).await, SpokenSize::Five, "as the setting says");
    world.issue(NewToken { speakable: None, ..from(4, NOW + 1, AUTO) }).await.unwrap();
    let silent = || Speakable { rules: AUTO, ..speakable(4, 0) };
    assert_eq!(world.stores.issuer.make_speakable(Cti([4; 8]), silent(), at(NOW)).await.unwrap(), SpokenSize::Six);
    assert_eq!(world.record(4).await.shortest, Some(SpokenSize::Six));
}

pub async fn a_new_store_lengthens_its_codes_when_somebody_guesses(backend: &dyn Backend) {
    let stores = backend.open().await;
    assert_eq!(stores.issuer.usual_words().await.unwrap(), SpokenWords::Auto);
    stores.issuer.record(entry()).await.unwrap();
    assert_eq!(backend.open().await.issuer.usual_words().await.unwrap(), SpokenWords::Auto, "it is new for good");
}
