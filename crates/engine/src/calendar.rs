//! Days of a site: its named time zone, local midnights, daylight saving.

use jiff::{Timestamp, ToSpan, tz::TimeZone};

/// A site's time zone.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
}

impl Default for Calendar {
    fn default() -> Self {
        Calendar { zone: TimeZone::UTC }
    }
}

/// A local day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Days since 1970-01-01 in the local calendar.
    pub number: u32,
    /// When the next one begins, in Unix seconds.
    pub ends: i64,
}

impl Calendar {
    /// `name` is what `wp_timezone_string()` gives: an IANA name, or an offset such as `+02:00`.
    pub fn new(name: &str) -> Option<Calendar> {
        if let Some(sign) = name.chars().next().filter(|c| matches!(c, '+' | '-')) {
            let (hours, minutes) = name.get(1..)?.split_once(':')?;
            let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
            let offset = jiff::tz::Offset::from_seconds(if sign == '-' { -seconds } else { seconds }).ok()?;
            return Some(Calendar { zone: TimeZone::fixed(offset) });
        }
        Some(Calendar { zone: TimeZone::get(name).ok()? })
    }

    /// The local day that holds a moment (Unix seconds; out of range counts as 1970).
    pub fn day(&self, unix: i64) -> Day {
        let moment = Timestamp::from_second(unix).unwrap_or(Timestamp::UNIX_EPOCH);
        let local = moment.to_zoned(self.zone.clone());
        let number = local.date().since(jiff::civil::Date::constant(1970, 1, 1)).map_or(0, |s| s.get_days());
        let ends = local
            .start_of_day()
            .and_then(|start| start.checked_add(1.day()))
            .and_then(|next| next.start_of_day())
            .map_or(unix + 86_400, |next| next.timestamp().as_second());
        Day { number: u32::try_from(number).unwrap_or(0), ends: ends.max(unix + 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    #[test]
    fn a_day_of_daylight_saving_has_23_or_25_hours() {
        let paris = Calendar::new("Europe/Paris").unwrap();
        let spring = paris.day(at("2026-03-28T23:00:00Z"));
        assert_eq!(spring.ends - at("2026-03-28T23:00:00Z"), 23 * 3600);
        let autumn = paris.day(at("2026-10-24T22:00:00Z"));
        assert_eq!(autumn.ends - at("2026-10-24T22:00:00Z"), 25 * 3600);
        assert_eq!(paris.day(autumn.ends).number, autumn.number + 1);
    }

    #[test]
    fn offsets_and_bad_names() {
        let plus = Calendar::new("+05:30").unwrap();
        assert_eq!(plus.day(at("2026-01-01T18:29:59Z")).ends, at("2026-01-01T18:30:00Z"));
        let minus = Calendar::new("-03:00").unwrap();
        assert_eq!(minus.day(at("2026-01-02T02:59:59Z")).ends, at("2026-01-02T03:00:00Z"));
        for bad in ["", "Mars/Olympus", "+xx:00", "+99:99", "+1"] {
            assert!(Calendar::new(bad).is_none(), "{bad}");
        }
    }
}
