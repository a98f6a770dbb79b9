//! The daily salts in the runtime directory: one file per site, lost at a reboot like the directory itself.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{Read, Write};

use qahm_event::SiteId;
use qahm_runtime::Place;
use rustix::fs::{AtFlags, Mode, OFlags, openat, renameat, unlinkat};

use crate::enrich::visitor::Salts;
use crate::live::Second;

/// The salts of every site.
#[derive(Debug, Default)]
pub(super) struct SaltFiles {
    sites: HashMap<SiteId, Salts>,
}

impl SaltFiles {
    /// The salts of a site on a local day; read from the file, or made.
    pub(super) fn of(&mut self, place: &Place, site: SiteId, day: u32, now: Second) -> Option<&mut Salts> {
        let salts = match self.sites.entry(site) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let salts = match read(place, site) {
                    Some(salts) => salts,
                    None => Salts::new(day).ok()?,
                };
                write(place, site, &salts);
                unknown.insert(salts)
            }
        };
        if salts.turn(day, now).ok()? {
            write(place, site, salts);
        }
        Some(salts)
    }

    /// Once a second for every site: salts change at midnight and old ones go although nobody visits. Once a minute the
    /// file learns when a visit was last found under the previous salt: a restart must not split visits over midnight.
    pub(super) fn turn(&mut self, place: &Place, site: SiteId, day: u32, now: Second) {
        if let Some(salts) = self.of(place, site, day, now)
            && salts.previous.is_some()
            && now.is_multiple_of(60)
        {
            write(place, site, salts);
        }
    }

    pub(super) fn forget(&mut self, place: &Place, site: SiteId) {
        self.sites.remove(&site);
        // It may never have been written.
        let _gone = unlinkat(&place.fd, name(site), AtFlags::empty());
    }
}

fn name(site: SiteId) -> String {
    format!("salt-{site}")
}

fn read(place: &Place, site: SiteId) -> Option<Salts> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(&place.fd, name(site), flags, Mode::empty()).ok()?;
    let mut bytes = Vec::new();
    std::fs::File::from(file).take(256).read_to_end(&mut bytes).ok()?;
    Salts::decode(&bytes)
}

/// A salt that cannot be written works until the engine ends: visitors of then are counted anew. Not worth an error.
fn write(place: &Place, site: SiteId, salts: &Salts) {
    let temporary = format!("{}.new", name(site));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let written = openat(&place.fd, &temporary, flags, Mode::RUSR | Mode::WUSR)
        .map_err(std::io::Error::from)
        .and_then(|file| std::fs::File::from(file).write_all(&salts.encode()));
    if written.is_ok() {
        let _renamed = renameat(&place.fd, &temporary, &place.fd, name(site));
    }
}
