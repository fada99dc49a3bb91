//! Who may do what: officers, their roles, and the authorisations without which no token exists. Pure.

mod authorisation;
mod officer;

pub use authorisation::{Authorisation, AuthorisationError, AuthorisationId, Decision, Request, State, is_short_text};
pub use officer::{Actor, ActorName, Callsign, Officer, OfficerError, Role};
