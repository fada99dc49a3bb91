//! Years of changing keys, hour by hour, under policies and accidents drawn at random: never a gap, never a live honest token
//! refused, never a key that signs before people could know it, and one that was revoked is never believed again.

use std::{cmp::Reverse, collections::BinaryHeap, thread};

use countersign::{
    issuer::POLICY,
    keyring::{
        KeyId, PublicKeys,
        rotation::{Policy, Stage, Warning},
    },
    token::{Approach, Channel, Claims, Cti, LEEWAY, MAX_LIFETIME, MAX_PREPARATION, Rejection, Token, Unverified, Window},
};

use crate::{
    custody::Custody,
    world::{NOW, Numbers},
};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const END: i64 = NOW + 3 * 365 * DAY;
/// For so long somebody may keep a copy of the set.
const KEPT: i64 = HOUR;

/// What happened, so that it is seen that much did.
#[derive(Debug, Default)]
struct Tally {
    checks: usize,
    with_older_sets: usize,
    withdrawn: usize,
    forged: usize,
    revocations: usize,
    ceremonies: usize,
    changes: usize,
}

struct Life {
    custody: Custody,
    numbers: Numbers,
    shown: Vec<(Token, KeyId)>,
    /// When which token is checked.
    checks: BinaryHeap<Reverse<(i64, usize)>>,
    /// When the next set is asked for, and how long the root's answer takes.
    ceremony: (i64, i64),
    /// Until then there are fewer keys than were counted on, because one that waited was revoked.
    short_until: i64,
    tally: Tally,
}

impl Life {
    fn begin(seed: u64, policy: Policy) -> Self {
        let mut numbers = Numbers(seed << 32);
        let custody = Custody::begin(policy, NOW, &mut numbers);
        let (shown, checks) = (Vec::new(), BinaryHeap::new());
        let mut life = Self { custody, numbers, shown, checks, ceremony: (0, 0), short_until: 0, tally: Tally::default() };
        life.plan_ceremony();
        life.rotate();
        life
    }

    fn live(mut self) -> Tally {
        while self.custody.now < END {
            if !self.pass() {
                // In the last second of a key whose time is over.
                self.issue(true);
            }
            self.rotate();
            self.accident();
            self.ceremony();
            self.rotate();
            self.issue(false);
            self.forge();
        }
        self.tally
    }

    fn between(&mut self, least: i64, most: i64) -> i64 {
        least + i64::try_from(self.numbers.below(usize::try_from(most - least + 1).unwrap())).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.numbers.below(n) == 0
    }

    /// The last moment at which the next set is in time.
    fn deadline(&self) -> i64 {
        self.custody.newest().keys.set().expires_at() - KEPT
    }

    /// Some time in the last week, seldom earlier; and the root's answer may take two days.
    fn plan_ceremony(&mut self) {
        let (now, deadline) = (self.custody.now, self.deadline());
        let early = self.one_in(5);
        let at = self.between(if early { now } else { deadline - 7 * DAY }, deadline);
        self.ceremony = (at, if self.one_in(2) { 0 } else { self.between(1, 2 * DAY) });
    }

    /// The next time that the machine looks: after hours, or, in which case this is true, after two days without power.
    fn pass(&mut self) -> bool {
        let (off, is_new) = (self.one_in(60), self.custody.newest().at == self.custody.now);
        let pause = match (off, is_new) {
            (true, _) => self.between(DAY, 2 * DAY),
            // While copies of the set before are about.
            (false, true) => self.between(1, 2 * KEPT),
            (false, false) => self.between(1, 12 * HOUR),
        };
        let until = (self.custody.now + pause).min(self.deadline());
        while let Some(Reverse((at, n))) = self.checks.peek().copied().filter(|Reverse((at, _))| *at <= until) {
            self.checks.pop();
            self.check(n, at);
        }
        self.custody.now = until;
        off
    }

    fn rotate(&mut self) {
        let before = self.custody.active().map(|record| record.id);
        let mut warnings = self.custody.rotate();
        if warnings.contains(&Warning::NoKey) {
            // The one gap that there may be, and it is reported: every key that was made in advance was revoked.
            assert!(self.custody.records.iter().all(|record| record.stage >= Stage::Retired));
            self.custody.ask(&mut self.numbers);
            self.publish();
            warnings = self.custody.rotate();
        }
        self.custody.signs();
        self.tally.changes += usize::from(before != self.custody.active().map(|record| record.id));
        self.heed(&warnings);
    }

    /// People who are warned a week ahead are in time within some days, and those who are warned later see to it at once.
    fn heed(&mut self, warnings: &[Warning]) {
        let left = self.deadline() + KEPT - self.custody.now;
        assert_eq!(warnings.contains(&Warning::SetEnds(left)), left <= 7 * DAY);
        if warnings.iter().any(|warning| matches!(warning, Warning::KeysEnd(left) if *left < 3 * DAY)) {
            self.ceremony = (self.custody.now, 0);
        } else if warnings.iter().any(|warning| !matches!(warning, Warning::SetEnds(_))) {
            let soon = self.custody.now + self.between(0, 2 * DAY);
            self.ceremony.0 = self.ceremony.0.min(soon);
        }
    }

    fn ceremony(&mut self) {
        let (now, deadline, (asked_at, answered_after)) = (self.custody.now, self.deadline(), self.ceremony);
        if !self.custody.has_asked() && now >= asked_at.min(deadline) {
            self.custody.ask(&mut self.numbers);
        }
        if self.custody.has_asked() && now >= (asked_at + answered_after).min(deadline) {
            self.publish();
        }
    }

    fn publish(&mut self) {
        self.custody.publish();
        self.tally.ceremonies += 1;
        self.short_until = self.short_until.min(self.custody.now + self.custody.policy.published);
        self.plan_ceremony();
    }

    /// A key is revoked, mostly the one that signs; the next takes over at once.
    fn accident(&mut self) {
        if !self.one_in(200) {
            return;
        }
        let all = self.one_in(4);
        let may = |stage| if all { stage < Stage::Removed } else { stage == Stage::Active };
        let sound = self.custody.records.iter().filter(|record| record.revoked.is_none() && may(record.stage));
        let sound: Vec<(KeyId, Stage)> = sound.map(|record| (record.id, record.stage)).collect();
        let (id, stage) = sound[self.numbers.below(sound.len())];
        self.custody.revoke(id);
        self.tally.revocations += 1;
        if stage == Stage::Pending {
            self.short_until = i64::MAX;
        }
    }

    /// Signs a token for now and one for later, to be checked at both ends of their windows and in between.
    fn issue(&mut self, is_late: bool) {
        if self.one_in(3) && self.custody.newest().at + KEPT < self.custody.now {
            return;
        }
        let longest = self.one_in(2);
        for prepared in [false, true] {
            let lifetime = if longest { MAX_LIFETIME } else { self.between(1, MAX_LIFETIME) };
            let ahead = if longest { MAX_PREPARATION } else { self.between(1, MAX_PREPARATION) };
            let now = self.custody.now;
            let start = if prepared { now + ahead } else { now };
            let claims = claims(&mut self.numbers, now, prepared.then_some(start), start + lifetime);
            let (key, published) = self.custody.signs();
            let token = match Token::sign(&claims, key, published, &self.custody.issuer) {
                Ok(token) => token,
                Err(_) if is_excused(prepared, is_late, now < self.short_until) => continue,
                Err(error) => panic!("refused at {now}: {error}"),
            };
            let kid = published.key.id();
            let (first, last) = ((start - LEEWAY).max(now), start + lifetime + LEEWAY - 1);
            for at in [first, self.between(first, last), last] {
                self.checks.push(Reverse((at, self.shown.len())));
            }
            self.shown.push((token, kid));
        }
    }

    /// An honest token is accepted by anybody who has the newest set, and by anybody who fetched theirs within the hour.
    fn check(&mut self, n: usize, at: i64) {
        let fetched_at = at - self.between(0, KEPT);
        let (custody, (token, kid)) = (&self.custody, &self.shown[n]);
        let (newest, record) = (custody.fetched(at), custody.record(*kid));
        let judge = |keys: &PublicKeys| Unverified::decode(token).unwrap().verify(keys, &custody.issuer, at).map(drop);
        if let Some(revocation) = &record.revoked {
            assert_eq!(judge(&newest.keys.clone().knowing(&custody.records)), Err(Rejection::Withdrawn), "at once in the store");
            if newest.asked_at >= revocation.revoked_at {
                assert_eq!(judge(&newest.keys), Err(Rejection::Withdrawn), "by the next set");
            }
            self.tally.withdrawn += 1;
            return;
        }
        assert_eq!(judge(&newest.keys), Ok(()), "at {at} by the newest set");
        // Nobody could know a key before that had to sign at once.
        let earliest = if custody.hasty.contains(kid) { custody.first_published(*kid) } else { NOW };
        let older = custody.fetched(fetched_at.max(earliest));
        if older.at != newest.at {
            assert_eq!(judge(&older.keys), Ok(()), "at {at} by a set that was fetched at {fetched_at}");
            self.tally.with_older_sets += 1;
        }
        self.tally.checks += 1;
    }

    /// A thief signs with what they have; nobody who asks the store, or has the set after it, believes it.
    fn forge(&mut self) {
        if self.custody.stolen.is_empty() || !self.one_in(2) {
            return;
        }
        let (custody, thief) = (&self.custody, self.numbers.below(self.custody.stolen.len()));
        let (published, key) = &custody.stolen[thief];
        let claims = claims(&mut self.numbers, custody.now, None, custody.now + MAX_LIFETIME);
        let Ok(token) = Token::sign(&claims, key, published, &custody.issuer) else { return };
        let judge = |keys: &PublicKeys| Unverified::decode(&token).unwrap().verify(keys, &custody.issuer, custody.now).map(drop);
        let newest = custody.newest();
        assert_eq!(judge(&newest.keys.clone().knowing(&custody.records)), Err(Rejection::Withdrawn));
        let revoked = custody.record(published.key.id()).revoked.as_ref().unwrap();
        if newest.asked_at >= revoked.revoked_at {
            assert_eq!(judge(&newest.keys), Err(Rejection::Withdrawn));
        }
        self.tally.forged += 1;
    }
}

fn claims(numbers: &mut Numbers, iat: i64, nbf: Option<i64>, exp: i64) -> Claims {
    let approach = Approach { channel: Channel::InPerson, name: None, place: None, challenge: None, dialled: None };
    Claims::new(Cti(numbers.next().to_le_bytes()), Window::new(iat, nbf, exp).unwrap(), approach).unwrap()
}

/// Tokens for later are refused by a machine that looks again only after hours, or that has fewer keys than it counted on;
/// by one for which both is true, others too.
fn is_excused(prepared: bool, is_late: bool, is_short: bool) -> bool {
    prepared && (is_late || is_short) || is_late && is_short
}

/// The usual policy, the corners of what the settings allow, and some within.
fn policies() -> Vec<Policy> {
    let policy = |active: i64, published: i64| Policy { active: active * HOUR, published: published * HOUR, ..POLICY };
    let mut policies = vec![POLICY, policy(24, 1), policy(24, 24), policy(30 * 24, 1), policy(30 * 24, 30 * 24)];
    let mut numbers = Numbers(5);
    policies.extend((0..5).map(|_| {
        let active = 24 + numbers.below(30 * 24 - 23);
        policy(i64::try_from(active).unwrap(), i64::try_from(1 + numbers.below(active)).unwrap())
    }));
    policies
}

#[test]
fn in_years_of_rotation_there_is_no_gap_and_no_honest_token_is_refused() {
    let lives: Vec<(u64, Policy)> = (0..).zip(policies()).collect();
    let halves = [0, 1].map(|half| lives.iter().copied().skip(half).step_by(2).collect::<Vec<_>>());
    let threads =
        halves.map(|half| thread::spawn(|| half.into_iter().map(|(seed, policy)| Life::begin(seed, policy).live()).collect::<Vec<_>>()));
    for tally in threads.into_iter().flat_map(|thread| thread.join().unwrap()) {
        assert!(tally.checks > 20_000 && tally.ceremonies > 30 && tally.changes > 30, "years passed");
        assert!(
            tally.with_older_sets > 50 && tally.revocations > 10 && tally.withdrawn > 50 && tally.forged > 10,
            "not all was well: {tally:?}"
        );
    }
}
