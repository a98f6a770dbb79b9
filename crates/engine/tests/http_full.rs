//! A server that has as many connections as it takes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod salon;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use qahm_engine::http::server::Asked;
use salon::{Salon, await_some};

const PROBE: &[u8] = b"GET /qahm-live/probe?nonce=a HTTP/1.1\r\nHost: a.test\r\n\r\n";

#[test]
fn one_too_many_is_told_to_come_later_whatever_he_has_sent() {
    let most = 3;
    let salon =
        Salon::at(Asked { listen: Some("127.0.0.1:0".into()), connections: Some(most), ..Asked::default() });
    let address =
        await_some("the port", || Some(salon.hub.door().listen).filter(|listen| !listen.is_empty()));
    let connect = || {
        let stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    };
    let mut inside: Vec<TcpStream> = (0..most).map(|_| connect()).collect();
    let mut answer = [0; 12];
    for stream in &mut inside {
        stream.write_all(PROBE).unwrap();
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
    for _ in 0..30 {
        let mut one_more = connect();
        one_more
            .write_all(b"POST /qahm-live/collect HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4000\r\n\r\n")
            .unwrap();
        one_more.write_all(&[b' '; 4000]).unwrap();
        let mut told = String::new();
        one_more.read_to_string(&mut told).unwrap();
        assert!(told.starts_with("HTTP/1.1 503 ") && told.contains("\r\nRetry-After: 2\r\n"), "{told}");
    }
    // A place that has become free is given away.
    drop(inside.pop());
    await_some("a place", || {
        let mut one_more = connect();
        one_more.write_all(PROBE).unwrap();
        one_more.read_exact(&mut answer).unwrap();
        (&answer == b"HTTP/1.1 200").then_some(())
    });
}
