//! `qahm_realtime_collect`: the beacon of a browser.

use ext_php_rs::{
    boxed::ZBox, builders::ModuleBuilder, php_function, types::ZendHashTable, wrap_function,
    zend::ProcessGlobals,
};
use qahm_event::{Beacon, HINTS_MAX, Micros, exclusion};
use qahm_runtime::collector::{ABSENT, Answer, Delivery, METHOD};

use crate::{
    bytes::Bytes,
    explain::explain,
    mapping::{self, Reach},
    server::{self, Server},
};

/// Registers the function of this file.
pub(crate) fn register(module: ModuleBuilder<'_>) -> ModuleBuilder<'_> {
    module.function(wrap_function!(qahm_realtime_collect))
}

/// Records the events of a browser's beacon. Never throws, whatever the browser sent.
///
/// A beacon with the member "d", a token as of qahm_realtime_token_mint, is not counted: the engine says what it would
/// have made of its first event. That is waited for, 250 ms at most.
///
/// @param string $body   The body of the request, as it came (at most 4096 bytes).
/// @param array|null $server $_SERVER, or null for the current request, which saves PHP the making of that array (it
///                       takes longer than all of this, and is made wherever a script mentions it). Read are
///                       REQUEST_METHOD, REMOTE_ADDR, HTTP_HOST, HTTP_USER_AGENT, HTTP_X_FORWARDED_FOR, HTTP_SEC_GPC,
///                       HTTP_DNT, HTTP_COOKIE, HTTP_SEC_CH_UA, HTTP_SEC_CH_UA_MOBILE and HTTP_SEC_CH_UA_PLATFORM.
/// @return array{int, string} The HTTP status to answer with, and the reason: 204 'accepted', 'excluded:role' or
///                       'excluded:opt-out' (the visitor's own choice); 400 or 413 and what is wrong with the beacon;
///                       403 'host' (not one of the site's), 404 'site', 405 'method', 503 'full' (not all events fitted
///                       the ring) or 'absent' (no ring).
///                       With "d": 200 and the explanation, JSON; 403 'token', 503 'absent' (no engine).
#[php_function]
fn qahm_realtime_collect(body: Bytes<'_>, server: Option<&ZendHashTable>) -> ZBox<ZendHashTable> {
    // The modules of a few web servers (PHP's own among them) say nothing of the request: there PHP makes the array.
    let globals;
    let server = match server {
        None if !Server::told() => {
            server::make();
            globals = ProcessGlobals::get();
            globals.http_server_vars()
        }
        given => given,
    };
    let (status, reason) = collect(body.0, &Server::new(server));
    let mut answer = ZendHashTable::with_capacity(2);
    // Neither an integer nor a short text can fail to become a value of PHP.
    let _ = answer.push(i64::from(status));
    let _ = answer.push(&*reason);
    answer
}

fn collect(body: &[u8], server: &Server<'_>) -> Answer {
    if server.get(c"REQUEST_METHOD") != b"POST" {
        return METHOD;
    }
    let beacon = match Beacon::parse(body) {
        Ok(beacon) => beacon,
        Err(reject) => return (reject.status, reject.reason.into()),
    };
    let time = Micros::now();
    let mut hints = [0; HINTS_MAX];
    let mut delivery = Delivery {
        beacon: &beacon,
        visitor: server.visitor(time, &mut hints),
        host: server.get(c"HTTP_HOST"),
        excluded: exclusion(server.get(c"HTTP_COOKIE")),
    };
    let answer = mapping::with(|worker| match worker.tended(time, Reach::Make) {
        Some(mapping) => delivery.collect(&mapping.ring, &mut mapping.buffer),
        None => Some(ABSENT),
    });
    // Outside of the worker, which both the check of the token and the question need for themselves.
    answer.unwrap_or_else(|| explain(&delivery))
}
