//! Starting the engine: throttled in shared memory, so that a host with a hundred workers starts one, and bounded in
//! time, because a visitor waits.

use std::{
    ffi::{CStr, OsStr, c_void},
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use qahm_event::Micros;
use qahm_ring::{Message, Ring, SPAWN_BACKOFF_US};

use crate::ini::Settings;

/// An engine that has not beaten for this long is missing, µs. It beats every second at least.
pub(crate) const STALE_US: u64 = 3_000_000;

/// An engine that has not beaten for this long after it was started will not, µs.
const STARTING_US: u64 = 5_000_000;

/// File name of the engine.
const ENGINE: &str = "qahm-realtimed";
/// Where packages put it.
const LIBEXEC: &str = "/usr/libexec/qahm-realtime";
/// How long the engine may take to detach itself. It needs a few milliseconds.
const DETACH: Duration = Duration::from_millis(500);

/// Microseconds since the engine last beat; `u64::MAX` when none ever did.
pub(crate) fn beat_age(ring: &Ring, now: Micros) -> u64 {
    ring.header().beat_age_us(now.0).unwrap_or(u64::MAX)
}

/// Whether an engine that does not beat was started so lately that it may still be about to.
pub(crate) fn is_starting(ring: &Ring, now: Micros) -> bool {
    let last = ring.last_spawn_us(&SPAWN_BACKOFF_US);
    last.is_some_and(|last| now.0.abs_diff(last) < STARTING_US) && ring.message(Message::Spawn).is_empty()
}

/// Whether an engine that does not listen may be about to: it is being started, or was alive until just now.
pub(crate) fn is_expected(ring: &Ring, now: Micros) -> bool {
    beat_age(ring, now) <= STALE_US || is_starting(ring, now)
}

/// Starts the engine unless another worker did so a moment ago. What goes wrong is told in the ring, where `status`
/// and phpinfo of every process find it.
#[cold]
pub(crate) fn start(settings: &Settings, ring: &Ring, now: Micros) {
    if !ring.try_spawn(now.0, SPAWN_BACKOFF_US) {
        return;
    }
    let text = match engine(settings).and_then(|engine| run(settings, &engine)) {
        Ok(()) => String::new(),
        Err(text) => text,
    };
    ring.set_message(Message::Spawn, &text);
}

/// The engine's path: as configured, else beside the extension, else where packages put it.
///
/// # Errors
/// In words, when there is none that can be run.
pub(crate) fn engine(settings: &Settings) -> Result<PathBuf, String> {
    if let Some(path) = &settings.engine {
        return match runnable(path) {
            true => Ok(path.clone()),
            false => Err(format!("the engine {} is not an executable file", path.display())),
        };
    }
    let beside = own_directory().map(|dir| dir.join(ENGINE));
    let packaged = Path::new(LIBEXEC).join(ENGINE);
    beside.into_iter().chain([packaged]).find(|path| runnable(path)).ok_or_else(|| {
        format!(
            "{ENGINE} is neither beside the extension nor in {LIBEXEC}; set qahm_realtime.engine to its path"
        )
    })
}

fn runnable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// The directory this shared object was loaded from.
fn own_directory() -> Option<PathBuf> {
    let address: *const c_void = (own_directory as *const ()).cast();
    let mut info = libc::Dl_info {
        dli_fname: std::ptr::null(),
        dli_fbase: std::ptr::null_mut(),
        dli_sname: std::ptr::null(),
        dli_saddr: std::ptr::null_mut(),
    };
    // SAFETY: the address is one of our own code, and `info` is ours to write to.
    if unsafe { libc::dladdr(address, &raw mut info) } == 0 || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: dladdr gave a NUL-terminated path that lives as long as the object is loaded.
    let file = unsafe { CStr::from_ptr(info.dli_fname) };
    Path::new(OsStr::from_bytes(file.to_bytes())).parent().map(Path::to_path_buf)
}

/// Runs the engine and waits for the process that detaches it, so that no zombie is left to FPM.
fn run(settings: &Settings, engine: &Path) -> Result<(), String> {
    // No `pre_exec`, `uid` or `current_dir`: so the standard library uses posix_spawn, and no code of ours, of PHP
    // or of an atfork handler runs between fork and exec. The engine itself closes what it inherits.
    let mut command = Command::new(engine);
    command.env_clear().env("PATH", "/usr/bin:/bin");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(dir) = &settings.runtime_dir {
        command.arg("--runtime-dir").arg(dir);
    }
    if let Some(dir) = &settings.data_dir {
        command.arg("--data-dir").arg(dir);
    }
    command.arg("--slots").arg(settings.slots.to_string());
    if let Some(address) = &settings.listen {
        command.arg("--listen").arg(address);
    }
    if let Some(group) = &settings.listen_group {
        command.arg("--listen-group").arg(group);
    }
    let child = command.spawn().map_err(|e| format!("{} cannot be started: {e}", engine.display()))?;
    match detached(child) {
        Some(status) if !status.success() => Err(format!("{}: {}", engine.display(), reason(status))),
        Some(_) => Ok(()),
        None => {
            Err(format!("{} did not detach in {} ms and was stopped", engine.display(), DETACH.as_millis()))
        }
    }
}

/// Waits for the child; one that does not end in time is killed. A status that is lost (the application ignores
/// SIGCHLD) counts as success: the beat will tell.
fn detached(mut child: Child) -> Option<ExitStatus> {
    let until = Instant::now() + DETACH;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Err(_) => return Some(ExitStatus::default()),
            Ok(None) if Instant::now() < until => sleep(Duration::from_millis(1)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

/// What can go wrong before the engine has detached itself. What comes later it tells in the ring.
fn reason(status: ExitStatus) -> String {
    let words = match status.code() {
        Some(2) => "refused its arguments: extension and engine may be of different versions",
        Some(3) => "refuses to run as root",
        Some(7) => "could not become a daemon: too many processes, or too little memory",
        Some(126 | 127) => "cannot be run: it, or a library it needs, is not of this system",
        _ => return format!("ended with {status}"),
    };
    words.to_owned()
}
