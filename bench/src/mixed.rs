//! The records of the mixed traffic: every kind of event with the fields that the tracker and WordPress send.

use qahm_event::{Encoder, Kind, Micros, RECORD_MAX, Tag};

use crate::crowd::{BOTS, Crowd};
use crate::engine::HOST;
use crate::sender::head;
use crate::traffic::Event;

const CATEGORIES: [&str; 6] = ["Coast", "Boats", "Birds", "Kitchen", "History", "Weather"];
const AUTHORS: [&str; 4] = ["Ada Keeper", "B. Mason", "C\u{e9}line Roux", "The editors"];
const FORMS: [&str; 3] = ["newsletter", "contact", "commentform"];
const FORMED: [&str; 4] = ["start", "active", "submit", "abandon"];
const CUSTOM: [&str; 4] = ["video-played", "read-to-end", "share", "goal:Newsletter"];
const ERRORS: [&str; 5] = [
    "TypeError: Cannot read properties of null (reading 'focus')",
    "ReferenceError: lightbox is not defined",
    "Script error.",
    "ResizeObserver loop completed with undelivered notifications.",
    "SyntaxError: Unexpected token '<'",
];
/// Different terms that are searched for.
const TERMS: u64 = 400;
/// Elements that are clicked on a page.
const ELEMENTS: u64 = 12;

/// One of `list`, by a random number.
fn one<'a>(list: &[&'a str], random: u64) -> &'a str {
    list.get((random % list.len().max(1) as u64) as usize).copied().unwrap_or("")
}

/// The record of an event.
pub(crate) fn encode<'b>(
    buffer: &'b mut [u8; RECORD_MAX],
    crowd: &Crowd,
    event: &Event,
    time: Micros,
) -> &'b [u8] {
    let (peer, forwarded) = crowd.connection(event.visitor);
    let mut record = Encoder::new(buffer, &head(event, time, peer));
    let first = event.kind == Kind::View && event.from.is_none();
    let (referrer, query) = if first { crowd.source(event.visitor) } else { Default::default() };
    let url = format!("/page-{}/{query}", event.page);
    let (mut agent, hints) = crowd.agent(event.visitor);
    match event.kind {
        Kind::Request => {
            if event.detail.is_multiple_of(8) {
                agent = one(&BOTS, event.detail >> 8);
            }
            request(&mut record, event);
            record.text(Tag::Url, url.as_bytes());
            record.text(Tag::UserAgent, agent.as_bytes());
        }
        Kind::Signal => {
            search(&mut record, event);
            record.text(Tag::Url, b"/search/");
            record.text(Tag::UserAgent, agent.as_bytes());
        }
        _ => {
            record.text(Tag::Url, url.as_bytes());
            record.text(Tag::UserAgent, agent.as_bytes());
            record.text(Tag::ClientHints, hints.as_bytes());
            told(&mut record, event, &referrer);
        }
    }
    if let Some(address) = forwarded {
        record.text(Tag::ForwardedFor, address.to_string().as_bytes());
    }
    record.finish()
}

/// Of a hundred requests two are not found and one in five hundred fails.
fn request(record: &mut Encoder, event: &Event) {
    let status = match event.detail % 500 {
        0 => 500,
        1..11 => 404,
        _ => 200,
    };
    record.number(Tag::Status, status);
    record.number(Tag::Generation, 20_000 + (event.detail >> 16) % 200_000);
    record.number(Tag::Queries, 15 + (event.detail >> 40) % 40);
}

fn search(record: &mut Encoder, event: &Event) {
    let term = (event.detail >> 8) % TERMS;
    record.text(Tag::Name, b"search");
    record.text(Tag::Title, format!("term {term}").as_bytes());
    record.number(Tag::Results, term % 12);
}

/// What the tracker tells of an event.
fn told(record: &mut Encoder, event: &Event, referrer: &str) {
    let (page, random) = (event.page, event.detail);
    match event.kind {
        Kind::View => {
            match event.from {
                Some(from) => record.text(Tag::Referrer, format!("http://{HOST}/page-{from}/").as_bytes()),
                None => record.text(Tag::Referrer, referrer.as_bytes()),
            }
            record.text(Tag::Title, format!("The page of number {page} \u{2013} Bench").as_bytes());
            let (author, category) = (one(&AUTHORS, page.into()), one(&CATEGORIES, (page / 4).into()));
            record.meta([b"post", author.as_bytes(), category.as_bytes()]);
        }
        Kind::Engage => {
            record.number(Tag::Engaged, random % 120);
            record.number(Tag::Scroll, (random >> 8) % 101);
            record.number(Tag::Tall, 1);
        }
        Kind::Timing => timing(record, random),
        Kind::Click => {
            let what = one(&["link", "link", "button", "outbound", "download"], random);
            let element = (random >> 8) % ELEMENTS;
            let target = if what == "button" { String::new() } else { format!("/page-{}/", element * 7) };
            record.text(Tag::What, what.as_bytes());
            record.text(Tag::Target, target.as_bytes());
            record.text(Tag::Name, format!("Element {element}").as_bytes());
        }
        Kind::Form => {
            record.text(Tag::What, one(&FORMED, random).as_bytes());
            record.text(Tag::Name, one(&FORMS, random >> 8).as_bytes());
        }
        Kind::Custom => {
            record.text(Tag::Name, one(&CUSTOM, random).as_bytes());
            record.text(Tag::Properties, format!("{{\"seconds\":{}}}", (random >> 8) % 90).as_bytes());
        }
        Kind::Error => {
            record.text(Tag::Title, one(&ERRORS, random).as_bytes());
            record.text(Tag::Target, b"/wp-content/themes/lighthouse/menu.js");
            record.number(Tag::Line, (random >> 8) % 40);
            record.number(Tag::Own, (random >> 16) & 1);
        }
        _ => {}
    }
}

/// After the load event, or when the page is hidden: half and half.
fn timing(record: &mut Encoder, random: u64) {
    let first = 40 + (random >> 8) % 800;
    if random & 1 == 0 {
        record.number(Tag::Load, first * 3);
        record.number(Tag::FirstByte, first);
        record.number(Tag::FirstPaint, first * 2);
    } else {
        record.number(Tag::LargestPaint, first * 3);
        record.number(Tag::Interaction, (random >> 32) % 300);
        record.number(Tag::Shift, (random >> 48) % 250);
    }
}
