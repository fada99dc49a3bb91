//! The accept loop. Our own, because `axum::serve` sets no timeout and no cap: a few thousand slow sockets would
//! keep honest people out (threat 22).

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};
use tower::{ServiceExt as _, util::MapRequest};

use super::{
    limits::Crowd,
    proxy::{NoHeader, Proxies},
};
use crate::health::Recurring;

/// Who is at the other end, behind any proxy of ours; in memory for as long as the connection, never logged or stored.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until the first byte, then until a request's headers are there, and from the last answer until the next ones are. So
    /// also the idle timeout, and how long a PROXY protocol header may take.
    pub headers: Duration,
    /// Between two pieces of a body.
    pub body: Duration,
    /// A whole connection, whose client may also read slowly; `None` where streams stay open.
    pub connection: Option<Duration>,
    /// Connections at once; more wait in the kernel's queue.
    pub connections: usize,
    /// Connections at once of one client's network; more are closed at once. `None` where all come through one proxy.
    pub per_network: Option<u32>,
    /// For requests under way when the service stops.
    pub drain: Duration,
}

impl Limits {
    /// For the public listener.
    pub const PUBLIC: Self = Self {
        headers: Duration::from_secs(5),
        body: Duration::from_secs(5),
        connection: Some(Duration::from_mins(1)),
        connections: 16_384,
        per_network: Some(512),
        drain: Duration::from_secs(10),
    };

    /// For the private listener, where event streams stay open.
    pub const PRIVATE: Self =
        Self { connection: None, connections: 1_024, per_network: None, drain: Duration::from_secs(2), ..Self::PUBLIC };
}

/// Connections that may wait in the kernel's queue, as far as the system allows. The usual 128 fill within a moment of a rush,
/// and whoever comes then is only heard when they try again a second later.
const QUEUE: u32 = 4_096;

/// How long a client that came just before the end has to ask, so that a request on its way is not lost.
const LAST_CALL: Duration = Duration::from_secs(1);

/// What every connection needs.
struct Entrance {
    app: Router,
    limits: Limits,
    proxies: Proxies,
    crowd: Arc<Crowd>,
    ending: watch::Sender<bool>,
}

/// Listens, where an earlier process of ours may just have ended.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// Serves until `stop` is done, then takes what waits in the kernel's queue and finishes what is under way.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, proxies: Proxies, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let entrance = Arc::new(Entrance { app, limits, proxies, crowd: Arc::default(), ending: watch::Sender::new(false) });
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
        };
        while connections.try_join_next().is_some() {}
        let Some((stream, peer, place)) = accepted else { continue };
        connections.spawn(admit(entrance.clone(), stream, peer, place));
    }
    for (stream, peer, place) in waiting(listener, &places) {
        connections.spawn(admit(entrance.clone(), stream, peer, place));
    }
    entrance.ending.send_replace(true);
    let _ = timeout(limits.drain, connections.join_all()).await;
}

/// Serves one connection, from its first byte to its last.
async fn admit(entrance: Arc<Entrance>, mut stream: TcpStream, peer: IpAddr, _place: Place) {
    let Entrance { limits, proxies, crowd, ending, .. } = &*entrance;
    let peer = match timeout(limits.headers, proxies.announced(&mut stream, peer)).await {
        Ok(Ok(peer)) => {
            PROXY_HEADER.ok();
            peer
        }
        Ok(Err(error @ NoHeader::Wrong)) => return PROXY_HEADER.failed(&error),
        Ok(Err(NoHeader::Ended(_))) | Err(_) => return,
    };
    let counted = limits.per_network.filter(|_| !proxies.are_at(peer));
    let inside = counted.map(|most| crowd.enter(peer, most));
    if matches!(inside, Some(None)) || !asks(&stream, limits.headers, ending.subscribe()).await {
        return;
    }
    attend(connect(stream, peer, &entrance), *limits, ending.subscribe()).await;
}

/// Waits for the first byte: a connection without one is idle, and hyper would close it on the spot when the service stops,
/// even with a request in the kernel's buffer.
async fn asks(stream: &TcpStream, patience: Duration, mut ending: watch::Receiver<bool>) -> bool {
    let last_call = async {
        let _ = ending.wait_for(|ending| *ending).await;
        tokio::time::sleep(LAST_CALL).await;
    };
    let mut first = [0];
    tokio::select! {
        first = timeout(patience, stream.peek(&mut first)) => matches!(first, Ok(Ok(1))),
        () = last_call => false,
    }
}

/// Drives a connection. When its time is over or the service stops, it takes no further request, but finishes the one
/// under way: a proxy that keeps connections open never loses one.
async fn attend<F>(connection: Connection<F>, limits: Limits, mut ending: watch::Receiver<bool>)
where
    F: FnMut(Request<Incoming>) -> Request + Clone + Send + 'static,
{
    let mut connection = std::pin::pin!(connection);
    let over = async {
        let told = ending.wait_for(|ending| *ending);
        match limits.connection {
            Some(longest) => drop(timeout(longest, told).await),
            None => drop(told.await),
        }
    };
    // How a connection ended is of interest to nobody. It is driven first, so that what has come by then counts as asked.
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = over => connection.as_mut().graceful_shutdown(),
    }
    let _ = timeout(limits.drain, connection).await;
}

static ACCEPT: Recurring = Recurring::new("accept");
static PROXY_HEADER: Recurring = Recurring::new("proxy_header");

type Place = tokio::sync::OwnedSemaphorePermit;

/// Takes a place before it accepts, so that the cap holds back and never turns away.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, IpAddr, Place)> {
    let place = places.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            ACCEPT.ok();
            let _ = stream.set_nodelay(true);
            Some((stream, peer.ip().to_canonical(), place))
        }
        Err(error) => {
            // Out of file descriptors, or the peer left; a short rest keeps the loop from spinning.
            ACCEPT.failed(&format!("a connection could not be accepted: {error}"));
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// Closes the listener, but first takes the connections in its queue, which the kernel would reset with it.
fn waiting(listener: TcpListener, places: &Arc<Semaphore>) -> Vec<(TcpStream, IpAddr, Place)> {
    let Ok(listener) = listener.into_std() else { return vec![] };
    let next = || {
        let place = places.clone().try_acquire_owned().ok()?;
        let (stream, peer) = listener.accept().ok()?;
        stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true)).ok()?;
        Some((TcpStream::from_std(stream).ok()?, peer.ip().to_canonical(), place))
    };
    std::iter::from_fn(next).collect()
}

type Connection<F> = http1::Connection<TokioIo<TcpStream>, TowerToHyperService<MapRequest<Router, F>>>;

/// One HTTP/1 connection whose requests know their peer.
fn connect(
    stream: TcpStream,
    peer: IpAddr,
    entrance: &Arc<Entrance>,
) -> Connection<impl FnMut(Request<Incoming>) -> Request + Clone + use<>> {
    let (limits, entrance) = (entrance.limits, entrance.clone());
    let service = entrance.app.clone().map_request(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        let client = entrance.proxies.client(peer, request.headers());
        request.extensions_mut().insert(Peer(client));
        request
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_buf_size(16 * 1_024)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
}
