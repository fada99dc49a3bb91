//! What one person may have of the private listener at once, so that no credential or session takes all of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::{
    fair::{Fair, Member},
    problem::Problem,
};
use crate::authority::{Callsign, Officer, Role};

/// Requests of one person that may be under way at once.
pub const REQUESTS: usize = 32;
/// Streams of events that one person may have open: a device or two, with every code that it can show. One more ends the oldest,
/// which may well be one that a phone left behind when it changed its network.
pub const STREAMS: usize = 16;

/// What somebody has of their share, for as long as it is held.
pub enum Share {
    /// A request.
    Request(Request),
    /// A stream of events.
    Stream(Member<Callsign>),
}

/// The shares of all people.
pub struct Shares {
    requests: Arc<Requests>,
    streams: Arc<Fair<Callsign>>,
    most_streams: usize,
}

struct Requests {
    most: usize,
    under_way: Mutex<HashMap<Callsign, usize>>,
}

/// A request of a person, for as long as it is held.
pub struct Request {
    requests: Arc<Requests>,
    callsign: Callsign,
}

impl Shares {
    /// Of a listener with so many places: half of them for streams, a quarter for requests of people. What is left is for
    /// administrators, and for those of whom nobody knows yet who they are.
    pub fn of(connections: usize) -> Self {
        let requests = Requests { most: (connections / 4).max(1), under_way: Mutex::default() };
        Self { requests: Arc::new(requests), streams: Arc::default(), most_streams: (connections / 2).max(1) }
    }

    /// A request of this person begins.
    pub fn request(&self, person: &Officer) -> Result<Share, Problem> {
        let Officer { callsign, role, .. } = person;
        let mut under_way = self.requests.under_way();
        if under_way.get(callsign).is_some_and(|own| *own >= REQUESTS) {
            return Err(Problem::too_many_at_once());
        }
        // Those who can suspend people are kept out by no number of them.
        if *role != Role::Administrator && under_way.values().sum::<usize>() >= self.requests.most {
            return Err(Problem::busy());
        }
        *under_way.entry(callsign.clone()).or_default() += 1;
        drop(under_way);
        Ok(Share::Request(Request { requests: self.requests.clone(), callsign: callsign.clone() }))
    }

    /// A stream of this person begins; `gives_way` ends it. Where there are too many of all, the one who has most gives way, but
    /// nobody to one who has as many.
    pub fn stream(&self, callsign: &Callsign, gives_way: Arc<Notify>) -> Result<Share, Problem> {
        let joined = self.streams.join_within(callsign.clone(), STREAMS, self.most_streams, gives_way);
        joined.map(Share::Stream).ok_or_else(Problem::busy)
    }
}

impl Requests {
    fn under_way(&self) -> MutexGuard<'_, HashMap<Callsign, usize>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let mut under_way = self.requests.under_way();
        let left = under_way.get(&self.callsign).map_or(0, |own| own - 1);
        if left == 0 {
            under_way.remove(&self.callsign);
        } else {
            under_way.insert(self.callsign.clone(), left);
        }
    }
}
