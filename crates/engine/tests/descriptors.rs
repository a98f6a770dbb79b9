//! An engine that may open few files only. The limit is that of the whole process: one test alone is here.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers are not seen as tests

mod salon;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use qahm_engine::http::server::Asked;
use rustix::process::{Resource, Rlimit, setrlimit};
use salon::{Salon, await_some};

#[test]
fn no_more_are_taken_in_than_there_are_descriptors_for() {
    setrlimit(Resource::Nofile, Rlimit { current: Some(300), maximum: Some(300) }).unwrap();
    let salon = Salon::at(Asked { listen: Some("auto".into()), ..Asked::default() });
    let note = await_some("a note", || salon.hub.door().notes.first().cloned());
    assert!(note.contains("room for 75 connections") && note.contains("300 files"), "{note}");
    let probe = || {
        let mut stream = UnixStream::connect(salon.socket()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(b"GET /qahm-live/probe?nonce=a HTTP/1.1\r\nHost: a.test\r\n\r\n").unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        (String::from_utf8(answer.to_vec()).unwrap(), stream)
    };
    let (served, refused): (Vec<_>, Vec<_>) =
        (0..90).map(|_| probe()).partition(|(answer, _)| answer == "HTTP/1.1 200");
    assert_eq!(served.len(), 75);
    assert!(refused.iter().all(|(answer, _)| answer == "HTTP/1.1 503"), "told, and not left waiting");
}
