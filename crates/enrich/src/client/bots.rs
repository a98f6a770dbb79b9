//! Programs: crawlers, libraries, browsers without a person.

use aho_corasick::{AhoCorasick, MatchKind};
use regex::RegexSet;

use super::hints::Hints;

/// Why a client is taken for a program. Stored as its number: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Bot {
    /// Search engines, link previews, monitors, archives, scanners.
    Crawler = 0,
    /// HTTP libraries and command-line tools.
    Library = 1,
    /// A browser driven by a program, and saying so.
    Headless = 2,
    /// No user agent at all.
    Empty = 3,
}

impl Bot {
    const ALL: [Bot; 4] = [Bot::Crawler, Bot::Library, Bot::Headless, Bot::Empty];

    pub fn as_str(self) -> &'static str {
        match self {
            Bot::Crawler => "crawler",
            Bot::Library => "library",
            Bot::Headless => "headless",
            Bot::Empty => "empty",
        }
    }

    /// The kind of a name [`Bot::as_str`] gives.
    pub fn parse(name: &str) -> Option<Bot> {
        Bot::ALL.into_iter().find(|bot| bot.as_str() == name)
    }
}

/// Patterns of crawlers, one a line; nearly all of them plain text with escapes. Letter case counts.
const CRAWLERS: &str = include_str!("../../data/crawlers.txt");

/// Patterns left out: people's browsers and telephones have these words, too (HTC Butterfly, ViewSonic, SogouMobileBrowser,
/// Feedly's own browser), and what the crawlers of these names send is recognised by other words.
const COMMON: [&str; 4] = ["Butterfly", "Sonic", "Sogou", "Feedly"];

/// `kind<TAB>word`, in lower case.
const WORDS: &str = include_str!("../../data/programs.tsv");

/// Compiled lists.
pub(super) struct Bots {
    /// The crawlers' patterns that are plain text.
    names: Option<AhoCorasick>,
    /// The others.
    patterns: RegexSet,
    words: Option<AhoCorasick>,
    kinds: Vec<Bot>,
}

impl Bots {
    pub(super) fn compile() -> Bots {
        let (mut plain, mut patterns) = (Vec::new(), Vec::new());
        for pattern in CRAWLERS.lines().filter(|pattern| !COMMON.contains(pattern)) {
            match literal(pattern) {
                Some(text) => plain.push(text),
                None => patterns.push(pattern),
            }
        }
        let words = WORDS.lines().filter_map(|line| line.split_once('\t'));
        let (kinds, words): (Vec<Bot>, Vec<&str>) =
            words.filter_map(|(kind, word)| Some((Bot::parse(kind)?, word))).unzip();
        Bots {
            names: AhoCorasick::new(plain).ok(),
            patterns: RegexSet::new(patterns).unwrap_or_default(),
            words: AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .build(words)
                .ok(),
            kinds,
        }
    }

    /// Whether a user agent, without white space around it, or its hints are a program's.
    pub(super) fn of(&self, agent: &str, hints: &Hints<'_>) -> Option<Bot> {
        if matches!(agent, "" | "-") {
            return Some(Bot::Empty);
        }
        if hints.has_brand("HeadlessChrome") {
            return Some(Bot::Headless);
        }
        let said = self.words.iter().flat_map(|words| words.find_overlapping_iter(agent));
        let said: Vec<Bot> =
            said.filter_map(|found| self.kinds.get(found.pattern().as_usize()).copied()).collect();
        let strongest =
            [Bot::Headless, Bot::Library, Bot::Crawler].into_iter().find(|kind| said.contains(kind));
        if strongest.is_some() {
            return strongest;
        }
        let named = self.names.as_ref().is_some_and(|names| names.is_match(agent));
        if named || is_named_bot(agent) || self.patterns.is_match(agent) {
            return Some(Bot::Crawler);
        }
        // What every browser begins with, and nothing more.
        matches!(agent, "Mozilla" | "Mozilla/4.0" | "Mozilla/5.0" | "Mozilla/5.0 (compatible)")
            .then_some(Bot::Library)
    }
}

/// A word that ends in "bot" or "bots", as in "Examplebot/1.0": but not the telephones of the maker Cubot.
fn is_named_bot(agent: &str) -> bool {
    let agent = agent.to_ascii_lowercase();
    agent.match_indices("bot").any(|(at, _)| {
        let (before, from) = agent.split_at(at);
        let after = from.trim_start_matches("bot").trim_start_matches('s');
        !before.ends_with("cu") && !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '\'')
    })
}

/// The text that a pattern without special characters matches.
fn literal(pattern: &str) -> Option<String> {
    let mut text = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next()? {
                letter if letter.is_ascii_alphanumeric() => return None,
                escaped => text.push(escaped),
            },
            '.' | '[' | ']' | '(' | ')' | '{' | '}' | '*' | '+' | '?' | '^' | '$' | '|' => return None,
            plain => text.push(plain),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_from_people() {
        let bots = Bots::compile();
        assert!(bots.names.is_some() && bots.words.is_some() && bots.patterns.len() > 20);
        let of = |agent: &str| bots.of(agent, &Hints::default()).map(Bot::as_str);
        for (agent, bot) in [
            ("", Some("empty")),
            ("-", Some("empty")),
            ("curl/8.5.0", Some("library")),
            ("python-requests/2.31", Some("library")),
            ("Go-http-client/1.1", Some("library")),
            ("Mozilla/5.0", Some("library")),
            ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/126.0 Safari/537.36", Some("headless")),
            ("Mozilla/5.0 (compatible; Google-InspectionTool/1.0;)", Some("crawler")),
            (
                "Mozilla/5.0 (Linux; Android 11) Chrome/109 Mobile Safari/537.36 Chrome-Lighthouse",
                Some("crawler"),
            ),
            ("Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", Some("crawler")),
            ("facebookexternalhit/1.1", Some("crawler")),
            ("WhatsApp/2.23.20.0", Some("crawler")),
            ("Unheardofbot (+https://example.org)", Some("crawler")),
            ("Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 20) Chrome/120 Mobile Safari/537.36", None),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.0 Safari/605.1.15", None),
        ] {
            assert_eq!(of(agent), bot, "{agent}");
        }
        let hints = Hints::parse(br#""HeadlessChrome";v="120"; ?0; "Linux""#);
        assert_eq!(bots.of("Mozilla/5.0 Chrome/120", &hints), Some(Bot::Headless));
    }

    #[test]
    fn every_pattern_is_used() {
        let bots = Bots::compile();
        let plain = CRAWLERS.lines().filter(|pattern| literal(pattern).is_some()).count();
        assert!(COMMON.iter().all(|common| CRAWLERS.lines().any(|pattern| pattern == *common)));
        assert_eq!(plain + bots.patterns.len(), CRAWLERS.lines().count());
        let words = WORDS.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(bots.kinds.len(), words.count());
        assert!(WORDS.lines().skip(1).all(|line| line == line.to_ascii_lowercase()));
        assert_eq!(literal(r"a\/b\.c"), Some("a/b.c".into()));
        assert_eq!(literal(r"a\d"), None);
    }
}
