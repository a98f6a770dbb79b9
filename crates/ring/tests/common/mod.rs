//! A ring in a private directory, its raw words, and child processes that are this very test binary.
#![allow(dead_code, unreachable_pub)]

use qahm_ring::{Drain, PAYLOAD_MAX, Ring, SLOT_BYTES, Step, boottime_us, file_name};
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub const FREE: u64 = 0;
pub const CLAIMED: u64 = 1;
pub const READY: u64 = 2;
pub const SKIPPED: u64 = 3;

/// Offsets in the file, as drawn in layout.rs.
pub const NAMESPACE_AT: u64 = 24;
pub const TAIL_AT: u64 = 128;
pub const HEAD_AT: u64 = 256;
pub const SITES_AT: u64 = 4096;
pub const SLOTS_AT: u64 = 200_704;

pub struct Place {
    pub dir: TempDir,
}

impl Place {
    /// In memory where possible, as in production.
    pub fn new() -> Place {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Place { dir: dir.unwrap() }
    }

    pub fn fd(&self) -> File {
        File::open(self.dir.path()).unwrap()
    }

    pub fn create(&self, slots: u32) -> Ring {
        Ring::open_or_create_even_as_root(self.fd().as_fd(), slots).unwrap()
    }

    pub fn open(&self) -> Ring {
        Ring::open(self.fd().as_fd()).unwrap()
    }

    /// The file under the mapping: what is written here is in shared memory at once.
    pub fn raw(&self) -> Raw {
        let path = self.dir.path().join(file_name());
        Raw(File::options().read(true).write(true).open(path).unwrap())
    }
}

pub struct Raw(pub File);

impl Raw {
    pub fn word(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, at).unwrap();
        u64::from_ne_bytes(bytes)
    }

    pub fn set_word(&self, at: u64, word: u64) {
        self.0.write_all_at(&word.to_ne_bytes(), at).unwrap();
    }

    pub fn slot_at(slot: u64) -> u64 {
        SLOTS_AT + slot * SLOT_BYTES as u64
    }

    /// lap, pid, phase
    pub fn state(&self, slot: u64) -> (u64, u64, u64) {
        let word = self.word(Raw::slot_at(slot));
        (word >> 24, word >> 2 & 0x3F_FFFF, word & 3)
    }

    pub fn set_state(&self, slot: u64, lap: u64, pid: u32, phase: u64) {
        self.set_word(Raw::slot_at(slot), lap << 24 | u64::from(pid) << 2 | phase);
    }

    pub fn slot_bytes(&self, slot: u64) -> Vec<u8> {
        let mut bytes = vec![0; SLOT_BYTES];
        self.0.read_exact_at(&mut bytes, Raw::slot_at(slot)).unwrap();
        bytes
    }
}

/// Everything there is now; skipped and torn ones as an empty `Err`.
pub fn drain_all(drain: &mut Drain<&Ring>) -> Vec<Result<Vec<u8>, Step>> {
    let (mut found, mut buf) = (Vec::new(), [0; PAYLOAD_MAX]);
    loop {
        match drain.next(boottime_us(), &mut buf) {
            Step::Record(len) => found.push(Ok(buf[..len].to_vec())),
            Step::Empty => return found,
            Step::Waiting => std::thread::yield_now(),
            step => found.push(Err(step)),
        }
    }
}

pub fn records(drain: &mut Drain<&Ring>) -> Vec<Vec<u8>> {
    drain_all(drain).into_iter().flatten().collect()
}

/// A pid that was alive a moment ago and has been reaped.
pub fn dead_pid() -> u32 {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id()
}

/// Says so past the test harness, which keeps what a passing test prints to itself.
pub fn not_tested(what: &str) {
    let _ = writeln!(std::io::stderr(), "NOT TESTED here: {what}");
}

pub fn am_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// This test binary again, running only the test `name`, which finds `QAHM_RING_CHILD` set to the directory.
pub fn again(name: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads=1", "--quiet"]);
    command.env("QAHM_RING_CHILD", dir).stdout(Stdio::null());
    command
}

/// The directory given to a child, or `None` in the parent.
pub fn child_dir() -> Option<File> {
    Some(File::open(std::env::var_os("QAHM_RING_CHILD")?).unwrap())
}

/// A copy of this test binary that any user may run; the build directory may be closed to others.
pub fn runnable_by_all() -> (TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let copy = dir.path().join("test");
    // By another process: a file that we hold open for writing while another test forks cannot be run.
    let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&copy).status().unwrap();
    assert!(copied.success());
    std::fs::set_permissions(&copy, PermissionsExt::from_mode(0o755)).unwrap();
    (dir, copy)
}

pub fn succeeded(mut child: Child) -> bool {
    child.wait().unwrap().success()
}

/// Small, fast, repeatable.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
