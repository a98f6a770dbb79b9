//! How long a screen of 24 hours takes when 30 days of a million views each are stored.
//!
//! What such a screen reads, and a day before it, is written event by event through the store's own commits, and summed up by
//! it; the days before are copies of one of these days: their sums, hours and timings, not the rows of single events, which no
//! screen reads.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use qahm_engine::calendar::Calendar;
use qahm_engine::clock::Mark;
use qahm_engine::history::{Asked, History, HistoryQuestion};
use qahm_engine::live::Live;
use qahm_engine::live::facts::{Cell, Dim, Entry, EntryKind, METRICS, Request, Timing};
use qahm_engine::live::minutes::Minute;
use qahm_engine::live::names::{NameId, NameKind};
use qahm_engine::live::pages::{Meta, Page, PageId};
use qahm_engine::live::profiles::{Profile, ProfileId};
use qahm_engine::live::visitor::VisitorKey;
use qahm_engine::store::Store;
use qahm_engine::store::batch::{Batch, EventRow, RequestRow, TimingRow, ViewRow};
use qahm_event::SiteId;
use rusqlite::{Connection, params};
use serde_json::json;

use crate::{Result, figure};

const SITE: SiteId = SiteId(7);
/// The last minute of a day: the hour that is not summed up is as long as it gets.
const NOW: i64 = 20_779 * 86_400 - 2;
const DETAILED: i64 = 27 * 60;
const DAYS: i64 = 30;
/// A million views a day.
const VIEWS: usize = 694;
const CELLS: u32 = 300;
const PAGES: u32 = 3000;
const PROFILES: u32 = 3000;
const ROUNDS: usize = 7;

pub(crate) fn measure(directory: &Path) -> Result<()> {
    let place = tempfile::tempdir_in(directory)?;
    let begun = Instant::now();
    let costs = write(place.path())?;
    let wrote = begun.elapsed();
    let mut history = History::open(place.path())?;
    let calendar = Calendar::default();
    let asked = Asked {
        site: SITE,
        unix: NOW,
        calendar: &calendar,
        retention: 720,
        now: None,
        limit: Duration::from_secs(30),
    };
    let mut times = Vec::new();
    for screen in screens() {
        let question: HistoryQuestion = serde_json::from_value(screen.clone())?;
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let begun = cpu();
            let answer = history.answer(&asked, &question)?.to_string();
            rounds.push((cpu() - begun) * 1000.0);
            if answer.len() < 1000 {
                return Err(format!("no answer to {screen}: {answer}").into());
            }
        }
        times.push((figure::median(&rounds), screen.to_string()));
    }
    times.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (worst, _) = times.first().cloned().unwrap_or_default();
    let list: Vec<String> = times.iter().map(|(ms, screen)| format!("{screen} {ms:.1}")).collect();
    let note = format!(
        "worst of {} screens of 24 h, median of {ROUNDS}, of the asking thread's processor time, file cache warm; {DAYS} days of {} views, {CELLS} pages and profiles a minute: {}; written in {:.0} s: {costs}",
        times.len(),
        VIEWS * 1440,
        list.join(", "),
        wrote.as_secs_f64()
    );
    figure::print("history_24h_query_ms", worst, "ms", &note);
    Ok(())
}

/// Seconds of processor this thread has had: whoever else runs takes nothing from it.
fn cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn screens() -> Vec<serde_json::Value> {
    let dimensions = [
        "page",
        "post_type",
        "author",
        "country",
        "city",
        "channel",
        "source",
        "campaign",
        "device",
        "browser",
        "os",
        "element",
        "form",
        "error",
        "term",
    ];
    let mut screens: Vec<_> = dimensions.iter().map(|d| json!({"range": "24h", "dimension": d})).collect();
    screens.push(json!({"range": "24h"}));
    screens.push(json!({"range": "24h", "step": 60}));
    screens.push(json!({"range": "24h", "page": "/page/12/"}));
    screens.push(json!({"range": "24h", "page": "/page/12/", "dimension": "page"}));
    for filter in [
        json!({"country": "CB"}),
        json!({"device": "mobile"}),
        json!({"channel": "search", "device": "desktop"}),
    ] {
        screens.push(json!({"range": "24h", "filter": filter}));
        for dimension in ["country", "city", "campaign", "browser"] {
            screens.push(json!({"range": "24h", "filter": filter, "dimension": dimension}));
        }
    }
    screens
}

/// Writes everything; tells what it cost.
fn write(directory: &Path) -> Result<String> {
    let mut store = Store::open(directory)?;
    store.set_config(SITE, "{}")?;
    let mut batch = Batch::default();
    words(&mut batch);
    for day in 1..DAYS {
        // One row of a day makes its tables.
        batch.views.push(view(NOW - day * 86_400, 0));
    }
    commit(&mut store, &mut batch, NOW - DETAILED * 60)?;
    let calendar = Calendar::default();
    let (mut committed, mut summed, mut rows, mut cells, mut longest) =
        (Duration::ZERO, Duration::ZERO, 0, 0, Duration::ZERO);
    for minute in NOW / 60 - DETAILED..=NOW / 60 {
        fill(&mut batch, minute);
        rows += batch.views.len() + batch.events.len() + batch.times.len() + batch.requests.len();
        cells += batch.rollups.len();
        let begun = Instant::now();
        commit(&mut store, &mut batch, minute * 60 + 59)?;
        committed += begun.elapsed();
        loop {
            let begun = Instant::now();
            let more = store.summarise(minute * 60 + 59, [(SITE, &calendar)])?;
            summed += begun.elapsed();
            longest = longest.max(begun.elapsed());
            if !more {
                break;
            }
        }
    }
    drop(store);
    copy(directory)?;
    Ok(format!(
        "{rows} rows and {cells} sums in {:.1} s of commits, summed up in {:.1} s, longest step {:.1} ms",
        committed.as_secs_f64(),
        summed.as_secs_f64(),
        longest.as_secs_f64() * 1000.0
    ))
}

fn commit(store: &mut Store, batch: &mut Batch, unix: i64) -> Result<()> {
    let live = Live::new(100, unix - 100, 1 << 22);
    let mark = Mark { boot: "boot".into(), shift: 0, second: 100, unix };
    store.commit(batch, &live, &mark)?;
    batch.clear();
    Ok(())
}

fn words(batch: &mut Batch) {
    let day = (NOW / 86_400) as u32;
    for page in 1..=PAGES {
        let meta = Meta {
            post_type: "post".into(),
            author: format!("author {}", page % 20).into(),
            category: format!("category {}", page % 40).into(),
        };
        let (path, title) = (format!("/page/{page}/").into(), format!("The page {page}").into());
        batch.pages.push((SITE, Page { id: PageId(page), path, title, meta, held: 0, active: 0, day }));
    }
    for id in 1..=PROFILES {
        let profile = Profile {
            private: false,
            country: Some([b'A' + (id % 26) as u8, b'A' + (id / 26 % 4) as u8]),
            city: format!("City {}", id % 400).into(),
            channel: (id % 7) as u8,
            source: format!("site{}.example", id % 300).into(),
            utm_source: if id % 3 == 0 { format!("letter {}", id % 30) } else { String::new() }.into(),
            utm_medium: "".into(),
            utm_campaign: "".into(),
            device: (id % 4) as u8,
            browser: format!("Browser {}", id % 9).into(),
            os: format!("System {}", id % 6).into(),
        };
        batch.profiles.push((SITE, id, profile, day));
    }
    for kind in NameKind::ALL {
        for n in 1..=200 {
            let text = format!("what\u{1f}name {n}\u{1f}label").into();
            batch.names.push((SITE, NameId(n * 16 + kind as u32), kind, text, day));
        }
    }
}

fn view(unix: i64, n: usize) -> ViewRow {
    let (page, profile) = (n as u32 % PAGES, n as u32 % PROFILES);
    let visit = Some((n as u64, unix));
    ViewRow { site: SITE, at: unix * 1000, view: n as u64, visit, page, profile }
}

/// One minute of a busy site.
fn fill(batch: &mut Batch, minute: i64) {
    let mut random = Random(minute as u64 | 1);
    // Few pages and profiles have most of the views, and every minute some that no other has.
    let mut some = |of: u32| {
        let wide = random.below(u64::from(of)) + 1;
        if random.below(3) > 0 { wide as u32 % (CELLS / 2) + 1 } else { wide as u32 }
    };
    let mut sums: HashMap<(Dim, u32), [i64; METRICS]> = HashMap::new();
    for n in 0..VIEWS {
        let unix = minute * 60 + (n * 60 / VIEWS) as i64;
        let (page, profile) = (some(PAGES), some(PROFILES));
        let (at, page_id, profile_id) = (unix * 1000 + n as i64, PageId(page), ProfileId(profile));
        batch.views.push(ViewRow { page, profile, ..view(unix, n) });
        let entry = Entry {
            id: minute as u64 * 1000 + n as u64,
            at: 100,
            kind: EntryKind::Click,
            sub: 0,
            undone: false,
            page: page_id,
            profile: profile_id,
            name: NameId((1 + n as u32 % 200) * 16 + 1),
            value: 0,
            key: VisitorKey(n as u64),
            visit: 50,
            view: n as u64,
        };
        batch.events.push(EventRow { site: SITE, at, entry });
        let load = 200 + (u64::from(page) * 37 + n as u64 * 13) % 3000;
        let values = [load as u16, (load / 4) as u16, (load / 2) as u16, (load * 2 / 3) as u16, 90, 20];
        let timing = Timing { at: 100, page: page_id, profile: profile_id, internal: false, values };
        batch.times.push(TimingRow { site: SITE, at, timing });
        let request = Request {
            at: 100,
            page: page_id,
            profile: profile_id,
            status: 200,
            fatal: false,
            bot: false,
            generation: load as u32 * 300,
            queries: 20 + n as u32 % 50,
        };
        batch.requests.push(RequestRow { site: SITE, at, request, path: None });
        let mut metrics = [0; METRICS];
        for (metric, value) in metrics.iter_mut().zip([1, 1, 1, 0, 30, 2, 60, 1, 0, 1]) {
            *metric = value;
        }
        let name = (1 + n as u32 % 50) * 16 + 1 + n as u32 % 9;
        for key in [(Dim::Site, 0), (Dim::Page, page), (Dim::Profile, profile), (Dim::Name, name)] {
            sums.entry(key).or_insert([0; METRICS]).iter_mut().zip(metrics).for_each(|(s, m)| *s += m);
        }
    }
    batch
        .rollups
        .extend(sums.into_iter().map(|((dim, key), metrics)| ((SITE, Cell { minute, dim, key }), metrics)));
    let active = 300 + random.below(50) as u32;
    let minute = Minute { number: minute, active, views: VIEWS as u32, today: 1, views_total: 1 };
    batch.minutes.insert((SITE, minute.number), minute);
}

/// The other days, as the last one.
fn copy(directory: &Path) -> Result<()> {
    let db = Connection::open(directory.join("realtime.db"))?;
    db.execute_batch("PRAGMA synchronous = OFF; BEGIN")?;
    let last = NOW / 86_400;
    let columns = |table: &str, shifted: &str| -> Result<String> {
        let mut query = db.prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))?;
        let names = query.query_map([], |row| row.get::<_, String>(0))?;
        let names: Vec<String> = names.collect::<std::result::Result<_, _>>()?;
        Ok(names
            .iter()
            .map(|n| if n == shifted { format!("{n} - ?1") } else { n.clone() })
            .collect::<Vec<_>>()
            .join(", "))
    };
    let name = |day: i64| -> Result<String> {
        Ok(db.query_row("SELECT strftime('%Y%m%d', ?1, 'unixepoch')", [day * 86_400], |row| row.get(0))?)
    };
    let source = name(last)?;
    let sums = columns(&format!("rollups_{source}"), "minute")?;
    for day in 1..DAYS {
        let target = name(last - day)?;
        db.execute(
            &format!("INSERT OR IGNORE INTO rollups_{target} SELECT {sums} FROM rollups_{source}"),
            [day * 1440],
        )?;
        for (table, column, unit, of) in [
            ("hours", "hour", 3600, "hour >= ?2 / 3600"),
            ("sketches", "number", 60, "span = 60 AND number >= ?2 / 60"),
            ("sketches", "number", 3600, "span = 3600 AND number >= ?2 / 3600"),
            ("minutes", "minute", 60, "minute >= ?2 / 60"),
        ] {
            // A minute has its pages for a day only.
            let columns = columns(table, column)?.replace("pages", if unit == 60 { "NULL" } else { "pages" });
            let sql = format!("INSERT OR IGNORE INTO {table} SELECT {columns} FROM {table} WHERE {of}");
            db.execute(&sql, params![day * 86_400 / unit, last * 86_400])?;
        }
    }
    for hour in 1..56 * 24 {
        db.execute(
            "INSERT OR IGNORE INTO baselines VALUES (?1, ?2, 300 + ?2 % 50, 350)",
            params![SITE.0 as i64, (NOW / 3600 - hour) * 3600],
        )?;
    }
    db.execute_batch("COMMIT")?;
    Ok(())
}

/// xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}
