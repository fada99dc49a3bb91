//! Proxies in front of a listener, and the client for whom they speak. Only peers that the operator named are
//! believed, and of what they hand on only what one of them wrote itself (threat 23).

use std::{io, net::IpAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;
use ppp::{v1, v2};
use tokio::{io::AsyncReadExt as _, net::TcpStream};

use crate::telemetry::{ForwardingFault, ForwardingFaults};

/// The longest header of version 1, by the PROXY protocol's section 2.1.
const LONGEST_V1: usize = 107;
/// The longest header of version 2 that is read: addresses and some extensions.
const LONGEST_V2: usize = 1_024;
/// What is read of either version before its length is known; version 1 has 15 bytes at least.
const SIGNATURE: usize = v2::PROTOCOL_PREFIX.len();

/// The proxies that an operator named.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// Whose `X-Forwarded-For` is believed.
    pub forwarded_from: Vec<IpNet>,
    /// Who begins each connection with a PROXY protocol header.
    pub proxy_protocol_from: Vec<IpNet>,
    /// Where it is counted that others forward, or that these do not.
    pub faults: ForwardingFaults,
}

/// Whom a connection is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The address.
    pub peer: IpAddr,
    /// Whether a PROXY protocol header named it: what its requests say of a proxy is then a client's own word.
    pub is_announced: bool,
}

/// The headers in which proxies name their client, of which only the first is ever believed.
const FORWARDING: [&str; 3] = ["x-forwarded-for", "forwarded", "x-real-ip"];

/// A connection that should begin with a PROXY protocol header does not.
#[derive(Debug, thiserror::Error)]
pub enum NoHeader {
    /// It ended before.
    #[error("the connection ended")]
    Ended(#[from] io::Error),
    /// It begins with something else.
    #[error("a proxy did not begin with a PROXY protocol header; have it send one, or take it out of --proxy-protocol-from")]
    Wrong,
}

impl Proxies {
    /// Whether the address is that of a proxy, for which any number of clients may stand.
    pub fn are_at(&self, address: IpAddr) -> bool {
        holds(&self.forwarded_from, address) || holds(&self.proxy_protocol_from, address)
    }

    /// Whom a new connection is from. Takes the PROXY protocol header off it where one must be, never anywhere else:
    /// the protocol forbids guessing, because everybody else could then write one.
    pub async fn announced(&self, stream: &mut TcpStream, peer: IpAddr) -> Result<Remote, NoHeader> {
        if !holds(&self.proxy_protocol_from, peer) {
            return Ok(Remote { peer, is_announced: false });
        }
        let header = take_header(stream).await?;
        Ok(Remote { peer: source(&header)?.unwrap_or(peer).to_canonical(), is_announced: true })
    }

    /// Whether this peer's `X-Forwarded-For` is believed.
    pub fn forwards(&self, peer: IpAddr) -> bool {
        holds(&self.forwarded_from, peer)
    }

    /// Whom a request of this peer is from. Each proxy appends the address that it saw, so the list is walked from its end
    /// for as long as proxies of ours wrote it; what stands before that anybody can have written.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut entries = entries(headers);
        let mut hop = peer;
        while holds(&self.forwarded_from, hop) {
            // Junk chooses no address: the last proxy that we know stands for everybody behind it.
            let Some(address) = entries.next().and_then(address) else { break };
            hop = address;
        }
        hop
    }

    /// Notices from a request that a proxy is not set up as the limits by address need it to be. Of a list that ends in a client's
    /// own words nobody can tell; but a proxy that adds nothing hands on nothing for a client who wrote nothing.
    pub fn watch(&self, from: Remote, path: &str, headers: &HeaderMap) {
        if self.forwards(from.peer) {
            let names_client = entries(headers).next().and_then(address).is_some();
            // What a proxy asks of our health it asks for nobody.
            if !names_client && !path.starts_with("/health/") {
                self.faults.noticed(ForwardingFault::ClientNotNamed);
            }
        } else if !from.is_announced && FORWARDING.iter().any(|name| headers.contains_key(*name)) {
            self.faults.noticed(ForwardingFault::ProxyNotNamed);
        }
    }
}

/// The entries of all lines of `X-Forwarded-For`, the last first.
fn entries(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
}

fn holds(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// An address, of which some proxies also tell the port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let address = text.parse().or_else(|_| text.parse().map(|with_port: std::net::SocketAddr| with_port.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// Reads the header and not a byte more: what follows is HTTP's.
async fn take_header(stream: &mut TcpStream) -> Result<Vec<u8>, NoHeader> {
    let mut header = vec![0; SIGNATURE];
    stream.read_exact(&mut header).await?;
    if header == v2::PROTOCOL_PREFIX {
        let mut rest = [0; 4];
        stream.read_exact(&mut rest).await?;
        header.extend(rest);
        let whole = header.len() + usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        if whole > LONGEST_V2 {
            return Err(NoHeader::Wrong);
        }
        let head = header.len();
        header.resize(whole, 0);
        stream.read_exact(&mut header[head..]).await?;
    } else if header.starts_with(v1::PROTOCOL_PREFIX.as_bytes()) {
        take_line(stream, &mut header).await?;
    } else {
        return Err(NoHeader::Wrong);
    }
    Ok(header)
}

/// The rest of a header of version 1, which only its end of line tells: looked at first, so that nothing after it is taken.
async fn take_line(stream: &mut TcpStream, header: &mut Vec<u8>) -> Result<(), NoHeader> {
    while header.last() != Some(&b'\n') {
        let mut ahead = [0; LONGEST_V1];
        let room = LONGEST_V1 - header.len();
        if room == 0 {
            return Err(NoHeader::Wrong);
        }
        let seen = stream.peek(&mut ahead[..room]).await?;
        let end = ahead[..seen].iter().position(|byte| *byte == b'\n').map_or(seen, |at| at + 1);
        let begun = header.len();
        // At the end of the stream there is nothing to see, and reading one byte more says so.
        header.resize(begun + end.max(1), 0);
        stream.read_exact(&mut header[begun..]).await?;
    }
    Ok(())
}

/// The client that a whole header names; `None` where the proxy speaks for itself or cannot tell.
fn source(header: &[u8]) -> Result<Option<IpAddr>, NoHeader> {
    if header.starts_with(v2::PROTOCOL_PREFIX) {
        let header = v2::Header::try_from(header).map_err(|_| NoHeader::Wrong)?;
        return Ok(match (header.command, header.protocol, header.addresses) {
            (v2::Command::Proxy, v2::Protocol::Stream, v2::Addresses::IPv4(named)) => Some(named.source_address.into()),
            (v2::Command::Proxy, v2::Protocol::Stream, v2::Addresses::IPv6(named)) => Some(named.source_address.into()),
            _ => None,
        });
    }
    let header = v1::Header::try_from(header).map_err(|_| NoHeader::Wrong)?;
    Ok(match header.addresses {
        v1::Addresses::Tcp4(named) => Some(named.source_address.into()),
        v1::Addresses::Tcp6(named) => Some(named.source_address.into()),
        v1::Addresses::Unknown => None,
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Whom a request of `peer` with these header lines is from, where `10.0.0.0/8` and `2001:db8:f::/48` are proxies.
    fn client(peer: &str, lines: &[&[u8]]) -> IpAddr {
        let networks = ["10.0.0.0/8", "2001:db8:f::/48"].map(|network| network.parse().unwrap());
        let proxies = Proxies { forwarded_from: networks.into(), ..Proxies::default() };
        let lines = lines.iter().map(|line| ("x-forwarded-for".parse().unwrap(), HeaderValue::from_bytes(line).unwrap()));
        proxies.client(ip(peer), &lines.collect())
    }

    #[test]
    fn a_peer_that_is_no_proxy_is_itself_whatever_it_says() {
        for said in ["192.0.2.1", "10.0.0.1", "192.0.2.1, 10.0.0.1", ""] {
            assert_eq!(client("203.0.113.9", &[said.as_bytes()]), ip("203.0.113.9"), "{said}");
        }
        assert_eq!(client("10.0.0.1", &[]), ip("10.0.0.1"), "a proxy that says nothing is itself");
    }

    #[test]
    fn the_first_from_the_right_that_is_no_proxy_is_the_client() {
        for said in [
            "192.0.2.1",
            "192.0.2.1,10.0.0.2",
            "198.51.100.7, 192.0.2.1",
            "10.0.0.9, 198.51.100.7, 192.0.2.1 ,\t10.0.0.2, 2001:db8:f::2",
            "junk, 192.0.2.1",
            "192.0.2.1:5678",
            "::ffff:192.0.2.1",
            "[::ffff:192.0.2.1]:443, ::ffff:10.0.0.2",
        ] {
            assert_eq!(client("10.0.0.1", &[said.as_bytes()]), ip("192.0.2.1"), "{said}");
        }
        for said in ["2001:db8::1", "[2001:db8::1]:443", "192.0.2.1, 2001:db8::1"] {
            assert_eq!(client("2001:db8:f::1", &[said.as_bytes()]), ip("2001:db8::1"), "{said}");
        }
        assert_eq!(client("10.0.0.1", &[b"10.0.0.3, 10.0.0.2"]), ip("10.0.0.3"), "a proxy that asks for itself");
    }

    #[test]
    fn several_lines_are_one_list() {
        assert_eq!(client("10.0.0.1", &[b"198.51.100.7", b"192.0.2.1"]), ip("192.0.2.1"));
        assert_eq!(client("10.0.0.1", &[b"198.51.100.7, 192.0.2.1", b"10.0.0.2"]), ip("192.0.2.1"));
    }

    #[test]
    fn junk_ends_the_walk_at_the_last_proxy() {
        let junk: [&[u8]; 10] =
            [b"", b" ", b"unknown", b"192.0.2.1.", b"192.0.2.1 198.51.100.7", b"\xff\xfe", b"192.0.2.1:", b"2001:db8::1%1", b"_x", b"[]:1"];
        for junk in junk {
            assert_eq!(client("10.0.0.1", &[b"192.0.2.1", junk]), ip("10.0.0.1"), "{junk:?}");
            let behind_another = [junk, b", 10.0.0.2"].concat();
            assert_eq!(client("10.0.0.1", &[b"192.0.2.1", &behind_another]), ip("10.0.0.2"), "{junk:?}");
        }
        assert_eq!(client("10.0.0.1", &[b"192.0.2.1,"]), ip("10.0.0.1"), "an empty entry is junk");
    }

    /// A header of version 2 with this command, family and payload.
    fn second(command: u8, family: u8, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
        [v2::PROTOCOL_PREFIX, &[command, family], &length, payload].concat()
    }

    #[test]
    fn a_header_names_its_source_or_nobody() {
        let v4 = [192, 0, 2, 1, 10, 0, 0, 1, 0, 80, 0, 80];
        let v6 = [ip("2001:db8::1"), ip("2001:db8::2")].map(|a| match a {
            IpAddr::V6(v6) => v6.octets(),
            IpAddr::V4(_) => unreachable!(),
        });
        let v6 = [v6.concat(), vec![0, 80, 0, 80]].concat();
        let with_extension = [&v4[..], &[4, 0, 1, 0]].concat();
        for (header, named) in [
            (b"PROXY TCP4 192.0.2.1 10.0.0.1 5678 80\r\n".to_vec(), Some("192.0.2.1")),
            (b"PROXY TCP6 2001:db8::1 2001:db8::2 5678 80\r\n".to_vec(), Some("2001:db8::1")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN 192.0.2.1 10.0.0.1 5678 80\r\n".to_vec(), None),
            (second(0x21, 0x11, &v4), Some("192.0.2.1")),
            (second(0x21, 0x11, &with_extension), Some("192.0.2.1")),
            (second(0x21, 0x21, &v6), Some("2001:db8::1")),
            (second(0x20, 0x11, &v4), None),
            (second(0x20, 0x00, &[]), None),
            (second(0x21, 0x00, &[1, 2, 3]), None),
            (second(0x21, 0x12, &v4), None),
            (second(0x21, 0x31, &[0; 216]), None),
        ] {
            assert_eq!(source(&header).unwrap(), named.map(ip), "{header:?}");
        }
    }

    #[test]
    fn what_is_no_header_names_nobody() {
        for header in [
            b"PROXY TCP4 192.0.2.1 10.0.0.1 5678 80\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 5678\r\n".to_vec(),
            b"PROXY TCP4 2001:db8::1 2001:db8::2 5678 80\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 5678 99999\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 5678 80 \r\n".to_vec(),
            b"PROXY UDP4 192.0.2.1 10.0.0.1 5678 80\r\n".to_vec(),
            b"PROXY\r\n".to_vec(),
            b"PROXYTCP4 192.0.2.1 10.0.0.1 5678 80\r\n".to_vec(),
            b"proxy TCP4 192.0.2.1 10.0.0.1 5678 80\r\n".to_vec(),
            b"PROXY UNKNOWN\rx\n".to_vec(),
            second(0x31, 0x11, &[0; 12]),
            second(0x22, 0x11, &[0; 12]),
            second(0x21, 0x41, &[0; 12]),
            second(0x21, 0x11, &[0; 11]),
            second(0x21, 0x21, &[0; 35]),
        ] {
            assert!(matches!(source(&header), Err(NoHeader::Wrong)), "{header:?}");
        }
    }
}
