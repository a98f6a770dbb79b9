//! The daily salts, in the runtime directory: one file per site, lost at a reboot like the directory itself. Without a
//! directory they are in memory only.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use qahm_event::SiteId;
use qahm_runtime::Place;
use rustix::fs::{AtFlags, Mode, OFlags, openat, renameat, unlinkat};

use crate::enrich::visitor::Salts;
use crate::live::Second;

/// The salts of every site.
#[derive(Debug, Default)]
pub struct SaltFiles {
    sites: HashMap<SiteId, Salts>,
    directory: Option<OwnedFd>,
}

impl SaltFiles {
    /// Keeps salts in a directory.
    pub fn kept_in(place: &Place) -> std::io::Result<SaltFiles> {
        Ok(SaltFiles { directory: Some(place.fd.try_clone()?), ..SaltFiles::default() })
    }

    /// The salts of a site on a local day; read from the file, or made.
    pub(super) fn of(&mut self, site: SiteId, day: u32, now: Second) -> Option<&mut Salts> {
        let directory = self.directory.as_ref();
        let salts = match self.sites.entry(site) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let salts = match read(directory, site) {
                    Some(salts) => salts,
                    None => Salts::new(day).ok()?,
                };
                write(directory, site, &salts);
                unknown.insert(salts)
            }
        };
        if salts.turn(day, now).ok()? {
            write(directory, site, salts);
        }
        Some(salts)
    }

    /// The salts of a site as they are, if it has any.
    pub(super) fn known(&self, site: SiteId) -> Option<&Salts> {
        self.sites.get(&site)
    }

    /// Once a second for every site: salts change at midnight and old ones go although nobody visits, unless one is
    /// `in_use`. Once a minute the file learns when a visit was last found under the previous salt: a restart must not split
    /// visits over midnight.
    pub fn turn(&mut self, site: SiteId, day: u32, now: Second, in_use: impl FnOnce(Second) -> bool) {
        let Some(salts) = self.of(site, day, now) else { return };
        let over = salts.expire(now, in_use);
        if over || (salts.previous.is_some() && now.is_multiple_of(60)) {
            let salts = salts.clone();
            write(self.directory.as_ref(), site, &salts);
        }
    }

    pub fn forget(&mut self, site: SiteId) {
        self.sites.remove(&site);
        // It may never have been written.
        if let Some(directory) = &self.directory {
            let _gone = unlinkat(directory, name(site), AtFlags::empty());
        }
    }
}

fn name(site: SiteId) -> String {
    format!("salt-{site}")
}

fn read(directory: Option<&OwnedFd>, site: SiteId) -> Option<Salts> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(directory?, name(site), flags, Mode::empty()).ok()?;
    let mut bytes = Vec::new();
    std::fs::File::from(file).take(256).read_to_end(&mut bytes).ok()?;
    Salts::decode(&bytes)
}

/// A salt that cannot be written works until the engine ends: visitors of then are counted anew. Not worth an error.
fn write(directory: Option<&OwnedFd>, site: SiteId, salts: &Salts) {
    let Some(directory) = directory else { return };
    let temporary = format!("{}.new", name(site));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let written = openat(directory, &temporary, flags, Mode::RUSR | Mode::WUSR)
        .map_err(std::io::Error::from)
        .and_then(|file| std::fs::File::from(file).write_all(&salts.encode()));
    if written.is_ok() {
        let _renamed = renameat(directory, &temporary, directory, name(site));
    }
}
