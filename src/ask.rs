//! What goes over the control socket: questions, commands, configuration, the delivery of alerts.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use ext_php_rs::{builders::ModuleBuilder, php_function, wrap_function};
use qahm_event::{Micros, SiteId, config_hash};
use qahm_runtime::{Error, call};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::{
    bytes::Bytes,
    error::Mistake,
    mapping::{self, Mapping, Reach},
    spawn,
};

/// How long a worker waits for the engine to take a configuration when nobody waits for the worker.
const CONFIGURE: Duration = Duration::from_millis(250);
/// The same for an administrator, the engine's start included.
const CONFIGURE_WAIT: Duration = Duration::from_secs(1);
/// The pause between looks for an engine that is being started: its socket is there a few milliseconds later.
const KNOCK: Duration = Duration::from_millis(10);
/// How long handing over alerts may take.
const ALERTS: Duration = Duration::from_millis(1000);
/// A worker sends the configuration of one site at most this often, µs.
const CONFIGURE_EVERY_US: u64 = 10_000_000;
/// Sites whose last sending a worker remembers; beyond that it forgets them all and sends once more.
const SITES: usize = 512;

/// When this worker last sent the configuration of which site.
#[derive(Default)]
pub(crate) struct Throttle(Vec<(SiteId, u64)>);

impl Throttle {
    fn passes(&mut self, site: SiteId, now: Micros) -> bool {
        match self.0.iter_mut().find(|(known, _)| *known == site) {
            Some((_, at)) if now.0 < at.saturating_add(CONFIGURE_EVERY_US) => return false,
            Some((_, at)) => *at = now.0,
            None => {
                if self.0.len() >= SITES {
                    self.0.clear();
                }
                self.0.push((site, now.0));
            }
        }
        true
    }
}

/// Registers the functions of this file.
pub(crate) fn register(module: ModuleBuilder<'_>) -> ModuleBuilder<'_> {
    module
        .function(wrap_function!(qahm_realtime_ask))
        .function(wrap_function!(qahm_realtime_command))
        .function(wrap_function!(qahm_realtime_configure))
        .function(wrap_function!(qahm_realtime_alerts_pending))
        .function(wrap_function!(qahm_realtime_alerts_claim))
        .function(wrap_function!(qahm_realtime_alerts_acknowledge))
}

/// Asks the engine a question about a site, over one connection.
///
/// @param string $site       The site: 16 lower-case hexadecimal digits.
/// @param string $question   JSON, for example '{"what":"live","pages":5}'.
/// @param int    $timeout_ms The longest to wait, in milliseconds, 1 to 10000.
/// @return string|null The engine's answer, JSON with a member "ok"; null when there is no engine or it took too long.
///                     An engine that is just being started is not waited for.
/// @throws ValueError When the site is malformed, the question is no JSON or the time out of range.
#[php_function]
#[php(defaults(timeout_ms = 250))]
fn qahm_realtime_ask(
    site: Bytes<'_>,
    question: Bytes<'_>,
    timeout_ms: i64,
) -> Result<Option<String>, Mistake> {
    let (site, question) = (site.site()?, json(question, "$question must be JSON")?);
    let timeout = timeout(timeout_ms)?;
    let request = format!(r#"{{"op":"ask","site":"{site}","q":{question}}}"#);
    Ok(send(Reach::Make, &request, timeout))
}

/// Has the engine change something about a site. An engine that is just being started is waited for.
///
/// @param string $site       The site: 16 lower-case hexadecimal digits.
/// @param string $command    JSON, for example '{"do":"test-alert"}' or '{"do":"forget"}'.
/// @param int    $timeout_ms The longest to wait, in milliseconds, 1 to 10000.
/// @return string|null The engine's answer, JSON with a member "ok"; null when there is no engine or it took too long
///                     (the command may have been carried out all the same).
/// @throws ValueError When the site is malformed, the command is no JSON or the time out of range.
#[php_function]
#[php(defaults(timeout_ms = 1000))]
fn qahm_realtime_command(
    site: Bytes<'_>,
    command: Bytes<'_>,
    timeout_ms: i64,
) -> Result<Option<String>, Mistake> {
    let (site, command) = (site.site()?, json(command, "$command must be JSON")?);
    let until = Instant::now() + timeout(timeout_ms)?;
    let request = format!(r#"{{"op":"command","site":"{site}","c":{command}}}"#);
    Ok(send_until(Reach::Make, &request, until))
}

/// Gives the engine the configuration of a site, if it does not have it yet.
///
/// Compares hashes in shared memory first, which costs a microsecond: call it with every request, after the response.
///
/// @param string $site The site: 16 lower-case hexadecimal digits.
/// @param string $json The canonical JSON: keys sorted, no spaces. At most 16384 bytes.
/// @param bool   $wait For an administrator's page: tries at once, starts the engine where that is possible and waits
///                     for it, 1 second at most.
/// @return string 'current', 'sent', 'later' (this worker sent it less than 10 s ago), 'absent' (no engine answers),
///                or 'refused: ' and what the engine finds wrong with it.
/// @throws ValueError When the site is malformed, the text no JSON or too long.
#[php_function]
#[php(defaults(wait = false))]
fn qahm_realtime_configure(site: Bytes<'_>, json: Bytes<'_>, wait: bool) -> Result<String, Mistake> {
    let site = site.site()?;
    if json.0.len() > 16_384 {
        return Err(Mistake::Value("$json must not be longer than 16384 bytes"));
    }
    let hash = config_hash(json.0);
    let now = Micros::now();
    let until = Instant::now() + CONFIGURE_WAIT;
    let reach = if wait { Reach::Now } else { Reach::Make };
    let early = mapping::with(|worker| {
        let Some(mapping) = worker.tended(now, reach) else { return Some("absent") };
        if mapping.ring.site(site.0).is_some_and(|row| row.config_hash() == hash) {
            return Some("current");
        }
        // An administrator's try counts as one, too.
        let passes = worker.throttle.passes(site, now);
        if wait || passes { None } else { Some("later") }
    });
    if let Some(early) = early {
        return Ok(early.to_owned());
    }
    // Only now, since most calls end above: is it a text the engine could read at all?
    let text = self::json(json, "$json must be JSON")?;
    let text = serde_json::to_string(text).map_err(|_| Mistake::Value("$json must be JSON"))?;
    let request = format!(r#"{{"op":"configure","site":"{site}","config":{text}}}"#);
    let answer = match wait {
        true => send_until(reach, &request, until),
        false => send(reach, &request, CONFIGURE),
    };
    Ok(answer.map_or_else(|| "absent".to_owned(), |answer| verdict(&answer)))
}

/// Whether the engine has alerts for handlers in PHP. Reads shared memory: no system call.
///
/// @param string $site The site: 16 lower-case hexadecimal digits.
/// @throws ValueError When the site is malformed.
#[php_function]
fn qahm_realtime_alerts_pending(site: Bytes<'_>) -> Result<bool, Mistake> {
    let site = site.site()?;
    let now = Micros::now();
    Ok(mapping::with(|worker| {
        let mapping = worker.mapping(now, Reach::Existing);
        mapping.and_then(|m| m.ring.site(site.0).map(|row| row.alert_pending())).unwrap_or(false)
    }))
}

/// Claims the alerts that wait for handlers in PHP. Nobody else gets them until the lease ends.
///
/// @param string $site    The site: 16 lower-case hexadecimal digits.
/// @param int    $lease_s How long the handlers may take, in seconds, 1 to 3600.
/// @return string|null JSON with the members "claim" (null when there is nothing) and "alerts"; null when there is no
///                     engine.
/// @throws ValueError When the site is malformed or the lease out of range.
#[php_function]
fn qahm_realtime_alerts_claim(site: Bytes<'_>, lease_s: i64) -> Result<Option<String>, Mistake> {
    let site = site.site()?;
    if !(1..=3600).contains(&lease_s) {
        return Err(Mistake::Value("$lease_s must be between 1 and 3600"));
    }
    let pid = rustix::process::getpid().as_raw_nonzero();
    let request = format!(r#"{{"op":"claim","site":"{site}","lease":{lease_s},"pid":{pid}}}"#);
    Ok(send(Reach::Existing, &request, ALERTS))
}

/// Tells the engine what became of claimed alerts.
///
/// @param string $site    The site: 16 lower-case hexadecimal digits.
/// @param int    $claim   The claim's number.
/// @param string $results JSON, a list of {"id": …, "ok": true|false, "error": "…"}.
/// @return bool Whether the engine has taken note. False: the lease was over, or there is no engine.
/// @throws ValueError When the site is malformed or the results are no JSON.
#[php_function]
fn qahm_realtime_alerts_acknowledge(
    site: Bytes<'_>,
    claim: i64,
    results: Bytes<'_>,
) -> Result<bool, Mistake> {
    let (site, results) = (site.site()?, json(results, "$results must be JSON")?);
    let request = format!(r#"{{"op":"acknowledge","site":"{site}","claim":{claim},"results":{results}}}"#);
    Ok(send(Reach::Existing, &request, ALERTS).is_some_and(|answer| read(&answer).ok))
}

/// Asks the engine that is there; neither makes nor starts anything.
pub(crate) fn once(request: &str, timeout: Duration) -> Option<String> {
    send(Reach::Existing, request, timeout)
}

/// One request and its answer.
fn send(reach: Reach, request: &str, timeout: Duration) -> Option<String> {
    exchange(reach, request, timeout).ok()
}

/// As [`send`], and again until the engine listens, as long as one may be about to.
fn send_until(reach: Reach, request: &str, until: Instant) -> Option<String> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match exchange(reach, request, left.max(Duration::from_millis(1))) {
            Ok(answer) => return Some(answer),
            // Nobody has heard the request: to repeat it does nothing twice.
            Err(Silence::NotYet) if left > KNOCK * 2 => sleep(KNOCK),
            Err(_) => return None,
        }
    }
}

/// Why there is no answer.
enum Silence {
    /// Nobody listens, but an engine was there a moment ago, or is being started.
    NotYet,
    Other,
}

/// An answer that is not UTF-8 is no answer of an engine.
fn exchange(reach: Reach, request: &str, timeout: Duration) -> Result<String, Silence> {
    let now = Micros::now();
    mapping::with(|worker| {
        let mapping: Option<&mut Mapping> = match reach {
            Reach::Existing => worker.mapping(now, reach),
            Reach::Make | Reach::Now => worker.tended(now, reach),
        };
        let Mapping { place, ring, .. } = mapping.ok_or(Silence::Other)?;
        match call(place, request.as_bytes(), timeout) {
            Ok(answer) => String::from_utf8(answer).map_err(|_| Silence::Other),
            Err(Error::NoEngine { .. }) if spawn::is_expected(ring, now) => Err(Silence::NotYet),
            Err(_) => Err(Silence::Other),
        }
    })
}

fn timeout(ms: i64) -> Result<Duration, Mistake> {
    match u64::try_from(ms) {
        Ok(ms @ 1..=10_000) => Ok(Duration::from_millis(ms)),
        _ => Err(Mistake::Value("$timeout_ms must be between 1 and 10000")),
    }
}

/// Checks that the text is one JSON value, since it becomes a part of the request.
fn json<'a>(text: Bytes<'a>, mistake: &'static str) -> Result<&'a str, Mistake> {
    let text = text.text(mistake)?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|_| Mistake::Value(mistake))?;
    Ok(text)
}

/// What every answer of the engine begins with.
#[derive(Deserialize, Default)]
struct Answer {
    ok: bool,
    #[serde(default)]
    error: String,
}

fn read(answer: &str) -> Answer {
    serde_json::from_str(answer).unwrap_or_default()
}

fn verdict(answer: &str) -> String {
    match read(answer) {
        Answer { ok: true, .. } => "sent".to_owned(),
        Answer { error, .. } => format!("refused: {error}"),
    }
}
