//! What a proxy writes down of those who asked: nothing.

use std::net::SocketAddr;

use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpSocket, TcpStream},
};

use super::front::{Behind, Front, Kind, address};
use crate::running::{Folder, Service};

#[tokio::test]
async fn who_asked_is_written_nowhere() {
    for kind in Kind::here("who_asked_is_written_nowhere") {
        let folder = Folder::ready();
        drop(Service::start(&folder, &["--role", "issuer"]));
        let verifier = Service::start(&folder, &[&["--role", "verifier"], &kind.named()[..]].concat());
        let front = Front::start(kind, Behind { verifiers: [address(&verifier.public), Behind::NOBODY], issuer: Behind::NOBODY });
        let visitor = front.visitor(77).user_agent("canary").build().unwrap();
        let ask = async |url: String| {
            let request = visitor.get(url).header("x-forwarded-for", "canary").header("referer", "https://canary.example/");
            // What is no address may end the connection.
            request.send().await.map_or(0, |reply| reply.status().as_u16())
        };
        for path in ["/", "/check", "/canary?canary", "/health/ready", "/metrics", "/%00canary", "/%zzcanary"] {
            ask(front.public(path)).await;
        }
        // Nobody answers behind it: the proxy has something to complain of.
        assert!(ask(front.console("/canary")).await >= 500, "{kind:?}");
        // No TLS, TLS with a name that nobody has, and nothing that ends.
        let mut plain = from_77(front.secure).await;
        plain.write_all(b"GET /canary HTTP/1.1\r\nhost: canary\r\n\r\n").await.unwrap();
        drop(plain);
        let stranger = front.visitor(77).tls_danger_accept_invalid_certs(true).resolve("canary.example", front.secure).build().unwrap();
        let _ = stranger.get(format!("https://canary.example:{}/canary", front.secure.port())).send().await;
        drop(from_77(front.secure).await);
        verifier.terminate();
        assert!(ask(front.public("/canary")).await >= 500, "{kind:?}");
        let written = front.written();
        for trace in ["127.0.0.77", "canary"] {
            assert!(!written.contains(trace), "{kind:?} wrote {trace}: {written}");
        }
    }
}

/// A connection of the same visitor's.
async fn from_77(to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 77], 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}
