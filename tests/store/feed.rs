//! What changes is heard of by all who look, whichever process did it.

use std::{sync::Arc, time::Duration};

use countersign::{
    authority::{ActorName, Authorisation, AuthorisationId, Decision, Request, Role},
    issuer::{Feed, Kind, Notary, Waiting},
    ledger::Event,
    token::{Channel, Cti},
};

use crate::{
    Backend,
    acts::{NOW, World, new_token, officer},
    vault::MemoryLedger,
    world::ledger,
};

/// What the next change is for each of four people.
async fn next(waiting: &mut Waiting) -> [Vec<Kind>; 4] {
    let change = tokio::time::timeout(Duration::from_secs(20), waiting.next()).await.expect("something changed");
    [("falcon", Role::Officer), ("kite", Role::Officer), ("heron", Role::Approver), ("otter", Role::Administrator)]
        .map(|(callsign, role)| change.for_person(&officer(callsign, role)).into_iter().collect())
}

pub async fn changes_by_another_process_are_announced(backend: &dyn Backend) {
    use Kind::{Authorisations, People, Tokens};
    let (world, here) = (World::new(backend).await, backend.open().await);
    let there = &world.stores.issuer;
    let notary = Notary::new(here.ledger.clone(), Arc::new(MemoryLedger::with(ledger())));
    let feed = Feed::new(here.issuer.clone(), &notary);
    let mut waiting = feed.subscribe().await.unwrap();
    let second = AuthorisationId([2; 8]);
    let request = Request::new("OP-2", [Channel::InPerson].into(), (NOW, NOW + 600), 5, NOW).unwrap();
    let asked = Authorisation::asked(second, request, "falcon".parse().unwrap(), NOW);
    there.ask(asked.clone(), None, Event::authorisation_asked(&asked).at(NOW)).await.unwrap();
    let all = || vec![Authorisations];
    assert_eq!(next(&mut waiting).await, [all(), vec![], all(), all()], "asked");
    let by: countersign::authority::Callsign = "heron".parse().unwrap();
    let entry = Event::authorisation_decided(second, Decision::Refuse, by.clone()).at(NOW);
    there.decide(second, Decision::Refuse, by, entry).await.unwrap();
    assert_eq!(next(&mut waiting).await, [all(), vec![], all(), all()], "refused");

    world.issued(1).await;
    let entry = Event::TokenWithdrawn { cti: Cti([1; 8]), by: "falcon".parse().unwrap() }.at(NOW);
    there.withdraw_token(new_token(1).cti, entry).await.unwrap();
    let tokens = || vec![Tokens];
    assert_eq!(next(&mut waiting).await, [tokens(), vec![], tokens(), tokens()], "withdrawn");
    let entry = Event::OfficerEnrolled { callsign: "robin".parse().unwrap(), role: Role::Officer, by: ActorName::Operator }.at(NOW);
    there.enrol(officer("robin", Role::Officer), entry).await.unwrap();
    assert_eq!(next(&mut waiting).await, [vec![], vec![], vec![], vec![People]], "enrolled");
    let entry = Event::OfficerSuspended { callsign: "heron".parse().unwrap(), by: ActorName::Operator }.at(NOW);
    there.suspend("heron".parse().unwrap(), entry).await.unwrap();
    let both = || vec![Authorisations, Tokens];
    assert_eq!(next(&mut waiting).await, [both(), both(), both(), vec![Authorisations, Tokens, People]], "suspended");

    // Somebody comes back after nobody waited.
    drop(waiting);
    let mut waiting = feed.subscribe().await.unwrap();
    let mut another = feed.subscribe().await.unwrap();
    for number in 0..200_u32 {
        let callsign: countersign::authority::Callsign = format!("p{number}").parse().unwrap();
        let entry = Event::OfficerEnrolled { callsign: callsign.clone(), role: Role::Officer, by: ActorName::Operator }.at(NOW);
        there.enrol(officer(callsign.as_str(), Role::Officer), entry).await.unwrap();
    }
    assert!(next(&mut waiting).await[3].contains(&People) && next(&mut another).await[3].contains(&People));
}
