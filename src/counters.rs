//! `qahm_realtime_counters`: the live numbers of a site, read from shared memory.

use ext_php_rs::{boxed::ZBox, builders::ModuleBuilder, php_function, types::ZendHashTable, wrap_function};
use qahm_event::Micros;

use crate::{
    array::{Template, Value},
    bytes::Bytes,
    error::Mistake,
    mapping::{self, Reach},
};

/// Counters are unknown, not old, when the engine has not beaten for this long, µs.
const DEAD_US: u64 = 5_000_000;
/// Of `flags`: the numbers are estimates.
const APPROXIMATE: u64 = 1;

/// The array but for its values, made once in a worker.
#[derive(Default)]
pub(crate) struct Shape(Option<Template>);

impl Shape {
    fn get(&mut self) -> &Template {
        self.0.get_or_insert_with(|| {
            Template::new([
                "active",
                "visitors_5m",
                "visitors_30m",
                "visitors_today",
                "views_today",
                "peak_today",
                "peak_today_at",
                "approximate",
                "age_ms",
            ])
        })
    }
}

/// Registers the function of this file.
pub(crate) fn register(module: ModuleBuilder<'_>) -> ModuleBuilder<'_> {
    module.function(wrap_function!(qahm_realtime_counters))
}

/// The live numbers of a site. Reads shared memory: no system call, no waiting.
///
/// @param string $site The site: 16 lower-case hexadecimal digits.
/// @return array{active: int, visitors_5m: int, visitors_30m: int, visitors_today: int, views_today: int,
///     peak_today: int, peak_today_at: int, approximate: bool, age_ms: int}|null Null when the numbers are not known:
///     no engine for 5 s, no ring, or a site the engine does not know. peak_today_at is a Unix time, age_ms how long
///     ago the engine wrote the numbers.
/// @throws ValueError When the site is malformed.
#[php_function]
fn qahm_realtime_counters(site: Bytes<'_>) -> Result<Option<ZBox<ZendHashTable>>, Mistake> {
    let site = site.site()?;
    Ok(mapping::with(|worker| {
        let now = worker.clock.now();
        let ring = &worker.mapping(now, Reach::Existing)?.ring;
        if ring.header().beat_age_us(now.0)? > DEAD_US
            && ring.header().beat_age_us(Micros::now().0)? > DEAD_US
        {
            return None;
        }
        let row = ring.site(site.0)?.read()?;
        let [published, active, v5, v30, today, views, peak, peak_at, _, flags, ..] = row;
        let age_ms = now.since(Micros(published)) / 1000;
        Some(worker.shape.get().filled([
            Value::Count(active),
            Value::Count(v5),
            Value::Count(v30),
            Value::Count(today),
            Value::Count(views),
            Value::Count(peak),
            Value::Count(peak_at),
            Value::Flag(flags & APPROXIMATE != 0),
            Value::Count(age_ms),
        ]))
    }))
}
