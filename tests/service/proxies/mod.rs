//! The service behind Debian's nginx, Apache, Caddy and HAProxy, by the files in deploy/, and behind its Varnish.

mod cached;
mod checked;
mod compression;
mod console;
mod front;
mod lengths;
mod limits;
mod raw;
mod restarts;
mod surface;
mod traces;

pub use self::{front::eventually, limits::guess};
