//! What is wrong, and who has to do what: the report in sentences, for people.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use qahm_runtime::{DATA_BASE, RUN_BASE, has_room};

use crate::{
    ini::{Mode, Role, Settings},
    report::Report,
    spawn, user,
};

/// The notes of a report, most important first; none when all is well.
pub(crate) fn explain(report: &Report, settings: &Settings) -> Vec<String> {
    let mut notes: Vec<String> = settings.problem.iter().map(|problem| format!("{problem}.")).collect();
    if report.mapped {
        notes.extend(silence(report, settings));
        notes.extend(engine(report));
    } else {
        notes.push(no_ring(report, settings));
    }
    notes.extend(ring(report, settings));
    notes.extend(elsewhere(report, settings));
    notes.extend(data(report, settings));
    notes
}

fn no_ring(report: &Report, settings: &Settings) -> String {
    let (user, why) = (&report.user, &report.ring_message);
    match settings.role {
        Role::Root => {
            let whom = run_as(settings);
            format!("This process runs as root, which records nothing and starts nothing. {whom}")
        }
        Role::Guest => format!(
            "The command line uses what web requests of its own user, {user}, have made, and there is nothing: {why}. \
             {}",
            run_as(settings)
        ),
        Role::Server => {
            format!("There is no ring in use: {why}. The first event makes it, where that is possible.")
        }
    }
}

/// Why no engine beats, and what happens next.
fn silence(report: &Report, settings: &Settings) -> Vec<String> {
    if report.state == "running" {
        return Vec::new();
    }
    let since = match report.beat_age_ms {
        Some(ms) => format!("The engine has not answered for {} s.", ms / 1000),
        None => "The engine has not run yet.".to_owned(),
    };
    let times = match report.attempts {
        1 => "once".to_owned(),
        255 => "at least 255 times".to_owned(),
        attempts => format!("{attempts} times"),
    };
    let then = match (settings.mode, report.state) {
        (Mode::External, _) => {
            "qahm_realtime.engine_mode is external: start qahm-realtimed as this user.".to_owned()
        }
        (_, "starting") if report.attempts > 1 => {
            format!("It was started a moment ago, {times} so far.")
        }
        (_, "starting") => "It was started a moment ago.".to_owned(),
        _ if !report.spawn_message.is_empty() => format!("The last start failed: {}.", report.spawn_message),
        _ if report.attempts > 0 => format!("It was started {times}, and ended before it could answer."),
        _ => "The next event of a web request starts it.".to_owned(),
    };
    let mut notes = vec![format!("{since} {then} Events wait in the ring.")];
    if report.state == "absent"
        && report.attempts > 0
        && report.engine_message.is_empty()
        && report.spawn_message.is_empty()
    {
        notes.push(format!("To see why it ends: {}", by_hand(report, settings)));
    }
    if let (Mode::Auto, Err(missing)) = (settings.mode, spawn::engine(settings))
        && missing != report.spawn_message
    {
        notes.push(format!("{missing}."));
    }
    notes
}

/// What the engine says, by its own mouth or by what it left in the ring.
fn engine(report: &Report) -> Vec<String> {
    let mut notes = report.health.as_ref().map_or_else(Vec::new, |health| health.notes.clone());
    // The message is all notes in one, cut to what the ring has room for.
    let (message, told) = (&report.engine_message, notes.join("; "));
    if !message.is_empty() && !told.contains(message.as_str()) {
        notes.push(format!("The engine said: {message}"));
    }
    notes
}

fn ring(report: &Report, settings: &Settings) -> Vec<String> {
    let mut notes = Vec::new();
    if report.mapped && report.used >= report.slots {
        notes.push("The ring is full: events are dropped until the engine empties it.".to_owned());
    }
    if report.dropped > 0 {
        notes.push(format!("{} events were dropped because the ring was full.", report.dropped));
    }
    if report.slots != 0 && report.slots != settings.slots.clamp(256, 1_048_576).next_power_of_two() {
        notes.push(format!(
            "The ring has {} slots, qahm_realtime.slots says {}: a ring keeps its size until it is removed, and is \
             made smaller where there is no space.",
            report.slots, settings.slots
        ));
    }
    notes
}

/// Engines of the same user in other directories, and the directory that would be used by now.
fn elsewhere(report: &Report, settings: &Settings) -> Vec<String> {
    let (used, usual) = (report.runtime_dir.display(), Path::new(RUN_BASE));
    if !report.mapped {
        return Vec::new();
    }
    match &settings.runtime_dir {
        // While both run each has data of its own, as in a second installation for tests.
        Some(_) if report.state == "running" => Vec::new(),
        Some(base) => {
            let tell = |(path, pid): &(PathBuf, u32)| {
                format!(
                    "qahm_realtime.runtime_dir of this process is {}, but an engine of the same user runs in {} (pid \
                     {pid}). Give all pools of a user the same setting, then reload php-fpm and stop one of the engines.",
                    base.display(),
                    path.display(),
                )
            };
            report.others.iter().map(tell).collect()
        }
        None if report.runtime_dir.starts_with(usual) => {
            let tell = |(path, pid): &(PathBuf, u32)| {
                let other = path.display();
                format!(
                    "{used} is in use, but an engine still runs in {other} from before: {}",
                    reload(Some(*pid))
                )
            };
            report.others.iter().map(tell).collect()
        }
        None if has_room(usual) => {
            vec![format!("{RUN_BASE} is there by now, but {used} is in use: {}", reload(report.running()))]
        }
        None => Vec::new(),
    }
}

/// Where the history is, if that is not where it should be.
fn data(report: &Report, settings: &Settings) -> Vec<String> {
    let (found, wanted) = (report.data_dir.display(), report.wanted_data_dir.display());
    let lost = report.data_dir.starts_with(&report.runtime_dir);
    if settings.role == Role::Root {
        return Vec::new();
    }
    if !same(&report.data_dir, &report.wanted_data_dir) {
        let setting = match &settings.data_dir {
            Some(base) => format!("qahm_realtime.data_dir of this process is {}", base.display()),
            None => format!("this process sets no qahm_realtime.data_dir, which means {wanted}"),
        };
        let why = if lost { ", which is lost when the machine restarts" } else { "" };
        return vec![format!(
            "The running engine keeps its data in {found}{why}, but {setting}. The engine's counts; to change it, {}",
            reload(report.running())
        )];
    }
    if !lost || settings.data_dir.is_some() {
        return Vec::new();
    }
    // An engine that answers has said so itself, and what root has to do.
    vec![match &report.health {
        Some(_) => format!(
            "As soon as {DATA_BASE} is there, {} Until then the history stays in {found}.",
            reload(report.running())
        ),
        None => format!(
            "The history is lost when the machine restarts, since {DATA_BASE} does not exist or may not be written to. \
             As root: mkdir -p {DATA_BASE} && chmod 1733 {DATA_BASE} ; then {}",
            reload(report.running())
        ),
    }]
}

/// What makes a changed directory count. Processes keep the one they have opened, the engine as long as it lives.
fn reload(old: Option<u32>) -> String {
    match old {
        Some(pid) => format!("reload php-fpm and stop the old engine (pid {pid})."),
        None => "reload php-fpm.".to_owned(),
    }
}

/// Whether two paths lead to one directory.
fn same(one: &Path, other: &Path) -> bool {
    let node = |path| fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    one == other || node(one).is_some_and(|found| Some(found) == node(other))
}

/// How to see with one's own eyes what an engine says that dies.
fn by_hand(report: &Report, settings: &Settings) -> String {
    let mut command = format!("sudo -u {} {} --foreground", user::sudo(user::own_uid()), report.engine);
    for (option, base) in [("runtime-dir", &settings.runtime_dir), ("data-dir", &settings.data_dir)] {
        if let Some(base) = base {
            command += &format!(" --{option} {}", base.display());
        }
    }
    command
}

/// Which user a command line should run as.
fn run_as(settings: &Settings) -> String {
    let users = user::recorders(settings.runtime_dir.as_deref());
    let Some(first) = users.first() else {
        return "Run it as the web server's user, for example: sudo -u www-data php …".to_owned();
    };
    let example = user::sudo(*first);
    let names: Vec<String> = users.into_iter().map(user::named).collect();
    format!("Run it as {}, for example: sudo -u {example} php …", names.join(" or "))
}
