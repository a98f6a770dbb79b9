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
    After, At, Channel, FilterName, Follower, Message, Position, Refused, Topic, Wish, epoch_text,
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
    /// Nothing will ever come, and why.
    Gone(Refused),
}

impl Following {
    pub fn new(channel: Arc<Channel>, site: SiteId, user: Option<u64>) -> Following {
        Following { channel, site, user, streams: Vec::new(), paused: false }
    }

    /// Follows these topics with this filter instead of all before, from `resume` on where that says a place.
    ///
    /// # Errors
    /// `bad-request` for what is no topic, filter or position; those of [`Channel::follow_all`]. Then all is as it was.
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
        let mut wished: Vec<Topic> = Vec::with_capacity(topics.len().min(TOPICS));
        for name in topics {
            let name = name.as_ref();
            let topic =
                Topic::parse(name).ok_or_else(|| bad(format_args!("there is no topic {:?}", cut(name))))?;
            if !wished.contains(&topic) {
                wished.push(topic);
            }
        }
        let wish = Wish { site: self.site, filter: &filter, topics: &wished, user: self.user };
        // What is left for it makes room for it, and stays if there is none all the same.
        let before: Vec<&Follower> = self.streams.iter().map(|read| &read.follower).collect();
        let followers = self
            .channel
            .follow_all(&wish, &before)
            .map_err(|refused| Problem::new(refused.as_str(), refused))?;
        let read = |follower: Follower| {
            let at = from.as_ref().and_then(|from| from.at(follower.key().topic));
            Read { follower, at }
        };
        (self.streams, self.paused) = (followers.into_iter().map(read).collect(), false);
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
                After::Gone(why) => return Due::Gone(why),
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

    /// What a beat says: who has read something else has lost something; and `stale`, if nothing of it is sure to be of now.
    pub fn beat(&self, stale: bool) -> Value {
        let epoch = self.epoch_number();
        let places = self.streams.iter().filter_map(|read| {
            let at = read.at.filter(|at| at.epoch == epoch)?;
            Some((read.follower.key().topic.as_str().to_owned(), at.seq.into()))
        });
        let mut beat = json!({ "e": self.epoch(), "time": unix_now(), "at": places.collect::<Map<_, _>>() });
        if let Some(beat) = beat.as_object_mut().filter(|_| stale) {
            beat.insert("stale".into(), true.into());
        }
        beat
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
mod tests;
