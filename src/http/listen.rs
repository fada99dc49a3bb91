//! The accept loop. Our own, because `axum::serve` sets no timeout and no cap: a few thousand slow sockets would
//! keep honest people out (threat 22).

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};
use tower::{ServiceExt as _, util::MapRequest};

/// Who is at the other end; in memory for as long as the connection, never logged or stored.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the first byte, or from the last answer, until a request's headers are there. So also the idle timeout.
    pub headers: Duration,
    /// Between two pieces of a body.
    pub body: Duration,
    /// A whole connection; `None` where streams stay open.
    pub connection: Option<Duration>,
    /// Connections at once; more wait in the kernel's queue.
    pub connections: usize,
    /// For requests under way when the service stops.
    pub drain: Duration,
}

impl Limits {
    /// For the public listener.
    pub const PUBLIC: Self = Self {
        headers: Duration::from_secs(5),
        body: Duration::from_secs(5),
        connection: Some(Duration::from_mins(1)),
        connections: 4_096,
        drain: Duration::from_secs(10),
    };

    /// For the private listener, where event streams stay open.
    pub const PRIVATE: Self = Self { connection: None, connections: 1_024, drain: Duration::from_secs(2), ..Self::PUBLIC };
}

/// Serves until `stop` is done, then finishes what is under way.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let ending = watch::Sender::new(false);
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
        };
        while connections.try_join_next().is_some() {}
        let Some((stream, peer, place)) = accepted else { continue };
        let connection = connect(stream, peer, &app, limits);
        connections.spawn(attend(connection, limits, ending.subscribe(), place));
    }
    drop(listener);
    ending.send_replace(true);
    let _ = timeout(limits.drain, connections.join_all()).await;
}

/// Drives a connection. When its time is over or the service stops, it takes no further request, but finishes the one
/// under way: a proxy that keeps connections open never loses one.
async fn attend<F>(connection: Connection<F>, limits: Limits, mut ending: watch::Receiver<bool>, _place: Place)
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
    // How a connection ended is of interest to nobody.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = over => connection.as_mut().graceful_shutdown(),
    }
    let _ = timeout(limits.drain, connection).await;
}

type Place = tokio::sync::OwnedSemaphorePermit;

/// Takes a place before it accepts, so that the cap holds back and never turns away.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, IpAddr, Place)> {
    let place = places.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            let _ = stream.set_nodelay(true);
            Some((stream, peer.ip(), place))
        }
        Err(error) => {
            // Out of file descriptors, or the peer left; a short rest keeps the loop from spinning.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

type Connection<F> = http1::Connection<TokioIo<TcpStream>, TowerToHyperService<MapRequest<Router, F>>>;

/// One HTTP/1 connection whose requests know their peer.
fn connect(
    stream: TcpStream,
    peer: IpAddr,
    app: &Router,
    limits: Limits,
) -> Connection<impl FnMut(Request<Incoming>) -> Request + Clone + use<>> {
    let service = app.clone().map_request(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        request
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_buf_size(16 * 1_024)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
}
