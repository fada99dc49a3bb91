//! A client that takes nothing away from what arrives.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use flate2::read::GzDecoder;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{net::TcpSocket, task::spawn_blocking};

use super::front::{Front, PUBLIC};
use crate::running::PATIENCE;

/// Where to ask, with TLS or without.
#[derive(Clone)]
pub struct Place {
    at: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
}

impl Place {
    pub fn plain(at: &str) -> Self {
        Self { at: at.parse().unwrap(), tls: None }
    }

    pub fn of(front: &Front) -> Self {
        // An error says that it is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&fs::read(front.authority()).unwrap()).unwrap()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Self { at: front.secure, tls: Some(Arc::new(config)) }
    }

    /// Posts from an address of this machine, over a connection of its own.
    pub async fn post(&self, from: u8, path: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        let request =
            format!("POST {path} HTTP/1.1\r\nhost: {PUBLIC}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}");
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::new(127, 0, 0, from), 0).into()).unwrap();
        let stream = socket.connect(self.at).await.unwrap().into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let tls = self.tls.clone();
        spawn_blocking(move || match tls {
            None => Answer::read(stream, &request),
            Some(tls) => {
                let client = ClientConnection::new(tls, ServerName::try_from(PUBLIC).unwrap()).unwrap();
                Answer::read(StreamOwned::new(client, stream), &request)
            }
        })
        .await
        .unwrap()
    }
}

/// An answer as it came: its head, and its body without the marks between its chunks, whose number is a matter of chance.
pub struct Answer {
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    fn read(mut stream: impl Read + Write, request: &str) -> Self {
        stream.write_all(request.as_bytes()).unwrap();
        let mut whole = vec![];
        // Not every proxy says goodbye before it closes; a body that is cut off is noticed by its length.
        let _ = stream.read_to_end(&mut whole);
        let end = whole.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        let body = whole.split_off(end);
        let head = String::from_utf8(whole).unwrap().to_ascii_lowercase();
        let body = if head.contains("transfer-encoding: chunked\r\n") { joined(&body) } else { body };
        let answer = Self { head, body };
        assert!(answer.header("content-length").is_none_or(|length| length == answer.body.len().to_string()), "{}", answer.head);
        answer
    }

    pub fn status(&self) -> &str {
        &self.head[9..12]
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// What a program makes of it; `None` in a coding that is not known here.
    pub fn unwrapped(&self) -> Option<Vec<u8>> {
        let body = match self.header("content-encoding") {
            None => self.body.clone(),
            Some("gzip") => {
                let mut plain = vec![];
                GzDecoder::new(&*self.body).read_to_end(&mut plain).unwrap();
                plain
            }
            Some(_) => return None,
        };
        let (mask, covered) = body.split_at(body.len() / 2);
        let is_masked = self.header("content-type") == Some("application/octet-stream");
        Some(if is_masked { covered.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect() } else { body })
    }
}

/// Chunks (RFC 9112 section 7.1) as one body.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = vec![];
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n").expect("the size of a chunk");
        let size = usize::from_str_radix(str::from_utf8(&chunks[..end]).unwrap().trim(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&chunks[end + 2..][..size]);
        chunks = &chunks[end + 2 + size + 2..];
    }
}
