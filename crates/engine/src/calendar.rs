//! Days of a site: its named time zone, local midnights, daylight saving.

use jiff::{Timestamp, tz::TimeZone};

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
    /// When it began, in Unix seconds.
    pub began: i64,
}

/// A local hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hour {
    /// When it began, in Unix seconds: the clock's full hour, or the moment a changed clock came into it.
    pub began: i64,
    /// 0 = Monday.
    pub weekday: u8,
    /// 0–23.
    pub hour: u8,
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
        let began = local.start_of_day().map_or(unix, |start| start.timestamp().as_second());
        Day { number: u32::try_from(number).unwrap_or(0), began: began.min(unix) }
    }

    /// The local hour that holds a moment (Unix seconds; out of range counts as 1970).
    pub fn hour(&self, unix: i64) -> Hour {
        let moment = Timestamp::from_second(unix).unwrap_or(Timestamp::UNIX_EPOCH);
        let local = moment.to_zoned(self.zone.clone());
        let full = unix - i64::from(local.minute()) * 60 - i64::from(local.second());
        let at_full = Timestamp::from_second(full).map(|t| self.zone.to_offset(t));
        let began = if at_full.is_ok_and(|offset| offset == local.offset()) {
            full
        } else {
            let change = self.zone.preceding(moment).next().map(|t| t.timestamp().as_second());
            // `preceding` leaves the moment itself out.
            let now = self
                .zone
                .preceding(moment.saturating_add(jiff::SignedDuration::from_secs(1)).unwrap_or(moment));
            now.map(|t| t.timestamp().as_second()).next().or(change).map_or(full, |c| c.max(full))
        };
        Hour { began, weekday: local.weekday().to_monday_zero_offset() as u8, hour: local.hour() as u8 }
    }

    /// When the local hour after the one that began at `began` begins.
    pub fn next_hour(&self, began: i64) -> i64 {
        // Clocks are changed by quarters of an hour.
        (1..=8)
            .map(|quarter| began + quarter * 900)
            .find(|t| self.hour(*t).began > began)
            .map_or(began + 3600, |t| self.hour(t).began)
    }

    /// The same time of day, `days` local days earlier.
    pub fn days_before(&self, unix: i64, days: i64) -> i64 {
        let moment = Timestamp::from_second(unix).unwrap_or(Timestamp::UNIX_EPOCH);
        let span = jiff::Span::new().try_days(days);
        let earlier = span.and_then(|span| moment.to_zoned(self.zone.clone()).checked_sub(span));
        earlier.map_or(unix - days * 86_400, |e| e.timestamp().as_second())
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
        let spring = paris.day(at("2026-03-29T21:59:59Z"));
        assert_eq!(spring.began, at("2026-03-28T23:00:00Z"));
        let autumn = paris.day(at("2026-10-25T22:59:59Z"));
        assert_eq!(autumn.began, at("2026-10-24T22:00:00Z"));
        assert_eq!(paris.day(at("2026-10-25T23:00:00Z")).number, autumn.number + 1);
    }

    #[test]
    fn a_day_without_a_midnight_begins_at_one_and_a_day_with_two_at_the_first() {
        let cairo = Calendar::new("Africa/Cairo").unwrap();
        assert_eq!(cairo.day(at("2026-04-24T12:00:00Z")).began, at("2026-04-23T22:00:00Z"));
        let havana = Calendar::new("America/Havana").unwrap();
        assert_eq!(havana.day(at("2026-11-01T12:00:00Z")).began, at("2026-11-01T04:00:00Z"));
    }

    #[test]
    fn hours_of_days_on_which_clocks_change() {
        let paris = Calendar::new("Europe/Paris").unwrap();
        let autumn = paris.hour(at("2026-10-25T00:59:59Z"));
        assert_eq!((autumn.hour, autumn.weekday, autumn.began), (2, 6, at("2026-10-25T00:00:00Z")));
        assert_eq!(paris.next_hour(autumn.began), at("2026-10-25T01:00:00Z"), "two o'clock comes twice");
        assert_eq!(paris.hour(at("2026-10-25T01:30:00Z")).hour, 2);
        assert_eq!(paris.hour(paris.next_hour(at("2026-03-29T00:00:00Z"))).hour, 3);
        let kolkata = Calendar::new("Asia/Kolkata").unwrap();
        assert_eq!(kolkata.hour(at("2026-01-01T00:10:00Z")).began, at("2025-12-31T23:30:00Z"));
        assert_eq!(kolkata.next_hour(at("2025-12-31T23:30:00Z")), at("2026-01-01T00:30:00Z"));
        // Half an hour back at two o'clock of daylight time: one o'clock goes on from half past.
        let howe = Calendar::new("Australia/Lord_Howe").unwrap();
        let back = at("2026-04-04T15:00:00Z");
        assert_eq!((howe.hour(back).hour, howe.hour(back).began), (1, back));
        assert_eq!((howe.hour(back + 60).began, howe.next_hour(back)), (back, back + 1800));
        assert_eq!(howe.next_hour(back - 3600), back);
        assert_eq!(paris.days_before(at("2026-10-25T12:00:00Z"), 1), at("2026-10-24T11:00:00Z"));
    }

    #[test]
    fn offsets_and_bad_names() {
        let plus = Calendar::new("+05:30").unwrap();
        assert_eq!(plus.day(at("2026-01-01T18:30:00Z")).began, at("2026-01-01T18:30:00Z"));
        assert_eq!(plus.day(at("2026-01-01T18:29:59Z")).began, at("2025-12-31T18:30:00Z"));
        let minus = Calendar::new("-03:00").unwrap();
        assert_eq!(minus.day(at("2026-01-02T02:59:59Z")).began, at("2026-01-01T03:00:00Z"));
        for bad in ["", "Mars/Olympus", "+xx:00", "+99:99", "+1"] {
            assert!(Calendar::new(bad).is_none(), "{bad}");
        }
    }
}
