//! Whom a request is for. A page elsewhere can give its own name our address (DNS rebinding), and its script then asks us as if
//! we were its own host; but the name that the browser asked for is still in the request.

use std::net::IpAddr;

use axum::http::{HeaderMap, Uri, Version, header, uri::Authority};

/// The hosts that a listener answers for, besides localhost and its own address.
#[derive(Clone, Debug, Default)]
pub struct Hosts(Vec<Host>);

/// The host of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// In lower case, without the dot of the root.
    Name(String),
    /// An address.
    Address(IpAddr),
}

/// RFC 9112, 3.2: more or less than one host is named, or none that can be read.
#[derive(Debug, PartialEq, Eq)]
pub struct NoHost;

impl Hosts {
    /// Those of these URLs.
    pub fn of<'a>(urls: impl IntoIterator<Item = &'a str>) -> Self {
        let authorities = urls.into_iter().filter_map(|url| url.parse::<Uri>().ok()?.into_parts().authority);
        Self(authorities.filter_map(|authority| Host::of(&authority).ok()).collect())
    }

    /// Whether a request for this host, which came to our own address, is ours to answer. Ports do not matter: proxies and
    /// containers change them, and no name becomes ours by one.
    pub fn hold(&self, host: &Host, own: Option<IpAddr>) -> bool {
        let by_itself = match host {
            Host::Name(name) => name == "localhost",
            Host::Address(address) => address.is_loopback() || own == Some(*address),
        };
        by_itself || self.0.contains(host)
    }
}

impl Host {
    /// The host that a request names; `None` where it names none and need not, as in HTTP/1.0.
    pub fn asked(version: Version, target: &Uri, headers: &HeaderMap) -> Result<Option<Self>, NoHost> {
        let mut lines = headers.get_all(header::HOST).iter();
        let (line, None) = (lines.next(), lines.next()) else { return Err(NoHost) };
        if line.is_none() && version > Version::HTTP_10 {
            return Err(NoHost);
        }
        let said = line.filter(|line| !line.is_empty()).map(|line| Authority::try_from(line.as_bytes()).map_err(|_| NoHost));
        let said = said.transpose()?.as_ref().map(Self::of).transpose()?;
        // A target in absolute form counts, and the header does not (RFC 9112, 3.2.2).
        target.authority().map(Self::of).transpose().map(|target| target.or(said))
    }

    fn of(authority: &Authority) -> Result<Self, NoHost> {
        let (text, host) = (authority.as_str(), authority.host());
        let port = text.strip_prefix(host).ok_or(NoHost)?;
        if host.is_empty() || !(port.is_empty() || port.strip_prefix(':').is_some_and(is_port)) {
            return Err(NoHost);
        }
        if let Some(v6) = host.strip_prefix('[') {
            let address = v6.strip_suffix(']').and_then(|v6| v6.parse().ok()).map(IpAddr::V6);
            return address.map(|address| Self::Address(address.to_canonical())).ok_or(NoHost);
        }
        let name = host.strip_suffix('.').unwrap_or(host);
        Ok(name.parse().map_or_else(|_| Self::Name(name.to_ascii_lowercase()), Self::Address))
    }
}

/// It may be empty (RFC 3986, 3.2.3).
fn is_port(text: &str) -> bool {
    text.is_empty() || (text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(version: Version, target: &str, lines: &[&str]) -> Result<Option<Host>, NoHost> {
        let headers = lines.iter().map(|line| (header::HOST, line.parse().unwrap())).collect();
        Host::asked(version, &target.parse().unwrap(), &headers)
    }

    fn serves(host: &str) -> bool {
        let hosts = Hosts::of(["https://Console.Example.org", "http://[2001:db8::5]:8081", "http://192.0.2.5:8081"]);
        let host = asked(Version::HTTP_11, "/", &[host]).unwrap().unwrap();
        hosts.hold(&host, Some("10.0.0.1".parse().unwrap()))
    }

    #[test]
    fn our_own_names_and_addresses_and_no_others() {
        for own in [
            "console.example.org",
            "CONSOLE.example.ORG.",
            "console.example.org:8443",
            "console.example.org:",
            "localhost",
            "LocalHost.:8081",
            "127.0.0.1:8081",
            "127.1.2.3",
            "[::1]:8081",
            "[0:0::1]",
            "[::ffff:127.0.0.1]",
            "10.0.0.1",
            "10.0.0.1:65535",
            "[::ffff:10.0.0.1]:1",
            "192.0.2.5",
            "[2001:DB8:0::5]",
        ] {
            assert!(serves(own), "{own}");
        }
        for other in [
            "evil.example",
            "console.example.org.evil.example",
            "evil-console.example.org",
            "example.org",
            "console.example.org..",
            "a.localhost",
            "localhost.evil.example",
            "localhost,evil.example",
            "127.0.0.1.evil.example",
            "127.1",
            "0x7f000001",
            "2130706433",
            "0.0.0.0",
            "[::]",
            "10.0.0.2",
            "[2001:db8::6]",
        ] {
            assert!(!serves(other), "{other}");
        }
    }

    #[test]
    fn what_names_no_host() {
        for line in ["a@b", "a b", "a/b", "a:65536", "a:x", "a:-1", "a:1:2", ":80", "[::1", "[1.2.3.4]", "[::1%251]", "[v1.a]", "::1"] {
            assert_eq!(asked(Version::HTTP_11, "/", &[line]), Err(NoHost), "{line}");
        }
        assert_eq!(asked(Version::HTTP_11, "/", &[]), Err(NoHost));
        assert_eq!(asked(Version::HTTP_10, "/", &[]), Ok(None));
        assert_eq!(asked(Version::HTTP_11, "/", &[""]), Ok(None), "a check of a proxy, to our own address");
        assert_eq!(asked(Version::HTTP_10, "/", &["a", "a"]), Err(NoHost));
        assert_eq!(asked(Version::HTTP_11, "/", &["a", "b"]), Err(NoHost));
    }

    #[test]
    fn a_target_in_absolute_form_counts_before_the_header() {
        let a = Ok(Some(Host::Name("a".into())));
        assert_eq!(asked(Version::HTTP_11, "http://a/x", &["b"]), a);
        assert_eq!(asked(Version::HTTP_10, "http://a:80/x", &[]), a);
        assert_eq!(asked(Version::HTTP_11, "/http://b/", &["a"]), a);
        assert_eq!(asked(Version::HTTP_11, "http://u@a/", &["a"]), Err(NoHost));
        assert_eq!(asked(Version::HTTP_11, "http://a/", &[]), Err(NoHost), "the header must be there all the same");
    }
}
