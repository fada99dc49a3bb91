//! Clients and a small service on the wire. Sockets of the standard library, because the point is what happens there.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use axum::{Extension, Router, routing::get};
use countersign::http::{
    listen::{Limits, Peer, serve},
    places::Full,
    proxy::Proxies,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::{Notify, oneshot},
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

use crate::actors::LONG;

/// Long enough for a loaded machine to answer in, short enough to wait for.
pub const SHORT: Duration = Duration::from_millis(400);
pub const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

/// More than the kernel takes off a service whose client does not read.
pub const BIG: usize = 32 << 20;

/// Nothing ends on its own within a test, except for what the test sets to [`SHORT`].
pub const PATIENT: Limits = Limits {
    headers: LONG,
    forwarder: LONG,
    body: LONG,
    connection: None,
    connections: 8,
    full: Full::Waits,
    per_network: None,
    drain: LONG,
};

/// A service with an address `/slow` that answers when it is asked to, `/big` that answers at length, and `/who` that says
/// whom it sees.
pub struct Service {
    pub address: SocketAddr,
    pub stop: oneshot::Sender<()>,
    pub served: JoinHandle<()>,
    pub entered: Arc<Notify>,
    pub release: Arc<Notify>,
}

impl Service {
    pub async fn with(limits: Limits) -> Self {
        Self::behind(Proxies::default(), limits).await
    }

    pub async fn behind(proxies: Proxies, limits: Limits) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), proxies, limits)
    }

    pub fn on(listener: TcpListener, proxies: Proxies, limits: Limits) -> Self {
        let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (inside, released) = (entered.clone(), release.clone());
        let slow = async move || {
            inside.notify_one();
            released.notified().await;
            "slow"
        };
        let app = Router::new().route("/", get(|| async { "quick" })).route("/slow", get(slow));
        let app = app.route("/big", get(|| async { "x".repeat(BIG) }));
        let app = app.route("/who", get(|Extension(Peer(peer)): Extension<Peer>| async move { peer.to_string() }));
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(serve(listener, app, limits, proxies, async { drop(stopped.await) }));
        Self { address, stop, served, entered, release }
    }

    /// A client whose request is being answered.
    pub async fn asked_slowly(&self) -> JoinHandle<String> {
        let address = self.address;
        let under_way = tokio::spawn(client(move || {
            let mut socket = Socket::open(address);
            socket.send(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n");
            socket.read_to_end()
        }));
        timeout(LONG, self.entered.notified()).await.unwrap();
        under_way
    }
}

pub struct Socket(pub TcpStream);

impl Socket {
    /// From another address of this machine.
    pub async fn from(address: SocketAddr, local: [u8; 4]) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((local, 0).into()).unwrap();
        let stream = socket.connect(address).await.unwrap().into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        Self::over(stream)
    }

    pub fn open(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_write_timeout(Some(LONG)).unwrap();
        Self(stream)
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// Everything until the other side closes; a side that does not close fails the test.
    pub fn read_to_end(&mut self) -> String {
        let mut all = vec![];
        match self.0.read_to_end(&mut all) {
            Ok(_) => {}
            // Closed while we still had something to say.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("the connection was not closed: {error}"),
        }
        String::from_utf8(all).unwrap()
    }

    /// Sends a byte whenever nothing has come for a moment, until the service has had enough; all that it said.
    pub fn dribble(&mut self) -> String {
        let mut said = vec![];
        self.0.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        // As many as take longer than anything here may.
        for _ in 0..LONG.as_millis() / 50 {
            let mut some = [0; 4_096];
            match self.0.read(&mut some) {
                Ok(0) => return String::from_utf8(said).unwrap(),
                Ok(count) => said.extend(&some[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    // The service may have closed meanwhile; the next look says so.
                    let _ = self.0.write_all(b"x");
                }
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return String::from_utf8(said).unwrap(),
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the service waited for byte after byte")
    }

    /// What has come once `end` was seen.
    pub fn read_until(&mut self, end: &str) -> String {
        let mut read = String::new();
        while !read.contains(end) {
            let mut some = [0; 1_024];
            let count = self.0.read(&mut some).unwrap();
            assert!(count > 0, "closed after {read:?}");
            read.push_str(std::str::from_utf8(&some[..count]).unwrap());
        }
        read
    }
}

/// Whom `/who` sees on a connection that begins with these bytes, and with these header lines.
pub fn seen(address: SocketAddr, first: &[u8], lines: &str) -> String {
    let mut socket = Socket::open(address);
    socket.send(first);
    socket.send(format!("GET /who HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{lines}\r\n").as_bytes());
    let said = socket.read_to_end();
    said.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned())
}

/// All that is said to these bytes, until the service closes.
pub async fn said(address: SocketAddr, bytes: impl Into<Vec<u8>>) -> String {
    let bytes = bytes.into();
    client(move || {
        let mut socket = Socket::open(address);
        socket.send(&bytes);
        socket.read_to_end()
    })
    .await
}

/// Runs a client beside the service; one that hangs fails the test.
pub async fn client<T: Send + 'static>(talk: impl FnOnce() -> T + Send + 'static) -> T {
    timeout(2 * LONG, spawn_blocking(talk)).await.unwrap().unwrap()
}
