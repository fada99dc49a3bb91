//! Lists in pages, and the bound on what waits in them.

use countersign::{
    authority::{Authorisation, AuthorisationId, Callsign, Decision, Officer, Request, Role},
    store::{
        AskRefusal, AuthorisationPlace, Decided, IssuerStore, KEEP_ASKED, MOST_ASKED, MOST_UNDECIDED, NewToken, Only, Page, PersonPlace,
        Search, Sort, Wanted, all_pages,
    },
    token::{Channel, Cti},
};
use tokio::task::JoinSet;

use crate::{
    Backend,
    acts::{END, NOW, World, entry, new_token, officer},
};

const HOUR: i64 = 3_600;

fn named(callsign: &str) -> Callsign {
    callsign.parse().unwrap()
}

/// A request of falcon's that is asked at `at` and lasts for an hour.
fn request(id: u8, at: i64) -> Authorisation {
    let frame = Request::new("OP-2", [Channel::InPerson].into(), (at, at + HOUR), 5, at).unwrap();
    Authorisation::asked(AuthorisationId([id; 8]), frame, named("falcon"), at)
}

async fn asks(issuer: &dyn IssuerStore, request: Authorisation) -> bool {
    let at = request.asked_at;
    let entry = countersign::ledger::Event::authorisation_asked(&request).at(at);
    match issuer.ask(request, None, entry).await {
        Ok(()) => true,
        Err(AskRefusal::TooMany) => false,
        Err(other) => panic!("{other}"),
    }
}

async fn decides(issuer: &dyn IssuerStore, id: u8, decision: Decision) {
    let decided = issuer.decide(AuthorisationId([id; 8]), decision, named("heron"), entry()).await.unwrap();
    assert!(matches!(decided, Decided::Done(_)), "{decided:?}");
}

/// Every page of so many, one after the other.
async fn in_pages(issuer: &dyn IssuerStore, asked_by: Option<&str>, most: u16, now: i64) -> Vec<u8> {
    let list = async |page: Page<AuthorisationPlace>| {
        let page = Page { most, ..page };
        let items = issuer.authorisations(asked_by.map(named), page.clone(), now).await?;
        assert!(items.len() <= usize::from(most));
        Ok::<_, countersign::store::StoreError>(page.with(items, |last| AuthorisationPlace::of(last, now)))
    };
    all_pages(list).await.unwrap().iter().map(|a| a.id.0[0]).collect()
}

pub async fn what_waits_comes_first_and_no_page_leaves_anything_out(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    // The approved one of the world has the id 01 and was asked at NOW; several are of one second.
    for (id, at) in [(2, NOW + 1), (3, NOW + 1), (4, NOW + 2), (5, NOW + 3), (6, NOW + 3), (7, NOW + 4)] {
        assert!(asks(issuer, request(id, at)).await);
    }
    decides(issuer, 7, Decision::Refuse).await;
    decides(issuer, 3, Decision::Approve).await;
    let all = vec![6, 5, 4, 2, 7, 3, 1];
    for most in [1, 2, 3, 4, 5, 7, 8, 200] {
        assert_eq!(in_pages(issuer, None, most, NOW + 5).await, all, "{most} a page");
        assert_eq!(in_pages(issuer, Some("falcon"), most, NOW + 5).await, all, "{most} a page of the asker's");
    }
    assert_eq!(in_pages(issuer, Some("heron"), 2, NOW + 5).await, Vec::<u8>::new());
    let ran_out = NOW + HOUR + 2;
    assert_eq!(in_pages(issuer, None, 2, ran_out).await, [6, 5, 7, 4, 3, 2, 1], "what ran out waits no more");
}

pub async fn who_is_decided_about_while_pages_are_read_is_not_missed(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    for id in 2..=6 {
        assert!(asks(issuer, request(id, NOW + i64::from(id))).await);
    }
    let first = issuer.authorisations(None, Page { after: None, most: 2 }, NOW + 9).await.unwrap();
    assert_eq!(first.iter().map(|a| a.id.0[0]).collect::<Vec<_>>(), [6, 5]);
    // The very one that names the place, one before it and one behind it.
    for id in [5, 6, 4] {
        decides(issuer, id, Decision::Approve).await;
    }
    let after = Some(AuthorisationPlace::of(&first[1], NOW + 9));
    let rest = issuer.authorisations(None, Page { after, most: 200 }, NOW + 9).await.unwrap();
    assert_eq!(rest.iter().map(|a| a.id.0[0]).collect::<Vec<_>>(), [3, 2, 6, 5, 4, 1]);
}

pub async fn people_and_tokens_come_in_pages(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    for callsign in ["a", "B", "kite", "0"] {
        assert!(issuer.enrol(officer(callsign, Role::Officer), entry()).await.unwrap());
    }
    for most in [1, 2, 3, 6, 7] {
        let list = async |page: Page<PersonPlace>| {
            let page = Page { most, ..page };
            let items = issuer.officers(page.clone()).await?;
            Ok::<_, countersign::store::StoreError>(page.with(items, |last: &Officer| PersonPlace(last.callsign.clone())))
        };
        let people: Vec<String> = all_pages(list).await.unwrap().iter().map(|one| one.callsign.to_string()).collect();
        assert_eq!(people, ["0", "B", "a", "falcon", "heron", "kite"], "{most} a page");
    }
    for cti in 1..=5 {
        world.issue(NewToken { expires_at: END + i64::from(cti / 3), ..new_token(cti) }).await.unwrap();
    }
    for most in [1, 2, 5, 6] {
        let list = async |page: Page<Cti>| {
            let wanted = Wanted { search: None, sort: Sort::Until, page: Page { most, ..page } };
            Ok::<_, countersign::store::StoreError>(issuer.sorted_tokens(Some(named("heron")), wanted, NOW).await?.unwrap())
        };
        let live: Vec<Cti> = all_pages(list).await.unwrap().iter().map(|token| token.cti).collect();
        assert_eq!(live, [1, 2, 3, 4, 5].map(|cti| Cti([cti; 8])), "{most} a page");
    }
}

pub async fn at_most_fifty_requests_of_a_person_wait(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let before = world.entries().await;
    let mut racing = JoinSet::new();
    for id in 2..=100 {
        let issuer = world.stores.issuer.clone();
        racing.spawn(async move { asks(&*issuer, request(id, NOW)).await });
    }
    let asked = racing.join_all().await.into_iter().filter(|asked| *asked).count();
    assert_eq!(asked, MOST_ASKED as usize);
    assert_eq!(world.entries().await, before + asked as u64, "what is refused leaves no entry");
    let issuer = &*world.stores.issuer;
    let herons = Authorisation { asked_by: named("heron"), ..request(200, NOW) };
    assert!(asks(issuer, herons).await, "another person asks all the same");
    let waiting = in_pages(issuer, Some("falcon"), 200, NOW).await;
    decides(issuer, waiting[0], Decision::Refuse).await;
    issuer.withdraw_authorisation(AuthorisationId([waiting[1]; 8]), "heron".parse().unwrap(), entry()).await.unwrap();
    for (id, room) in [(201, true), (202, true), (203, false)] {
        assert_eq!(asks(issuer, request(id, NOW)).await, room, "{id}");
    }
}

pub async fn requests_that_ran_out_make_no_room_for_a_day(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    for id in 2..52 {
        assert!(asks(issuer, request(id, NOW)).await);
    }
    for (at, room) in [(NOW + HOUR, false), (NOW + KEEP_ASKED - 1, false), (NOW + KEEP_ASKED, true)] {
        assert_eq!(asks(issuer, request(100, at)).await, room, "{}", at - NOW);
    }
}

pub async fn who_asks_and_withdraws_without_end_is_stopped_for_a_day(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    let (mut asked, mut id) = (0, 2);
    while asks(issuer, request(id, NOW)).await {
        asked += 1;
        // Of each ten, one is decided.
        if asked % 10 == 0 {
            decides(issuer, id, Decision::Refuse).await;
        } else {
            issuer.withdraw_authorisation(AuthorisationId([id; 8]), "heron".parse().unwrap(), entry()).await.unwrap();
        }
        id += 1;
    }
    assert_eq!(asked - asked / 10, MOST_UNDECIDED, "{asked}");
    assert!(asks(issuer, Authorisation { asked_by: named("heron"), ..request(254, NOW) }).await, "another person asks all the same");
    for (at, room) in [(NOW + KEEP_ASKED - 1, false), (NOW + KEEP_ASKED, true)] {
        assert_eq!(asks(issuer, request(255, at)).await, room, "{}", at - NOW);
    }
}

pub async fn only_what_may_be_used_is_found_for_an_issue(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    for id in 2..=4 {
        assert!(asks(issuer, request(id, NOW + i64::from(id))).await);
    }
    decides(issuer, 2, Decision::Approve).await;
    decides(issuer, 3, Decision::Refuse).await;
    let found = async |by: &str, channel, at| {
        let live = issuer.live_authorisations(named(by), channel, at).await.unwrap();
        live.iter().map(|a| a.id.0[0]).collect::<Vec<_>>()
    };
    assert_eq!(found("falcon", Channel::InPerson, NOW + 2).await, [2, 1]);
    assert_eq!(found("falcon", Channel::InPerson, NOW + 1).await, [1], "the other begins later");
    assert_eq!(found("falcon", Channel::InPerson, NOW + HOUR).await, [2], "the first has run out");
    assert_eq!(found("falcon", Channel::Online, NOW + 2).await, Vec::<u8>::new());
    assert_eq!(found("heron", Channel::InPerson, NOW + 2).await, Vec::<u8>::new());
    world.approved(9, 1).await;
    world.issue(NewToken { authorisation: AuthorisationId([9; 8]), ..new_token(1) }).await.unwrap();
    assert_eq!(found("falcon", Channel::InPerson, NOW + 2).await, [2, 1], "what is used up is not found");
}

/// An authorisation of this officer, with what it is found by.
async fn described(world: &World, id: u8, (reference, purpose): (&str, &str), (by, at, until): (&str, i64, i64)) {
    let frame = Request::new(reference, [Channel::InPerson].into(), (at, until), 5, at).unwrap().with_purpose(purpose).unwrap();
    let asked = Authorisation::asked(AuthorisationId([id; 8]), frame, named(by), at);
    assert!(asks(&*world.stores.issuer, asked).await);
}

pub async fn lists_are_searched_and_sorted_in_pages(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    assert!(issuer.enrol(Officer { enrolled_at: NOW + 5, ..officer("Kite.2", Role::Officer) }, entry()).await.unwrap());
    for (id, said, frame) in [
        (2, ("Ärzte-7", "Return a lost bag"), ("falcon", NOW + 1, NOW + 900)),
        (3, ("مرجع ۷", "Ymweld â’r tŷ"), ("falcon", NOW + 2, NOW + 300)),
        (4, ("OP-20", "Заберём сумку"), ("Kite.2", NOW + 3, NOW + 600)),
        (5, ("op-3", "東京都で会う"), ("Kite.2", NOW + 3, NOW + 600)),
    ] {
        described(&world, id, said, frame).await;
    }
    let found = async |by: Option<&str>, search: &str, sort, most: u16| {
        let list = async |page: Page<AuthorisationId>| {
            let wanted = Wanted { search: Search::of(search), sort, page: Page { most, ..page } };
            issuer.sorted_authorisations(by.map(named), None, wanted, NOW).await
        };
        all_pages(list).await.unwrap().iter().map(|a| a.id.0[0]).collect::<Vec<u8>>()
    };
    for most in [1, 2, 3, 200] {
        assert_eq!(found(None, "", Sort::Made, most).await, [5, 4, 3, 2, 1], "{most} a page");
        assert_eq!(found(None, "", Sort::Oldest, most).await, [1, 2, 3, 4, 5], "{most} a page");
        assert_eq!(found(None, "", Sort::Until, most).await, [1, 2, 5, 4, 3], "{most} a page");
        assert_eq!(found(None, "", Sort::Name, most).await, [1, 4, 5, 2, 3], "{most} a page");
        assert_eq!(found(Some("Kite.2"), "", Sort::Name, most).await, [4, 5], "{most} a page");
        assert_eq!(found(None, "op", Sort::Made, most).await, [5, 4, 1], "{most} a page");
    }
    for (search, ids) in [
        ("ÄRZTE", vec![2]),
        ("مرج", vec![3]),
        ("ТҰ", vec![]),
        ("TŶ ymw", vec![3]),
        ("сУМ", vec![4]),
        ("京都", vec![5]),
        ("kite op 20", vec![4]),
        ("kite falcon", vec![]),
        ("20 op op op op op", vec![4]),
        ("p", vec![]),
        ("'); DROP", vec![]),
    ] {
        assert_eq!(found(None, search, Sort::Until, 2).await, ids, "{search}");
    }
    assert_eq!(found(Some("falcon"), "op", Sort::Made, 1).await, [1], "of their own");
    let people = async |search: &str, sort, most: u16| {
        let list = async |page: Page<Callsign>| {
            let wanted = Wanted { search: Search::of(search), sort, page: Page { most, ..page } };
            issuer.sorted_officers(wanted).await
        };
        all_pages(list).await.unwrap().iter().map(|one| one.callsign.to_string()).collect::<Vec<_>>()
    };
    for most in [1, 2, 200] {
        assert_eq!(people("", Sort::Name, most).await, ["Kite.2", "falcon", "heron"]);
        assert_eq!(people("", Sort::Made, most).await, ["Kite.2", "heron", "falcon"]);
        assert_eq!(people("", Sort::Oldest, most).await, ["falcon", "heron", "Kite.2"]);
    }
    assert_eq!(people(" KITE.2", Sort::Name, 9).await, ["Kite.2"]);
    for nobody in ["zz", "fal\0con", "falcon\0"] {
        assert_eq!(people(nobody, Sort::Made, 9).await, Vec::<String>::new(), "{nobody:?}");
    }
}

pub async fn what_waits_and_what_is_in_force_are_listed_alone(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    // The approved one of the world has the id 01 and was asked at NOW.
    for (id, at) in [(2, NOW + 1), (3, NOW + 1), (4, NOW + 2), (5, NOW + 3), (6, NOW + 4), (7, NOW + 5)] {
        assert!(asks(issuer, request(id, at)).await);
    }
    decides(issuer, 7, Decision::Refuse).await;
    for id in [4, 5] {
        decides(issuer, id, Decision::Approve).await;
    }
    let found = async |only, by: Option<&str>, (search, sort), most: u16, now| {
        let list = async |page: Page<AuthorisationId>| {
            let wanted = Wanted { search: Search::of(search), sort, page: Page { most, ..page } };
            issuer.sorted_authorisations(by.map(named), Some(only), wanted, now).await
        };
        all_pages(list).await.unwrap().iter().map(|a| a.id.0[0]).collect::<Vec<u8>>()
    };
    let at = NOW + 6;
    for (most, by) in [(1, None), (2, Some("falcon")), (3, None), (200, Some("falcon"))] {
        assert_eq!(found(Only::Waiting, by, ("", Sort::Oldest), most, at).await, [2, 3, 6], "{most} a page");
        assert_eq!(found(Only::Waiting, by, ("falcon", Sort::Made), most, at).await, [6, 3, 2], "{most} a page");
        assert_eq!(found(Only::InForce, by, ("", Sort::Until), most, at).await, [5, 4, 1], "{most} a page");
        assert_eq!(found(Only::InForce, by, ("op 2", Sort::Oldest), most, at).await, [4, 5], "{most} a page");
        assert_eq!(found(Only::InForce, by, ("", Sort::Name), most, at).await, [1, 4, 5], "{most} a page");
    }
    assert_eq!(found(Only::Waiting, Some("heron"), ("", Sort::Oldest), 9, at).await, Vec::<u8>::new());
    let ran_out = NOW + HOUR + 2;
    assert_eq!(found(Only::Waiting, None, ("", Sort::Oldest), 1, ran_out).await, [6]);
    assert_eq!(found(Only::InForce, None, ("", Sort::Made), 1, ran_out).await, [5]);
    issuer.withdraw_authorisation(AuthorisationId([5; 8]), "heron".parse().unwrap(), entry()).await.unwrap();
    issuer.withdraw_authorisation(AuthorisationId([3; 8]), "heron".parse().unwrap(), entry()).await.unwrap();
    assert_eq!(found(Only::InForce, None, ("", Sort::Made), 9, at).await, [4, 1]);
    assert_eq!(found(Only::Waiting, None, ("", Sort::Oldest), 9, at).await, [2, 6]);
}

pub async fn tokens_are_found_by_what_their_authorisation_says(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    for (id, said) in [(2, ("Ärzte-7", "Return a lost bag")), (3, ("مرجع ۷", "Ymweld â’r tŷ"))] {
        described(&world, id, said, ("falcon", NOW, NOW + HOUR)).await;
        decides(issuer, id, Decision::Approve).await;
    }
    let under =
        |cti, id, issued_at, expires_at| NewToken { authorisation: AuthorisationId([id; 8]), issued_at, expires_at, ..new_token(cti) };
    for token in [under(1, 2, NOW, NOW + 300), under(2, 1, NOW + 1, NOW + 200), under(3, 3, NOW + 2, NOW + 200)] {
        world.issue(token).await.unwrap();
    }
    let found = async |of: Option<&str>, search: &str, sort, most: u16| {
        let list = async |page: Page<Cti>| {
            let wanted = Wanted { search: Search::of(search), sort, page: Page { most, ..page } };
            Ok::<_, countersign::store::StoreError>(issuer.sorted_tokens(of.map(named), wanted, NOW).await?.unwrap())
        };
        all_pages(list).await.unwrap().iter().map(|one| one.cti.0[0]).collect::<Vec<_>>()
    };
    for (of, most) in [(None, 1), (Some("falcon"), 2), (Some("heron"), 1), (None, 200)] {
        assert_eq!(found(of, "", Sort::Until, most).await, [2, 3, 1]);
        assert_eq!(found(of, "", Sort::Made, most).await, [3, 2, 1]);
        assert_eq!(found(of, "", Sort::Oldest, most).await, [1, 2, 3]);
        assert_eq!(found(of, "", Sort::Name, most).await, [2, 1, 3], "by reference");
        assert_eq!(found(of, "7 FALC", Sort::Made, most).await, [1]);
        assert_eq!(found(of, "مرج", Sort::Made, most).await, [3]);
        assert_eq!(found(of, "zte", Sort::Made, most).await, Vec::<u8>::new());
    }
    assert_eq!(found(Some("kite"), "", Sort::Until, 9).await, Vec::<u8>::new());
    let all = world.live_tokens(None, NOW).await;
    assert_eq!(all.iter().map(|one| one.reference.as_str()).collect::<Vec<_>>(), ["OP-1", "مرجع ۷", "Ärzte-7"]);
}
