//! Many tokens withdrawn by one act, and never one that the act is not about.

use countersign::{
    authority::{AccessId, ActorName, Authorisation, AuthorisationId, Callsign, Decision, Request, Role, TokenSelection},
    store::{IssueRefusal, NewToken, Revoked},
    token::{Channel, LEEWAY},
};
use tokio::task::JoinSet;

use crate::{
    Backend,
    access::{credential, hash},
    acts::{END, NOW, USUAL, World, entry, new_token, officer},
};

fn named(callsign: &str) -> Callsign {
    callsign.parse().unwrap()
}

impl World {
    async fn revoke(&self, id: AccessId) -> Option<Revoked> {
        self.stores.issuer.revoke_access(id, ActorName::Operator, NOW).await.unwrap()
    }

    async fn sweep(&self, tokens: &str) -> u64 {
        self.stores.issuer.withdraw_tokens(tokens.parse().unwrap(), ActorName::Operator, NOW).await.unwrap()
    }

    /// Which of the tokens 1 to `last` are withdrawn.
    async fn withdrawn(&self, last: u8) -> Vec<u8> {
        let mut withdrawn = vec![];
        for cti in 1..=last {
            if self.record(cti).await.withdrawn_at == Some(NOW) {
                withdrawn.push(cti);
            }
        }
        withdrawn
    }

    async fn last_entry(&self) -> String {
        let ledger = &self.stores.ledger;
        let all = ledger.entries((ledger.head().await.unwrap().size - 1).cast_signed()).await.unwrap();
        String::from_utf8(all.last().unwrap().leaf.clone()).unwrap()
    }
}

pub async fn what_was_issued_with_a_way_in_is_withdrawn_with_it(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    world.passkey("falcon", 1).await;
    world.passkey("heron", 2).await;
    issuer.add_credential(credential("falcon", 3, END), entry()).await.unwrap();
    let by_phone = |cti| NewToken { access: hash(1), ..new_token(cti) };
    world.issue(by_phone(1)).await.unwrap();
    world.issue(NewToken { starts_at: NOW + 600, expires_at: NOW + 900, ..by_phone(2) }).await.unwrap();
    world.issue(NewToken { access: hash(3), ..new_token(3) }).await.unwrap();
    world.issue(new_token(4)).await.unwrap();
    world.issue(NewToken { starts_at: NOW, expires_at: NOW - LEEWAY, ..by_phone(5) }).await.unwrap();
    world.issue(by_phone(6)).await.unwrap();
    backend.sql("UPDATE tokens SET access = NULL WHERE cti = (SELECT cti FROM tokens ORDER BY cti DESC LIMIT 1)").await.unwrap();
    assert_eq!(world.revoke(hash(2).id()).await, Some(Revoked { owner: named("heron"), withdrawn: 0 }));
    backend.block("ledger_entries").await;
    assert!(issuer.revoke_access(hash(1).id(), ActorName::Operator, NOW).await.is_err());
    assert_eq!(world.withdrawn(6).await, [] as [u8; 0], "no record, no revocation, no withdrawal");
    backend.unblock("ledger_entries").await;
    assert_eq!(world.revoke(hash(1).id()).await, Some(Revoked { owner: named("falcon"), withdrawn: 3 }));
    assert_eq!(world.withdrawn(6).await, [1, 2, 6], "live, prepared, and of an unknown way in; not what is over");
    let expected = format!(
        r#"{{"access":"{}","at":{NOW},"by":"*operator","callsign":"falcon","event":"access_revoked","withdrawn":3}}"#,
        hash(1).id()
    );
    assert_eq!(world.last_entry().await, expected);
    assert_eq!(world.revoke(hash(3).id()).await, Some(Revoked { owner: named("falcon"), withdrawn: 1 }));
    assert_eq!(world.withdrawn(6).await, [1, 2, 3, 6], "a program's credential too");
}

pub async fn nothing_is_issued_with_a_way_in_that_is_not_theirs(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.passkey("falcon", 1).await;
    world.passkey("heron", 2).await;
    let with = |access| NewToken { access, ..new_token(1) };
    let before = world.entries().await;
    assert!(matches!(world.issue(with(hash(9))).await, Err(IssueRefusal::AccessRevoked)), "of nobody");
    assert!(matches!(world.issue(with(hash(2))).await, Err(IssueRefusal::NotAuthorised)), "of another person");
    assert_eq!(world.entries().await, before);
    world.revoke(hash(1).id()).await.unwrap();
    assert!(matches!(world.issue(with(hash(1))).await, Err(IssueRefusal::AccessRevoked)));
    world.issue(with(USUAL)).await.unwrap();
}

pub async fn of_a_token_and_a_revocation_at_once_nothing_is_left_live(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let mut racing = JoinSet::new();
    for cti in 1..=100 {
        let issuer = world.stores.issuer.clone();
        if cti == 50 {
            racing.spawn(async move { drop(issuer.revoke_access(USUAL.id(), ActorName::Operator, NOW).await.unwrap()) });
        } else {
            racing.spawn(async move { drop(issuer.issue_and_record(new_token(cti), entry()).await) });
        }
    }
    racing.join_all().await;
    for token in world.live_tokens(None, NOW).await {
        assert!(token.record.withdrawn_at.is_some(), "{}", token.cti);
    }
}

pub async fn a_selection_is_withdrawn_whole_and_alone(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    issuer.enrol(officer("kite", Role::Approver), entry()).await.unwrap();
    let request = Request::new("OP-2", [Channel::Telephone].into(), (NOW, NOW + 3_600), 5, NOW).unwrap();
    let second = AuthorisationId([2; 8]);
    issuer.ask(Authorisation::asked(second, request, named("falcon"), NOW), None, entry()).await.unwrap();
    issuer.decide(second, Decision::Approve, named("kite"), entry()).await.unwrap();
    world.issue(new_token(1)).await.unwrap();
    world.issue(NewToken { starts_at: NOW + 600, expires_at: NOW + 900, ..new_token(2) }).await.unwrap();
    world.issue(NewToken { authorisation: second, channel: Channel::Telephone, ..new_token(3) }).await.unwrap();
    world.issue(NewToken { expires_at: NOW - LEEWAY, ..new_token(4) }).await.unwrap();
    for (selection, selected) in [
        ("all", &[1, 2, 3][..]),
        ("authorisation:0101010101010101", &[1, 2]),
        ("authorisation:0909090909090909", &[]),
        ("channel:in-person", &[1, 2]),
        ("channel:telephone", &[3]),
        ("channel:online", &[]),
        ("person:falcon", &[1, 2, 3]),
        ("person:heron", &[1, 2]),
        ("person:kite", &[3]),
        ("person:nobody", &[]),
    ] {
        let before = world.entries().await;
        assert_eq!(world.sweep(selection).await, selected.len() as u64, "{selection}");
        assert_eq!(world.withdrawn(4).await, selected, "{selection}");
        if !selected.is_empty() {
            let (count, event) = (selected.len(), "tokens_withdrawn");
            let expected = format!(r#"{{"at":{NOW},"by":"*operator","event":"{event}","tokens":"{selection}","withdrawn":{count}}}"#);
            assert_eq!(world.last_entry().await, expected);
        }
        assert_eq!(world.sweep(selection).await, 0, "{selection}, again");
        assert_eq!(world.entries().await, before + u64::from(!selected.is_empty()), "{selection}");
        backend.sql("UPDATE tokens SET withdrawn_at = NULL").await.unwrap();
    }
}

pub async fn a_withdrawal_that_cannot_be_recorded_withdraws_nothing(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.issued(1).await;
    backend.block("ledger_entries").await;
    assert!(world.stores.issuer.withdraw_tokens(TokenSelection::All, ActorName::Operator, NOW).await.is_err());
    backend.unblock("ledger_entries").await;
    assert_eq!(world.withdrawn(1).await, [] as [u8; 0]);
}
