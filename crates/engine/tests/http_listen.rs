//! Where the live channel listens, and what happens when it cannot.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod browser;
mod stage;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use browser::Browser;
use rustix::process::Signal;
use serde_json::{Value, json};
use stage::{Stage, await_some};

/// What the engine says of itself once it has said where it listens.
fn status(stage: &Stage) -> Value {
    await_some("the engine to say where it listens", || {
        let engine = stage.ask(&json!({ "op": "status" }))["engine"].clone();
        let told = engine["listen"] != "" || engine["notes"].to_string().contains("listen");
        told.then_some(engine)
    })
}

fn note(engine: &Value, part: &str) -> bool {
    engine["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains(part))
}

#[test]
fn the_socket_is_in_the_runtime_folder_and_goes_with_the_engine() {
    let mut stage = Stage::new();
    let path = stage.own("run").join("live.sock");
    // One that an engine left that was killed.
    drop(stage.place());
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    stage.start();
    let engine = status(&stage);
    assert_eq!(engine["listen"], format!("unix:{}", path.display()));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o660);
    let mut browser = Browser::to(&stage);
    let answer = browser.get("/qahm-live/probe?nonce=Abc123", &[]);
    assert_eq!((answer.status, &answer.json()["nonce"]), (200, &json!("Abc123")));
    assert_eq!(answer.json()["version"], env!("CARGO_PKG_VERSION"));
    for bad in ["a".repeat(65), "%3Cscript%3E".into(), "a-b".into()] {
        assert_eq!(browser.get(&format!("/qahm-live/probe?nonce={bad}"), &[]).status, 400, "{bad}");
    }
    let health = browser.get("/health", &[]);
    assert_eq!((health.status, &health.json()["ok"]), (200, &json!(true)));
    assert_eq!(browser.get("/qahm-live/nothing", &[]).refusal(), (404, "not-found".into()));
    assert_eq!(browser.ask("DELETE", "/qahm-live/probe", &[], b"").status, 405);
    assert_eq!(stage.kill(Signal::TERM), Some(0));
    assert!(browser.is_over(), "who is connected is not left waiting");
    assert!(!path.exists(), "nothing is left behind");
}

#[test]
fn a_socket_that_was_deleted_is_made_again() {
    let mut stage = Stage::new();
    stage.start();
    status(&stage);
    let path = stage.own("run").join("live.sock");
    std::fs::remove_file(&path).unwrap();
    await_some("a new socket", || path.exists().then_some(()));
    assert_eq!(Browser::to(&stage).get("/health", &[]).status, 200);
}

/// Starts an engine with further arguments.
fn start(stage: &mut Stage, arguments: &[&str]) -> Value {
    let mut command = stage.command();
    command.args(arguments);
    stage.engine = Some(command.spawn().unwrap());
    let socket = stage.own("run").join(qahm_runtime::CONTROL_FILE);
    await_some("the engine", || std::os::unix::net::UnixStream::connect(&socket).ok());
    status(stage)
}

#[test]
fn a_port_of_this_machine() {
    let mut stage = Stage::new();
    let engine = start(&mut stage, &["--listen", "127.0.0.1:0"]);
    let address = engine["listen"].as_str().unwrap().to_owned();
    assert!(address.starts_with("127.0.0.1:") && !address.ends_with(":0"), "{address}");
    assert_eq!(Browser::over_tcp(&address).get("/qahm-live/probe?nonce=a", &[]).json()["nonce"], "a");
    assert!(!stage.own("run").join("live.sock").exists());
    // The next engine finds it taken, says so, and runs.
    let mut other = Stage::new();
    let engine = start(&mut other, &["--listen", &address]);
    assert_eq!(engine["listen"], "");
    assert!(note(&engine, "in use"), "{engine}");
}

#[test]
fn what_will_not_do_is_told_and_the_engine_runs() {
    for (address, part) in [
        ("0.0.0.0:9100", "reached from outside"),
        ("nonsense", "no address"),
        ("unix:relative", "absolute"),
        ("unix:/nowhere/at/all.sock", "cannot listen"),
    ] {
        let mut stage = Stage::new();
        let engine = start(&mut stage, &["--listen", address]);
        assert!(note(&engine, part), "{address}: {engine}");
        assert_eq!(engine["listen"], "");
        assert_eq!(stage.kill(Signal::TERM), Some(0));
    }
    let mut stage = Stage::new();
    let engine = start(&mut stage, &["--listen", "off"]);
    assert_eq!(engine["listen"], "off");
    assert!(!note(&engine, "listen"), "{engine}");
    assert!(!stage.own("run").join("live.sock").exists());
}

#[test]
fn nothing_but_a_dead_socket_is_replaced() {
    let mut stage = Stage::new();
    let path = stage.base("door.sock");
    let listen = format!("unix:{}", path.display());
    std::fs::write(&path, "precious").unwrap();
    let engine = start(&mut stage, &["--listen", &listen]);
    assert!(note(&engine, "no socket is in the way"), "{engine}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    stage.kill(Signal::TERM);

    std::fs::remove_file(&path).unwrap();
    let alive = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let engine = start(&mut stage, &["--listen", &listen]);
    assert!(note(&engine, "another process answers"), "{engine}");
    stage.kill(Signal::TERM);

    drop(alive);
    let engine = start(&mut stage, &["--listen", &listen]);
    assert_eq!(engine["listen"], listen);
    assert_eq!(Browser::at(Path::new(&path)).get("/health", &[]).status, 200);
}

#[test]
fn a_group_that_is_not_ours_is_told() {
    let mut stage = Stage::new();
    let listen = format!("unix:{}", stage.base("door.sock").display());
    let engine = start(&mut stage, &["--listen", &listen, "--listen-group", "no such group"]);
    assert!(note(&engine, "no such group"), "{engine}");
    assert_eq!(engine["listen"], listen, "it listens all the same");
    stage.kill(Signal::TERM);
    let engine = start(&mut stage, &["--listen", &listen, "--listen-group", "0"]);
    assert!(note(&engine, "has to be a member"), "{engine}");
    stage.kill(Signal::TERM);
    let own = rustix::process::getegid().as_raw().to_string();
    let engine = start(&mut stage, &["--listen", &listen, "--listen-group", &own]);
    assert!(!note(&engine, "group"), "{engine}");
    stage.kill(Signal::TERM);
    let engine = start(&mut stage, &["--listen-group", &own]);
    assert!(note(&engine, "is private"), "{engine}");
}
