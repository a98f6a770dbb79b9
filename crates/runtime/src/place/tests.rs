//! Every way a directory can be wrong, tried on real ones.

use super::*;
use crate::again::{is_root, unprivileged};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

fn base() -> tempfile::TempDir {
    let base = tempfile::tempdir().unwrap();
    fs::set_permissions(&base, PermissionsExt::from_mode(0o1733)).unwrap();
    base
}

fn own(base: &tempfile::TempDir) -> PathBuf {
    base.path().join(geteuid().as_raw().to_string())
}

fn chmod(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[track_caller]
fn fault(taken: Result<Place, Error>) -> (PathBuf, Fault) {
    match taken {
        Err(Error::Refused { path, fault, cure }) => {
            assert!(!cure.is_empty());
            (path, fault)
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn folder(base: &Path, name: &str) -> Result<Place, Error> {
    Candidate { base, name: name.into(), setting: "x" }.take(true)
}

#[test]
fn a_folder_is_made_once_and_found_again() {
    unprivileged("place::tests::a_folder_is_made_once_and_found_again", || {
        let base = base();
        assert!(
            matches!(runtime_dir(Some(base.path()), false), Err(Error::Absent { path, .. }) if path == own(&base))
        );
        let made = runtime_dir(Some(base.path()), true).unwrap();
        assert_eq!(made.path, own(&base));
        let meta = fs::metadata(&made.path).unwrap();
        assert_eq!(meta.mode() & 0o7777, 0o700);
        assert_eq!(fstat(&made.fd).unwrap().st_ino, meta.ino());
        for create in [false, true] {
            let found = runtime_dir(Some(base.path()), create).unwrap();
            assert_eq!(fstat(&found.fd).unwrap().st_ino, meta.ino());
        }
    });
}

#[test]
fn a_base_has_room_where_a_folder_is_or_can_be_made() {
    unprivileged("place::tests::a_base_has_room_where_a_folder_is_or_can_be_made", || {
        let base = base();
        assert!(has_room(base.path()));
        chmod(&base, 0o555);
        assert!(!has_room(base.path()));
        chmod(&base, 0o755);
        fs::create_dir(own(&base)).unwrap();
        chmod(&base, 0o555);
        assert!(has_room(base.path()));
        assert!(!has_room(&base.path().join("absent")));
        chmod(&base, 0o755);
    });
}

/// As the base that root made: others may enter it and make folders, but not list it.
#[test]
fn a_base_need_not_be_readable() {
    unprivileged("place::tests::a_base_need_not_be_readable", || {
        let base = base();
        chmod(&base, 0o300);
        let made = runtime_dir(Some(base.path()), true).map(|place| place.path);
        chmod(&base, 0o700);
        assert_eq!(made.unwrap(), own(&base));
    });
}

#[test]
fn many_workers_make_one_folder() {
    unprivileged("place::tests::many_workers_make_one_folder", || {
        for _ in 0..20 {
            let base = base();
            let inode = || fstat(&runtime_dir(Some(base.path()), true).unwrap().fd).unwrap().st_ino;
            std::thread::scope(|scope| {
                let workers: Vec<_> = (0..8).map(|_| scope.spawn(inode)).collect();
                let inodes: Vec<_> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
                assert!(inodes.iter().all(|one| *one == inodes[0]));
            });
        }
    });
}

#[test]
fn an_odd_umask_does_not_matter() {
    unprivileged("place::tests::an_odd_umask_does_not_matter", || {
        for umask in [0o000, 0o022, 0o377] {
            let base = base();
            let before = rustix::process::umask(Mode::from_raw_mode(umask));
            let made = runtime_dir(Some(base.path()), true);
            rustix::process::umask(before);
            assert_eq!(
                fs::metadata(made.unwrap_or_else(|e| panic!("{umask:o}: {e}")).path).unwrap().mode() & 0o777,
                0o700
            );
        }
    });
}

#[test]
fn root_makes_nothing() {
    if !is_root() {
        return;
    }
    let base = base();
    assert!(matches!(runtime_dir(Some(base.path()), true), Err(Error::Root)));
    assert!(matches!(runtime_dir(None, true), Err(Error::Root)));
    assert!(matches!(runtime_dir(Some(base.path()), false), Err(Error::Absent { .. })));
    let fd = fs::File::open(base.path()).unwrap().into();
    let runtime = Place { path: base.path().to_owned(), fd, volatile: false };
    assert!(matches!(data_dir(Some(base.path()), &runtime), Err(Error::Root)));
    assert!(matches!(data_dir(None, &runtime), Err(Error::Root)));
    assert_eq!(fs::read_dir(&base).unwrap().count(), 0);
}

#[test]
fn another_users_folder_is_refused() {
    unprivileged("place::tests::another_users_folder_is_refused", || {
        let uid = geteuid().as_raw();
        // One that can be opened and one that cannot: both are root's on every system.
        for name in ["etc", "root"] {
            let (path, why) = fault(folder(Path::new("/"), name));
            assert_eq!((path, why), (Path::new("/").join(name), Fault::Owner { owner: 0, uid }));
        }
    });
}

#[test]
fn a_link_is_refused_even_to_our_own_folder() {
    unprivileged("place::tests::a_link_is_refused_even_to_our_own_folder", || {
        let (base, other) = (base(), tempfile::tempdir().unwrap());
        symlink(other.path(), own(&base)).unwrap();
        for create in [false, true] {
            assert_eq!(fault(runtime_dir(Some(base.path()), create)), (own(&base), Fault::Link));
        }
        fs::remove_file(own(&base)).unwrap();
        symlink("/nonexistent", own(&base)).unwrap();
        assert_eq!(fault(runtime_dir(Some(base.path()), true)), (own(&base), Fault::Link));
        assert_eq!(fs::read_dir(&other).unwrap().count(), 0);
    });
}

#[test]
fn a_folder_with_other_rights_is_refused_and_left_alone() {
    unprivileged("place::tests::a_folder_with_other_rights_is_refused_and_left_alone", || {
        let base = base();
        fs::create_dir(own(&base)).unwrap();
        for mode in [0o755, 0o701, 0o710, 0o770, 0o777, 0o500, 0o000] {
            chmod(own(&base), mode);
            assert_eq!(fault(runtime_dir(Some(base.path()), true)), (own(&base), Fault::Mode(mode)));
            assert_eq!(fs::metadata(own(&base)).unwrap().mode() & 0o7777, mode);
        }
        let text = runtime_dir(Some(base.path()), true).unwrap_err().to_string();
        for part in [own(&base).to_str().unwrap(), "has mode 0000", "chmod 0700"] {
            assert!(text.contains(part), "{text}");
        }
        // Inherited from a base with the same bit; it gives nobody any right.
        chmod(own(&base), 0o2700);
        assert!(runtime_dir(Some(base.path()), true).is_ok());
    });
}

#[test]
fn what_is_no_directory_is_refused() {
    unprivileged("place::tests::what_is_no_directory_is_refused", || {
        let base = base();
        fs::write(own(&base), "").unwrap();
        assert_eq!(fault(runtime_dir(Some(base.path()), true)), (own(&base), Fault::NotDirectory));
        assert_eq!(fault(runtime_dir(Some(&own(&base)), true)), (own(&base), Fault::NotDirectory));
        assert_eq!(fault(runtime_dir(Some(Path::new("run")), true)), ("run".into(), Fault::Relative));
    });
}

#[test]
fn a_base_that_is_given_has_no_substitute() {
    unprivileged("place::tests::a_base_that_is_given_has_no_substitute", || {
        let base = base();
        let missing = base.path().join("missing");
        let error = runtime_dir(Some(&missing), true).unwrap_err();
        assert!(matches!(&error, Error::Absent { path, .. } if *path == missing));
        assert!(error.to_string().contains("install -d -m 1733"), "{error}");
        assert!(!missing.exists());

        chmod(&base, 0o500);
        let error = runtime_dir(Some(base.path()), true).unwrap_err();
        assert!(matches!(&error, Error::NotWritable { path, .. } if path == base.path()), "{error}");
        assert!(matches!(runtime_dir(Some(base.path()), false), Err(Error::Absent { .. })));
        let runtime = folder(Path::new("/dev/shm"), &format!("qahm-test-{}", std::process::id())).unwrap();
        assert!(runtime.volatile);
        assert!(matches!(data_dir(Some(base.path()), &runtime), Err(Error::NotWritable { .. })));
        fs::remove_dir(&runtime.path).unwrap();
        chmod(&base, 0o000);
        assert!(matches!(
            runtime_dir(Some(base.path()), true),
            Err(Error::NotWritable { .. } | Error::System { .. })
        ));
        chmod(&base, 0o700);
    });
}

#[test]
fn without_a_base_the_next_one_is_tried() {
    unprivileged("place::tests::without_a_base_the_next_one_is_tried", || {
        let (closed, open) = (base(), base());
        chmod(&closed, 0o500);
        let missing = closed.path().join("missing");
        let search = |bases: [&Path; 3], create| {
            first(&bases.map(|base| Candidate { base, name: "us".into(), setting: "x" }), create)
        };

        let all = [missing.as_path(), closed.path(), open.path()];
        assert!(matches!(search(all, false), Err(Error::Absent { path, .. }) if path == missing));
        assert_eq!(search(all, true).unwrap().path, open.path().join("us"));
        assert_eq!(search(all, false).unwrap().path, open.path().join("us"));
        // All passed over: the first is the one to be cured.
        let none = [closed.path(), missing.as_path(), missing.as_path()];
        assert!(matches!(search(none, true), Err(Error::NotWritable { path, .. }) if path == closed.path()));
        // Something of another's in the first: no second, or two workers would use different places.
        chmod(open.path().join("us"), 0o755);
        let other = base();
        assert_eq!(fault(search([open.path(), other.path(), other.path()], true)).1, Fault::Mode(0o755));
        assert_eq!(fs::read_dir(&other).map(Iterator::count).unwrap_or(0), 0);
    });
}

#[test]
fn data_goes_into_the_runtime_directory_when_its_base_is_missing() {
    unprivileged("place::tests::data_goes_into_the_runtime_directory_when_its_base_is_missing", || {
        let (one, two) = (base(), base());
        let runtime = runtime_dir(Some(one.path()), true).unwrap();
        let missing = two.path().join("missing");
        let usual = |base| Candidate { base, name: "us".into(), setting: "x" };

        let spare = data_in(usual(&missing), &runtime).unwrap();
        assert_eq!((spare.path.clone(), spare.volatile), (runtime.path.join("data"), true));
        assert_eq!(fs::metadata(&spare.path).unwrap().mode() & 0o777, 0o700);
        let lasting = data_in(usual(two.path()), &runtime).unwrap();
        assert_eq!(lasting.path, two.path().join("us"));
        chmod(&lasting.path, 0o750);
        assert_eq!(fault(data_in(usual(two.path()), &runtime)).1, Fault::Mode(0o750));

        let given = data_dir(Some(one.path()), &runtime).unwrap();
        assert_eq!(given.path, runtime.path);
    });
}

#[test]
fn an_empty_setting_says_nothing() {
    assert_eq!(given(Some(Path::new(""))), None);
    assert_eq!(given(Some(Path::new("/x"))), Some(Path::new("/x")));
}
