//! `references.json`: tokens, and what people quote of them.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Vectors, tokens::BEGINNING};

#[derive(Serialize)]
pub struct Vector {
    name: String,
    token_hex: String,
    reference: String,
}

pub fn file() -> Vectors<Vector> {
    let among = |name: &str, wanted: fn(u64) -> bool| {
        let token = (0..=u32::MAX).map(token).find(|token| wanted(reference(token))).expect("one of many");
        vector(name, &token)
    };
    Vectors {
        vectors: vec![
            vector("the shortest bytes", &BEGINNING),
            vector("some bytes", &token(0)),
            vector("many bytes", &[&BEGINNING[..], &[0xff; 400]].concat()),
            among("below 0001 0000", |reference| reference < 10_000),
            among("9999 0000 and above", |reference| reference >= 99_990_000),
            among("a group of zeros behind", |reference| reference.is_multiple_of(10_000)),
        ],
    }
}

fn token(n: u32) -> Vec<u8> {
    [&BEGINNING[..], &n.to_be_bytes()].concat()
}

fn reference(token: &[u8]) -> u64 {
    let beginning = Sha256::digest(token)[..4].iter().fold(0_u64, |value, byte| value * 256 + u64::from(*byte));
    beginning * 100_000_000 / 4_294_967_296
}

fn vector(name: &str, token: &[u8]) -> Vector {
    let reference = reference(token);
    Vector {
        name: name.to_owned(),
        token_hex: token.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")),
        reference: format!("{:04} {:04}", reference / 10_000, reference % 10_000),
    }
}
