//! Requests at a steady rate, whether answers come or not, which wrk cannot do. Each latency counts from the moment at which
//! its request was due, so that a slow answer is not excused by those that had to wait behind it.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

const CONNECTIONS: usize = 32;

/// Sends each body once, `rate` a second, and gives back the latencies, shortest first.
pub fn latencies(url: &str, bodies: &[String], rate: f64) -> Vec<Duration> {
    let address = url.trim_start_matches("http://");
    let begin = Instant::now() + Duration::from_millis(100);
    let mut all: Vec<Duration> = thread::scope(|scope| {
        let connection = |turn: usize| {
            let due = move |n: usize| begin + Duration::from_secs(n as u64).div_f64(rate);
            scope.spawn(move || {
                let mut stream = TcpStream::connect(address).expect("it listens");
                stream.set_nodelay(true).expect("a socket");
                let mine = bodies.iter().enumerate().skip(turn).step_by(CONNECTIONS);
                mine.map(|(n, body)| timed(&mut stream, address, body, due(n))).collect::<Vec<_>>()
            })
        };
        let connections: Vec<_> = (0..CONNECTIONS).map(connection).collect();
        connections.into_iter().flat_map(|connection| connection.join().expect("every answer came")).collect()
    });
    all.sort_unstable();
    all
}

fn timed(stream: &mut TcpStream, address: &str, body: &str, due: Instant) -> Duration {
    thread::sleep(due.saturating_duration_since(Instant::now()));
    let head = format!("POST /v1/verify HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).expect("it takes requests");
    let (mut answer, mut piece) = (Vec::new(), [0; 4_096]);
    // Every answer ends with its padding, and nothing else looks like that.
    while !answer.ends_with(b"-\"}") {
        let length = stream.read(&mut piece).expect("an answer");
        assert!(length > 0, "the connection ended");
        answer.extend_from_slice(&piece[..length]);
    }
    assert!(answer.windows(9).any(|part| part == b"\"genuine\""), "another answer");
    due.elapsed()
}

/// The latency that so many of a hundred answers do not exceed.
pub fn percentile(sorted: &[Duration], of_hundred: usize) -> Duration {
    sorted[(sorted.len() * of_hundred / 100).min(sorted.len() - 1)]
}
