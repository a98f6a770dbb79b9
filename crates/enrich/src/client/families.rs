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
            regex: regex.into(),
            family_replacement: name.map(Cow::from),
            ..Default::default()
        });
        let systems = rules(SYSTEMS).map(|(regex, name)| os::Parser {
            regex: regex.into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_compile() {
        let families = Families::compile();
        assert!(families.browsers.is_some() && families.systems.is_some());
        assert_eq!(families.browser("nothing known"), UNKNOWN);
        assert_eq!(families.system("nothing known"), UNKNOWN);
    }
}
