"""Local days of 2026, from offsets written down by hand (Debian's python3 may come without a zone database)."""

NEW_YEAR = 1_767_225_600
HOUR = 3600
DAY = 86_400
BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]


def utc(month, day, hour, minute):
    """A moment of 2026, in Unix seconds."""
    return NEW_YEAR + (BEFORE[month - 1] + day - 1) * DAY + hour * HOUR + minute * 60


# Name → offset on 1 January, and each change as (Unix second, offset from then on).
ZONES = {
    "Europe/Paris": (HOUR, [(utc(3, 29, 1, 0), 2 * HOUR), (utc(10, 25, 1, 0), HOUR)]),
    "America/New_York": (-5 * HOUR, [(utc(3, 8, 7, 0), -4 * HOUR), (utc(11, 1, 6, 0), -5 * HOUR)]),
    # Half an hour of daylight saving.
    "Australia/Lord_Howe": (11 * HOUR, [(utc(4, 4, 15, 0), 10 * HOUR + 1800), (utc(10, 3, 15, 30), 11 * HOUR)]),
    # One day without a midnight, one whose last hour comes twice.
    "Africa/Cairo": (2 * HOUR, [(utc(4, 23, 22, 0), 3 * HOUR), (utc(10, 29, 21, 0), 2 * HOUR)]),
    # One day without a midnight, one with two.
    "America/Havana": (-5 * HOUR, [(utc(3, 8, 5, 0), -4 * HOUR), (utc(11, 1, 5, 0), -5 * HOUR)]),
    "Asia/Kolkata": (5 * HOUR + 1800, []),
    "-03:30": (-3 * HOUR - 1800, []),
    "UTC": (0, []),
}


def day(zone, unix):
    """Days since 1970-01-01 in the local calendar."""
    offset, changes = ZONES[zone]
    for moment, after in changes:
        if moment <= unix:
            offset = after
    return (unix + offset) // DAY


def interesting(zone):
    """Midnights and changes of the clock, around which a test should look."""
    moments = [utc(6, 15, 12, 0)] + [change for change, _ in ZONES[zone][1]]
    found = [change for change, _ in ZONES[zone][1]]
    for moment in moments:
        minute = moment - moment % 60
        while day(zone, minute - 60) == day(zone, moment):
            minute -= 60
        found.append(minute)
    return found
