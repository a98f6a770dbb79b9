//! The client against engines that behave, stall, lie and die.

use super::*;
use crate::again::{is_child, is_root, run, unprivileged};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

/// Much more than any step takes, so that passing it means "waited for ever" even on a busy machine.
const LATE: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(150);

fn place(path: &Path) -> Place {
    Place { path: path.to_owned(), fd: std::fs::File::open(path).unwrap().into(), volatile: false }
}

/// Calls an engine that serves one connection with `serve`; the error or answer, which must come in time.
fn against(timeout: Duration, serve: impl FnOnce(UnixStream) + Send + 'static) -> Result<Vec<u8>, Error> {
    let dir = tempfile::tempdir().unwrap();
    let runtime = place(dir.path());
    let listener = UnixListener::bind(control_path(&runtime)).unwrap();
    let server = thread::spawn(move || serve(listener.accept().unwrap().0));
    let start = Instant::now();
    let answer = call(&runtime, b"{\"op\":\"status\"}", timeout);
    assert!(start.elapsed() < LATE);
    server.join().unwrap();
    answer
}

fn request(stream: &mut UnixStream) -> Vec<u8> {
    read_frame(&*stream, REQUEST_MAX, Instant::now() + LATE).unwrap()
}

/// Until the client has gone.
fn linger(mut stream: UnixStream) {
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn a_question_is_answered() {
    let answer = against(LATE, |mut stream| {
        assert_eq!(request(&mut stream), b"{\"op\":\"status\"}");
        assert_eq!(peer(&stream).unwrap().0, std::process::id());
        write_frame(&stream, b"{\"ok\":true}", ANSWER_MAX, Instant::now() + LATE).unwrap();
    });
    assert_eq!(answer.unwrap(), b"{\"ok\":true}");
}

#[test]
fn the_longest_answer_arrives_whole() {
    let long: Vec<u8> = (0..ANSWER_MAX).map(|i| (i % 251) as u8).collect();
    let sent = long.clone();
    let answer = against(LATE, move |mut stream| {
        request(&mut stream);
        write_frame(&stream, &sent, ANSWER_MAX, Instant::now() + LATE).unwrap();
    });
    assert!(answer.unwrap() == long);
}

#[test]
fn an_answer_in_small_pieces_arrives() {
    let answer = against(LATE, |mut stream| {
        request(&mut stream);
        for byte in b"\x0b\0\0\0{\"ok\":true}" {
            stream.write_all(&[*byte]).unwrap();
            thread::sleep(Duration::from_millis(1));
        }
    });
    assert_eq!(answer.unwrap(), b"{\"ok\":true}");
}

#[test]
fn nobody_there_is_said_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = place(dir.path());
    assert!(matches!(call(&runtime, b"{}", LATE), Err(Error::NoEngine { .. })));
    // A socket its engine left behind.
    drop(UnixListener::bind(control_path(&runtime)).unwrap());
    let error = call(&runtime, b"{}", LATE).unwrap_err();
    assert!(error.to_string().ends_with("control.sock"), "{error}");
    assert!(matches!(error, Error::NoEngine { .. }));
    // Something that is no socket at all.
    std::fs::remove_file(control_path(&runtime)).unwrap();
    std::fs::write(control_path(&runtime), "").unwrap();
    assert!(call(&runtime, b"{}", LATE).is_err());
}

#[test]
fn an_engine_that_never_answers_costs_the_time_out() {
    let answer = against(SHORT, |mut stream| {
        request(&mut stream);
        linger(stream);
    });
    assert!(matches!(answer, Err(Error::TimedOut("read"))));
}

#[test]
fn an_engine_that_never_accepts_costs_the_time_out() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = place(dir.path());
    let listener = UnixListener::bind(control_path(&runtime)).unwrap();
    // Accepted by the kernel only: the request goes out, no answer comes.
    assert!(matches!(call(&runtime, b"{}", SHORT), Err(Error::TimedOut("read"))));
    // No room for one more connection.
    rustix::net::listen(&listener, 0).unwrap();
    let mut waiting = Vec::new();
    let path = control_path(&runtime);
    let address = SocketAddrUnix::new(&path).unwrap();
    loop {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let stream = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap();
        match connect(&stream, &address) {
            Ok(()) => waiting.push(stream),
            Err(error) => break assert_eq!(error, Errno::AGAIN),
        }
    }
    let start = Instant::now();
    assert!(matches!(call(&runtime, b"{}", SHORT), Err(Error::TimedOut("connect"))));
    assert!((SHORT..LATE).contains(&start.elapsed()));
    // With room again the same call gets in, within its time.
    thread::scope(|scope| {
        let caller = scope.spawn(|| call(&runtime, b"{}", LATE));
        thread::sleep(SHORT / 3);
        drop(waiting);
        // The callers above have gone; what they left in the queue comes first.
        loop {
            let (mut stream, _) = listener.accept().unwrap();
            let asked = read_frame(&stream, REQUEST_MAX, Instant::now() + LATE).is_ok();
            if asked && stream.write_all(b"\x02\0\0\0{}").is_ok() {
                break;
            }
        }
        assert_eq!(caller.join().unwrap().unwrap(), b"{}");
    });
}

#[test]
fn an_engine_that_drips_costs_the_time_out() {
    let answer = against(SHORT, |mut stream| {
        request(&mut stream);
        let _ = stream.write_all(&1000u32.to_le_bytes());
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(2));
        }
    });
    assert!(matches!(answer, Err(Error::TimedOut("read"))));
}

#[test]
fn a_length_that_cannot_be_is_not_believed() {
    for length in [ANSWER_MAX as u32 + 1, u32::MAX] {
        let answer = against(LATE, move |mut stream| {
            request(&mut stream);
            let _ = stream.write_all(&length.to_le_bytes());
            linger(stream);
        });
        assert!(matches!(answer, Err(Error::TooLong { most: ANSWER_MAX, .. })));
    }
}

#[test]
fn an_engine_that_dies_is_noticed() {
    let dies_after = |said: &'static [u8]| {
        against(LATE, move |mut stream| {
            request(&mut stream);
            stream.write_all(said).unwrap();
        })
    };
    assert!(matches!(dies_after(b""), Err(Error::Closed)));
    for half in [&b"\x0b"[..], b"\x0b\0\0", b"\x0b\0\0\0", b"\x0b\0\0\0{\"ok\""] {
        assert!(matches!(dies_after(half), Err(Error::Half)));
    }
    // Without reading the request: the kernel resets the connection.
    assert!(matches!(against(LATE, drop), Err(Error::Closed)));
}

#[test]
fn a_request_is_bounded_before_anything_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let error = call(&place(dir.path()), &vec![b' '; REQUEST_MAX + 1], LATE).unwrap_err();
    assert!(matches!(error, Error::TooLong { most: REQUEST_MAX, .. }));
    let (one, mut other) = UnixStream::pair().unwrap();
    assert!(matches!(
        write_frame(&one, b"123", 2, Instant::now() + LATE),
        Err(Error::TooLong { length: 3, most: 2 })
    ));
    drop(one);
    assert_eq!(other.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn a_reader_that_stalls_does_not_hold_the_writer() {
    for nonblocking in [false, true] {
        let (one, other) = UnixStream::pair().unwrap();
        one.set_nonblocking(nonblocking).unwrap();
        let start = Instant::now();
        let written = write_frame(&one, &vec![0; ANSWER_MAX], ANSWER_MAX, start + SHORT);
        assert!(matches!(written, Err(Error::TimedOut("write"))));
        assert!(start.elapsed() < LATE);
        drop(other);
        assert!(matches!(write_frame(&one, b"x", 1, Instant::now() + LATE), Err(Error::Closed)));
    }
}

#[test]
fn frames_follow_each_other() {
    let (one, other) = UnixStream::pair().unwrap();
    let deadline = Instant::now() + LATE;
    for frame in [&b"first"[..], b"", b"third"] {
        write_frame(&one, frame, 5, deadline).unwrap();
    }
    drop(one);
    for frame in [&b"first"[..], b"", b"third"] {
        assert_eq!(read_frame(&other, 5, deadline).unwrap(), frame);
    }
    assert!(matches!(read_frame(&other, 5, deadline), Err(Error::Closed)));
    // A deadline that is over is over, even if bytes are there.
    let (one, other) = UnixStream::pair().unwrap();
    write_frame(&one, b"x", 5, deadline).unwrap();
    assert!(matches!(read_frame(&other, 5, Instant::now()), Err(Error::TimedOut("read"))));
}

#[test]
fn a_long_path_is_reached_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("d".repeat(120));
    std::fs::create_dir(&deep).unwrap();
    let runtime = place(&deep);
    assert!(matches!(call(&runtime, b"{}", LATE), Err(Error::NoEngine { path }) if path.starts_with(&deep)));
    let listener = UnixListener::bind(control_path(&runtime)).unwrap();
    assert!(deep.join(CONTROL_FILE).exists());
    thread::scope(|scope| {
        scope.spawn(|| {
            let (stream, _) = listener.accept().unwrap();
            read_frame(&stream, REQUEST_MAX, Instant::now() + LATE).unwrap();
            write_frame(&stream, b"[]", ANSWER_MAX, Instant::now() + LATE).unwrap();
        });
        assert_eq!(call(&runtime, b"{}", LATE).unwrap(), b"[]");
    });
}

#[test]
fn signals_neither_break_nor_lengthen_a_call() {
    use nix::sys::pthread::{pthread_kill, pthread_self};
    use nix::sys::signal::Signal::SIGUSR1;
    let hit = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGUSR1, hit.clone()).unwrap();
    let done = AtomicBool::new(false);
    let caller = pthread_self();
    thread::scope(|scope| {
        scope.spawn(|| {
            let end = Instant::now() + LATE;
            while !done.load(SeqCst) && Instant::now() < end {
                pthread_kill(caller, SIGUSR1).unwrap();
                thread::sleep(Duration::from_millis(1));
            }
        });
        let answer = against(LATE, |mut stream| {
            request(&mut stream);
            thread::sleep(SHORT);
            write_frame(&stream, b"{}", ANSWER_MAX, Instant::now() + LATE).unwrap();
        });
        let start = Instant::now();
        let stalled = against(SHORT, |mut stream| {
            request(&mut stream);
            linger(stream);
        });
        let waited = start.elapsed();
        done.store(true, SeqCst);
        assert_eq!(answer.unwrap(), b"{}");
        assert!(matches!(stalled, Err(Error::TimedOut("read"))), "{stalled:?}");
        assert!(waited >= SHORT && hit.load(SeqCst));
    });
}

#[test]
fn an_engine_that_dies_sends_no_sigpipe() {
    unprivileged("control::tests::an_engine_that_dies_sends_no_sigpipe", || {
        let hit = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(signal_hook::consts::SIGPIPE, hit.clone()).unwrap();
        let (one, other) = UnixStream::pair().unwrap();
        drop(other);
        assert!(matches!(write_frame(&one, b"x", 1, Instant::now() + LATE), Err(Error::Closed)));
        assert!(!hit.load(SeqCst));
    });
}

#[test]
fn a_stream_that_blocks_is_read_within_the_deadline_too() {
    let (one, other) = UnixStream::pair().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(SHORT * 10);
            drop(other);
        });
        let read = read_frame(&one, 8, Instant::now() + SHORT);
        assert!(matches!(read, Err(Error::TimedOut("read"))), "{read:?}");
    });
}

/// Needs two users, so only root can run it: root listens, the child calls.
#[test]
fn another_users_engine_is_not_asked() {
    const NAME: &str = "control::tests::another_users_engine_is_not_asked";
    const PATH: &str = "QAHM_TEST_RUNTIME";
    if is_child() {
        let runtime = place(Path::new(&std::env::var_os(PATH).unwrap()));
        assert!(matches!(call(&runtime, b"{}", LATE), Err(Error::Stranger(0))));
        return;
    }
    if !is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let open_to_all = |path: &Path| std::fs::set_permissions(path, PermissionsExt::from_mode(0o777)).unwrap();
    let listener = UnixListener::bind(dir.path().join(CONTROL_FILE)).unwrap();
    open_to_all(dir.path());
    open_to_all(&dir.path().join(CONTROL_FILE));
    run(NAME, |command| {
        command.env(PATH, dir.path());
    });
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0, "nothing was told to a stranger");
}
