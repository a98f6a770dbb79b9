//! Which process is at the other end of the control socket.

use crate::Error;
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use std::os::fd::AsFd;

/// Process id and effective user of whoever connected (or, seen from the client, listens). The id is 0 for a process of
/// a pid namespace that cannot be seen from ours.
///
/// # Errors
/// [`Error::Socket`] if the descriptor is not a Unix socket.
pub fn peer(stream: impl AsFd) -> Result<(u32, u32), Error> {
    let credentials = getsockopt(&stream, PeerCredentials)
        .map_err(|e| Error::Socket { what: "identify the other end of", source: e.into() })?;
    Ok((u32::try_from(credentials.pid()).unwrap_or(0), credentials.uid()))
}

/// When a process began, in clock ticks since boot: together with its id this names it for good, since ids are used
/// again. `None` once it has ended, zombies included.
pub fn started(pid: u32) -> Option<u64> {
    parse_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The number of a group, by its name or its number in digits. `None`: there is no such group.
pub fn group_id(name: &str) -> Option<u32> {
    match name.parse() {
        Ok(number) => Some(number),
        Err(_) => nix::unistd::Group::from_name(name).ok()?.map(|group| group.gid.as_raw()),
    }
}

/// Fields 3 (state) and 22 (start time) of proc_pid_stat(5). The name before them may hold spaces and brackets.
fn parse_stat(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X" | "x") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn we_are_our_own_peer() {
        let (one, _other) = UnixStream::pair().unwrap();
        let (pid, uid) = peer(&one).unwrap();
        assert_eq!((pid, uid), (std::process::id(), rustix::process::geteuid().as_raw()));
    }

    #[test]
    fn a_process_has_a_start_until_it_ends() {
        let ours = started(std::process::id()).unwrap();
        assert!(ours > 0 && started(std::process::id()) == Some(ours));
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        assert!(started(child.id()).unwrap() >= ours);
        child.kill().unwrap();
        // Not waited for: it becomes a zombie.
        let limit = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while started(child.id()).is_some() && std::time::Instant::now() < limit {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        assert_eq!(started(child.id()), None);
        child.wait().unwrap();
    }

    #[test]
    fn groups_have_names_and_numbers() {
        assert_eq!(group_id("root"), Some(0));
        assert_eq!(group_id("33"), Some(33));
        for none in ["no such group", "", "ro\0ot"] {
            assert_eq!(group_id(none), None, "{none}");
        }
    }

    #[test]
    fn names_with_brackets_do_not_confuse() {
        let stat = "7 (a) Z (b) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 9 9";
        assert_eq!(parse_stat(stat), Some(4711));
        assert_eq!(parse_stat(&stat.replace(" S ", " Z ")), None);
        assert_eq!(parse_stat("7 (a"), None);
        assert_eq!(parse_stat(""), None);
    }
}
