//! Users by name, for the messages that tell a person which one to be.

use std::{
    fs,
    path::{Path, PathBuf},
};

use qahm_runtime::{RUN_BASE, SHM_BASE};

const SHM_PREFIX: &str = "qahm-realtime-";

/// The effective user of this process.
pub(crate) fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// "www-data (33)", or "33" when the user has no name here.
pub(crate) fn named(uid: u32) -> String {
    match name(uid) {
        Some(name) => format!("{name} ({uid})"),
        None => uid.to_string(),
    }
}

/// As sudo takes it after `-u`: "www-data", or "'#1001'" when the user has no name here.
pub(crate) fn sudo(uid: u32) -> String {
    name(uid).unwrap_or_else(|| format!("'#{uid}'"))
}

/// From /etc/passwd alone: a look-up through NSS may go over the network, and a page would wait for it.
fn name(uid: u32) -> Option<String> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// The other users who have a runtime directory, as far as this process may look: the common directories can be
/// entered by everybody, but listed by root only.
pub(crate) fn recorders(base: Option<&Path>) -> Vec<u32> {
    let own = own_uid();
    let places = match base {
        Some(base) => vec![(PathBuf::from(base), "")],
        None => vec![(PathBuf::from(RUN_BASE), ""), (PathBuf::from(SHM_BASE), SHM_PREFIX)],
    };
    let mut uids: Vec<u32> = places
        .into_iter()
        .filter_map(|(dir, prefix)| Some((fs::read_dir(dir).ok()?, prefix)))
        .flat_map(|(entries, prefix)| {
            entries.flatten().filter_map(move |entry| {
                entry.file_name().to_str()?.strip_prefix(prefix)?.parse::<u32>().ok()
            })
        })
        .filter(|&uid| uid != own)
        .collect();
    uids.sort_unstable();
    uids.dedup();
    uids
}
