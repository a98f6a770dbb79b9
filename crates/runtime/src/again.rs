//! Tests that need a process or a user of their own run their test again in a child.
//!
//! Root owns everything and is refused everywhere, so as root the child becomes an unprivileged user through setpriv.

use rustix::process::geteuid;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

const CHILD: &str = "QAHM_TEST_CHILD";
/// The user the child becomes under root: nobody.
pub(crate) const NOBODY: u32 = 65534;

pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

pub(crate) fn is_root() -> bool {
    geteuid().is_root()
}

/// Runs `body` in a child that runs the test `name` (its full path) and nothing else, as an unprivileged user.
pub(crate) fn unprivileged(name: &str, body: impl FnOnce()) {
    if is_child() {
        assert!(!is_root());
        return body();
    }
    run(name, |_| {});
}

/// The parent's half of [`unprivileged`]; `prepare` may add to the child's environment.
pub(crate) fn run(name: &str, prepare: impl FnOnce(&mut Command)) {
    // A copy, since the build directory may be closed to others.
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(&home, PermissionsExt::from_mode(0o755)).unwrap();
    let program = home.path().join("test");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".into()]);
        command.arg(&program);
        command
    } else {
        Command::new(&program)
    };
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(CHILD, "1").current_dir("/");
    prepare(&mut command);
    let output =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{complained}");
}
