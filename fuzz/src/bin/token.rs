//! Text that should be a token: good only if it was given. The property is `crates/runtime/tests/forgery`.
#![no_main]

#[path = "../../../crates/runtime/tests/forgery/mod.rs"]
mod forgery;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|script: &[u8]| forgery::sound(script));
