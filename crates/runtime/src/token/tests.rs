//! Tokens: good for exactly what they say, and for nothing once a bit of them changed.

use super::*;
use proptest::prelude::*;

const KEY: Key = Key::new([7; 32]);
const NOW: u64 = 1_700_000_000;
const SITE: u64 = 0x00f1_e2d3_c4b5_a697;
const ORIGIN: &str = "https://example.com";

fn claims() -> Claims {
    Claims {
        site: SITE,
        user: 42,
        origin: ORIGIN.into(),
        expires: NOW + 60,
        chain: NOW,
        purpose: Purpose::Live,
    }
}

fn live(token: &str, now: u64) -> Result<Claims, Denied> {
    check(&KEY, token.as_bytes(), now, SITE, Some(ORIGIN), Purpose::Live)
}

#[test]
fn a_token_is_good_for_what_it_says() {
    let token = mint(&KEY, &claims());
    assert!(token.len() <= TOKEN_MAX);
    assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{token}");
    assert_eq!(live(&token, NOW), Ok(claims()));
    assert_eq!(live(&token, NOW + 59), Ok(claims()));
    assert_eq!(check(&KEY, token.as_bytes(), NOW, SITE, None, Purpose::Live), Ok(claims()));
}

/// Extension and engine may be of different versions. Computed by another implementation.
#[test]
fn the_form_is_fixed() {
    assert_eq!(mint(&KEY, &claims()), FIXED);
}
const FIXED: &str = "v1.AZemtcTT4vEAKgAAAAAAAAA88VNlAAAAAADxU2UAAAAAaHR0cHM6Ly9leGFtcGxlLmNvbQ.rSmxnqyq2rZVmPeLNP_VrsBPHgOu9Wtn10c5jQGfDc0";

#[test]
fn and_for_nothing_else() {
    let token = mint(&KEY, &claims());
    let token = token.as_bytes();
    assert_eq!(check(&KEY, token, NOW + 60, SITE, Some(ORIGIN), Purpose::Live), Err(Denied::Expired));
    assert_eq!(check(&KEY, token, u64::MAX, SITE, Some(ORIGIN), Purpose::Live), Err(Denied::Expired));
    assert_eq!(check(&KEY, token, NOW, SITE + 1, Some(ORIGIN), Purpose::Live), Err(Denied::Site));
    assert_eq!(check(&KEY, token, NOW, SITE, Some(ORIGIN), Purpose::Deliver), Err(Denied::Purpose));
    for origin in [
        "",
        "null",
        "https://example.com/",
        "http://example.com",
        "https://example.com:443",
        "HTTPS://example.com",
        "https://example.co",
        "https://example.com.evil.example",
    ] {
        assert_eq!(
            check(&KEY, token, NOW, SITE, Some(origin), Purpose::Live),
            Err(Denied::Origin),
            "{origin}"
        );
    }
    assert_eq!(
        check(&Key::new([8; 32]), token, NOW, SITE, Some(ORIGIN), Purpose::Live),
        Err(Denied::Signature)
    );
    let deliver = mint(&KEY, &Claims { purpose: Purpose::Deliver, ..claims() });
    assert_eq!(live(&deliver, NOW), Err(Denied::Purpose));
    assert_eq!(renew(&KEY, deliver.as_bytes(), NOW, SITE, None, 60), Err(Denied::Purpose));
}

#[test]
fn a_changed_token_is_denied() {
    let token = mint(&KEY, &claims());
    for at in 0..token.len() {
        for bit in 0..8 {
            let mut changed = token.clone().into_bytes();
            changed[at] ^= 1 << bit;
            let denied = check(&KEY, &changed, NOW, SITE, Some(ORIGIN), Purpose::Live).unwrap_err();
            assert!(matches!(denied, Denied::Malformed | Denied::Signature), "{at} {bit}: {denied:?}");
        }
        assert!(live(&token[..at], NOW).is_err());
    }
    assert!(live(&format!("{token}A"), NOW).is_err());
    assert!(live(&format!("{token}="), NOW).is_err());
    assert!(live(&format!(" {token}"), NOW).is_err());
}

#[test]
fn what_is_no_token_is_malformed() {
    for text in ["", "v1.", "v1", "v2.AAAA.AAAA", "v1.AAAA", "v1.!!!!.!!!!", "AAAA.AAAA"] {
        assert_eq!(live(text, NOW), Err(Denied::Malformed), "{text}");
    }
    assert_eq!(live("v1.AAAA.AAAA", NOW), Err(Denied::Signature));
    assert_eq!(live("v1.AAAA.", NOW), Err(Denied::Signature));
    assert_eq!(live("v1..", NOW), Err(Denied::Signature));
    assert_eq!(live(&format!("v1.{}.AAAA", "A".repeat(TOKEN_MAX)), NOW), Err(Denied::Malformed));
    // Signed with the right key, but not what this version writes.
    for payload in [&[][..], &[1; 32], &[9; 40]] {
        let mut token = String::from("v1.") + &BASE64.encode(payload);
        let signature = signer(&KEY, token.as_bytes()).unwrap().finalize().into_bytes();
        token = token + "." + &BASE64.encode(signature);
        assert_eq!(live(&token, NOW), Err(Denied::Malformed));
    }
}

#[test]
fn origins_are_bounded() {
    let long = Claims { origin: "o".repeat(ORIGIN_MAX), ..claims() };
    let token = mint(&KEY, &long);
    assert!(token.len() <= TOKEN_MAX);
    assert_eq!(check(&KEY, token.as_bytes(), NOW, SITE, Some(&long.origin), Purpose::Live), Ok(long));
    let too_long = mint(&KEY, &Claims { origin: "o".repeat(ORIGIN_MAX + 1), ..claims() });
    assert_eq!((too_long.as_str(), live(&too_long, NOW)), ("", Err(Denied::Malformed)));
}

#[test]
fn no_token_outlives_its_chain() {
    let greedy = mint(&KEY, &Claims { expires: u64::MAX, ..claims() });
    assert_eq!(live(&greedy, NOW + CHAIN_S - 1).unwrap().expires, NOW + CHAIN_S);
    assert_eq!(live(&greedy, NOW + CHAIN_S), Err(Denied::Expired));
}

#[test]
fn a_chain_of_renewals_ends() {
    let mut token = mint(&KEY, &claims());
    let mut now = NOW;
    let denied = loop {
        now += 50;
        match renew(&KEY, token.as_bytes(), now, SITE, Some(ORIGIN), 60) {
            Ok(renewed) => token = renewed,
            Err(denied) => break denied,
        }
        let claims = live(&token, now).unwrap();
        assert_eq!((claims.user, claims.chain, claims.expires), (42, NOW, (now + 60).min(NOW + CHAIN_S)));
    };
    assert_eq!((denied, now), (Denied::Chain, NOW + CHAIN_S));
    assert_eq!(renew(&KEY, token.as_bytes(), now + 9999, SITE, Some(ORIGIN), 60), Err(Denied::Chain));
}

#[test]
fn only_a_good_token_is_renewed() {
    let token = mint(&KEY, &claims());
    let token = token.as_bytes();
    assert_eq!(renew(&KEY, token, NOW + 60, SITE, Some(ORIGIN), 60), Err(Denied::Expired));
    assert_eq!(renew(&KEY, token, NOW, SITE + 1, Some(ORIGIN), 60), Err(Denied::Site));
    assert_eq!(renew(&KEY, token, NOW, SITE, Some("https://evil.example"), 60), Err(Denied::Origin));
    assert_eq!(renew(&KEY, b"v1.AAAA.AAAA", NOW, SITE, Some(ORIGIN), 60), Err(Denied::Signature));
    let endless = renew(&KEY, token, NOW, SITE, Some(ORIGIN), u64::MAX).unwrap();
    assert_eq!(live(&endless, NOW).unwrap().expires, NOW + CHAIN_S);
}

#[test]
fn a_clock_set_back_lengthens_no_life() {
    let token = mint(&KEY, &claims());
    assert_eq!(live(&token, NOW - SKEW_S), Ok(claims()));
    assert_eq!(live(&token, NOW - SKEW_S - 1), Err(Denied::Expired));
    assert_eq!(live(&token, 0), Err(Denied::Expired));
}

#[test]
fn purposes_have_names() {
    assert_eq!(Purpose::parse("live"), Some(Purpose::Live));
    assert_eq!(Purpose::parse("deliver"), Some(Purpose::Deliver));
    assert_eq!(Purpose::parse("Live"), None);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_denied(token in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(check(&KEY, &token, NOW, SITE, None, Purpose::Live).is_err());
    }

    #[test]
    fn token_like_text_is_denied(token in "v1\\.[A-Za-z0-9_=-]{0,80}\\.[A-Za-z0-9_-]{0,50}") {
        prop_assert!(live(&token, NOW).is_err());
    }

    #[test]
    fn any_claims_come_back(site in any::<u64>(), user in any::<u64>(), chain in 0..u64::MAX / 2, life in 1..=CHAIN_S,
                            origin in "\\PC{0,60}") {
        let claims = Claims { site, user, origin, expires: chain + life, chain, purpose: Purpose::Live };
        let token = mint(&KEY, &claims);
        prop_assert!(token.len() <= TOKEN_MAX);
        prop_assert_eq!(check(&KEY, token.as_bytes(), chain, site, Some(&claims.origin), Purpose::Live), Ok(claims.clone()));
    }
}
