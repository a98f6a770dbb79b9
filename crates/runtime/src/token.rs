//! Who may read a site's live data, and until when.
//!
//! ```text
//! "v1." base64url(payload) "." base64url(HMAC-SHA256 of all before the last dot)
//! payload: purpose u8 | site u64 | user u64 | expires u64 | chain u64 | origin, to the end      (little endian)
//! ```
//! WordPress checks a person once and the chain of tokens begins; `live.php` renews them without WordPress, for at most
//! [`CHAIN_S`]. No token ever outlives its chain: [`mint`] itself cuts its life, so a caller cannot forget to.

use crate::Key;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The longest token in bytes; anything longer is not looked at.
pub const TOKEN_MAX: usize = 512;
/// The longest origin in bytes: a scheme, the longest host name and a port.
pub const ORIGIN_MAX: usize = 272;
/// How long a chain of renewals may last, in seconds from the check by WordPress.
pub const CHAIN_S: u64 = 600;

/// By how many seconds a chain may begin in the future before the clock is taken to have been set back.
const SKEW_S: u64 = 60;
const PREFIX: &str = "v1.";
const NUMBERS: usize = 33;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The site it is good for.
    pub site: u64,
    /// The WordPress user it was given to.
    pub user: u64,
    /// The origin it may be used from (`https://example.com`), compared byte for byte; at most [`ORIGIN_MAX`] bytes.
    pub origin: String,
    /// Unix time in seconds from which it is no longer good; never later than `chain` + [`CHAIN_S`].
    pub expires: u64,
    /// Unix time in seconds at which WordPress checked the user.
    pub chain: u64,
    /// What it is good for.
    pub purpose: Purpose,
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Purpose {
    /// Reading live data.
    Live = 1,
    /// The engine's own request that delivers alerts to WordPress.
    Deliver = 2,
}

impl Purpose {
    /// The purpose with this name, if there is one: `live` or `deliver`.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "live" => Some(Self::Live),
            "deliver" => Some(Self::Deliver),
            _ => None,
        }
    }

    const fn from_u8(value: u8) -> Option<Self> {
        match value {
            1 => Some(Self::Live),
            2 => Some(Self::Deliver),
            _ => None,
        }
    }
}

/// Why a token was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Denied {
    /// Not of the form of a token.
    Malformed,
    /// Not signed with this key, or changed since.
    Signature,
    /// Its time is over.
    Expired,
    /// Given for another site.
    Site,
    /// Used from another origin.
    Origin,
    /// Given for another purpose.
    Purpose,
    /// The last check by WordPress is too long ago to renew; a new token has to be minted.
    Chain,
}

impl Denied {
    /// The reason in one lower-case word, for answers to the browser.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Signature => "signature",
            Self::Expired => "expired",
            Self::Site => "site",
            Self::Origin => "origin",
            Self::Purpose => "purpose",
            Self::Chain => "chain",
        }
    }
}

/// Signs a token. Its life ends at `claims.expires` or at `claims.chain` + [`CHAIN_S`], whichever is first.
///
/// An origin longer than [`ORIGIN_MAX`] gives an empty string, which no check accepts.
pub fn mint(key: &Key, claims: &Claims) -> String {
    if claims.origin.len() > ORIGIN_MAX {
        return String::new();
    }
    let expires = claims.expires.min(claims.chain.saturating_add(CHAIN_S));
    let mut payload = Vec::with_capacity(NUMBERS + claims.origin.len());
    payload.push(claims.purpose as u8);
    for number in [claims.site, claims.user, expires, claims.chain] {
        payload.extend_from_slice(&number.to_le_bytes());
    }
    payload.extend_from_slice(claims.origin.as_bytes());

    let mut token = String::with_capacity(TOKEN_MAX);
    token.push_str(PREFIX);
    BASE64.encode_string(&payload, &mut token);
    let Some(signature) = signer(key, token.as_bytes()) else { return String::new() };
    token.push('.');
    BASE64.encode_string(signature.finalize().into_bytes(), &mut token);
    token
}

/// Checks a token at `now` (Unix time in seconds) for a site and a purpose, and `origin`, if the request named one.
/// A request without an origin must be judged by the caller by other means (`Sec-Fetch-Site`).
///
/// # Errors
/// Why it was denied: the form and the signature first, then purpose, site, origin, and life. Nothing of an unsigned
/// token is read beyond its dots.
pub fn check(
    key: &Key,
    token: &[u8],
    now: u64,
    site: u64,
    origin: Option<&str>,
    purpose: Purpose,
) -> Result<Claims, Denied> {
    let claims = open(key, token)?;
    bound(&claims, site, origin, purpose)?;
    alive(&claims, now)?;
    Ok(claims)
}

/// As [`check`], for who serves every site and reads from the token which one it is good for.
///
/// # Errors
/// As [`check`], but for the site.
pub fn check_any_site(
    key: &Key,
    token: &[u8],
    now: u64,
    origin: Option<&str>,
    purpose: Purpose,
) -> Result<Claims, Denied> {
    let claims = open(key, token)?;
    bound(&claims, claims.site, origin, purpose)?;
    alive(&claims, now)?;
    Ok(claims)
}

/// Gives a new live token for one that is still good: same user, site, origin and chain, good for `life_s` seconds but
/// not beyond `chain` + [`CHAIN_S`].
///
/// # Errors
/// As [`check`] for [`Purpose::Live`]; [`Denied::Chain`] once the chain is over, even if the token expired too: then
/// only WordPress can help.
pub fn renew(
    key: &Key,
    token: &[u8],
    now: u64,
    site: u64,
    origin: Option<&str>,
    life_s: u64,
) -> Result<String, Denied> {
    let claims = open(key, token)?;
    bound(&claims, site, origin, Purpose::Live)?;
    if now >= claims.chain.saturating_add(CHAIN_S) {
        return Err(Denied::Chain);
    }
    alive(&claims, now)?;
    Ok(mint(key, &Claims { expires: now.saturating_add(life_s), ..claims }))
}

fn open(key: &Key, token: &[u8]) -> Result<Claims, Denied> {
    if token.len() > TOKEN_MAX || !token.starts_with(PREFIX.as_bytes()) {
        return Err(Denied::Malformed);
    }
    let dot = token.iter().rposition(|&byte| byte == b'.').ok_or(Denied::Malformed)?;
    let (signed, signature) = token.split_at_checked(dot).ok_or(Denied::Malformed)?;
    let payload = signed.get(PREFIX.len()..).ok_or(Denied::Malformed)?;
    let signature = BASE64.decode(signature.get(1..).unwrap_or(&[])).map_err(|_| Denied::Malformed)?;
    let signer = signer(key, signed).ok_or(Denied::Signature)?;
    // Compares in constant time.
    signer.verify_slice(&signature).map_err(|_| Denied::Signature)?;
    let payload = BASE64.decode(payload).map_err(|_| Denied::Malformed)?;
    read(&payload).ok_or(Denied::Malformed)
}

fn read(payload: &[u8]) -> Option<Claims> {
    let (&purpose, rest) = payload.split_first()?;
    let (numbers, origin) = rest.split_at_checked(NUMBERS - 1)?;
    let [site, user, expires, chain] = numbers.as_chunks::<8>().0 else { return None };
    Some(Claims {
        site: u64::from_le_bytes(*site),
        user: u64::from_le_bytes(*user),
        origin: str::from_utf8(origin).ok()?.to_owned(),
        expires: u64::from_le_bytes(*expires),
        chain: u64::from_le_bytes(*chain),
        purpose: Purpose::from_u8(purpose)?,
    })
}

fn bound(claims: &Claims, site: u64, origin: Option<&str>, purpose: Purpose) -> Result<(), Denied> {
    if claims.purpose != purpose {
        return Err(Denied::Purpose);
    }
    if claims.site != site {
        return Err(Denied::Site);
    }
    if origin.is_some_and(|origin| origin != claims.origin) {
        return Err(Denied::Origin);
    }
    Ok(())
}

fn alive(claims: &Claims, now: u64) -> Result<(), Denied> {
    // A chain that begins in the future was minted before the clock was set back, and would live too long.
    if now >= claims.expires || claims.chain > now.saturating_add(SKEW_S) {
        return Err(Denied::Expired);
    }
    Ok(())
}

fn signer(key: &Key, signed: &[u8]) -> Option<Hmac<Sha256>> {
    // A key of any length is taken, so this always succeeds.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(signed);
    Some(mac)
}

#[cfg(test)]
mod tests;
