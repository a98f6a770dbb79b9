//! What is going on: the content of `qahm_realtime_status` and of phpinfo.
//!
//! Looks only: a page of diagnosis neither makes files nor starts anything.

use std::{
    os::fd::AsFd,
    path::{Path, PathBuf},
};

use qahm_event::Micros;
use qahm_ring::{Message, Ring, version_text};
use qahm_runtime::{DATA_BASE, Place, RUN_BASE, SHM_BASE, has_room, other_runtime_dirs};

use crate::{
    health::Health,
    ini::{Mode, Settings},
    mapping::{self, Mapping, Reach},
    notes,
    spawn::{self, STALE_US},
    user,
};

/// A snapshot of this process, its ring and its engine.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) mode: &'static str,
    /// The user this process runs as.
    pub(crate) user: String,
    pub(crate) runtime_dir: PathBuf,
    /// Where the engine keeps its data, if it answers; else as `wanted_data_dir`.
    pub(crate) data_dir: PathBuf,
    /// Where an engine that this process starts keeps its data.
    pub(crate) wanted_data_dir: PathBuf,
    /// Path of the engine's binary; empty when there is none.
    pub(crate) engine: String,
    /// Whether this process has a ring.
    pub(crate) mapped: bool,
    /// running, starting, stale, absent, off.
    pub(crate) state: &'static str,
    /// Attempts to start the engine since it last beat, 0 to 255.
    pub(crate) attempts: u32,
    pub(crate) engine_pid: u32,
    pub(crate) engine_version: String,
    /// Since the engine last beat, ms.
    pub(crate) beat_age_ms: Option<u64>,
    pub(crate) slots: u32,
    pub(crate) used: u32,
    pub(crate) dropped: u64,
    pub(crate) skipped: u64,
    pub(crate) torn: u64,
    /// What the engine says of itself, when it answers.
    pub(crate) health: Option<Health>,
    /// Engines of this user in other runtime directories: where, and their processes.
    pub(crate) others: Vec<(PathBuf, u32)>,
    /// What the engine, the last attempt to start it and the ring complain about.
    pub(crate) engine_message: String,
    pub(crate) spawn_message: String,
    pub(crate) ring_message: String,
    /// What a person should know or do, most important first.
    pub(crate) notes: Vec<String>,
}

impl Report {
    /// Takes the snapshot. Waits for the engine's answer, [`Health::ask`].
    pub(crate) fn take() -> Self {
        let now = Micros::now();
        mapping::with(|worker| {
            let mut report = Self::of_settings(worker.settings());
            if worker.settings().mode == Mode::Off {
                report.state = "off";
                report.notes.push("Nothing is recorded: qahm_realtime.engine_mode is off.".to_owned());
                return report;
            }
            let data_base = worker.settings().data_dir.clone();
            if let Some(Mapping { place, ring, .. }) = worker.mapping(now, Reach::Existing) {
                report.mapped = true;
                report.of_ring(ring, now);
                report.of_engine(place, data_base.as_deref(), now);
            } else {
                report.ring_message = worker.failure().unwrap_or("there is no ring yet").to_owned();
            }
            report.notes = notes::explain(&report, worker.settings());
            report
        })
    }

    /// The process of the engine, if it beats.
    pub(crate) fn running(&self) -> Option<u32> {
        (self.state == "running").then_some(self.engine_pid)
    }

    fn of_settings(settings: &Settings) -> Self {
        let uid = user::own_uid();
        let runtime_dir = match &settings.runtime_dir {
            Some(base) => base.join(uid.to_string()),
            None if has_room(Path::new(RUN_BASE)) => Path::new(RUN_BASE).join(uid.to_string()),
            None => Path::new(SHM_BASE).join(format!("qahm-realtime-{uid}")),
        };
        let data_dir = data_dir(settings.data_dir.as_deref(), &runtime_dir);
        Self {
            mode: settings.mode.as_str(),
            user: user::named(uid),
            runtime_dir,
            wanted_data_dir: data_dir.clone(),
            data_dir,
            engine: spawn::engine(settings).map_or_else(|_| String::new(), |path| path.display().to_string()),
            state: "absent",
            ..Self::default()
        }
    }

    fn of_ring(&mut self, ring: &Ring, now: Micros) {
        let header = ring.header();
        let age = header.beat_age_us(now.0);
        self.spawn_message = ring.message(Message::Spawn);
        self.engine_message = ring.message(Message::Engine);
        self.attempts = ring.spawn_attempts();
        self.state = match age {
            Some(age) if age <= STALE_US => "running",
            _ if spawn::is_starting(ring, now) => "starting",
            Some(_) if self.attempts == 0 => "stale",
            _ => "absent",
        };
        self.beat_age_ms = age.map(|age| age / 1000);
        self.engine_pid = header.engine_pid();
        if header.engine_version() != 0 {
            self.engine_version = version_text(header.engine_version());
        }
        (self.slots, self.used) = (ring.slots(), ring.used());
        (self.dropped, self.skipped, self.torn) = (header.dropped(), header.skipped(), header.torn());
    }

    fn of_engine(&mut self, place: &Place, data_base: Option<&Path>, now: Micros) {
        self.runtime_dir.clone_from(&place.path);
        self.wanted_data_dir = data_dir(data_base, &place.path);
        self.data_dir.clone_from(&self.wanted_data_dir);
        // One that has never beaten has no socket either; one that has stopped beating may still answer.
        if self.beat_age_ms.is_some() {
            self.health = Health::ask(place);
        }
        if let Some(Health { data_dir, .. }) = &self.health
            && !data_dir.is_empty()
        {
            self.data_dir = PathBuf::from(data_dir);
        }
        self.others = other_runtime_dirs(place)
            .into_iter()
            .filter_map(|other| {
                let ring = Ring::open(other.fd.as_fd()).ok()?;
                let alive = spawn::beat_age(&ring, now) <= STALE_US;
                alive.then(|| (other.path, ring.header().engine_pid()))
            })
            .collect();
    }
}

/// Where an engine with these settings keeps its data.
fn data_dir(base: Option<&Path>, runtime: &Path) -> PathBuf {
    let own = |base: &Path| base.join(user::own_uid().to_string());
    match base {
        Some(base) => own(base),
        None if has_room(Path::new(DATA_BASE)) => own(Path::new(DATA_BASE)),
        None => runtime.join("data"),
    }
}
