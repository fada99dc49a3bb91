//! Three years of a service that is looked after.

use countersign::{
    authority::{Actor, AuthorisationId, Scope},
    issuer::{Ask, POLICY, inspect},
    keyring::rotation::Stage,
    store::IssuerStore as _,
};
use serde_json::json;

use super::UNHURRIED;
use crate::{
    actors::{Asker, Issued, Person},
    app::{Setup, TestApp, wide},
    world::{self, DAY, NOW},
};

const HOUR: i64 = 3_600;
const END: i64 = NOW + 3 * 365 * DAY;

/// One officer, whose papers are renewed in time.
struct Service {
    app: TestApp,
    officer: Person,
    authorisation: AuthorisationId,
    anyone: Asker,
    /// Tokens for a meeting on the next day, and when it is.
    prepared: Vec<(i64, Issued)>,
    checked: usize,
}

impl Service {
    async fn start() -> Self {
        let app = Setup { limits: UNHURRIED, ..Setup::default() }.start().await;
        let (officer, authorisation, anyone) = (app.officer.clone(), app.authorisation, app.anyone());
        Self { app, officer, authorisation, anyone, prepared: Vec::new(), checked: 0 }
    }

    async fn renew_papers(&mut self, now: i64) {
        let callsign = self.officer.officer.callsign.clone();
        let credential = self.app.registry.make_credential(&Actor::Operator, callsign, Scope::ALL.into(), 30 * DAY).await.unwrap();
        self.officer = self.officer.with_credential(Some(credential.expose()));
        self.authorisation = self.app.approved(&self.officer.officer, Ask { until: now + 30 * DAY, ..wide() }).await;
    }

    async fn issue(&self, not_before: Option<i64>) -> Issued {
        let body = json!({"channel": "in-person", "authorisation": self.authorisation, "lifetime": 600, "not_before": not_before});
        self.officer.issue(body).await
    }

    async fn is_genuine(&mut self, issued: &Issued) {
        assert_eq!(self.anyone.another().token(&issued.token).await.verdict(), "genuine", "until {}", issued.expires_at);
        self.checked += 1;
    }

    /// A key whose time is over signs for the last time, and the next one for the first time; neither is refused.
    async fn change_over(&mut self, now: i64) {
        let (last, later) = (self.issue(None).await, self.issue(Some(now + DAY)).await);
        let rotated = self.app.look(now).await;
        assert!(rotated.activated.is_some() && rotated.destroyed.is_empty(), "{rotated:?}");
        self.prepared.push((now + DAY, later));
        let first = self.issue(None).await;
        self.is_genuine(&last).await;
        self.is_genuine(&first).await;
    }

    /// Anybody who was given a token yesterday shows it now.
    async fn meet(&mut self, now: i64) {
        for (_, issued) in self.prepared.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
            self.is_genuine(&issued).await;
        }
    }

    /// What is written once a day.
    async fn tidy(&self, now: i64) {
        self.app.store.report_first_checks(now).await.unwrap();
        self.app.store.purge(now).await.unwrap();
        self.app.issuer_side.notary.sign().await.unwrap();
    }
}

/// The root signs every four weeks, some days later than the last time, up to the day before the set ends.
fn ceremonies() -> impl Iterator<Item = i64> {
    let mut last = NOW;
    std::iter::once(NOW).chain((0..).map(move |n| {
        last += 28 * DAY + n * 37 % 6 * DAY + 3 * HOUR;
        last
    }))
}

#[tokio::test]
async fn three_years_of_rotation_without_a_gap() {
    let mut service = Service::start().await;
    let mut ceremonies = ceremonies().peekable();
    let mut changes = 0;
    for (step, now) in (0..).zip((NOW..END).step_by(6 * 3_600)) {
        service.app.clock.set(now);
        if step % 80 == 0 {
            service.renew_papers(now).await;
        }
        if ceremonies.next_if(|at| *at <= now).is_some() {
            service.app.ceremony(&service.app.custodian).await;
        }
        let active = service.app.active().await;
        if now >= service.app.record(active).await.since + POLICY.active {
            service.change_over(now).await;
            changes += 1;
        } else {
            assert_eq!(service.app.look(now).await.activated, None);
        }
        service.app.spent_keys_are_destroyed().await;
        service.meet(now).await;
        if step % 12 == 0 {
            let issued = service.issue(None).await;
            service.is_genuine(&issued).await;
        }
        if step % 4 == 0 {
            service.tidy(now).await;
        }
    }
    service.tidy(END).await;
    assert_eq!(changes, 3 * 365 / 7, "every seven days");
    assert_eq!(service.checked, 3 * changes + (3 * 365 * 4_usize).div_ceil(12));
    let removed = service.app.records().await.iter().filter(|record| record.stage == Stage::Removed).count();
    assert!(removed >= changes - 1, "{removed} of {changes}");
    let report = inspect(&*service.app.store, world::ledger().0, vec![]).await.unwrap();
    assert_eq!(report.faults, []);
    assert_eq!(report.counts["key_activated"], u64::try_from(changes).unwrap() + 1);
}
