//! The process that is measured.

use std::fs;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use qahm_event::SiteId;
use qahm_ring::Ring;
use qahm_runtime::Place;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Result;

/// The site all records belong to, and its host.
pub(crate) const SITE: SiteId = SiteId(0x00c0_ffee_00c0_ffee);
pub(crate) const HOST: &str = "bench.test";

/// The default of `qahm_realtime.slots`.
const SLOTS: u32 = 8192;

/// Ticks in a second of /proc: 100 on every machine of ours, whatever the kernel's own tick is.
const TICKS: f64 = 100.0;

/// A running engine with one site. Killed when dropped.
pub(crate) struct Engine {
    child: Child,
    place: Place,
    data: TempDir,
    _runtime: TempDir,
    pub(crate) ring: Ring,
}

/// Where memory stands, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// The process's own: heap and stacks.
    pub(crate) anonymous: u64,
    /// The ring's pages it has touched.
    pub(crate) shared: u64,
}

impl Engine {
    /// Starts one in directories of its own; `memory_limit` in bytes.
    pub(crate) fn start(binary: &Path, dir: &Path, memory_limit: u64) -> Result<Engine> {
        let runtime = tempfile::Builder::new().prefix("qahm-bench-").tempdir_in("/dev/shm")?;
        let data = tempfile::tempdir_in(dir)?;
        let child = Command::new(binary)
            .arg("--runtime-dir")
            .arg(runtime.path())
            .arg("--data-dir")
            .arg(data.path())
            .args(["--slots", &SLOTS.to_string(), "--foreground"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let place = qahm_runtime::runtime_dir(Some(runtime.path()), true)?;
        let ring = patient("a ring", || Ring::open(place.fd.as_fd()).ok())?;
        let engine = Engine { child, place, data, _runtime: runtime, ring };
        let config = json!({
            "hosts": [HOST], "home": format!("http://{HOST}"), "timezone": "UTC", "memory_limit": memory_limit,
            "alert_high_traffic": 100_000_000, "trusted_proxies": "auto",
        });
        let request = json!({ "op": "configure", "site": SITE.to_string(), "config": config.to_string() });
        let answer = patient("an answer", || call(&engine.place, &request.to_string()).ok())?;
        if answer["ok"] != true {
            return Err(format!("the engine refuses the site: {answer}").into());
        }
        Ok(engine)
    }

    /// The directory of its database.
    pub(crate) fn data(&self) -> PathBuf {
        self.data.path().join(rustix::process::geteuid().as_raw().to_string())
    }

    /// CPU seconds it has used, user and system.
    pub(crate) fn cpu(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // After the name, which may hold anything: state is the first field, utime and stime the 12th and 13th.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
        let ticks = fields.skip(11).take(2).map(str::parse::<u64>).sum::<std::result::Result<u64, _>>()?;
        Ok(ticks as f64 / TICKS)
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let read = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kb| kb * 1024)
        };
        Ok(Memory { anonymous: read("RssAnon"), shared: read("RssShmem") })
    }

    /// What it says of itself once it has taken in `events` records and committed them all.
    pub(crate) fn settled(&self, events: u64) -> Result<Value> {
        patient("the last record to be committed", || (self.ring.used() == 0).then_some(()))?;
        // Said anew every second.
        patient(&format!("{events} records to be counted"), || {
            let status = call(&self.place, r#"{"op":"status"}"#).ok()?;
            (status["engine"]["events"].as_u64()? >= events).then(|| status["engine"].clone())
        })
    }

    /// The live numbers of the site.
    pub(crate) fn live(&self) -> Result<Value> {
        self.ask("live")
    }

    /// What it answers to a question about the site.
    pub(crate) fn ask(&self, what: &str) -> Result<Value> {
        let request = json!({ "op": "ask", "site": SITE.to_string(), "q": { "what": what, "limit": 1000 } });
        Ok(call(&self.place, &request.to_string())?[what].clone())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _dead = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// One request over the control socket.
pub(crate) fn call(place: &Place, request: &str) -> Result<Value> {
    let answer = qahm_runtime::call(place, request.as_bytes(), Duration::from_secs(5))?;
    Ok(serde_json::from_slice(&answer)?)
}

/// Waits until there is something; 30 s at most.
fn patient<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if Instant::now() > end {
            return Err(format!("waited 30 s for {what}").into());
        }
        sleep(Duration::from_millis(5));
    }
}
