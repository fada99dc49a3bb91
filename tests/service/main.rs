//! The real service, as processes: the whole main job, the demo, what is never logged, and sudden ends.

mod crash;
mod demo;
mod drill;
mod operations;
mod roles;
#[path = "../running/mod.rs"]
mod running;
mod scanner;
mod secrets;
mod sheet;
