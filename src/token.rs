//! Tokens of the live channel.

use std::time::{SystemTime, UNIX_EPOCH};

use ext_php_rs::{
    builders::ModuleBuilder,
    convert::IntoZval,
    php_function,
    types::{ZendHashTable, Zval},
    wrap_function,
};
use qahm_event::{Micros, SiteId};
use qahm_runtime::{Claims, Denied, Key, Purpose, check, mint, renew};

use crate::{
    bytes::Bytes,
    error::Mistake,
    ini::Role,
    mapping::{self, Mapping, Reach},
    status::count,
};

/// The usual purpose of a token.
const LIVE: &str = "live";
const LIFE: &str = "$life_s must be between 1 and 600";

/// Registers the functions of this file.
pub(crate) fn register(module: ModuleBuilder<'_>) -> ModuleBuilder<'_> {
    module
        .function(wrap_function!(qahm_realtime_token_mint))
        .function(wrap_function!(qahm_realtime_token_check))
        .function(wrap_function!(qahm_realtime_token_claims))
        .function(wrap_function!(qahm_realtime_token_renew))
}

/// Makes a token for the live channel. Check the user's capability first: the token is the proof of it.
///
/// @param string $site   The site: 16 lower-case hexadecimal digits.
/// @param int    $user   The user's id, 1 or more.
/// @param string $origin The origin the token is for, such as 'https://example.com'.
/// @param int    $life_s How long it lives, in seconds, 1 to 600.
/// @return string|null The token; null where there is no runtime directory to keep the key in.
/// @throws ValueError When an argument is malformed or out of range.
#[php_function]
#[php(defaults(life_s = 60))]
fn qahm_realtime_token_mint(
    site: Bytes<'_>,
    user: i64,
    origin: Bytes<'_>,
    life_s: i64,
) -> Result<Option<String>, Mistake> {
    let site = site.site()?;
    let user = u64::try_from(user).ok().filter(|&user| user > 0);
    let user = user.ok_or(Mistake::Value("$user must be greater than 0"))?;
    let origin = origin.text("$origin must be UTF-8")?.to_owned();
    let (now, life) = (unix_now(), life(life_s)?);
    let claims =
        Claims { site: site.0, user, origin, expires: now + life, chain: now, purpose: Purpose::Live };
    Ok(with_key(|key| Ok(mint(key, &claims))).and_then(Result::ok))
}

/// Checks a token. Never throws for what a visitor sent: a malformed site is the reason 'site'.
///
/// @param string $site    The site: 16 lower-case hexadecimal digits.
/// @param string $token   The token, as it came.
/// @param string $origin  The request's Origin header; empty when it has none, and then not compared.
/// @param string $purpose 'live' (the channel) or 'deliver' (the engine's own request that delivers alerts).
/// @return int|string The user's id; or why it is denied: 'malformed', 'signature', 'expired', 'site', 'origin',
///                    'purpose', or 'absent' when there is no key.
/// @throws ValueError When the purpose is unknown.
#[php_function]
#[php(defaults(purpose = LIVE))]
fn qahm_realtime_token_check(
    site: Bytes<'_>,
    token: Bytes<'_>,
    origin: Bytes<'_>,
    purpose: Bytes<'_>,
) -> Result<Zval, Mistake> {
    let purpose = match purpose.0 {
        b"live" => Purpose::Live,
        b"deliver" => Purpose::Deliver,
        _ => return Err(Mistake::Value("$purpose must be 'live' or 'deliver'")),
    };
    let checked = claims(site, token, origin, purpose);
    let value = match checked {
        Ok(claims) => count(claims.user).into_zval(false),
        Err(reason) => reason.into_zval(false),
    };
    Ok(value.unwrap_or_default())
}

/// Checks a token of the live channel, as qahm_realtime_token_check, and tells what it says. The engine needs it to know
/// a token that was revoked: pass user and chain on with what is asked.
///
/// @param string $site   The site: 16 lower-case hexadecimal digits.
/// @param string $token  The token, as it came.
/// @param string $origin The request's Origin header; empty when it has none, and then not compared.
/// @return array|string What it says: 'user' (the user's id), 'chain' (Unix time at which the capability was checked)
///                      and 'expires' (Unix time), all integers; or why it is denied, as by qahm_realtime_token_check.
#[php_function]
fn qahm_realtime_token_claims(site: Bytes<'_>, token: Bytes<'_>, origin: Bytes<'_>) -> Zval {
    let value = match claims(site, token, origin, Purpose::Live) {
        Ok(claims) => {
            let mut said = ZendHashTable::with_capacity(3);
            for (name, number) in
                [("user", claims.user), ("chain", claims.chain), ("expires", claims.expires)]
            {
                let _ = said.insert(name, count(number));
            }
            said.into_zval(false)
        }
        Err(reason) => reason.into_zval(false),
    };
    value.unwrap_or_default()
}

/// Renews a token that is still good. The new one ends at most 10 minutes after the check of the capability that the
/// first of the chain stands for.
///
/// @param string $site   The site: 16 lower-case hexadecimal digits.
/// @param string $token  The token, as it came.
/// @param string $origin The request's Origin header; empty when it has none, and then not compared.
/// @param int    $life_s How long the new one lives, in seconds, 1 to 600.
/// @return string|null The new token; null when the old one is denied or the 10 minutes are over.
/// @throws ValueError When the life is out of range.
#[php_function]
fn qahm_realtime_token_renew(
    site: Bytes<'_>,
    token: Bytes<'_>,
    origin: Bytes<'_>,
    life_s: i64,
) -> Result<Option<String>, Mistake> {
    let life = life(life_s)?;
    let (Some(site), Ok(origin)) = (SiteId::parse(site.0), origin_of(origin)) else { return Ok(None) };
    Ok(with_key(|key| renew(key, token.0, unix_now(), site.0, origin, life)).and_then(Result::ok))
}

/// What a token says, or why it is denied, as one word.
fn claims(
    site: Bytes<'_>,
    token: Bytes<'_>,
    origin: Bytes<'_>,
    purpose: Purpose,
) -> Result<Claims, &'static str> {
    let site = SiteId::parse(site.0).ok_or("site")?;
    let origin = origin_of(origin).map_err(|()| "origin")?;
    with_key(|key| check(key, token.0, unix_now(), site.0, origin, purpose))
        .ok_or("absent")?
        .map_err(Denied::as_str)
}

/// What became of a token that came with something else.
pub(crate) enum Verdict {
    Good,
    Denied,
    /// There is no key to check it with.
    NoKey,
}

/// Checks a token of the live channel whose origin does not matter.
pub(crate) fn check_live(site: SiteId, token: &[u8]) -> Verdict {
    match with_key(|key| check(key, token, unix_now(), site.0, None, Purpose::Live)) {
        Some(Ok(_)) => Verdict::Good,
        Some(Err(_)) => Verdict::Denied,
        None => Verdict::NoKey,
    }
}

/// Runs `f` with the key of the runtime directory; once more if its signature does not fit and there is another key by
/// now. Only a process that may create files makes a missing one.
fn with_key<T>(f: impl Fn(&Key) -> Result<T, Denied>) -> Option<Result<T, Denied>> {
    let now = Micros::now();
    mapping::with(|worker| {
        let makes = worker.settings().role == Role::Server;
        let Mapping { keys, place, .. } = worker.mapping(now, Reach::Make)?;
        let result = f(keys.get(place, makes, now)?);
        if !matches!(result, Err(Denied::Signature)) {
            return Some(result);
        }
        Some(keys.doubted(place, makes, now).map_or(result, f))
    })
}

/// An absent Origin header is not compared; one that is not even text is not ours.
fn origin_of(origin: Bytes<'_>) -> Result<Option<&str>, ()> {
    let origin = std::str::from_utf8(origin.0).map_err(|_| ())?;
    Ok((!origin.is_empty()).then_some(origin))
}

fn life(seconds: i64) -> Result<u64, Mistake> {
    u64::try_from(seconds).ok().filter(|life| (1..=600).contains(life)).ok_or(Mistake::Value(LIFE))
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
