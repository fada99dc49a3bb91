//! One deployment with one key, claims of every shape, and numbers that only look random.

use countersign::{
    keyring::{IssuerName, KeySet, MAX_SET_LIFETIME, PublicKeys, PublishedKey, SigningKey},
    token::{Approach, Channel, Claims, Cti, Rejection, Token, Unverified, Window},
};
use proptest::{prelude::*, strategy::ValueTree as _};
use zeroize::Zeroizing;

pub const NOW: i64 = 1_795_000_000;
const DAY: i64 = 86_400;

pub struct World {
    pub issuer: IssuerName,
    pub keys: PublicKeys,
    key: SigningKey,
    published: PublishedKey,
}

impl World {
    pub fn new() -> Self {
        let key = SigningKey::from_seed(&Zeroizing::new([3; 32]));
        let root = SigningKey::from_seed(&Zeroizing::new([4; 32]));
        let issuer: IssuerName = "verify.example.org".parse().unwrap();
        let published = PublishedKey { key: key.public(), not_before: NOW - 2 * DAY, expires_at: NOW + 2 * DAY, revoked: None };
        let set = KeySet::new(issuer.clone(), 1, NOW - DAY, NOW - DAY + MAX_SET_LIFETIME, vec![published.clone()]).unwrap();
        let keys = PublicKeys::open(&set.sign(&root), &root.public(), &issuer, NOW, 1).unwrap();
        Self { issuer, keys, key, published }
    }

    pub fn sign(&self, claims: &Claims) -> Token {
        Token::sign(claims, &self.key, &self.published, &self.issuer).unwrap()
    }

    /// What the bytes say, if they are accepted at `now`.
    pub fn judge(&self, bytes: Vec<u8>, now: i64) -> Result<Claims, Option<Rejection>> {
        let token = Token::from_bytes(bytes).map_err(|_| None)?;
        let unverified = Unverified::decode(&token).map_err(|_| None)?;
        unverified.verify(&self.keys, &self.issuer, now).map(|verified| verified.claims().clone()).map_err(Some)
    }

    /// Tokens of several shapes and lengths, all live at [`NOW`].
    pub fn samples(&self) -> Vec<Vec<u8>> {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let mut sample = || claims().new_tree(&mut runner).unwrap().current();
        std::iter::repeat_with(|| self.sign(&sample()).as_bytes().to_vec()).take(64).collect()
    }
}

/// Shown text: no control, format, bidi or separator characters, NFC by being precomposed or uncased.
fn shown(max: usize) -> impl Strategy<Value = String> {
    let letter = prop::sample::select("Aaz09 .'-éŁžшЖ王小أ𠮷".chars().collect::<Vec<_>>());
    prop::collection::vec(letter, 1..=max).prop_map(move |letters| {
        let mut text = String::new();
        for c in letters {
            if text.len() + c.len_utf8() <= max {
                text.push(c);
            }
        }
        // Spaces stand alone and between others.
        let text = text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        if text.is_empty() { "A".into() } else { text }
    })
}

/// Claims whose window holds [`NOW`].
pub fn claims() -> impl Strategy<Value = Claims> {
    let times = (0..600_i64, 1..=600_i64, prop::option::of(1..=DAY));
    let texts = (prop::option::of(shown(24)), prop::option::of(shown(32)));
    let numbers = (prop::option::of(0..1_000_000_u32), prop::option::of(0..1_000_u16));
    (any::<[u8; 8]>(), 0..3_usize, times, texts, numbers).prop_map(|(cti, channel, times, (name, place), (challenge, dialled))| {
        let (ago, lifetime, ahead) = times;
        let start = NOW - ago.min(lifetime - 1);
        let window = Window::new(start - ahead.unwrap_or(0), ahead.map(|_| start), start + lifetime).unwrap();
        let approach = Approach {
            channel: Channel::ALL[channel],
            name: name.map(|text| text.parse().unwrap()),
            place: place.map(|text| text.parse().unwrap()),
            challenge: challenge.filter(|_| ahead.is_none()).map(|number| format!("{number:06}").parse().unwrap()),
            dialled: dialled.map(|number| format!("{number:03}").parse().unwrap()),
        };
        Claims::new(Cti(cti), window, approach).unwrap()
    })
}

/// Numbers that look random and are the same in every run (`SplitMix64`).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Below `end`, which is small enough for the remainder to be fair.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}
