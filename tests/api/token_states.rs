//! Who may do what to a token, and when: role by act by state, by HTTP calls that no screen offers.

use countersign::{
    authority::{Authorisation, AuthorisationId, Decision, Officer, Request, Role},
    issuer::{IssueRequest, Issued},
    ledger::Event,
    store::IssuerStore as _,
    token::Channel,
};
use reqwest::Method;

use crate::{
    actors::{Person, Reply},
    app::TestApp,
    table::{Table, heard},
    world::{self, DAY, NOW},
};

const ROLES: [&str; 4] = ["officer", "approver", "administrator", "overseer"];
const ACTS: [&str; 5] = ["reads", "watches", "lists", "speaks", "withdraws"];
const STATES: [&str; 5] = ["live", "prepared", "checked", "expired", "withdrawn"];

/// `ok`; `hidden`: for them it does not exist; `late`: its words cannot be switched on any more; `no`: this role
/// may not; `-`: not among those that are listed. Withdrawing again, or what has run out, is as good as once.
const OWN: &str = "
    by                      | live   | prepared | checked | expired | withdrawn
    officer reads           | ok     | ok       | ok      | ok      | ok
    officer watches         | ok     | ok       | ok      | ok      | ok
    officer lists           | ok     | ok       | ok      | -       | ok
    officer speaks          | ok     | ok       | ok      | late    | late
    officer withdraws       | ok     | ok       | ok      | ok      | ok
    approver reads          | ok     | ok       | ok      | ok      | ok
    approver watches        | ok     | ok       | ok      | ok      | ok
    approver lists          | ok     | ok       | ok      | -       | ok
    approver speaks         | ok     | ok       | ok      | late    | late
    approver withdraws      | ok     | ok       | ok      | ok      | ok
    administrator reads     | ok     | ok       | ok      | ok      | ok
    administrator watches   | ok     | ok       | ok      | ok      | ok
    administrator lists     | ok     | ok       | ok      | -       | ok
    administrator speaks    | ok     | ok       | ok      | late    | late
    administrator withdraws | ok     | ok       | ok      | ok      | ok
    overseer reads          | hidden | hidden   | hidden  | hidden  | hidden
    overseer watches        | hidden | hidden   | hidden  | hidden  | hidden
    overseer lists          | no     | no       | no      | no      | no
    overseer speaks         | hidden | hidden   | hidden  | hidden  | hidden
    overseer withdraws      | hidden | hidden   | hidden  | hidden  | hidden
";

/// Tokens of another person, under an authorisation that the actor approved.
const APPROVED: &str = "
    by                      | live   | prepared | checked | expired | withdrawn
    officer reads           | hidden | hidden   | hidden  | hidden  | hidden
    officer watches         | hidden | hidden   | hidden  | hidden  | hidden
    officer lists           | -      | -        | -       | -       | -
    officer speaks          | hidden | hidden   | hidden  | hidden  | hidden
    officer withdraws       | hidden | hidden   | hidden  | hidden  | hidden
    approver reads          | ok     | ok       | ok      | ok      | ok
    approver watches        | ok     | ok       | ok      | ok      | ok
    approver lists          | ok     | ok       | ok      | -       | ok
    approver speaks         | no     | no       | no      | no      | no
    approver withdraws      | ok     | ok       | ok      | ok      | ok
    administrator reads     | ok     | ok       | ok      | ok      | ok
    administrator watches   | ok     | ok       | ok      | ok      | ok
    administrator lists     | ok     | ok       | ok      | -       | ok
    administrator speaks    | no     | no       | no      | no      | no
    administrator withdraws | ok     | ok       | ok      | ok      | ok
    overseer reads          | hidden | hidden   | hidden  | hidden  | hidden
    overseer watches        | hidden | hidden   | hidden  | hidden  | hidden
    overseer lists          | no     | no       | no      | no      | no
    overseer speaks         | hidden | hidden   | hidden  | hidden  | hidden
    overseer withdraws      | hidden | hidden   | hidden  | hidden  | hidden
";

/// Tokens of another person that a third approved.
const OTHERS: &str = "
    by                      | live   | prepared | checked | expired | withdrawn
    officer reads           | hidden | hidden   | hidden  | hidden  | hidden
    officer watches         | hidden | hidden   | hidden  | hidden  | hidden
    officer lists           | -      | -        | -       | -       | -
    officer speaks          | hidden | hidden   | hidden  | hidden  | hidden
    officer withdraws       | hidden | hidden   | hidden  | hidden  | hidden
    approver reads          | hidden | hidden   | hidden  | hidden  | hidden
    approver watches        | hidden | hidden   | hidden  | hidden  | hidden
    approver lists          | -      | -        | -       | -       | -
    approver speaks         | hidden | hidden   | hidden  | hidden  | hidden
    approver withdraws      | hidden | hidden   | hidden  | hidden  | hidden
    administrator reads     | ok     | ok       | ok      | ok      | ok
    administrator watches   | ok     | ok       | ok      | ok      | ok
    administrator lists     | ok     | ok       | ok      | -       | ok
    administrator speaks    | no     | no       | no      | no      | no
    administrator withdraws | ok     | ok       | ok      | ok      | ok
    overseer reads          | hidden | hidden   | hidden  | hidden  | hidden
    overseer watches        | hidden | hidden   | hidden  | hidden  | hidden
    overseer lists          | no     | no       | no      | no      | no
    overseer speaks         | hidden | hidden   | hidden  | hidden  | hidden
    overseer withdraws      | hidden | hidden   | hidden  | hidden  | hidden
";

struct Stage {
    app: TestApp,
    actor: Person,
    authorisation: AuthorisationId,
    asker: Officer,
    now: i64,
}

impl Stage {
    /// One deployment with somebody in the role, and an authorisation straight in the store, though they may not ask.
    async fn of(role: &str, whose: &str) -> Self {
        let app = TestApp::start().await;
        let actor = app.person("actor", role.parse().unwrap()).await;
        let (officer, approver) = (app.officer.officer.clone(), app.approver.officer.clone());
        let (asker, approver) = match whose {
            "own" => (actor.officer.clone(), approver),
            "approved" => (officer, actor.officer.clone()),
            _ => (officer, approver),
        };
        let request = Request::new("OP-6", Channel::ALL.into(), (NOW, NOW + 20 * DAY), 1_000, NOW).unwrap();
        let authorisation = AuthorisationId([6; 8]);
        let planted = Authorisation::asked(authorisation, request, asker.callsign.clone(), NOW);
        let entry = Event::authorisation_asked(&planted).at(NOW);
        app.store.ask(planted, None, entry).await.unwrap();
        let entry = Event::authorisation_decided(authorisation, Decision::Approve, approver.callsign.clone()).at(NOW);
        app.store.decide(authorisation, Decision::Approve, approver.callsign, entry).await.unwrap();
        // Let to the desk whatever their role.
        let asker = Officer { role: Role::Officer, ..asker };
        Self { app, actor, authorisation, asker, now: NOW }
    }

    /// A silent token in this state.
    async fn token(&mut self, state: &str) -> Issued {
        let request = IssueRequest {
            authorisation: Some(self.authorisation),
            approach: world::approach(Channel::InPerson),
            not_before: (state == "prepared").then_some(self.now + 600),
            lifetime: Some(60),
            spoken: None,
        };
        let issued = self.app.desk().issue(self.app.confirmed(&self.asker).await, request).await.unwrap();
        let cti = issued.claims.cti();
        match state {
            "checked" => assert_eq!(self.app.anyone().token(&issued.token.text()).await.verdict(), "genuine"),
            "expired" => {
                self.now += 120;
                self.app.clock.set(self.now);
            }
            "withdrawn" => {
                let entry = Event::TokenWithdrawn { cti, by: self.asker.callsign.clone() }.at(self.now);
                assert!(self.app.store.withdraw_token(cti, entry).await.unwrap());
            }
            _ => {}
        }
        issued
    }

    async fn acts(&self, act: &str, Issued { claims, token, .. }: Issued) -> String {
        let cti = claims.cti();
        let path = format!("/v1/tokens/{cti}");
        let reply = match act {
            "reads" => self.actor.get(&path).await,
            "watches" => self.watches(&path).await,
            "lists" => {
                let reply = self.actor.get("/v1/tokens").await;
                let listed = reply.status != 200 || reply.json().as_array().unwrap().iter().any(|token| token["id"] == cti.to_string());
                return if listed { heard(&reply) } else { "-".into() };
            }
            "speaks" => self.actor.speak(&cti.to_string(), &token.text()).await,
            "withdraws" => self.actor.delete(&path).await,
            _ => panic!("{act}"),
        };
        heard(&reply)
    }

    /// A stream that was let begin has said what is asked here; it would go on until the token is over.
    async fn watches(&self, path: &str) -> Reply {
        let response = self.actor.request(Method::GET, &format!("{path}/events")).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Reply { status, headers, body: if status == 200 { String::new() } else { response.text().await.unwrap() } }
    }
}

async fn holds(table: &'static str, whose: &str) {
    let table = Table::read(table);
    table.covers(&ROLES, &ACTS, &STATES);
    for role in ROLES {
        let mut stage = Stage::of(role, whose).await;
        for (row, cells) in table.rows.iter().filter(|(row, _)| row.starts_with(role)) {
            let act = row.split_once(' ').unwrap().1;
            for (state, expected) in table.columns.iter().zip(cells) {
                let issued = stage.token(state).await;
                let cti = issued.claims.cti();
                let before = stage.app.store.token(cti).await.unwrap();
                assert_eq!(stage.acts(act, issued).await, *expected, "{row}: {state}");
                let changes = *expected == "ok" && (act == "speaks" || act == "withdraws" && *state != "withdrawn");
                assert_eq!(stage.app.store.token(cti).await.unwrap() != before, changes, "{row}: {state}");
            }
        }
    }
}

#[tokio::test]
async fn every_role_every_act_every_state_of_their_own() {
    holds(OWN, "own").await;
}

#[tokio::test]
async fn every_role_every_act_every_state_of_one_they_approved() {
    holds(APPROVED, "approved").await;
}

#[tokio::test]
async fn every_role_every_act_every_state_of_another_persons() {
    holds(OTHERS, "another's").await;
}
