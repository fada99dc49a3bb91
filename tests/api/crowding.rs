//! The private side under its own users, and under those who only reach it: one who takes all that they can get keeps nobody else
//! from issuing, suspending and looking at the figures.

use std::net::SocketAddr;

use countersign::{
    authority::Role,
    http::{
        listen::Limits,
        places::Full,
        proxy::Proxies,
        shares::{REQUESTS, STREAMS},
    },
};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    actors::{LONG, Person},
    app::{Setup, TestApp},
    events::{Events, status},
    wire::{GET, PATIENT, Socket, client},
};

/// More than one test waits for.
const FOR_EVER: std::time::Duration = LONG.saturating_mul(3);

fn places(connections: usize) -> Setup {
    let private = Limits { headers: FOR_EVER, body: FOR_EVER, connections, full: Full::TakesOver, ..PATIENT };
    Setup { private, ..Setup::default() }
}

/// The beginning of a sign-in whose body never comes whole.
fn half_a_body(lines: &str) -> Vec<u8> {
    let head = "POST /v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nsec-fetch-site: same-origin";
    format!("{head}\r\n{lines}content-length: 50\r\n\r\n{{").into_bytes()
}

/// So many connections with these bytes on each.
async fn crowd(address: SocketAddr, count: usize, bytes: Vec<u8>) -> Vec<Socket> {
    client(move || {
        let open = |_| {
            let mut socket = Socket::open(address);
            socket.send(&bytes);
            socket
        };
        (0..count).map(open).collect()
    })
    .await
}

/// Requests of this person whose bodies never come whole; each of them is under way.
async fn half_issues(person: &Person, private: SocketAddr, count: usize) -> Vec<Socket> {
    let sent = person.request(reqwest::Method::POST, "/v1/tokens").build().unwrap();
    let credential = sent.headers()["authorization"].to_str().unwrap();
    let head = "POST /v1/tokens HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nexpect: 100-continue\r\nauthorization";
    let mut sockets = crowd(private, count, format!("{head}: {credential}\r\ncontent-length: 50\r\n\r\n").into_bytes()).await;
    client(move || {
        for socket in &mut sockets {
            // The body is asked for once its person was recognised.
            socket.read_until("100 Continue\r\n\r\n");
            socket.send(b"{");
        }
        sockets
    })
    .await
}

/// Everybody can do what they are for.
async fn all_is_well(app: &TestApp) {
    let all = async {
        let issued = app.officer.issue_plain().await;
        assert_eq!(app.officer.status(&issued.id).await["state"], "live");
        assert_eq!(app.administrator.get("/metrics").await.status, 200);
        assert_eq!(app.administrator.get("/health/ready").await.status, 204);
        let callsign = app.person("kite", Role::Officer).await.officer.callsign;
        assert_eq!(app.administrator.post(&format!("/v1/people/{callsign}/suspend"), &json!(null)).await.status, 200);
    };
    timeout(LONG, all).await.expect("somebody was kept out");
}

#[tokio::test]
async fn who_was_not_recognised_keeps_nobody_out() {
    for bytes in [vec![], b"POST /v1/session HTTP/1.1\r\nhost: localhost\r\n".to_vec(), half_a_body(""), GET.to_vec()] {
        let app = places(16).start().await;
        let crowd = crowd(app.private, 60, bytes.clone()).await;
        all_is_well(&app).await;
        drop(crowd);
    }
}

/// Neither by who comes later nor because they wait for long.
#[tokio::test]
async fn who_was_recognised_keeps_their_place() {
    let app = places(16).start().await;
    let issued = app.officer.issue_plain().await;
    let mut events = Events::of(&app.officer, &issued.id).await;
    assert_eq!(events.next().await, Some(status("live", None)));
    let slow = half_issues(&app.officer, app.private, 1).await;
    let crowd = crowd(app.private, 60, half_a_body("")).await;
    all_is_well(&app).await;
    app.officer.withdraw(&issued.id).await;
    assert_eq!(events.next().await, Some(status("withdrawn", None)));
    let said = client(move || {
        let [mut slow] = <[Socket; 1]>::try_from(slow).ok().unwrap();
        slow.send(format!("{:<49}", r#""channel":"in-person"}"#).as_bytes());
        slow.read_until("\r\n\r\n")
    })
    .await;
    assert!(said.starts_with("HTTP/1.1 201"), "{said}");
    drop(crowd);
}

/// The client is the one that a named proxy speaks for, so who crowds is the first to give way, though another has waited for longer.
#[tokio::test]
async fn who_crowds_gives_way_first() {
    let forwarded_from = vec!["127.0.0.1/32".parse().unwrap()];
    for proxies in [Proxies::default(), Proxies { forwarded_from, ..Proxies::default() }] {
        let by_proxy = !proxies.forwarded_from.is_empty();
        let app = Setup { proxies, ..places(16) }.start().await;
        let mut patient = if by_proxy { Socket::open(app.private) } else { Socket::from(app.private, [127, 0, 0, 2]).await };
        let mut patient = client(move || {
            patient.send(&half_a_body("x-forwarded-for: 192.0.2.2\r\nexpect: 100-continue\r\n"));
            patient.read_until("100 Continue\r\n\r\n");
            patient
        })
        .await;
        let crowd = crowd(app.private, 60, half_a_body("x-forwarded-for: 192.0.2.1\r\n")).await;
        all_is_well(&app).await;
        let said = client(move || {
            patient.send(&[b' '; 48]);
            patient.send(b"}");
            patient.read_until("\r\n\r\n")
        })
        .await;
        assert!(said.starts_with("HTTP/1.1 422"), "{said}");
        drop(crowd);
    }
}

#[tokio::test]
async fn one_person_has_so_many_streams_and_a_newer_one_ends_the_oldest() {
    let app = places(8 * STREAMS).start().await;
    let issued = app.officer.issue_plain().await;
    let mut streams = vec![];
    for _ in 0..STREAMS {
        let mut stream = Events::of(&app.officer, &issued.id).await;
        assert_eq!(stream.next().await, Some(status("live", None)));
        streams.push(stream);
    }
    let mut another = Events::of(&app.approver, &issued.id).await;
    assert_eq!(another.next().await, Some(status("live", None)));
    let mut newest = Events::of(&app.officer, &issued.id).await;
    assert_eq!(newest.next().await, Some(status("live", None)));
    assert_eq!(streams.remove(0).next().await, None, "the oldest has ended");
    all_is_well(&app).await;
    app.officer.withdraw(&issued.id).await;
    for stream in streams.iter_mut().chain([&mut newest, &mut another]) {
        assert_eq!(stream.next().await, Some(status("withdrawn", None)), "all others go on");
    }
}

/// Where all streams that there may be are open, who has most gives way to who has fewer.
#[tokio::test]
async fn streams_are_shared_out_evenly_and_leave_room_for_all_else() {
    let app = places(2 * (STREAMS + 2)).start().await;
    let issued = app.officer.issue_plain().await;
    let mut streams = vec![];
    for person in [[&app.officer; STREAMS].as_slice(), &[&app.approver; 2]].concat() {
        let mut stream = Events::of(person, &issued.id).await;
        assert_eq!(stream.next().await, Some(status("live", None)));
        streams.push(stream);
    }
    for _ in 0..2 {
        let mut stream = Events::of(&app.administrator, &issued.id).await;
        assert_eq!(stream.next().await, Some(status("live", None)));
        assert_eq!(streams.remove(0).next().await, None, "the oldest of the officer, who has most");
        streams.push(stream);
    }
    all_is_well(&app).await;
    app.officer.withdraw(&issued.id).await;
    for stream in &mut streams {
        assert_eq!(stream.next().await, Some(status("withdrawn", None)));
    }
}

#[tokio::test]
async fn one_person_has_so_many_requests_under_way() {
    // A quarter of these places is for requests of people: twice as many as one may have.
    let app = places(8 * REQUESTS).start().await;
    let held = half_issues(&app.officer, app.private, REQUESTS).await;
    let refused = app.officer.get("/v1/tokens").await;
    assert_eq!((refused.problem(), refused.header("retry-after")), ((429, "too-many-at-once".into()), "1"));
    assert_eq!(app.approver.get("/v1/tokens").await.status, 200, "another has their own");
    let others = half_issues(&app.approver, app.private, REQUESTS).await;
    assert_eq!(app.approver.get("/v1/tokens").await.status, 429);
    let third = app.person("kestrel", Role::Officer).await;
    let refused = third.get("/v1/tokens").await;
    assert_eq!((refused.problem(), refused.header("retry-after")), ((503, "busy".into()), "1"));
    // An administrator, who has to suspend one of them, is kept out by none of that.
    let callsign = &app.approver.officer.callsign;
    assert_eq!(app.administrator.post(&format!("/v1/people/{callsign}/suspend"), &json!(null)).await.status, 200);
    assert_eq!(app.administrator.get("/metrics").await.status, 200);
    drop((held, others));
    let mut tries = 0..1_000;
    loop {
        assert!(tries.next().is_some(), "the places did not come back");
        if third.get("/v1/tokens").await.status == 200 && app.officer.get("/v1/tokens").await.status == 200 {
            break;
        }
    }
}
