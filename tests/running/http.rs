//! Clients of reqwest, whose TLS brings no cryptography of its own.

/// One that is to be built.
pub fn client() -> reqwest::ClientBuilder {
    // An error says that it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}
