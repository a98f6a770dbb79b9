//! Which stream: of a site, of whom, about what.

use qahm_event::SiteId;

use super::FilterName;

/// What a stream is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The numbers of now: the frame, or with a filter the answer to `live`.
    Live,
    /// The feed.
    Events,
    /// The visits in progress.
    Visitors,
    /// Timings of the last half hour.
    Performance,
    /// The alerts of the site; the same whatever the filter.
    Alerts,
}

impl Topic {
    pub const ALL: [Topic; 5] =
        [Topic::Live, Topic::Events, Topic::Visitors, Topic::Performance, Topic::Alerts];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Topic::Live => "live",
            Topic::Events => "events",
            Topic::Visitors => "visitors",
            Topic::Performance => "performance",
            Topic::Alerts => "alerts",
        }
    }

    /// The topic of a name; `None` of any other.
    pub fn parse(name: &str) -> Option<Topic> {
        Topic::ALL.into_iter().find(|topic| topic.as_str() == name)
    }
}

/// The name of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamKey {
    pub site: SiteId,
    pub filter: FilterName,
    pub topic: Topic,
}

impl StreamKey {
    pub fn new(site: SiteId, filter: FilterName, topic: Topic) -> StreamKey {
        StreamKey { site, filter, topic }
    }
}
