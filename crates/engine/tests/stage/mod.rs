//! A real engine on directories of its own: started, asked, killed.
// Each test file uses its part of it, and helpers are not seen as tests.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use qahm_event::{Encoder, Flags, Head, Kind, Micros, Peer, RECORD_MAX, SiteId, Tag, ViewId};
use qahm_ring::Ring;
use qahm_runtime::{Place, call, runtime_dir};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

pub const SITE: SiteId = SiteId(0x0123_4567_89ab_cdef);
pub const ENGINE: &str = env!("CARGO_BIN_EXE_qahm-realtimed");

/// Two bases in a directory of their own, and the engines started on them.
pub struct Stage {
    dir: tempfile::TempDir,
    pub engine: Option<Child>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.kill(Signal::KILL);
    }
}

/// Waits until `found` answers something; at most ten seconds.
pub fn await_some<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(it) = found() {
            return it;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

impl Stage {
    pub fn new() -> Stage {
        assert!(!rustix::process::geteuid().is_root(), "run as another user than root, as `make test` does");
        let dir = tempfile::tempdir().unwrap();
        for base in ["run", "data"] {
            std::fs::create_dir(dir.path().join(base)).unwrap();
        }
        Stage { dir, engine: None }
    }

    pub fn base(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn own(&self, name: &str) -> PathBuf {
        self.base(name).join(rustix::process::geteuid().as_raw().to_string())
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(ENGINE);
        command.arg("--runtime-dir").arg(self.base("run")).arg("--data-dir").arg(self.base("data"));
        command.args(["--foreground", "--slots", "1024"]).stderr(Stdio::piped());
        command
    }

    /// Starts an engine and waits until it beats.
    pub fn start(&mut self) {
        let child = self.command().spawn().unwrap();
        let pid = child.id();
        self.engine = Some(child);
        await_some("the engine", || {
            let ring = self.ring()?;
            let header = ring.header();
            (header.engine_pid() == pid && header.beat() > 0).then_some(())
        });
    }

    pub fn kill(&mut self, signal: Signal) -> Option<i32> {
        let mut child = self.engine.take()?;
        kill_process(Pid::from_child(&child), signal).unwrap();
        child.wait().unwrap().code()
    }

    pub fn place(&self) -> Place {
        runtime_dir(Some(&self.base("run")), true).unwrap()
    }

    pub fn ring(&self) -> Option<Ring> {
        Ring::open(std::os::fd::AsFd::as_fd(&self.place().fd)).ok()
    }

    pub fn ask(&self, request: &Value) -> Value {
        let answer = call(&self.place(), request.to_string().as_bytes(), Duration::from_secs(5)).unwrap();
        serde_json::from_slice(&answer).unwrap()
    }

    pub fn configure(&self, change: &Value) {
        let mut config = json!({ "hosts": ["a.test"], "name": "A", "trusted_proxies": "auto" });
        config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let request = json!({ "op": "configure", "site": SITE.to_string(), "config": config.to_string() });
        assert_eq!(self.ask(&request)["ok"], true);
    }

    pub fn live(&self) -> Value {
        self.ask(&json!({ "op": "ask", "site": SITE.to_string(), "q": { "what": "live", "pages": 100 } }))["live"].clone()
    }

    /// The numbers alone: what must be the same after a restart.
    pub fn numbers(&self) -> Value {
        let mut live = self.live();
        for changing in ["epoch", "seq", "time"] {
            live.as_object_mut().unwrap().remove(changing);
        }
        live
    }

    pub fn await_live(&self, name: &str, value: u64) {
        await_some(&format!("{name} = {value}, not {}", self.live()[name]), || {
            (self.live()[name] == value).then_some(())
        });
    }
}

/// A record of a visitor that is known by its number.
pub fn push(ring: &Ring, kind: Kind, visitor: u8, view: u64, sequence: u32, url: &str) {
    push_with(ring, kind, Flags::NONE, visitor, view, sequence, url);
}

/// The same with further flags.
pub fn push_with(ring: &Ring, kind: Kind, flags: Flags, visitor: u8, view: u64, sequence: u32, url: &str) {
    let head = Head {
        kind,
        flags: flags | Flags::HOST_OK | Flags::VISIBLE,
        site: SITE,
        time: Micros::now(),
        view: ViewId(view),
        sequence,
        peer: Peer::parse(format!("203.0.113.{visitor}").as_bytes()).unwrap(),
    };
    let mut buffer = [0; RECORD_MAX];
    let mut encoder = Encoder::new(&mut buffer, &head);
    encoder.text(Tag::Url, url.as_bytes());
    encoder.text(Tag::UserAgent, b"test");
    encoder.text(Tag::Referrer, b"https://search.example/?q=private+words");
    ring.push(encoder.finish()).unwrap();
}
