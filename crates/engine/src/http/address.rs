//! Where the engine listens, in words: `127.0.0.1:9100`, `[::1]:9100`, `unix:/path`, `auto`, `off`.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The longest path of a Unix socket in bytes, as the kernel has it.
const PATH_MAX: usize = 107;

/// An address that is fit to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Address {
    /// Reads an address; `usual` is where the socket is by default. `None`: not to listen at all.
    ///
    /// # Errors
    /// In words: what is wrong, and what is right. An address that others than this machine reach is refused, for the
    /// live data of a site is for those only whom the web server lets in.
    pub fn parse(text: &str, usual: &Path) -> Result<Option<Address>, String> {
        let text = text.trim();
        match text {
            "off" | "0" => return Ok(None),
            "" | "auto" => return unix(usual).map(Some),
            _ => {}
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return unix(Path::new(path)).map(Some);
        }
        let Ok(address) = text.parse::<SocketAddr>() else {
            return Err(format!(
                "{text:?} is no address; 127.0.0.1:9100, [::1]:9100, unix:/path, auto and off are"
            ));
        };
        if !address.ip().is_loopback() {
            return Err(format!(
                "{address} can be reached from outside, so it is refused; let the web server pass requests on to 127.0.0.1:{} or to unix:/path",
                address.port()
            ));
        }
        Ok(Some(Address::Tcp(address)))
    }
}

fn unix(path: &Path) -> Result<Address, String> {
    if !path.is_absolute() {
        return Err(format!("unix:{} must be an absolute path", path.display()));
    }
    if path.as_os_str().len() > PATH_MAX {
        return Err(format!(
            "unix:{} is longer than the {PATH_MAX} bytes of a socket's path",
            path.display()
        ));
    }
    Ok(Address::Unix(path.to_owned()))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => write!(f, "{address}"),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_reaches_us() {
        let parse = |text: &str| Address::parse(text, Path::new("/run/live.sock"));
        for (text, address) in [
            ("127.0.0.1:9100", Some("127.0.0.1:9100")),
            ("127.8.8.8:1", Some("127.8.8.8:1")),
            ("[::1]:9100", Some("[::1]:9100")),
            ("unix:/tmp/a", Some("unix:/tmp/a")),
            (" auto ", Some("unix:/run/live.sock")),
            ("", Some("unix:/run/live.sock")),
            ("off", None),
        ] {
            let parsed = parse(text).unwrap().map(|address| address.to_string());
            assert_eq!(parsed.as_deref(), address, "{text}");
        }
        for public in ["0.0.0.0:9100", "[::]:9100", "192.0.2.1:9100", "10.0.0.1:9100", "[::ffff:127.0.0.1]:9"]
        {
            let refused = parse(public).unwrap_err();
            assert!(refused.contains("reached from outside"), "{public}: {refused}");
        }
        for wrong in ["9100", "localhost:9100", "unix:a", "unix:", "127.0.0.1", "/run/live.sock"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse(&format!("unix:/{}", "a".repeat(107))).is_err());
    }
}
