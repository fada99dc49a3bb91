//! The real service, as processes: the whole main job, the demo, what is never logged, and sudden ends.

#[path = "../api/authenticator.rs"]
#[allow(dead_code, reason = "here it never lies")]
mod authenticator;
mod beside;
mod binding;
mod clock;
mod crash;
mod crowds;
mod custody;
#[path = "../database/mod.rs"]
mod database;
mod demo;
mod drill;
mod expired_set;
mod figures;
mod files;
mod forms;
mod jwks;
mod killed;
mod killed_while_signing;
mod logs;
mod operations;
mod permissions;
mod proofs;
mod proxies;
mod restored;
mod roles;
mod rolling;
#[path = "../running/mod.rs"]
mod running;
mod scanner;
mod secrets;
mod shared;
mod sheet;
mod signals;
mod thief;
mod unwritable;
mod wrong_clock;
