//! The real service, as processes: the whole main job, the demo, what is never logged, and sudden ends.

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
mod files;
mod killed;
mod killed_while_signing;
mod logs;
mod operations;
mod permissions;
mod proofs;
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
