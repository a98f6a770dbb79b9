//! User agent and client hints, apart at the first line break → a client: names are clean and bounded, the same bytes
//! give the same client, and what is longer than a record holds changes nothing.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use qahm_enrich::client::{Clients, LONGEST_AGENT};

thread_local! {
    // Compiling the rules takes far longer than an input.
    static CLIENTS: RefCell<Clients> = RefCell::new(Clients::new());
}

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (agent, hints) = bytes.split_at(end);
    CLIENTS.with_borrow_mut(|clients| {
        let client = clients.of(agent, hints);
        for name in [&client.browser, &client.os] {
            assert!(!name.is_empty() && name.len() <= 40 && name.trim() == &**name);
            assert!(!name.chars().any(char::is_control));
        }
        assert_eq!(client, clients.of(agent, hints));
        let cut = agent.get(..LONGEST_AGENT).unwrap_or(agent);
        assert_eq!(client, clients.of(cut, hints));
        assert!(clients.remembered() <= 4096);
    });
});
