//! What each step costs beside one bare `verify_strict` of the same run: `cargo bench --bench micro`.
//!
//! Ratios, because times differ from machine to machine. The steps take turns, so that a slow moment hits all alike.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::{hint::black_box, time::Instant};

use countersign::{
    keyring::{IssuerName, KeySet, MAX_SET_LIFETIME, PublicKeys, PublishedKey, SigningKey},
    token::{Approach, Channel, Claims, Cti, SpokenCode, SpokenSize, Token, Unverified, Window, qr::Symbol},
};
use ed25519_dalek::Signer as _;
use zeroize::Zeroizing;

const NOW: i64 = 1_795_000_000;
const URL: &str = "https://verify.example.org";
const ROUNDS: usize = 51;
/// Each step runs about this long in a round.
const ROUND_NANOS: u128 = 4_000_000;

struct World {
    issuer: IssuerName,
    key: SigningKey,
    published: PublishedKey,
    keys: PublicKeys,
}

fn world() -> World {
    let key = SigningKey::from_seed(&Zeroizing::new([3; 32]));
    let root = SigningKey::from_seed(&Zeroizing::new([4; 32]));
    let issuer: IssuerName = "verify.example.org".parse().expect("a host name");
    let published = PublishedKey { key: key.public(), not_before: NOW, expires_at: NOW + 86_400, revoked: None };
    let set = KeySet::new(issuer.clone(), 1, NOW, NOW + MAX_SET_LIFETIME, vec![published.clone()]).expect("a good set");
    let keys = PublicKeys::open(&set.sign(&root), &root.public(), &issuer, NOW, 1).expect("its own root");
    World { issuer, key, published, keys }
}

fn claims() -> Claims {
    let window = Window::new(NOW, None, NOW + 600).expect("ten minutes");
    let (challenge, dialled) = ("417092".parse().ok(), "143".parse().ok());
    let approach = Approach { channel: Channel::Telephone, name: None, place: None, challenge, dialled };
    Claims::new(Cti([7; 8]), window, approach).expect("a number and no preparation")
}

/// A step and the nanoseconds that it took in each round.
struct Step<'a> {
    name: &'static str,
    run: Box<dyn FnMut() + 'a>,
    calls: u32,
    nanos: Vec<f64>,
}

fn step<'a, T>(name: &'static str, mut run: impl FnMut() -> T + 'a) -> Step<'a> {
    let run: Box<dyn FnMut() + 'a> = Box::new(move || drop(black_box(run())));
    Step { name, run, calls: 1, nanos: vec![] }
}

impl Step<'_> {
    fn time(&mut self) -> u128 {
        let begin = Instant::now();
        (0..self.calls).for_each(|_| (self.run)());
        begin.elapsed().as_nanos()
    }

    /// Finds how many calls fill a round; this also warms up.
    fn calibrate(&mut self) {
        while self.time() < ROUND_NANOS {
            self.calls *= 2;
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one round are far below 2^53")]
    fn round(&mut self) {
        let nanos = self.time() as f64 / f64::from(self.calls);
        self.nanos.push(nanos);
    }

    fn median(&mut self) -> f64 {
        self.nanos.sort_by(f64::total_cmp);
        self.nanos[self.nanos.len() / 2]
    }
}

fn main() {
    let (world, claims) = (world(), claims());
    let token = Token::sign(&claims, &world.key, &world.published, &world.issuer).expect("its own key");
    let mut forged = token.as_bytes().to_vec();
    forged[60] ^= 1;
    let forged = Token::from_bytes(forged).expect("begins like a token");
    let text = token.digits();
    let code = SpokenCode::of(&token, SpokenSize::Five);
    let words = code.words();

    let bare = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
    let bare_public = bare.verifying_key();
    // As long as the Sig_structure of this token.
    let message = [0x5a; 100];
    let signature = bare.sign(&message);
    let verify = |token: &Token| Unverified::decode(black_box(token)).ok()?.verify(&world.keys, &world.issuer, NOW).ok();
    assert!(verify(&token).is_some() && verify(&forged).is_none());

    report(&mut [
        step("bare verify_strict", || bare_public.verify_strict(black_box(&message), &signature)),
        step("decode and verify, genuine", || verify(&token)),
        step("decode and verify, forged", || verify(&forged)),
        step("decode", || Unverified::decode(black_box(&token)).is_ok()),
        step("sign", || Token::sign(black_box(&claims), &world.key, &world.published, &world.issuer)),
        step("digits written", || black_box(&token).digits()),
        step("digits read", || Token::parse(black_box(&text))),
        step("QR symbol", || Symbol::of(black_box(&token), URL).map(|symbol| symbol.modules())),
        step("QR symbol as SVG", || Symbol::of(black_box(&token), URL).map(|symbol| symbol.svg())),
        step("spoken code", || SpokenCode::of(black_box(&token), SpokenSize::Five).words()),
        step("spoken code read", || SpokenCode::parse(black_box(&words))),
    ]);
}

/// Runs the steps in turns and prints medians; the first is the measure of the others.
fn report(steps: &mut [Step<'_>]) {
    steps.iter_mut().for_each(Step::calibrate);
    for _ in 0..ROUNDS {
        steps.iter_mut().for_each(Step::round);
    }
    let measure = steps[0].median();
    println!("{:<28} {:>12} {:>8}", "step", "median ns", "ratio");
    for step in steps {
        let median = step.median();
        println!("{:<28} {median:>12.0} {:>8.3}", step.name, median / measure);
    }
}
