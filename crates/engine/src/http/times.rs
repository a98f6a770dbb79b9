//! How long who is waited for, and how often something is said.

use std::time::Duration;

/// Every time that a client notices.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Who has not sent a whole head after this long is cut; so is who has nothing to ask any more.
    pub head: Duration,
    /// Who has taken no byte for this long while some wait is cut.
    pub slow: Duration,
    /// Who opened a Socket.IO connection has to say a token within this time.
    pub greeting: Duration,
    /// How often everybody is told how far he should have read.
    pub beat: Duration,
    /// The first beat of server-sent events comes soon, and alone: a proxy that buffers may pass on what it reads together
    /// with the answer's head, and keep all that follows. Who has this beat knows that it does not. `hello` announces it.
    pub first_beat: Duration,
    /// Server-sent events are never silent for longer: proxies cut what is, some after a minute.
    pub comment: Duration,
    /// A beacon is 4 KiB: who takes longer to send it is not a browser that has something to say.
    pub beacon: Duration,
    /// An address that cannot be had is tried again this often.
    pub again: Duration,
}

impl Default for Times {
    fn default() -> Times {
        Times {
            head: Duration::from_secs(10),
            slow: Duration::from_secs(30),
            greeting: Duration::from_secs(5),
            beat: Duration::from_secs(30),
            first_beat: Duration::from_millis(300),
            comment: Duration::from_secs(15),
            beacon: Duration::from_secs(10),
            again: Duration::from_secs(5),
        }
    }
}
