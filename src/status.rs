//! `qahm_realtime_status`: the report as an array.

use ext_php_rs::{boxed::ZBox, builders::ModuleBuilder, php_function, types::ZendHashTable, wrap_function};

use crate::report::Report;

/// Registers the function of this file.
pub(crate) fn register(module: ModuleBuilder<'_>) -> ModuleBuilder<'_> {
    module.function(wrap_function!(qahm_realtime_status))
}

/// What is going on in this process, its ring and its engine. Looks only: makes no file, starts nothing. For pages of
/// administrators: asks the engine and waits for it, 250 milliseconds at most.
///
/// @return array{version: string, mode: string, user: string, runtime_dir: string, data_dir: string, engine: string,
///     state: string, engine_pid: int, engine_version: string, beat_age_ms: int|null, listen: string, slots: int,
///     used: int, dropped: int, skipped: int, torn: int, engine_health: array<string, int>,
///     messages: array{engine: string, spawn: string, ring: string}, notes: list<string>}
///     The state is 'running', 'starting' (less than 5 s ago), 'stale' (it ran, and does not answer), 'absent' or
///     'off'. data_dir is the engine's own when it answers. engine_health holds its numbers, among
///     them started (Unix time), sites, visitors, bytes and budget (of memory), events, evicted, strangers and unreadable
///     (records), committed (Unix time) and commit_us; empty when it does not answer. Notes are English sentences for the
///     administrator, the engine's own among them, worst first; none when all is well.
#[php_function]
fn qahm_realtime_status() -> ZBox<ZendHashTable> {
    // A value of PHP that cannot be made (an integer out of range) is left out rather than thrown.
    let report = Report::take();
    let mut status = ZendHashTable::with_capacity(19);
    let _ = status.insert("version", env!("CARGO_PKG_VERSION"));
    let _ = status.insert("mode", report.mode);
    let _ = status.insert("user", report.user);
    let _ = status.insert("runtime_dir", report.runtime_dir.display().to_string());
    let _ = status.insert("data_dir", report.data_dir.display().to_string());
    let _ = status.insert("engine", report.engine);
    let _ = status.insert("state", report.state);
    let _ = status.insert("engine_pid", i64::from(report.engine_pid));
    let _ = status.insert("engine_version", report.engine_version);
    let _ = status.insert("beat_age_ms", report.beat_age_ms.map(count));
    let listen = report.health.as_ref().map_or("", |health| health.listen.as_str());
    let _ = status.insert("listen", listen);
    let _ = status.insert("slots", i64::from(report.slots));
    let _ = status.insert("used", i64::from(report.used));
    let _ = status.insert("dropped", count(report.dropped));
    let _ = status.insert("skipped", count(report.skipped));
    let _ = status.insert("torn", count(report.torn));
    let numbers = report.health.map_or_else(Vec::new, |health| health.numbers);
    let mut health = ZendHashTable::new();
    for (name, number) in numbers {
        let _ = health.insert(name.as_str(), number);
    }
    let _ = status.insert("engine_health", health);
    let mut messages = ZendHashTable::with_capacity(3);
    let _ = messages.insert("engine", report.engine_message);
    let _ = messages.insert("spawn", report.spawn_message);
    let _ = messages.insert("ring", report.ring_message);
    let _ = status.insert("messages", messages);
    let _ = status.insert("notes", report.notes);
    status
}

/// A count as PHP's integer. What lies in shared memory may be anything.
pub(crate) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
