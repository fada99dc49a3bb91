#![forbid(unsafe_code)]
//! Countersign lets a person who is approached check, on any phone, that the approach is genuine.
//!
//! This is the map. Imports run downward only; `tests/layers.rs` holds it.
//!
//! | layer | room | what it is for |
//! |---|---|---|
//! | 10 | [`cli`] | one file a subcommand; the only place that builds a concrete store |
//! | 9 | [`http`] | thin: decode, call, encode; `problem` alone maps errors to statuses |
//! | 8 | [`key_folder`], [`page`], [`telemetry`] | keys on disk; what the pages say, in every language; logs and metrics |
//! | 7 | [`config`] | the only reader of the environment |
//! | 6 | [`words`] | every word that people see |
//! | 5 | [`issuer`] \| [`verifier`] | the use-cases of the two sides; neither knows the other |
//! | 4 | [`store`] | whole domain operations as written contracts, with SQLite and PostgreSQL behind them |
//! | 3 | [`ledger`] | events in their final bytes, the tree over them, checkpoints, and the overseer's audit |
//! | 2 | [`authority`] | officers, roles, ways in, authorisations |
//! | 1 | [`token`] | bytes and a time in, a verdict out |
//! | 0 | [`keyring`] | keys, the published set, and the plan by which keys change over; [`keyring::PublicKeys`] cannot sign |
//! | | [`clock`], [`entropy`], [`files`], [`health`], [`hex`], [`spelling`] | time and randomness, injected; files whole or not at all, and who may touch them; what fails now; one spelling of ids; what was meant by a mistyped name |
//!
//! Layers 0 to 3 are pure: no store, no HTTP, no runtime, no clock; `now` is an argument.
//!
//! Six walks through the house:
//!
//! 1. Issue: [`http::private`] decodes, [`issuer::Desk::issue`] checks officer and authorisation, draws the `cti` and
//!    signs, [`store::IssuerStore::issue_and_record`] writes token, spoken code and ledger entry in one transaction.
//!    No ledger entry, no token.
//! 2. Verify: [`http::public`] decodes, [`verifier::Verifier::verify`] checks the signature
//!    ([`token::Unverified::verify`]) and marks the use ([`store::VerifierStore::use_once`], one conditional statement),
//!    and the verdict goes back at one padded length.
//! 3. Rotate: [`issuer::Housekeeper`] makes its round, [`issuer::Timekeeper`] says whether the clock can be believed,
//!    [`issuer::Custodian`] reads the keys and asks [`keyring::rotation::plan`], the store moves them with their ledger entries,
//!    and a day later the private half of the one before is destroyed.
//! 4. Oversee: [`issuer::Notary`] signs a [`ledger::Checkpoint`] that extends the one before; an overseer keeps it and
//!    later runs a [`ledger::Audit`] over [`issuer::export`]'s lines, with nothing but the file and a public key.
//! 5. Come in: [`http::door`] decodes, [`issuer::Passkeys`] asks its relying party (WebAuthn) whether the answer is to a
//!    challenge of ours, and [`store::AccessStore`] takes the use of the passkey and opens the session in one transaction.
//!    [`http::session::Caller`] hands a person on only within a scope, and for an issue only with a fresh confirmation.
//! 6. The page (`web/public`) reads the fragment, wipes it from the address bar, waits for a press, checks the
//!    signature itself under the pinned root, asks the server, and shows the stricter of the two.

pub mod authority;
pub mod cli;
pub mod clock;
pub mod config;
pub mod entropy;
pub mod files;
pub mod health;
pub mod hex;
pub mod http;
pub mod issuer;
pub mod key_folder;
pub mod keyring;
pub mod ledger;
pub mod page;
pub mod spelling;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod verifier;
pub mod words;
