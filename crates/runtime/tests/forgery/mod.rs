//! Whatever somebody makes of tokens that he saw: the property that it must not break, for the tests and for the fuzz target
//! `token`.
//!
//! A script is: a byte that says what the token is made of, a byte for where and when it is shown, and the rest.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use qahm_runtime::{
    CHAIN_S, Claims, Denied, KEY_BYTES, Key, ORIGIN_MAX, Purpose, TOKEN_MAX, check, check_any_site, mint,
    renew,
};
use sha2::Sha256;

const SECRET: [u8; KEY_BYTES] = [7; KEY_BYTES];
const KEY: Key = Key::new(SECRET);
const NOW: u64 = 1_700_000_000;
const SITE: u64 = 0x00f1_e2d3_c4b5_a697;
const ORIGIN: &str = "https://example.com";

/// # Panics
/// If a token is taken that was not given, or for something else than it was given for.
pub fn sound(script: &[u8]) {
    let [made, shown, rest @ ..] = script else { return };
    match made & 3 {
        0 => forged(rest, *shown),
        1 => forged(&changed(rest), *shown),
        2 => signed(rest, *shown),
        _ => given(rest, *shown),
    }
}

fn good() -> Claims {
    Claims {
        site: SITE,
        user: 42,
        origin: ORIGIN.into(),
        expires: NOW + 60,
        chain: NOW,
        purpose: Purpose::Live,
    }
}

/// When it is shown, from where and for what, as a byte says.
fn shown(byte: u8) -> (u64, Option<&'static str>, Purpose) {
    let now = [NOW, NOW + 59, NOW + 60, NOW + CHAIN_S, 0, u64::MAX, NOW - 60, NOW + 1][usize::from(byte & 7)];
    let origin = [Some(ORIGIN), None, Some("https://evil.example"), Some("")][usize::from(byte >> 3 & 3)];
    (now, origin, if byte & 32 == 0 { Purpose::Live } else { Purpose::Deliver })
}

/// Only what was given is good.
fn forged(token: &[u8], byte: u8) {
    let (now, origin, purpose) = shown(byte);
    let given = mint(&KEY, &good());
    let taken = check_any_site(&KEY, token, now, origin, purpose);
    assert_eq!(taken, check(&KEY, token, now, SITE, origin, purpose), "there is one site");
    let renewed = renew(&KEY, token, now, SITE, origin, 60);
    if token != given.as_bytes() {
        assert!(matches!(taken, Err(Denied::Malformed | Denied::Signature)), "{taken:?}");
        assert!(matches!(renewed, Err(Denied::Malformed | Denied::Signature)), "{renewed:?}");
        return;
    }
    // And that only there, then, and for that.
    let fits = (NOW - 60..NOW + 60).contains(&now) && origin.is_none_or(|origin| origin == ORIGIN);
    assert_eq!(taken.is_ok(), fits && purpose == Purpose::Live, "{taken:?}");
    assert!(taken.is_err() || taken == Ok(good()));
}

/// A token that was given, with changes: each is three bytes, what, where, and by what.
fn changed(changes: &[u8]) -> Vec<u8> {
    let mut token = mint(&KEY, &good()).into_bytes();
    for change in changes.chunks_exact(3) {
        let at = usize::from(change[1]).min(token.len());
        match change[0] % 5 {
            0 if at < token.len() => token[at] = change[2],
            1 if at < token.len() => drop(token.remove(at)),
            2 => token.insert(at, change[2]),
            3 => token.truncate(at),
            // What stands at the end may be written in more than one way, if who reads it is not strict.
            4 if at < token.len() => token[at] = token[at].wrapping_add(1 << (change[2] & 7)),
            _ => {}
        }
    }
    token
}

/// What is signed was written by us, in some version: it is read, or it is malformed, and it says nothing that it does not.
fn signed(payload: &[u8], byte: u8) {
    let (now, origin, purpose) = shown(byte);
    let token = sign(payload);
    let taken = check_any_site(&KEY, token.as_bytes(), now, origin, purpose);
    assert!(token.len() <= TOKEN_MAX || taken == Err(Denied::Malformed));
    assert_ne!(taken, Err(Denied::Signature));
    let Ok(claims) = taken else { return };
    assert!(claims.expires > now && claims.purpose == purpose);
    assert!(origin.is_none_or(|origin| origin == claims.origin));
    let Claims { site, chain, .. } = claims;
    if claims.origin.len() > ORIGIN_MAX {
        return;
    }
    if claims.expires <= chain.saturating_add(CHAIN_S) {
        assert_eq!(mint(&KEY, &claims), token, "there is one text for it");
    }
    let Ok(renewed) = renew(&KEY, token.as_bytes(), now, site, origin, 60) else { return };
    let again = check(&KEY, renewed.as_bytes(), now, site, origin, purpose);
    let Ok(again) = again else { panic!("what was renewed is good: {again:?}") };
    assert!(again.expires <= chain.saturating_add(CHAIN_S));
    assert_eq!(again, Claims { expires: again.expires, ..claims });
}

fn sign(payload: &[u8]) -> String {
    let mut token = String::from("v1.") + &URL_SAFE_NO_PAD.encode(payload);
    let mut mac = Hmac::<Sha256>::new_from_slice(&SECRET).unwrap();
    mac.update(token.as_bytes());
    token.push('.');
    token + &URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// What is given says what was asked for, of any words and numbers.
fn given(words: &[u8], byte: u8) {
    let (_, _, purpose) = shown(byte);
    let (numbers, origin) = words.split_at(words.len().min(32));
    let number =
        |n: usize| numbers.iter().skip(8 * n).take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let Ok(origin) = str::from_utf8(origin) else { return };
    let (site, user, chain) = (number(0), number(1), number(2));
    let claims = Claims { site, user, origin: origin.to_owned(), expires: number(3), chain, purpose };
    let token = mint(&KEY, &claims);
    if origin.len() > ORIGIN_MAX {
        assert_eq!(token, "");
        return;
    }
    assert!(token.len() <= TOKEN_MAX);
    let expires = claims.expires.min(chain.saturating_add(CHAIN_S));
    let taken = check(&KEY, token.as_bytes(), chain, site, Some(origin), purpose);
    if expires > chain {
        assert_eq!(taken, Ok(Claims { expires, ..claims }));
    } else {
        assert_eq!(taken, Err(Denied::Expired));
    }
    assert!(check(&KEY, token.as_bytes(), expires, site, Some(origin), purpose).is_err());
    assert!(check(&KEY, token.as_bytes(), chain, site ^ 1, Some(origin), purpose).is_err());
    let other = Key::new([8; KEY_BYTES]);
    assert_eq!(check(&other, token.as_bytes(), chain, site, None, purpose), Err(Denied::Signature));
}
