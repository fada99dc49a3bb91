//! HTTP: decode, call, encode. No rule of the domain lives here.

pub mod app;
pub mod assets;
pub mod body;
pub mod check;
mod coding;
pub mod console;
pub mod current;
pub mod door;
pub mod guessers;
pub mod health;
pub mod limits;
pub mod listen;
pub mod metrics;
pub mod oversight;
pub mod padding;
pub mod people;
pub mod places;
pub mod private;
pub mod problem;
pub mod proxy;
pub mod public;
pub mod session;
