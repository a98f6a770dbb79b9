//! The worker's view of the runtime directory: mapped at its first event, looked after once a second.

use std::os::fd::AsFd;

use ext_php_rs::zend::{ModuleGlobal, ModuleGlobals};
use qahm_event::{Micros, RECORD_MAX};
use qahm_ring::Ring;
use qahm_runtime::{Place, runtime_dir};

use crate::{
    ask::Throttle,
    clock::Coarse,
    counters::Shape,
    fork::ForkMark,
    ini::{Mode, Role, Settings},
    key::Keyring,
    spawn,
};

/// How often a mapping is compared with the file at its path.
const LOOK_US: u64 = 1_000_000;
/// The first and the longest pause between attempts to make a mapping that failed.
const RETRY_US: (u64, u64) = (1_000_000, 30_000_000);

/// One per thread of PHP: one per process without ZTS. PHP makes it and, when the module is unloaded, drops it,
/// which unmaps. There is nothing else to shut down: FPM unloads the module in every worker that ends.
pub(crate) static WORKER: ModuleGlobals<Worker> = ModuleGlobals::new();

/// How far a caller goes to get a mapping.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Uses what is there: a question of a reader.
    Existing,
    /// Makes the directory and the ring where this process may: an event.
    Make,
    /// As `Make`, without waiting for the end of a pause: an administrator.
    Now,
}

/// What one worker keeps between calls.
#[derive(Default)]
pub(crate) struct Worker {
    settings: Option<Settings>,
    mark: Option<ForkMark>,
    mapping: Option<Mapping>,
    /// Boot time at which the mapping is next looked at, or made after a failure.
    look_at: u64,
    /// The same for those who only use what exists, so that a look does not delay a making.
    peek_at: u64,
    /// The pause after the last failure, µs.
    pause: u64,
    /// Why the last attempt to make a mapping failed.
    failure: Option<String>,
    pub(crate) throttle: Throttle,
    pub(crate) clock: Coarse,
    pub(crate) shape: Shape,
}

impl ModuleGlobal for Worker {}

/// The open runtime directory and its ring.
pub(crate) struct Mapping {
    pub(crate) place: Place,
    pub(crate) ring: Ring,
    pub(crate) keys: Keyring,
    /// Where records are written before they go into a slot: clearing a new one each time would cost more than
    /// filling it.
    pub(crate) buffer: Box<[u8; RECORD_MAX]>,
}

impl Mapping {
    /// Pushes the record that `write` leaves in the buffer. False when the ring refuses it, which the ring counts.
    pub(crate) fn push(&mut self, write: impl for<'a> FnOnce(&'a mut [u8; RECORD_MAX]) -> &'a [u8]) -> bool {
        self.ring.push(write(&mut self.buffer)).is_ok()
    }
}

/// Runs `f` on this thread's worker. `f` must not call into PHP code that could come back here; nothing in this
/// crate does.
pub(crate) fn with<R>(f: impl FnOnce(&mut Worker) -> R) -> R {
    // SAFETY: called from handlers of PHP functions and of phpinfo only, of which a thread runs one at a time, after
    // PHP has initialised the globals.
    f(unsafe { WORKER.get_mut() })
}

impl Worker {
    /// The mapping, made or renewed where that is due and `reach` allows it. Costs two loads on the usual path.
    pub(crate) fn mapping(&mut self, now: Micros, reach: Reach) -> Option<&mut Mapping> {
        let due = match (&self.mapping, reach) {
            (Some(_), _) | (None, Reach::Make) => now.0 >= self.look_at,
            (None, Reach::Existing) => now.0 >= self.peek_at,
            (None, Reach::Now) => true,
        };
        if due || !self.mark.as_ref().is_some_and(ForkMark::holds) {
            self.renew(now, reach);
        }
        self.mapping.as_mut()
    }

    /// As [`Self::mapping`], and starts the engine when it is missing and this process may.
    pub(crate) fn tended(&mut self, now: Micros, reach: Reach) -> Option<&mut Mapping> {
        self.mapping(now, reach)?;
        if let (Some(mapping), Some(settings)) = (&self.mapping, &self.settings)
            && spawn::beat_age(&mapping.ring, now) > spawn::STALE_US
            && settings.spawns()
        {
            spawn::start(settings, &mapping.ring, now);
        }
        self.mapping.as_mut()
    }

    /// The settings of this process.
    pub(crate) fn settings(&mut self) -> &Settings {
        if !self.mark.as_ref().is_some_and(ForkMark::holds) {
            self.forget();
        }
        self.settings.get_or_insert_with(Settings::read)
    }

    /// Why there is no mapping, if an attempt failed.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Starts anew: the first use, or the first use in a forked child, whose user and settings may differ.
    fn forget(&mut self) {
        *self = Self { mark: Some(ForkMark::new()), ..Self::default() };
    }

    #[cold]
    fn renew(&mut self, now: Micros, reach: Reach) {
        let settings = self.settings();
        if settings.mode == Mode::Off {
            (self.look_at, self.peek_at) = (u64::MAX, u64::MAX);
            return;
        }
        let makes = settings.role == Role::Server && reach != Reach::Existing;
        if self.mapping.as_ref().is_some_and(|m| m.ring.is_current(m.place.fd.as_fd())) {
            self.look_at = now.0.saturating_add(LOOK_US);
            return;
        }
        // Gone, replaced, or never there. An old mapping is let go even if no new one can be made: what is pushed
        // to an unlinked ring is lost.
        self.mapping = None;
        match open(self.settings(), makes) {
            Ok(mapping) => {
                self.mapping = Some(mapping);
                (self.failure, self.pause) = (None, 0);
                self.look_at = now.0.saturating_add(LOOK_US);
            }
            Err(failure) => {
                // "Not there" says less than why it could not be made.
                if reach != Reach::Existing || self.failure.is_none() {
                    self.failure = Some(failure);
                }
                self.peek_at = now.0.saturating_add(RETRY_US.0);
                if reach != Reach::Existing {
                    self.pause = self.pause.saturating_mul(2).clamp(RETRY_US.0, RETRY_US.1);
                    self.look_at = now.0.saturating_add(self.pause);
                }
            }
        }
    }
}

/// Opens the directory and the ring; `makes` them where they are missing.
fn open(settings: &Settings, makes: bool) -> Result<Mapping, String> {
    if let Some(problem) = &settings.problem {
        return Err(problem.clone());
    }
    if settings.role == Role::Root {
        return Err("root records nothing: its files would lock the web server's user out".to_owned());
    }
    let place = runtime_dir(settings.runtime_dir.as_deref(), makes).map_err(|e| e.to_string())?;
    let dir = place.fd.as_fd();
    let ring = if makes { Ring::open_or_create(dir, settings.slots) } else { Ring::open(dir) };
    let ring = ring.map_err(|e| format!("{}: {e}", place.path.display()))?;
    Ok(Mapping { place, ring, keys: Keyring::default(), buffer: Box::new([0; RECORD_MAX]) })
}
