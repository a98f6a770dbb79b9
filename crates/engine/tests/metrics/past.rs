//! What scenarios leave behind: committed as the pipeline commits, answered as the past is answered.

use std::time::Duration;

use qahm_engine::clock::Mark;
use qahm_engine::config::SiteConfig;
use qahm_engine::history::{Asked, History, HistoryQuestion};
use qahm_engine::intake::Intake;
use qahm_engine::store::Store;
use qahm_event::SiteId;
use serde_json::Value;

/// A store in a directory of its own, and who reads it.
pub(crate) struct Past {
    store: Store,
    history: History,
    /// Goes last.
    _directory: tempfile::TempDir,
}

impl Past {
    pub(crate) fn new() -> Past {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let history = History::open(directory.path()).unwrap();
        Past { store, history, _directory: directory }
    }

    /// A site becomes known.
    pub(crate) fn begin(&mut self, site: SiteId) {
        self.store.set_config(site, "{}").unwrap();
    }

    /// Commits what has happened since the last time.
    pub(crate) fn commit(&mut self, intake: &mut Intake) {
        intake.gather();
        let (second, unix) = (intake.live.now(), intake.live.unix());
        let mark = Mark { boot: String::new(), shift: 0, second, unix };
        self.store.commit(&intake.batch, &intake.live, &mark).unwrap();
        intake.batch.clear();
    }

    /// Sums up the hours that are over at `unix`, as is done in the background.
    pub(crate) fn summarise(&mut self, site: SiteId, config: &SiteConfig, unix: i64) {
        while self.store.summarise(unix, [(site, &config.calendar)]).unwrap() {}
    }

    /// The answer to a question about the past, which is asked at the end of the stretch that it is about.
    pub(crate) fn answer(&mut self, site: SiteId, config: &SiteConfig, question: &Value) -> Value {
        let asked = Asked {
            site,
            unix: question["to"].as_i64().unwrap(),
            calendar: &config.calendar,
            retention: 8760,
            now: None,
            limit: Duration::from_secs(60),
        };
        let question: HistoryQuestion = serde_json::from_value(question.clone()).unwrap();
        let mut answer = self.history.answer(&asked, &question).unwrap();
        answer["ok"] = true.into();
        answer
    }
}
