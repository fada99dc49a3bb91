//! Text, digits and QR symbol give back the bytes that went in.

use countersign::token::{InputError, Token, qr::Symbol};
use proptest::prelude::*;

use crate::world::{World, claims};

/// Pixels along one module, and light modules on each side.
const PIXELS: usize = 4;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_survive_text_digits_and_link(rest in prop::collection::vec(any::<u8>(), 0..300)) {
        let token = Token::from_bytes([&Token::BEGINNING, rest.as_slice()].concat()).unwrap();
        for form in [token.text(), token.digits(), format!("#{}", token.digits()), token.link("https://verify.example.org")] {
            prop_assert_eq!(Token::parse(&form), Ok(token.clone()));
        }
    }

    #[test]
    fn digits_read_back_are_the_digits_that_were_read(rest in "([0-6][0-9]{16}){0,6}[0-9]{0,16}") {
        // One token, one spelling: whatever is read as a token is written the same way again.
        let digits = Token::from_bytes([&Token::BEGINNING, [0; 6].as_slice()].concat()).unwrap().digits() + &rest;
        match Token::parse(&format!("#{digits}")) {
            Ok(token) => prop_assert_eq!(token.digits(), digits),
            Err(error) => prop_assert_eq!(error, InputError::Damaged),
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>(), behind in "\\PC*") {
        let _ = Token::parse(&text);
        let _ = Token::parse(&format!("0oRJogEyBEQ{behind}"));
        let _ = Token::parse(&format!("#{behind}"));
    }
}

/// Draws what a terminal shows and reads it with a decoder that is not ours.
fn scanned(terminal: &str) -> String {
    let rows: Vec<Vec<char>> = terminal.lines().map(|line| line.chars().filter(|c| " █▀▄".contains(*c)).collect()).collect();
    let side = rows[0].len();
    let dark = |x: usize, y: usize| match rows[y / 2][x] {
        '█' => true,
        '▀' => y.is_multiple_of(2),
        '▄' => !y.is_multiple_of(2),
        _ => false,
    };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(side * PIXELS, rows.len() * 2 * PIXELS, |x, y| {
        if dark(x / PIXELS, y / PIXELS) { 0 } else { 255 }
    });
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one symbol");
    grids[0].decode().unwrap().1
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 25, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_terminal_symbol_is_read_by_another_decoder(claims in claims(), local in any::<bool>()) {
        let token = World::new().sign(&claims);
        let url = if local { "http://localhost:8080" } else { "https://verify.example.org" };
        let read = scanned(&Symbol::of(&token, url).unwrap().terminal());
        prop_assert_eq!(&read, &token.link(url));
        prop_assert_eq!(Token::parse(&read), Ok(token));
    }
}
