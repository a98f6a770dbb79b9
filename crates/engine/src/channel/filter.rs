//! A filter by its canonical name, so that all who ask for the same share one stream.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use qahm_enrich::{client::Device, source::Channel};
use serde_json::Value;

use crate::report::Words;

/// Bytes of a name at most: all five members, percent-encoded. PHP has the same limits, here and below.
pub const FILTER_MAX: usize = 2048;
/// Bytes of a page's path and of a source at most.
const PAGE_MAX: usize = 400;
const SOURCE_MAX: usize = 255;

/// The members a filter may have, in the order of the canonical form.
const MEMBERS: [&str; 5] = ["channel", "country", "device", "page", "source"];

/// Why a filter is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    #[error("a filter is an object of texts")]
    Form,
    #[error("a filter has no member {0:?}")]
    Member(String),
    #[error("{0}")]
    Value(&'static str),
    #[error("a member of the filter is there twice")]
    Twice,
    #[error("the filter is longer than {FILTER_MAX} bytes")]
    Long,
}

/// The canonical form: `country=FR&device=mobile`, members in alphabetical order, names and values as JavaScript's
/// `encodeURIComponent` writes them; empty = everybody. Countries are in upper case and "" when unknown, sources in lower
/// case: one filter has one name, however it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilterName(Arc<str>);

impl FilterName {
    /// No filter: everybody.
    pub fn everybody() -> FilterName {
        FilterName("".into())
    }

    pub fn is_everybody(&self) -> bool {
        self.0.is_empty()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A number that stands for the name while this process lives; 0 for everybody, and for nobody else.
    pub fn number(&self) -> u64 {
        if self.is_everybody() {
            return 0;
        }
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish().max(1)
    }

    /// From an object of texts; a member that is null is not there, and null is everybody.
    ///
    /// # Errors
    /// A member that is unknown, no text, or has a value that nothing ever has; a canonical form over [`FILTER_MAX`] bytes.
    pub fn from_json(filter: &Value) -> Result<FilterName, BadFilter> {
        let members = match filter {
            Value::Null => return Ok(FilterName::everybody()),
            Value::Object(members) => members,
            _ => return Err(BadFilter::Form),
        };
        let mut found = [const { None }; MEMBERS.len()];
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            place(&mut found, name, value.as_str().ok_or(BadFilter::Form)?.to_owned())?;
        }
        FilterName::of(&found)
    }

    /// From the canonical form, or one with its members in another order.
    ///
    /// # Errors
    /// As [`FilterName::from_json`]; and a member that is there twice, or is no UTF-8.
    pub fn from_query(text: &str) -> Result<FilterName, BadFilter> {
        if text.is_empty() {
            return Ok(FilterName::everybody());
        }
        if text.len() > FILTER_MAX {
            return Err(BadFilter::Long);
        }
        let mut found = [const { None }; MEMBERS.len()];
        for member in text.split('&') {
            let (name, value) = member.split_once('=').ok_or(BadFilter::Form)?;
            place(&mut found, name, decode(value).ok_or(BadFilter::Form)?)?;
        }
        FilterName::of(&found)
    }

    fn of(found: &[Option<String>; MEMBERS.len()]) -> Result<FilterName, BadFilter> {
        let mut name = String::new();
        for (member, value) in MEMBERS.iter().zip(found) {
            let Some(value) = value else { continue };
            let value = normal(member, value)?;
            let and = if name.is_empty() { "" } else { "&" };
            // Writing to a string cannot fail.
            let _written = write!(name, "{and}{member}={}", Encoded(&value));
        }
        if name.len() > FILTER_MAX { Err(BadFilter::Long) } else { Ok(FilterName(name.into())) }
    }

    /// The filter of a question.
    pub fn words(&self) -> Words {
        let mut words = Words::default();
        for member in self.0.split('&') {
            let Some((name, value)) = member.split_once('=') else { continue };
            let value = decode(value);
            match name {
                "channel" => words.channel = value,
                "country" => words.country = value,
                "device" => words.device = value,
                "page" => words.page = value,
                "source" => words.source = value,
                _ => {}
            }
        }
        words
    }
}

impl fmt::Display for FilterName {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn place(found: &mut [Option<String>; MEMBERS.len()], name: &str, value: String) -> Result<(), BadFilter> {
    let member = MEMBERS.iter().zip(found).find(|(member, _)| **member == name);
    let Some((_, place)) = member else { return Err(BadFilter::Member(name.chars().take(40).collect())) };
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(BadFilter::Twice),
    }
}

/// A value as the engine knows it.
fn normal<'a>(member: &str, value: &'a str) -> Result<Cow<'a, str>, BadFilter> {
    let bad = |words| Err(BadFilter::Value(words));
    if value.bytes().any(|byte| byte.is_ascii_control()) {
        return bad("a filter has no control characters");
    }
    let letters = |value: &str| value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_alphabetic());
    match member {
        "country" if value == "unknown" => Ok("".into()),
        "country" if value.is_empty() || letters(value) => Ok(value.to_ascii_uppercase().into()),
        "country" => bad("country: two letters, or unknown"),
        "device" if Device::parse(value).is_none() => bad("device: desktop, mobile, tablet or other"),
        "channel" if Channel::parse(value).is_none() => {
            bad("channel: direct, search, social, mail, referral, campaign, ai or internal")
        }
        "page" if !(1..=PAGE_MAX).contains(&value.len()) => bad("page: a path of 400 bytes at most"),
        "source" if value.len() > SOURCE_MAX => bad("source: a host of 255 bytes at most"),
        "source" => Ok(value.to_ascii_lowercase().into()),
        _ => Ok(value.into()),
    }
}

/// Text as `encodeURIComponent` writes it.
struct Encoded<'a>(&'a str);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for byte in self.0.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => f.write_char(byte.into())?,
                b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => f.write_char(byte.into())?,
                _ => write!(f, "%{byte:02X}")?,
            }
        }
        Ok(())
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn one_name_for_one_filter() {
        let name =
            FilterName::from_json(&json!({ "device": "mobile", "country": "FR", "page": null })).unwrap();
        assert_eq!(name.as_str(), "country=FR&device=mobile");
        assert_eq!(FilterName::from_query("device=mobile&country=%46R").unwrap(), name);
        let odd = FilterName::from_json(&json!({ "page": "/a b?c=d&é%", "source": "" })).unwrap();
        assert_eq!(odd.as_str(), "page=%2Fa%20b%3Fc%3Dd%26%C3%A9%25&source=");
        assert_eq!(odd.words().page.as_deref(), Some("/a b?c=d&é%"));
        assert_eq!(odd.words().source.as_deref(), Some(""));
        for everybody in [json!({}), json!(null), json!({ "country": null })] {
            assert!(FilterName::from_json(&everybody).unwrap().is_everybody());
        }
        assert!(FilterName::from_query("").unwrap().is_everybody());
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let json = |filter| FilterName::from_json(&filter).unwrap_err();
        assert_eq!(json(json!([])), BadFilter::Form);
        assert_eq!(json(json!({ "country": 1 })), BadFilter::Form);
        assert_eq!(json(json!({ "city": "Lyon" })), BadFilter::Member("city".into()));
        assert_eq!(
            json(json!({ "page": "%".repeat(401) })),
            BadFilter::Value("page: a path of 400 bytes at most")
        );
        let slug = "%d0%bf".repeat(66);
        let name = FilterName::from_json(&json!({ "page": slug, "source": "ä".repeat(127) })).unwrap();
        assert_eq!(FilterName::from_query(name.as_str()), Ok(name), "the longest there is");
        let query = |text: &str| FilterName::from_query(text).unwrap_err();
        assert_eq!(query("country"), BadFilter::Form);
        assert_eq!(query("country=%F"), BadFilter::Form);
        assert_eq!(query("country=%+1"), BadFilter::Form);
        assert_eq!(query("country=%FF"), BadFilter::Form);
        assert_eq!(query(&"page=a".repeat(400)), BadFilter::Long);
        assert_eq!(query("country=FR&country=FR"), BadFilter::Twice);
        assert_eq!(query("city=Lyon"), BadFilter::Member("city".into()));
    }

    proptest! {
        #[test]
        fn a_name_is_read_as_it_was_written(page in "\\PC{0,30}", country in proptest::option::of("([A-Z]{2})?")) {
            let name = FilterName::from_json(&json!({ "page": page, "country": country }));
            prop_assume!(name.is_ok());
            let name = name.unwrap();
            prop_assert_eq!(&FilterName::from_query(name.as_str()).unwrap(), &name);
            prop_assert_eq!(name.words(), Words { page: Some(page), country, ..Words::default() });
        }

        #[test]
        fn any_text_is_taken_or_refused(text in "\\PC{0,80}") {
            if let Ok(name) = FilterName::from_query(&text) {
                prop_assert_eq!(FilterName::from_query(name.as_str()), Ok(name));
            }
        }
    }
}
