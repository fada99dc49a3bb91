//! What a store knows of the time, and what is undone after a clock was ahead.

use countersign::{
    authority::{ActorName, AuthorisationId, Review},
    ledger::{Entry, Event},
    store::{AttemptHash, Corrected, Decided, IssueRefusal, KEEP_ROWS, Marked, NewToken, Page, Presented, Standing},
    token::{Channel, Cti, TokenHash},
};

use crate::{
    Backend,
    access::{credential, hash},
    acts::{END, NOW, USUAL, World, entry, new_token, speakable},
    keys::{key, stolen},
};

const DAY: i64 = 86_400;
const FOREVER: &str = "UPDATE authorisations SET starts_at = 0, ends_at = 9000000000, max_tokens = 100000";

/// The store's own time, or one in its place.
async fn own(world: &World) -> i64 {
    world.stores.issuer.act_heartbeat(None).await.unwrap().unwrap_or(NOW)
}

/// A token with a true entry in the ledger.
async fn issued(world: &World, n: u64, now: i64, expires_at: i64) -> Result<Presented, IssueRefusal> {
    let (cti, hash) = (Cti(n.to_be_bytes()), TokenHash([n.to_be_bytes(); 4].concat().try_into().unwrap()));
    let new = NewToken { cti, hash, issued_at: now, starts_at: now, expires_at, ..new_token(1) };
    let (kid, channel, by, authorisation) = (new.kid, new.channel, new.officer.clone(), new.authorisation);
    let (sha256, access) = (hash, Some(new.access.id()));
    let event = Event::TokenIssued { cti, kid, sha256, channel, iat: now, nbf: None, exp: expires_at, by, access, authorisation };
    world.stores.issuer.issue_and_record(new, event.at(now)).await?;
    Ok(Presented { cti, hash, expires_at })
}

fn attempt(n: u64) -> AttemptHash {
    AttemptHash([n.to_be_bytes(); 4].concat().try_into().unwrap())
}

impl World {
    async fn uses(&self, token: Presented, n: u64, now: i64) -> Marked {
        self.stores.verifier.use_once(token, Some(attempt(n)), now).await.unwrap()
    }

    async fn purged_through(&self) -> i64 {
        self.stores.issuer.time().await.unwrap().purged_through
    }

    async fn newest(&self) -> Option<i64> {
        self.stores.issuer.time().await.unwrap().newest
    }

    async fn corrects(&self, now: i64) -> Option<Corrected> {
        self.stores.issuer.correct_clock(now, ActorName::Operator).await.unwrap()
    }
}

/// As a version that believed every clock.
async fn wrong_purge(backend: &dyn Backend, through: i64) {
    for statement in [
        format!("UPDATE purged SET through = {through}"),
        format!("DELETE FROM marks WHERE expires_at <= {through}"),
        format!("DELETE FROM tokens WHERE expires_at <= {through}"),
    ] {
        backend.sql(&statement).await.unwrap();
    }
}

pub async fn the_newest_time_only_grows_until_it_is_corrected(backend: &dyn Backend) {
    assert_eq!(backend.open().await.issuer.time().await.unwrap().newest, None, "nobody was there yet");
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    assert_eq!(world.newest().await, Some(NOW), "the last entry's");
    let own = own(&world).await;
    assert_eq!(world.newest().await, Some(NOW), "who does not believe their clock says nothing");
    for (believed, newest) in [(own - 500, own - 500), (own - 400, own - 400), (own - 450, own - 400)] {
        issuer.act_heartbeat(Some(believed)).await.unwrap();
        assert_eq!(world.newest().await, Some(newest));
    }
    issuer.act_heartbeat(None).await.unwrap();
    let ahead = own + 3 * DAY;
    let clock = issuer.act_heartbeat(Some(ahead)).await.unwrap();
    assert_eq!(backend.open().await.issuer.time().await.unwrap().newest, Some(clock.unwrap_or(ahead)), "not above the store's own clock");
    let before = world.entries().await;
    let corrected = world.corrects(own - 400).await.unwrap();
    assert_eq!(corrected, Corrected { purged_from: 0, purged_to: 0, withdrawn: 0 });
    assert_eq!((world.newest().await, world.corrects(own - 400).await), (Some(own - 400), None));
    assert_eq!(world.entries().await, before + 1);
}

pub async fn nothing_is_issued_that_would_be_born_expired(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.issued(1).await;
    world.issue(NewToken { expires_at: END + 1, ..new_token(2) }).await.unwrap();
    backend.sql(&format!("UPDATE purged SET through = {END}")).await.unwrap();
    let before = (world.entries().await, world.stores.issuer.authorisations(None, Page::default(), NOW).await.unwrap());
    let spoken = NewToken { speakable: Some(speakable(3, 9)), ..new_token(3) };
    for token in [new_token(3), spoken, NewToken { expires_at: END - 1, ..new_token(3) }] {
        assert!(matches!(world.issue(token).await, Err(IssueRefusal::BornExpired)));
    }
    let late = world.stores.issuer.make_speakable(Cti([1; 8]), speakable(1, 9), entry()).await;
    assert!(matches!(late, Err(IssueRefusal::BornExpired)));
    assert_eq!((world.entries().await, world.stores.issuer.authorisations(None, Page::default(), NOW).await.unwrap()), before);
    world.stores.issuer.make_speakable(Cti([2; 8]), speakable(2, 9), entry()).await.unwrap();
    world.issue(NewToken { expires_at: END + 1, ..new_token(3) }).await.unwrap();
    // What was wrong without it is said first.
    backend.sql("UPDATE purged SET through = 0").await.unwrap();
    backend.sql("UPDATE signing_keys SET stage = 'retired'").await.unwrap();
    assert!(matches!(world.issue(new_token(4)).await, Err(IssueRefusal::KeyNotActive)));
}

pub async fn a_purge_goes_no_further_than_the_stores_own_clock(backend: &dyn Backend) {
    let world = World::new(backend).await;
    backend.sql(FOREVER).await.unwrap();
    let issuer = &world.stores.issuer;
    let clock = issuer.act_heartbeat(None).await.unwrap();
    let now = clock.unwrap_or(NOW);
    let old = issued(&world, 1, now - 2 * DAY, now - KEEP_ROWS - 10).await.unwrap();
    let live = issued(&world, 2, now, now + 600).await.unwrap();
    issuer.purge(now + 3 * DAY).await.unwrap();
    assert_eq!(world.stores.verifier.standing(old).await.unwrap(), Standing::Purged);
    let (standing, through) = if clock.is_some() { (Standing::Live, old.expires_at) } else { (Standing::Purged, live.expires_at) };
    assert_eq!(world.stores.verifier.standing(live).await.unwrap(), standing);
    assert_eq!(world.purged_through().await, through);
}

pub async fn what_a_wrong_purge_dropped_is_withdrawn(backend: &dyn Backend) {
    let world = World::new(backend).await;
    backend.sql(FOREVER).await.unwrap();
    let now = own(&world).await;
    let past = issued(&world, 1, now - 2 * DAY, now - KEEP_ROWS).await.unwrap();
    let used = issued(&world, 2, now, now + 300).await.unwrap();
    let unused = issued(&world, 3, now, now + 300).await.unwrap();
    assert_eq!(world.uses(used, 1, now).await, Marked::First);
    let kept = issued(&world, 4, now, now + 900).await.unwrap();
    assert_eq!(world.uses(kept, 1, now).await, Marked::First);
    world.stores.issuer.report_first_checks(now).await.unwrap();
    wrong_purge(backend, now + 600).await;
    // The mark stands where a row could not be dropped, as where the ledger did not know of its use.
    backend.sql(&format!("UPDATE purged SET through = {}", now + 900)).await.unwrap();
    assert_eq!(world.uses(kept, 1, now).await, Marked::Not(Standing::Purged));

    let corrected = Corrected { purged_from: now + 900, purged_to: now - KEEP_ROWS, withdrawn: 2 };
    assert_eq!(world.corrects(now).await, Some(corrected));
    assert_eq!(world.corrects(now).await, None, "nothing is in the future any more");
    for token in [used, unused] {
        for n in [1, 2] {
            assert_eq!(world.uses(token, n, now).await, Marked::Not(Standing::Withdrawn));
        }
    }
    assert!(matches!(world.uses(kept, 2, now).await, Marked::Before(_)), "its mark is still there");
    assert_eq!(world.uses(kept, 1, now).await, Marked::Again, "to whom it was");
    assert_eq!(world.uses(past, 1, now).await, Marked::Not(Standing::Purged));
    let record = world.stores.issuer.token(unused.cti).await.unwrap().unwrap();
    assert_eq!((record.officer.as_str(), record.withdrawn_at, record.expires_at), ("falcon", Some(now), unused.expires_at));
    let last = world.stores.ledger.entries((world.entries().await - 1).cast_signed()).await.unwrap();
    let Corrected { purged_from, purged_to, withdrawn } = corrected;
    let event = Event::ClockCorrected { purged_from, purged_to, withdrawn, by: ActorName::Operator };
    assert_eq!(Entry::parse(&last[0].leaf).unwrap(), event.at(now));
}

pub async fn a_correction_comes_with_its_entry_or_not_at_all(backend: &dyn Backend) {
    let world = World::new(backend).await;
    backend.sql(FOREVER).await.unwrap();
    let now = own(&world).await;
    let token = issued(&world, 1, now, now + 300).await.unwrap();
    wrong_purge(backend, now + 600).await;
    backend.block("ledger_entries").await;
    assert!(world.stores.issuer.correct_clock(now, ActorName::Operator).await.is_err());
    assert_eq!(world.purged_through().await, now + 600);
    assert!(world.stores.issuer.token(token.cti).await.unwrap().is_none());
    backend.unblock("ledger_entries").await;
    assert_eq!(world.corrects(now).await.unwrap().withdrawn, 1);
}

/// Tokens of the usual officer on a clock that is three days ahead, one of which has not run out.
struct Ahead<'a> {
    world: &'a World,
    backend: &'a dyn Backend,
    tokens: [Presented; 2],
    now: i64,
}

impl Ahead<'_> {
    fn entry(&self) -> Entry {
        Entry { at: self.now + 3 * DAY, ..entry() }
    }

    /// What an act just withdrew, before both tokens are as they were.
    async fn withdrew(&self, what: &str) {
        let [live, over] = self.tokens;
        let found = async |token: Presented| self.world.stores.issuer.token(token.cti).await.unwrap().unwrap().withdrawn_at;
        assert_eq!([found(live).await, found(over).await], [Some(self.entry().at), None], "{what}");
        assert_eq!(self.world.uses(live, 1, self.now).await, Marked::Not(Standing::Withdrawn), "{what}");
        self.backend.sql("UPDATE tokens SET withdrawn_at = NULL").await.unwrap();
    }
}

pub async fn what_is_withdrawn_by_a_clock_that_is_ahead_is_withdrawn(backend: &dyn Backend) {
    let world = World::new(backend).await;
    backend.sql(FOREVER).await.unwrap();
    let (issuer, now, first) = (&world.stores.issuer, own(&world).await, AuthorisationId([1; 8]));
    issuer.act_heartbeat(Some(now)).await.unwrap();
    let tokens = [issued(&world, 1, now, now + 300).await.unwrap(), issued(&world, 2, now - 600, now - 61).await.unwrap()];
    let ahead = Ahead { world: &world, backend, tokens, now };
    let at = ahead.entry().at;
    for selection in ["all", "authorisation:0101010101010101", "person:falcon", "person:heron", "channel:in-person"] {
        let withdrawn = issuer.withdraw_tokens(selection.parse().unwrap(), ActorName::Operator, at).await.unwrap();
        assert_eq!(withdrawn, 1, "{selection}");
        ahead.withdrew(selection).await;
    }
    let review = Review::new(now, [Channel::Online].into(), at + DAY, 5, now).unwrap();
    assert!(matches!(issuer.review(first, review, "heron".parse().unwrap(), ahead.entry()).await.unwrap(), Decided::Done(_)));
    ahead.withdrew("a review").await;
    issuer.add_credential(credential("falcon", 3, at + DAY), entry()).await.unwrap();
    backend.sql("UPDATE tokens SET access = NULL").await.unwrap();
    for (access, what) in [(hash(3), "a credential that may have been it"), (USUAL, "the credential")] {
        let revoked = issuer.revoke_access(access.id(), ActorName::Operator, at).await.unwrap().unwrap();
        assert_eq!(revoked.withdrawn, 1, "{what}");
        ahead.withdrew(what).await;
    }
    assert_eq!(issuer.revoke_key(key(1).public().id(), stolen(), ahead.entry()).await.unwrap(), Some(1));
    ahead.withdrew("a key").await;
    assert!(matches!(issuer.withdraw_authorisation(first, "heron".parse().unwrap(), ahead.entry()).await.unwrap(), Decided::Done(_)));
    ahead.withdrew("an authorisation").await;
    assert!(issuer.suspend("falcon".parse().unwrap(), ahead.entry()).await.unwrap());
    ahead.withdrew("a person").await;
}

/// Numbers that only look random, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

pub async fn no_jump_purge_or_correction_makes_a_used_token_genuine_again(backend: &dyn Backend) {
    let world = World::new(backend).await;
    backend.sql(FOREVER).await.unwrap();
    let (issuer, start) = (&world.stores.issuer, own(&world).await);
    let (mut numbers, mut right, mut off) = (Numbers(8), start, 0);
    let (mut tokens, mut used, mut withdrawn, mut counts) = (vec![], vec![], 0, [0; 8]);
    for step in 0..400_u64 {
        let act = usize::try_from(numbers.below(8)).unwrap();
        let now = right + off;
        match act {
            0 | 1 => tokens.extend(issued(&world, step, now, now + 60 + i64::try_from(numbers.below(600)).unwrap()).await.ok()),
            2 if !tokens.is_empty() => {
                let token: Presented = tokens[usize::try_from(numbers.below(tokens.len() as u64)).unwrap()];
                let marked = world.uses(token, step, now).await;
                assert!(marked != Marked::First || !used.contains(&token.cti), "step {step}: used twice");
                used.extend((marked == Marked::First).then_some(token.cti));
            }
            3 => drop(issuer.report_first_checks(now).await.unwrap()),
            4 => {
                issuer.purge(now).await.unwrap();
                if numbers.below(3) == 0 {
                    // Whatever the store's own clock says, as a version that believed every other did.
                    issuer.report_first_checks(now).await.unwrap();
                    wrong_purge(backend, world.purged_through().await.max(now - KEEP_ROWS)).await;
                }
            }
            5 => withdrawn += world.corrects(now).await.map_or(0, |corrected| corrected.withdrawn),
            6 => off = [0, 0, 2 * DAY, 3 * DAY, 31 * DAY, -3_600, -DAY][usize::try_from(numbers.below(7)).unwrap()],
            _ => right += 30,
        }
        counts[act] += 1;
        // Somebody else, whatever the time: no window is judged here.
        for token in tokens.iter().filter(|token| matches!(act, 4 | 5) && used.contains(&token.cti)) {
            assert_ne!(world.uses(*token, u64::MAX, now).await, Marked::First, "step {step}: {:?}", token.cti);
        }
    }
    assert!(tokens.len() > 30 && used.len() > 10 && withdrawn > 5, "{} {} {withdrawn} {counts:?}", tokens.len(), used.len());
}
