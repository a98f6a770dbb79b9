//! Who may read the live channel, and who may not: every way in, every refusal.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod browser;
mod stage;

use browser::{Browser, ORIGIN, OTHER, claims, token, token_of, unix_now};
use qahm_event::SiteId;
use qahm_runtime::{Claims, Purpose};
use serde_json::json;
use stage::{SITE, Stage, await_some};

fn stage() -> Stage {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let path = stage.own("run").join("live.sock");
    await_some("the live channel", || path.exists().then_some(()));
    stage
}

/// What each way in answers to these headers: the same, which is returned. Who is let in hears "".
fn come(stage: &Stage, headers: &[(&str, &str)]) -> String {
    let ways: [(&str, &str, &[u8]); 4] = [
        ("GET", "/qahm-live/events?topics=live", b""),
        ("GET", "/qahm-live/live?topics=live", b""),
        ("POST", "/qahm-live/session", b""),
        ("POST", "/qahm-live/command", br#"{"connection":"0","do":"pause"}"#),
    ];
    let answers = ways.map(|(method, path, body)| {
        let mut browser = Browser::to(stage);
        let mut answer = browser.open(method, path, headers, body);
        if answer.status == 401 {
            answer.body = browser.rest(&answer);
            return answer.json()["error"].as_str().unwrap().to_owned();
        }
        assert!([200, 204, 404].contains(&answer.status), "{path}: {answer:?}");
        String::new()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{headers:?}: {answers:?}");
    answers[0].clone()
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[test]
fn tokens_that_are_no_good() {
    let stage = stage();
    let now = unix_now();
    let good = token(&stage);
    let refusal = |token: &str| come(&stage, &[("Authorization", &bearer(token))]);
    assert_eq!(refusal(&good), "");
    assert_eq!(come(&stage, &[]), "malformed", "no token");
    assert_eq!(refusal("nonsense"), "malformed");
    assert_eq!(come(&stage, &[("Authorization", "Basic YTpi")]), "malformed");
    for (reason, claims) in [
        ("expired", Claims { expires: now - 1, ..claims() }),
        ("expired", Claims { expires: now + 60, chain: now - 601, ..claims() }),
        ("site", Claims { site: OTHER.0, ..claims() }),
        ("purpose", Claims { purpose: Purpose::Deliver, ..claims() }),
        ("origin", Claims { origin: "https://evil.test".into(), ..claims() }),
        ("origin", Claims { origin: "https://a.test.evil.test".into(), ..claims() }),
    ] {
        assert_eq!(refusal(&token_of(&stage, &claims)), reason, "{claims:?}");
    }
    // Any byte of it changed.
    for at in (0..good.len()).step_by(7) {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let reason = refusal(&changed);
        assert!(["signature", "malformed"].contains(&reason.as_str()), "{at}: {reason}");
    }
    let page = Browser::to(&stage).get("/metrics", &[]).text();
    for reason in ["malformed", "expired", "site", "purpose", "origin", "signature"] {
        assert!(page.contains(&format!("qahm_realtime_refused_total{{reason=\"{reason}\"}}")), "{reason}");
    }
}

#[test]
fn a_good_token_used_from_the_wrong_place() {
    let stage = stage();
    let good = bearer(&token(&stage));
    let cookie = format!("wordpress=1; qahm_realtime_live_{SITE}={}", token(&stage));
    let (auth, cookie) = (("Authorization", good.as_str()), ("Cookie", cookie.as_str()));
    let (same, home) = (("Sec-Fetch-Site", "same-origin"), ("Origin", ORIGIN));
    for (headers, reason) in [
        (vec![auth], ""),
        (vec![auth, home], ""),
        (vec![auth, home, cookie], ""),
        (vec![auth, same, cookie], ""),
        (vec![cookie, same], ""),
        (vec![cookie, home], ""),
        (vec![auth, ("Origin", "https://evil.test")], "origin"),
        (vec![auth, ("Origin", "http://a.test")], "origin"),
        (vec![auth, ("Origin", "null")], "origin"),
        (vec![auth, ("Origin", "https://a.test:8443")], "origin"),
        (vec![auth, ("Origin", "https://evil.test"), same], "origin"),
        // Without an Origin the browser must say that it is our page, or there must be no cookie about.
        (vec![cookie], "origin"),
        (vec![auth, cookie], "origin"),
        (vec![auth, ("Cookie", "wordpress=1")], "origin"),
        (vec![cookie, ("Sec-Fetch-Site", "cross-site")], "origin"),
        (vec![cookie, ("Sec-Fetch-Site", "same-site")], "origin"),
        (vec![cookie, ("Sec-Fetch-Site", "none")], "origin"),
        (vec![auth, ("Sec-Fetch-Site", "cross-site")], "origin"),
        (vec![cookie, ("Origin", "https://evil.test"), same], "origin"),
    ] {
        assert_eq!(come(&stage, &headers), reason, "{headers:?}");
    }
}

#[test]
fn a_cookie_for_browsers_own_event_source() {
    let stage = stage();
    let token = token(&stage);
    let auth = bearer(&token);
    let session = |headers: &[(&str, &str)]| {
        let headers = [&[("Authorization", auth.as_str()), ("Origin", ORIGIN)], headers].concat();
        let answer = Browser::to(&stage).ask("POST", "/qahm-live/session", &headers, b"");
        assert_eq!(answer.status, 204);
        answer.header("set-cookie").unwrap().to_owned()
    };
    let cookie = session(&[]);
    let (value, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(value, format!("qahm_realtime_live_{SITE}={token}"));
    let age: u64 = attributes.split("Max-Age=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap();
    assert!((50..=60).contains(&age), "{cookie}");
    assert_eq!(
        attributes.replace(&age.to_string(), "N"),
        "Path=/qahm-live/; Max-Age=N; HttpOnly; SameSite=Strict"
    );
    let cookie = session(&[("X-Qahm-Prefix", "/blog/live/"), ("X-Forwarded-Proto", "https")]);
    assert!(cookie.contains("; Path=/blog/live/;") && cookie.ends_with("; Secure"), "{cookie}");
    assert!(session(&[("X-Qahm-Prefix", "/; Domain=evil.test/")]).contains("; Path=/qahm-live/;"));
    let headers = [("Cookie", value), ("Sec-Fetch-Site", "same-origin")];
    assert_eq!(Browser::to(&stage).get("/qahm-live/live", &headers).status, 200);
    // One of another is nobody's business.
    let unknown = Browser::to(&stage).ask(
        "POST",
        "/qahm-live/session?connection=0123",
        &[("Authorization", &auth)],
        b"",
    );
    assert_eq!(unknown.refusal(), (404, "unknown-connection".into()));
}

#[test]
fn sites_of_one_host_have_cookies_of_their_own() {
    let stage = stage();
    let config = json!({ "hosts": ["a.test"], "home": "https://a.test/other" }).to_string();
    let other = json!({ "op": "configure", "site": OTHER.to_string(), "config": config });
    assert_eq!(stage.ask(&other)["ok"], true);
    let of = |site: SiteId, user| token_of(&stage, &Claims { site: site.0, user, ..claims() });
    let [ours, theirs] = [of(SITE, 1), of(OTHER, 2)];
    let cookie = |site: SiteId, token: &str| format!("qahm_realtime_live_{site}={token}");
    let both = format!("{}; wordpress=1; {}", cookie(SITE, &ours), cookie(OTHER, &theirs));
    let get = |path: &str, cookie: &str, query: &str| {
        let headers = [("Cookie", cookie), ("Sec-Fetch-Site", "same-origin")];
        Browser::to(&stage).open("GET", &format!("/qahm-live/{path}?{query}"), &headers, b"").status
    };
    for path in ["live", "events"] {
        for site in [SITE, OTHER] {
            assert_eq!(get(path, &both, &format!("topics=live&site={site}")), 200, "{path} {site}");
        }
        assert_eq!(get(path, &cookie(SITE, &ours), ""), 200, "{path}: one that is alone is meant");
        assert_eq!(get(path, &cookie(SITE, &ours), &format!("site={OTHER}")), 401, "{path}: another's");
        assert_eq!(get(path, &cookie(OTHER, &ours), ""), 401, "{path}: under a wrong name");
        assert_eq!(get(path, &both, "site=1"), 400, "{path}: no site");
        assert_eq!(get(path, &format!("qahm_realtime_live={ours}"), ""), 401, "{path}: of no site");
        assert_eq!(get(path, &both, ""), 400, "{path}: which of both?");
    }
    let headers = [("Cookie", both.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let which = Browser::to(&stage).get("/qahm-live/live", &headers).json();
    assert_eq!(which["error"], "bad-request");
    assert!(which["message"].as_str().unwrap().contains("site="), "{which}");
    // Commands by a cookie reach the connections of that site's user only.
    let mut opened = Browser::to(&stage);
    let events = format!("/qahm-live/events?site={SITE}");
    let answer = opened.open("GET", &events, &headers, b"");
    assert_eq!(answer.status, 200);
    let mut text = String::new();
    while !text.contains("event: hello") {
        text += std::str::from_utf8(&opened.chunk().unwrap()).unwrap();
    }
    let connection = text.split("\"connection\":\"").nth(1).unwrap().split('"').next().unwrap();
    let body = json!({ "connection": connection, "do": "pause" }).to_string();
    for (site, status) in [(SITE, 200), (OTHER, 404)] {
        let path = format!("/qahm-live/command?site={site}");
        assert_eq!(
            Browser::to(&stage).ask("POST", &path, &headers, body.as_bytes()).status,
            status,
            "{site}"
        );
    }
    // A token on its own names its site; the query may not name another.
    let auth = bearer(&ours);
    let auth = [("Authorization", auth.as_str())];
    let path = format!("/qahm-live/live?site={OTHER}");
    assert_eq!(Browser::to(&stage).get(&path, &auth).refusal(), (401, "site".into()));
}

#[test]
fn numbers_for_the_machine_itself() {
    let stage = stage();
    let direct = Browser::to(&stage).get("/metrics", &[]);
    assert_eq!(direct.status, 200);
    assert_eq!(direct.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for passed_on in ["X-Real-IP", "X-Forwarded-For", "Forwarded"] {
        let header = (passed_on, "192.0.2.1");
        assert_eq!(Browser::to(&stage).get("/metrics", &[header]).refusal(), (401, "malformed".into()));
        let auth = bearer(&token(&stage));
        assert_eq!(Browser::to(&stage).get("/metrics", &[header, ("Authorization", &auth)]).status, 200);
    }
    let page = direct.text();
    let mut families = Vec::new();
    for line in page.lines() {
        if let Some(family) = line.strip_prefix("# TYPE ") {
            families.push(family.split(' ').next().unwrap());
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let name = name.split('{').next().unwrap();
            assert_eq!(families.last(), Some(&name), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
    for name in ["up", "events_total", "lag_seconds", "commits_total", "ring_slots", "connections", "streams"]
    {
        assert!(families.contains(&format!("qahm_realtime_{name}").as_str()), "{name}: {page}");
    }
    assert!(!page.contains(&SITE.to_string()), "no site is named");
}

#[test]
fn a_port_is_for_nobody_without_a_token() {
    let mut stage = Stage::new();
    let mut command = stage.command();
    command.args(["--listen", "127.0.0.1:0"]);
    stage.engine = Some(command.spawn().unwrap());
    let control = stage.own("run").join(qahm_runtime::CONTROL_FILE);
    await_some("the engine", || std::os::unix::net::UnixStream::connect(&control).ok());
    stage.configure(&json!({}));
    let address = await_some("the port", || {
        let status = stage.ask(&json!({ "op": "status" }));
        status["engine"]["listen"].as_str().filter(|listen| !listen.is_empty()).map(str::to_owned)
    });
    assert_eq!(Browser::over_tcp(&address).get("/metrics", &[]).refusal(), (401, "malformed".into()));
    let auth = bearer(&token(&stage));
    assert_eq!(Browser::over_tcp(&address).get("/metrics", &[("Authorization", &auth)]).status, 200);
}
