//! Is the process that holds a slot still there?

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// Inode of this process's pid namespace; 0 when `/proc` is not to be read (a chroot, a hardened container).
/// A pid means nothing in another namespace, and there everything must wait for the timeout.
pub(crate) fn namespace() -> u64 {
    rustix::fs::stat("/proc/self/ns/pid").map_or(0, |stat| stat.st_ino)
}

/// True only when it is certain: no such process, or a zombie that will run no further instruction.
/// A worker that was killed stays a zombie until its master reaps it; a master that is itself stuck never does.
pub(crate) fn is_dead(pid: u32) -> bool {
    let Some(known) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    match test_kill_process(known) {
        Err(Errno::SRCH) => true,
        // EPERM: it lives and is another user's.
        _ => std::fs::read(format!("/proc/{pid}/stat")).is_ok_and(|stat| has_ended(&stat)),
    }
}

/// The state letter comes after the command, which is in brackets and may itself contain brackets and blanks.
fn has_ended(stat: &[u8]) -> bool {
    let Some(end) = stat.iter().rposition(|byte| *byte == b')') else { return false };
    matches!(stat.get(end + 2), Some(b'Z' | b'X' | b'x'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn the_state_letter_is_found_behind_any_name() {
        assert!(has_ended(b"12 (php-fpm) Z 1 1"));
        assert!(has_ended(b"12 (a) R (b)) X 1"));
        assert!(!has_ended(b"12 (Z) S 1"));
        assert!(!has_ended(b"12 (a)") && !has_ended(b""));
    }

    #[test]
    fn the_living_the_zombie_and_the_reaped() {
        assert!(!is_dead(std::process::id()));
        assert!(!is_dead(0), "no process: nothing is known");
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        while !is_dead(pid) {
            std::thread::yield_now();
        }
        let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap();
        assert!(has_ended(&stat), "it was seen as dead before it was reaped");
        child.wait().unwrap();
        assert!(is_dead(pid));
    }

    #[test]
    fn the_namespace_is_known_here() {
        assert_ne!(namespace(), 0);
    }
}
