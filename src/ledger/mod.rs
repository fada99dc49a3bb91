//! What an outside overseer can check. Pure: the store appends an event in the same transaction as the act.

mod event;

pub use event::{Entry, Event};
