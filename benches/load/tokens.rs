//! Keys, a store and many tokens, made by the library before anything is measured.

use std::sync::Arc;

use countersign::{
    authority::{AccessHash, Actor, Authorisation, Decision, Officer, Role, Scope},
    clock::{Clock, ClockWatch, ManualClock, SystemClock},
    entropy::{Entropy, SystemEntropy},
    issuer::{Ask, Checked, Confirmed, Custodian, Desk, DeskSettings, IssueRequest, Notary, POLICY, Registry, Trust},
    key_folder::KeyFolder,
    keyring::IssuerName,
    store::{IssuerStore, LedgerStore, Room, SpokenRules},
    token::{Approach, Channel, SpokenSize, SpokenWords, Token},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    kinds::Store,
    running::{Folder, ISSUER, SETTINGS},
    wrk::Load,
};

/// Tokens that one authorisation allows.
const ALLOWED: usize = 1_000;
/// Keys are this much older than the run, so that tokens which ran out could be issued.
const KEYS_AGE: i64 = 3_600;

/// How many tokens are made of each sort.
pub struct Counts {
    /// Checked once each, as fast as it goes.
    pub genuine: usize,
    /// Checked once each, at a steady rate.
    pub steady: usize,
    /// Checked once each by several verifiers, for each number of them.
    pub shared: usize,
    /// Sent again and again.
    pub others: usize,
}

pub struct Tokens {
    pub genuine: Load,
    /// Bodies.
    pub steady: Vec<String>,
    /// Bodies, for each number of verifiers.
    pub shared: Vec<Vec<String>>,
    pub expired: Load,
    pub forged: Load,
}

struct Office {
    registry: Registry,
    desk: Desk,
    officer: Officer,
    access: AccessHash,
    approver: Officer,
    now: i64,
}

impl Tokens {
    /// Makes the folder ready for a verifier: settings, keys, and a store with all tokens on record.
    pub fn make(folder: &Folder, store: &dyn Store, counts: &Counts, verifiers: usize) -> Self {
        folder.write("countersign.toml", &SETTINGS.replace("sqlite:store.sqlite", &store.url()));
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        let now = SystemClock.now();
        let keys = KeyFolder::at(folder.path().join("keys"));
        keys.init(&ISSUER.parse().expect("a name"), now - KEYS_AGE, &SystemEntropy, None).expect("a new folder");
        let (mut genuine, expired) = runtime.block_on(async {
            let before = Office::open(store, &keys, now - KEYS_AGE / 2).await;
            let expired = before.issue(counts.others).await;
            let office = Office::open(store, &keys, now).await;
            (office.issue(counts.genuine + counts.steady + counts.shared * verifiers).await, expired)
        });
        // Not in the order in which they were issued and lie in the store: people come as they come.
        genuine.sort_unstable_by_key(|token| token.hash().0);
        // A bit of the cti: well-shaped, and not what was signed.
        let forged: Vec<Token> = genuine.iter().take(counts.others).map(|token| changed(token, 34)).collect();
        let bodies = |tokens: &[Token]| tokens.iter().map(|token| format!(r#"{{"token":"{}"}}"#, token.text())).collect::<Vec<_>>();
        let (genuine, rest) = genuine.split_at(counts.genuine);
        let (steady, for_several) = rest.split_at(counts.steady);
        Self {
            genuine: Load::new(folder, "genuine", &bodies(genuine), false),
            steady: bodies(steady),
            shared: for_several.chunks(counts.shared).map(bodies).collect(),
            expired: Load::new(folder, "expired", &bodies(&expired), true),
            forged: Load::new(folder, "forged", &bodies(&forged), true),
        }
    }
}

fn changed(token: &Token, at: usize) -> Token {
    let mut bytes = token.as_bytes().to_vec();
    bytes[at] ^= 1;
    Token::from_bytes(bytes).expect("begins like a token")
}

impl Office {
    /// At a time that stands still. The people are those of the time before, if there was one.
    async fn open(store: &dyn Store, keys: &KeyFolder, now: i64) -> Self {
        let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) = (Arc::new(ManualClock::at(now)), Arc::new(SystemEntropy));
        let issuer: IssuerName = ISSUER.parse().expect("a name");
        let opened = store.open(&keys.deployment_keys(&issuer, [1; 16], None).expect("they were made")).await;
        let (store, ledger): (Arc<dyn IssuerStore>, Arc<dyn LedgerStore>) = (opened.clone(), opened);
        let trust = Trust { root: keys.root().expect("it was made"), issuer: issuer.clone(), policy: POLICY };
        let vault = Arc::new(keys.vault(None));
        let custodian = Arc::new(Custodian::new(store.clone(), vault, clock.clone(), entropy.clone(), trust));
        custodian.install(&keys.key_set().expect("it was made")).await.expect("a store");
        custodian.rotate(Checked::Settled(clock.now())).await.expect("keys");
        let registry = Registry::new(store.clone(), clock.clone(), entropy.clone());
        let room = Room { five: 1, all: 1, person: 1 };
        let words = SpokenWords::Fixed(SpokenSize::Five);
        let rules = DeskSettings {
            issuer,
            spoken: SpokenRules { words, room, five_guesses: 1, number_guesses: 1 },
            reader_level: countersign::token::ReaderLevel::Two,
        };
        let notary = Arc::new(Notary::new(ledger, Arc::new(keys.ledger(&rules.issuer, None))));
        let desk = Desk::new(store, Arc::new(ClockWatch::new(clock)), entropy, custodian, notary, rules);
        let officer = person(&registry, "falcon", Role::Officer).await;
        let approver = person(&registry, "heron", Role::Approver).await;
        let credential = registry.make_credential(&Actor::Operator, officer.callsign.clone(), [Scope::Tokens].into(), 86_400).await;
        let access = credential.expect("falcon is enrolled").hash();
        Self { registry, desk, officer, access, approver, now }
    }

    async fn issue(&self, tokens: usize) -> Vec<Token> {
        let mut issued = Vec::with_capacity(tokens);
        while issued.len() < tokens {
            let allowed = self.authorise().await;
            let wanted = ALLOWED.min(tokens - issued.len());
            // Many at once, so that they share transactions.
            let some = stream::iter(0..wanted)
                .map(|_| self.desk.issue(Confirmed { officer: &self.officer, access: self.access, confirmation: None }, request(&allowed)))
                .buffer_unordered(ALLOWED);
            let some: Vec<Token> = some.map_ok(|issued| issued.token).try_collect().await.expect("it is allowed");
            issued.extend(some);
        }
        issued
    }

    async fn authorise(&self) -> Authorisation {
        let ask = Ask {
            reference: "LOAD".into(),
            purpose: "Measure".into(),
            channels: Channel::ALL.into(),
            from: None,
            until: self.now + 3_600,
            max_tokens: u32::try_from(ALLOWED).expect("a thousand"),
        };
        let asked = self.registry.ask(&self.officer, ask).await.expect("a good request");
        self.registry.decide(&self.approver, asked.id, Decision::Approve).await.expect("another person")
    }
}

fn request(allowed: &Authorisation) -> IssueRequest {
    let approach = Approach { channel: Channel::Telephone, name: None, place: None, challenge: None, dialled: "143".parse().ok() };
    IssueRequest { authorisation: Some(allowed.id), approach, not_before: None, lifetime: Some(600), spoken: Some(false) }
}

async fn person(registry: &Registry, callsign: &str, role: Role) -> Officer {
    let callsign = callsign.parse().expect("a callsign");
    if let Ok(known) = registry.person(&callsign).await {
        return known;
    }
    registry.enrol(&Actor::Operator, callsign, role).await.expect("nobody has it")
}
