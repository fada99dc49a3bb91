//! Who may do what: officers, their roles, and the authorisations without which no token exists. Pure.

mod access;
mod act;
mod authorisation;
mod officer;
mod selection;

pub use access::{Access, AccessHash, AccessId, AccessKind, AccessName, Scope, Scopes};
pub use act::{Act, Attempt, Why};
pub(crate) use authorisation::LAST_END;
pub use authorisation::{Authorisation, AuthorisationError, AuthorisationId, Decision, Reason, Request, Review, State, is_short_text};
pub use officer::{Actor, ActorName, Callsign, Officer, OfficerError, Role};
pub use selection::{SelectionError, TokenSelection};
