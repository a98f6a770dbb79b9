//! What a client of the live channel sends, as the greeting and the commands say it: what is understood is followed within
//! bounds, a filter has one name, a position is read as it was written; anything else is refused and changes nothing.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use qahm_engine::channel::{Channel, FILTER_MAX, FilterName, Position, Topic};
use qahm_engine::config::SiteConfig;
use qahm_engine::http::command::{Command, answer};
use qahm_engine::http::following::Following;
use qahm_engine::hub::Hub;
use qahm_event::SiteId;

const SITE: SiteId = SiteId(7);

thread_local! {
    static CHANNEL: Arc<Channel> = {
        let hub = Arc::new(Hub::default());
        hub.set_config(SITE, SiteConfig::default());
        Channel::new(hub).0
    };
}

fuzz_target!(|text: &str| {
    if let Ok(name) = FilterName::from_query(text) {
        assert!(name.as_str().len() <= FILTER_MAX);
        assert_eq!(FilterName::from_query(name.as_str()), Ok(name));
    }
    if let Some(position) = Position::parse(text) {
        assert_eq!(Position::parse(&position.to_string()), Some(position));
    }
    let Ok(command) = serde_json::from_str::<Command>(text) else { return };
    CHANNEL.with(|channel| {
        let mut following = Following::new(channel.clone(), SITE, Some(1));
        following.follow(&["live"], &serde_json::Map::new(), None).expect("everybody's stream");
        let before = channel.in_use();
        let done = match &command {
            Command::Follow { topics, filter, resume } => following.follow(topics, filter, resume.as_deref()),
            Command::Resume { position } => following.resume(position.as_deref()),
            Command::Pause => {
                following.pause();
                Ok(())
            }
            Command::Token { .. } | Command::Acknowledge { .. } => Ok(()),
        };
        assert!(done.is_ok() || channel.in_use() == before, "what is refused changes nothing");
        assert!(channel.in_use().len() <= Topic::ALL.len());
        // What it says of a problem is short, whatever it was told.
        assert!(answer(&done).to_string().len() < 1000);
        assert!(following.beat(false).is_object() && following.position().to_string().len() < 200);
    });
    CHANNEL.with(|channel| assert!(channel.in_use().is_empty(), "who leaves leaves nothing"));
});
