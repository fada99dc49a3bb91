//! Clients of reqwest, whose TLS brings no cryptography of its own.

/// One that is to be built.
pub fn client() -> reqwest::ClientBuilder {
    // An error says that it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Reading all that the machine trusts takes longer than most tests; who speaks TLS names the one authority of the test.
    reqwest::Client::builder().tls_certs_only([])
}
