//! Referrer, the page's address, a host of the site and a forwarded-for header, a line each → source and address:
//! clean, bounded, and nobody but a trusted proxy says who the visitor is.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use qahm_enrich::address::{Networks, Proxies, anonymize};
use qahm_enrich::source::{Channel, Source};

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or("");
    let (referrer, url, own, forwarded) = (line(), line(), line(), line());

    let source = Source::of(referrer, url, &[own.to_owned()]);
    for (text, longest) in
        [(&source.host, 100), (&source.utm_source, 64), (&source.utm_medium, 64), (&source.utm_campaign, 64)]
    {
        assert!(text.len() <= longest && text.trim() == &**text && !text.chars().any(char::is_control));
    }
    assert_eq!(Channel::parse(source.channel.as_str()), Some(source.channel));
    assert!(source.channel != Channel::Internal || source.host.is_empty());
    assert!(url.contains('?') || source.utm_campaign.is_empty());

    let stranger = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
    let listed = Proxies::listed(["10.0.0.0/8"]).expect("a network");
    assert_eq!(listed.visitor(stranger, Some(forwarded)), stranger);
    let proxy = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    let visitor = listed.visitor(proxy, Some(forwarded));
    assert_eq!(visitor, visitor.to_canonical());
    assert_eq!(anonymize(anonymize(visitor)), anonymize(visitor));
    if let Ok(networks) = Networks::parse(forwarded.split(',')) {
        assert!(!networks.is_empty());
    }
});
