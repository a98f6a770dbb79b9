//! What talks to the live channel in tests: HTTP written by hand over std's sockets, and tokens as WordPress gives them.
// Each test file uses its part of it, and helpers are not seen as tests.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use qahm_event::SiteId;
use qahm_runtime::{Claims, Purpose, mint, token_key};
use serde_json::Value;

use super::stage::{SITE, Stage};

pub const ORIGIN: &str = "https://a.test";
/// A test that waits longer than this for an answer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer; of one that does not end, the head alone.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Status and reason, as refusals are compared.
    pub fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap_or("").to_owned())
    }
}

/// One connection.
pub struct Browser {
    pub stream: BufReader<Box<dyn Stream>>,
}

/// A socket of either kind.
pub trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Browser {
    /// Over the Unix socket in the runtime folder.
    pub fn to(stage: &Stage) -> Browser {
        Browser::at(&stage.own("run").join("live.sock"))
    }

    pub fn at(path: &Path) -> Browser {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Browser { stream: BufReader::new(Box::new(stream)) }
    }

    pub fn over_tcp(address: &str) -> Browser {
        let stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Browser { stream: BufReader::new(Box::new(stream)) }
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// Sends a request and reads the head of its answer.
    pub fn open(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: a.test\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if method != "GET" {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        // At once: who is refused may be cut before the body is read.
        self.send(&[format!("{head}\r\n").as_bytes(), body].concat());
        self.head()
    }

    /// Sends a request and reads all of its answer.
    pub fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut answer = self.open(method, path, headers, body);
        answer.body = self.rest(&answer);
        answer
    }

    /// The body of an answer whose head was read.
    pub fn rest(&mut self, answer: &Answer) -> Vec<u8> {
        match answer.header("content-length").map(|length| length.parse::<u64>().unwrap()) {
            Some(length) => {
                let mut body = Vec::new();
                self.stream.by_ref().take(length).read_to_end(&mut body).unwrap();
                body
            }
            None if answer.header("transfer-encoding").is_some() => {
                let mut body = Vec::new();
                while let Some(chunk) = self.chunk() {
                    body.extend(chunk);
                }
                body
            }
            None => Vec::new(),
        }
    }

    pub fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET", path, headers, b"")
    }

    pub fn head(&mut self) -> Answer {
        let line = self.line();
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_owned(), value.to_owned()));
        }
        Answer { status, headers, body: Vec::new() }
    }

    /// The next chunk of a body; `None` at its end.
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        let length = usize::from_str_radix(&self.line(), 16).ok()?;
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes.truncate(length);
        (length > 0).then_some(bytes)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Whether the other end has closed, after what is still to be read.
    pub fn is_over(&mut self) -> bool {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).is_ok()
    }
}

pub fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What a token says unless a test wants something else.
pub fn claims() -> Claims {
    Claims {
        site: SITE.0,
        user: 1,
        origin: ORIGIN.into(),
        expires: unix_now() + 60,
        chain: unix_now(),
        purpose: Purpose::Live,
    }
}

/// A token as the extension mints it.
pub fn token_of(stage: &Stage, claims: &Claims) -> String {
    mint(&token_key(&stage.place()).unwrap(), claims)
}

pub fn token(stage: &Stage) -> String {
    token_of(stage, &claims())
}

/// The site of a token that is for another site.
pub const OTHER: SiteId = SiteId(0xaa);
