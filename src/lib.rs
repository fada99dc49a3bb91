#![forbid(unsafe_code)]
//! Countersign
pub mod keyring;
pub mod token;
