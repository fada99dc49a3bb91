#![forbid(unsafe_code)]
//! Countersign
pub mod authority;
pub mod cli;
pub mod clock;
pub mod config;
pub mod entropy;
pub mod hex;
pub mod http;
pub mod issuer;
pub mod key_folder;
pub mod keyring;
pub mod ledger;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod verifier;
pub mod words;
