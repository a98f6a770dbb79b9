//! `qahm_realtime_record`: one event of the server's side.

use ext_php_rs::{
    builders::ModuleBuilder,
    php_function,
    types::{ZendHashTable, Zval},
    wrap_function,
};
use qahm_event::{Encoder, Flags, Head, Kind, Micros, Peer, Tag, ViewId};

use crate::{
    array::members,
    bytes::Bytes,
    error::Mistake,
    mapping::{self, Reach},
};

/// Registers the function of this file.
pub(crate) fn register(module: ModuleBuilder<'_>) -> ModuleBuilder<'_> {
    module.function(wrap_function!(qahm_realtime_record))
}

/// Records an event.
///
/// Takes well under a microsecond and never waits. Fields that are not known are ignored, so that an application may
/// be newer than the extension; a null is as good as an absent field; a text that is too long is cut.
///
/// @param string $site   The site: 16 lower-case hexadecimal digits.
/// @param string $kind   What happened: 'request' (an answer given by the server) or 'signal' (anything else it noticed,
///                       named by the field name).
/// @param array  $fields Strings: url, referrer, user_agent, address (the peer's IP), forwarded_for (the header
///                       X-Forwarded-For), title, name, what, target, properties (JSON).
///                       Integers: status (HTTP), generation_us (microseconds), queries (of the database), added_us
///                       (of generation_us what recording itself took, to be told of), results (of a search), line
///                       (of an error).
///                       Booleans: logged_in, fatal, private (the visitor asks not to be tracked), consent (given).
///                       Signals known to the engine, by name: 'search' (title: the term, results), 'login-failed',
///                       'change' (what, title), 'track' (target: name of the event, properties), 'php-error' (what,
///                       title: the message, target: the file, line), 'database-error' (title: the message),
///                       'slow-query' (title: its shape, generation_us), 'form-submit' (target: name of the form).
/// @return bool Whether it was recorded. False: the ring is full or absent, and the event is counted as dropped.
/// @throws ValueError When the site is malformed, the kind unknown, or a signal has no name.
/// @throws TypeError  When a field has the wrong type.
#[php_function]
fn qahm_realtime_record(site: Bytes<'_>, kind: Bytes<'_>, fields: &ZendHashTable) -> Result<bool, Mistake> {
    let site = site.site()?;
    let kind = match kind.0 {
        b"request" => Kind::Request,
        b"signal" => Kind::Signal,
        _ => return Err(Mistake::Value("$kind must be 'request' or 'signal'")),
    };
    let fields = Fields::read(fields)?;
    if kind == Kind::Signal && fields.name.is_empty() {
        return Err(Mistake::Value("$fields['name'] must not be empty: it says what the signal is"));
    }
    let time = Micros::now();
    Ok(mapping::with(|worker| {
        let Some(mapping) = worker.tended(time, Reach::Make) else { return false };
        let head = Head {
            kind,
            flags: fields.flags,
            site,
            time,
            view: ViewId(0),
            sequence: 0,
            peer: Peer::parse(fields.address).unwrap_or_default(),
        };
        mapping.push(|buffer| {
            let mut record = Encoder::new(buffer, &head);
            fields.write(&mut record);
            record.finish()
        })
    }))
}

/// The members of `$fields` that are known.
#[derive(Default)]
struct Fields<'a> {
    url: &'a [u8],
    referrer: &'a [u8],
    user_agent: &'a [u8],
    title: &'a [u8],
    name: &'a [u8],
    what: &'a [u8],
    target: &'a [u8],
    properties: &'a [u8],
    address: &'a [u8],
    forwarded_for: &'a [u8],
    status: Option<u64>,
    generation: Option<u64>,
    queries: Option<u64>,
    added: Option<u64>,
    results: Option<u64>,
    line: Option<u64>,
    flags: Flags,
}

impl<'a> Fields<'a> {
    /// One walk over the array, which usually has fewer members than there are fields. Keys are compared in this order:
    /// those of every request first.
    fn read(table: &'a ZendHashTable) -> Result<Self, Mistake> {
        let mut fields = Self::default();
        for (key, value) in members(table) {
            match key {
                b"url" => fields.url = text(value, "$fields['url'] must be a string")?,
                b"status" => fields.status = number(value, "$fields['status'] must be an integer")?,
                b"generation_us" => {
                    fields.generation = number(value, "$fields['generation_us'] must be an integer")?;
                }
                b"queries" => fields.queries = number(value, "$fields['queries'] must be an integer")?,
                b"added_us" => fields.added = number(value, "$fields['added_us'] must be an integer")?,
                b"referrer" => fields.referrer = text(value, "$fields['referrer'] must be a string")?,
                b"user_agent" => fields.user_agent = text(value, "$fields['user_agent'] must be a string")?,
                b"address" => fields.address = text(value, "$fields['address'] must be a string")?,
                b"logged_in" => {
                    fields.flag(Flags::LOGGED_IN, value, "$fields['logged_in'] must be a boolean")?;
                }
                b"fatal" => fields.flag(Flags::FATAL, value, "$fields['fatal'] must be a boolean")?,
                b"private" => fields.flag(Flags::PRIVATE, value, "$fields['private'] must be a boolean")?,
                b"consent" => fields.flag(Flags::CONSENT, value, "$fields['consent'] must be a boolean")?,
                b"forwarded_for" => {
                    fields.forwarded_for = text(value, "$fields['forwarded_for'] must be a string")?;
                }
                b"name" => fields.name = text(value, "$fields['name'] must be a string")?,
                b"what" => fields.what = text(value, "$fields['what'] must be a string")?,
                b"title" => fields.title = text(value, "$fields['title'] must be a string")?,
                b"target" => fields.target = text(value, "$fields['target'] must be a string")?,
                b"properties" => fields.properties = text(value, "$fields['properties'] must be a string")?,
                b"results" => fields.results = number(value, "$fields['results'] must be an integer")?,
                b"line" => fields.line = number(value, "$fields['line'] must be an integer")?,
                _ => {}
            }
        }
        Ok(fields)
    }

    fn flag(&mut self, flag: Flags, value: &Zval, mistake: &'static str) -> Result<(), Mistake> {
        self.flags = self.flags.with(flag, value.bool().ok_or(Mistake::Type(mistake))?);
        Ok(())
    }

    /// In the order of what must not be cut: numbers, then what the event is and whose.
    fn write(&self, record: &mut Encoder<'_>) {
        for (tag, number) in [
            (Tag::Status, self.status),
            (Tag::Generation, self.generation),
            (Tag::Queries, self.queries),
            (Tag::Added, self.added),
            (Tag::Results, self.results),
            (Tag::Line, self.line),
        ] {
            if let Some(number) = number {
                record.number(tag, number);
            }
        }
        record.text(Tag::Url, self.url);
        record.text(Tag::Name, self.name);
        record.text(Tag::What, self.what);
        record.text(Tag::UserAgent, self.user_agent);
        record.text(Tag::ForwardedFor, self.forwarded_for);
        record.text(Tag::Target, self.target);
        record.text(Tag::Title, self.title);
        record.text(Tag::Properties, self.properties);
        record.text(Tag::Referrer, self.referrer);
    }
}

fn text<'a>(value: &'a Zval, mistake: &'static str) -> Result<&'a [u8], Mistake> {
    value.zend_str().map(|text| text.as_bytes()).ok_or(Mistake::Type(mistake))
}

/// Negative numbers are as good as absent: clocks and counters go astray.
fn number(value: &Zval, mistake: &'static str) -> Result<Option<u64>, Mistake> {
    value.long().map(|number| u64::try_from(number).ok()).ok_or(Mistake::Type(mistake))
}
