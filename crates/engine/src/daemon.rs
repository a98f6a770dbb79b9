//! Becoming a daemon, and staying the only one.
//!
//! php-fpm starts the engine with all its descriptors open: log pipes, the client's connection, the listening socket.
//! Kept open they would hang clients and keep php-fpm from rebinding, so everything is closed first.
//!
//! The one place of the engine with `unsafe`: calls that have no safe form.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, openat};
use rustix::io::Errno;

/// Closes every descriptor above 2. Must be the first thing a process does.
pub fn close_inherited() {
    // SAFETY: nothing of this process has opened a descriptor yet, so none is closed under an owner.
    unsafe {
        libc::close_range(3, libc::c_uint::MAX, 0);
    }
}

/// Leaves the parent: the caller goes on in a process of its own session that no terminal and no php-fpm owns. Must be
/// called before any thread is started. `false`: this is the process that was called, and should exit with 0.
pub fn detach() -> std::io::Result<bool> {
    // SAFETY: one thread only, and the child goes on with ordinary Rust code as after a fork of a C program.
    if !in_child(unsafe { libc::fork() })? {
        return Ok(false);
    }
    rustix::process::setsid()?;
    // The second fork: a process that leads no session can never get a terminal.
    // SAFETY: as above.
    if !in_child(unsafe { libc::fork() })? {
        return Ok(false);
    }
    rustix::process::chdir("/")?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(true)
}

fn in_child(pid: libc::pid_t) -> std::io::Result<bool> {
    match pid {
        0 => Ok(true),
        pid if pid > 0 => Ok(false),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Makes the process fit to hold personal data for a moment: no core dumps, no privileges to gain, private files; and
/// keeps its many short threads from each growing a heap of its own.
pub fn harden() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    // Neither can fail in a way that matters: they are second lines of defence.
    let _dumps = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    let _privileges = rustix::thread::set_no_new_privs(true);
    // SAFETY: sets a number of the allocator, before any other thread runs.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
    }
}

/// Takes the lock of a directory for the life of the process: `engine.lock`, never unlinked, freed by the kernel
/// however the process ends. `None`: another engine has it.
pub fn lock(directory: impl AsFd) -> Result<Option<OwnedFd>, Errno> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(directory, "engine.lock", flags, Mode::RUSR | Mode::WUSR)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A flag that SIGTERM and SIGINT raise.
pub fn end_requested() -> std::io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, flag.clone())?;
    }
    Ok(flag)
}
