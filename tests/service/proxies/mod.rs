//! The service behind Debian's nginx, Apache, Caddy and HAProxy, by the files in deploy/, and behind its Varnish.

mod cached;
mod checked;
mod console;
mod front;
mod limits;
mod restarts;
mod surface;
mod traces;

pub use self::{front::eventually, limits::guess};
