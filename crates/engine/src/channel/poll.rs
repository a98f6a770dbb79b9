//! Reading once: what is after a place in each of several streams, for those who cannot wait.

use std::sync::Arc;
use std::time::Instant;

use qahm_event::SiteId;

use super::{After, At, Channel, FilterName, Follower, Message, Position, Refused, Topic, Wish, epoch_text};

/// Bytes of messages at most in an answer; what does not fit comes with the next.
const BYTES_MAX: usize = qahm_runtime::ANSWER_MAX - (64 << 10);

/// What was read at once.
#[derive(Debug)]
pub struct Polled {
    /// Of each stream in turn what its reader missed.
    pub messages: Vec<Arc<Message>>,
    /// Where the reader is after them.
    pub position: Position,
    /// Nothing came from the pipeline of late, not even that nothing is new.
    pub stale: bool,
}

impl Polled {
    /// What is after `since` in streams of one filter. A stream that has no state yet, or whose messages do not fit any
    /// more, is left out of the position if it was not in `since`.
    pub fn read<'a>(
        channel: &Channel,
        followers: impl IntoIterator<Item = &'a Follower>,
        since: Option<&Position>,
    ) -> Polled {
        let mut followers = followers.into_iter().peekable();
        let everybody = FilterName::everybody();
        let epoch = channel.epoch_of(followers.peek().map_or(&everybody, |follower| &follower.key().filter));
        let mut polled =
            Polled { messages: Vec::new(), position: Position::new(epoch), stale: channel.is_stale() };
        let mut bytes = 0;
        for follower in followers {
            let topic = follower.key().topic;
            let mut at = since.and_then(|since| since.at(topic)).filter(|at| at.epoch == epoch);
            if let After::Messages(messages) = follower.after(at) {
                let more: usize = messages.iter().map(|message| message.json().len() + 1).sum();
                if bytes == 0 || bytes + more <= BYTES_MAX {
                    bytes += more;
                    at = messages.last().map(|last| At { epoch, seq: last.seq });
                    polled.messages.extend(messages);
                }
            }
            if let Some(at) = at {
                polled.position.advance(topic, at);
            }
        }
        polled
    }

    /// The epoch of the streams that were read, as it is written.
    pub fn epoch(&self) -> String {
        epoch_text(self.position.epoch())
    }

    /// `{"e","messages","position"}`, and `"stale":true` if it is so.
    pub fn json(&self) -> String {
        let messages: Vec<&str> = self.messages.iter().map(|message| message.json()).collect();
        format!(r#"{{"e":"{}","messages":[{}]{}"#, self.epoch(), messages.join(","), self.end())
    }

    /// How it ends, after the messages.
    pub fn end(&self) -> String {
        let stale = if self.stale { r#","stale":true"# } else { "" };
        format!(r#","position":"{}"{stale}}}"#, self.position)
    }
}

impl Channel {
    /// Reads streams of one filter once. They stay for the next poll; streams that begin with this one are waited for
    /// until `deadline`. Blocks its thread: not for a runtime's, where [`Polled::read`] serves.
    ///
    /// # Errors
    /// As [`Channel::follow_all`].
    pub fn poll(
        self: &Arc<Self>,
        site: SiteId,
        filter: &FilterName,
        topics: impl IntoIterator<Item = Topic>,
        since: Option<&Position>,
        user: Option<u64>,
        deadline: Instant,
    ) -> Result<Polled, Refused> {
        let topics: Vec<Topic> = topics.into_iter().collect();
        let mut followers = self.follow_all(&Wish { site, filter, topics: &topics, user }, &[])?;
        followers.iter_mut().for_each(Follower::linger);
        followers.iter().for_each(|follower| follower.await_state(deadline));
        Ok(Polled::read(self, &followers, since))
    }
}
