//! The accept loop. Our own, because `axum::serve` sets no timeout and no cap: a few thousand slow sockets would
//! keep honest people out (threat 22).

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{StatusCode, header},
    response::Response,
};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};
use tower::{
    ServiceExt as _,
    util::{MapRequest, MapResponse},
};

use super::{
    limits::Crowd,
    places::{Full, Place, Places, Standing},
    proxy::{NoHeader, Proxies, Remote},
    timed::Timed,
};
use crate::health::Recurring;

/// Who is at the other end, behind any proxy of ours; in memory for as long as the connection, never logged or stored.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The connection of a request, where a listener has its connections give way.
#[derive(Clone)]
pub struct Connection {
    /// Our own end of it.
    pub local: IpAddr,
    /// Whether it may have to give way.
    pub standing: Arc<Standing>,
}

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until the first byte, then until a request's headers are there, and from the last answer until the next ones are. So
    /// also the idle timeout, and how long a PROXY protocol header may take.
    pub headers: Duration,
    /// The same for the headers of a proxy in `forwarded_from`, which sends them whole; and its whole connection, from when the last
    /// request on it began. Longer than proxies keep a connection for later: one would send a request into it as it is closed.
    pub forwarder: Duration,
    /// A whole body, however it comes in pieces.
    pub body: Duration,
    /// A whole connection, whose client may also read slowly; `None` where streams stay open.
    pub connection: Option<Duration>,
    /// Connections at once.
    pub connections: usize,
    /// What becomes of one more.
    pub full: Full,
    /// Connections at once of one client's network; more are closed at once. `None` where the listener has another way to keep one
    /// from taking all.
    pub per_network: Option<u32>,
    /// For requests under way when the service stops.
    pub drain: Duration,
}

impl Limits {
    /// For the public listener.
    pub const PUBLIC: Self = Self {
        headers: Duration::from_secs(5),
        forwarder: Duration::from_secs(150),
        body: Duration::from_secs(10),
        connection: Some(Duration::from_mins(1)),
        connections: 16_384,
        full: Full::Waits,
        per_network: Some(512),
        drain: Duration::from_secs(10),
    };

    /// For the private listener, where event streams stay open.
    pub const PRIVATE: Self = Self {
        connection: None,
        connections: 2_048,
        full: Full::TakesOver,
        per_network: None,
        drain: Duration::from_secs(2),
        ..Self::PUBLIC
    };

    /// For the listener of figures, which few ask for.
    pub const METRICS: Self = Self { connection: Some(Duration::from_mins(1)), connections: 32, ..Self::PRIVATE };

    /// What a connection of a proxy in `forwarded_from` may take.
    fn of_forwarder(self) -> Self {
        Self { headers: self.forwarder, connection: self.connection.map(|_| self.forwarder), ..self }
    }
}

/// Connections that may wait in the kernel's queue, as far as the system allows. The usual 128 fill within a moment of a rush,
/// and one who comes then is only heard when they try again a second later.
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
    let places = Places::new(limits.connections, limits.full);
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
        connections.spawn(admit(entrance.clone(), stream, peer, places.standing(peer), place));
    }
    for (stream, peer, place) in waiting(listener, &places) {
        connections.spawn(admit(entrance.clone(), stream, peer, places.standing(peer), place));
    }
    entrance.ending.send_replace(true);
    let _ = timeout(limits.drain, connections.join_all()).await;
}

/// Serves one connection, from its first byte to its last, or until it has to give way.
async fn admit(entrance: Arc<Entrance>, stream: TcpStream, peer: IpAddr, standing: Option<Arc<Standing>>, _place: Place) {
    let gives_way = standing.as_ref().map(|standing| standing.gives_way().clone());
    let served = serve_one(&entrance, stream, peer, standing);
    match gives_way {
        None => served.await,
        Some(gives_way) => tokio::select! {
            () = served => {}
            () = gives_way.notified() => {}
        },
    }
}

async fn serve_one(entrance: &Arc<Entrance>, mut stream: TcpStream, peer: IpAddr, standing: Option<Arc<Standing>>) {
    let Entrance { limits, proxies, crowd, ending, .. } = &**entrance;
    let from = match timeout(limits.headers, proxies.announced(&mut stream, peer)).await {
        Ok(Ok(from)) => {
            PROXY_HEADER.ok();
            from
        }
        Ok(Err(error @ NoHeader::Wrong)) => return PROXY_HEADER.failed(&error),
        Ok(Err(NoHeader::Ended(_))) | Err(_) => return,
    };
    let counted = limits.per_network.filter(|_| !proxies.are_at(from.peer));
    let inside = counted.map(|most| crowd.enter(from.peer, most));
    if matches!(inside, Some(None)) || !asks(&stream, limits.headers, ending.subscribe()).await {
        return;
    }
    let limits = if proxies.forwards(from.peer) { limits.of_forwarder() } else { *limits };
    let (asked, began) = watch::channel(());
    let own_end = stream.local_addr().map(|address| address.ip().to_canonical()).ok();
    let known = standing.zip(own_end).map(|(standing, local)| Connection { local, standing });
    attend(connect(stream, from, known, (limits, asked), entrance), limits, began, ending.subscribe()).await;
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
async fn attend<F>(connection: Driven<F>, limits: Limits, mut began: watch::Receiver<()>, mut ending: watch::Receiver<bool>)
where
    F: FnMut(Request<Incoming>) -> Request + Clone + Send + 'static,
{
    let mut connection = std::pin::pin!(connection);
    let spent = async {
        match limits.connection {
            Some(longest) => while let Ok(Ok(())) = timeout(longest, began.changed()).await {},
            None => std::future::pending().await,
        }
    };
    let over = async {
        tokio::select! {
            _ = ending.wait_for(|ending| *ending) => {}
            () = spent => {}
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

/// Accepts a connection that has a place.
async fn accept(listener: &TcpListener, places: &Places) -> Option<(TcpStream, IpAddr, Place)> {
    match listener.accept().await {
        Ok((stream, peer)) => {
            ACCEPT.ok();
            let _ = stream.set_nodelay(true);
            Some((stream, peer.ip().to_canonical(), places.take().await?))
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
fn waiting(listener: TcpListener, places: &Places) -> Vec<(TcpStream, IpAddr, Place)> {
    let Ok(listener) = listener.into_std() else { return vec![] };
    let next = || {
        let place = places.free_one()?;
        let (stream, peer) = listener.accept().ok()?;
        stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true)).ok()?;
        Some((TcpStream::from_std(stream).ok()?, peer.ip().to_canonical(), place))
    };
    std::iter::from_fn(next).collect()
}

type Driven<F> = http1::Connection<TokioIo<TcpStream>, TowerToHyperService<MapResponse<MapRequest<Router, F>, fn(Response) -> Response>>>;

/// One HTTP/1 connection whose requests know their peer. Says so in `asked` when a request of a proxy begins.
fn connect(
    stream: TcpStream,
    from: Remote,
    connection: Option<Connection>,
    (limits, asked): (Limits, watch::Sender<()>),
    entrance: &Arc<Entrance>,
) -> Driven<impl FnMut(Request<Incoming>) -> Request + Clone + use<>> {
    let (entrance, asked) = (entrance.clone(), Arc::new(asked));
    let service = entrance.app.clone().map_request(move |request: Request<Incoming>| {
        let mut request = request.map(|body| Body::new(Timed::new(body, limits.body)));
        entrance.proxies.watch(from, request.uri().path(), request.headers());
        if entrance.proxies.forwards(from.peer) {
            asked.send_replace(());
        }
        let client = entrance.proxies.client(from.peer, request.headers());
        request.extensions_mut().insert(Peer(client));
        if let Some(connection) = &connection {
            connection.standing.asks(client);
            request.extensions_mut().insert(connection.clone());
        }
        request
    });
    let service = service.map_response(lengthless as fn(Response) -> Response);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_buf_size(16 * 1_024)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
}

/// Without the length that axum gives to what has none: of a 204 it must not be said, and of a 304 it would be another's (RFC
/// 9110, 8.6).
fn lengthless(mut response: Response) -> Response {
    if matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}
