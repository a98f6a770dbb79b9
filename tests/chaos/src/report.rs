//! A file in which each producer says, after each push that was accepted, how many were. It outlives every one of them.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of one producer's entry: accepted, refused.
const ENTRY: u64 = 16;

/// What a producer was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// Its records 0 … accepted − 1 were accepted.
    pub accepted: u64,
    /// So often the ring was full. The same record was then tried again.
    pub refused: u64,
}

/// The open file.
pub struct Report(File);

impl Report {
    /// Makes an empty one.
    pub fn create(path: &Path) -> Report {
        Report(File::options().create_new(true).read(true).write(true).open(path).unwrap())
    }

    /// Opens the one that is there.
    pub fn open(path: &Path) -> Report {
        Report(File::options().read(true).write(true).open(path).unwrap())
    }

    /// Says it. One short write into memory: a kill comes before or after it.
    pub fn tell(&self, producer: u32, told: Told) {
        let mut entry = [0; ENTRY as usize];
        entry[..8].copy_from_slice(&told.accepted.to_le_bytes());
        entry[8..].copy_from_slice(&told.refused.to_le_bytes());
        self.0.write_all_at(&entry, u64::from(producer) * ENTRY).unwrap();
    }

    /// What a producer has said; nothing yet is zero.
    pub fn of(&self, producer: u32) -> Told {
        let mut entry = [0; ENTRY as usize];
        match self.0.read_exact_at(&mut entry, u64::from(producer) * ENTRY) {
            Ok(()) => Told {
                accepted: u64::from_le_bytes(entry[..8].try_into().unwrap()),
                refused: u64::from_le_bytes(entry[8..].try_into().unwrap()),
            },
            Err(_) => Told::default(),
        }
    }
}
