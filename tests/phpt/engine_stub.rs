//! Stands in for the engine in the tests of the extension: same arguments, same ring, same socket, no work.
//!
//! Started as the extension starts the engine, it detaches itself and lives for half a minute at most. It knows one
//! site, `00000000000000ab` with the host `known.test`, and answers every request with what it was asked; a record it is to
//! explain, with the line it would write of it. Records go to the file `records` in the runtime directory, one line each,
//! if that file exists.
//!
//! Files in the base directory make it misbehave: `late` (it comes to life after 300 ms), `dies` (it leaves that text as
//! its message, and ends), `mute` (it does not answer for its health), `notes` (what it has to say, one note a line),
//! `puzzled` (it cannot explain).

use std::{
    error::Error,
    fs::OpenOptions,
    io::Write,
    os::{
        fd::AsFd,
        unix::{net::UnixListener, process::CommandExt},
    },
    path::PathBuf,
    process::{Command, Stdio, id},
    thread::sleep,
    time::{Duration, Instant},
};

use qahm_event::{Head, Record, SiteId, Tag, config_hash, host_hash};
use qahm_ring::{COUNTERS, Message, PAYLOAD_MAX, Ring, Step, boottime_us, pack_version};
use qahm_runtime::{ANSWER_MAX, REQUEST_MAX, control_path, read_frame, runtime_dir, write_frame};
use serde_json::{Value, json};

const SITE: SiteId = SiteId(0xab);
const LIFE: Duration = Duration::from_secs(30);

fn main() -> Result<(), Box<dyn Error>> {
    let (mut base, mut data, mut slots, mut foreground) = (None, None, 1024, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--runtime-dir" => base = arguments.next().map(PathBuf::from),
            "--data-dir" => data = arguments.next().map(PathBuf::from),
            "--listen" | "--listen-group" => drop(arguments.next()),
            "--slots" => slots = arguments.next().ok_or("--slots")?.parse()?,
            "--foreground" => foreground = true,
            _ => std::process::exit(2),
        }
    }
    if !foreground {
        let mut detached = Command::new(std::env::current_exe()?);
        detached.args(std::env::args_os().skip(1)).arg("--foreground").process_group(0);
        detached.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        return Ok(());
    }
    let place = runtime_dir(base.as_deref(), true)?;
    let told = |name: &str| std::fs::read_to_string(place.path.parent()?.join(name)).ok();
    if told("late").is_some() {
        sleep(Duration::from_millis(300));
    }
    let ring = Ring::open_or_create(place.fd.as_fd(), slots)?;
    if let Some(last_words) = told("dies") {
        ring.set_message(Message::Engine, &last_words);
        return Ok(());
    }
    ring.header().set_engine(id(), pack_version("9.8.7"));
    let row = ring.site_or_insert(SITE.0).ok_or("no row")?;
    row.set_hosts(&[host_hash(b"known.test")]);
    row.set_alert_pending(true);
    let mut counters = [0; COUNTERS];
    // As the engine's: when, active, visitors of 5 min, of 30 min, of today, views, peak, its time, spare, flags.
    for (counter, value) in counters.iter_mut().zip([boottime_us(), 2, 3, 9, 20, 55, 5, 1_699_990_000, 4, 1])
    {
        *counter = value;
    }
    row.publish(&counters);
    let notes: Vec<String> = told("notes").unwrap_or_default().lines().map(str::to_owned).collect();
    ring.set_message(Message::Engine, &notes.join("; "));
    let data = match data {
        Some(base) => base.join(rustix::process::geteuid().as_raw().to_string()),
        None => place.path.join("data"),
    };
    // As the real one's, with some of the numbers.
    let health = json!({"ok": true, "engine": {
        "version": "9.8.7", "pid": id(), "started": 1_700_000_000, "sites": 1, "events": 7, "commit_us": 250,
        "data_dir": data, "listen": "unix:/run/live.sock", "notes": notes,
    }});

    let _ = std::fs::remove_file(control_path(&place));
    let listener = UnixListener::bind(control_path(&place))?;
    listener.set_nonblocking(true)?;
    ring.header().set_sites_loaded(true);
    let mut drain = ring.drain();
    let mut buffer = [0; PAYLOAD_MAX];
    let end = Instant::now() + LIFE;
    while Instant::now() < end {
        ring.header().set_beat(boottime_us());
        while let Step::Record(length) = drain.next(boottime_us(), &mut buffer) {
            if let Ok(file) = OpenOptions::new().append(true).open(place.path.join("records")) {
                writeln!(&file, "{}", line(buffer.get(..length).unwrap_or_default())?)?;
            }
        }
        drain.free_to(drain.position());
        let Ok((stream, _)) = listener.accept() else {
            sleep(Duration::from_millis(2));
            continue;
        };
        let deadline = Instant::now() + Duration::from_secs(1);
        let request: Value = serde_json::from_slice(&read_frame(&stream, REQUEST_MAX, deadline)?)?;
        let answer = match request.pointer("/op").and_then(Value::as_str) {
            Some("status") if told("mute").is_some() => continue,
            Some("status") => health.to_string(),
            Some("explain") if told("puzzled").is_some() => {
                json!({"ok": false, "code": "busy", "error": "busy"}).to_string()
            }
            Some("explain") => explain(&request)?.to_string(),
            _ => answer(&ring, &request).to_string(),
        };
        // Whoever asked may have lost patience.
        let _ = write_frame(&stream, answer.as_bytes(), ANSWER_MAX, deadline);
    }
    Ok(())
}

/// A record as `kind flags sequence peer tag=text …`.
fn line(payload: &[u8]) -> Result<String, Box<dyn Error>> {
    let record = Record::decode(payload)?;
    let Head { kind, flags, sequence, peer, .. } = record.head;
    let peer = peer.to_ip().map_or("-".to_owned(), |ip| ip.to_string());
    let mut line = format!("{} {} {sequence} {peer}", kind.as_str(), flags.0);
    for tag in (1..=u8::MAX).filter_map(Tag::from_u8) {
        if tag == Tag::Meta {
            record.bytes(tag).iter().for_each(|_| line += &format!(" Meta={}", record.meta().join("|")));
            continue;
        }
        match tag.is_number() {
            true => record.number(tag).into_iter().for_each(|n| line += &format!(" {tag:?}={n}")),
            false => record.text(tag).into_iter().for_each(|t| line += &format!(" {tag:?}={t}")),
        }
    }
    Ok(line)
}

fn explain(request: &Value) -> Result<Value, Box<dyn Error>> {
    let told = |path: &str| request.pointer(path).and_then(Value::as_str).ok_or("not asked as agreed");
    let digits = told("/record")?.as_bytes().chunks(2).map(str::from_utf8);
    let bytes: Vec<u8> =
        digits.map(|pair| Ok(u8::from_str_radix(pair?, 16)?)).collect::<Result<_, Box<dyn Error>>>()?;
    Ok(json!({"ok": true, "explain": {"site": told("/site")?, "record": line(&bytes)?}}))
}

fn answer(ring: &Ring, request: &Value) -> Value {
    let told = |path: &str| request.pointer(path).and_then(Value::as_str);
    if told("/q/what") == Some("slow") {
        sleep(Duration::from_millis(400));
    }
    if let Some(config) = told("/config") {
        if config.contains("bad") {
            return json!({"ok": false, "code": "bad-request", "error": "bad: no such member"});
        }
        if let Some(row) = ring.site(SITE.0) {
            row.set_config_hash(config_hash(config.as_bytes()));
        }
    }
    let known = told("/site") == Some(&SITE.to_string());
    json!({"ok": known, "asked": request})
}
