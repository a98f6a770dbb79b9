//! Answers about now and the last half hour: each is computed when asked, by looking through the visitors in memory and
//! the logs. So a filter costs nothing when nobody filters, and every number has one place where it is defined.
//!
//! All numbers of an answer are of the same instant, and what it counts as active sums to its `active`, by page and by
//! every dimension. Times are Unix seconds, durations seconds.
//!
//! - `question` what is asked · `filter` whom it is about · `answer` what every answer has · `rows` sorted, a page at a time · `quantile`
//! - one file per question: `visitors`, `pages`, `events`, `dimensions` (sources, devices, geo), `performance`, `errors`,
//!   `engagement`, `live` (with a filter); `status`, our own cost, is here

mod dimensions;
mod engagement;
mod errors;
mod events;
mod filter;
mod live;
mod pages;
mod performance;
mod quantile;
mod question;
mod rows;
mod visitors;

use std::borrow::Cow;
use std::collections::BTreeMap;

use qahm_event::SiteId;
use serde_json::{Value, json};

use crate::config::SiteConfig;
use crate::live::profiles::{Feature, OTHER, PRIVATE, Profile};
use crate::live::site::{Shown, Site};
use crate::live::visitor::{View, Visitor};
use crate::live::{Live, Second};
pub use events::{ROWS, Rows};
use filter::Filter;
pub use live::PAGES_MAX;
pub use question::{Question, Words};
use rows::Page;

/// V1 by the name of what is shown; sums to V1.
pub fn active_by<T: Copy>(sums: &BTreeMap<Shown<T>, u32>, name: fn(T) -> String) -> BTreeMap<String, u64> {
    let mut named = BTreeMap::new();
    for (shown, active) in sums {
        let name = match shown {
            Shown::As(what) => name(*what),
            Shown::Private => PRIVATE.into(),
            Shown::Other => OTHER.into(),
        };
        *named.entry(name).or_default() += u64::from(*active);
    }
    named
}

/// The host, or else the channel, that most of the visitors active now came from.
pub fn top_source(site: &Site) -> Option<String> {
    let name = |p: &Profile| match p.name(Feature::Source) {
        host if host.is_empty() => p.name(Feature::Channel).into_owned(),
        host => host.into_owned(),
    };
    let mut sums: BTreeMap<String, u32> = BTreeMap::new();
    for (id, present) in &site.present {
        if let Some(profile) = site.profiles.get(id.0) {
            *sums.entry(name(profile)).or_default() += present.active;
        }
    }
    sums.into_iter().filter(|(_, active)| *active > 0).max_by_key(|(_, active)| *active).map(|(name, _)| name)
}

/// One site at one instant, and who is asked about.
struct Scene<'a> {
    live: &'a Live,
    id: SiteId,
    site: &'a Site,
    config: &'a SiteConfig,
    filter: Filter,
    rows: Page,
    now: Second,
    /// Unix time = engine second + this.
    offset: i64,
}

/// Bytes of an answer at most: less than a frame of the control socket takes, which adds little to it.
const ANSWER_MAX: usize = qahm_runtime::ANSWER_MAX - (16 << 10);

/// The answer to a question about a site; `None` if there is no such question here.
///
/// Long names make long rows, and everybody can invent long names: when the rows asked for do not fit, the answer has
/// fewer, and says so in `limit`.
pub fn answer(live: &Live, id: SiteId, config: &SiteConfig, question: &Question) -> Option<Value> {
    answer_within(ANSWER_MAX, live, id, config, question)
}

/// The same in so many bytes at most, or of one row.
pub fn answer_within(
    bytes: usize,
    live: &Live,
    id: SiteId,
    config: &SiteConfig,
    question: &Question,
) -> Option<Value> {
    let mut question = Cow::Borrowed(question);
    loop {
        let answer = whole_answer(live, id, config, &question)?;
        let limit = question.limit.clamp(1, rows::MOST);
        if limit == 1 || json_bytes(&answer) <= bytes {
            return Some(answer);
        }
        question.to_mut().limit = limit / 2;
    }
}

/// What came into a site's feed after entry `after`, or the newest there are, for whom a filter speaks of.
pub fn feed(
    live: &Live,
    id: SiteId,
    config: &SiteConfig,
    filter: &Words,
    after: Option<u64>,
) -> Option<Rows> {
    let question = Question { filter: filter.clone(), ..Question::about("events") };
    Some(Scene::new(live, id, config, &question)?.news(after))
}

fn whole_answer(live: &Live, id: SiteId, config: &SiteConfig, question: &Question) -> Option<Value> {
    if question.what == "status" {
        return Some(json!({ "ok": true, "status": status(live, live.site(id)?) }));
    }
    let scene = Scene::new(live, id, config, question)?;
    let (site, now) = (scene.site, scene.now);
    let mut answer = match question.what.as_str() {
        "live" => scene.live(question.pages),
        "visitors" => scene.visitors(),
        "pages" => scene.pages(),
        "events" => scene.events(question.since, &question.kinds),
        "sources" => scene.sources(),
        "devices" => scene.devices(),
        "geo" => scene.geo(),
        "performance" => scene.performance(),
        "errors" => scene.errors(),
        "engagement" => scene.engagement(),
        _ => return None,
    };
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("time".into(), json!(live.unix()));
        if question.what != "live" {
            answer.insert("window".into(), json!("30m"));
            answer.insert("limit".into(), json!(question.limit.clamp(1, rows::MOST)));
        }
        let logs = ["performance", "errors", "engagement"].contains(&question.what.as_str());
        let approximate = site.approximate(now) || (logs && site.logs_approximate(now));
        answer.insert("approximate".into(), json!(approximate));
        answer.insert("active".into(), json!(scene.active()));
    }
    Some(json!({ "ok": true, question.what.as_str(): answer }))
}

/// W8: what our plugin added to the site's pages in the last five minutes, in ms; null where no page told.
fn status(live: &Live, site: &Site) -> Value {
    let cost = site.costs.cost(live.now());
    let told = |value: f64| (cost.pages > 0).then_some((value * 1000.0).round() / 1000.0);
    let added = json!({ "n": cost.pages, "p50": told(cost.p50), "p95": told(cost.p95) });
    json!({ "time": live.unix(), "window": "5m", "added_ms": added })
}

/// How long something is as JSON.
pub(crate) fn json_bytes(value: &impl serde::Serialize) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}

impl<'a> Scene<'a> {
    /// `None` if the site is not known.
    fn new(live: &'a Live, id: SiteId, config: &'a SiteConfig, question: &Question) -> Option<Scene<'a>> {
        let site = live.site(id)?;
        let now = live.now();
        Some(Scene {
            live,
            id,
            site,
            config,
            filter: Filter::new(&question.filter, site, config),
            rows: Page::new(question.limit, question.offset),
            now,
            offset: live.unix() - i64::from(now),
        })
    }
}

impl Scene<'_> {
    /// Unix seconds of an engine second.
    fn unix(&self, second: Second) -> i64 {
        i64::from(second) + self.offset
    }

    /// V1 of those asked about.
    fn active(&self) -> u64 {
        if self.filter.is_open() {
            return self.site.active.into();
        }
        if self.filter.about_a_page() {
            let mut active = 0;
            self.each(|visitor, views| {
                if self.filter.profile(visitor.profile) {
                    active += views.iter().filter(|v| v.counted && self.filter.page(v.page)).count() as u64;
                }
            });
            return active;
        }
        let present = self.site.present.iter();
        present.filter(|(id, _)| self.filter.profile(**id)).map(|(_, p)| u64::from(p.active)).sum()
    }

    /// Calls for every visitor of the site that is in memory, with its views.
    fn each(&self, then: impl FnMut(&Visitor, &[&View])) {
        self.live.each_visitor(self.id, then);
    }

    /// Calls for every visit of the last half hour that is asked about.
    fn each_visit(&self, mut then: impl FnMut(&Visitor, &[&View])) {
        self.each(|visitor, views| {
            let visited = visitor.visit != 0 && visitor.heard + crate::live::THIRTY > self.now;
            if visited && self.filter.visitor(visitor) {
                then(visitor, views);
            }
        });
    }

    /// The path and title of a page.
    fn page_name(&self, page: crate::live::pages::PageId) -> (&str, &str) {
        self.site.pages.get(page).map_or((OTHER, ""), |p| (&p.path, &p.title))
    }
}

/// A visitor's name in answers: enough to tell rows apart, and not the key itself.
fn visitor_name(key: crate::live::visitor::VisitorKey) -> String {
    use std::hash::Hasher;
    if key.0 == 0 {
        return String::new();
    }
    let mut hasher = siphasher::sip::SipHasher24::new_with_keys(0x726f_7700, key.0);
    hasher.write_u64(key.0);
    format!("{:012x}", hasher.finish() >> 16)
}
