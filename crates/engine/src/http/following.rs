//! What one connection follows, whatever it speaks: its streams, and how far it has read in each.
//!
//! Nothing is queued here. Who can write asks for what is [due](Following::due) and says what was
//! [sent](Following::sent); what it could not write it asks for again later, and then gets less of it or a put.

use std::future::pending;
use std::sync::Arc;

use qahm_event::SiteId;
use serde_json::{Map, Value, json};

use super::command::Problem;
use super::shared::unix_now;
use crate::channel::{
    After, At, Channel, FilterName, Follower, Message, Position, StreamKey, Topic, epoch_text,
};

/// Topics at most: all there are.
const TOPICS: usize = Topic::ALL.len();

/// The streams of one connection: one filter, each topic once. Nothing until [`Following::follow`].
pub struct Following {
    channel: Arc<Channel>,
    site: SiteId,
    /// Whose filters these are.
    user: Option<u64>,
    streams: Vec<Read>,
    paused: bool,
}

/// One stream, and the place up to which it was read.
struct Read {
    follower: Follower,
    at: Option<At>,
}

/// What is to be written next.
#[derive(Debug)]
pub enum Due {
    Nothing,
    /// Of one stream, in order.
    Messages(Vec<Arc<Message>>),
    /// The site was forgotten: nothing will ever come.
    Gone,
}

impl Following {
    pub fn new(channel: Arc<Channel>, site: SiteId, user: Option<u64>) -> Following {
        Following { channel, site, user, streams: Vec::new(), paused: false }
    }

    /// Follows these topics with this filter instead of all before, from `resume` on where that says a place.
    ///
    /// # Errors
    /// `bad-request` for what is no topic, filter or position; those of [`Channel::follow`]. Then all is as it was.
    pub fn follow(
        &mut self,
        topics: &[impl AsRef<str>],
        filter: &Map<String, Value>,
        resume: Option<&str>,
    ) -> Result<(), Problem> {
        let filter = FilterName::from_json(&Value::Object(filter.clone())).map_err(bad)?;
        self.follow_named(topics, filter, resume)
    }

    /// The same with a filter that has been read.
    ///
    /// # Errors
    /// As [`Following::follow`].
    pub fn follow_named(
        &mut self,
        topics: &[impl AsRef<str>],
        filter: FilterName,
        resume: Option<&str>,
    ) -> Result<(), Problem> {
        let from = position(resume)?;
        let mut streams: Vec<Read> = Vec::with_capacity(topics.len().min(TOPICS));
        for name in topics {
            let name = name.as_ref();
            let topic =
                Topic::parse(name).ok_or_else(|| bad(format_args!("there is no topic {:?}", cut(name))))?;
            if streams.iter().any(|read| read.follower.key().topic == topic) {
                continue;
            }
            let key = StreamKey::new(self.site, filter.clone(), topic);
            let follower = self
                .channel
                .follow_as(key, self.user)
                .map_err(|refused| Problem::new(refused.as_str(), refused))?;
            streams.push(Read { follower, at: from.as_ref().and_then(|from| from.at(topic)) });
        }
        (self.streams, self.paused) = (streams, false);
        Ok(())
    }

    /// Nothing is due until [`Following::resume`].
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// Goes on from a position, anew where it says none. Also for who was not paused, but has lost something.
    ///
    /// # Errors
    /// `bad-request` for what is no position.
    pub fn resume(&mut self, text: Option<&str>) -> Result<(), Problem> {
        let from = position(text)?;
        for read in &mut self.streams {
            read.at = from.as_ref().and_then(|from| from.at(read.follower.key().topic));
        }
        self.paused = false;
        Ok(())
    }

    /// What is after the place that was read: of the first stream that has something.
    pub fn due(&self) -> Due {
        for read in self.streams.iter().filter(|_| !self.paused) {
            match read.follower.after(read.at) {
                After::Current => {}
                After::Messages(messages) => return Due::Messages(messages),
                After::Gone => return Due::Gone,
            }
        }
        Due::Nothing
    }

    /// A message that was due has been written.
    pub fn sent(&mut self, message: &Message) {
        for read in self.streams.iter_mut().filter(|read| read.follower.key().topic == message.topic) {
            read.at = Some(At { epoch: read.follower.epoch(), seq: message.seq });
        }
    }

    /// Waits until something may be due that was not.
    pub async fn changed(&mut self) {
        if self.paused {
            pending::<()>().await;
        }
        let mut streams = self.streams.iter_mut().map(|read| &mut read.follower);
        let [a, b, c, d, e] = std::array::from_fn::<_, TOPICS, _>(|_| streams.next());
        tokio::select! {
            () = one(a) => {}
            () = one(b) => {}
            () = one(c) => {}
            () = one(d) => {}
            () = one(e) => {}
        }
    }

    fn epoch_number(&self) -> u64 {
        let everybody = FilterName::everybody();
        let filter = self.streams.first().map_or(&everybody, |read| &read.follower.key().filter);
        self.channel.epoch_of(filter)
    }

    /// The epoch of what is followed, as it is written.
    pub fn epoch(&self) -> String {
        epoch_text(self.epoch_number())
    }

    /// Up to where everything was read.
    pub fn position(&self) -> Position {
        let mut position = Position::new(self.epoch_number());
        for read in &self.streams {
            if let Some(at) = read.at.filter(|at| at.epoch == position.epoch()) {
                position.advance(read.follower.key().topic, at);
            }
        }
        position
    }

    /// What a beat says: who has read something else has lost something.
    pub fn beat(&self) -> Value {
        let epoch = self.epoch_number();
        let places = self.streams.iter().filter_map(|read| {
            let at = read.at.filter(|at| at.epoch == epoch)?;
            Some((read.follower.key().topic.as_str().to_owned(), at.seq.into()))
        });
        json!({ "e": self.epoch(), "time": unix_now(), "at": places.collect::<Map<_, _>>() })
    }
}

async fn one(follower: Option<&mut Follower>) {
    match follower {
        Some(follower) => follower.changed().await,
        None => pending().await,
    }
}

fn position(text: Option<&str>) -> Result<Option<Position>, Problem> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => Position::parse(text).map(Some).ok_or_else(|| bad("what is resumed is no position")),
        None => Ok(None),
    }
}

fn bad(message: impl std::fmt::Display) -> Problem {
    Problem::new("bad-request", message)
}

/// The beginning of a text that somebody sent.
fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Kind, News, Worker};
    use crate::config::SiteConfig;
    use crate::hub::Hub;

    const SITE: SiteId = SiteId(7);

    fn following() -> (Arc<Channel>, Worker, Following) {
        let hub = Arc::new(Hub::default());
        hub.set_config(SITE, SiteConfig::default());
        let (channel, worker) = Channel::new(hub);
        let following = Following::new(channel.clone(), SITE, None);
        (channel, worker, following)
    }

    fn tell(channel: &Channel, worker: &Worker, topic: Topic, state: Value) {
        channel.tell(&StreamKey::new(SITE, FilterName::everybody(), topic), News::State(state));
        worker.settle();
    }

    /// Takes all that is due: topics, kinds.
    fn take(following: &mut Following) -> Vec<(&'static str, Kind)> {
        let mut taken = Vec::new();
        while let Due::Messages(messages) = following.due() {
            for message in &messages {
                following.sent(message);
                taken.push((message.topic.as_str(), message.kind));
            }
        }
        taken
    }

    fn state(n: u64) -> Value {
        json!({ "n": n, "much": "that does not change, so that a patch is shorter than a put of it all" })
    }

    #[test]
    fn puts_then_patches_and_from_a_position_only_what_was_missed() {
        let (channel, worker, mut following) = following();
        following.follow(&["visitors", "performance", "visitors"], &Map::new(), None).unwrap();
        assert!(take(&mut following).is_empty());
        tell(&channel, &worker, Topic::Visitors, state(1));
        tell(&channel, &worker, Topic::Performance, state(1));
        assert_eq!(take(&mut following), [("visitors", Kind::Put), ("performance", Kind::Put)]);
        let position = following.position().to_string();
        tell(&channel, &worker, Topic::Visitors, state(2));
        assert_eq!(take(&mut following), [("visitors", Kind::Patch)]);
        assert_eq!(following.beat()["at"].as_object().unwrap().len(), 2);

        following.resume(Some(&position)).unwrap();
        assert_eq!(take(&mut following), [("visitors", Kind::Patch)], "again, for it was lost");
        following.resume(None).unwrap();
        assert_eq!(take(&mut following), [("visitors", Kind::Put), ("performance", Kind::Put)]);
        following.follow(&["visitors"], &Map::new(), Some(&position)).unwrap();
        assert_eq!(take(&mut following), [("visitors", Kind::Patch)]);
        assert_eq!(channel.in_use().len(), 1, "what was followed before is left");
    }

    #[test]
    fn a_position_of_another_filter_is_none() {
        let (channel, worker, mut following) = following();
        let french = serde_json::from_str::<Map<_, _>>(r#"{"country":"FR"}"#).unwrap();
        following.follow(&["visitors"], &Map::new(), None).unwrap();
        tell(&channel, &worker, Topic::Visitors, state(1));
        take(&mut following);
        let position = following.position().to_string();
        let mut other = Following::new(channel.clone(), SITE, None);
        other.follow(&["visitors"], &french, Some(&position)).unwrap();
        let key =
            StreamKey::new(SITE, FilterName::from_json(&french.clone().into()).unwrap(), Topic::Visitors);
        // Even if the other stream is, or has been, at the same number.
        channel.tell(&key, News::State(state(2)));
        worker.settle();
        let seq = other.streams[0].follower.position().unwrap().seq;
        let forged = format!("{}.visitors:{seq}", channel.epoch());
        other.resume(Some(&forged)).unwrap();
        assert_eq!(take(&mut other), [("visitors", Kind::Put)]);
        assert_eq!(other.beat()["e"], other.epoch());
        let own = other.position().to_string();
        other.resume(Some(&own)).unwrap();
        assert!(take(&mut other).is_empty());
        other.follow(&["visitors"], &Map::new(), Some(&own)).unwrap();
        assert_eq!(take(&mut other), [("visitors", Kind::Put)]);
    }

    #[test]
    fn a_pause_ends_with_what_was_missed() {
        let (channel, worker, mut following) = following();
        following.follow(&["visitors"], &Map::new(), None).unwrap();
        tell(&channel, &worker, Topic::Visitors, state(1));
        take(&mut following);
        following.pause();
        tell(&channel, &worker, Topic::Visitors, state(2));
        assert!(take(&mut following).is_empty());
        following.resume(Some(&following.position().to_string())).unwrap();
        assert_eq!(take(&mut following), [("visitors", Kind::Patch)]);
    }

    #[test]
    fn what_is_wrong_changes_nothing() {
        let (channel, _worker, mut following) = following();
        following.follow(&["live"], &Map::new(), None).unwrap();
        let filter = |text: &str| serde_json::from_str::<Map<_, _>>(text).unwrap();
        let mut refused = |topics: &[&str], filter: &Map<_, _>, resume| {
            following.follow(topics, filter, resume).unwrap_err().code
        };
        assert_eq!(refused(&["nonsense"], &Map::new(), None), "bad-request");
        assert_eq!(refused(&["events"], &filter(r#"{"city":"Lyon"}"#), None), "bad-request");
        assert_eq!(refused(&["events"], &Map::new(), Some("nonsense")), "bad-request");
        let mut others: Vec<Following> = Vec::new();
        for n in 0..crate::channel::FILTERS {
            let mut other = Following::new(channel.clone(), SITE, None);
            other.follow(&["live"], &filter(&format!(r#"{{"country":"{n}"}}"#)), None).unwrap();
            others.push(other);
        }
        assert_eq!(refused(&["live"], &filter(r#"{"country":"FR"}"#), None), "too-many-filters");
        assert_eq!(following.streams.len(), 1);
        channel.forget(SITE);
        assert!(matches!(following.due(), Due::Gone));
    }
}
