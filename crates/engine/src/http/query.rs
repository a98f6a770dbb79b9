//! What a query asks to follow.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::reply;
use crate::channel::{FilterName, Position, Topic};

/// Topics, filter and place of a request.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) topics: Vec<Topic>,
    pub(super) filter: FilterName,
    /// A position that cannot be read is none: what follows is whole then.
    pub(super) since: Option<Position>,
    /// Seconds.
    pub(super) wait: u64,
    pub(super) connection: String,
}

impl Query {
    /// Reads `topics=live,events&filter=…&since=…&wait=…`; if it names no topics, `live`; `topics=` is none.
    ///
    /// # Errors
    /// In words, what is wrong.
    pub(super) fn parse(text: &str) -> Result<Query, String> {
        let mut query = Query {
            topics: Vec::new(),
            filter: FilterName::everybody(),
            since: None,
            wait: 0,
            connection: String::new(),
        };
        let mut names = false;
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decode(value).ok_or_else(|| format!("{name:.20} is no UTF-8"))?;
            match name {
                "topics" => {
                    names = true;
                    for name in value.split(',').filter(|name| !name.is_empty()) {
                        let topic =
                            Topic::parse(name).ok_or_else(|| format!("there is no topic {name:.20?}"))?;
                        if !query.topics.contains(&topic) {
                            query.topics.push(topic);
                        }
                    }
                }
                "filter" => {
                    query.filter = FilterName::from_query(&value).map_err(|wrong| wrong.to_string())?;
                }
                "since" => query.since = Position::parse(&value),
                "wait" => {
                    query.wait = value.parse().map_err(|_| "wait: seconds, 0 to 25".to_owned())?;
                }
                "connection" => query.connection = value,
                // `site` has been read before; and somebody may add one against caches.
                _ => {}
            }
        }
        if !names {
            query.topics.push(Topic::Live);
        }
        Ok(query)
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        self.topics.iter().map(|topic| topic.as_str()).collect()
    }
}

/// The site that a query names, not yet read.
pub(super) fn site(query: Option<&str>) -> Option<&str> {
    query?.split('&').find_map(|pair| pair.strip_prefix("site="))
}

/// The answer to a query that is none.
pub(super) fn bad(message: &str) -> Response<Body> {
    let value = serde_json::json!({ "error": "bad-request", "message": message });
    reply::json(StatusCode::BAD_REQUEST, &value)
}

/// What a form's value says: `%xx` and `+`.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (rest.next()?, rest.next()?);
                let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
                digit(high)? << 4 | digit(low)?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read() {
        let text = "topics=live,events,live&filter=device%3Dmobile%26country%3DFR&since=00000000000000ff.live:7&wait=25&_=1";
        let query = Query::parse(text).unwrap();
        assert_eq!(query.names(), ["live", "events"]);
        assert_eq!(query.filter.as_str(), "country=FR&device=mobile");
        assert_eq!(query.since.unwrap().to_string(), "00000000000000ff.live:7");
        assert_eq!(query.wait, 25);
        let query = Query::parse("since=nonsense").unwrap();
        assert_eq!((query.names(), query.since, query.wait), (vec!["live"], None, 0));
        assert!(Query::parse("topics=").unwrap().topics.is_empty(), "nothing yet");
        let page = Query::parse("filter=page%3D%252Fa%2Bb").unwrap();
        assert_eq!(page.filter.as_str(), "page=%2Fa%2Bb", "encoded once as a name and once as a value");
        for wrong in
            ["topics=nothing", "filter=city%3DLyon", "wait=long", "since=%ff", "topics=%2", "wait=-1"]
        {
            assert!(Query::parse(wrong).is_err(), "{wrong}");
        }
    }
}
