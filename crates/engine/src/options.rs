//! The command line.

use std::path::PathBuf;

/// What `--help` says.
pub const HELP: &str = "\
qahm-realtimed: the engine of QAHM Realtime. Started by the PHP extension; by hand or by systemd with --foreground.

  --runtime-dir DIR   where ring and socket are, as qahm_realtime.runtime_dir (default /run/qahm-realtime)
  --data-dir DIR      where the database is, as qahm_realtime.data_dir (default /var/lib/qahm-realtime)
  --slots N           slots of a ring that has to be made (default 8192)
  --listen ADDR       where the web server reaches the live channel, as qahm_realtime.listen: 127.0.0.1:9100, [::1]:9100,
                      unix:/path, off (default auto: unix:live.sock in the user's folder of the runtime directory)
  --listen-group NAME the group of that Unix socket, as qahm_realtime.listen_group
  --foreground        stay, and report to standard error
  --version, --help

Each user's files are in a folder of its own in DIR, named by the user's number.
Exit codes: 0 ended as asked, or another engine is running; 2 usage; 3 root; 4 runtime directory; 5 data directory;
6 database; 7 ring.
";

/// Slots of a new ring.
pub const SLOTS: u32 = 8192;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub runtime_dir: Option<PathBuf>,
    pub data_dir: Option<PathBuf>,
    pub slots: Option<u32>,
    /// Read by the live channel itself: an address that will not do must not keep the engine from running.
    pub listen: Option<String>,
    pub listen_group: Option<String>,
    pub foreground: bool,
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    Run(Options),
    Help,
    Version,
}

impl Options {
    pub fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Asked, lexopt::Error> {
        use lexopt::prelude::*;
        let mut parser = lexopt::Parser::from_args(arguments);
        let mut options = Options::default();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("runtime-dir") => options.runtime_dir = Some(parser.value()?.into()),
                Long("data-dir") => options.data_dir = Some(parser.value()?.into()),
                Long("slots") => options.slots = Some(parser.value()?.parse()?),
                Long("listen") => options.listen = Some(parser.value()?.string()?),
                Long("listen-group") => options.listen_group = Some(parser.value()?.string()?),
                Long("foreground") => options.foreground = true,
                Long("help") | Short('h') => return Ok(Asked::Help),
                Long("version") | Short('V') => return Ok(Asked::Version),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Asked::Run(options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Asked, lexopt::Error> {
        Options::parse(text.split_whitespace().map(Into::into))
    }

    #[test]
    fn arguments() {
        let Ok(Asked::Run(options)) = parse("--runtime-dir /r --data-dir=/d --slots 4096 --foreground")
        else {
            panic!("refused")
        };
        assert_eq!((options.slots, options.foreground), (Some(4096), true));
        let Ok(Asked::Run(options)) = parse("--listen unix:/tmp/a --listen-group www-data") else {
            panic!("refused")
        };
        assert_eq!(options.listen.as_deref(), Some("unix:/tmp/a"));
        assert_eq!(options.listen_group.as_deref(), Some("www-data"));
        assert_eq!(parse("--version").unwrap(), Asked::Version);
        for bad in ["--nonsense", "--slots x", "--runtime-dir", "word"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
