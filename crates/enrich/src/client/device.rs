//! Kinds of devices.

use super::hints::Hints;

/// What is in the visitor's hands. Stored as its number: never renumber.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Device {
    /// Consoles, televisions, watches, cars, and what is not known.
    #[default]
    Other = 0,
    Desktop = 1,
    Mobile = 2,
    Tablet = 3,
}

/// No keyboard, no pocket.
const OTHER: [&str; 38] = [
    "smarttv",
    "smart-tv",
    "smart tv",
    "googletv",
    "google tv",
    "android tv",
    "androidtv",
    "appletv",
    "apple tv",
    "hbbtv",
    "netcast",
    "web0s",
    "webos.tv",
    "bravia",
    "roku",
    "crkey",
    "; aft",
    "playstation",
    "xbox",
    "nintendo",
    "viera",
    "mitv",
    "dtv",
    "tizen tv",
    "tv safari",
    "oculusbrowser",
    "; quest",
    "watchos",
    "applewatch",
    "tesla/",
    "vidaa",
    "philipstv",
    "opera tv",
    "inettvbrowser",
    "pov_tv",
    "chromecast",
    "shield android",
    "large screen",
];

const TABLET: [&str; 17] = [
    "ipad",
    "tablet;",
    "tablet)",
    "tablet ",
    "playbook",
    "kindle",
    "silk/",
    "nexus 7",
    "nexus 9",
    "nexus 10",
    "xoom",
    "sm-t",
    "gt-p",
    "touchpad",
    "hp-tablet",
    "lenovo tab",
    "galaxy tab",
];

const MOBILE: [&str; 24] = [
    "mobi",
    "iphone",
    "ipod",
    "windows phone",
    "windows ce",
    "iemobile",
    "blackberry",
    "bb10",
    "opera mini",
    "symbian",
    "symbos",
    "series60",
    "series40",
    "nokia",
    "bada/",
    "kaios",
    "j2me",
    "midp",
    "ucweb",
    "fennec",
    "webos/",
    "palm",
    "up.browser",
    "smartphone",
];

const DESKTOP: [&str; 12] = [
    "windows",
    "macintosh",
    "mac os x",
    "x11",
    "cros ",
    "linux",
    "freebsd",
    "openbsd",
    "netbsd",
    "sunos",
    "haiku",
    "ubuntu",
];

impl Device {
    /// An iPad that asks for a desktop's page says it is a Macintosh, and is believed: nothing tells them apart.
    pub(super) fn of(agent: &str, os: &str, hints: &Hints<'_>) -> Device {
        let agent = agent.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| agent.contains(word));
        let android = os == "Android" || agent.contains("android");
        // "Tablet PC" is a component of old versions of Windows.
        let tablet = says(&TABLET) && !agent.contains("tablet pc");
        match () {
            () if says(&OTHER) => Device::Other,
            () if tablet => Device::Tablet,
            () if hints.mobile == Some(true) => Device::Mobile,
            () if hints.mobile == Some(false) && android => Device::Tablet,
            () if says(&MOBILE) => Device::Mobile,
            // Google's advice to makers: only a telephone's browser says Mobile.
            () if android => Device::Tablet,
            () if says(&DESKTOP) => Device::Desktop,
            () => Device::Other,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Device::Other => "other",
            Device::Desktop => "desktop",
            Device::Mobile => "mobile",
            Device::Tablet => "tablet",
        }
    }

    /// The device of a name [`Device::as_str`] gives.
    pub fn parse(name: &str) -> Option<Device> {
        [Device::Other, Device::Desktop, Device::Mobile, Device::Tablet]
            .into_iter()
            .find(|d| d.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_told_apart() {
        let of = |agent: &str, hints: &str| Device::of(agent, "", &Hints::parse(hints.as_bytes())).as_str();
        for (agent, hints, device) in [
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36",
                "",
                "mobile",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
                "",
                "tablet",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1",
                "",
                "tablet",
            ),
            ("Mozilla/5.0 (PlayStation 5/6.0) AppleWebKit/605.1.15", "", "other"),
            ("Mozilla/5.0 (Linux; Android 9; AFTS Build/PS7) Chrome/100 Mobile Safari/537.36", "", "other"),
            ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Tablet PC 2.0)", "", "desktop"),
            (
                "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0.0.0 Safari/537.36",
                "\"a\";v=\"1\"; ?0; \"Linux\"",
                "desktop",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0.0.0 Safari/537.36",
                "\"a\";v=\"1\"; ?1; \"Android\"",
                "mobile",
            ),
            ("", "", "other"),
        ] {
            assert_eq!(of(agent, hints), device, "{agent}");
        }
        for device in [Device::Other, Device::Desktop, Device::Mobile, Device::Tablet] {
            assert_eq!(Device::parse(device.as_str()), Some(device));
        }
        assert_eq!(Device::parse("phone"), None);
    }
}
