//! The PHP extension: thin, stateless but for one mapping per worker.
//!
//! `ini`      settings, and what this process may do          `record`   an event of the server
//! `mapping`  the ring: mapped late, looked after, re-made    `collect`  a browser's beacon
//! `fork`     notices a forked child without a system call    `counters` live numbers
//! `spawn`    starts the engine, seldom                       `ask`      the control socket
//! `report`   what is going on                                `token`, `key` of the live channel
//! `explain`  what would become of a beacon                     `server`   what the web server says of a request
//! `notes`    what is wrong, in words; `user` names users     `status`, `info`: the report for code and for people
//! `health`   what the engine says of itself                  `bytes`, `array`, `clock`, `error`: arguments, arrays, …
//! `levels`   of errors that a handler was set for
//!
//! Architecture invariants: no thread; no lock in shared memory; nothing at start-up but registrations; no call into
//! PHP while a guard of its globals is held; nothing a visitor sends throws or warns.

mod array;
mod ask;
mod bytes;
mod clock;
mod collect;
mod counters;
mod error;
mod explain;
mod fork;
mod health;
mod info;
mod ini;
mod key;
mod levels;
mod mapping;
mod notes;
mod record;
mod report;
mod server;
mod spawn;
mod status;
mod token;
mod user;

use ext_php_rs::prelude::*;
use ini::startup;

/// Registers the functions, the INI entries and the section of phpinfo.
#[php_module]
#[php(startup = "startup")]
pub fn get_module(module: ModuleBuilder) -> ModuleBuilder {
    let module = module.globals(&mapping::WORKER).info_function(info::print);
    let module = collect::register(record::register(module));
    let module = ask::register(counters::register(module));
    levels::register(status::register(token::register(module)))
}
