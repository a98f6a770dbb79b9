use super::*;
use crate::config::SiteConfig;
use serde_json::{Value, json};
use std::time::Duration;

const SITE: SiteId = SiteId(7);

fn channel() -> (Arc<Channel>, Worker) {
    let hub = Arc::new(Hub::default());
    hub.set_config(SITE, SiteConfig::default());
    Channel::new(hub)
}

fn key(country: usize, topic: Topic) -> StreamKey {
    let filter = match country {
        0 => FilterName::everybody(),
        n => FilterName::from_json(&json!({ "source": n.to_string() })).unwrap(),
    };
    StreamKey::new(SITE, filter, topic)
}

fn keys(channel: &Channel) -> Vec<StreamKey> {
    channel.in_use().into_iter().map(|(key, _)| key).collect()
}

#[test]
fn a_stream_lives_while_it_is_followed_or_polled() {
    let (channel, worker) = channel();
    let (live, events) = (key(0, Topic::Live), key(0, Topic::Events));
    let follower = channel.follow(live.clone()).unwrap();
    let second = channel.follow(live.clone()).unwrap();
    drop(second);
    let version = channel.version();
    channel.tell(&live, News::State(json!({ "n": 1 })));
    channel.tell(&events, News::State(json!({ "n": 1 })));
    worker.settle();
    assert!(matches!(follower.after(None), After::Messages(_)));
    assert_eq!(keys(&channel), std::slice::from_ref(&live));
    drop(follower);
    assert!(channel.in_use().is_empty() && channel.version() > version);

    let mut poll = channel.follow(events.clone()).unwrap();
    poll.linger();
    drop(poll);
    channel.sweep(Instant::now() + LINGER - Duration::from_secs(1));
    assert_eq!(keys(&channel), [events]);
    channel.sweep(Instant::now() + LINGER);
    assert!(channel.in_use().is_empty());
}

#[test]
fn numbers_are_not_used_twice() {
    let (channel, worker) = channel();
    let visitors = key(0, Topic::Visitors);
    let seq = |state| {
        let follower = channel.follow(visitors.clone()).unwrap();
        channel.tell(&visitors, News::State(state));
        worker.settle();
        follower.position().unwrap().seq
    };
    assert!(seq(json!(1)) < seq(json!(2)));
}

#[test]
fn filters_are_limited_and_streams_of_a_filter_are_not() {
    let (channel, _worker) = channel();
    let mut all: Vec<Follower> =
        (1..=FILTERS).map(|n| channel.follow(key(n, Topic::Live)).unwrap()).collect();
    assert_eq!(channel.follow(key(FILTERS + 1, Topic::Live)).err(), Some(Refused::TooManyFilters));
    all.push(channel.follow(key(1, Topic::Visitors)).unwrap());
    all.push(channel.follow(key(0, Topic::Live)).unwrap());
    all.remove(4);
    channel.follow(key(FILTERS + 1, Topic::Live)).unwrap();
    let stranger = StreamKey { site: SiteId(8), ..key(0, Topic::Live) };
    assert_eq!(channel.follow(stranger).err(), Some(Refused::UnknownSite));
}

#[test]
fn a_user_has_some_of_the_filters_and_polled_ones_go_for_new_ones() {
    let (channel, _worker) = channel();
    let follow = |n: usize, user| channel.follow_as(key(n, Topic::Live), Some(user));
    let mut all: Vec<Follower> = (1..=FILTERS_OF_USER).map(|n| follow(n, 1).unwrap()).collect();
    assert_eq!(follow(20, 1).err(), Some(Refused::TooManyOfUser));
    assert_eq!(Refused::TooManyOfUser.as_str(), "too-many-filters");
    assert!(follow(0, 1).is_ok() && follow(2, 1).is_ok(), "everybody, and what they have");
    assert!(follow(20, 2).is_ok() && channel.follow(key(20, Topic::Live)).is_ok(), "others");
    let other = follow(3, 2).unwrap();
    all.drain(..3).for_each(|mut follower| follower.linger());
    let poll = follow(20, 1).unwrap();
    let used = keys(&channel);
    assert!(!used.contains(&key(1, Topic::Live)), "the one that was polled first");
    assert!(used.contains(&key(2, Topic::Live)));
    drop(poll);
    let _more: Vec<Follower> = (20..23).map(|n| follow(n, 1).unwrap()).collect();
    assert_eq!(follow(23, 1).err(), Some(Refused::TooManyOfUser));
    assert!(keys(&channel).contains(&key(3, Topic::Live)), "somebody else follows it");
    drop(other);
    assert!(!keys(&channel).contains(&key(3, Topic::Live)));
}

#[test]
fn streams_of_filters_have_an_eighth_of_the_memory() {
    let (channel, worker) = channel();
    let limit = 32u64 << 20;
    channel.hub.set_config(SITE, SiteConfig { memory_limit: limit, ..SiteConfig::default() });
    let text = |n: usize| json!({ "n": n, "text": "x".repeat(200 << 10) });
    let show = |n: usize, state: Value| {
        channel.tell(&key(n, Topic::Visitors), News::State(state));
        worker.settle();
    };
    let everybody = channel.follow(key(0, Topic::Visitors)).unwrap();
    show(0, text(0));
    let mut all = Vec::new();
    let refused = (1..=FILTERS).find_map(|n| match channel.follow(key(n, Topic::Visitors)) {
        Ok(follower) => {
            show(n, text(n));
            // Who reads has it written.
            assert!(matches!(follower.after(None), After::Messages(_)));
            all.push(follower);
            None
        }
        Err(refused) => Some(refused),
    });
    assert_eq!(refused, Some(Refused::Memory));
    assert_eq!(Refused::Memory.as_str(), "too-many-filters");
    assert!((2..8).contains(&all.len()), "{}", all.len());
    assert!(channel.follow(key(0, Topic::Live)).is_ok() && channel.follow(key(1, Topic::Visitors)).is_ok());
    drop(all);
    // States that grow: the last filters go, and the limit holds.
    let all: Vec<Follower> = (1..=20).map(|n| channel.follow(key(n, Topic::Visitors)).unwrap()).collect();
    (1..=20).for_each(|n| show(n, text(n)));
    assert!(channel.bytes() > 2 * (limit as usize / SHARE));
    let version = channel.version();
    channel.sweep(Instant::now());
    assert!(channel.version() > version);
    assert!(channel.bytes() <= limit as usize / SHARE + everybody.stream.bytes());
    assert!(matches!(everybody.after(None), After::Messages(_)));
    assert!(matches!(all[0].after(None), After::Messages(_)));
    assert!(matches!(all[19].after(None), After::Gone(Refused::Memory)));
    drop(all);
    assert_eq!(keys(&channel), [key(0, Topic::Visitors)]);
}

#[test]
fn who_is_behind_gets_a_put_before_a_filter_goes() {
    let (channel, worker) = channel();
    channel.hub.set_config(SITE, SiteConfig { memory_limit: 32 << 20, ..SiteConfig::default() });
    // Nearly all of what they may have are states; puts and patches are what is too much.
    let followers: Vec<Follower> =
        (1..=3).map(|n| channel.follow(key(n, Topic::Visitors)).unwrap()).collect();
    let text = |n: usize| json!({ "n": n, "text": "x".repeat(210 << 10) });
    let mut at = None;
    for (n, follower) in followers.iter().enumerate() {
        for state in [text(0), text(1)] {
            channel.tell(&key(n + 1, Topic::Visitors), News::State(state));
            worker.settle();
            at = at.or(follower.position());
            assert!(matches!(follower.after(None), After::Messages(_)));
        }
    }
    let missed = || match followers[0].after(at) {
        After::Messages(messages) => messages.iter().map(|message| message.kind).collect(),
        _ => Vec::new(),
    };
    assert_eq!(missed(), [Kind::Patch]);
    channel.sweep(Instant::now());
    assert_eq!(missed(), [Kind::Put]);
    assert_eq!(channel.in_use().len(), 3);
}

#[test]
fn a_forgotten_site_ends_its_streams() {
    let (channel, _worker) = channel();
    let follower = channel.follow(key(0, Topic::Live)).unwrap();
    channel.forget(SITE);
    assert!(matches!(follower.after(None), After::Gone(Refused::UnknownSite)));
    let again = channel.follow(key(0, Topic::Live)).unwrap();
    drop(follower);
    assert_eq!(channel.in_use().len(), 1, "the leaving of the old one is nothing to the new one");
    drop(again);
}

#[tokio::test(flavor = "current_thread")]
async fn whoever_waits_is_woken() {
    let (channel, worker) = channel();
    let working = std::thread::spawn(|| worker.run());
    let live = key(0, Topic::Live);
    let mut follower = channel.follow(live.clone()).unwrap();
    let mut at = None;
    for n in 0..100u64 {
        channel.tell(&live, News::State(json!({ "n": n })));
        let messages = loop {
            match follower.after(at) {
                After::Messages(messages) => break messages,
                _ => follower.changed().await,
            }
        };
        at = messages.last().map(|m| At { epoch: follower.epoch(), seq: m.seq });
        assert!(messages.last().unwrap().json().contains(&n.to_string()));
    }
    drop((follower, channel));
    working.join().unwrap();
}

#[test]
fn a_stream_that_fails_ends_and_no_other() {
    let (channel, worker) = channel();
    let (live, alerts) = (key(0, Topic::Live), key(0, Topic::Alerts));
    let other = channel.follow(alerts.clone()).unwrap();
    let mut poll = channel.follow(live.clone()).unwrap();
    poll.linger();
    drop(poll);
    let follower = channel.follow(live.clone()).unwrap();
    let version = channel.version();
    worker.take_in(&follower.stream, |_, _| panic!("a mistake"));
    assert!(matches!(follower.after(None), After::Gone(Refused::Failed)));
    assert!((channel.failed(), channel.version()) > (0, version));

    let again = channel.follow(live.clone()).unwrap();
    drop(follower);
    for key in [&live, &alerts] {
        channel.tell(key, News::State(json!({ "n": 1 })));
    }
    assert_eq!(channel.waiting(), 2);
    worker.settle();
    assert_eq!(channel.waiting(), 0);
    assert!([again, other].iter().all(|follower| matches!(follower.after(None), After::Messages(_))));
}
