//! What is done on a page: clicks, forms, errors, own events, load times.

use qahm_event::{Kind, Record, Tag};

use super::Intake;
use super::goal::Reached;
use crate::enrich::bare;
use crate::live::facts::{CLICKED, EntryKind, FORMED, UNTOLD};
use crate::live::names::{NameId, NameKind, PART};

/// The tags of `facts::TIMINGS`.
pub(super) const TIMED: [Tag; 6] =
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
                let (message, target) = (text(Tag::Title), text(Tag::Target));
                let name = format!("{}{PART}{}{PART}{line}", bare::message(&message), bare::address(&target));
                let name = self.live.name(site, NameKind::Error, &name);
                let Some(origin) = self.live.origin_of_view(site, view) else { return };
                self.live.tell(site, origin, EntryKind::Error, own.into(), name, 0);
            }
            // Nothing else is told of who asked not to be followed.
            _ if private => {}
            Kind::Click => {
                let (what, target) = (text(Tag::What), text(Tag::Target));
                let Some(sub) = one_of(&CLICKED, &what) else { return };
                // A name that the site gave is no address.
                let target = if what == "marked" { &target } else { bare::address(&target) };
                let name = format!("{what}{PART}{target}{PART}{}", text(Tag::Name));
                let name = self.live.name(site, NameKind::Element, &name);
                let Some(origin) = self.live.origin_of_view(site, view) else { return };
                self.live.tell(site, origin, EntryKind::Click, sub, name, 0);
            }
            Kind::Form => {
                let Some(sub) = one_of(&FORMED, &text(Tag::What)) else { return };
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
        // A form without a name has that of its address.
        let form = if form.starts_with('/') { bare::address(form) } else { form };
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
            if let Some(told) = record.number(tag) {
                *value = told.min(u64::from(UNTOLD - 1)) as u16;
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
