//! Streams for a client that can only ask again and again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use qahm_event::SiteId;
use serde_json::Value;

use super::control::{Answer, Control};
use super::request::{Poll, error};
use crate::channel::{FilterName, Position, Topic};

/// A poll waits so long at most for the first state of a stream: less than `live.php` waits for us.
const FIRST_STATE: Duration = Duration::from_millis(150);

impl Control {
    /// The messages are JSON already, and not read again.
    pub(super) fn poll(&self, poll: &Poll) -> Result<Answer, Value> {
        let bad = |what: &str| error("bad-request", what);
        let site = SiteId::parse(poll.site.as_bytes()).ok_or_else(|| bad("site: 16 hex digits"))?;
        self.admit(site, poll.who)?;
        let topics: Option<BTreeSet<Topic>> = poll.topics.iter().map(|name| Topic::parse(name)).collect();
        let topics = topics.filter(|topics| !topics.is_empty()).ok_or_else(|| bad("topics"))?;
        let filter = FilterName::from_json(&poll.filter).map_err(|wrong| error("bad-request", wrong))?;
        // What is no position of ours is none: the client begins anew.
        let since = poll.since.as_deref().and_then(Position::parse);
        let deadline = Instant::now() + FIRST_STATE;
        let polled = self.channel.poll(site, &filter, topics, since.as_ref(), poll.who.user, deadline);
        let polled = polled.map_err(|refused| error(refused.as_str(), refused))?;
        Ok(Answer::Text(format!(r#"{{"ok":true,"poll":{}}}"#, polled.json())))
    }
}
