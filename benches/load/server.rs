//! The bare echo in a process of its own, and the kernel's account of a process.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use axum::{Json, Router, routing::post};
use countersign::http::{
    listen::{Limits, serve},
    proxy::Proxies,
};
use serde_json::Value;
use tokio::net::TcpListener;

/// The argument by which this program runs as the echo.
pub const ECHO: &str = "echo-server";
/// Ticks of the kernel's account, which Linux fixes for programs.
const TICKS_A_SECOND: f64 = 100.0;

/// Answers every JSON body with itself, behind the accept loop of the service. Runs until it is killed.
pub fn echo() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("{}", listener.local_addr().expect("it is bound"));
        let router = Router::new().route("/v1/verify", post(|Json(body): Json<Value>| async { Json(body) }));
        serve(listener, router, Limits::PUBLIC, Proxies::default(), std::future::pending()).await;
    });
}

/// The echo, killed when dropped.
pub struct Echo {
    child: Child,
    pub url: String,
}

impl Echo {
    pub fn start() -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program).arg(ECHO).stdout(Stdio::piped()).spawn().expect("itself");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("its address");
        Self { child, url: format!("http://{}", line.trim()) }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time of all threads of a process so far, user and system.
pub fn cpu_micros(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("a running process on Linux");
    // The name of the program, in parentheses, may hold spaces; utime and stime are fields 14 and 15 of all.
    let (_, fields) = stat.rsplit_once(") ").expect("a name in parentheses");
    let ticks: f64 = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number")).sum();
    ticks * 1e6 / TICKS_A_SECOND
}
