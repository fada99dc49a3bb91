//! More connections than a process may have files at first, and fewer files than connections. Each is counted by the kernel.

use std::{
    fs,
    io::Write as _,
    net::{Ipv4Addr, TcpStream},
    process::Command,
};

use serde_json::json;
use tokio::net::TcpSocket;

use crate::running::{BINARY, Folder, Service, post};

/// More than the 1,024 files that a process has at first on most systems, and than one network may have.
const SOCKETS: usize = 2_000;
const A_NETWORK: usize = 500;

/// A connection from an address of this machine's own, with the beginning of a request.
async fn slow(address: &str, from: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::new(127, 0, 0, from), 0).into()).unwrap();
    let mut stream = socket.connect(address.parse().unwrap()).await.unwrap().into_std().unwrap();
    stream.write_all(b"POST /v1/ver").unwrap();
    stream
}

/// Both sides, under a limit of the shell's.
fn serve_with(folder: &Folder, limit: &str) -> Service {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{limit}; exec {BINARY} serve --role all")]);
    command.current_dir(folder.path()).env_clear().env("TZ", "UTC");
    Service::spawn(command)
}

fn open_files(process: u32) -> usize {
    fs::read_dir(format!("/proc/{process}/fd")).unwrap().count()
}

#[tokio::test]
async fn two_thousand_slow_sockets_keep_nobody_out() {
    rlimit::increase_nofile_limit(rlimit::INFINITY).unwrap();
    let folder = Folder::ready();
    let service = serve_with(&folder, "ulimit -Sn 1024");
    let issued = folder.json(&["issue", "--channel", "in-person", "--private-url", &service.private]);
    let address = service.public.trim_start_matches("http://").to_owned();
    let mut sockets = vec![];
    for n in 0..SOCKETS {
        sockets.push(slow(&address, 10 + u8::try_from(n / A_NETWORK).unwrap()).await);
    }
    let url = format!("{}/v1/verify", service.public);
    let body = json!({"token": issued["token"]});
    let answer = tokio::task::spawn_blocking(move || post(&url, &body)).await.unwrap();
    assert_eq!(answer.unwrap().1["verdict"], "genuine");
    assert!(open_files(service.id()) > SOCKETS, "they are still there");
}

#[test]
fn where_files_are_few_there_are_fewer_connections_and_the_log_says_so() {
    let folder = Folder::ready();
    let service = serve_with(&folder, "ulimit -n 800");
    let url = format!("{}/v1/verify", service.public);
    assert_eq!(post(&url, &json!({"token": "hello"})).unwrap().1["verdict"], "mistyped");
    let log = service.terminate().1;
    assert_eq!(log.matches("800 open files are allowed").count(), 1, "{log}");
}
