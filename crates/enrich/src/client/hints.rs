//! Client hints: what Chromium's browsers say in `Sec-CH-UA`, `-Mobile` and `-Platform` instead of in the user agent.

/// The three hints; empty and `None` when not sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hints<'a> {
    /// `"Chromium";v="126", "Brave";v="126", "Not/A)Brand";v="8"`
    pub(super) brands: &'a str,
    pub(super) mobile: Option<bool>,
    /// Without quotes.
    pub(super) platform: &'a str,
}

/// A brand and the family uap-core would name from a user agent that is not reduced. Chrome itself is not here: it
/// changes nothing.
const BRANDS: [(&str, &str); 18] = [
    ("Brave", "Brave"),
    ("Microsoft Edge", "Edge"),
    ("Microsoft Edge WebView2", "Edge"),
    ("Opera", "Opera"),
    ("Opera GX", "Opera"),
    ("Opera Mini", "Opera Mini"),
    ("OperaMobile", "Opera Mobile"),
    ("Vivaldi", "Vivaldi"),
    ("YaBrowser", "Yandex Browser"),
    ("Yandex", "Yandex Browser"),
    ("Samsung Internet", "Samsung Internet"),
    ("Android WebView", "Chrome Mobile WebView"),
    ("DuckDuckGo", "DuckDuckGo Mobile"),
    ("Ecosia", "Ecosia"),
    ("Whale", "Whale"),
    ("CocCoc", "Coc Coc"),
    ("Avast Secure Browser", "Avast Secure Browser"),
    ("HuaweiBrowser", "Huawei Browser"),
];

impl<'a> Hints<'a> {
    /// Reads `brands; mobile; platform`. The brands hold semicolons themselves, so what follows is looked for from the
    /// end.
    pub(super) fn parse(bytes: &'a [u8]) -> Hints<'a> {
        let Ok(text) = str::from_utf8(bytes) else { return Hints::default() };
        let Some((rest, platform)) = text.rsplit_once("; ") else { return Hints::default() };
        let Some((brands, mobile)) = rest.rsplit_once("; ") else { return Hints::default() };
        let mobile = match mobile.trim() {
            "?1" => Some(true),
            "?0" => Some(false),
            _ => None,
        };
        Hints { brands, mobile, platform: platform.trim().trim_matches('"') }
    }

    /// Whether a brand is among them.
    pub(super) fn has_brand(&self, name: &str) -> bool {
        self.names().any(|brand| brand == name)
    }

    /// A better name for a browser that its user agent calls Chrome, or not at all.
    pub(super) fn browser(&self, family: &str) -> Option<&'static str> {
        let vague = matches!(family, "Chrome" | "Chrome Mobile" | "Chromium" | super::UNKNOWN);
        if !vague || self.brands.is_empty() {
            return None;
        }
        let known = self.names().find_map(|brand| BRANDS.iter().find(|(name, _)| *name == brand));
        match known {
            Some((_, "Edge")) if self.mobile == Some(true) => Some("Edge Mobile"),
            Some((_, "Opera")) if self.mobile == Some(true) => Some("Opera Mobile"),
            Some((_, name)) => Some(name),
            None if family == super::UNKNOWN && self.has_brand("Google Chrome") => {
                Some(if self.mobile == Some(true) { "Chrome Mobile" } else { "Chrome" })
            }
            None => None,
        }
    }

    /// A better name for a system that its user agent does not tell, or denies (a tablet that asks for the page of a
    /// desktop says Linux).
    pub(super) fn system(&self, family: &str) -> Option<&'static str> {
        let named = match self.platform {
            "Windows" => "Windows",
            "macOS" => "Mac OS X",
            "Android" => "Android",
            "iOS" => "iOS",
            "Chrome OS" | "Chromium OS" => "Chrome OS",
            "Linux" => "Linux",
            "Fuchsia" => "Fuchsia",
            _ => return None,
        };
        // Every distribution says Linux.
        (named != "Linux" || family == super::UNKNOWN).then_some(named)
    }

    /// The texts in quotes before `;v=`.
    fn names(&self) -> impl Iterator<Item = &'a str> {
        let mut rest = self.brands;
        std::iter::from_fn(move || {
            let (_, after) = rest.split_once('"')?;
            let (name, after) = after.split_once('"')?;
            // Past the version, which is quoted, too.
            rest = after.split_once(',').map_or("", |(_, next)| next);
            Some(name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_read_from_the_end() {
        let hints = Hints::parse(br#""Not;A Brand";v="99", "Microsoft Edge";v="120"; ?1; "Android""#);
        assert_eq!((hints.mobile, hints.platform), (Some(true), "Android"));
        assert_eq!(hints.names().collect::<Vec<_>>(), ["Not;A Brand", "Microsoft Edge"]);
        assert_eq!(hints.browser("Chrome Mobile"), Some("Edge Mobile"));
        assert_eq!(hints.browser("Firefox"), None);
        assert_eq!(hints.system("Linux"), Some("Android"));
        assert_eq!(Hints::parse(b"; ; "), Hints::default());
        assert_eq!(Hints::parse(b"\xff; ?1; x"), Hints::default());
        assert_eq!(Hints::parse(br#""Chromium";v="1"; ?0; "Linux""#).system("Ubuntu"), None);
    }
}
