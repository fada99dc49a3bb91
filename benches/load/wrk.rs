//! wrk, driven by a script that sends bodies from a file one after the other and counts verdicts.

use std::{collections::BTreeMap, path::PathBuf, process::Command};

use crate::running::Folder;

/// How long one case lasts at most.
const DURATION: &str = "8s";
const CONNECTIONS: &str = "64";

const SCRIPT: &str = r#"
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds, nanos; } moment; int clock_gettime(int clock, moment *now);")
local moment = ffi.new("moment")
local function now()
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.seconds) + tonumber(moment.nanos) / 1e9
end

local bodies, sent, again = {}, 0, os.getenv("AGAIN") == "yes"
for line in io.lines(os.getenv("BODIES")) do bodies[#bodies + 1] = line end
local headers = { ["Content-Type"] = "application/json" }
-- Global, so that `done`, which runs in another state, can ask for it.
counts = {}
first, last = nil, nil

request = function()
  sent = sent + 1
  if sent > #bodies then
    if again then sent = 1 else sent = #bodies; wrk.thread:stop() end
  end
  return wrk.format("POST", "/v1/verify", headers, bodies[sent])
end

response = function(_, _, body)
  local verdict = body:match('"verdict":"([a-z_]+)"') or "none"
  counts[verdict] = (counts[verdict] or 0) + 1
  last = now()
  first = first or last
end

local thread
setup = function(t) thread = t end
done = function(summary)
  print("summary", summary.requests, (thread:get("last") - thread:get("first")) * 1e6)
  for verdict, count in pairs(thread:get("counts")) do print("verdict", verdict, count) end
end
"#;

/// Bodies in a file, to be sent once each or again and again.
pub struct Load {
    bodies: PathBuf,
    script: PathBuf,
    again: bool,
}

/// What wrk counted.
pub struct Run {
    pub requests: u32,
    /// From the first answer to the last.
    seconds: f64,
    pub verdicts: BTreeMap<String, u32>,
}

impl Load {
    /// Writes the bodies into the folder.
    pub fn new(folder: &Folder, name: &str, bodies: &[String], again: bool) -> Self {
        folder.write(name, &bodies.join("\n"));
        folder.write("load.lua", SCRIPT);
        Self { bodies: folder.path().join(name), script: folder.path().join("load.lua"), again }
    }

    /// Sends until the time is over, or until each body was sent.
    pub fn run(&self, url: &str) -> Run {
        let again = if self.again { "yes" } else { "no" };
        let ran = Command::new("wrk")
            .args(["--threads", "1", "--connections", CONNECTIONS, "--duration", DURATION, "--script"])
            .args([&self.script.display().to_string(), url])
            .env("BODIES", &self.bodies)
            .env("AGAIN", again)
            .output()
            .expect("wrk is not here; install it: apt install wrk");
        assert!(ran.status.success(), "wrk: {}", String::from_utf8_lossy(&ran.stderr));
        let mut run = Run { requests: 0, seconds: 0.0, verdicts: BTreeMap::new() };
        for line in String::from_utf8_lossy(&ran.stdout).lines() {
            match line.split('\t').collect::<Vec<_>>()[..] {
                ["summary", requests, micros] => {
                    run.requests = requests.parse().expect("a count");
                    run.seconds = micros.parse::<f64>().expect("microseconds") / 1e6;
                }
                ["verdict", verdict, count] => drop(run.verdicts.insert(verdict.to_owned(), count.parse().expect("a count"))),
                _ => {}
            }
        }
        run
    }
}

impl Run {
    pub fn per_second(&self) -> f64 {
        f64::from(self.requests) / self.seconds
    }
}
