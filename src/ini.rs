//! Settings: the INI entries, and what one process makes of them.

use std::{
    ffi::CStr,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use ext_php_rs::{
    flags::IniEntryPermission,
    zend::{ExecutorGlobals, IniEntryDef, IniEntryDefs, SapiModule},
};

/// All of them are for the administrator alone: a site must not point the engine elsewhere with `ini_set`.
const fn entry(name: &'static CStr, value: &'static CStr) -> IniEntryDef {
    IniEntryDef::new(name, value, IniEntryPermission::System)
}

static ENTRIES: IniEntryDefs<9> = IniEntryDefs::new([
    entry(c"qahm_realtime.runtime_dir", c""),
    entry(c"qahm_realtime.data_dir", c""),
    entry(c"qahm_realtime.engine", c""),
    entry(c"qahm_realtime.engine_mode", c"auto"),
    entry(c"qahm_realtime.slots", c"8192"),
    entry(c"qahm_realtime.listen", c"auto"),
    entry(c"qahm_realtime.listen_group", c""),
    entry(c"qahm_realtime.cli", c"0"),
    IniEntryDef::end(),
]);

/// Slots of a ring when the INI says nothing that can be read.
const DEFAULT_SLOTS: u32 = 8192;

/// The whole of module start-up. It runs as root in a process that FPM leaves at once, so it touches nothing, and
/// it always succeeds: a broken analytics module must not keep PHP from starting.
pub(crate) fn startup(_kind: i32, module: i32) -> i32 {
    let _ = catch_unwind(|| IniEntryDef::register(ENTRIES.as_slice(), module));
    0
}

/// What `qahm_realtime.engine_mode` says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Workers start the engine when it is missing.
    Auto,
    /// Something else (systemd, a container) runs the engine.
    External,
    /// Nothing is touched.
    Off,
}

impl Mode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::External => "external",
            Self::Off => "off",
        }
    }
}

/// What this process may do to the runtime directory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A web server's process: creates files and starts the engine.
    Server,
    /// A command line: uses what its own user's web processes have made.
    Guest,
    /// Files made by root would lock the web server's user out.
    Root,
}

/// The settings of this process, read once.
pub(crate) struct Settings {
    pub(crate) runtime_dir: Option<PathBuf>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) engine: Option<PathBuf>,
    pub(crate) mode: Mode,
    /// Slots of a ring this process creates; the ring crate rounds and clamps.
    pub(crate) slots: u32,
    /// Where an engine that this process starts serves the live channel; `None` = where it does by itself. The engine
    /// reads it: an address that will not do is a note of its status, and keeps nothing from being recorded.
    pub(crate) listen: Option<String>,
    /// The group that may reach it, if it is a Unix socket.
    pub(crate) listen_group: Option<String>,
    pub(crate) role: Role,
    /// A setting that cannot be followed, in words.
    pub(crate) problem: Option<String>,
}

impl Settings {
    /// Reads the INI. Slow (it walks every directive of PHP): once per process, at its first use.
    pub(crate) fn read() -> Self {
        // The guard of the globals is gone at the end of the statement: nothing below may call PHP under it.
        let mut values = ExecutorGlobals::get().ini_values();
        let mut take =
            |name: &str| values.remove(name).flatten().map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let mut settings = Self {
            runtime_dir: take("qahm_realtime.runtime_dir").map(PathBuf::from),
            data_dir: take("qahm_realtime.data_dir").map(PathBuf::from),
            engine: take("qahm_realtime.engine").map(PathBuf::from),
            mode: Mode::Auto,
            slots: DEFAULT_SLOTS,
            listen: None,
            listen_group: take("qahm_realtime.listen_group"),
            role: role(take("qahm_realtime.cli").is_some_and(|v| on(&v))),
            problem: None,
        };
        match take("qahm_realtime.engine_mode").as_deref() {
            Some("auto") => {}
            Some("external") => settings.mode = Mode::External,
            // An `off` without quotes in an INI file is the empty string by the time we see it.
            None | Some("off" | "0") => settings.mode = Mode::Off,
            Some(other) => {
                settings.problem =
                    Some(format!("qahm_realtime.engine_mode is '{other}'; it can be auto, external or off"));
            }
        }
        settings.listen = match take("qahm_realtime.listen").as_deref() {
            Some("auto") => None,
            // As above: an `off` without quotes.
            None => Some("off".to_owned()),
            Some(address) => Some(address.to_owned()),
        };
        match take("qahm_realtime.slots").map(|v| v.parse()) {
            None => {}
            Some(Ok(slots)) => settings.slots = slots,
            Some(Err(_)) => settings.problem = Some("qahm_realtime.slots is not a number".to_owned()),
        }
        for (name, path) in [
            ("runtime_dir", &settings.runtime_dir),
            ("data_dir", &settings.data_dir),
            ("engine", &settings.engine),
        ] {
            if path.as_deref().is_some_and(Path::is_relative) {
                settings.problem = Some(format!("qahm_realtime.{name} must be an absolute path"));
            }
        }
        settings
    }

    /// Whether this process starts the engine when it is missing.
    pub(crate) fn spawns(&self) -> bool {
        self.mode == Mode::Auto && self.role == Role::Server
    }
}

fn on(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "on" | "yes" | "true")
}

fn role(cli_serves: bool) -> Role {
    if rustix::process::geteuid().is_root() {
        return Role::Root;
    }
    if !cli_serves && is_command_line() { Role::Guest } else { Role::Server }
}

/// Whether PHP runs under `cli` or `phpdbg` (the built-in web server is `cli-server`, a web SAPI).
fn is_command_line() -> bool {
    let name = SapiModule::get().name;
    if name.is_null() {
        return true;
    }
    // SAFETY: the name of a SAPI is a NUL-terminated string that lives as long as the process.
    let name = unsafe { CStr::from_ptr(name) };
    matches!(name.to_bytes(), b"cli" | b"phpdbg")
}
