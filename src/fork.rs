//! Notices that this process is the fork of another one, without a system call.
//!
//! A slot of the ring names its producer, so a child must not go on with its parent's mapping. `getpid` would cost
//! more than the rest of recording an event, and `pthread_atfork` handlers must not outlive the extension. Instead
//! one private page is marked "wipe on fork": the kernel gives the child a zeroed copy.

use std::{
    ffi::c_void,
    ptr::{self, NonNull},
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::{
    mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap},
    process::{Pid, getpid},
};

/// Length of the page; the kernel rounds up to its own.
const LENGTH: usize = 4096;

/// Remembers the process that made it.
pub(crate) struct ForkMark {
    /// The wiped page, or nothing where the kernel (before 4.14) or a sandbox refuses it.
    page: Option<NonNull<c_void>>,
    /// Asked with `getpid` when there is no page.
    pid: Pid,
}

impl ForkMark {
    pub(crate) fn new() -> Self {
        Self { page: wiped_page(), pid: getpid() }
    }

    /// Whether this is still the process that made the mark.
    pub(crate) fn holds(&self) -> bool {
        match self.page {
            // SAFETY: the page is mapped, aligned and ours until `drop`.
            Some(page) => unsafe { page.cast::<AtomicU32>().as_ref() }.load(Ordering::Relaxed) == 1,
            None => getpid() == self.pid,
        }
    }
}

impl Drop for ForkMark {
    fn drop(&mut self) {
        if let Some(page) = self.page {
            // SAFETY: mapped by `wiped_page` with this length, and nothing refers to it any more.
            let _ = unsafe { munmap(page.as_ptr(), LENGTH) };
        }
    }
}

fn wiped_page() -> Option<NonNull<c_void>> {
    // SAFETY: a new anonymous mapping at an address of the kernel's choice touches no other memory.
    let page = unsafe {
        mmap_anonymous(ptr::null_mut(), LENGTH, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
    };
    let page = NonNull::new(page.ok()?)?;
    // SAFETY: the page has just been mapped with this length.
    if unsafe { madvise(page.as_ptr(), LENGTH, Advice::LinuxWipeOnFork) }.is_err() {
        // SAFETY: as above; it is not used any more.
        let _ = unsafe { munmap(page.as_ptr(), LENGTH) };
        return None;
    }
    // SAFETY: the page is mapped, aligned and ours.
    unsafe { page.cast::<AtomicU32>().as_ref() }.store(1, Ordering::Relaxed);
    Some(page)
}
