//! Who reads server-sent events, and keeps the states they speak of.
// Each test file uses its part of it, and helpers are not seen as tests.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::HashMap;
use std::io::Write;

use flate2::write::GzDecoder;
use serde_json::{Value, json};

use super::browser::{Answer, Browser, token};
use super::stage::Stage;

pub struct Stream {
    pub answer: Answer,
    browser: Browser,
    decoder: Option<GzDecoder<Vec<u8>>>,
    text: String,
    connection: String,
    token: String,
    pub padding: usize,
    pub comments: usize,
    pub retry: u64,
    /// The last event's id: the position.
    pub id: String,
    pub epoch: String,
    pub filter: String,
    pub states: HashMap<String, Value>,
    seqs: HashMap<String, u64>,
    pub puts: usize,
    pub patches: usize,
}

impl Stream {
    pub fn open(stage: &Stage, query: &str, headers: &[(&str, &str)]) -> Stream {
        Stream::with_token(stage, query, headers, &token(stage))
    }

    pub fn with_token(stage: &Stage, query: &str, headers: &[(&str, &str)], token: &str) -> Stream {
        Stream::over(Browser::to(stage), query, headers, token)
    }

    pub fn over(mut browser: Browser, query: &str, headers: &[(&str, &str)], token: &str) -> Stream {
        let auth = format!("Bearer {token}");
        let headers = [&[("Authorization", auth.as_str())], headers].concat();
        let answer = browser.open("GET", &format!("/qahm-live/events?{query}"), &headers, b"");
        assert_eq!(answer.status, 200, "{answer:?}");
        let packed = answer.header("content-encoding").is_some();
        Stream {
            answer,
            browser,
            decoder: packed.then(|| GzDecoder::new(Vec::new())),
            text: String::new(),
            connection: String::new(),
            token: token.to_owned(),
            padding: 0,
            comments: 0,
            retry: 0,
            id: String::new(),
            epoch: String::new(),
            filter: String::new(),
            states: HashMap::new(),
            seqs: HashMap::new(),
            puts: 0,
            patches: 0,
        }
    }

    /// Goes on from states that were read before.
    pub fn start_from(&mut self, position: &str, states: &[(&str, Value)]) {
        let (epoch, topics) = position.split_once('.').unwrap();
        epoch.clone_into(&mut self.epoch);
        self.seqs = topics
            .split(',')
            .map(|topic| topic.split_once(':').unwrap())
            .map(|(topic, seq)| (topic.to_owned(), seq.parse().unwrap()))
            .collect();
        self.states = states.iter().map(|(topic, state)| ((*topic).to_owned(), state.clone())).collect();
    }

    /// What is shown at a path: the topic, then names; null if nothing is.
    pub fn at(&self, path: &str) -> &Value {
        const NOTHING: &Value = &Value::Null;
        let (topic, rest) = path.split_once('/').unwrap_or((path, ""));
        let pointer = if rest.is_empty() { String::new() } else { format!("/{rest}") };
        self.states.get(topic).and_then(|state| state.pointer(&pointer)).unwrap_or(NOTHING)
    }

    /// Events shown.
    pub fn events(&self) -> usize {
        self.at("events/events").as_array().map_or(0, Vec::len)
    }

    /// Reads until something holds.
    pub fn until(&mut self, what: &str, holds: impl Fn(&Stream) -> bool) {
        while !holds(self) {
            assert!(self.read().is_some(), "the stream ended before {what}");
        }
    }

    /// Reads until an event of this name comes, and answers its data.
    pub fn event(&mut self, name: &str) -> Value {
        loop {
            let (event, data) = self.read().unwrap_or_else(|| panic!("the stream ended before {name}"));
            if event == name {
                return data;
            }
        }
    }

    /// Whether nothing follows, and what came was whole: chunks, and the gzip stream with its checksum.
    pub fn rest_is_whole(&mut self) -> bool {
        while self.read().is_some() {}
        self.decoder.take().is_none_or(|decoder| decoder.finish().is_ok())
    }

    /// The next event; `None` at the end.
    fn read(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some(event) = self.line()? {
                return Some(event);
            }
        }
    }

    /// What comes next, an event or something else; `None` at the end.
    pub fn line(&mut self) -> Option<Option<(String, Value)>> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                return Some(self.take(&block));
            }
            let chunk = self.browser.chunk()?;
            match &mut self.decoder {
                Some(decoder) => {
                    decoder.write_all(&chunk).unwrap();
                    decoder.flush().unwrap();
                    let plain = std::mem::take(decoder.get_mut());
                    self.text += std::str::from_utf8(&plain).unwrap();
                }
                None => self.text += std::str::from_utf8(&chunk).unwrap(),
            }
        }
    }

    fn take(&mut self, block: &str) -> Option<(String, Value)> {
        let (mut name, mut data) = (String::new(), None);
        for line in block.lines().filter(|line| !line.is_empty()) {
            match line.split_once(':').unwrap() {
                ("", comment) => {
                    self.padding = self.padding.max(comment.len());
                    self.comments += 1;
                }
                ("retry", value) => self.retry = value.trim().parse().unwrap(),
                ("event", value) => name = value.trim().to_owned(),
                ("id", value) => self.id = value.trim().to_owned(),
                ("data", value) => data = Some(serde_json::from_str::<Value>(value).unwrap()),
                other => panic!("{other:?}"),
            }
        }
        let data = data?;
        match name.as_str() {
            "hello" => data["connection"].as_str().unwrap().clone_into(&mut self.connection),
            "put" | "patch" => self.apply(&name, &data),
            _ => {}
        }
        Some((name, data))
    }

    fn apply(&mut self, kind: &str, message: &Value) {
        let topic = message["t"].as_str().unwrap().to_owned();
        let seq = message["s"].as_u64().unwrap();
        message["f"].as_str().unwrap().clone_into(&mut self.filter);
        assert!(self.id.contains(&format!("{topic}:{seq}")), "{} {message}", self.id);
        if kind == "put" {
            self.puts += 1;
            message["e"].as_str().unwrap().clone_into(&mut self.epoch);
            self.states.insert(topic.clone(), message["data"].clone());
        } else {
            self.patches += 1;
            assert_eq!(message["e"], self.epoch, "{message}");
            assert_eq!(message["b"].as_u64(), self.seqs.get(&topic).copied(), "{message}");
            let state = self.states.get_mut(&topic).unwrap();
            for op in message["ops"].as_array().unwrap() {
                change(state, op.as_array().unwrap());
            }
        }
        self.seqs.insert(topic, seq);
    }

    pub fn command(&self, stage: &Stage, command: &Value) -> Answer {
        self.command_as(stage, &self.token, command)
    }

    pub fn command_as(&self, stage: &Stage, token: &str, command: &Value) -> Answer {
        let mut body = command.clone();
        body["connection"] = json!(self.connection);
        let auth = format!("Bearer {token}");
        let headers = [("Authorization", auth.as_str()), ("Content-Type", "application/json")];
        Browser::to(stage).ask("POST", "/qahm-live/command", &headers, body.to_string().as_bytes())
    }
}

/// Applies one operation, as a client does that knows nothing but the description of the messages.
fn change(state: &mut Value, op: &[Value]) {
    let path = op[0].as_str().unwrap();
    if path == "events+" {
        let events = state["events"].as_array_mut().unwrap();
        for row in op[1].as_array().unwrap() {
            events.insert(0, row.clone());
        }
        events.truncate(200);
        return;
    }
    if path.is_empty() {
        *state = op[1].clone();
        return;
    }
    let names: Vec<String> = path.split('/').map(|n| n.replace("~1", "/").replace("~0", "~")).collect();
    let (last, parents) = names.split_last().unwrap();
    let mut at = state;
    for name in parents {
        at = match at {
            Value::Array(list) => &mut list[name.parse::<usize>().unwrap()],
            other => &mut other[name],
        };
    }
    match (at, op.get(1)) {
        (Value::Array(list), Some(value)) => {
            let index: usize = last.parse().unwrap();
            if index == list.len() {
                list.push(value.clone());
            } else {
                list[index] = value.clone();
            }
        }
        (Value::Array(list), None) => {
            assert_eq!(last.parse::<usize>().unwrap() + 1, list.len());
            list.pop();
        }
        (other, Some(value)) => other[last] = value.clone(),
        (other, None) => drop(other.as_object_mut().unwrap().remove(last)),
    }
}
