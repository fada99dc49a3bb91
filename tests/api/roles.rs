//! Who may do what: every role, every act, through the use-cases themselves and through HTTP.

use countersign::{
    authority::{AccessId, Actor, Authorisation, AuthorisationId, Callsign, Decision, Officer, Request, Role, Scope, TokenSelection},
    issuer::{Changed, IssueRequest, Issued, Refused},
    ledger::Event,
    store::{IssuerStore as _, Page, Sort, Wanted},
    token::Channel,
};
use serde_json::{Value, json};

use crate::{
    actors::{Person, Reply},
    app::{TestApp, wide},
    table::{Table, heard},
    world::{self, DAY, NOW},
};

/// `ok`; `no`: this role may not; `own`: nobody decides about their own request; `hidden`: for them it does
/// not exist; `401`: not recognised. An act without an HTTP address has no `nobody`: only a recognised person is an
/// `Actor`. "Own" and "approved" things are planted in the store also where the role could never have come by them.
const TABLE: &str = "
    act                        | officer | approver | administrator | overseer | nobody
    enrol                      | no      | no       | ok            | no       | 401
    make link                  | no      | no       | ok            | no       | 401
    suspend                    | no      | no       | ok            | no       | 401
    reinstate                  | no      | no       | ok            | no       | 401
    make credential            | no      | no       | ok            | no       | -
    revoke access              | no      | no       | ok            | no       | 401
    revoke their own access    | no      | no       | ok            | no       | 401
    withdraw many              | no      | no       | ok            | no       | 401
    list people                | no      | no       | ok            | no       | 401
    look at a person           | no      | no       | ok            | no       | 401
    read ledger                | no      | no       | no            | ok       | 401
    ask                        | ok      | ok       | no            | no       | 401
    approve other's            | no      | ok       | no            | no       | 401
    approve own                | no      | own      | no            | no       | 401
    refuse other's             | no      | ok       | no            | no       | 401
    refuse own                 | no      | own      | no            | no       | 401
    review other's             | no      | ok       | no            | no       | 401
    review own                 | no      | own      | no            | no       | 401
    withdraw own authorisation | ok      | ok       | ok            | hidden   | 401
    withdraw other's           | hidden  | ok       | ok            | hidden   | 401
    list authorisations        | ok      | ok       | ok            | no       | 401
    look at own request        | ok      | ok       | ok            | hidden   | 401
    look at other's request    | hidden  | ok       | ok            | hidden   | 401
    issue under own            | ok      | ok       | no            | no       | 401
    issue under other's        | hidden  | hidden   | no            | no       | 401
    list tokens                | ok      | ok       | ok            | no       | 401
    read own token             | ok      | ok       | ok            | hidden   | 401
    read token they approved   | hidden  | ok       | ok            | hidden   | 401
    read other's token         | hidden  | hidden   | ok            | hidden   | 401
    watch own token            | ok      | ok       | ok            | hidden   | 401
    watch token they approved  | hidden  | ok       | ok            | hidden   | 401
    watch other's token        | hidden  | hidden   | ok            | hidden   | 401
    speak own token            | ok      | ok       | ok            | hidden   | 401
    speak token they approved  | hidden  | no       | no            | hidden   | 401
    speak other's token        | hidden  | hidden   | no            | hidden   | 401
    withdraw own token         | ok      | ok       | ok            | hidden   | 401
    withdraw token they approved | hidden | ok      | ok            | hidden   | 401
    withdraw other's token     | hidden  | hidden   | ok            | hidden   | 401
";

#[tokio::test]
async fn every_cell() {
    let table = Table::read(TABLE);
    for (column, role) in table.columns.iter().enumerate() {
        let stage = Stage::of(role).await;
        for (act, cells) in &table.rows {
            let expected = cells[column];
            if expected == "401" {
                assert_eq!(stage.by_http(act).await.as_deref(), Some("401"), "{act} by {role} over HTTP");
            } else if expected != "-" {
                assert_eq!(stage.directly(act).await, expected, "{act} by {role}");
                assert_eq!(stage.by_http(act).await.as_deref().unwrap_or(expected), expected, "{act} by {role} over HTTP");
            }
        }
    }
}

/// One deployment with somebody in the role.
struct Stage {
    app: TestApp,
    actor: Person,
    counter: std::sync::atomic::AtomicU8,
}

impl Stage {
    async fn of(role: &str) -> Self {
        let app = TestApp::start().await;
        let actor = app.person("actor", role.parse().unwrap_or(Role::Officer)).await;
        let actor = if role == "nobody" { actor.with_credential(None) } else { actor };
        Self { app, actor, counter: 1.into() }
    }

    fn fresh(&self) -> u8 {
        self.counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    fn fresh_callsign(&self) -> Callsign {
        format!("person{}", self.fresh()).parse().unwrap()
    }

    /// Puts a request straight into the store, though the person may not ask.
    async fn asked_by(&self, asker: &Officer) -> AuthorisationId {
        let request = Request::new("OP-2", Channel::ALL.into(), (NOW, NOW + DAY), 5, NOW).unwrap();
        let id = AuthorisationId([self.fresh(); 8]);
        let planted = Authorisation::asked(id, request, asker.callsign.clone(), NOW);
        let entry = Event::authorisation_asked(&planted).at(NOW);
        self.app.store.ask(planted, None, entry).await.unwrap();
        id
    }

    async fn approved(&self, asker: &Officer, approver: &Officer) -> AuthorisationId {
        let (id, by) = (self.asked_by(asker).await, approver.callsign.clone());
        let entry = Event::authorisation_decided(id, Decision::Approve, by.clone()).at(NOW);
        self.app.store.decide(id, Decision::Approve, by, entry).await.unwrap();
        id
    }

    /// A silent token of `asker`, who is let to the desk whatever their role.
    async fn token(&self, asker: &Officer, approver: &Officer) -> Issued {
        let authorisation = self.approved(asker, approver).await;
        let asker = Officer { role: Role::Officer, ..asker.clone() };
        self.app.desk().issue(self.app.confirmed(&asker).await, request(Some(authorisation))).await.unwrap()
    }

    /// The token that the act is about, by the act's own words.
    async fn token_for(&self, act: &str) -> Issued {
        let (actor, officer, approver) = (&self.actor.officer, &self.app.officer.officer, &self.app.approver.officer);
        match act {
            _ if act.contains("own") => self.token(actor, approver).await,
            _ if act.contains("they approved") => self.token(officer, actor).await,
            _ => self.token(officer, approver).await,
        }
    }

    /// An approved one, by the act's own words.
    async fn approved_for(&self, act: &str) -> AuthorisationId {
        let asker = if act.contains("own") { &self.actor.officer } else { &self.app.officer.officer };
        self.approved(asker, &self.app.approver.officer).await
    }

    /// A credential that nobody needs any more, by the act's own words.
    async fn access_for(&self, act: &str) -> AccessId {
        let owner = if act.contains("own") { &self.actor.officer } else { &self.app.officer.officer };
        let made = self.app.registry.make_credential(&Actor::Operator, owner.callsign.clone(), Scope::ALL.into(), DAY).await;
        made.unwrap().hash().id()
    }

    async fn suspended(&self) -> Callsign {
        let callsign = self.fresh_callsign();
        self.app.registry.enrol(&Actor::Operator, callsign.clone(), Role::Officer).await.unwrap();
        self.app.registry.suspend(&Actor::Operator, callsign.clone()).await.unwrap();
        callsign
    }

    async fn request_for(&self, act: &str) -> AuthorisationId {
        self.asked_by(if act.contains("own") { &self.actor.officer } else { &self.app.officer.officer }).await
    }

    async fn directly(&self, act: &str) -> &'static str {
        let (registry, desk) = (&self.app.registry, self.app.desk());
        let (officer, actor) = (&self.actor.officer, Actor::Person(self.actor.officer.clone()));
        match act {
            "enrol" => said(registry.enrol(&actor, self.fresh_callsign(), Role::Administrator).await),
            "make link" => said(registry.make_link(&actor, &"otter".parse().unwrap()).await),
            "revoke access" | "revoke their own access" => said(registry.revoke_access(&actor, self.access_for(act).await).await),
            "read ledger" => said(registry.overseer(officer).await),
            "suspend" => {
                let callsign = self.fresh_callsign();
                registry.enrol(&Actor::Operator, callsign.clone(), Role::Administrator).await.unwrap();
                said(registry.suspend(&actor, callsign).await)
            }
            "reinstate" => {
                let callsign = self.suspended().await;
                said(registry.reinstate(&actor, callsign, "a slip".parse().unwrap(), None).await)
            }
            "look at a person" => said(registry.one(&actor, "otter".parse().unwrap()).await),
            "look at own request" | "look at other's request" => said(registry.authorisation(officer, self.request_for(act).await).await),
            "make credential" => said(registry.make_credential(&actor, "otter".parse().unwrap(), Scope::ALL.into(), 60).await),
            "withdraw many" => said(registry.withdraw_tokens(&actor, TokenSelection::All).await),
            "list people" => said(registry.people(&actor, Page::default()).await),
            "ask" => said(registry.ask(officer, wide()).await),
            "approve other's" | "approve own" => said(registry.decide(officer, self.request_for(act).await, Decision::Approve).await),
            "refuse other's" | "refuse own" => said(registry.decide(officer, self.request_for(act).await, Decision::Refuse).await),
            "review other's" | "review own" => {
                let changed = Changed { channels: Channel::ALL.into(), until: NOW + 60, max_tokens: 1 };
                said(registry.review(officer, self.approved_for(act).await, changed).await)
            }
            "withdraw own authorisation" | "withdraw other's" => said(registry.withdraw(officer, self.request_for(act).await).await),
            "list authorisations" => said(registry.authorisations(&actor, Page::default()).await),
            "issue under own" => {
                let id = self.approved(officer, &self.app.approver.officer).await;
                said(desk.issue(self.app.confirmed(officer).await, request(Some(id))).await)
            }
            "issue under other's" => said(desk.issue(self.app.confirmed(officer).await, request(Some(self.app.authorisation))).await),
            "list tokens" => said(desk.live(officer, Wanted { search: None, sort: Sort::Until, page: Page::default() }).await),
            _ if act.starts_with("read") || act.starts_with("watch") => {
                said(desk.status(officer, self.token_for(act).await.claims.cti()).await)
            }
            _ if act.starts_with("speak") => {
                let Issued { claims, token, .. } = self.token_for(act).await;
                said(desk.make_speakable(officer, claims.cti(), &token).await)
            }
            _ if act.starts_with("withdraw") => said(desk.withdraw(officer, self.token_for(act).await.claims.cti()).await),
            _ => panic!("{act}"),
        }
    }

    /// `None` where the act has no address.
    async fn by_http(&self, act: &str) -> Option<String> {
        let authorisations = |id: AuthorisationId, verb: &str| format!("/v1/authorisations/{id}/{verb}");
        let (actor, body) = (&self.actor, |id: AuthorisationId| json!({"channel": "in-person", "authorisation": id.to_string()}));
        let ask = json!({"reference": "OP-3", "purpose": "Return a lost bag", "channels": ["online"], "until": NOW + 60, "max_tokens": 1});
        let reply = match act {
            "make credential" => return None,
            "enrol" => actor.post("/v1/people", &json!({"callsign": self.fresh_callsign(), "role": "officer"})).await,
            "make link" => actor.post("/v1/people/otter/link", &Value::Null).await,
            "suspend" => {
                let other = self.app.registry.enrol(&Actor::Operator, self.fresh_callsign(), Role::Administrator).await.unwrap();
                actor.post(&format!("/v1/people/{}/suspend", other.callsign), &Value::Null).await
            }
            "reinstate" => {
                let path = format!("/v1/people/{}/reinstate", self.suspended().await);
                actor.post(&path, &json!({"reason": "a slip"})).await
            }
            "look at a person" => actor.get("/v1/people/otter").await,
            "look at own request" | "look at other's request" => {
                actor.get(&format!("/v1/authorisations/{}", self.request_for(act).await)).await
            }
            "revoke access" | "revoke their own access" => actor.delete(&format!("/v1/keys/{}", self.access_for(act).await)).await,
            "withdraw many" => actor.post("/v1/tokens/withdraw", &json!({"tokens": "all"})).await,
            "list people" => actor.get("/v1/people").await,
            "read ledger" => actor.get("/v1/ledger/checkpoint").await,
            "review other's" | "review own" => {
                let changed = json!({"channels": ["online"], "until": NOW + 60, "max_tokens": 1});
                actor.post(&authorisations(self.approved_for(act).await, "review"), &changed).await
            }
            "list tokens" => actor.get("/v1/tokens").await,
            "ask" => actor.post("/v1/authorisations", &ask).await,
            "list authorisations" => actor.get("/v1/authorisations").await,
            "issue under own" => actor.post("/v1/tokens", &body(self.approved(&actor.officer, &self.app.approver.officer).await)).await,
            "issue under other's" => actor.post("/v1/tokens", &body(self.app.authorisation)).await,
            "withdraw own authorisation" | "withdraw other's" => {
                actor.post(&authorisations(self.request_for(act).await, "withdraw"), &Value::Null).await
            }
            _ if act.starts_with("approve") => actor.post(&authorisations(self.request_for(act).await, "approve"), &Value::Null).await,
            _ if act.starts_with("refuse") => {
                actor.post(&authorisations(self.request_for(act).await, "refuse"), &json!({"reason": "Not now"})).await
            }
            _ => self.touch(act).await,
        };
        Some(heard(&reply))
    }

    /// Reads, watches, speaks or withdraws a token over HTTP.
    async fn touch(&self, act: &str) -> Reply {
        let (actor, issued) = (&self.actor, self.token_for(act).await);
        let id = issued.claims.cti();
        match act.split(' ').next().unwrap() {
            "read" => actor.get(&format!("/v1/tokens/{id}")).await,
            "watch" => {
                // Withdrawn first, so that the stream ends after one event.
                let entry = Event::TokenWithdrawn { cti: id, by: "otter".parse().unwrap() }.at(NOW);
                self.app.store.withdraw_token(id, entry).await.unwrap();
                actor.get(&format!("/v1/tokens/{id}/events")).await
            }
            "speak" => actor.speak(&id.to_string(), &issued.token.text()).await,
            "withdraw" => actor.delete(&format!("/v1/tokens/{id}")).await,
            other => panic!("{other}"),
        }
    }
}

fn request(authorisation: Option<AuthorisationId>) -> IssueRequest {
    IssueRequest { authorisation, approach: world::approach(Channel::InPerson), not_before: None, lifetime: None, spoken: None }
}

fn said<T>(result: Result<T, Refused>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(Refused::NotAllowed(_)) => "no",
        Err(Refused::OwnRequest) => "own",
        Err(Refused::Hidden { .. }) => "hidden",
        Err(other) => panic!("{other}"),
    }
}
