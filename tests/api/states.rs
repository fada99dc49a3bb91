//! Who may do what to an authorisation, and when: role by act by state, by HTTP calls that no screen offers.

use countersign::{
    authority::{Actor, Authorisation, AuthorisationId, Decision, Officer, Request, Role},
    issuer::IssueRequest,
    ledger::Event,
    store::IssuerStore as _,
    token::Channel,
};
use serde_json::{Value, json};

use crate::{
    actors::Person,
    app::TestApp,
    table::{Table, heard},
    world::{self, DAY, NOW},
};

const ROLES: [&str; 4] = ["officer", "approver", "administrator", "overseer"];
const ACTS: [&str; 5] = ["approves", "refuses", "reviews", "withdraws", "issues"];
const STATES: [&str; 10] = [
    "asked",
    "asked, then asker suspended",
    "approved",
    "not begun",
    "over",
    "used up",
    "refused",
    "withdrawn",
    "asker suspended",
    "approver suspended",
];

/// `ok`; `again`: the same, and nothing changes; `no`: this role may not; `own`: nobody decides about their own request; `hidden`: for them it does not
/// exist; `decided`: it is not in the state for that; `barred`: its asker is suspended; `over`: it ran out; `unfit`: it covers no token now; `401`: the actor
/// is the one who is suspended. Own things are planted in the store also where the role could never have come by them.
const OWN: &str = "
    by                      | asked   | asked, then asker suspended | approved | not begun | over    | used up | refused | withdrawn | asker suspended | approver suspended
    officer approves        | no      | 401                         | no       | no        | no      | no      | no      | no        | 401             | no
    officer refuses         | no      | 401                         | no       | no        | no      | no      | no      | no        | 401             | no
    officer reviews         | no      | 401                         | no       | no        | no      | no      | no      | no        | 401             | no
    officer withdraws       | ok      | 401                         | ok       | ok        | ok      | ok      | decided | again     | 401             | ok
    officer issues          | unfit   | 401                         | ok       | unfit     | unfit   | unfit   | unfit   | unfit     | 401             | unfit
    approver approves       | own     | 401                         | own      | own       | own     | own     | own     | own       | 401             | own
    approver refuses        | own     | 401                         | own      | own       | own     | own     | own     | own       | 401             | own
    approver reviews        | own     | 401                         | own      | own       | own     | own     | own     | own       | 401             | own
    approver withdraws      | ok      | 401                         | ok       | ok        | ok      | ok      | decided | again     | 401             | ok
    approver issues         | unfit   | 401                         | ok       | unfit     | unfit   | unfit   | unfit   | unfit     | 401             | unfit
    administrator approves  | no      | 401                         | no       | no        | no      | no      | no      | no        | 401             | no
    administrator refuses   | no      | 401                         | no       | no        | no      | no      | no      | no        | 401             | no
    administrator reviews   | no      | 401                         | no       | no        | no      | no      | no      | no        | 401             | no
    administrator withdraws | ok      | 401                         | ok       | ok        | ok      | ok      | decided | again     | 401             | ok
    administrator issues    | no      | 401                         | no       | no        | no      | no      | no      | no        | 401             | no
    overseer approves       | no      | 401                         | no       | no        | no      | no      | no      | no        | 401             | no
    overseer refuses        | no      | 401                         | no       | no        | no      | no      | no      | no        | 401             | no
    overseer reviews        | no      | 401                         | no       | no        | no      | no      | no      | no        | 401             | no
    overseer withdraws      | hidden  | 401                         | hidden   | hidden    | hidden  | hidden  | hidden  | hidden    | 401             | hidden
    overseer issues         | no      | 401                         | no       | no        | no      | no      | no      | no        | 401             | no
";

/// The same for what another person asked and a third approved. What a suspended asker asked may be refused and not
/// approved; what was approved before may be reviewed, since nobody can issue under it.
const OTHERS: &str = "
    by                      | asked   | asked, then asker suspended | approved | not begun | over    | used up | refused | withdrawn | asker suspended | approver suspended
    officer approves        | no      | no                          | no       | no        | no      | no      | no      | no        | no              | no
    officer refuses         | no      | no                          | no       | no        | no      | no      | no      | no        | no              | no
    officer reviews         | no      | no                          | no       | no        | no      | no      | no      | no        | no              | no
    officer withdraws       | hidden  | hidden                      | hidden   | hidden    | hidden  | hidden  | hidden  | hidden    | hidden          | hidden
    officer issues          | hidden  | hidden                      | hidden   | hidden    | hidden  | hidden  | hidden  | hidden    | hidden          | hidden
    approver approves       | ok      | barred                      | decided  | decided   | decided | decided | decided | decided   | decided         | decided
    approver refuses        | ok      | ok                          | decided  | decided   | decided | decided | decided | decided   | decided         | decided
    approver reviews        | decided | decided                     | ok       | ok        | over    | ok      | decided | decided   | ok              | ok
    approver withdraws      | ok      | ok                          | ok       | ok        | ok      | ok      | decided | again     | ok              | ok
    approver issues         | hidden  | hidden                      | hidden   | hidden    | hidden  | hidden  | hidden  | hidden    | hidden          | hidden
    administrator approves  | no      | no                          | no       | no        | no      | no      | no      | no        | no              | no
    administrator refuses   | no      | no                          | no       | no        | no      | no      | no      | no        | no              | no
    administrator reviews   | no      | no                          | no       | no        | no      | no      | no      | no        | no              | no
    administrator withdraws | ok      | ok                          | ok       | ok        | ok      | ok      | decided | again     | ok              | ok
    administrator issues    | no      | no                          | no       | no        | no      | no      | no      | no        | no              | no
    overseer approves       | no      | no                          | no       | no        | no      | no      | no      | no        | no              | no
    overseer refuses        | no      | no                          | no       | no        | no      | no      | no      | no        | no              | no
    overseer reviews        | no      | no                          | no       | no        | no      | no      | no      | no        | no              | no
    overseer withdraws      | hidden  | hidden                      | hidden   | hidden    | hidden  | hidden  | hidden  | hidden    | hidden          | hidden
    overseer issues         | no      | no                          | no       | no        | no      | no      | no      | no        | no              | no
";

/// New people for each cell, since a cell may suspend them.
struct Stage {
    app: TestApp,
    people: u32,
}

impl Stage {
    fn callsign(&mut self) -> String {
        self.people += 1;
        format!("person{}", self.people)
    }

    async fn somebody(&mut self, role: Role) -> Officer {
        let callsign = self.callsign().parse().unwrap();
        self.app.registry.enrol(&Actor::Operator, callsign, role).await.unwrap()
    }

    /// An authorisation of `asker` in this state, straight in the store, though they may not ask.
    async fn planted(&mut self, asker: &Officer, state: &str) -> AuthorisationId {
        let approver = self.somebody(Role::Approver).await;
        let store = &self.app.store;
        let (from, until) = match state {
            "over" => (NOW - 100, NOW - 10),
            "not begun" => (NOW + 100, NOW + DAY),
            _ => (NOW - 100, NOW + DAY),
        };
        let request = Request::new("OP-5", Channel::ALL.into(), (from, until), 2, NOW - 100).unwrap();
        let id = AuthorisationId(self.people.to_be_bytes().repeat(2).try_into().unwrap());
        let planted = Authorisation::asked(id, request, asker.callsign.clone(), NOW - 100);
        let entry = Event::authorisation_asked(&planted).at(NOW - 100);
        store.ask(planted, None, entry).await.unwrap();
        let decision = match state {
            "asked" | "asked, then asker suspended" => None,
            "refused" => Some(Decision::Refuse),
            _ => Some(Decision::Approve),
        };
        if let Some(decision) = decision {
            let entry = Event::authorisation_decided(id, decision, approver.callsign.clone()).at(NOW);
            store.decide(id, decision, approver.callsign.clone(), entry).await.unwrap();
        }
        match state {
            "used up" => self.use_up(asker, id).await,
            "withdrawn" => {
                let entry = Event::AuthorisationWithdrawn { authorisation: id, by: asker.callsign.clone() }.at(NOW);
                store.withdraw_authorisation(id, "heron".parse().unwrap(), entry).await.unwrap();
            }
            "asker suspended" | "asked, then asker suspended" => self.suspend(asker).await,
            "approver suspended" => self.suspend(&approver).await,
            _ => {}
        }
        id
    }

    async fn use_up(&self, asker: &Officer, id: AuthorisationId) {
        let asker = Officer { role: Role::Officer, ..asker.clone() };
        for _ in 0..2 {
            let approach = world::approach(Channel::Online);
            let request = IssueRequest { authorisation: Some(id), approach, not_before: None, lifetime: None, spoken: None };
            self.app.desk().issue(self.app.confirmed(&asker).await, request).await.unwrap();
        }
    }

    async fn suspend(&self, officer: &Officer) {
        self.app.registry.suspend(&Actor::Operator, officer.callsign.clone()).await.unwrap();
    }
}

async fn acts(person: &Person, act: &str, id: AuthorisationId) -> String {
    let address = |verb: &str| format!("/v1/authorisations/{id}/{verb}");
    let reply = match act {
        "approves" => person.post(&address("approve"), &Value::Null).await,
        "refuses" => person.post(&address("refuse"), &json!({"reason": "Not now"})).await,
        "reviews" => person.post(&address("review"), &json!({"channels": ["in-person"], "until": NOW + 2 * DAY, "max_tokens": 5})).await,
        "withdraws" => person.post(&address("withdraw"), &Value::Null).await,
        "issues" => person.post("/v1/tokens", &json!({"channel": "in-person", "authorisation": id.to_string()})).await,
        _ => panic!("{act}"),
    };
    heard(&reply)
}

async fn holds(table: &'static str, own: bool) {
    let table = Table::read(table);
    table.covers(&ROLES, &ACTS, &STATES);
    let mut stage = Stage { app: TestApp::start().await, people: 0 };
    for (row, cells) in &table.rows {
        let (role, act) = row.split_once(' ').unwrap();
        for (state, expected) in table.columns.iter().zip(cells) {
            let callsign = stage.callsign();
            let actor = stage.app.person(&callsign, role.parse().unwrap()).await;
            let asker = if own { actor.officer.clone() } else { stage.somebody(Role::Officer).await };
            let id = stage.planted(&asker, state).await;
            let before = stage.app.store.authorisation(id).await.unwrap();
            let expected_answer = if *expected == "again" { "ok" } else { expected };
            assert_eq!(acts(&actor, act, id).await, expected_answer, "{row}: {state}");
            let changed = stage.app.store.authorisation(id).await.unwrap() != before;
            assert_eq!(changed, *expected == "ok", "{row}: {state}");
        }
    }
}

#[tokio::test]
async fn every_role_every_act_every_state_of_their_own() {
    holds(OWN, true).await;
}

#[tokio::test]
async fn every_role_every_act_every_state_of_another_persons() {
    holds(OTHERS, false).await;
}
