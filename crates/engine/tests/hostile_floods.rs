//! Floods: memory stays bounded, and the sums stay exact.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod hall;
mod stage;

use hall::flood::{BUDGET, flood, invented};
use hall::{Hall, QUESTIONS, SITE, Sent};
use qahm_engine::live::{names, pages, profiles};
use qahm_event::{Kind, Micros, SiteId, Tag};
use serde_json::{Value, json};
use stage::{Stage, await_some};

fn is_bounded(hall: &mut Hall, budget: usize) {
    hall.make_room();
    let live = &hall.intake.live;
    let (bytes, logs) = (live.bytes(), live.log_bytes());
    assert!(bytes <= budget, "{bytes} of {budget}");
    assert!(logs <= budget / 4, "{logs} of {}", budget / 4);
    let site = live.site(SITE).unwrap();
    assert!(site.pages.len() <= pages::CAP + 1 && site.pages.bytes() <= budget / 4 + budget / 16);
    assert!(site.profiles.len() <= profiles::CAP);
    assert!(site.names.bytes() <= names::NameKind::ALL.len() * names::CAP * 1300, "{}", site.names.bytes());
}

/// A list has a row for what did not fit.
fn has_other(rows: &Value, member: &str) -> bool {
    rows.as_array().unwrap().iter().any(|row| row[member] == "(other)")
}

#[test]
fn a_flood_of_one_visitor_is_bounded_and_lands_in_other() {
    // Bots are counted here: else most of it would be set aside.
    let mut hall = Hall::new(BUDGET, &json!({ "exclude_bots": false }));
    let mut cells = 0;
    for n in 0..12_000 {
        flood(n, 1).iter().for_each(|sent| hall.take(sent));
        if n % 100 == 99 {
            let batch = hall.commit();
            cells = cells.max(batch.rollups.len());
            let most = 1100 * 8;
            let of = [batch.rollups.len(), batch.names.len(), batch.pages.len(), batch.events.len()];
            assert!(of.iter().all(|n| *n < most), "{of:?}");
        }
        if n % 1000 == 999 {
            hall.pass(1);
            is_bounded(&mut hall, BUDGET);
        }
    }
    assert!(cells > 0);
    hall.sums_are_equal(&json!({}));
    let ask = |what| hall.ask(&json!({ "what": what, "limit": 1000 }));
    let engagement = ask("engagement");
    for (list, member) in [("clicks", "label"), ("forms", "form"), ("searches", "term"), ("custom", "name")] {
        assert!(has_other(&engagement[list], member), "{list}");
    }
    assert!(has_other(&ask("errors")["groups"], "message"));
    // What came before the flood still has its name, and what comes after it is still counted.
    let before = hall.intake.live.site(SITE).unwrap().kept.views_today;
    hall.take(&Sent::view(1, u64::MAX, "/after"));
    assert_eq!(hall.intake.live.site(SITE).unwrap().kept.views_today, before + 1);
}

#[test]
fn a_flood_of_ten_thousand_visitors_is_bounded_and_counted_exactly() {
    let mut hall = Hall::new(BUDGET, &json!({}));
    for n in 0..20_000u64 {
        let visitor = 1 + (n % 10_000) as u32;
        let agent =
            format!("Mozilla/5.0 (X11; Linux x86_64) Invented{}/1.0 Browser{}/2.0", n % 10_000, n % 10_000);
        for sent in flood(n, visitor) {
            if sent.head.kind != Kind::Leave {
                hall.take(&sent.text(Tag::UserAgent, &agent));
            }
        }
        if n % 2000 == 1999 {
            hall.commit();
            is_bounded(&mut hall, BUDGET);
        }
    }
    // Some numbers in invented names are those of known crawlers.
    let visitors = 10_000 - hall.excluded("bot") / 2;
    assert!(visitors > 9_900);
    let site = hall.intake.live.site(SITE).unwrap();
    assert_eq!(
        (site.kept.visits_today, site.kept.views_today, site.kept.evicted),
        (visitors, 2 * visitors, 0)
    );
    // Each has two views that stand open side by side.
    assert_eq!((u64::from(site.active), site.today), (2 * visitors, 2 * visitors));
    assert!(has_other(&hall.ask(&json!({ "what": "pages", "limit": 1 }))["pages"], "path"));
    for filter in [
        json!({}),
        json!({ "device": "desktop" }),
        json!({ "page": "(other)" }),
        json!({ "channel": "campaign" }),
    ] {
        hall.sums_are_equal(&filter);
    }
}

#[test]
fn a_flood_of_names_and_sources_costs_no_visitor() {
    // The least that visitors, views and names may have.
    let budget = 4 << 20;
    let mut hall = Hall::new(budget, &json!({ "exclude_bots": false }));
    for visitor in 1..=20 {
        hall.take(&Sent::view(visitor, 1_000_000 + u64::from(visitor), "/"));
    }
    for n in 0..4000 {
        flood(n, 100 + (n % 1500) as u32)
            .into_iter()
            .filter(|sent| sent.head.kind != Kind::Leave)
            .for_each(|sent| hall.take(&sent));
        if n % 50 == 0 {
            hall.make_room();
        }
    }
    is_bounded(&mut hall, budget);
    let site = hall.intake.live.site(SITE).unwrap();
    assert!(
        site.names.bytes() <= budget / 8 && site.profiles.bytes() <= budget / 4,
        "{}",
        site.names.bytes()
    );
    assert!(site.active > 500, "{}", site.active);
    hall.sums_are_equal(&json!({}));
    let sources = hall.ask(&json!({ "what": "sources", "limit": 1000 }));
    assert!(has_other(&sources["hosts"], "name"), "who came from somewhere did not come from nowhere");
    assert!(has_other(&sources["campaigns"], "campaign"));
}

#[test]
fn an_answer_fits_its_frame_whatever_the_names() {
    let mut hall = Hall::new(BUDGET, &json!({}));
    for visitor in 1..=150 {
        for n in 0..40u64 {
            let view = u64::from(visitor) * 1000 + n;
            hall.take(
                &Sent::view(visitor, view, &format!("/{}", invented(view, 390)))
                    .text(Tag::Title, &"\u{1f600}".repeat(40)),
            );
            hall.take(&Sent::new(Kind::Engage, visitor, view, 1).number(Tag::Engaged, 1));
        }
    }
    for what in QUESTIONS {
        let answer = hall.ask(&json!({ "what": what, "limit": 1000 }));
        assert!(answer.to_string().len() < 1 << 20, "{what}");
        assert!(what == "live" || answer["limit"].as_u64().unwrap() >= 1, "{what}");
    }
    let answer = hall.ask(&json!({ "what": "visitors", "limit": 1000 }));
    let rows = answer["visitors"].as_array().unwrap().len() as u64;
    assert_eq!((rows, &answer["total"]), (answer["limit"].as_u64().unwrap(), &json!(150)));
    assert!(rows > 20);
    let next = hall.ask(&json!({ "what": "visitors", "limit": rows, "offset": rows }));
    assert_ne!(next["visitors"][0]["id"], answer["visitors"][0]["id"]);
}

#[test]
fn a_real_engine_takes_a_flood_and_answers_everything() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let ring = stage.ring().unwrap();
    let push = |mut sent: Sent, site: SiteId, time: u64| {
        (sent.head.site, sent.head.time) = (site, Micros(time));
        await_some("room in the ring", || ring.push(&sent.bytes()).ok());
    };
    let now = || Micros::now().0;
    push(Sent::view(1, 1, "/"), stage::SITE, now());
    stage.await_live("active", 1);
    // From another site, from the future, from the end of time.
    for n in 0..50 {
        push(Sent::view(2, 100 + n, "/forged"), SiteId(n), now());
        push(Sent::view(2, 100 + n, "/forged"), stage::SITE, now() + 3_600_000_000);
        push(Sent::view(2, 100 + n, "/forged"), stage::SITE, u64::MAX);
        push(Sent::view(2, 100 + n, "/forged").number(Tag::Type, u64::MAX), stage::SITE, now());
        await_some("room in the ring", || ring.push(&[n as u8; 300]).ok());
    }
    let status = || stage.ask(&json!({ "op": "status" }))["engine"].clone();
    await_some("the counts", || {
        let status = status();
        (status["strangers"] == 50 && status["unreadable"] == 50).then_some(())
    });
    let live = stage.live();
    assert_eq!(
        (&live["active"], &live["views_today"], &live["visitors_today"]),
        (&json!(1), &json!(1), &json!(1))
    );
    for n in 0..500 {
        flood(n, 3 + n as u32 % 40).into_iter().for_each(|sent| push(sent, stage::SITE, now()));
    }
    await_some("everything to be committed", || (ring.used() == 0).then_some(()));
    let ask = |q: Value| stage.ask(&json!({ "op": "ask", "site": stage::SITE.to_string(), "q": q }));
    for what in QUESTIONS.into_iter().chain(["history"]) {
        for limit in [
            json!(0),
            json!(1),
            json!(1_000_000),
            json!(-1),
            json!("x"),
            json!(null),
            json!({}),
            json!(1e300),
        ] {
            let answer = ask(
                json!({ "what": what, "limit": limit, "offset": u64::MAX, "since": u64::MAX, "range": limit }),
            );
            let fine = answer["ok"] == true || answer["code"] == "bad-request" && answer["error"].is_string();
            assert!(fine, "{what} {limit}: {answer}");
        }
    }
    for q in [
        json!({ "what": "" }),
        json!({ "what": "everything" }),
        json!({ "what": "x".repeat(60_000) }),
        json!(7),
    ] {
        assert_eq!(ask(q)["code"], "bad-request");
    }
    for record in ["", "zz", "00", &"ff".repeat(3000), &"01".repeat(1512)] {
        let explained =
            stage.ask(&json!({ "op": "explain", "site": stage::SITE.to_string(), "record": record }));
        assert_eq!(explained["explain"]["counted"], false, "{record}: {explained}");
    }
    let status = status();
    assert!(status["bytes"].as_u64() <= status["budget"].as_u64(), "{status}");
}
