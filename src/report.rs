//! What is going on, and what is wrong in words: the content of `qahm_realtime_status` and of phpinfo.
//!
//! Looks only: a page of diagnosis neither makes files nor starts anything.

use std::path::PathBuf;

use qahm_event::Micros;
use qahm_ring::{Message, Ring, version_text};

use crate::{
    ini::{Mode, Role, Settings},
    mapping::{self, Reach},
    spawn::{self, STALE_US},
    user,
};

/// Where the engine keeps its data when the INI says nothing.
const DATA: &str = "/var/lib/qahm-realtime";

/// A snapshot of this process, its ring and its engine.
pub(crate) struct Report {
    pub(crate) mode: &'static str,
    /// The user this process runs as.
    pub(crate) user: String,
    pub(crate) runtime_dir: String,
    pub(crate) data_dir: String,
    /// Path of the engine's binary; empty when there is none.
    pub(crate) engine: String,
    /// running, starting, stale, absent, off.
    pub(crate) state: &'static str,
    pub(crate) engine_pid: u32,
    pub(crate) engine_version: String,
    /// Since the engine last beat, ms.
    pub(crate) beat_age_ms: Option<u64>,
    pub(crate) slots: u32,
    pub(crate) used: u32,
    pub(crate) dropped: u64,
    pub(crate) skipped: u64,
    pub(crate) torn: u64,
    /// What the engine, the last attempt to start it and the ring complain about.
    pub(crate) engine_message: String,
    pub(crate) spawn_message: String,
    pub(crate) ring_message: String,
    /// What a person should know or do, most important first.
    pub(crate) notes: Vec<String>,
}

impl Report {
    /// Takes the snapshot.
    pub(crate) fn take() -> Self {
        let now = Micros::now();
        mapping::with(|worker| {
            let mut report = Self::of_settings(worker.settings());
            if worker.settings().mode == Mode::Off {
                report.state = "off";
                report.notes.push("Nothing is recorded: qahm_realtime.engine_mode is off.".to_owned());
                return report;
            }
            match worker.mapping(now, Reach::Existing) {
                Some(mapping) => {
                    report.runtime_dir = mapping.place.path.display().to_string();
                    report.of_ring(&mapping.ring, now);
                }
                None => report.ring_message = worker.failure().unwrap_or("there is no ring yet").to_owned(),
            }
            let mapped = worker.mapping(now, Reach::Existing).is_some();
            report.explain(worker.settings(), mapped);
            report
        })
    }

    fn of_settings(settings: &Settings) -> Self {
        let uid = user::own_uid();
        let own = |base: &Option<PathBuf>, default: &str| {
            let base = base.clone().unwrap_or_else(|| PathBuf::from(default));
            base.join(uid.to_string()).display().to_string()
        };
        Self {
            mode: settings.mode.as_str(),
            user: user::named(uid),
            runtime_dir: own(&settings.runtime_dir, "/run/qahm-realtime"),
            data_dir: own(&settings.data_dir, DATA),
            engine: spawn::engine(settings).map_or_else(|_| String::new(), |path| path.display().to_string()),
            state: "absent",
            engine_pid: 0,
            engine_version: String::new(),
            beat_age_ms: None,
            slots: 0,
            used: 0,
            dropped: 0,
            skipped: 0,
            torn: 0,
            engine_message: String::new(),
            spawn_message: String::new(),
            ring_message: String::new(),
            notes: Vec::new(),
        }
    }

    fn of_ring(&mut self, ring: &Ring, now: Micros) {
        let header = ring.header();
        let age = header.beat_age_us(now.0);
        self.spawn_message = ring.message(Message::Spawn);
        self.engine_message = ring.message(Message::Engine);
        self.state = match age {
            Some(age) if age <= STALE_US => "running",
            _ if ring.spawn_attempts() > 0 && self.spawn_message.is_empty() => "starting",
            Some(_) => "stale",
            None => "absent",
        };
        self.beat_age_ms = age.map(|age| age / 1000);
        self.engine_pid = header.engine_pid();
        if header.engine_version() != 0 {
            self.engine_version = version_text(header.engine_version());
        }
        (self.slots, self.used) = (ring.slots(), ring.used());
        (self.dropped, self.skipped, self.torn) = (header.dropped(), header.skipped(), header.torn());
    }

    /// Turns what was found into sentences.
    fn explain(&mut self, settings: &Settings, mapped: bool) {
        self.notes.extend(settings.problem.iter().map(|problem| format!("{problem}.")));
        match (settings.role, mapped) {
            (Role::Root, _) => self.notes.push(format!(
                "This process runs as root, which records nothing and starts nothing. {}",
                run_as(settings)
            )),
            (Role::Guest, false) => self.notes.push(format!(
                "The command line uses what web requests of its own user, {}, have made, and there is nothing: {}. {}",
                self.user,
                self.ring_message,
                run_as(settings)
            )),
            (Role::Server, false) => self.notes.push(format!(
                "There is no ring in use: {}. The first event makes it, where that is possible.",
                self.ring_message
            )),
            (_, true) => self.explain_engine(settings),
        }
        if mapped && self.used >= self.slots {
            self.notes.push("The ring is full: events are dropped until the engine empties it.".to_owned());
        }
        if self.dropped > 0 {
            self.notes.push(format!("{} events were dropped because the ring was full.", self.dropped));
        }
        if self.slots != 0 && self.slots != settings.slots.clamp(256, 1_048_576).next_power_of_two() {
            self.notes.push(format!(
                "The ring has {} slots, qahm_realtime.slots says {}: a ring keeps its size until it is removed, and \
                 is made smaller where there is no space.",
                self.slots, settings.slots
            ));
        }
        if settings.role != Role::Root && settings.data_dir.is_none() && !PathBuf::from(DATA).is_dir() {
            self.data_dir = format!("{}/data", self.runtime_dir);
            self.notes.push(format!(
                "The history is lost when the machine restarts, since {DATA} does not exist. As root: mkdir {DATA} && \
                 chmod 1733 {DATA}"
            ));
        }
    }

    fn explain_engine(&mut self, settings: &Settings) {
        if self.state == "running" {
            return;
        }
        let since = match self.beat_age_ms {
            Some(ms) => format!("The engine has not answered for {} s.", ms / 1000),
            None => "The engine has not run yet.".to_owned(),
        };
        let then = match (settings.mode, self.state) {
            (Mode::External, _) => {
                "qahm_realtime.engine_mode is external: start qahm-realtimed as this user.".to_owned()
            }
            (_, "starting") => "It was started a moment ago.".to_owned(),
            _ if !self.spawn_message.is_empty() => format!("The last start failed: {}.", self.spawn_message),
            _ => "The next event of a web request starts it.".to_owned(),
        };
        self.notes.push(format!("{since} {then} Events wait in the ring."));
        if let (Mode::Auto, Err(missing)) = (settings.mode, spawn::engine(settings))
            && missing != self.spawn_message
        {
            self.notes.push(format!("{missing}."));
        }
        if !self.engine_message.is_empty() {
            self.notes.push(format!("The engine said: {}", self.engine_message));
        }
    }
}

/// Which user a command line should run as.
fn run_as(settings: &Settings) -> String {
    let users = user::recorders(settings.runtime_dir.as_deref());
    if users.is_empty() {
        return "Run it as the web server's user, for example: sudo -u www-data php …".to_owned();
    }
    let names: Vec<String> = users.into_iter().map(user::named).collect();
    format!("Run it as {}, for example: sudo -u '#<number>' php …", names.join(" or "))
}
