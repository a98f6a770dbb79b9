-- Tables that are not partitioned. Days have tables of their own, see day.sql.

-- One row: how the clock of the last run can be continued (clock::Mark).
CREATE TABLE IF NOT EXISTS clock (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    boot    TEXT NOT NULL,
    shift   INTEGER NOT NULL,
    second  INTEGER NOT NULL,
    unix    INTEGER NOT NULL
);

-- How far each ring has been taken in. A cursor speaks of the ring with its epoch only.
CREATE TABLE IF NOT EXISTS ring_cursor (
    epoch    INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    unix     INTEGER NOT NULL
);

-- The sites: configuration as WordPress composed it, what cannot be derived from visitors, and the alerts.
CREATE TABLE IF NOT EXISTS sites (
    site    INTEGER PRIMARY KEY,
    config  TEXT NOT NULL,
    kept    TEXT,
    alerts  TEXT
);

-- Paths and titles; day = last day on which a view stood on it (days since 1970).
CREATE TABLE IF NOT EXISTS pages (
    site    INTEGER NOT NULL,
    page    INTEGER NOT NULL,
    path    TEXT NOT NULL,
    title   TEXT NOT NULL,
    day     INTEGER NOT NULL,
    PRIMARY KEY (site, page)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pages_day ON pages (day);

-- Touches of a commit, and the second of its end: with the buckets they give the live state back.
CREATE TABLE IF NOT EXISTS journal (
    batch   INTEGER PRIMARY KEY,
    touches BLOB NOT NULL
);

-- The visitors of a bucket as they were after commit `batch`, in engine second `second`.
CREATE TABLE IF NOT EXISTS buckets (
    bucket  INTEGER PRIMARY KEY,
    batch   INTEGER NOT NULL,
    second  INTEGER NOT NULL,
    state   BLOB NOT NULL
);

-- V2: highest V1 and views per minute (minutes since 1970); kept 8 days whatever the retention.
CREATE TABLE IF NOT EXISTS minutes (
    site    INTEGER NOT NULL,
    minute  INTEGER NOT NULL,
    active  INTEGER NOT NULL,
    views   INTEGER NOT NULL,
    PRIMARY KEY (site, minute)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS minutes_minute ON minutes (minute);

-- Transitions of alerts on their way to WordPress.
CREATE TABLE IF NOT EXISTS outbox (
    id      INTEGER PRIMARY KEY,
    site    INTEGER NOT NULL,
    entry   TEXT NOT NULL
);
-- The tables of one UTC day; 20261122 is its date. `at` is Unix time in ms. Shared by the sites.
CREATE TABLE IF NOT EXISTS views_20261122 (
    site     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    view     INTEGER NOT NULL,
    visitor  INTEGER,           -- key; NULL for a private view
    visit    INTEGER,           -- when the visit began, Unix seconds; NULL for a private view
    page     INTEGER NOT NULL,
    referrer TEXT
);
CREATE INDEX IF NOT EXISTS views_20261122_site_at ON views_20261122 (site, at);

CREATE TABLE IF NOT EXISTS requests_20261122 (
    site       INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    page       TEXT NOT NULL,
    status     INTEGER NOT NULL,
    generation INTEGER,         -- µs in PHP
    queries    INTEGER,
    flags      INTEGER NOT NULL -- of the record: logged in, fatal
);
CREATE INDEX IF NOT EXISTS requests_20261122_site_at ON requests_20261122 (site, at);
