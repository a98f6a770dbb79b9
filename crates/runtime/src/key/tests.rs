//! The key file: made once, believed only if it is ours.

use super::*;
use crate::again::{is_root, unprivileged};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

fn place() -> (tempfile::TempDir, Place) {
    let dir = tempfile::tempdir().unwrap();
    let fd = fs::File::open(dir.path()).unwrap().into();
    let place = Place { path: dir.path().to_owned(), fd, volatile: false };
    (dir, place)
}

fn fault(key: Result<Key, Error>) -> Fault {
    match key {
        Err(Error::Refused { fault, .. }) => fault,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn one_key_is_made_and_kept() {
    unprivileged("key::tests::one_key_is_made_and_kept", || {
        let (dir, place) = place();
        let key = token_key(&place).unwrap();
        assert_eq!(token_key(&place).unwrap().bytes, key.bytes);
        let meta = fs::metadata(dir.path().join(KEY_FILE)).unwrap();
        assert_eq!((meta.mode() & 0o7777, meta.len(), meta.nlink()), (0o600, 32, 1));
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
        fs::remove_file(dir.path().join(KEY_FILE)).unwrap();
        assert_ne!(token_key(&place).unwrap().bytes, key.bytes);
    });
}

#[test]
fn a_key_knows_its_file_from_the_next() {
    unprivileged("key::tests::a_key_knows_its_file_from_the_next", || {
        let (dir, place) = place();
        assert!(existing_token_key(&place).unwrap().is_none());
        let mut key = token_key(&place).unwrap();
        assert!(!Key::new([0; KEY_BYTES]).is_current(&place));
        // Again and again: the inode of a removed file is often that of the next.
        for _ in 0..5 {
            assert!(key.is_current(&place));
            // More than a tick of the clock that files are stamped by.
            std::thread::sleep(std::time::Duration::from_millis(20));
            fs::remove_file(dir.path().join(KEY_FILE)).unwrap();
            assert!(!key.is_current(&place));
            let next = token_key(&place).unwrap();
            assert!(!key.is_current(&place) && next.is_current(&place));
            assert_eq!(existing_token_key(&place).unwrap().unwrap().bytes, next.bytes);
            key = next;
        }
    });
}

#[test]
fn processes_that_race_get_the_same_key() {
    unprivileged("key::tests::processes_that_race_get_the_same_key", || {
        for _ in 0..20 {
            let (dir, place) = place();
            std::thread::scope(|scope| {
                let workers: Vec<_> =
                    (0..8).map(|_| scope.spawn(|| token_key(&place).unwrap().bytes)).collect();
                let keys: Vec<_> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
                assert!(keys.iter().all(|key| *key == keys[0]));
            });
            assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
        }
    });
}

#[test]
fn a_key_that_is_not_right_is_refused() {
    unprivileged("key::tests::a_key_that_is_not_right_is_refused", || {
        let (dir, place) = place();
        let path = dir.path().join(KEY_FILE);
        token_key(&place).unwrap();
        for mode in [0o644, 0o640, 0o604, 0o666] {
            fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(fault(token_key(&place)), Fault::Mode(mode));
        }
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        for size in [0, 31, 33] {
            fs::write(&path, vec![7; size]).unwrap();
            assert_eq!(fault(token_key(&place)), Fault::Size(size as u64));
        }
        let other = dir.path().join("other");
        fs::rename(&path, &other).unwrap();
        symlink(&other, &path).unwrap();
        assert_eq!(fault(token_key(&place)), Fault::Link);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(fault(token_key(&place)), Fault::NotFile);
        fs::remove_dir(&path).unwrap();
        rustix::fs::mkfifoat(&place.fd, KEY_FILE, Mode::RUSR | Mode::WUSR).unwrap();
        assert_eq!(fault(token_key(&place)), Fault::NotFile);
    });
}

#[test]
fn root_makes_no_key() {
    if !is_root() {
        return;
    }
    let (dir, place) = place();
    assert!(matches!(token_key(&place), Err(Error::Root)));
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    // Another user's key is not root's either.
    let path = dir.path().join(KEY_FILE);
    fs::write(&path, [7; 32]).unwrap();
    std::os::unix::fs::chown(&path, Some(crate::again::NOBODY), None).unwrap();
    assert_eq!(fault(token_key(&place)), Fault::Owner { owner: crate::again::NOBODY, uid: 0 });
}

#[test]
fn a_key_is_not_shown() {
    assert_eq!(format!("{:?}", Key::new([7; 32])), "Key(…)");
}
