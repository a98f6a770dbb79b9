//! Names of browsers and systems, by the rules of uap-core.

use std::borrow::Cow;

use ua_parser::{os, user_agent};

use super::UNKNOWN;

/// `pattern<TAB>name` or `pattern` alone: the first match names the family.
const BROWSERS: &str = include_str!("../../data/browsers.tsv");
const SYSTEMS: &str = include_str!("../../data/systems.tsv");

/// The compiled rules. `None` only if a list were broken, which a test excludes.
pub(super) struct Families {
    browsers: Option<user_agent::Extractor<'static>>,
    systems: Option<os::Extractor<'static>>,
}

impl Families {
    pub(super) fn compile() -> Families {
        let browsers = rules(BROWSERS).map(|(regex, name)| user_agent::Parser {
            regex: unbounded(regex).into(),
            family_replacement: name.map(Cow::from),
            ..Default::default()
        });
        let systems = rules(SYSTEMS).map(|(regex, name)| os::Parser {
            regex: unbounded(regex).into(),
            os_replacement: name.map(Cow::from),
            ..Default::default()
        });
        Families {
            browsers: user_agent::Builder::new().push_all(browsers).ok().and_then(|b| b.build().ok()),
            systems: os::Builder::new().push_all(systems).ok().and_then(|b| b.build().ok()),
        }
    }

    pub(super) fn browser<'a>(&'a self, agent: &'a str) -> Cow<'a, str> {
        let found = self.browsers.as_ref().and_then(|rules| rules.extract(agent));
        found.map_or(Cow::Borrowed(UNKNOWN), |value| value.family)
    }

    pub(super) fn system<'a>(&'a self, agent: &'a str) -> Cow<'a, str> {
        let found = self.systems.as_ref().and_then(|rules| rules.extract(agent));
        found.map_or(Cow::Borrowed(UNKNOWN), |value| value.os)
    }
}

fn rules(list: &'static str) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    list.lines().map(|line| line.split_once('\t').map_or((line, None), |(regex, name)| (regex, Some(name))))
}

/// The pattern with `{0,30}` as `*` and `{1,30}` as `+`. The limits protect engines that try again and again, which this
/// one never does; here each would multiply the size of the compiled rule. Limits of one digit mean something and stay.
fn unbounded(pattern: &str) -> String {
    let mut simple = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        simple.push_str(before);
        rest = after;
        let limits = after.split_once('}').and_then(|(limits, then)| Some((limits.split_once(',')?, then)));
        match limits {
            Some(((least @ ("0" | "1"), most), then))
                if most.len() > 1 && most.bytes().all(|b| b.is_ascii_digit()) && !before.ends_with('\\') =>
            {
                simple.push(if least == "0" { '*' } else { '+' });
                rest = then;
            }
            _ => simple.push('{'),
        }
    }
    simple.push_str(rest);
    simple
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_limits_are_left_out() {
        for (pattern, simple) in [
            (r"a.{0,30}b[c-d]{1,200}", r"a.*b[c-d]+"),
            (r"a{0,2}b{3}c{2,50}d{1,}", r"a{0,2}b{3}c{2,50}d{1,}"),
            (r"\{1,30}", r"\{1,30}"),
            ("a{", "a{"),
        ] {
            assert_eq!(unbounded(pattern), simple);
        }
    }

    #[test]
    fn the_lists_compile() {
        let families = Families::compile();
        assert!(families.browsers.is_some() && families.systems.is_some());
        assert_eq!(families.browser("nothing known"), UNKNOWN);
        assert_eq!(families.system("nothing known"), UNKNOWN);
    }
}
