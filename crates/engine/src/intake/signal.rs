//! Signals: what WordPress saw happen in a request. Searches, site changes, logins, errors, goals.

use qahm_event::{Record, Tag};

use super::Intake;
use super::act::one_of;
use super::goal::Reached;
use crate::enrich::bare;
use crate::live::facts::{EntryKind, FORMED, REPORTED};
use crate::live::feed::Origin;
use crate::live::names::{NameId, NameKind, PART};

/// Bytes of a query's shape that are kept.
const SHAPE: usize = 300;

impl Intake {
    pub(super) fn take_signal(&mut self, record: &Record, private: bool) {
        let site = record.head.site;
        let text = |tag| record.text(tag).unwrap_or_default();
        let number = |tag| record.number(tag).map_or(0, |n| u32::try_from(n).unwrap_or(u32::MAX));
        match &*text(Tag::Name) {
            "search" => {
                let gdpr = self.configs.get(&site).is_some_and(|c| c.gdpr_mode);
                if gdpr || private || self.is_bot(record) || self.is_excluded_address(record) {
                    return;
                }
                let term = text(Tag::Title).trim().to_lowercase();
                let name = self.named(record, NameKind::Term, &term);
                let origin = self.origin_of_request(record, private);
                let found = number(Tag::Results);
                self.live.tell(site, origin, EntryKind::Search, 0, name, found);
            }
            "login-failed" => {
                let origin = Origin::default();
                self.live.tell(site, origin, EntryKind::Login, 0, NameId(0), 0);
            }
            "change" => {
                let change = format!("{}{PART}{}", text(Tag::What), text(Tag::Title));
                let name = self.named(record, NameKind::Change, &change);
                self.live.tell(site, Origin::default(), EntryKind::Change, 0, name, 0);
            }
            "track" if !private => {
                let origin = self.origin_of_request(record, private);
                self.custom(site, origin, &text(Tag::Target), &text(Tag::Properties));
            }
            "form-submit" if !private && !self.is_bot(record) && !self.is_excluded_address(record) => {
                let origin = self.origin_of_request(record, private);
                let submit = one_of(&FORMED, "submit").unwrap_or(0);
                // The browser told of it already, by the name the form has there.
                if self.live.submitted_of_late(site, origin.key) {
                    self.convert(site, origin, Reached::Form(&text(Tag::Target)));
                } else {
                    self.fill(site, origin, submit, &text(Tag::Target));
                }
            }
            "track" | "form-submit" => {}
            "php-error" => {
                let what = text(Tag::What);
                let line = number(Tag::Line);
                let title = text(Tag::Title);
                let report = format!("{}{PART}{}{PART}{line}", bare::message(&title), text(Tag::Target));
                self.report(record, &what, &report, 0, private);
            }
            "database-error" => {
                let title = text(Tag::Title);
                let shape = text(Tag::Target);
                let shape = shape.get(..shape.floor_char_boundary(SHAPE)).unwrap_or_default();
                let report = match shape {
                    "" => bare::message(&title).into_owned(),
                    shape => format!("{}{PART}{shape}", bare::message(&title)),
                };
                self.report(record, "database", &report, 0, private);
            }
            "slow-query" => {
                self.report(record, "slow-query", &text(Tag::Title), number(Tag::Generation), private);
            }
            _ => self.drop_event(site, "signal"),
        }
    }

    fn report(&mut self, record: &Record, what: &str, report: &str, value: u32, private: bool) {
        let site = record.head.site;
        let Some(sub) = one_of(&REPORTED, what) else { return self.drop_event(site, "signal") };
        let name = self.named(record, NameKind::Report, &format!("{what}{PART}{report}"));
        let origin = self.origin_of_request(record, private);
        self.live.tell(site, origin, EntryKind::Report, sub, name, value);
    }
}
