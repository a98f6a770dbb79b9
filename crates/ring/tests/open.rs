//! A ring is opened only if it is ours, ours alone, and a ring.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod common;

use common::{Place, again, am_root, child_dir, not_tested, runnable_by_all, succeeded};
use qahm_ring::{Error, LAYOUT, Ring, file_name};
use std::fs::{self, File, Permissions};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

const NOBODY: u32 = 65_534;

fn refusal(place: &Place) -> Error {
    Ring::open(place.fd().as_fd()).map(|_| ()).expect_err("it was opened")
}

fn path(place: &Place) -> PathBuf {
    place.dir.path().join(file_name())
}

fn entries(place: &Place) -> Vec<String> {
    let list = fs::read_dir(place.dir.path()).unwrap();
    list.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn absent() {
    assert_eq!(refusal(&Place::new()), Error::Absent);
}

#[test]
fn created_once_private_and_alone() {
    let place = Place::new();
    let (first, second) = (place.create(300), place.create(4096));
    assert_eq!((first.slots(), second.slots()), (512, 512), "rounded up; an existing ring stays as it is");
    assert_eq!(first.epoch(), second.epoch());
    assert_eq!(place.open().epoch(), first.epoch());
    assert_eq!(entries(&place), [file_name()]);
    let stat = fs::metadata(path(&place)).unwrap();
    assert_eq!((stat.mode() & 0o7777, stat.len()), (0o600, first.bytes() as u64));
    assert!(stat.blocks() * 512 >= stat.len(), "the space is reserved, not promised");
}

#[test]
fn unlinked_and_replaced_is_noticed() {
    let place = Place::new();
    let ring = place.create(256);
    assert!(ring.is_current(place.fd().as_fd()));
    fs::remove_file(path(&place)).unwrap();
    assert!(!ring.is_current(place.fd().as_fd()));
    let other = place.create(256);
    assert!(!ring.is_current(place.fd().as_fd()) && other.is_current(place.fd().as_fd()));
    assert_ne!(ring.epoch(), other.epoch());
    ring.push(b"the old one still works").unwrap();
}

#[test]
fn many_create_at_once_and_get_the_same() {
    for _ in 0..20 {
        let place = Place::new();
        let epochs: Vec<u64> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..4).map(|_| scope.spawn(|| place.create(256).epoch())).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert!(epochs.iter().all(|epoch| *epoch == epochs[0]), "{epochs:?}");
        assert_eq!(entries(&place), [file_name()]);
    }
}

#[test]
fn leftovers_of_killed_makers_go_when_they_are_old() {
    let place = Place::new();
    let (old, fresh) = (place.dir.path().join(".ring.1.aa"), place.dir.path().join(".ring.1.bb"));
    File::create(&fresh).unwrap();
    File::create(&old).unwrap().set_modified(SystemTime::now() - Duration::from_secs(61)).unwrap();
    place.create(256);
    assert!(!old.exists() && fresh.exists());
}

#[test]
fn links_pipes_directories() {
    let place = Place::new();
    let elsewhere = Place::new();
    elsewhere.create(256);
    symlink(path(&elsewhere), path(&place)).unwrap();
    assert_eq!(refusal(&place), Error::Symlink);
    let create = Ring::open_or_create_even_as_root(place.fd().as_fd(), 256);
    assert_eq!(create.err(), Some(Error::Symlink));

    fs::remove_file(path(&place)).unwrap();
    let made = std::process::Command::new("mkfifo").arg(path(&place)).status().unwrap();
    assert!(made.success());
    assert_eq!(refusal(&place), Error::NotAFile);

    fs::remove_file(path(&place)).unwrap();
    fs::create_dir(path(&place)).unwrap();
    assert_eq!(refusal(&place), Error::NotAFile);
}

#[test]
fn open_to_others() {
    let place = Place::new();
    place.create(256);
    for mode in [0o640, 0o602, 0o604, 0o620, 0o777] {
        fs::set_permissions(path(&place), Permissions::from_mode(mode)).unwrap();
        assert_eq!(refusal(&place), Error::Exposed(mode));
    }
    assert!(refusal(&place).to_string().contains("mode 0777"));
}

#[test]
fn sizes_no_ring_has() {
    let place = Place::new();
    let whole = place.create(256).bytes() as u64;
    let raw = place.raw();
    for size in [0, 1, 4096, 200_704, whole - 1, whole + 1, whole + 1536, 1 << 40] {
        raw.0.set_len(size).unwrap();
        assert_eq!(refusal(&place), Error::Size(size));
    }
}

#[test]
fn a_size_some_ring_has_but_not_this_one() {
    let place = Place::new();
    place.create(256);
    let twice = 200_704 + 512 * 1536;
    place.raw().0.set_len(twice).unwrap();
    assert_eq!(refusal(&place), Error::Size(twice));
}

#[test]
fn no_ring_or_another_layout() {
    let place = Place::new();
    place.create(256);
    let raw = place.raw();
    let layout_and_slot = raw.word(32);
    raw.set_word(32, layout_and_slot + 1);
    assert_eq!(refusal(&place), Error::Layout(LAYOUT + 1));
    raw.set_word(32, layout_and_slot);
    raw.set_word(0, 0);
    assert_eq!(refusal(&place), Error::Magic);
}

#[test]
fn messages_name_no_path_and_differ() {
    let errors = [
        Error::Absent,
        Error::Symlink,
        Error::NotAFile,
        Error::Foreign { owner: 0, ours: 33 },
        Error::Exposed(0o644),
        Error::Size(12),
        Error::Magic,
        Error::Layout(2),
        Error::Network("NFS"),
        Error::NoSpace(1 << 20),
        Error::Root,
    ];
    let mut texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert!(texts.iter().all(|text| !text.contains('/') && text.len() > 10));
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), errors.len());
}

/// Runs the test `name` of this binary as nobody if we are root, and as ourselves otherwise.
fn unprivileged(name: &str, place: &Place) -> bool {
    let (_keep, binary) = runnable_by_all();
    let mut command = again(name, place.dir.path());
    if am_root() {
        let mut as_nobody = std::process::Command::new(binary);
        as_nobody.args(command.get_args()).env("QAHM_RING_CHILD", place.dir.path());
        as_nobody.uid(NOBODY).gid(NOBODY);
        command = as_nobody;
    }
    succeeded(command.spawn().unwrap())
}

#[test]
fn root_makes_none_and_others_do() {
    let place = Place::new();
    if am_root() {
        let made = Ring::open_or_create(place.fd().as_fd(), 256);
        assert_eq!(made.err(), Some(Error::Root));
        assert!(entries(&place).is_empty());
        std::os::unix::fs::chown(place.dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    assert!(unprivileged("child_makes_a_ring", &place));
    assert_eq!(entries(&place), [file_name()]);
    if am_root() {
        // Root reads only what is root's own, even though it could read anything.
        assert_eq!(refusal(&place), Error::Foreign { owner: NOBODY, ours: 0 });
        assert_eq!(Ring::open_or_create(place.fd().as_fd(), 256).err(), Some(Error::Root));
    }
}

#[test]
fn child_makes_a_ring() {
    let Some(dir) = child_dir() else { return };
    assert!(!am_root());
    Ring::open_or_create(dir.as_fd(), 256).unwrap().push(b"hello").unwrap();
}

#[test]
fn anothers_ring_is_named_as_such() {
    if !am_root() {
        not_tested("a ring of another user, which only root can prepare");
        return;
    }
    let place = Place::new();
    place.create(256);
    fs::set_permissions(place.dir.path(), Permissions::from_mode(0o755)).unwrap();
    assert!(unprivileged("child_meets_roots_ring", &place));
    // Not even when its mode would let us.
    fs::set_permissions(path(&place), Permissions::from_mode(0o666)).unwrap();
    assert!(unprivileged("child_meets_roots_ring", &place));
}

#[test]
fn child_meets_roots_ring() {
    let Some(dir) = child_dir() else { return };
    let expected = Error::Foreign { owner: 0, ours: rustix::process::geteuid().as_raw() };
    assert_eq!(Ring::open(dir.as_fd()).err(), Some(expected));
    assert_eq!(Ring::open_or_create(dir.as_fd(), 256).err(), Some(expected));
}

#[test]
fn short_of_space_it_shrinks_then_says_so() {
    // A small file system of our own, in a mount namespace of our own.
    let script = r#"mount -t tmpfs -o size=4m none "$1" && chmod 700 "$1" && shift && exec "$@""#;
    let place = Place::new();
    let child = again("child_in_a_small_place", place.dir.path());
    let mut command = std::process::Command::new("unshare");
    command.args(if am_root() { &["-m"][..] } else { &["-r", "-m"][..] });
    command.args(["sh", "-c", script, "sh"]).arg(place.dir.path()).arg(child.get_program());
    command.args(child.get_args()).env("QAHM_RING_CHILD", place.dir.path());
    let allowed = command
        .get_args()
        .take_while(|arg| *arg != "sh")
        .fold(std::process::Command::new("unshare"), |mut probe, arg| {
            probe.arg(arg);
            probe
        })
        .arg("true")
        .status()
        .is_ok_and(|status| status.success());
    if !allowed {
        not_tested("a full file system, mounting one is not allowed here");
        return;
    }
    assert!(succeeded(command.spawn().unwrap()));
}

#[test]
fn child_in_a_small_place() {
    let Some(dir) = child_dir() else { return };
    let ring = Ring::open_or_create_even_as_root(dir.as_fd(), 16_384).unwrap();
    assert_eq!(ring.slots(), 2048, "the largest that fits in 4 MB");
    assert_eq!(ring.bytes(), 200_704 + 2048 * 1536);
    (0..2048).for_each(|_| ring.push(&[1; 1512]).unwrap());
    // The rest of the place holds no ring at all, and nothing of the attempt stays.
    let path = PathBuf::from(std::env::var_os("QAHM_RING_CHILD").unwrap());
    fs::rename(path.join(file_name()), path.join("kept")).unwrap();
    let second = Ring::open_or_create_even_as_root(dir.as_fd(), 8192);
    assert_eq!(second.err(), Some(Error::NoSpace(200_704 + 1024 * 1536)));
    assert_eq!(fs::read_dir(path).unwrap().count(), 1);
}
