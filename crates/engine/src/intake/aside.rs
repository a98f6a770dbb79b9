//! Views set aside of late: a network that fails repeats what it sent, and a view counts once.

use qahm_event::SiteId;

/// Views remembered: 64 KiB. Each has one place, so a new one may take that of another.
const PLACES: usize = 8192;

/// The views that were set aside.
#[derive(Debug, Default)]
pub(super) struct Aside {
    places: Vec<u64>,
}

impl Aside {
    /// Whether a view was not set aside yet; it is now.
    pub(super) fn is_new(&mut self, site: SiteId, view: u64) -> bool {
        if self.places.is_empty() {
            self.places = vec![0; PLACES];
        }
        let name = view ^ site.0.rotate_left(32);
        let place = self.places.get_mut(name as usize % PLACES);
        place.is_none_or(|place| std::mem::replace(place, name) != name)
    }
}
