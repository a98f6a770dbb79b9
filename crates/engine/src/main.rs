//! qahm-realtimed: starts the threads, nothing else.

use std::process::ExitCode;
use std::sync::Arc;

use crossbeam_channel::bounded;
use qahm_engine::channel::Channel;
use qahm_engine::history::History;
use qahm_engine::http::Server;
use qahm_engine::http::server::Asked as Door;
use qahm_engine::hub::Hub;
use qahm_engine::notify::loopback;
use qahm_engine::options::{Asked, HELP, Options, SLOTS};
use qahm_engine::pipeline::source::Sources;
use qahm_engine::pipeline::{Parts, Pipeline};
use qahm_engine::serve::control::Control;
use qahm_engine::store::Store;
use qahm_engine::{Failure, daemon};
use qahm_ring::Message;

/// Requests to WordPress at once: one slow site must not hold up the others.
const KNOCKERS: usize = 4;

fn main() -> ExitCode {
    daemon::close_inherited();
    let options = match Options::parse(std::env::args_os().skip(1)) {
        Ok(Asked::Run(options)) => options,
        Ok(Asked::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Asked::Version) => {
            println!("qahm-realtimed {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("qahm-realtimed: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    if rustix::process::geteuid().is_root() {
        eprintln!("qahm-realtimed: does not run as root: its files would lock the web server's user out");
        return ExitCode::from(3);
    }
    if !options.foreground {
        match daemon::detach() {
            Ok(true) => {}
            Ok(false) => return ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("qahm-realtimed: cannot become a daemon: {error}");
                return ExitCode::from(7);
            }
        }
    }
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("qahm-realtimed: {failure}");
            ExitCode::from(failure.code())
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    daemon::harden();
    let end = daemon::end_requested().map_err(Failure::Signals)?;
    let runtime =
        qahm_runtime::runtime_dir(options.runtime_dir.as_deref(), true).map_err(Failure::Runtime)?;
    let Some(_runtime_lock) = daemon::lock(&runtime.fd).map_err(Failure::Lock)? else {
        eprintln!("qahm-realtimed: another engine serves {}", runtime.path.display());
        return Ok(());
    };
    let sources = Sources::open(&runtime.fd, options.slots.unwrap_or(SLOTS)).map_err(Failure::Ring)?;
    let ring = sources.current().map(|s| s.ring.clone());
    // From here on what goes wrong is told in the ring, where every worker's status can read it.
    let result = serve(options, runtime, sources, &end);
    if let (Err(failure), Some(ring)) = (&result, ring) {
        ring.set_message(Message::Engine, &failure.to_string());
    }
    result
}

fn serve(
    options: &Options,
    runtime: qahm_runtime::Place,
    sources: Sources,
    end: &std::sync::atomic::AtomicBool,
) -> Result<(), Failure> {
    let data = qahm_runtime::data_dir(options.data_dir.as_deref(), &runtime).map_err(Failure::Data)?;
    let Some(_data_lock) = daemon::lock(&data.fd).map_err(Failure::DataLock)? else {
        return Err(Failure::DataTaken(data.path.clone()));
    };
    let store = Store::open(&data.path).map_err(Failure::Store)?;
    let directory = data.path.clone();
    let listener = Control::bind(&runtime).map_err(Failure::Socket)?;
    let doorstep =
        Arc::new(qahm_runtime::runtime_dir(options.runtime_dir.as_deref(), false).map_err(Failure::Runtime)?);
    let hub = Arc::new(Hub::default());
    let (channel, worker) = Channel::new(hub.clone());
    let (orders, taken) = bounded(64);
    let (knocks, doors) = bounded::<loopback::Knock>(64);
    let (results, knocked) = bounded(64);
    let parts = Parts {
        runtime,
        data,
        sources,
        store,
        hub: hub.clone(),
        channel: channel.clone(),
        orders: taken,
        knocks,
        knocked,
    };
    let history = History::open(&directory).map_err(Failure::History)?;
    let mut pipeline = Pipeline::start(parts).map_err(Failure::Store)?;

    std::thread::spawn(move || worker.run());
    let door =
        Door { listen: options.listen.clone(), group: options.listen_group.clone(), ..Door::default() };
    let http = Server::start(door, hub.clone(), channel.clone(), orders.clone(), doorstep.clone());
    let control = Arc::new(Control::new(hub, channel, orders, history, http.measure()));
    std::thread::spawn(move || control.serve(listener));
    for _ in 0..KNOCKERS {
        let (doorstep, doors, results) = (doorstep.clone(), doors.clone(), results.clone());
        std::thread::spawn(move || loopback::serve(&doorstep, &doors, &results));
    }
    pipeline.run(end);
    http.close();
    if pipeline.emptied() {
        drop(pipeline);
        Store::destroy(&directory);
    }
    Ok(())
}
