//! Plays a scenario of the slow reference on an intake, as the pipeline would.

use qahm_engine::config::SiteConfig;
use qahm_engine::intake::Intake;
use qahm_engine::intake::salts::SaltFiles;
use qahm_engine::live::{Live, Second};
use qahm_engine::report::{self, Question};
use qahm_engine::store::batch::Batch;
use qahm_enrich::geo::Geo;
use qahm_event::{RECORD_MAX, SiteId};
use serde_json::{Value, json};

use super::past::Past;
use super::record::encode;
use crate::mmdb::{Value as Stored, database, map, text};

/// Far more than any scenario needs.
const AMPLE: usize = 64 << 20;
/// Records between commits.
const COMMIT: u64 = 40;

/// One intake for all scenarios, emptied before each: what recognises clients is dear to make. What it commits goes into one
/// store, in which each scenario has sites of its own.
pub(crate) struct Player {
    intake: Intake,
    past: Past,
    /// Scenarios played.
    played: u64,
}

impl Player {
    /// `countries`: network and code of each that has one.
    pub(crate) fn new(countries: &[(&str, &str)]) -> Player {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("country.mmdb");
        let records: Vec<Stored> = countries.iter().map(|c| map([("country_code", text(c.1))])).collect();
        let networks: Vec<(&str, usize)> = countries.iter().enumerate().map(|(n, c)| (c.0, n)).collect();
        std::fs::write(&path, database("Test-Country", &records, &networks)).unwrap();
        let geo = Geo::open(Some(&path));
        assert_eq!(geo.state().error, None);
        let intake = Intake::new(Live::new(0, 0, AMPLE), SaltFiles::default(), geo);
        Player { intake, past: Past::new(), played: 0 }
    }

    /// The engine's answers to the scenario's questions, in their order.
    pub(crate) fn play(&mut self, scenario: &Value) -> Vec<Value> {
        let (intake, past) = (&mut self.intake, &mut self.past);
        self.played += 1;
        let first = 0x5173_0000 + (self.played << 32);
        let site = |number: &Value| SiteId(first + number.as_u64().unwrap());
        let start = scenario["start"].as_u64().unwrap() as Second;
        intake.live = Live::new(start, scenario["offset"].as_i64().unwrap(), AMPLE);
        (intake.salts, intake.batch) = (SaltFiles::default(), Batch::default());
        intake.configs.clear();
        let mut sites = Vec::new();
        for (n, config) in scenario["sites"].as_array().unwrap().iter().enumerate() {
            sites.push(site(&json!(n)));
            intake.configure(sites[n], SiteConfig::parse(&config.to_string()).unwrap());
            past.begin(sites[n]);
        }
        // Half of the scenarios are lived second by second, the others in leaps from event to event.
        // In a third, hours that are over are summed up in time; in the others, their minutes are read.
        let sums = scenario["seed"].as_u64().unwrap().is_multiple_of(3);
        let leaps = scenario["seed"].as_u64().unwrap().is_multiple_of(2);
        let advance = |intake: &mut Intake, to: Second| {
            // The same second again, too: the clock may have been set in it.
            let first = if leaps { to } else { to.min(intake.live.now() + 1) };
            let mut moments = first..=to;
            moments.by_ref().for_each(|second| {
                intake.live.advance(second);
                for id in &sites {
                    let (day, now) = (intake.live.site(*id).unwrap().kept.day, intake.live.now());
                    let live = &intake.live;
                    intake.salts.turn(*id, day, now, |second| live.visit_goes_on_since(*id, second));
                }
            });
        };
        let mut answers = Vec::new();
        let mut buffer = [0; RECORD_MAX];
        for step in scenario["steps"].as_array().unwrap() {
            if let Some(offset) = step["clock"].as_i64() {
                intake.live.set_offset(offset);
            } else if let Some(record) = step.get("record") {
                let second = record["second"].as_u64().unwrap() as Second;
                advance(intake, second);
                let bytes = encode(record, site(&step["site"]), &mut buffer);
                intake.take_bytes(bytes, |_| Some(second));
                if intake.events.is_multiple_of(COMMIT) {
                    intake.gather();
                }
            } else {
                advance(intake, step["second"].as_u64().unwrap() as Second);
                let id = site(&step["site"]);
                if step["ask"]["what"] == "history" {
                    past.commit(intake);
                    if sums {
                        past.summarise(id, &intake.configs[&id], intake.live.unix());
                    }
                    answers.push(past.answer(id, &intake.configs[&id], &step["ask"]));
                    continue;
                }
                let question: Question = serde_json::from_value(step["ask"].clone()).unwrap();
                let answer = report::answer(&intake.live, id, &intake.configs[&id], &question);
                answers.push(answer.unwrap_or(Value::Null));
            }
        }
        assert_eq!((intake.strangers, intake.unreadable), (0, 0));
        answers
    }
}
