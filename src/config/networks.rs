//! Networks of proxies.

use ipnet::{IpNet, Ipv4Net};

use super::ConfigError;

/// Reads networks such as `10.0.0.0/8`; a bare address is a network of its own. In the form that connections are
/// compared in: an IPv4 address is never written as an IPv6 one.
pub(super) fn networks(flag: &'static str, texts: &[String]) -> Result<Vec<IpNet>, ConfigError> {
    let wrong = |text: &String| ConfigError::Wrong { flag, value: text.clone(), wanted: "a network such as 10.0.0.0/8, or an address" };
    texts.iter().map(|text| network(text.trim()).ok_or_else(|| wrong(text))).collect()
}

fn network(text: &str) -> Option<IpNet> {
    let network = text.parse().or_else(|_| text.parse().map(|address: std::net::IpAddr| IpNet::from(address))).ok()?;
    let IpNet::V6(v6) = network else { return Some(network) };
    let mapped = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    Some(mapped.and_then(|(v4, bits)| Ipv4Net::new(v4, bits).ok()).map_or(network, IpNet::V4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_addresses() {
        for (text, read) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("192.0.2.1", "192.0.2.1/32"),
            (" 2001:db8::/48 ", "2001:db8::/48"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:192.0.2.1", "192.0.2.1/32"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(networks("--x", &[text.into()]).unwrap(), [read.parse().unwrap()], "{text}");
        }
        for bad in ["", "10.0.0.0/33", "proxy.example.org", "10.0.0.1:80", "10.0.0", "10.0.0.0/", "*"] {
            assert!(networks("--x", &[bad.into()]).is_err(), "{bad}");
        }
    }
}
