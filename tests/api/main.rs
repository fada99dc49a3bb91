//! The public and the private API as their clients see them: real listeners, a real store, a clock that the test moves.

mod actors;
mod app;
mod faults;
mod vault;
mod world;

mod broken_store;
mod challenge;
mod codes;
mod desk;
mod events;
mod guesses;
mod headers;
mod input;
mod languages;
mod ledger;
mod listener;
mod oversight;
mod plain_page;
mod published;
mod purge;
mod registry;
mod roles;
mod rotation;
mod traces;
mod use_once;
mod verdicts;
mod windows;
