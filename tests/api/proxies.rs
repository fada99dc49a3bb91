//! Proxies in front: whom the service sees behind them, and that nobody else can say so.

use std::{io::Write as _, thread, time::Duration};

use countersign::http::{guessers::TRIES, listen::Limits, proxy::Proxies};
use reqwest::Method;

use crate::{
    actors::{Asker, LONG, Reply},
    app::Setup,
    wire::{BIG, GET, PATIENT, SHORT, Service, Socket, client, seen},
    world::unknown_code,
};

const V1: &[u8] = b"PROXY TCP4 192.0.2.1 10.0.0.1 5678 80\r\n";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\x0a\0\0\x01\x16\x2e\0\x50";
const V2_LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

pub fn forwarding() -> Proxies {
    Proxies { forwarded_from: vec!["127.0.0.1/32".parse().unwrap()], ..Proxies::default() }
}

fn announcing() -> Proxies {
    Proxies { proxy_protocol_from: vec!["127.0.0.1/32".parse().unwrap()], ..Proxies::default() }
}

/// A client's request through a proxy that appends to whatever the client wrote.
async fn guess(asker: &Asker, n: usize, spoofed: &str, client: &str) -> Reply {
    let request = asker.request(Method::POST, "/v1/verify").json(&asker.body("code", &unknown_code(n).words()));
    Reply::of(request.header("x-forwarded-for", spoofed).header("x-forwarded-for", client)).await
}

#[tokio::test]
async fn nobody_but_a_proxy_of_ours_says_who_they_are() {
    let elsewhere = Proxies {
        forwarded_from: vec!["127.0.0.2/32".parse().unwrap(), "192.0.2.0/24".parse().unwrap()],
        proxy_protocol_from: vec!["127.0.0.3/32".parse().unwrap()],
        ..Proxies::default()
    };
    for proxies in [Proxies::default(), elsewhere] {
        let service = Service::behind(proxies, PATIENT).await;
        let address = service.address;
        client(move || {
            for lines in
                ["", "x-forwarded-for: 192.0.2.1\r\n", "X-Forwarded-For: 198.51.100.1\r\nx-forwarded-for: 192.0.2.1, 127.0.0.2\r\n"]
            {
                assert_eq!(seen(address, b"", lines), "127.0.0.1", "{lines}");
            }
            for header in [V1, V2] {
                let mut socket = Socket::open(address);
                socket.send(&[header, GET].concat());
                let said = socket.read_to_end();
                assert!(said.starts_with("HTTP/1.1 400") || said.is_empty(), "it is no HTTP: {said}");
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_proxy_says_who_asks_and_its_client_cannot() {
    let service = Service::behind(forwarding(), PATIENT).await;
    let address = service.address;
    client(move || {
        for lines in [
            "x-forwarded-for: 192.0.2.1\r\n",
            "x-forwarded-for: 198.51.100.1, 192.0.2.1\r\n",
            "x-forwarded-for: 198.51.100.1\r\nx-forwarded-for: 192.0.2.1:5678\r\n",
            "x-forwarded-for: 127.0.0.1, ::ffff:192.0.2.1, 127.0.0.1\r\n",
        ] {
            assert_eq!(seen(address, b"", lines), "192.0.2.1", "{lines}");
        }
        assert_eq!(seen(address, b"", "x-forwarded-for: 192.0.2.1, unknown\r\n"), "127.0.0.1");
    })
    .await;
}

#[tokio::test]
async fn the_limit_of_misses_follows_the_real_client() {
    let app = Setup { proxies: forwarding(), ..Setup::default() }.start().await;
    let asker = app.anyone();
    let mut tries = 0;
    while guess(&asker, tries, &format!("198.51.100.{tries}"), "192.0.2.1").await.status == 200 {
        tries += 1;
    }
    assert!(TRIES.contains(&u32::try_from(tries).unwrap()), "{tries}");
    for spoofed in ["198.51.100.99", "192.0.2.2", "127.0.0.1", "junk", ""] {
        assert_eq!(guess(&asker, 30, spoofed, "192.0.2.1").await.status, 429, "{spoofed}");
    }
    assert_eq!(guess(&asker, 31, "192.0.2.1", "192.0.2.2").await.verdict(), "unknown_code", "another client of the proxy");
    // Around the proxy nobody is believed, and everybody counts for themselves.
    let around = asker.at_address(2);
    assert_eq!(guess(&around, 32, "192.0.2.1", "192.0.2.1").await.verdict(), "unknown_code");
    let mut tries = 1;
    while guess(&around, tries, "198.51.100.1", &format!("203.0.113.{tries}")).await.status == 200 {
        tries += 1;
    }
    assert!(TRIES.contains(&u32::try_from(tries).unwrap()), "{tries}");
    assert_eq!(guess(&around, 33, "198.51.100.1", "203.0.113.99").await.status, 429);
}

#[tokio::test]
async fn a_header_of_either_version_in_any_pieces() {
    let service = Service::behind(announcing(), PATIENT).await;
    let address = service.address;
    client(move || {
        for (header, who) in [
            (V1, "192.0.2.1"),
            (V2, "192.0.2.1"),
            (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
            (b"PROXY UNKNOWN x\r\n", "127.0.0.1"),
            (V2_LOCAL, "127.0.0.1"),
        ] {
            assert_eq!(seen(address, header, "x-forwarded-for: 198.51.100.1\r\n"), who, "{header:?}");
            // In one packet with the request, whose bytes go to HTTP untouched.
            let mut whole = Socket::open(address);
            whole.send(&[header, GET].concat());
            whole.read_until("quick");
            let mut pieces = Socket::open(address);
            for byte in [header, GET].concat() {
                pieces.send(&[byte]);
            }
            pieces.read_until("quick");
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_of_a_proxy_without_a_right_header_is_closed() {
    // No timeout closes it, before its client gives up waiting.
    let service = Service::behind(announcing(), Limits { headers: 2 * LONG, ..PATIENT }).await;
    let address = service.address;
    let oversized = [&V2[..14], &2_000_u16.to_be_bytes(), &[0; 2_000]].concat();
    let endless = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200], b"\r\n"].concat();
    let twice = [V1, V1, GET].concat();
    client(move || {
        let once = [GET, b"PROXY TCP5 192.0.2.1 10.0.0.1 5678 80\r\n", b"PROXY TCP4 192.0.2.1\r\n", b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0"];
        for bytes in once.map(<[u8]>::to_vec).into_iter().chain([oversized, endless.clone()]) {
            let mut socket = Socket::open(address);
            // The service may close before all of it is sent.
            let _ = socket.0.write_all(&[&bytes, GET].concat());
            assert_eq!(socket.read_to_end(), "", "{bytes:?}");
        }
        for part in [&V1[..3], &V1[..30], &V2[..14], &V2[..20], b""] {
            let mut socket = Socket::open(address);
            socket.send(part);
            socket.0.shutdown(std::net::Shutdown::Write).unwrap();
            assert_eq!(socket.read_to_end(), "", "{part:?}");
        }
        // No end of line in as many bytes as there may be: no more are waited for.
        let mut socket = Socket::open(address);
        socket.send(&endless[..107]);
        assert_eq!(socket.read_to_end(), "");
        let mut socket = Socket::open(address);
        socket.send(&twice);
        assert!(socket.read_to_end().starts_with("HTTP/1.1 400"), "a second header is no HTTP");
    })
    .await;
}

#[tokio::test]
async fn a_header_that_does_not_come_or_does_not_end() {
    let service = Service::behind(announcing(), Limits { headers: SHORT, ..PATIENT }).await;
    let address = service.address;
    client(move || {
        for part in [b"".as_slice(), &V1[..3], &V1[..30], &V2[..14], &V2[..20]] {
            let mut socket = Socket::open(address);
            socket.send(part);
            assert_eq!(socket.read_to_end(), "", "{part:?}");
        }
    })
    .await;
}

/// The proxy itself may have as many connections as there are places: each is somebody else's.
#[tokio::test]
async fn a_share_of_connections_is_the_clients_and_not_the_proxys() {
    let service = Service::behind(announcing(), Limits { per_network: Some(1), ..PATIENT }).await;
    let address = service.address;
    client(move || {
        let other = b"PROXY TCP4 192.0.2.2 10.0.0.1 5678 80\r\n";
        let open = |header: &[u8]| {
            let mut socket = Socket::open(address);
            socket.send(&[header, GET].concat());
            socket
        };
        let mut inside = [open(V1), open(other), open(V2_LOCAL), open(V2_LOCAL)];
        for socket in &mut inside {
            socket.read_until("quick");
        }
        assert_eq!(open(V2).read_to_end(), "", "a second of the same client");
    })
    .await;
}

/// Each of these requests is looked at for what it tells of a proxy; nobody who asked is in the figures.
#[tokio::test]
async fn a_proxy_that_is_not_set_up_as_it_should_be_is_noticed() {
    let app = Setup { proxies: forwarding(), ..Setup::default() }.start().await;
    let counted = async |not_named: i64, no_client: i64, private: i64| {
        let figures = app.figures().await;
        figures.is("forwarding_faults_total{listener=\"public\",fault=\"proxy_not_named\"}", not_named);
        figures.is("forwarding_faults_total{listener=\"public\",fault=\"client_not_named\"}", no_client);
        figures.is("forwarding_faults_total{listener=\"private\",fault=\"proxy_not_named\"}", private);
    };
    let ask = async |asker: &Asker, path: &str, header: Option<(&str, &str)>| {
        let request = asker.request(Method::GET, path);
        Reply::of(header.into_iter().fold(request, |request, (name, value)| request.header(name, value))).await
    };
    let (proxy, visitor) = (app.anyone().at_address(1), app.anyone().at_address(2));
    // As it should be, and what proxies ask for themselves.
    ask(&proxy, "/check", Some(("x-forwarded-for", "192.0.2.1"))).await;
    ask(&proxy, "/check", Some(("x-forwarded-for", "junk, 192.0.2.1:5678"))).await;
    ask(&proxy, "/health/ready", None).await;
    ask(&visitor, "/check", None).await;
    counted(0, 0, 0).await;
    // One that adds nothing, and one that adds no address.
    ask(&proxy, "/check", None).await;
    ask(&proxy, "/check", Some(("x-forwarded-for", "unknown"))).await;
    ask(&proxy, "/check", Some(("x-forwarded-for", "192.0.2.1,"))).await;
    ask(&proxy, "/check", Some(("forwarded", "for=192.0.2.1"))).await;
    ask(&proxy, "/check", Some(("x-real-ip", "192.0.2.1"))).await;
    counted(0, 5, 0).await;
    // One that nobody named.
    for header in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        ask(&visitor, "/check", Some((header, "192.0.2.1"))).await;
    }
    counted(3, 5, 0).await;
    let private = app.officer.anybody();
    ask(&private.at_address(2), "/v1/session", Some(("x-forwarded-for", "192.0.2.1"))).await;
    counted(3, 5, 1).await;
    // A program on the proxy's own machine.
    ask(&private.at_address(1), "/v1/session", None).await;
    counted(3, 5, 1).await;
    for seen in ["192.0.2", "127.0.0"] {
        assert!(!private.get("/metrics").await.body.contains(seen), "{seen}");
    }
}

/// What visitors write themselves reaches the service behind a proxy that announces them, and means nothing.
#[tokio::test]
async fn a_client_that_was_announced_is_no_proxy() {
    let app = Setup { proxies: announcing(), ..Setup::default() }.start().await;
    let address = app.public;
    client(move || assert_eq!(seen_status(address, V1, "x-forwarded-for: 198.51.100.1\r\n"), "HTTP/1.1 200 OK")).await;
    app.figures().await.is("forwarding_faults_total{listener=\"public\",fault=\"proxy_not_named\"}", 0);
}

fn seen_status(address: std::net::SocketAddr, first: &[u8], lines: &str) -> String {
    let mut socket = Socket::open(address);
    socket.send(first);
    socket.send(format!("GET /check HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{lines}\r\n").as_bytes());
    socket.read_to_end().lines().next().unwrap_or_default().to_owned()
}

/// Longer than a proxy keeps it: otherwise a request goes into a connection that is just being closed, and is lost.
#[tokio::test]
async fn a_connection_of_a_proxy_stays_for_later_and_one_of_anybody_else_does_not() {
    let limits = Limits { headers: SHORT, connection: Some(SHORT), drain: SHORT, ..PATIENT };
    let service = Service::behind(forwarding(), limits).await;
    let mut other = Socket::from(service.address, [127, 0, 0, 2]).await;
    let address = service.address;
    client(move || {
        let mut kept = Socket::open(address);
        for socket in [&mut kept, &mut other] {
            socket.send(GET);
            socket.read_until("quick");
        }
        assert_eq!(other.read_to_end(), "", "closed when it had idled");
        thread::sleep(2 * SHORT);
        kept.send(GET);
        kept.read_until("quick");
    })
    .await;
}

/// Its time is that of the last request, however many there were.
#[tokio::test]
async fn a_connection_of_a_proxy_that_is_used_lasts_and_one_that_is_not_read_does_not() {
    let limits = Limits { forwarder: SHORT, connection: Some(LONG), drain: SHORT, ..PATIENT };
    let service = Service::behind(forwarding(), limits).await;
    let address = service.address;
    client(move || {
        let mut used = Socket::open(address);
        for _ in 0..40 {
            used.send(GET);
            used.read_until("quick");
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(used.read_to_end(), "", "closed when it had idled");
        let mut slow = Socket::open(address);
        slow.send(b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n");
        slow.read_until("200 OK");
        thread::sleep(3 * SHORT);
        assert!(slow.read_to_end().len() < BIG, "cut off");
    })
    .await;
}
