//! A process on its way out: not ready, and serving.

use crate::{
    proxies::{eventually, guess},
    running::{Folder, PATIENCE, Service, post},
};

#[test]
fn a_drain_is_not_ready_and_serves_until_the_second_signal() {
    let folder = Folder::ready();
    drop(Service::start(&folder, &["--role", "issuer"]));
    let service = Service::start(&folder, &["--role", "verifier", "--drain", "10m"]);
    let status = |path: &str| {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        ureq::Agent::from(config).get(format!("{}{path}", service.public)).call().unwrap().status().as_u16()
    };
    assert_eq!((status("/health/ready"), status("/health/live")), (204, 204));
    service.signal();
    eventually("it is still ready", || status("/health/ready") == 503);
    assert_eq!(status("/health/live"), 204);
    assert_eq!(post(&format!("{}/v1/verify", service.public), &guess(1)).unwrap().1["verdict"], "unknown_code");
    assert_eq!(service.terminate().0.code(), Some(0));
}
