//! `numbers.json`: the person's number, as people type it.

use serde::Serialize;

use super::{Vectors, readings::in_script};

#[derive(Serialize)]
pub struct Vector {
    name: String,
    input: String,
    expect: String,
}

/// No number.
const WRONG: &str = "wrong";

pub fn file() -> Vectors<Vector> {
    let mut vectors: Vec<Vector> = [
        ("as it is", "417092", "417092"),
        ("with its space", "417 092", "417092"),
        ("with a space that does not break", "417\u{a0}092", "417092"),
        ("with a hyphen", "417-092", "417092"),
        ("with a dash", "417\u{2013}092", "417092"),
        ("with dots", "4.1.7.0.9.2.", "417092"),
        ("with commas", "417,092", "417092"),
        ("in pairs, on lines", "41\n70\n92", "417092"),
        ("in quotes", "\u{201c}417 092\u{201d}", "417092"),
        ("with the letter O", "417 O92", "417092"),
        ("with the letters l and I", "4I7 09l", "417091"),
        ("said", "four one seven oh nine two", "417092"),
        ("with words before", "My number is 417 092.", "417092"),
        ("a word that begins like one before", "numbers 417 092", WRONG),
        ("words alone", "my number is", WRONG),
        ("noughts", "000 000", "000000"),
        ("five digits", "41709", WRONG),
        ("seven digits", "4170921", WRONG),
        ("nothing", "", WRONG),
        ("letters alone", "lOOOOO", WRONG),
        ("a word among them", "417 ninety 2", WRONG),
        ("another letter among them", "417 0S2", WRONG),
        ("one half", "417 \u{bd}92", WRONG),
        ("superscripts", "\u{2074}17092", WRONG),
    ]
    .map(|(name, input, expect)| Vector { name: name.into(), input: input.into(), expect: expect.into() })
    .into();
    for (script, zero) in super::readings::SCRIPTS {
        vectors.push(Vector { name: format!("in {script}"), input: in_script("417 092", zero), expect: "417092".into() });
    }
    Vectors { vectors }
}
