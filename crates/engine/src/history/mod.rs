//! What was: answers about hours and days, from the store alone.
//!
//! On a connection of its own that only reads, in a thread of the asker's: however much is asked, no event waits. A screen of
//! 24 hours reads 24 rows of summed hours, and the minutes of the hours that it holds in part.
//!
//! ```text
//! question {"range":"60m|24h|7d|30d|week" | "from","to" (Unix s; to is not in it),
//!   "step": seconds, a part of an hour (default: 60 up to 2 h, else 3600; the step of the answer counts),
//!   "dimension": null|page|post_type|author|category|country|city|channel|source|campaign|device|browser|os|
//!                element|form|goal|custom|error|term|change|linker|report|broken,
//!   "filter": {"page": path, or "country","device","source","channel", one or several together},
//!   "page": path: as in the filter, "limit": ≤ 500, "offset"}
//!
//! answer {"history":{"from","to","step",         steps begin with the hour; the first may begin before `from`, and is then of
//!                                                what comes after it
//!   "series":{                                   one value per step in ascending time; null: not known (the engine did not
//!                                                run, or the detail is gone), never for 0
//!     "active"                                   highest V1; not with a filter
//!     "views","visits","left","bounces","engaged" (s),"clicks","not_found","conversions",
//!     "errors","loads"                           M2: failed, of all
//!     "load_p75","ttfb_p75","fcp_p75","lcp_p75","inp_p75","generation_p75" (ms),"cls_p75","queries_p75"; not with a filter},
//!   "yesterday":{"active","views"}               the same steps, one local day earlier; not with a filter
//!   "usual":{"low","median","high","state":"below|as usual|above"|null,"percent"|null,"days":known in so many|null},
//!   "peak":{"value","time"}|null, "record":{"value","date"}|null,
//!   "today":{"visitors","views"}, "yesterday_now":{"visitors","views"},   each may be null
//!   "changes":[{"time","what","name"}],
//!   "totals":{metrics}, "timings":{timings},     in the whole stretch; timings not by country, device, source or channel
//!   "rows":[{"name",…}], "total":n               with a dimension: most first
//!   "grid":[[[median, weeks]|null × 24] × 7]     with range week: S2, from Monday 0 h}}
//!
//! With a filter, what is known of the whole site only is null: "usual", "peak", "record", what today and yesterday counted.
//! What is not kept together is `Bad`: a page and a country, pages or names of a country, countries of a page (`scope`).
//!
//! metrics  "views","visits" (begun),"left","bounce":[n,of],"engaged" (s),"time" (s),"saw","saw_left" (visits; of a page),
//!          "clicks","scroll":[sum of %, views],"error":[n,of],
//!          "requests","not_found","conversion":[n, visits],"forms":{"started","abandoned","submitted"},"searches"
//! timings  {"load":{"n","p50","p75","p95"},…} as the series; what has no values is left out
//! rows     page: + "title","post_type","author","category","timings"; groups of pages: + "timings"
//!          city: + "country"; campaign: + "source","medium"; "(other)": what there was no room for
//!          names: "count" and what they are made of: element "what","target","label"; error "message","source","line";
//!          report "what","message","source","line"; change "what"; form "started","abandoned","submitted"; goal "conversions"
//! ```

mod question;
mod rows;
mod scope;
mod series;
mod sums;
mod timings;
mod today;

use std::path::Path;
use std::time::{Duration, Instant};

use qahm_event::SiteId;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Value, json};

use crate::calendar::Calendar;
use crate::live::facts::METRICS;
use crate::store::FILE;
use crate::store::baseline::baselines;
use crate::store::cells::add;
use crate::store::sketch::{Set, merge_set};
use crate::store::usual::{Usual, usual};
pub use question::HistoryQuestion;
use question::{Dimension, Span};
use scope::Scope;
use sums::Site;

/// Steps of SQLite's machine between two looks at the time.
const LOOK: i32 = 20_000;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0}")]
    Store(#[from] crate::store::Error),
    /// MAX_EXECUTION_TIME.
    #[error("too slow")]
    TooSlow,
    #[error("{0}")]
    Bad(&'static str),
}

type Result<T> = std::result::Result<T, Error>;

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub site: SiteId,
    /// Unix seconds.
    pub unix: i64,
    pub calendar: &'a Calendar,
    /// Hours of detail kept.
    pub retention: u32,
    /// What the live state shows; what is stored stands in for it.
    pub now: Option<Now>,
    /// How long an answer may take.
    pub limit: Duration,
}

/// What the live state shows.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    pub active: u32,
    pub peak: u32,
    /// Unix seconds.
    pub peak_at: i64,
    /// Of today.
    pub visitors: u64,
    pub views: u64,
}

/// A connection to what is stored.
#[derive(Debug)]
pub struct History {
    db: Connection,
}

impl History {
    /// Opens the database of a data directory, which the engine has made.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open(directory: &Path) -> Result<History> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let db = Connection::open_with_flags(directory.join(FILE), flags)?;
        db.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096;")?;
        db.set_prepared_statement_cache_capacity(128);
        Ok(History { db })
    }

    /// Answers `{"history":…}`.
    ///
    /// # Errors
    /// `Bad` for what cannot be asked, `TooSlow` when the time is over.
    pub fn answer(&mut self, asked: &Asked, question: &HistoryQuestion) -> Result<Value> {
        let end = Instant::now() + asked.limit;
        self.db.progress_handler(LOOK, Some(move || Instant::now() > end))?;
        let answer = answer(&self.db, asked, question, end);
        self.db.progress_handler(0, None::<fn() -> bool>)?;
        answer.map_err(|error| match &error {
            Error::Sqlite(inner) | Error::Store(crate::store::Error::Sqlite(inner))
                if inner.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) =>
            {
                Error::TooSlow
            }
            _ => error,
        })
    }
}

/// What the numbers of now are compared with; changes with the minute at most.
#[derive(Debug, Clone)]
pub struct Background {
    /// V4.
    pub usual: Usual,
    /// V3: `{"value","date"}` or null.
    pub record: Value,
    /// `{"visitors","views"}` of yesterday to the same time.
    pub yesterday: Value,
}

impl History {
    /// What the numbers of now are compared with.
    pub fn background(&mut self, asked: &Asked) -> Result<Background> {
        let snapshot = self.db.unchecked_transaction()?;
        let site = Site::new(&snapshot, asked.site.0 as i64)?;
        let known = baselines(&snapshot, asked.site.0 as i64, asked.unix)?;
        Ok(Background {
            usual: usual(&known, asked.calendar, asked.unix),
            record: site.record(asked)?,
            yesterday: site.yesterday(asked)?,
        })
    }
}

/// Everything of one answer is read in one transaction: of one instant.
fn answer(db: &Connection, asked: &Asked, question: &HistoryQuestion, end: Instant) -> Result<Value> {
    let span = question.span(asked.unix)?;
    let dimension = question.dimension.as_deref().map(Dimension::parse).transpose()?;
    let snapshot = db.unchecked_transaction()?;
    let site = Site::new(&snapshot, asked.site.0 as i64)?;
    let scope = Scope::new(&site, question, dimension)?;
    let open = scope.is_everybody();
    let timings = if open { site.timing_steps(span)? } else { Vec::new() };
    let steps = site.steps(asked, span, &scope)?;
    let mut totals = [0; METRICS];
    steps.iter().for_each(|step| add(&mut totals, &step.sums));
    let unknown = || json!({ "visitors": null, "views": null });
    let mut history = merge(json!({
        "from": span.from * 60,
        "to": span.to * 60,
        "step": span.step * 60,
        "series": site.series(&steps, &scope, &timings),
        "totals": rows::metrics(&totals),
        "usual": if open { site.usual(asked)? } else { Value::Null },
        "peak": if open { site.peak(asked)? } else { Value::Null },
        "record": if open { site.record(asked)? } else { Value::Null },
        "today": if open { site.today(asked)? } else { unknown() },
        "yesterday_now": if open { site.yesterday(asked)? } else { unknown() },
        "changes": site.changes(span)?,
    }));
    if open {
        let earlier = asked.calendar.days_before(span.from * 60, 1).div_euclid(60) - span.from;
        let earlier = Span { from: span.from + earlier, to: span.to + earlier, step: span.step };
        history.insert("yesterday".into(), site.earlier(asked, earlier, span.steps())?);
        let mut whole = Set::default();
        timings.iter().for_each(|set| merge_set(&mut whole, set));
        history.insert("timings".into(), timings::quantiles(&whole));
    }
    if let Scope::Page(numbers) = &scope {
        let wanted = numbers.iter().map(|page| (*page, 0)).collect();
        let sets = site.timing_pages(span.from, span.to, &wanted)?;
        history.insert("timings".into(), sets.get(&0).map_or_else(|| json!({}), timings::quantiles));
    }
    if Instant::now() > end {
        return Err(Error::TooSlow);
    }
    if let Some(dimension) = dimension {
        history.extend(merge(site.rows(question, &scope, dimension, span)?));
    }
    if question.range == "week" && open {
        history.insert("grid".into(), site.grid(asked)?);
    }
    Ok(json!({ "history": history }))
}

/// The members of an object.
fn merge(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
