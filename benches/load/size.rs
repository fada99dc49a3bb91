//! What the service takes of the machine.

use std::{
    fs,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use crate::running::{BINARY, Folder, PATIENCE, Service};

/// Connections that are open and say nothing; below what the public listener takes.
const IDLE: usize = 10_000;
/// Starts that are timed; the median counts.
const STARTS: usize = 5;

/// Prints sizes, and the time from the start to the first answer that says ready.
pub fn report(folder: &Folder) {
    // For both ends, since a child has what its parent has.
    rlimit::increase_nofile_limit(u64::MAX).expect("more files");
    let mut starts: Vec<Duration> = (0..STARTS).map(|_| start(folder)).collect();
    starts.sort_unstable();
    // As through a proxy on this machine: one visitor may not have so many.
    let service = Service::start(folder, &["--role", "verifier", "--forwarded-from", "127.0.0.1"]);
    let idle = resident(service.id());
    let connections = connect(&service);
    let many = resident(service.id());
    drop(connections);
    let binary = fs::metadata(BINARY).expect("it was built").len();
    println!("\n| | |\n|---|---:|");
    println!("| start to ready | {:.0} ms |", starts[STARTS / 2].as_secs_f64() * 1e3);
    println!("| resident, idle | {idle} KiB |");
    println!("| resident, {IDLE} idle connections | {many} KiB |");
    println!("| binary | {} KiB |", binary / 1_024);
}

fn start(folder: &Folder) -> Duration {
    let begin = Instant::now();
    let service = Service::start(folder, &["--role", "verifier"]);
    let ready = format!("{}/health/ready", service.public);
    while !ureq::get(&ready).call().is_ok_and(|answer| answer.status().as_u16() == 204) {
        assert!(begin.elapsed() < PATIENCE, "it is never ready");
    }
    begin.elapsed()
}

/// Opens connections, and waits until the service has taken them all.
fn connect(service: &Service) -> Vec<TcpStream> {
    let files = format!("/proc/{}/fd", service.id());
    let (begin, address) = (Instant::now(), service.public.trim_start_matches("http://").to_owned());
    let open = |n: usize| {
        if n.is_multiple_of(100) {
            // The kernel's queue is shorter than that; a connection that does not fit in waits for a second.
            thread::sleep(Duration::from_millis(20));
        }
        TcpStream::connect(&address).expect("it listens")
    };
    let open: Vec<TcpStream> = (0..IDLE).map(open).collect();
    while fs::read_dir(&files).expect("it runs").count() < IDLE {
        assert!(begin.elapsed() < PATIENCE, "it does not take them");
        thread::yield_now();
    }
    open
}

/// Resident memory of a process, by the kernel's account. KiB.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("a running process on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
