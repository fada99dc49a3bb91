//! Networks of proxies.

use ipnet::{IpNet, Ipv4Net};

use super::ConfigError;

/// Reads networks such as `10.0.0.0/8`; a bare address is a network of its own. In the form that connections are
/// compared in: an IPv4 address is never written as an IPv6 one. Not everybody: any client could say who it is then.
pub(super) fn networks(flag: &'static str, texts: &[String]) -> Result<Vec<IpNet>, ConfigError> {
    let wrong = |text: &String| ConfigError::Wrong {
        flag,
        value: text.clone(),
        wanted: "an address or a network such as 10.0.0.0/8, where nobody but proxies of yours is",
    };
    let named = |text: &String| network(text.trim()).filter(|network| network.prefix_len() > 0).ok_or_else(|| wrong(text));
    texts.iter().map(named).collect()
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
        ] {
            assert_eq!(networks("--x", &[text.into()]).unwrap(), [read.parse().unwrap()], "{text}");
        }
        for bad in
            ["", "10.0.0.0/33", "0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96", "proxy.example.org", "10.0.0.1:80", "10.0.0", "10.0.0.0/", "*"]
        {
            assert!(networks("--x", &[bad.into()]).is_err(), "{bad}");
        }
    }
}
