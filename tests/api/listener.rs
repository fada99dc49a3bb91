//! The accept loop under clients that are slow, many or huge.

use std::io::{ErrorKind, Read as _, Write as _};

use countersign::http::{listen::Limits, proxy::Proxies};
use tokio::{net::TcpListener, time::timeout};

use crate::{
    actors::LONG,
    app::Setup,
    wire::{BIG, GET, PATIENT, SHORT, Service, Socket, client},
};

async fn closes(limits: Limits, bytes: &'static [u8]) -> String {
    let service = Service::with(limits).await;
    let address = service.address;
    client(move || {
        let mut socket = Socket::open(address);
        socket.send(bytes);
        socket.read_to_end()
    })
    .await
}

#[tokio::test]
async fn headers_that_do_not_come_or_do_not_end() {
    for bytes in [b"".as_slice(), b"G", b"GET / HTTP/1.1\r\nhost: x\r\n"] {
        let said = closes(Limits { headers: SHORT, ..PATIENT }, bytes).await;
        assert!(!said.contains("200 OK"), "{said}");
    }
}

/// Each byte comes soon after the one before; all together take too long.
#[tokio::test]
async fn a_head_that_comes_byte_by_byte() {
    let service = Service::with(Limits { headers: SHORT, ..PATIENT }).await;
    let address = service.address;
    for begun in [b"GET / HTTP/1.1\r\nhost: x\r\nx: ".as_slice(), b"G", GET] {
        let said = client(move || {
            let mut socket = Socket::open(address);
            socket.send(begun);
            socket.dribble()
        })
        .await;
        assert_eq!(said.contains("200 OK"), begun == GET, "{said}");
    }
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte() {
    let limits = Limits { body: SHORT, ..PATIENT };
    let app = Setup { limits, private: Limits { connections: 64, ..limits }, ..Setup::default() }.start().await;
    for (address, path) in [(app.public, "/v1/verify"), (app.public, "/check"), (app.private, "/v1/session")] {
        let media = if path == "/check" { "application/x-www-form-urlencoded" } else { "application/json" };
        for length in ["content-length: 5000", "transfer-encoding: chunked"] {
            let said = client(move || {
                let mut socket = Socket::open(address);
                let head = format!("host: localhost\r\ncontent-type: {media}\r\nsec-fetch-site: same-origin\r\nconnection: close");
                let chunk = if length.contains("chunked") { "1000\r\n" } else { "" };
                socket.send(format!("POST {path} HTTP/1.1\r\n{head}\r\n{length}\r\n\r\n{chunk}{{").as_bytes());
                socket.dribble()
            })
            .await;
            assert!(said.starts_with("HTTP/1.1 408"), "{path} {length} {said}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_idles_after_an_answer() {
    let said = closes(Limits { headers: SHORT, ..PATIENT }, GET).await;
    assert!(said.starts_with("HTTP/1.1 200 OK") && said.ends_with("quick"), "{said}");
}

#[tokio::test]
async fn a_body_that_stops() {
    let app = Setup { limits: Limits { body: SHORT, ..PATIENT }, ..Setup::default() }.start().await;
    for path in ["/v1/verify", "/check"] {
        let address = app.public;
        let said = client(move || {
            let mut socket = Socket::open(address);
            let head = "host: x\r\ncontent-type: application/json\r\nsec-fetch-site: same-origin\r\nconnection: close";
            socket.send(format!("POST {path} HTTP/1.1\r\n{head}\r\ncontent-length: 50\r\n\r\n{{\"token\":").as_bytes());
            socket.read_to_end()
        })
        .await;
        // Refused for what it is, before any of it is waited for.
        let status = if path == "/check" { "415" } else { "408" };
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{path} {said}");
        assert!(path == "/check" || said.split("\r\n\r\n").nth(1).unwrap().len() == 2_048, "{said}");
    }
}

#[tokio::test]
async fn a_connection_that_lasts_too_long() {
    let said = closes(Limits { connection: Some(SHORT), drain: SHORT, ..PATIENT }, b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(said, "");
}

/// The answer is larger than what the kernel buffers, so the service has to wait for its client.
#[tokio::test]
async fn a_client_that_does_not_read_its_answer() {
    let service = Service::with(Limits { connection: Some(SHORT), drain: SHORT, connections: 1, ..PATIENT }).await;
    let address = service.address;
    let read = client(move || {
        let mut slow = Socket::open(address);
        slow.send(b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n");
        slow.read_until("200 OK");
        let mut next = Socket::open(address);
        next.send(GET);
        next.read_until("quick");
        slow.read_to_end().len()
    })
    .await;
    assert!(read < BIG, "cut off");
}

#[tokio::test]
async fn a_request_under_way_when_the_time_of_its_connection_is_over() {
    let service = Service::with(Limits { connection: Some(SHORT), ..PATIENT }).await;
    let under_way = service.asked_slowly().await;
    tokio::time::sleep(2 * SHORT).await;
    service.release.notify_one();
    let said = under_way.await.unwrap();
    assert!(said.contains("connection: close") && said.ends_with("slow"), "finished, and then closed: {said}");
}

#[tokio::test]
async fn more_connections_than_there_are_places_wait_and_are_served() {
    let service = Service::with(Limits { connections: 2, ..PATIENT }).await;
    let address = service.address;
    client(move || {
        let mut inside = [Socket::open(address), Socket::open(address)];
        for socket in &mut inside {
            socket.send(GET);
            socket.read_until("quick");
        }
        let mut outside = Socket::open(address);
        outside.send(GET);
        outside.0.set_read_timeout(Some(SHORT)).unwrap();
        let held_back = outside.0.read(&mut [0]).unwrap_err().kind();
        assert!(matches!(held_back, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{held_back}");
        outside.0.set_read_timeout(Some(LONG)).unwrap();
        let [left, mut stays] = inside;
        drop(left);
        outside.read_until("quick");
        stays.send(GET);
        stays.read_until("quick");
    })
    .await;
}

#[tokio::test]
async fn a_thousand_connections_one_after_the_other_through_one_place() {
    let service = Service::with(Limits { connections: 1, ..PATIENT }).await;
    let address = service.address;
    client(move || {
        for _ in 0..1_000 {
            let mut socket = Socket::open(address);
            socket.send(GET);
            socket.read_until("quick");
        }
    })
    .await;
}

#[tokio::test]
async fn headers_that_are_too_long_or_no_http() {
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "x".repeat(40_000));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "x: y\r\n".repeat(500));
    let long_target = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(40_000));
    let binary = "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\r\n\r\n".to_owned();
    for bytes in [long, many, long_target, binary] {
        let service = Service::with(PATIENT).await;
        let address = service.address;
        let said = client(move || {
            let mut socket = Socket::open(address);
            // The service may close before all of it is sent.
            let _ = socket.0.write_all(bytes.as_bytes());
            socket.read_to_end()
        })
        .await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
    }
}

#[tokio::test]
async fn a_huge_body_is_refused_before_all_of_it_has_come() {
    let app = Setup { limits: PATIENT, ..Setup::default() }.start().await;
    let address = app.public;
    let said = client(move || {
        let mut socket = Socket::open(address);
        let head = "host: x\r\ncontent-type: application/json\r\nconnection: close";
        socket.send(format!("POST /v1/verify HTTP/1.1\r\n{head}\r\ncontent-length: 9999999999\r\n\r\n").as_bytes());
        socket.send(&[b' '; 8_193]);
        socket.read_to_end()
    })
    .await;
    assert!(said.starts_with("HTTP/1.1 413"), "{said}");
}

#[tokio::test]
async fn a_request_under_way_is_finished_and_nothing_new_is_taken() {
    let service = Service::with(PATIENT).await;
    let under_way = service.asked_slowly().await;
    service.stop.send(()).unwrap();
    // The listener is dropped before the rest is waited for.
    timeout(LONG, async {
        while tokio::net::TcpStream::connect(service.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert!(!service.served.is_finished());
    service.release.notify_one();
    timeout(LONG, service.served).await.unwrap().unwrap();
    let said = under_way.await.unwrap();
    assert!(said.starts_with("HTTP/1.1 200 OK") && said.ends_with("slow"), "{said}");
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_hold_the_stop_up() {
    let service = Service::with(Limits { drain: SHORT, ..PATIENT }).await;
    let address = service.address;
    let mut socket = client(move || Socket::open(address)).await;
    socket.send(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n");
    timeout(LONG, service.entered.notified()).await.unwrap();
    service.stop.send(()).unwrap();
    timeout(LONG, service.served).await.unwrap().unwrap();
}

/// One that has asked and one that has only connected wait in the kernel's queue when the service stops.
#[tokio::test]
async fn what_waits_in_the_queue_when_the_service_stops_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = client(move || [(); 3].map(|()| Socket::open(address))).await;
    for socket in &mut waiting[..2] {
        socket.send(GET);
    }
    // Nothing runs between the two on this one thread: the service finds both at once.
    let Service { stop, served, .. } = Service::on(listener, Proxies::default(), PATIENT);
    stop.send(()).unwrap();
    client(move || {
        let [first, second, silent] = &mut waiting;
        for socket in [first, second] {
            assert!(socket.read_to_end().ends_with("quick"));
        }
        assert_eq!(silent.read_to_end(), "", "closed, for it asked nothing");
    })
    .await;
    timeout(LONG, served).await.unwrap().unwrap();
}

#[tokio::test]
async fn one_network_takes_no_more_than_its_share_and_has_it_back() {
    let service = Service::with(Limits { per_network: Some(2), ..PATIENT }).await;
    let address = service.address;
    let mut other = Socket::from(address, [127, 0, 0, 2]).await;
    client(move || {
        let mut inside = [Socket::open(address), Socket::open(address)];
        for socket in &mut inside {
            socket.send(GET);
            socket.read_until("quick");
        }
        assert_eq!(Socket::open(address).read_to_end(), "", "closed at once");
        other.send(GET);
        other.read_until("quick");
        let [left, mut stays] = inside;
        drop(left);
        // Until the service has noticed that one left.
        let mut tries = 0..1_000;
        assert!(tries.any(|_| {
            let mut next = Socket::open(address);
            let _ = next.0.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            next.read_to_end().ends_with("quick")
        }));
        stays.send(GET);
        stays.read_until("quick");
    })
    .await;
}
