//! Local days of 2026, from offsets written down by hand.

/// A zone: its name, its offset on 1 January, and each change as (Unix second, offset from then on).
#[derive(Debug)]
pub(crate) struct Zone {
    pub(crate) name: &'static str,
    first: i64,
    changes: &'static [(i64, i64)],
}

const NEW_YEAR: i64 = 1_767_225_600;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// A moment of 2026 in UTC.
const fn utc(month: usize, day: i64, hour: i64, minute: i64) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    NEW_YEAR + (BEFORE[month - 1] + day - 1) * DAY + hour * HOUR + minute * 60
}

pub(crate) const ZONES: &[Zone] = &[
    Zone {
        name: "Europe/Paris",
        first: HOUR,
        changes: &[(utc(3, 29, 1, 0), 2 * HOUR), (utc(10, 25, 1, 0), HOUR)],
    },
    Zone {
        name: "America/New_York",
        first: -5 * HOUR,
        changes: &[(utc(3, 8, 7, 0), -4 * HOUR), (utc(11, 1, 6, 0), -5 * HOUR)],
    },
    // Half an hour of daylight saving.
    Zone {
        name: "Australia/Lord_Howe",
        first: 11 * HOUR,
        changes: &[(utc(4, 4, 15, 0), 10 * HOUR + 1800), (utc(10, 3, 15, 30), 11 * HOUR)],
    },
    // One day without a midnight, one whose last hour comes twice.
    Zone {
        name: "Africa/Cairo",
        first: 2 * HOUR,
        changes: &[(utc(4, 23, 22, 0), 3 * HOUR), (utc(10, 29, 21, 0), 2 * HOUR)],
    },
    // One day without a midnight, one with two.
    Zone {
        name: "America/Havana",
        first: -5 * HOUR,
        changes: &[(utc(3, 8, 5, 0), -4 * HOUR), (utc(11, 1, 5, 0), -5 * HOUR)],
    },
    Zone { name: "Asia/Kolkata", first: 5 * HOUR + 1800, changes: &[] },
    Zone { name: "-03:30", first: -3 * HOUR - 1800, changes: &[] },
    Zone { name: "UTC", first: 0, changes: &[] },
];

impl Zone {
    fn offset(&self, unix: i64) -> i64 {
        self.changes.iter().rev().find(|c| c.0 <= unix).map_or(self.first, |c| c.1)
    }

    /// Days since 1970-01-01 in the local calendar.
    pub(crate) fn day(&self, unix: i64) -> i64 {
        (unix + self.offset(unix)).div_euclid(DAY)
    }

    /// The first second of the local day that holds `unix`. Days begin at whole minutes.
    pub(crate) fn day_began(&self, unix: i64) -> i64 {
        let mut minute = unix - unix.rem_euclid(60);
        while self.day(minute - 60) == self.day(unix) {
            minute -= 60;
        }
        minute
    }

    /// Midnights and changes of the clock, around which a test should look.
    pub(crate) fn interesting(&self) -> Vec<i64> {
        let mut moments = vec![self.day_began(utc(6, 15, 12, 0)), self.day_began(utc(12, 31, 23, 59))];
        for (change, _) in self.changes {
            moments.extend([*change, self.day_began(*change), self.day_began(*change + DAY)]);
        }
        moments
    }
}
