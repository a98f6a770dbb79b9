use super::*;
use crate::channel::{Kind, News, StreamKey, Worker};
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
    assert_eq!(following.beat(false)["at"].as_object().unwrap().len(), 2);

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
    let key = StreamKey::new(SITE, FilterName::from_json(&french.clone().into()).unwrap(), Topic::Visitors);
    // Even if the other stream is, or has been, at the same number.
    channel.tell(&key, News::State(state(2)));
    worker.settle();
    let seq = other.streams[0].follower.position().unwrap().seq;
    let forged = format!("{}.visitors:{seq}", channel.epoch());
    other.resume(Some(&forged)).unwrap();
    assert_eq!(take(&mut other), [("visitors", Kind::Put)]);
    assert_eq!(other.beat(false)["e"], other.epoch());
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
fn one_filter_makes_room_for_another_and_stays_if_that_is_refused() {
    let (channel, worker, _) = following();
    let filter = |n: usize| FilterName::from_query(&format!("source={n}")).unwrap();
    let key = |n: usize| StreamKey::new(SITE, filter(n), Topic::Visitors);
    let follow = |following: &mut Following, n: usize| following.follow_named(&["visitors"], filter(n), None);
    let mut all: Vec<Following> = (0..crate::channel::FILTERS_OF_USER)
        .map(|n| {
            let mut following = Following::new(channel.clone(), SITE, Some(1));
            follow(&mut following, n).unwrap();
            following
        })
        .collect();
    follow(&mut all[0], 100).unwrap();
    assert!(channel.in_use().iter().all(|(used, _)| *used != key(0)), "what was left has gone");
    // Two connections of one filter: it does not go with one of them.
    follow(&mut all[1], 2).unwrap();
    let mut ninth = Following::new(channel.clone(), SITE, Some(1));
    follow(&mut ninth, 1).unwrap();
    channel.tell(&key(2), News::State(state(1)));
    worker.settle();
    let place = (all[1].streams[0].follower.position(), channel.in_use().len());
    assert!(place.0.is_some());
    assert_eq!(follow(&mut all[1], 101).unwrap_err().code, "too-many-filters");
    assert_eq!((all[1].streams[0].follower.position(), channel.in_use().len()), place, "all is as it was");
    assert_eq!(take(&mut all[1]), [("visitors", Kind::Put)]);
    drop(all);
    drop(ninth);
    assert!(channel.in_use().is_empty(), "nothing is held twice");
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
        other.follow(&["live"], &filter(&format!(r#"{{"source":"{n}"}}"#)), None).unwrap();
        others.push(other);
    }
    assert_eq!(refused(&["live"], &filter(r#"{"country":"FR"}"#), None), "too-many-filters");
    assert_eq!(following.streams.len(), 1);
    channel.forget(SITE);
    assert!(matches!(following.due(), Due::Gone(Refused::UnknownSite)));
}
