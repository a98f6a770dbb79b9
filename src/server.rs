//! What the web server says of a request: `$_SERVER`, or the same without PHP making that array.

use std::ffi::CStr;

use ext_php_rs::{
    ffi::{sapi_module, zend_is_auto_global},
    types::{ZendHashTable, ZendStr},
};
use qahm_event::{Flags, HINTS_MAX, Micros, Peer, Visitor, join_hints};

/// Variables of a request, as bytes.
pub(crate) enum Server<'a> {
    Given(&'a ZendHashTable),
    /// Those of the current request, asked of the web server's module. A command line has none.
    Current,
}

impl<'a> Server<'a> {
    pub(crate) fn new(given: Option<&'a ZendHashTable>) -> Self {
        given.map_or(Self::Current, Self::Given)
    }

    /// Whether the web server's module says anything of the current request.
    pub(crate) fn told() -> bool {
        current(c"REQUEST_METHOD").is_some()
    }

    /// A variable; empty when it is absent or no string.
    pub(crate) fn get(&self, name: &'static CStr) -> &'a [u8] {
        let text = match self {
            Self::Given(table) => {
                let value = name.to_str().ok().and_then(|name| table.get(name));
                value.and_then(|value| value.zend_str()).map(|text| text.as_bytes())
            }
            Self::Current => current(name),
        };
        text.unwrap_or_default()
    }

    /// All but the host, which is not known to be the site's yet.
    pub(crate) fn visitor<'b>(&self, time: Micros, hints: &'b mut [u8; HINTS_MAX]) -> Visitor<'b>
    where
        'a: 'b,
    {
        let private = self.get(c"HTTP_SEC_GPC") == b"1" || self.get(c"HTTP_DNT") == b"1";
        let parts = [c"HTTP_SEC_CH_UA", c"HTTP_SEC_CH_UA_MOBILE", c"HTTP_SEC_CH_UA_PLATFORM"];
        Visitor {
            time,
            peer: Peer::parse(self.get(c"REMOTE_ADDR")).unwrap_or_default(),
            flags: Flags::NONE.with(Flags::PRIVATE, private),
            agent: self.get(c"HTTP_USER_AGENT"),
            hints: join_hints(parts.map(|name| self.get(name)), hints),
            forwarded: self.get(c"HTTP_X_FORWARDED_FOR"),
        }
    }
}

/// Has PHP make `$_SERVER`, which it does when a script mentions it. `ProcessGlobals` does that, too, but holds a shared
/// reference to what the call changes, and so may not see it.
pub(crate) fn make() {
    let mut name = ZendStr::new("_SERVER", false);
    // SAFETY: called within a request, with a text of PHP's that outlives the call.
    unsafe { zend_is_auto_global(name.as_mut_ptr()) };
}

/// A variable of the current request: a text that the web server's module keeps until the request ends, which is after
/// the call of a PHP function in which it is read.
fn current<'a>(name: &CStr) -> Option<&'a [u8]> {
    // SAFETY: PHP sets the module up before it loads extensions and never changes this member.
    let ask = unsafe { sapi_module.getenv }?;
    // SAFETY: called within a request, with a text and its length.
    let value = unsafe { ask(name.as_ptr(), name.count_bytes()) };
    // SAFETY: null, or a text that ends with a zero.
    (!value.is_null()).then(|| unsafe { CStr::from_ptr(value) }.to_bytes())
}
