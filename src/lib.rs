#![forbid(unsafe_code)]
//! Countersign
pub mod authority;
pub mod clock;
pub mod entropy;
pub mod hex;
pub mod keyring;
pub mod ledger;
pub mod store;
pub mod token;
