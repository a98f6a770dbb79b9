//! What is done on a page: clicks, forms, errors, own events, load times.

use qahm_event::{Kind, Record, Tag};

use super::Intake;
use super::goal::Reached;
use crate::live::facts::{CLICKED, EntryKind, FORMED, UNTOLD};
use crate::live::names::{NameId, NameKind, PART};

/// Longest time a page may say that something took, in ms.
const LONGEST_MS: u64 = 600_000;

/// The tags of `facts::TIMINGS`.
const TIMED: [Tag; 6] =
    [Tag::Load, Tag::FirstByte, Tag::FirstPaint, Tag::LargestPaint, Tag::Interaction, Tag::Shift];

impl Intake {
    /// The entry that an event of a view makes, once the view has heard it.
    pub(super) fn act(&mut self, record: &Record, private: bool) {
        let (site, view) = (record.head.site, record.head.view.0);
        let text = |tag| record.text(tag).unwrap_or_default();
        match record.head.kind {
            Kind::Timing => self.take_timing(record),
            Kind::Error => {
                let own = record.number(Tag::Own) == Some(1);
                let line = record.number(Tag::Line).unwrap_or(0);
                let name = format!("{}{PART}{}{PART}{line}", text(Tag::Title), text(Tag::Target));
                let name = self.live.name(site, NameKind::Error, &name);
                let Some(origin) = self.live.origin_of_view(site, view) else { return };
                self.live.tell(site, origin, EntryKind::Error, own.into(), name, 0);
            }
            // Nothing else is told of who asked not to be followed.
            _ if private => {}
            Kind::Click => {
                let Some(sub) = one_of(&CLICKED, &text(Tag::What)) else {
                    return self.drop_event(site, "value");
                };
                let name = format!("{}{PART}{}{PART}{}", text(Tag::What), text(Tag::Target), text(Tag::Name));
                let name = self.live.name(site, NameKind::Element, &name);
                let Some(origin) = self.live.origin_of_view(site, view) else { return };
                self.live.tell(site, origin, EntryKind::Click, sub, name, 0);
            }
            Kind::Form => {
                let Some(sub) = one_of(&FORMED, &text(Tag::What)) else {
                    return self.drop_event(site, "value");
                };
                let Some(origin) = self.live.origin_of_view(site, view) else { return };
                self.fill(site, origin, sub, &text(Tag::Name));
            }
            Kind::Custom => {
                let Some(origin) = self.live.origin_of_view(site, view) else { return };
                self.custom(site, origin, &text(Tag::Name), &text(Tag::Properties));
            }
            _ => {}
        }
    }

    /// A form was started, is being filled, was abandoned or submitted.
    pub(super) fn fill(
        &mut self,
        site: qahm_event::SiteId,
        origin: crate::live::feed::Origin,
        sub: u8,
        form: &str,
    ) {
        let name = self.live.name(site, NameKind::Form, form);
        self.live.tell(site, origin, EntryKind::Form, sub, name, 0);
        if FORMED.get(usize::from(sub)) == Some(&"submit") {
            self.convert(site, origin, Reached::Form(form));
        }
    }

    /// An event of the site's own, or a goal that the tracker saw reached.
    pub(super) fn custom(
        &mut self,
        site: qahm_event::SiteId,
        origin: crate::live::feed::Origin,
        name: &str,
        properties: &str,
    ) {
        if let Some(goal) = name.strip_prefix("goal:") {
            return self.convert(site, origin, Reached::Selector(goal));
        }
        let gdpr = self.configs.get(&site).is_some_and(|c| c.gdpr_mode);
        let NameId(told) = match gdpr {
            true => NameId(0),
            false => self.live.name(site, NameKind::Properties, properties),
        };
        let number = self.live.name(site, NameKind::Custom, name);
        self.live.tell(site, origin, EntryKind::Custom, 0, number, told);
        self.convert(site, origin, Reached::Event(name));
    }

    fn take_timing(&mut self, record: &Record) {
        let mut values = [UNTOLD; 6];
        for (value, tag) in values.iter_mut().zip(TIMED) {
            match record.number(tag) {
                None => {}
                Some(told) if told <= LONGEST_MS => *value = told.min(u64::from(UNTOLD - 1)) as u16,
                Some(_) => return self.drop_event(record.head.site, "value"),
            }
        }
        let (site, view) = (record.head.site, record.head.view.0);
        if let Some(timing) = self.live.time(site, view, values) {
            let at = self.live.unix() * 1000;
            self.batch.times.push(crate::store::batch::TimingRow { site, at, timing });
        }
    }
}

/// The place of a word in a list.
pub(super) fn one_of(words: &[&str], word: &str) -> Option<u8> {
    words.iter().position(|known| *known == word).map(|n| n as u8)
}
