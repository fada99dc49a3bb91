//! Places of a listener's connections, and which connection gives its place up when there are no more. One on which somebody
//! was recognised is safe while they are answered; of all others nobody knows whether they will ever ask.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ipnet::IpNet;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::fair::{Fair, Member};

/// A connection's, for as long as it is held.
pub type Place = OwnedSemaphorePermit;

/// What becomes of a connection that comes when all places are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// It waits until one is free, and more wait in the kernel's queue.
    Waits,
    /// It gets the place of another, on which nobody was recognised: the oldest of the network that has most of them.
    TakesOver,
}

/// All places of a listener.
pub struct Places {
    free: Arc<Semaphore>,
    unknown: Option<Arc<Fair<IpNet>>>,
}

/// A connection that may have to give its place up.
pub struct Standing {
    unknown: Arc<Fair<IpNet>>,
    gives_way: Arc<Notify>,
    state: Mutex<State>,
}

struct State {
    network: IpNet,
    /// None while somebody who was recognised is answered.
    waiting: Option<Member<IpNet>>,
}

/// Keeps a connection its place.
pub struct Recognised(Arc<Standing>);

impl Places {
    /// So many places.
    pub fn new(connections: usize, full: Full) -> Self {
        Self { free: Arc::new(Semaphore::new(connections)), unknown: (full == Full::TakesOver).then(Arc::default) }
    }

    /// A free place, or that of another.
    pub async fn take(&self) -> Option<Place> {
        let Some(unknown) = &self.unknown else { return self.free.clone().acquire_owned().await.ok() };
        loop {
            if let Some(place) = self.free_one() {
                return Some(place);
            }
            if unknown.make_room() {
                return self.free.clone().acquire_owned().await.ok();
            }
            tokio::select! {
                place = self.free.clone().acquire_owned() => return place.ok(),
                () = unknown.joined() => {}
            }
        }
    }

    /// A place, if one is free.
    pub fn free_one(&self) -> Option<Place> {
        self.free.clone().try_acquire_owned().ok()
    }

    /// A new connection among those that may have to give way; `None` where none has to.
    pub fn standing(&self, peer: IpAddr) -> Option<Arc<Standing>> {
        let unknown = self.unknown.clone()?;
        let (network, gives_way) = (network(peer), Arc::new(Notify::new()));
        let waiting = Some(unknown.join(network, gives_way.clone()));
        Some(Arc::new(Standing { unknown, gives_way, state: Mutex::new(State { network, waiting }) }))
    }
}

/// One address of IPv4, one /64 of IPv6.
fn network(address: IpAddr) -> IpNet {
    let whole = IpNet::from(address.to_canonical());
    IpNet::new(whole.addr(), whole.max_prefix_len().min(64)).unwrap_or(whole).trunc()
}

impl Standing {
    /// A request has come, whose client may be another than the connection's, because a proxy speaks for many.
    pub fn asks(&self, client: IpAddr) {
        let mut state = self.state();
        state.network = network(client);
        state.waiting = Some(self.unknown.join(state.network, self.gives_way.clone()));
    }

    /// Somebody was recognised: the place is theirs until they are answered.
    pub fn recognised(self: &Arc<Self>) -> Recognised {
        self.state().waiting = None;
        Recognised(self.clone())
    }

    /// Notified when the connection has to end.
    pub fn gives_way(&self) -> &Arc<Notify> {
        &self.gives_way
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recognised {
    /// Notified when the connection has to end all the same.
    pub fn gives_way(&self) -> Arc<Notify> {
        self.0.gives_way.clone()
    }
}

impl Drop for Recognised {
    fn drop(&mut self) {
        let Self(standing) = self;
        let mut state = standing.state();
        state.waiting = Some(standing.unknown.join(state.network, standing.gives_way.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        for (address, of) in [
            ("192.0.2.1", "192.0.2.1/32"),
            ("::ffff:192.0.2.1", "192.0.2.1/32"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("::1", "::/64"),
        ] {
            assert_eq!(network(address.parse().unwrap()), of.parse().unwrap(), "{address}");
        }
    }
}
