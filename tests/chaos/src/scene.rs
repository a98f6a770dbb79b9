//! The directories, the ring and the site of one test.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use qahm_ring::Ring;
use qahm_runtime::Place;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::engine::Engine;
use crate::record::{HOST, SITE};
use crate::report::Report;
use crate::until;

/// Name of the producers' report in the scene's directory.
pub const REPORT: &str = "accepted";
/// Name of the runtime directory's base in it.
const RUN: &str = "run";

/// The private place of one test. Removed when it is dropped, unless a test has failed: then its path is printed.
pub struct Scene {
    /// In memory, as on a real server: ring, socket, report.
    memory: Option<TempDir>,
    /// On a disk: the database.
    disk: Option<TempDir>,
    /// Slots of the ring.
    slots: u32,
}

impl Scene {
    /// Directories, but no ring yet: the first engine makes it.
    pub fn new(slots: u32) -> Scene {
        let shm = Path::new("/dev/shm");
        let base = if shm.is_dir() { shm.to_owned() } else { std::env::temp_dir() };
        let make =
            |base: PathBuf| tempfile::Builder::new().prefix("qahm-realtime-chaos-").tempdir_in(base).unwrap();
        let (memory, disk) = (make(base), make(std::env::temp_dir()));
        std::fs::create_dir(memory.path().join(RUN)).unwrap();
        let scene = Scene { memory: Some(memory), disk: Some(disk), slots };
        Report::create(&scene.dir().join(REPORT));
        scene
    }

    /// What producers are given as their first argument.
    pub fn dir(&self) -> &Path {
        self.memory.as_ref().unwrap().path()
    }

    /// The base of the data directory.
    pub fn data(&self) -> &Path {
        self.disk.as_ref().unwrap().path()
    }

    /// Everything an engine is started with.
    pub fn arguments(&self) -> Vec<std::ffi::OsString> {
        let mut arguments: Vec<std::ffi::OsString> =
            ["--foreground", "--slots"].into_iter().map(Into::into).collect();
        arguments.push(self.slots.to_string().into());
        arguments.extend(["--runtime-dir".into(), self.dir().join(RUN).into_os_string()]);
        arguments.extend(["--data-dir".into(), self.data().as_os_str().to_owned()]);
        arguments
    }

    /// The first engine. It knows no site yet.
    pub fn start(&self) -> Engine {
        let mut engine = Engine::start(self);
        until("the first engine to make the ring", || {
            engine.lives();
            try_ring(self.dir()).is_some()
        });
        let ring = self.ring();
        until("the first engine to beat", || engine.is_up(&ring));
        engine
    }

    /// The first engine, which is told of the site.
    pub fn begin(&self) -> Engine {
        let engine = self.start();
        self.configure();
        engine
    }

    /// Tells the engine of the site.
    pub fn configure(&self) {
        let answer = self.order().unwrap();
        assert_eq!(answer["ok"], true, "{answer}");
    }

    /// As `configure`, whatever comes of it.
    pub fn order(&self) -> Option<Value> {
        self.call(json!({ "op": "configure", "site": SITE.to_string(), "config": config() }))
    }

    /// The ring, mapped anew.
    pub fn ring(&self) -> Ring {
        ring(self.dir())
    }

    /// What the producers say.
    pub fn report(&self) -> Report {
        Report::open(&self.dir().join(REPORT))
    }

    /// Asks the engine; `None` when nobody answers.
    pub fn call(&self, request: Value) -> Option<Value> {
        let answer =
            qahm_runtime::call(&place(self.dir()), request.to_string().as_bytes(), Duration::from_secs(4))
                .ok()?;
        Some(serde_json::from_slice(&answer).unwrap())
    }

    /// The live numbers, without what may differ between two engines that agree: when and as the how manieth they were
    /// made. `None` when no engine answers, or the one that does has not shown the site yet.
    pub fn live(&self) -> Option<Value> {
        let question =
            json!({ "op": "ask", "site": SITE.to_string(), "q": { "what": "live", "pages": 100 } });
        let mut answer = self.call(question)?;
        let live = answer.get_mut("live")?.as_object_mut()?;
        for own in ["epoch", "seq", "time"] {
            live.remove(own).unwrap();
        }
        Some(answer["live"].take())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let kept = [self.memory.take(), self.disk.take()].map(|dir| dir.map(TempDir::keep));
            eprintln!("what was left is in {kept:?}");
        }
    }
}

/// The runtime directory of a scene.
fn place(scene: &Path) -> Place {
    qahm_runtime::runtime_dir(Some(&scene.join(RUN)), false).unwrap()
}

/// The ring of a scene.
pub fn ring(scene: &Path) -> Ring {
    try_ring(scene).expect("a ring")
}

fn try_ring(scene: &Path) -> Option<Ring> {
    Ring::open(qahm_runtime::runtime_dir(Some(&scene.join(RUN)), false).ok()?.fd.as_fd()).ok()
}

/// The site's configuration. Its time zone is one in which it is about noon: no midnight comes between two numbers.
fn config() -> String {
    let hour = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 3600 % 24;
    let east = 12 - hour as i64;
    let zone = format!("{}{:02}:00", if east < 0 { '-' } else { '+' }, east.abs());
    json!({ "hosts": [HOST], "home": format!("http://{HOST}"), "memory_limit": 256 << 20, "name": "Chaos", "timezone": zone })
        .to_string()
}
