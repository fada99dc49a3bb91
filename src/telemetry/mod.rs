//! What the service tells those who run it: logs, and figures for Prometheus. Never in either: a token, a code, a number, an
//! address, a callsign, a credential, a key.

mod forwarding;
mod logs;
mod measured;
mod metrics;
mod scrape;

pub use forwarding::{ForwardingFault, ForwardingFaults, Listener};
pub use logs::{set_level, start};
pub use measured::Measured;
pub use metrics::{Form, Metrics};
pub use scrape::{CONTENT_TYPE, Checking, Issuing, Scrape};
