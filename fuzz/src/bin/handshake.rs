//! What anybody may send to the socket of the live channel, from the first byte of a request to the last of a session, and
//! what may come of it: the property is `crates/engine/tests/stranger`. Time flies, so whoever should be cut is. Panics in
//! tasks are caught by tokio, but libFuzzer's hook ends the process first.
#![no_main]

#[path = "../../../crates/engine/tests/stranger/mod.rs"]
mod stranger;

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use libfuzzer_sys::fuzz_target;
use stranger::{House, Time};
use tokio::runtime::Builder;

/// Bytes of memory that one connection and all that serves it may take at once, the house and the pipe included.
const MEMORY: usize = 2 << 20;

/// Counts what is in use, and the most there was.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is the system's; what is counted changes nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(USED.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

static HOUSE: LazyLock<House> =
    LazyLock::new(|| House::at(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/fuzz/house"))));

fuzz_target!(|script: &[u8]| {
    let house = &*HOUSE;
    let before = USED.load(Relaxed);
    MOST.store(before, Relaxed);
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    house.visit(&runtime, Time::Flies, script);
    let most = MOST.load(Relaxed) - before;
    assert!(most < MEMORY, "one connection took {most} bytes");
});
